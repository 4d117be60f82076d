/**
 * `evt.arg.*` of a system call: where each argument stands in each call, and how it is written. Paths are made absolute, flags and modes
 * are names, users are names where they are known; the raw form stays what the program gave. An argument that a call does not have
 * is null.
 */
import { addressText } from '@vedette/rules/address';
import { classShapes, type EventClass } from '@vedette/rules/events';
import { rawArgumentTypes } from '@vedette/rules/fields-known';
import type { CallEvent, GivenAddress } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { absolute, directoryOf, pathOf } from './call-paths.ts';
import * as words from './call-words.ts';
import { capabilityNames, errorName, openFlagNames } from './kernel-words.ts';

const id = { setuid: { uid: 0 }, setreuid: { ruid: 0, uid: 1, euid: 1 }, setresuid: { ruid: 0, uid: 1, euid: 1, suid: 2 }, setfsuid: { uid: 0 } };
const group = { setgid: { gid: 0 }, setregid: { rgid: 0, gid: 1, egid: 1 }, setresgid: { rgid: 0, gid: 1, egid: 1, sgid: 2 }, setfsgid: { gid: 0 } };

/** By call, which of the six an argument is. */
const positions: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ...id, setuid32: id.setuid, setreuid32: id.setreuid, setresuid32: id.setresuid,
  ...group, setgid32: group.setgid, setregid32: group.setregid, setresgid32: group.setresgid,
  setns: { fd: 0, nstype: 1 }, unshare: { flags: 0 }, ptrace: { request: 0, pid: 1, addr: 2, data: 3 }, process_vm_writev: { pid: 0 }, process_vm_readv: { pid: 0 },
  prctl: { option: 0, arg2_int: 1 }, kill: { pid: 0, sig: 1 }, tkill: { tid: 0, sig: 1 }, tgkill: { pid: 0, tid: 1, sig: 2 }, pidfd_send_signal: { sig: 1 },
  rt_sigqueueinfo: { pid: 0, sig: 1 }, rt_tgsigqueueinfo: { pid: 0, tid: 1, sig: 2 }, setpgid: { pid: 0, pgid: 1 }, fchdir: { fd: 0 },
  open: { flags: 1, mode: 2 }, openat: { dirfd: 0, flags: 2, mode: 3 }, openat2: { dirfd: 0 }, creat: { mode: 1 }, open_by_handle_at: { dirfd: 0, flags: 2 },
  mmap: { addr: 0, length: 1, prot: 2, flags: 3 }, mmap2: { addr: 0, length: 1, prot: 2, flags: 3 }, mprotect: { addr: 0, length: 1, prot: 2 }, pkey_mprotect: { addr: 0, length: 1, prot: 2 },
  renameat: { olddirfd: 0, newdirfd: 2 }, renameat2: { olddirfd: 0, newdirfd: 2, flags: 4 }, linkat: { olddir: 0, newdir: 2, flags: 4 }, symlinkat: { linkdirfd: 1 },
  unlinkat: { dirfd: 0, flags: 2 }, mkdir: { mode: 1 }, mkdirat: { dirfd: 0, mode: 2 }, mknod: { mode: 1, dev: 2 }, mknodat: { dirfd: 0, mode: 2, dev: 3 },
  chmod: { mode: 1 }, fchmod: { fd: 0, mode: 1 }, fchmodat: { dirfd: 0, mode: 2 }, fchmodat2: { dirfd: 0, mode: 2, flags: 3 },
  chown: { uid: 1, gid: 2 }, lchown: { uid: 1, gid: 2 }, fchown: { fd: 0, uid: 1, gid: 2 }, chown32: { uid: 1, gid: 2 }, lchown32: { uid: 1, gid: 2 }, fchown32: { fd: 0, uid: 1, gid: 2 },
  fchownat: { dirfd: 0, uid: 2, gid: 3, flags: 4 },
  truncate: { length: 1 }, ftruncate: { fd: 0, length: 1 }, truncate64: { length: 1 }, ftruncate64: { fd: 0, length: 1 },
  mount: { flags: 3 }, umount2: { flags: 1 }, memfd_create: { flags: 1 }, memfd_secret: { flags: 0 },
  socket: { domain: 0, type: 1, proto: 2 }, bind: { fd: 0 }, connect: { fd: 0 }, sendto: { fd: 0, size: 2 }, sendmsg: { fd: 0 }, sendmmsg: { fd: 0 }, recvfrom: { fd: 0 }, recvmsg: { fd: 0 }, recvmmsg: { fd: 0 },
  dup: { oldfd: 0 }, dup2: { oldfd: 0, newfd: 1 }, dup3: { oldfd: 0, newfd: 1, flags: 2 }, fcntl: { oldfd: 0 }, fcntl64: { oldfd: 0 }, pidfd_getfd: { oldfd: 1, flags: 2 },
  bpf: { cmd: 0 }, init_module: { length: 1 }, finit_module: { fd: 0, flags: 2 }, delete_module: { flags: 1 },
  io_uring_setup: { entries: 0 }, io_uring_register: { fd: 0, opcode: 1 }, userfaultfd: { flags: 0 }, keyctl: { operation: 0 },
};

