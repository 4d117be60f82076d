/**
 * A match as Falco prints it: one line of text, or one line of JSON with the same keys. The fields of the event's time are
 * whole nanoseconds since 1970, which JSON numbers of other languages hold exactly and JavaScript's do not.
 */
import type { Priority } from './load/item.ts';
import type { Output, OutputField } from './output.ts';

export interface Alert {
  readonly rule: string;
  readonly priority: Priority;
  readonly tags: readonly string[];
  /** syscall, for all that there is here. */
  readonly source: string;
  readonly hostname: string;
  readonly timeNs: bigint;
  readonly output: Output;
}

export interface AlertOptions {
  /** `2026-11-23T10:00:00.000000000+0000` instead of `10:00:00.000000000` at the beginning of the output. */
  readonly isoTime?: boolean;
  /** The key `message`: the output without time and priority. */
  readonly withMessage?: boolean;
}

const timeFields: ReadonlySet<string> = new Set(['evt.time', 'evt.time.s', 'evt.time.iso8601', 'evt.datetime', 'evt.datetime.s', 'evt.rawtime']);
/** Numbers that may come as text because a number of JavaScript would not print so. */
const exactNumbers: ReadonlySet<string> = new Set(['proc.pid.ts', 'proc.ppid.ts', 'proc.fdusage']);

/** `10:00:00.123456789: Warning Shell in a container (…)`, in UTC. */
export function alertLine(alert: Alert, options: AlertOptions = {}): string {
  const time = options.isoTime === true ? isoTime(alert.timeNs).replace(/Z$/, '+0000') : clockTime(alert.timeNs);
  return `${time}: ${priorityWord(alert.priority)} ${alert.output.text}`;
}

export function alertJson(alert: Alert, options: AlertOptions = {}): string {
  const time = alert.timeNs.toString();
  const fields = [...alert.output.fields].map((field) => [field.name, timeFields.has(field.name) ? time : fieldJson(field)] as const);
  const outputFields = new Map<string, string>([...fields, [options.isoTime === true ? 'evt.time.iso8601' : 'evt.time', time]]);
  return object({
    hostname: json(alert.hostname),
    ...(options.withMessage === true ? { message: json(alert.output.text) } : {}),
    output: json(alertLine(alert, options)),
    output_fields: object(Object.fromEntries([...outputFields].sort(([a], [b]) => (a < b ? -1 : 1)))),
    priority: json(priorityWord(alert.priority)),
    rule: json(alert.rule),
    source: json(alert.source),
    tags: json([...alert.tags].sort()),
    time: json(isoTime(alert.timeNs)),
  });
}

function fieldJson({ name, value }: OutputField): string {
  return typeof value === 'string' && exactNumbers.has(name) ? value : json(value);
}

function object(entries: Readonly<Record<string, string>>): string {
  return `{${Object.entries(entries).map(([key, value]) => `${json(key)}:${value}`).join(',')}}`;
}

/** Also valid where a text holds half of a surrogate pair. */
function json(value: OutputField['value']): string {
  return JSON.stringify(typeof value === 'string' ? value.toWellFormed() : value);
}

/** Falco's words: Emergency, Warning, Informational. */
export function priorityWord(priority: Priority): string {
  return `${priority.charAt(0).toUpperCase()}${priority.slice(1)}`;
}

/** RFC 3339 in UTC with nanoseconds. */
export function isoTime(timeNs: bigint): string {
  const seconds = timeNs / 1_000_000_000n;
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${(timeNs % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}

/** The time of day of the same. */
export function clockTime(timeNs: bigint): string {
  return isoTime(timeNs).slice(11, -1);
}
