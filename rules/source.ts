/**
 * Where a field's value comes from on one event class: a getter of the sensor (perhaps seen through a derivation), a
 * value that is always the same, a number of which only the smallest is known, or nowhere.
 */
import { namesOf, type EventClass } from './events.ts';
import { factOf, type Argument, type Derivation, type FieldReference, type FieldSpec, type FieldTable, type Value } from './field-table.ts';

export type Source =
  | { readonly kind: 'supplied'; readonly name: string; readonly argument: Argument; readonly by: readonly Derivation[]; readonly least: number | null }
  | { readonly kind: 'fixed'; readonly value: Value }
  | { readonly kind: 'at-least'; readonly least: number }
  | { readonly kind: 'absent' };

/** What this node does not supply although the table has it: a hook that could not be attached, a file not readable. */
export interface Absent {
  readonly classes?: ReadonlySet<EventClass>;
  /** Names of fields; an event argument as `evt.arg.flags`. */
  readonly fields?: ReadonlySet<string>;
}

export interface OnClass {
  readonly table: FieldTable;
  readonly eventClass: string;
  /** The event names it stands for; those of the class where not given. */
  readonly names?: readonly string[];
  readonly absent: Absent;
}

const followMax = 8;

/** One source, or two for a field that stands for both ends of a connection. */
export function sourcesOf(field: FieldReference, where: OnClass): readonly Source[] {
  const from = field.spec.from;
  if (from !== undefined && 'ends' in from) return from.ends.map((name) => follow(name, null, [], where, 0)).filter((source) => source.kind !== 'absent');
  return [sourceOf(field.name, field.spec, field.argument, [], where, 0)].filter((source) => source.kind !== 'absent');
}

function follow(name: string, argument: Argument, by: readonly Derivation[], where: OnClass, depth: number): Source {
  const spec = where.table.get(name);
  if (spec === undefined || depth > followMax) return { kind: 'absent' };
  return sourceOf(name, spec, argument, by, where, depth + 1);
}

function sourceOf(name: string, spec: FieldSpec, argument: Argument, by: readonly Derivation[], where: OnClass, depth: number): Source {
  const { eventClass, absent, names = namesOf(eventClass) } = where;
  if (name === 'evt.type.is') return { kind: 'fixed', value: names.includes(String(argument)) ? 1 : 0 };
  const fact = factOf(spec, eventClass);
  if (fact !== undefined && 'is' in fact) return { kind: 'fixed', value: fact.is };
  const least = fact === undefined ? null : fact.atLeast;
  const withheld = absent.fields?.has(name) === true || (typeof argument === 'string' && absent.fields?.has(`${name}.${argument}`) === true);
  const listed = spec.argument !== 'event-argument' || (spec.eventArguments?.[eventClass]?.includes(String(argument)) ?? false);
  if (!spec.on.includes(eventClass) || withheld || !listed) return least === null ? { kind: 'absent' } : { kind: 'at-least', least };
  const { from } = spec;
  if (from === undefined) return { kind: 'supplied', name, argument, by, least };
  if ('ends' in from) return { kind: 'absent' };
  if ('byClass' in from) {
    const target = from.byClass[eventClass];
    return target === undefined ? { kind: 'absent' } : follow(target, null, by, where, depth);
  }
  return follow(from.field, from.argument ?? argument, from.by === undefined ? by : [from.by, ...by], where, depth);
}