/** By class, which of the two texts an argument is; `plain` ones are no paths. */
const texts: Readonly<Partial<Record<EventClass, Readonly<Record<string, 0 | 1 | 'plain'>>>>> = {
  chroot: { path: 0 }, chdir: { path: 0 }, openFailed: { name: 0 }, rename: { oldpath: 0, newpath: 1 }, link: { oldpath: 0, newpath: 1 }, symlink: { linkpath: 1 },
  unlink: { path: 0, name: 0 }, rmdir: { path: 0, name: 0 }, mkdir: { path: 0 }, mknod: { path: 0 }, chmod: { filename: 0 }, chown: { path: 0, pathname: 0 }, truncate: { path: 0 },
  mount: { dir: 1 }, umount: { name: 0 }, pivotRoot: { new_root: 0, put_old: 1 }, memfd: { name: 'plain' }, moduleLoad: { uargs: 'plain' }, moduleUnload: { name: 'plain' },
};

const flagWords: Readonly<Partial<Record<EventClass, (value: number) => string>>> = {
  unshare: words.cloneFlags, openFailed: openFlagNames, mapAnonymous: words.mapFlagNames, rename: words.renameFlagNames, link: words.atFlagNames, unlink: words.atFlagNames, rmdir: words.atFlagNames,
  chown: words.atFlagNames, mount: words.mountFlagNames, umount: words.umountFlagNames, memfd: words.memfdFlagNames, userfaultfd: words.userfaultFlagNames, dup: openFlagNames,
};

const byName: Readonly<Record<string, (value: number) => string>> = {
  nstype: words.cloneFlags, request: words.ptraceRequestName, option: words.prctlOptionName, sig: words.signalName, prot: words.protectionNames, mode: words.modeNames,
  domain: words.familyName, cmd: words.bpfCommandName, operation: words.keyctlOperationName,
};

const users = new Set(['uid', 'ruid', 'euid', 'suid']);
const whole = new Set(['addr', 'data', 'length', 'size', 'arg2_int']);

export interface CallContext {
  readonly event: CallEvent;
  readonly eventClass: EventClass;
  readonly execution: Execution;
  readonly userName: (uid: number) => string | null;
}

export function rawArgument({ event, eventClass }: CallContext, name: string): string | null {
  const text = texts[eventClass]?.[name];
  if (text !== undefined) return event.textMissing ? null : event.texts[text === 'plain' ? 0 : text];
  if (name === 'target' || name === 'dev') return eventClass === 'symlink' || eventClass === 'mount' ? event.texts[0] : numberText(event, name);
  if (name === 'res') return String(event.result);
  return special(event, eventClass, name, true) ?? numberText(event, name);
}

