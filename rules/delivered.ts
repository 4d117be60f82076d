/**
 * What the sensor's hooks deliver today, of all that the language knows: rules that need another class, or a field that the kernel does not
 * keep, are told so wherever they are loaded or checked. Shrinks to nothing once the hooks say it themselves.
 */
import { eventClasses, type EventClass } from './events.ts';
import type { Absent } from './source.ts';

const delivered: ReadonlySet<EventClass> = new Set(['exec', 'open', 'mapExec', 'connect', 'accept', 'listen', 'fork', 'exit']);

export const undelivered = {
  classes: new Set(eventClasses.filter((one) => !delivered.has(one))),
  /** The kernel drops these bits of the open flags once the file is open, so a rule on them could never fire. */
  fields: new Set(['evt.arg.flags']),
} as const satisfies Absent;
