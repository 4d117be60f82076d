/**
 * What events tell of processes → threads: made, changed program, ended; directory, root, rights, session. A child is told
 * of twice, by its parent's event and by its own; where the child lives in another pid namespace only its own event knows
 * its id. The rest of what a child is comes from its parent, or from its leader if it is a thread.
 */
import type { CaptureEvent } from '../events/event.ts';
import { joinPaths, withSlash } from './paths.ts';
import { noId, Thread } from './thread.ts';
import type { World } from './world.ts';

const cloneNewPid = 0x40;
const cloneParent = 0x100;
const cloneThread = 0x2000;
const cloneVfork = 0x8000000;
const cloneNewUser = 0x100000;
const childInPidNamespace = 0x20000000;
const emptyPath = 1;
const atCwd = -100;
/** An entry older than this, with the id of a new child, is of a thread whose end was not seen. */
const staleNs = 2_000_000_000;
const allCapabilities = (1n << 41n) - 1n;

export function onClone(event: CaptureEvent, world: World): void {
  const result = event.result();
  if (result === null || result < 0) return;
  if (result === 0) onChild(event, world);
  else onParent(event, world, result);
}

function onParent(event: CaptureEvent, world: World, childTid: number): void {
  const caller = world.thread(event.tid);
  if (caller === null) return;
  const known = !caller.isStandIn;
  if (!known) introduce(caller, event);
  event.thread = caller;
  const flags = event.numberOf('flags') ?? 0;
  if ((flags & (childInPidNamespace | cloneNewPid | cloneParent)) !== 0 || event.tid !== caller.vtid) return;
  if ((flags & cloneVfork) !== 0 || event.layout.name === 'vfork') return;
  const present = world.threads.get(childTid);
  if (present !== undefined) {
    if (present.isInverted) return;
    remove(world, childTid);
  }
  const isThread = (flags & cloneThread) !== 0;
  const child = new Thread(childTid, isThread ? caller.pid : childTid, isThread || !known ? undefined : world.main(caller).descriptors.fork());
  child.ptid = isThread ? caller.ptid : caller.tid;
  child.vtid = child.tid;
  child.vpid = child.pid;
  child.cloneFlags = flags;
  describe(child, event, world);
  child.pidnsStartNs = world.machine?.bootTimeNs ?? 0;
  if (known) inherit(child, caller, world);
  else Object.assign(caller, { exe: child.exe, comm: child.comm, args: child.args });
  if (world.add(child) && isThread) world.main(child).threads += 1;
}

function introduce(thread: Thread, event: CaptureEvent): void {
  thread.pid = event.numberOf('pid') ?? thread.tid;
  thread.ptid = event.numberOf('ptid') ?? -1;
  thread.vtid = event.numberOf('vtid') ?? thread.tid;
  thread.vpid = event.numberOf('vpid') ?? -1;
}

/** What the event itself says of the child. */
function describe(child: Thread, event: CaptureEvent, world: World): void {
  child.exe = event.textOf('exe') ?? '<NA>';
  child.args = event.textsOf('args') ?? [];
  // Old events do not tell the name that the kernel keeps.
  child.comm = event.has('comm') ? event.text() : child.exe;
  child.fdLimit = event.numberOf('fdlimit') ?? 0;
  child.vmSizeKib = event.numberOf('vm_size') ?? 0;
  child.vmResidentKib = event.numberOf('vm_rss') ?? 0;
  child.vmSwapKib = event.numberOf('vm_swap') ?? 0;
  child.majorFaults = event.numberOf('pgft_maj') ?? 0;
  child.minorFaults = event.numberOf('pgft_min') ?? 0;
  child.uid = event.numberOf('uid') ?? child.uid;
  child.gid = event.numberOf('gid') ?? child.gid;
  child.cgroups = event.textsOf('cgroups') ?? [];
  child.cloneNs = event.roughTimeNs;
  child.cloneExactNs = event.exactTimeNs();
  if (child.pidnsStartNs === 0) child.pidnsStartNs = world.machine?.bootTimeNs ?? 0;
}

