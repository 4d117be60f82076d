/**
 * An alert as one line, as Falco prints it: JSON with its keys and types, or text. The message begins with the time of day
 * (UTC) and the priority, whose time is a field of the output too. Times of `output_fields` are whole nanoseconds since
 * 1970, which JSON numbers of other languages hold exactly and JavaScript's do not.
 */
import type { Priority } from '@vedette/rules/load/item';
import type { Alert } from './replay.ts';
import { clockTime } from './fields/event-fields.ts';

const priorityWords: Readonly<Record<Priority, string>> = {
  emergency: 'Emergency', alert: 'Alert', critical: 'Critical', error: 'Error', warning: 'Warning', notice: 'Notice', informational: 'Informational', debug: 'Debug',
};

const timeFields: ReadonlySet<string> = new Set(['evt.time', 'evt.time.s', 'evt.time.iso8601', 'evt.datetime', 'evt.datetime.s', 'evt.rawtime']);
/** Whole numbers that come as text because they are longer than a number of JavaScript. */
const longNumbers: ReadonlySet<string> = new Set(['proc.pid.ts', 'proc.ppid.ts']);

export function alertText(alert: Alert): string {
  return `${clockTime(alert.timeNs)}: ${priorityWords[alert.rule.priority]} ${alert.output.text}`;
}

export function alertJson(alert: Alert): string {
  const fields = new Map<string, string>([['evt.time', String(alert.timeNs)]]);
  for (const { name, value } of alert.output.fields) fields.set(name, timeFields.has(name) ? String(alert.timeNs) : longNumbers.has(name) && typeof value === 'string' ? value : JSON.stringify(value));
  const outputFields = [...fields].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',');
  const { rule } = alert;
  const parts = {
    hostname: alert.hostname,
    output: alertText(alert),
    priority: priorityWords[rule.priority],
    rule: rule.name,
    source: 'syscall',
    tags: [...rule.tags].sort(),
    time: alert.time,
  };
  return `${JSON.stringify(parts).slice(0, -1)},"output_fields":{${outputFields}}}`;
}
