/**
 * Events in order → the state that rules are asked in. Enter events of system calls are not shown to rules: what they hold
 * is kept with the thread until the call returns, and the exit event is seen with all of it, as Falco does since 0.42. What
 * an event ends (a closed descriptor, a thread) is taken away after it was seen.
 */
import type { CaptureEvent } from '../events/event.ts';
import { layouts, type Layout } from '../events/layout.ts';
import { onClose, onDuplicate, onMade, onMemfd, onOpen, onPidfd, onPidfdTaken, onPipe, onSocketPair } from './descriptor-events.ts';
import { onCapset, onChdir, onChroot, onClone, onExec, onExecveatEntered, onExit, onIdentity, onLimit, onMemory, onNamespace, onPrctl, onSession, onSwitch, remove } from './process-events.ts';
import { onAccept, onBind, onConnect, onSocket, onTransfer } from './socket-events.ts';
import type { World } from './world.ts';

type Handler = (event: CaptureEvent, world: World) => void;

const storedBytesMax = 64 * 1024;

const byName: Readonly<Record<string, Handler>> = {
  clone: onClone, clone3: onClone, fork: onClone, vfork: onClone, execve: onExec, execveat: onExec, procexit: onExit, chdir: onChdir, fchdir: onChdir, getcwd: onChdir,
  chroot: onChroot, setuid: onIdentity, setgid: onIdentity, setresuid: onIdentity, setresgid: onIdentity, setreuid: onIdentity, setregid: onIdentity, setsid: onSession,
  switch: onSwitch, capset: onCapset, setns: onNamespace, unshare: onNamespace, prctl: onPrctl, brk: onMemory, mmap: onMemory, mmap2: onMemory, munmap: onMemory, setrlimit: onLimit,
  getrlimit: onLimit, prlimit: onLimit,
  open: onOpen, openat: onOpen, openat2: onOpen, creat: onOpen, open_by_handle_at: onOpen, pipe: onPipe, pipe2: onPipe, socketpair: onSocketPair, dup: onDuplicate,
  dup2: onDuplicate, dup3: onDuplicate, fcntl: onDuplicate, eventfd: onMade, eventfd2: onMade, signalfd: onMade, signalfd4: onMade, timerfd_create: onMade,
  inotify_init: onMade, inotify_init1: onMade, bpf: onMade, userfaultfd: onMade, io_uring_setup: onMade, epoll_create: onMade, epoll_create1: onMade, memfd_create: onMemfd,
  pidfd_open: onPidfd, pidfd_getfd: onPidfdTaken,
  socket: onSocket, bind: onBind, connect: onConnect, accept: onAccept, accept4: onAccept, read: onTransfer, readv: onTransfer, pread: onTransfer, preadv: onTransfer,
  recv: onTransfer, recvfrom: onTransfer, recvmsg: onTransfer, recvmmsg: onTransfer, write: onTransfer, writev: onTransfer, pwrite: onTransfer, pwritev: onTransfer,
  send: onTransfer, sendto: onTransfer, sendmsg: onTransfer, sendmmsg: onTransfer,
};

/** What is done with events of one number. `told`: of people and containers, by name. */
interface Plan {
  readonly handler: Handler | null;
  readonly isEnter: boolean;
  readonly keepsEnter: boolean;
  readonly told: boolean;
  /** Taken in and not shown to rules. */
  readonly silent: boolean;
  /** Threads that the event speaks of are not made up. */
  readonly onlyKnownThread: boolean;
  readonly withoutThread: boolean;
}

const silentNames: ReadonlySet<string> = new Set(['useradded', 'userdeleted', 'groupadded', 'groupdeleted']);
const toldNames: ReadonlySet<string> = new Set([...silentNames, 'container', 'asyncevent', 'pluginevent']);
const looseNames: ReadonlySet<string> = new Set(['clone', 'clone3', 'fork', 'vfork', 'switch', 'procexit', 'procinfo']);

function planOf(layout: Layout | null): Plan | null {
  if (layout === null) return null;
  const isEnter = layout.kind === 'syscall' && !layout.isExit;
  return {
    handler: isEnter ? null : (byName[layout.name] ?? null),
    isEnter,
    keepsEnter: isEnter && layouts[layout.code + 1]?.needsEnter === true,
    told: toldNames.has(layout.name),
    silent: silentNames.has(layout.name),
    onlyKnownThread: looseNames.has(layout.name),
    withoutThread: (layout.withoutThread && layout.name !== 'procinfo') || toldNames.has(layout.name),
  };
}

const plans: readonly (Plan | null)[] = layouts.map(planOf);

export type Told = (event: CaptureEvent) => void;

export class Tracker {
  readonly #world: World;
  readonly #told: Told;

  constructor(world: World, told: Told) {
    this.#world = world;
    this.#told = told;
  }

  /** Takes the event into the state. False: it is not one that rules are asked about. */
  apply(event: CaptureEvent): boolean {
    const plan = plans[event.layout.code];
    if (plan === undefined || plan === null) return false;
    if (plan.told) this.#told(event);
    if (plan.withoutThread) return !plan.silent;
    const world = this.#world;
    const thread = plan.onlyKnownThread ? (world.threads.get(event.tid) ?? null) : world.thread(event.tid);
    event.thread = thread;
    if (plan.isEnter) {
      if (thread !== null) this.#enter(event, plan.keepsEnter);
      return false;
    }
    if (thread !== null) this.#prepare(event);
    const before = event.descriptor;
    plan.handler?.(event, world);
    event.nameChanged = event.descriptor !== null && event.descriptor.name !== (before?.name ?? '');
    return true;
  }

  /** After rules were asked. */
  leave(event: CaptureEvent): void {
    const { name } = event.layout;
    if (name === 'close' && event.layout.isExit) onClose(event, this.#world);
    else if (name === 'procexit') remove(this.#world, event.tid);
  }

  #enter(event: CaptureEvent, keeps: boolean): void {
    const { thread } = event;
    if (thread === null) return;
    thread.askedProgram = null;
    if (event.layout.name === 'execveat') onExecveatEntered(event, this.#world);
    const bytes = keeps ? event.storedBytes() : 0;
    thread.enterCode = keeps && bytes <= storedBytesMax ? event.layout.code : -1;
    if (thread.enterCode < 0) return;
    if (thread.enter === null || thread.enter.length < bytes) thread.enter = Buffer.allocUnsafeSlow(Math.max(64, bytes));
    event.storeInto(thread.enter);
    thread.enterLength = bytes;
  }

  /** The enter event of this very call, and the descriptor that it is about. */
  #prepare(event: CaptureEvent): void {
    const { thread, layout } = event;
    if (thread === null) return;
    if (thread.enterCode >= 0) {
      const matches = thread.enterCode === layout.code - 1;
      event.useEnter(matches && thread.enter !== null ? thread.enter.subarray(0, thread.enterLength) : null);
      if (layout.isExit) thread.enterCode = -1;
    }
    if (layout.fdAt < 0 || !event.find(layout.fdAt)) return;
    event.fd = event.i64() ?? -1;
    event.descriptor = this.#world.descriptor(thread, event.fd);
  }
}
