/**
 * Event classes: what the sensor tells apart, and the event names of the Falco language that fall into each. Within a
 * class the names are synonyms: a rule on `execveat` sees every execution, because the hook sees the act and not the
 * system call that led to it, and a rule that watches `open` must not be blind to `openat2` or io_uring.
 */
import { knownEventNames } from './syscalls.ts';

export const eventClasses = ['exec', 'open', 'mapExec', 'connect', 'accept', 'listen', 'fork', 'exit'] as const;
export type EventClass = (typeof eventClasses)[number];

/** The first name is the usual one: what `evt.type` prints where the system call itself is not known. */
export const eventNames: Record<EventClass, readonly [string, ...string[]]> = {
  exec: ['execve', 'execveat'],
  open: ['openat', 'open', 'openat2', 'creat', 'open_by_handle_at'],
  mapExec: ['mmap', 'mmap2'],
  connect: ['connect'],
  accept: ['accept4', 'accept'],
  listen: ['listen'],
  fork: ['clone', 'clone3', 'fork', 'vfork'],
  exit: ['procexit', 'exit', 'exit_group'],
};

const classByName = new Map<string, EventClass>(
  eventClasses.flatMap((one) => eventNames[one].map((name) => [name, one] as const)),
);

/** The class an event name falls into; `unseen`: a real event that no hook of ours delivers; null: no such event. */
export function eventClassOf(name: string): EventClass | 'unseen' | null {
  return classByName.get(name) ?? (knownEventNames.has(name) ? 'unseen' : null);
}
