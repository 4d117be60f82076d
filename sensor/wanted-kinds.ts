/**
 * What the loaded rules want to see, as the set of kinds that the kernel programs report of system calls: one bit a kind. Beside the
 * rules' classes it always holds what keeps the table of processes true (who a process runs as, where it stands). Kinds that are no
 * calls are not in it: programs of their own report those. Bit 0, which is no kind, asks for the environment of executions.
 */
import { callKinds, type CallKind } from '@vedette/model/event';
import { eventClasses, type EventClass } from '@vedette/rules/events';
import { whole, type Interest } from '@vedette/rules/interest';
import { kinds } from './decode/layout.ts';
import type { Counted } from './interest-table.ts';

const stateful = ['setuid', 'setgid', 'capset', 'setsid', 'setpgid', 'chdir', 'chroot'] as const;

/** Rules that look at one of these must know under which further names files lie; these calls make such names. */
const paths = ['open', 'rename', 'link', 'unlink', 'rmdir', 'mkdir', 'mknod', 'chmod', 'chown', 'truncate'] as const;
const namesOf = ['symlink', 'link', 'mount', 'umount'] as const;

/** Records that have kinds of their own, by the class that rules know. */
export const eventClassOf = {
  'open-write': 'open', 'open-read': 'open', 'map-exec': 'mapExec', connect: 'connect', accept: 'accept', listen: 'listen',
} as const satisfies Record<string, EventClass>;

/** `others`: what consumers beside the rules look at. */
export function wantedKinds(classes: (eventClass: EventClass) => boolean, environment = false, others: readonly (CallKind | 'dns')[] = []): bigint {
  let bits = environment ? 1n : 0n;
  // names of what is connected to
  if (classes('connect') || classes('send')) bits |= 1n << BigInt(kinds.dns);
  for (const one of others) bits |= 1n << BigInt(kinds[one]);
  // further names of files
  const withPaths = paths.some(classes);
  for (const one of callKinds) {
    const isStateful = (stateful as readonly string[]).includes(one);
    if (isStateful || (withPaths && (namesOf as readonly string[]).includes(one)) || classes(one === 'connectUnix' ? 'connect' : one)) bits |= 1n << BigInt(kinds[one]);
  }
  return bits;
}

/** What of a container's files was loaded: the first time that each program opens one for reading, or maps it. Files of the host are not asked about. */
export const exposureInterests: readonly Interest[] = [
  { by: 'exposure', eventClass: 'open', any: [{ ...whole, needs: ['container', 'no-write'] }], repeat: 'first' },
  { by: 'exposure', eventClass: 'mapExec', any: [{ ...whole, needs: ['container'] }], repeat: 'first' },
];

/** Connections are counted for the map of who speaks with whom, whatever rules ask. */
export const countedKinds: Counted = { connect: 'connections', accept: 'connections', listen: 'connections' };

/** What containers write and make, by name, and the ports that they take. */
export const learnedInterests: readonly Interest[] = (['open', 'mkdir', 'mknod', 'rename', 'link', 'symlink', 'bind'] as const).map((eventClass) => (
  { by: 'baselines', eventClass, any: [{ ...whole, needs: eventClass === 'open' ? ['container', 'write'] : ['container'] }], repeat: 'each' }
));

/** Every link that is made, whatever its name: calls behind it are asked about what it leads to. */
export const aliasInterests: readonly Interest[] = (['symlink', 'link'] as const).map((eventClass) => ({ by: 'further names of files', eventClass, any: [whole], repeat: 'each' }));

/** Classes whose hooks the loader told of, and of which none is attached. Hooks of a class bear its name as open-failed, map-exec. */
export function classesWithoutHook(hooks: readonly { readonly eventClass: string; readonly attached: boolean }[]): ReadonlySet<EventClass> {
  const seen = new Set(hooks.filter((one) => one.attached).map((one) => one.eventClass));
  const known = new Set(hooks.map((one) => one.eventClass));
  const named = (one: EventClass) => one.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new Set(eventClasses.filter((one) => known.has(named(one)) && !seen.has(named(one))));
}
