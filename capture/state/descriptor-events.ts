/**
 * What events tell of descriptors that are not connections → tables: opened, made, duplicated, closed. An opened file's name
 * is what the program asked for, seen from its directory: as the kernel saw it on entering, where the capture still has that.
 */
import type { CaptureEvent } from '../events/event.ts';
import type { DescriptorKind } from '../file/lists.ts';
import { descriptorOf, type Descriptor } from './descriptor.ts';
import { joinPaths, withSlash } from './paths.ts';
import type { World } from './world.ts';

const atCwd = -100;
const oDirectory = 0x400;
/** From here on, bits that the kernel adds when the call returns. */
const addedBits = ~0x3fff;
const oCloexec = 0x1000;
const upperLayerCreated = 1;
const lowerLayerCreated = 2;
const upperLayer = 0x8000;
const lowerLayer = 0x10000;

/** The new descriptor is what the event is about. */
export function put(event: CaptureEvent, world: World, fd: number, descriptor: Descriptor): void {
  if (event.thread === null) return;
  world.setDescriptor(event.thread, fd, descriptor);
  event.fd = fd;
  event.descriptor = descriptor;
}

export interface AskedPath {
  readonly raw: string;
  readonly full: string;
}

/** What the program asked to open; also of a call that failed. */
export function askedPath(event: CaptureEvent, world: World): AskedPath | null {
  const { thread, layout } = event;
  if (layout.name === 'open_by_handle_at') {
    const path = event.textOf('path');
    return path === null ? null : { raw: path, full: path };
  }
  const place = layout.byName.get('name');
  if (place === undefined) return null;
  let raw = event.findEntered(place) ? event.text() : '<NA>';
  const isEntered = raw !== '<NA>';
  if (!isEntered) raw = event.find(place) ? event.text() : '<NA>';
  const cwd = thread === null ? '' : world.main(thread).cwd;
  const dirPlace = layout.byName.get('dirfd');
  if (raw.startsWith('/') || dirPlace === undefined) return { raw, full: joinPaths(withSlash(cwd), raw) };
  const found = (isEntered && event.findEntered(dirPlace)) || event.find(dirPlace);
  const dirfd = found ? (event.i64() ?? atCwd) : atCwd;
  if (dirfd === atCwd) return { raw, full: joinPaths(withSlash(cwd), raw) };
  const directory = thread === null ? null : world.descriptor(thread, dirfd);
  return { raw, full: joinPaths(directory === null ? '<UNKNOWN>' : withSlash(directory.name), raw) };
}

/** The flags that were asked for, and what the kernel added. */
export function openFlags(event: CaptureEvent): number {
  if (event.layout.name === 'creat') {
    const made = event.numberOf('creat_flags') ?? 0;
    return (made & upperLayerCreated) !== 0 ? upperLayer : (made & lowerLayerCreated) !== 0 ? lowerLayer : 0;
  }
  const place = event.layout.byName.get('flags');
  if (place === undefined) return 0;
  const asked = event.findEntered(place) ? event.u32() : null;
  const own = event.find(place) ? (event.u32() ?? 0) : 0;
  return asked === null ? own : (asked | (own & addedBits)) >>> 0;
}

export function onOpen(event: CaptureEvent, world: World): void {
  const fd = event.result();
  if (fd === null || fd < 0 || event.thread === null) return;
  const flags = openFlags(event);
  const path = askedPath(event, world);
  const device = event.numberOf('dev') ?? 0;
  const inode = event.numberOf('ino') ?? 0;
  const kind = (flags & oDirectory) !== 0 ? 'directory' : 'file';
  put(event, world, fd, descriptorOf(kind, { name: path?.full ?? '<NA>', rawName: path?.raw ?? '<NA>', openFlags: flags, device, inode }));
}

/** Closed when the event has been seen; until then it still has its name. */
export function onClose(event: CaptureEvent, world: World): void {
  if (event.thread !== null && event.fd >= 0 && (event.result() ?? -1) >= 0) world.main(event.thread).descriptors.delete(event.fd);
}

export function onPipe(event: CaptureEvent, world: World): void {
  if ((event.result() ?? -1) < 0) return;
  const one = descriptorOf('pipe', { inode: event.numberOf('ino') ?? 0, openFlags: event.numberOf('flags') ?? 0 });
  for (const name of ['fd1', 'fd2']) {
    const fd = event.numberOf(name);
    if (fd !== null && fd >= 0) put(event, world, fd, one);
  }
}

export function onSocketPair(event: CaptureEvent, world: World): void {
  if ((event.result() ?? -1) < 0) return;
  const first = event.numberOf('fd1') ?? -1;
  const second = event.numberOf('fd2') ?? -1;
  if (first === second) return;
  const one = descriptorOf('unix', { unixEnds: [bigOf(event, 'source'), bigOf(event, 'peer')] });
  put(event, world, second, one);
  put(event, world, first, one);
}

export function bigOf(event: CaptureEvent, name: string): bigint {
  return event.has(name) ? BigInt.asUintN(64, event.big() ?? 0n) : 0n;
}

/** dup, dup2, dup3 and the two forms of it in fcntl. */
export function onDuplicate(event: CaptureEvent, world: World): void {
  const { name } = event.layout;
  if (name === 'fcntl') {
    const command = event.numberOf('cmd');
    if (command !== 1 && command !== 26) return;
  }
  const fd = event.result();
  if (fd === null || fd < 0 || event.descriptor === null) return;
  if (name !== 'dup3') return put(event, world, fd, event.descriptor);
  const flags = event.numberOf('flags') ?? 0;
  put(event, world, fd, { ...event.descriptor, openFlags: flags === 0 ? event.descriptor.openFlags & ~oCloexec : event.descriptor.openFlags | flags });
}

const kinds: Readonly<Record<string, DescriptorKind>> = {
  eventfd: 'event', eventfd2: 'event', signalfd: 'signalfd', signalfd4: 'signalfd', timerfd_create: 'timerfd', inotify_init: 'inotify', inotify_init1: 'inotify', bpf: 'bpf',
  userfaultfd: 'userfaultfd', io_uring_setup: 'io_uring', epoll_create: 'eventpoll', epoll_create1: 'eventpoll',
};

/** Calls that make a descriptor of a kind without a name. */
export function onMade(event: CaptureEvent, world: World): void {
  const fd = event.result();
  const kind = kinds[event.layout.name];
  if (fd !== null && fd >= 0 && kind !== undefined) put(event, world, fd, descriptorOf(kind));
}

export function onMemfd(event: CaptureEvent, world: World): void {
  const fd = event.result();
  const name = event.textOf('name') ?? '<NA>';
  if (fd !== null && fd >= 0) put(event, world, fd, descriptorOf('memfd', { name, rawName: name, openFlags: event.numberOf('flags') ?? 0 }));
}

export function onPidfd(event: CaptureEvent, world: World): void {
  const fd = event.result();
  if (fd === null || fd < 0) return;
  const pid = event.numberOf('pid') ?? -1;
  put(event, world, fd, descriptorOf('pidfd', { name: `/proc/${pid}`, openFlags: event.numberOf('flags') ?? 0, pid }));
}

export function onPidfdTaken(event: CaptureEvent, world: World): void {
  const fd = event.result();
  if (fd === null || fd < 0 || event.thread === null) return;
  const process = world.descriptor(event.thread, event.numberOf('pid_fd') ?? -1);
  const target = process?.kind === 'pidfd' ? world.threads.get(process.pid) : undefined;
  const taken = target === undefined ? null : world.descriptor(target, event.numberOf('target_fd') ?? -1);
  if (taken !== null) put(event, world, fd, taken);
}
