/**
 * The fields that a capture supplies, as the rules engine wants them: a table (types and arguments are the language's own;
 * every field may have a value on every event, since what an event has is only known from its bytes) and the getters. What
 * the language knows and no getter supplies stays in the table without events, so that rules which need it are told.
 */
import { fieldTable } from '@vedette/rules/fields';
import type { FieldSpec, FieldTable } from '@vedette/rules/field-table';
import type { Getters, Suppliers } from '@vedette/rules/subject';
import type { CaptureEvent } from '../events/event.ts';
import { layouts } from '../events/layout.ts';
import { syscallNames } from '../events/syscall-names.ts';
import { World } from '../state/world.ts';
import { containerFields } from './container-fields.ts';
import { descriptorFields } from './descriptor-fields.ts';
import { EventClock, eventFields, printedFields } from './event-fields.ts';
import type { FieldGetters } from './getters.ts';
import { processFields } from './process-fields.ts';

/** Both ends of a connection, whatever the roles: `fd.ip` and its like compare with either. Nobody can write the names of the ends. */
const ends: Readonly<Record<string, readonly [string, string]>> = {
  'fd.ip': ['#source.ip', '#destination.ip'],
  'fd.net': ['#source.ip', '#destination.ip'],
  'fd.port': ['#source.port', '#destination.port'],
};

const endFields: readonly (readonly [string, FieldSpec])[] = [
  ['#source.ip', { type: 'address', on: [] }],
  ['#destination.ip', { type: 'address', on: [] }],
  ['#source.port', { type: 'number', on: [] }],
  ['#destination.port', { type: 'number', on: [] }],
];

/** Every name that an event of a recording is known by; others (messages of plug-ins) are asked as `asyncevent`. */
export const eventNames: readonly string[] = [...new Set([...layouts.flatMap((one) => (one === null ? [] : [one.name])), ...syscallNames])];
const known = new Set(eventNames);

export function knownName(name: string): string {
  return known.has(name) ? name : 'asyncevent';
}

function argumentsByName(): Record<string, readonly string[]> {
  const numbers = Array.from({ length: 40 }, (_, index) => String(index));
  const byName = new Map<string, Set<string>>(eventNames.map((name) => [name, new Set(numbers)]));
  for (const one of layouts) if (one !== null) for (const { name } of one.parameters) byName.get(one.name)?.add(name);
  // Calls without an event of their own hold what the one for all others does.
  const generic = byName.get('syscall') ?? new Set<string>();
  return Object.fromEntries([...byName].map(([name, set]) => [name, [...set, ...generic]]));
}

function getterOf(world: World, clock: EventClock): FieldGetters {
  return { ...eventFields(world, clock), ...processFields(world), ...descriptorFields(world), ...containerFields(world) };
}

function makeTable(): FieldTable {
  const supplied = getterOf(new World(), new EventClock());
  const eventArguments = argumentsByName();
  const table = new Map<string, FieldSpec>();
  for (const [name, language] of [...endFields, ...fieldTable]) {
    const { type, argument, argumentTypes, notOnRight, notTransformed, description } = language;
    const pair = ends[name];
    const isSupplied = supplied[name] !== undefined || pair !== undefined;
    table.set(name, {
      type,
      on: isSupplied ? eventNames : [],
      ...(argument === undefined ? {} : { argument }),
      ...(argumentTypes === undefined ? {} : { argumentTypes }),
      ...(notOnRight === undefined ? {} : { notOnRight }),
      ...(notTransformed === undefined ? {} : { notTransformed }),
      ...(description === undefined ? {} : { description }),
      ...(pair === undefined ? {} : { from: { ends: pair } }),
      ...(argument === 'event-argument' ? { eventArguments } : {}),
    });
  }
  return table;
}

export const captureTable: FieldTable = makeTable();

/** What is more than a number holds, or has leading zeros, as text: outputs are exact. */
export function printedSuppliers(world: World, clock: EventClock): Suppliers<CaptureEvent> {
  const { fields, ...others } = captureSuppliers(world, clock);
  return { ...others, fields: { ...fields, ...printedFields(world, clock) } as unknown as Getters<CaptureEvent> };
}

export function captureSuppliers(world: World, clock: EventClock): Suppliers<CaptureEvent> {
  return {
    // The table above and not the sensor's says which fields there are.
    fields: getterOf(world, clock) as unknown as Getters<CaptureEvent>,
    ancestors: (event) => (event.thread === null ? 0 : world.ancestorCount(event.thread)),
    identityPending: () => false,
    timeNs: (event) => event.roughTimeNs,
  };
}