function inherit(child: Thread, from: Thread, world: World): void {
  const { exepath, exeFlags, root, sid, vpgid, pgid, tty, loginuid, capabilities, exeInode, exeCtimeNs, exeMtimeNs } = from;
  Object.assign(child, { exepath, exeFlags, root, sid, vpgid, pgid, tty, loginuid, capabilities, exeInode, exeCtimeNs, exeMtimeNs });
  if (child.cgroups.length === 0) child.cgroups = from.cgroups;
  child.cwd = world.main(from).cwd;
  child.env = world.main(from).env;
}

function onChild(event: CaptureEvent, world: World): void {
  const present = world.threads.get(event.tid);
  if (present !== undefined && present.cloneNs !== 0 && event.roughTimeNs - present.cloneNs < staleNs) {
    event.thread = present;
    return;
  }
  if (present !== undefined) remove(world, event.tid);
  const flags = event.numberOf('flags') ?? 0;
  const isThread = (flags & cloneThread) !== 0;
  const pid = event.numberOf('pid') ?? event.tid;
  const ptid = event.numberOf('ptid') ?? -1;
  const from = world.thread(isThread ? pid : ptid);
  const known = from !== null && !from.isStandIn;
  const child = new Thread(event.tid, pid, known && !isThread ? world.main(from).descriptors.fork() : undefined);
  child.ptid = ptid;
  child.vtid = event.numberOf('vtid') ?? event.tid;
  child.vpid = event.numberOf('vpid') ?? -1;
  child.cloneFlags = flags;
  child.isInverted = true;
  describe(child, event, world);
  if ((flags & (childInPidNamespace | cloneNewPid)) !== 0 || child.tid !== child.vtid) {
    const start = event.numberOf('pidns_init_start_ts');
    child.pidnsStartNs = start === null ? 0 : start + (world.machine?.bootTimeNs ?? 0);
  }
  if (known) inherit(child, from, world);
  else if (from !== null && isThread) Object.assign(from, { pid, ptid, vpid: child.vpid, vtid: child.vpid, exe: child.exe, comm: child.comm, args: child.args });
  if (world.add(child)) {
    if (isThread) world.main(child).threads += 1;
    event.thread = child;
  }
}

export function onExec(event: CaptureEvent, world: World): void {
  const { thread } = event;
  if (thread === null || (event.result() ?? -1) < 0) return;
  const cwd = world.main(thread).cwd;
  thread.exe = event.textOf('exe') ?? '<NA>';
  thread.args = event.textsOf('args') ?? [];
  thread.comm = event.has('comm') ? event.text() : thread.exe;
  if (thread.isStandIn) {
    thread.ptid = event.numberOf('ptid') ?? -1;
    thread.vtid = thread.tid;
    thread.vpid = event.numberOf('pid') ?? thread.tid;
  }
  thread.pid = event.numberOf('pid') ?? thread.pid;
  thread.fdLimit = event.numberOf('fdlimit') ?? thread.fdLimit;
  if (event.has('env')) thread.env = event.texts();
  if (event.has('cgroups')) {
    thread.cgroups = event.texts();
    thread.containerId = undefined;
  }
  thread.tty = event.numberOf('tty') ?? thread.tty;
  thread.exepath = executedPath(event, thread, cwd) ?? thread.exepath;
  thread.askedProgram = null;
  thread.vpgid = event.numberOf('vpgid') ?? thread.vpgid;
  thread.loginuid = event.numberOf('loginuid') ?? thread.loginuid;
  readRights(event, thread);
  thread.uid = event.numberOf('uid') ?? thread.uid;
  thread.gid = event.numberOf('gid') ?? thread.gid;
  thread.pgid = event.numberOf('pgid') ?? -1;
  thread.vmSizeKib = event.numberOf('vm_size') ?? thread.vmSizeKib;
  thread.vmResidentKib = event.numberOf('vm_rss') ?? thread.vmResidentKib;
  thread.vmSwapKib = event.numberOf('vm_swap') ?? thread.vmSwapKib;
  thread.majorFaults = event.numberOf('pgft_maj') ?? thread.majorFaults;
  thread.minorFaults = event.numberOf('pgft_min') ?? thread.minorFaults;
  thread.cloneFlags = 0;
  if (thread.threads > 1) {
    for (const other of world.threads.values()) if (other.pid === thread.pid && other !== thread) world.threads.delete(other.tid);
    thread.threads = 1;
  }
}