/** A raw argument with the type that the language gives its name; what is no number has no value where one is asked for. */
export function rawValue(name: string, text: string | null): string | number | null {
  if (text === null || rawArgumentTypes[name] !== 'number') return text;
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

export function argument(context: CallContext, name: string): string | null {
  const { event, eventClass, execution, userName } = context;
  const text = texts[eventClass]?.[name];
  if (text === 'plain') return event.textMissing ? null : event.texts[0];
  if (text !== undefined) return paths(context, text);
  if (eventClass === 'symlink' && name === 'target') return absolute(event.texts[0], directoryOf(pathOf(event, 1, execution)));
  if (eventClass === 'mount' && name === 'dev') return event.call === 'mount' ? event.texts[0] : paths(context, 0);
  if (name === 'res') return errorName(event.result);
  const made = special(event, eventClass, name, false);
  if (made !== null) return made;
  const at = positions[event.call]?.[name];
  if (at === undefined) return null;
  const value = event.argumentsLow[at]!;
  if (users.has(name)) return value === 0xffffffff ? '-1' : (userName(value) ?? String(value));
  const inWords = name === 'flags' ? flagWords[eventClass] : byName[name];
  return inWords === undefined ? numberText(event, name) : inWords(value | 0);
}

/** `name=value` of all that the call has, in the order of the table. */
export function allArguments(context: CallContext): string {
  const parts: string[] = [];
  for (const name of classShapes[context.eventClass].arguments) {
    const value = argument(context, name);
    if (value !== null) parts.push(`${name}=${value}`);
  }
  if (context.event.changed) parts.push(`at_entry=${context.event.textsAtEntry.map((one) => one ?? '').join(',')}`);
  if (context.event.byRing) parts.push('by=io_uring');
  return parts.join(' ');
}

/** What is not one of the six numbers as it stands. */
function special(event: CallEvent, eventClass: EventClass, name: string, raw: boolean): string | null {
  if (eventClass === 'capset' && name.startsWith('cap_')) {
    const effective = name === 'cap_effective';
    return capabilityNames(effective ? event.capEffectiveHigh : event.capPermittedHigh, effective ? event.capEffectiveLow : event.capPermittedLow);
  }
  if (name === 'fd' && (eventClass === 'socket' || eventClass === 'memfd' || eventClass === 'bpf' || eventClass === 'openFailed')) return String(event.result);
  if (name === 'addr' && event.given !== null) return givenText(event.given);
  if (name === 'tuple') return event.given === null || event.family === 0 ? null : `${endText(event.localAddress, event.localPort)}->${givenText(event.given)}`;
  if (name === 'type' && eventClass === 'mount') return event.shortText === '' ? null : event.shortText;
  if (name === 'arg2_str' && eventClass === 'prctl') return event.shortText;
  if (eventClass === 'keyctl' && name === 'operation' && event.call !== 'keyctl') return raw ? event.call : event.call.toUpperCase();
  if (eventClass === 'openFailed' && name === 'flags' && event.call === 'creat') return raw ? String(0o1101) : openFlagNames(0o1101);
  return null;
}

function numberText(event: CallEvent, name: string): string | null {
  const at = positions[event.call]?.[name];
  if (at === undefined) return null;
  const low = event.argumentsLow[at]!;
  if (users.has(name)) return String(low === 0xffffffff ? -1 : low);
  return String(whole.has(name) ? event.arguments[at]! : low | 0);
}

const onDescriptor = new Set(['fchmod', 'fchown', 'fchown32', 'ftruncate', 'ftruncate64']);

/** Of a call on a descriptor no path was given; an empty one stands for what the descriptor beside it is (AT_EMPTY_PATH). */
function paths({ event, execution }: CallContext, which: 0 | 1): string | null {
  if (onDescriptor.has(event.call)) return null;
  return pathOf(event, which, execution) || null;
}

export function givenText(given: GivenAddress): string {
  if (given.family === 1) return given.path;
  return given.address === null ? words.familyName(given.family) : endText(given.address, given.port);
}

export function endText(address: Uint8Array, port: number): string {
  return `${addressText(address)}:${port}`;
}
