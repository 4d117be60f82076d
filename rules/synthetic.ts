/**
 * Events made up from plain values, for the tests of rules and for trying a rule before it is used: field names →
 * values, ancestors as a list. Answers like a sensor does: what is not given is missing.
 */
import { addressOf } from './address.ts';
import { textBytesOf } from './check/values.ts';
import type { Value } from './field-table.ts';
import { fieldTable } from './fields.ts';
import { globPredicate } from './compile/glob.ts';
import type { EventClass } from './events.ts';
import { problemLine } from './problems.ts';
import { loadRules, type LoadOptions } from './ruleset.ts';
import type { Getters, Suppliers } from './subject.ts';

export interface SyntheticProcess {
  readonly name?: string;
  readonly exe?: string;
  readonly exepath?: string;
  readonly cmdline?: string;
  readonly pid?: number;
}

export type SyntheticValue = string | number | boolean | readonly string[];

export interface SyntheticEvent {
  /** The process itself, then its parent, and so on. */
  readonly processes?: readonly SyntheticProcess[];
  /** Arguments after the first. */
  readonly arguments?: readonly string[];
  /**
   * Any field; addresses and bytes as text. One with an argument as `evt.arg.flags`, `proc.env[HOME]` or `container.mount.dest[/etc]`.
   * A field that is derived from others is given by those.
   */
  readonly fields?: Readonly<Record<string, SyntheticValue>>;
  readonly identityPending?: boolean;
  readonly timeNs?: number;
}

export const processKeys: Readonly<Partial<Record<string, keyof SyntheticProcess>>> = {
  'proc.aname': 'name',
  'proc.aexe': 'exe',
  'proc.aexepath': 'exepath',
  'proc.acmdline': 'cmdline',
  'proc.apid': 'pid',
};

function valueOf(event: SyntheticEvent, name: string, argument: number | string | null): Value | null {
  const key = processKeys[name];
  if (key !== undefined) return event.processes?.[Number(argument)]?.[key] ?? null;
  const { fields = {} } = event;
  if (name === 'proc.args' && event.arguments !== undefined) return typeof argument === 'number' ? (event.arguments[argument] ?? null) : event.arguments.join(' ');
  if (name === 'container.mount.dest') return mountOf(fields, String(argument));
  const value = (argument === null ? undefined : (fields[`${name}.${argument}`] ?? fields[`${name}[${argument}]`])) ?? (argument === null ? fields[name] : undefined);
  if (value === undefined) return null;
  const type = fieldTable.get(name)?.type;
  if (typeof value !== 'string') return value;
  return type === 'address' ? addressOf(value) : type === 'bytes' ? textBytesOf(value) : value;
}

function mountOf(fields: Readonly<Record<string, SyntheticValue>>, source: string): Value | null {
  const matches = globPredicate(source, false);
  const key = Object.keys(fields).find((one) => one.startsWith('container.mount.dest[') && matches(one.slice('container.mount.dest['.length, -1)));
  return key === undefined ? null : (fields[key] ?? null);
}

export const syntheticSuppliers: Suppliers<SyntheticEvent> = {
  fields: Object.fromEntries([...fieldTable.keys()].map((name) => [name, (event: SyntheticEvent, argument: number | string | null) => valueOf(event, name, argument)])) as unknown as Getters<SyntheticEvent>,
  ancestors: (event) => Math.max(0, (event.processes?.length ?? 0) - 1),
  identityPending: (event) => event.identityPending ?? false,
  timeNs: (event) => event.timeNs ?? 0,
};

export type Tried = { readonly ok: true; readonly answer: 'match' | 'pending' | 'no' } | { readonly ok: false; readonly errors: readonly string[] };

/** One condition against one event; lists and macros may come along as the text of a rule file. */
export function tryCondition(condition: string, eventClass: EventClass, event: SyntheticEvent, definitions = '', options: LoadOptions = {}): Tried {
  const text = `- rule: tried\n  desc: tried\n  output: tried\n  priority: DEBUG\n  condition: ${JSON.stringify(condition)}\n`;
  const files = [{ name: 'definitions', text: definitions }, { name: 'tried', text }];
  const rules = loadRules(files, options);
  const errors = rules.problems.filter((one) => one.severity === 'error').map(problemLine);
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, answer: rules.bind(syntheticSuppliers).evaluate(eventClass, event)[0]?.answer ?? 'no' };
}
