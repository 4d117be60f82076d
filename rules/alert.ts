/**
 * A match as Falco prints it: one line of text, or one line of JSON with the same keys. Numbers that are too large for a
 * double (nanoseconds since 1970) are written out exactly.
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

/** `10:00:00.123456789: Warning Shell in a container (…)`, in UTC. */
export function alertLine(alert: Alert, options: AlertOptions = {}): string {
  const iso = isoTime(alert.timeNs);
  const time = options.isoTime === true ? iso.replace(/Z$/, '+0000') : iso.slice(11, -1);
  return `${time}: ${priorityWord(alert.priority)} ${alert.output.text}`;
}

export function alertJson(alert: Alert, options: AlertOptions = {}): string {
  const fields = [...alert.output.fields].map(({ name, value }) => [name, json(value)] as const);
  const timeField = options.isoTime === true ? 'evt.time.iso8601' : 'evt.time';
  const outputFields = new Map<string, string>([...fields, [timeField, alert.timeNs.toString()]]);
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
