/**
 * Event classes: what the sensor tells apart, and the event names of the Falco language that fall into each. Within a
 * class the names are synonyms: a rule on `execveat` sees every execution, because the hook sees the act and not the
 * system call that led to it, and a rule that watches `open` must not be blind to `openat2` or io_uring. Two classes may
 * share a name where one call does two things (an open that succeeds and one that fails, a file and a directory that
 * unlinkat removes): a rule on that name is asked on both.
 */
import { knownEventNames } from './syscalls.ts';

/** What a record says of the call's outcome: nothing, only successes are reported, or the number it returned. */
export type Outcome = 'none' | 'success' | 'returned';

export interface ClassShape {
  /** The first name is the usual one: what `evt.type` prints where the system call itself is not known. */
  readonly names: readonly [string, ...string[]];
  /** Reads after "which is" ("this node does not see ptrace, which is processes being traced"), and in brackets after a name. */
  readonly sees: string;
  readonly outcome: Outcome;
  /** What `fd.*` is about: a file, a socket, or whatever the call was given. */
  readonly descriptor?: 'file' | 'socket' | 'any';
  /** What `evt.arg.*` answers, in the order of `evt.args`. */
  readonly arguments: readonly string[];
}

export const classShapes = {
  // processes
  exec: { names: ['execve', 'execveat'], sees: 'programs being executed', outcome: 'success', arguments: ['res', 'filename', 'exe', 'args', 'cwd', 'comm', 'uid', 'gid', 'tty', 'loginuid', 'cap_permitted', 'cap_effective'] },
  fork: { names: ['clone', 'clone3', 'fork', 'vfork'], sees: 'processes being created', outcome: 'none', arguments: ['flags'] },
  exit: { names: ['procexit', 'exit', 'exit_group'], sees: 'processes ending', outcome: 'none', arguments: ['ret', 'sig'] },
  setuid: { names: ['setuid', 'setresuid', 'setreuid', 'setfsuid', 'setuid32', 'setresuid32'], sees: 'changes of user', outcome: 'returned', arguments: ['res', 'uid', 'ruid', 'euid', 'suid'] },
  setgid: { names: ['setgid', 'setresgid', 'setregid', 'setfsgid', 'setgid32', 'setresgid32'], sees: 'changes of group', outcome: 'returned', arguments: ['res', 'gid', 'rgid', 'egid', 'sgid'] },
  capset: { names: ['capset'], sees: 'changes of capabilities', outcome: 'returned', arguments: ['res', 'cap_permitted', 'cap_effective'] },
  setns: { names: ['setns'], sees: 'namespaces being entered', outcome: 'returned', descriptor: 'file', arguments: ['res', 'fd', 'nstype'] },
  unshare: { names: ['unshare'], sees: 'namespaces being made', outcome: 'returned', arguments: ['res', 'flags'] },
  ptrace: { names: ['ptrace'], sees: 'processes being traced', outcome: 'returned', arguments: ['res', 'request', 'pid', 'addr', 'data'] },
  processVmWrite: { names: ['process_vm_writev'], sees: "another process's memory being written", outcome: 'returned', arguments: ['res', 'pid'] },
  processVmRead: { names: ['process_vm_readv'], sees: "another process's memory being read", outcome: 'returned', arguments: ['res', 'pid'] },
  prctl: { names: ['prctl'], sees: 'settings of processes', outcome: 'returned', arguments: ['res', 'option', 'arg2_str', 'arg2_int'] },
  kill: { names: ['kill', 'tkill', 'tgkill', 'pidfd_send_signal', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'], sees: 'signals being sent', outcome: 'returned', arguments: ['res', 'pid', 'tid', 'sig'] },
  setpgid: { names: ['setpgid'], sees: 'changes of process group', outcome: 'returned', arguments: ['res', 'pid', 'pgid'] },
  setsid: { names: ['setsid'], sees: 'sessions being made', outcome: 'returned', arguments: ['res'] },
  chroot: { names: ['chroot'], sees: 'changes of root', outcome: 'returned', arguments: ['res', 'path'] },
  chdir: { names: ['chdir', 'fchdir'], sees: 'changes of directory', outcome: 'returned', descriptor: 'file', arguments: ['res', 'path', 'fd'] },

  // files
  open: { names: ['openat', 'open', 'openat2', 'creat', 'open_by_handle_at'], sees: 'regular files being opened for writing, or for reading the first time', outcome: 'success', descriptor: 'file', arguments: ['fd', 'name', 'flags', 'mode', 'dev', 'ino'] },
  openFailed: { names: ['openat', 'open', 'openat2', 'creat', 'open_by_handle_at'], sees: 'opens that fail', outcome: 'returned', descriptor: 'file', arguments: ['fd', 'dirfd', 'name', 'flags', 'mode'] },
  mapExec: { names: ['mmap', 'mmap2'], sees: 'files being mapped as executable', outcome: 'none', descriptor: 'file', arguments: ['prot'] },
  mapAnonymous: { names: ['mmap', 'mmap2'], sees: 'executable memory that is no file', outcome: 'returned', arguments: ['res', 'addr', 'length', 'prot', 'flags'] },
  mprotect: { names: ['mprotect', 'pkey_mprotect'], sees: 'memory being made executable', outcome: 'returned', arguments: ['res', 'addr', 'length', 'prot'] },
  rename: { names: ['rename', 'renameat', 'renameat2'], sees: 'files being renamed', outcome: 'returned', arguments: ['res', 'olddirfd', 'oldpath', 'newdirfd', 'newpath', 'flags'] },
  link: { names: ['link', 'linkat'], sees: 'hard links being made', outcome: 'returned', arguments: ['res', 'olddir', 'oldpath', 'newdir', 'newpath', 'flags'] },
  symlink: { names: ['symlink', 'symlinkat'], sees: 'symbolic links being made', outcome: 'returned', arguments: ['res', 'target', 'linkdirfd', 'linkpath'] },
  unlink: { names: ['unlink', 'unlinkat'], sees: 'files being removed', outcome: 'returned', arguments: ['res', 'dirfd', 'path', 'name', 'flags'] },
  rmdir: { names: ['rmdir', 'unlinkat'], sees: 'directories being removed', outcome: 'returned', arguments: ['res', 'dirfd', 'path', 'name', 'flags'] },
  mkdir: { names: ['mkdir', 'mkdirat'], sees: 'directories being made', outcome: 'returned', arguments: ['res', 'dirfd', 'path', 'mode'] },
  mknod: { names: ['mknod', 'mknodat'], sees: 'device files and pipes being made', outcome: 'returned', arguments: ['res', 'dirfd', 'path', 'mode', 'dev'] },
  chmod: { names: ['chmod', 'fchmodat', 'fchmod', 'fchmodat2'], sees: 'changes of mode', outcome: 'returned', descriptor: 'file', arguments: ['res', 'fd', 'dirfd', 'filename', 'mode'] },
  chown: { names: ['chown', 'fchownat', 'lchown', 'fchown'], sees: 'changes of owner', outcome: 'returned', descriptor: 'file', arguments: ['res', 'fd', 'dirfd', 'path', 'pathname', 'uid', 'gid', 'flags'] },
  truncate: { names: ['truncate', 'ftruncate', 'truncate64', 'ftruncate64'], sees: 'files being cut', outcome: 'returned', descriptor: 'file', arguments: ['res', 'fd', 'path', 'length'] },
  mount: { names: ['mount', 'move_mount', 'open_tree', 'open_tree_attr'], sees: 'file systems being mounted', outcome: 'returned', arguments: ['res', 'dev', 'dir', 'type', 'flags'] },
  umount: { names: ['umount2', 'umount'], sees: 'file systems being unmounted', outcome: 'returned', arguments: ['res', 'name', 'flags'] },
  pivotRoot: { names: ['pivot_root'], sees: 'root mounts being changed', outcome: 'returned', arguments: ['res', 'new_root', 'put_old'] },
  memfd: { names: ['memfd_create', 'memfd_secret'], sees: 'files being made in memory', outcome: 'returned', descriptor: 'file', arguments: ['fd', 'name', 'flags'] },

  // network
  socket: { names: ['socket'], sees: 'sockets being made', outcome: 'returned', descriptor: 'socket', arguments: ['fd', 'domain', 'type', 'proto'] },
  bind: { names: ['bind'], sees: 'sockets being bound', outcome: 'returned', descriptor: 'socket', arguments: ['res', 'fd', 'addr'] },
  connect: { names: ['connect'], sees: 'outgoing connections', outcome: 'returned', descriptor: 'socket', arguments: ['res', 'tuple', 'fd', 'addr'] },
  accept: { names: ['accept4', 'accept'], sees: 'accepted connections', outcome: 'success', descriptor: 'socket', arguments: ['tuple'] },
  listen: { names: ['listen'], sees: 'sockets starting to listen', outcome: 'success', descriptor: 'socket', arguments: ['res'] },
  send: { names: ['sendto', 'sendmsg', 'sendmmsg'], sees: 'datagrams sent without a connection, the first to each peer', outcome: 'returned', descriptor: 'socket', arguments: ['res', 'fd', 'size', 'tuple'] },
  receive: { names: ['recvfrom', 'recvmsg', 'recvmmsg'], sees: 'datagrams received, the first from each peer', outcome: 'success', descriptor: 'socket', arguments: ['res', 'tuple'] },
  dup: { names: ['dup2', 'dup', 'dup3', 'fcntl', 'pidfd_getfd'], sees: 'descriptors of sockets being duplicated', outcome: 'returned', descriptor: 'any', arguments: ['res', 'oldfd', 'newfd', 'flags'] },

  // the kernel
  bpf: { names: ['bpf'], sees: 'kernel programs and their tables being used', outcome: 'returned', arguments: ['fd', 'cmd'] },
  moduleLoad: { names: ['finit_module', 'init_module'], sees: 'kernel modules being loaded', outcome: 'returned', descriptor: 'file', arguments: ['res', 'fd', 'uargs', 'flags', 'length'] },
  moduleUnload: { names: ['delete_module'], sees: 'kernel modules being removed', outcome: 'returned', arguments: ['res', 'name', 'flags'] },
  ioUring: { names: ['io_uring_setup', 'io_uring_register'], sees: 'io_uring being set up: what then goes through it is not seen as system calls', outcome: 'returned', arguments: ['res', 'fd', 'entries', 'opcode'] },
  userfaultfd: { names: ['userfaultfd'], sees: 'page faults being taken over', outcome: 'returned', arguments: ['res', 'flags'] },
  keyctl: { names: ['keyctl', 'add_key', 'request_key'], sees: "the kernel's keys being used", outcome: 'returned', arguments: ['res', 'operation'] },
} as const satisfies Record<string, ClassShape>;

export type EventClass = keyof typeof classShapes;

export const eventClasses = Object.keys(classShapes) as readonly EventClass[];

export const eventNames: Record<EventClass, readonly [string, ...string[]]> = byClass((shape) => shape.names);
const namesByClass: Readonly<Record<string, readonly string[]>> = eventNames;

export function namesOf(eventClass: string): readonly string[] {
  return namesByClass[eventClass] ?? [eventClass];
}

/** The usual name; where another class before it has the same one, also what is seen: `openat (opens that fail)`. */
export function labelOf(eventClass: string): string {
  return labels.get(eventClass) ?? eventClass;
}

function byClass<T>(of: (shape: ClassShape) => T): Record<EventClass, T> {
  return Object.fromEntries(eventClasses.map((one) => [one, of(classShapes[one])])) as Record<EventClass, T>;
}

const classesByName = new Map<string, EventClass[]>();
for (const one of eventClasses) {
  for (const name of eventNames[one]) classesByName.set(name, [...(classesByName.get(name) ?? []), one]);
}

const labels = new Map<string, string>(eventClasses.map((one) => {
  const [usual] = eventNames[one];
  return [one, eventClassesOf(usual)[0] === one ? usual : `${usual} (${classShapes[one].sees})`];
}));

/** The classes an event name falls into; none: `unseen` when it is a real event that no hook of ours delivers. */
export function eventClassesOf(name: string): readonly EventClass[] {
  return classesByName.get(name) ?? [];
}

/** The first class an event name falls into; `unseen`: a real event that no hook of ours delivers; null: no such event. */
export function eventClassOf(name: string): EventClass | 'unseen' | null {
  return eventClassesOf(name)[0] ?? (knownEventNames.has(name) ? 'unseen' : null);
}