function readRights(event: CaptureEvent, thread: Thread): void {
  const flags = event.numberOf('flags');
  if (flags !== null) thread.exeFlags = { writable: (flags & 1) !== 0, upperLayer: (flags & 2) !== 0, fromMemfd: (flags & 4) !== 0, lowerLayer: (flags & 8) !== 0 };
  readCapabilities(event, thread);
  const inode = event.numberOf('exe_ino');
  if (inode === null) return;
  thread.exeInode = inode;
  thread.exeCtimeNs = event.numberOf('exe_ino_ctime') ?? 0;
  thread.exeMtimeNs = event.numberOf('exe_ino_mtime') ?? 0;
}

function readCapabilities(event: CaptureEvent, thread: Thread): void {
  const bits = (name: string) => (event.has(name) ? BigInt.asUintN(64, event.big() ?? 0n) : null);
  const effective = bits('cap_effective');
  if (effective !== null) thread.capabilities = { inheritable: bits('cap_inheritable') ?? 0n, permitted: bits('cap_permitted') ?? 0n, effective };
}

/** From the kernel where the capture is new enough, otherwise from what the program asked for. */
function executedPath(event: CaptureEvent, thread: Thread, cwd: string): string | null {
  if (event.has('trusted_exepath')) return event.text();
  if (thread.askedProgram !== null) return thread.askedProgram;
  const asked = event.textOf('filename');
  if (asked === null) return null;
  return asked === '<NA>' ? asked : joinPaths(cwd, asked);
}

/** A call of execveat that succeeds ends as execve, so what it asked for is worked out on entering. */
export function onExecveatEntered(event: CaptureEvent, world: World): void {
  const { thread } = event;
  if (thread === null) return;
  const pathname = event.textOf('pathname') ?? '<NA>';
  const dirfd = event.numberOf('dirfd') ?? atCwd;
  const isEmpty = ((event.numberOf('flags') ?? 0) & emptyPath) !== 0;
  const directory = pathname.startsWith('/') ? '' : dirfd === atCwd ? world.main(thread).cwd : (world.descriptor(thread, dirfd)?.name ?? null);
  if (directory === null || (!isEmpty && pathname === '<NA>')) thread.askedProgram = '<NA>';
  else thread.askedProgram = isEmpty ? joinPaths('', directory) : joinPaths(withSlash(directory), pathname);
}

/** The thread is taken away after its last event was seen. */
export function onExit(event: CaptureEvent, world: World): void {
  const { thread } = event;
  if (thread === null) return;
  const given = event.numberOf('reaper_tid') ?? 0;
  const reaper = given > 0 ? given : reaperOf(thread, world);
  if (thread.leads && world.threads.size < 50_000) {
    for (const one of world.threads.values()) if (one.ptid === thread.tid) one.ptid = reaper;
  }
}

function reaperOf(thread: Thread, world: World): number {
  let one = world.parent(thread);
  for (let step = 0; one !== null && step < 100; step += 1) {
    if (one.isReaper) return one.tid;
    one = world.parent(one);
  }
  return world.threads.has(1) ? 1 : 0;
}

export function remove(world: World, tid: number): void {
  const thread = world.threads.get(tid);
  if (thread === undefined) return;
  const main = world.main(thread);
  if (main !== thread) main.threads -= 1;
  world.threads.delete(tid);
}

export function onChdir(event: CaptureEvent, world: World): void {
  const { thread } = event;
  if (thread === null || (event.result() ?? -1) < 0) return;
  const main = world.main(thread);
  const to = event.layout.name === 'fchdir' ? (event.descriptor?.name ?? null) : event.textOf('path');
  if (to === null || to === '' || to === '<NA>') return;
  main.cwd = joinPaths(main.cwd, to);
}

export function onChroot(event: CaptureEvent, world: World): void {
  const { thread } = event;
  const path = event.textOf('path');
  if (thread !== null && path !== null && event.result() === 0) thread.root = joinPaths(world.main(thread).cwd, path);
}

export function onIdentity(event: CaptureEvent): void {
  const { thread } = event;
  if (thread === null || event.result() !== 0) return;
  const isUser = event.layout.name.includes('uid');
  const id = event.numberOf(isUser ? 'euid' : 'egid') ?? event.numberOf(isUser ? 'uid' : 'gid');
  // -1 leaves it as it is.
  if (id === null || id === noId) return;
  if (isUser) thread.uid = id;
  else thread.gid = id;
}

export function onSession(event: CaptureEvent): void {
  const result = event.result();
  if (event.thread !== null && result !== null && result >= 0) event.thread.sid = result;
}

export function onCapset(event: CaptureEvent): void {
  if (event.thread !== null && (event.result() ?? -1) >= 0) readCapabilities(event, event.thread);
}

/** Who enters a new user namespace has every right in it. */
export function onNamespace(event: CaptureEvent): void {
  if (event.thread === null || (event.result() ?? -1) < 0) return;
  const flags = event.numberOf('flags') ?? event.numberOf('nstype') ?? 0;
  if ((flags & cloneNewUser) !== 0) event.thread.capabilities = { inheritable: allCapabilities, permitted: allCapabilities, effective: allCapabilities };
}

const setChildSubreaper = 0x18;

export function onPrctl(event: CaptureEvent, world: World): void {
  if (event.thread === null || (event.result() ?? -1) < 0 || event.numberOf('option') !== setChildSubreaper) return;
  world.main(event.thread).isReaper = event.numberOf('arg2_int') !== 0;
}

/** What the thread that is taken off a processor had by then. */
export function onSwitch(event: CaptureEvent, world: World): void {
  const { thread } = event;
  if (thread === null) return;
  thread.majorFaults = event.numberOf('pgft_maj') ?? thread.majorFaults;
  thread.minorFaults = event.numberOf('pgft_min') ?? thread.minorFaults;
  const main = world.main(thread);
  main.vmSizeKib = event.numberOf('vm_size') ?? main.vmSizeKib;
  main.vmResidentKib = event.numberOf('vm_rss') ?? main.vmResidentKib;
  main.vmSwapKib = event.numberOf('vm_swap') ?? main.vmSwapKib;
}

export function onMemory(event: CaptureEvent): void {
  const { thread } = event;
  if (thread === null) return;
  thread.vmSizeKib = event.numberOf('vm_size') ?? thread.vmSizeKib;
  thread.vmResidentKib = event.numberOf('vm_rss') ?? thread.vmResidentKib;
  thread.vmSwapKib = event.numberOf('vm_swap') ?? thread.vmSwapKib;
}

const limitOfFiles = 7;

export function onLimit(event: CaptureEvent, world: World): void {
  if (event.result() !== 0 || event.numberOf('resource') !== limitOfFiles) return;
  const pid = event.numberOf('pid') ?? 0;
  const thread = pid === 0 ? event.thread : (world.threads.get(pid) ?? null);
  const limit = event.numberOf('newcur') ?? event.numberOf('cur');
  if (thread !== null && limit !== null && limit >= 0) world.main(thread).fdLimit = limit;
}
