/**
 * The blocks before the events → what was there when the recording began: machine, interfaces, users and groups, processes
 * (in nine versions), descriptors. Later versions append to an entry and say its length; what is newer than known is passed
 * over. An entry that contradicts its own length makes the block broken.
 */
import { Broken, ByteReader } from './bytes.ts';
import { blockTypes } from './blocks.ts';

export interface Machine {
  readonly hostname: string;
  readonly processors: number;
  readonly bootTimeNs: number;
}

export interface RecordedThread {
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid: number;
  readonly vpgid: number;
  readonly pgid: number;
  readonly comm: string;
  readonly exe: string;
  readonly exepath: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly fdLimit: number;
  readonly flags: number;
  readonly uid: number;
  readonly gid: number;
  readonly memory: { readonly sizeKib: number; readonly residentKib: number; readonly swapKib: number; readonly majorFaults: number; readonly minorFaults: number };
  readonly env: readonly string[];
  readonly vtid: number;
  readonly vpid: number;
  readonly cgroups: readonly string[];
  readonly root: string;
  readonly pidnsStartNs: number;
  readonly tty: number;
  readonly loginuid: number;
  readonly exeFlags: { readonly writable: boolean; readonly upperLayer: boolean; readonly lowerLayer: boolean; readonly fromMemfd: boolean };
  readonly capabilities: { readonly inheritable: bigint; readonly permitted: bigint; readonly effective: bigint };
  readonly exeInode: number;
  readonly exeCtimeNs: number;
  readonly exeMtimeNs: number;
}

/** How a descriptor is stored: the kinds are numbers of the format. */
export const descriptorKinds = [
  'unknown', 'file', 'directory', 'ipv4', 'ipv6', 'ipv4server', 'ipv6server', 'pipe', 'unix', 'event', 'other', 'signalfd', 'eventpoll', 'inotify', 'timerfd', 'netlink',
  'file', 'bpf', 'userfaultfd', 'io_uring', 'memfd', 'pidfd',
] as const;
export type DescriptorKind = (typeof descriptorKinds)[number];

export interface RecordedDescriptor {
  readonly fd: number;
  readonly inode: number;
  readonly kind: DescriptorKind;
  readonly name: string;
  readonly openFlags: number;
  readonly device: number;
  readonly ends: { readonly source: Buffer; readonly sourcePort: number; readonly destination: Buffer; readonly destinationPort: number; readonly protocol: number } | null;
  /** Addresses of a unix socket, as the kernel's pointers. */
  readonly unix: readonly [bigint, bigint] | null;
}

export interface RecordedUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

export interface RecordedGroup {
  readonly gid: number;
  readonly name: string;
}

export function readMachine(bytes: Buffer, start: number, end: number): Machine {
  const reader = new ByteReader(bytes, start, end);
  const processors = reader.u32();
  reader.i64();
  reader.i64();
  const name = reader.bytes(128);
  const nul = name.indexOf(0);
  const boot = reader.left >= 8 ? reader.i64() : 0;
  return { hostname: name.toString('utf8', 0, nul < 0 ? 128 : nul), processors, bootTimeNs: boot };
}

/** Entries are read while four bytes are left: what remains is padding. */
export function readThreads(type: number, bytes: Buffer, start: number, end: number, each: (thread: RecordedThread) => void): void {
  const version = blockTypes.processes.findIndex((one) => one === type) + 1;
  const reader = new ByteReader(bytes, start, end);
  while (reader.left >= 4) each(version === 9 ? readSized(reader) : readThread(reader, version, 0));
}

function readSized(reader: ByteReader): RecordedThread {
  const length = reader.u32();
  if (length < 4) throw new Broken(`an entry of the process list says it is ${length} bytes long`);
  return readThread(reader.part(length - 4), 9, length);
}

function readThread(reader: ByteReader, version: number, length: number): RecordedThread {
  const from = (first: number) => version >= first;
  const tid = reader.i64();
  const pid = reader.i64();
  const ptid = reader.i64();
  const sid = from(6) ? reader.i64() : -1;
  const vpgid = from(8) ? reader.i64() : -1;
  const comm = reader.text();
  const exe = reader.text();
  const exepath = from(7) ? reader.text() : '';
  const args = reader.texts();
  const cwd = reader.text();
  const fdLimit = reader.i64();
  const flags = reader.u32();
  const uid = reader.u32();
  const gid = reader.u32();
  const memory = from(2)
    ? { sizeKib: reader.u32(), residentKib: reader.u32(), swapKib: reader.u32(), majorFaults: reader.i64(), minorFaults: reader.i64() }
    : { sizeKib: 0, residentKib: 0, swapKib: 0, majorFaults: 0, minorFaults: 0 };
  const env = from(3) ? reader.texts() : [];
  const vtid = from(4) ? reader.i64() : -1;
  const vpid = from(4) ? reader.i64() : -1;
  const cgroups = from(4) ? reader.texts() : [];
  const root = from(5) ? reader.text() : '';
  const base = { tid, pid, ptid, sid, vpgid, comm, exe, exepath, args, cwd, fdLimit, flags, uid, gid, memory, env, vtid, vpid, cgroups, root };
  return { ...base, ...readAppended(reader, length) };
}

/** Before 0.10 two fields that now come first were not there: the rest was then at most 29 bytes. */
function readAppended(reader: ByteReader, length: number): Pick<RecordedThread, 'pidnsStartNs' | 'tty' | 'loginuid' | 'exeFlags' | 'capabilities' | 'exeInode' | 'exeCtimeNs' | 'exeMtimeNs' | 'pgid'> {
  const has = (count: number) => length > 0 && reader.left >= count;
  const isEarly = reader.left <= 29;
  const pidnsStartNs = !isEarly && has(8) ? reader.i64() : 0;
  const tty = !isEarly && has(4) ? reader.u32() : 0;
  const loginuid = has(4) ? reader.u32() : 0xffffffff;
  const writable = has(1) && reader.u8() !== 0;
  const inheritable = has(8) ? reader.big() : 0n;
  const permitted = has(8) ? reader.big() : 0n;
  const effective = has(8) ? reader.big() : 0n;
  const upperLayer = has(1) && reader.u8() !== 0;
  const exeInode = has(8) ? reader.i64() : 0;
  const exeCtimeNs = has(8) ? reader.i64() : 0;
  const exeMtimeNs = has(8) ? reader.i64() : 0;
  const fromMemfd = has(1) && reader.u8() !== 0;
  const lowerLayer = has(1) && reader.u8() !== 0;
  const pgid = has(8) ? reader.i64() : -1;
  return { pidnsStartNs, tty, loginuid, exeFlags: { writable, upperLayer, lowerLayer, fromMemfd }, capabilities: { inheritable, permitted, effective }, exeInode, exeCtimeNs, exeMtimeNs, pgid };
}

/** All descriptors of one thread. */
export function readDescriptors(type: number, bytes: Buffer, start: number, end: number, each: (tid: number, descriptor: RecordedDescriptor) => void): void {
  const reader = new ByteReader(bytes, start, end);
  const tid = reader.i64();
  const isSized = type === blockTypes.descriptors2;
  while (reader.left >= 4) {
    const begin = reader.at;
    const length = isSized ? reader.u32() : 0;
    const descriptor = readDescriptor(reader, isSized ? begin + length : null);
    if (isSized) reader.skipTo(begin + length);
    each(tid, descriptor);
  }
}

function readDescriptor(reader: ByteReader, end: number | null): RecordedDescriptor {
  const fd = reader.i64();
  const inode = reader.i64();
  const number = reader.u8();
  const kind = descriptorKinds[number] ?? 'other';
  const plain = { fd, inode, kind, name: '', openFlags: 0, device: 0, ends: null, unix: null };
  switch (kind) {
    case 'ipv4':
    case 'ipv6': {
      const width = kind === 'ipv4' ? 4 : 16;
      const source = reader.bytes(width);
      const destination = reader.bytes(width);
      return { ...plain, ends: { source, destination, sourcePort: reader.u16(), destinationPort: reader.u16(), protocol: reader.u8() } };
    }
    case 'ipv4server':
    case 'ipv6server': {
      const destination = reader.bytes(kind === 'ipv4server' ? 4 : 16);
      return { ...plain, ends: { source: Buffer.alloc(0), sourcePort: 0, destination, destinationPort: reader.u16(), protocol: reader.u8() } };
    }
    case 'unix':
      return { ...plain, unix: [reader.big(), reader.big()], name: reader.text() };
    case 'unknown':
      return plain;
    default: {
      if (descriptorKinds[number] === undefined) return { ...plain, name: `unknown-type:[${number}]` };
      const openFlags = number === 16 ? reader.u32() : 0;
      const name = reader.text();
      const device = number === 16 && end !== null && end - reader.at >= 4 ? reader.u32() : 0;
      return { ...plain, openFlags, name, device };
    }
  }
}

export interface RecordedInterface {
  /** 4 or 16 bytes. */
  readonly address: Buffer;
  readonly mask: Buffer;
}

export function readInterfaces(type: number, bytes: Buffer, start: number, end: number): RecordedInterface[] {
  const reader = new ByteReader(bytes, start, end);
  const isSized = type === blockTypes.interfaces2;
  const out: RecordedInterface[] = [];
  while (reader.left >= 4) {
    const length = isSized ? reader.u32() : 0;
    const stop = reader.at + length;
    const kind = reader.u16();
    const nameBytes = reader.u16();
    if (kind < 1 || kind > 4) throw new Broken(`the list of interfaces has one of the unknown kind ${kind}`);
    const width = kind === 1 || kind === 3 ? 4 : 16;
    out.push({ address: Buffer.from(reader.bytes(width)), mask: Buffer.from(reader.bytes(width)) });
    reader.bytes(width);
    if (kind <= 2) reader.bytes(8);
    reader.bytes(nameBytes);
    if (isSized) reader.skipTo(stop);
  }
  return out;
}

export function readPeople(type: number, bytes: Buffer, start: number, end: number, eachUser: (user: RecordedUser) => void, eachGroup: (group: RecordedGroup) => void): void {
  const reader = new ByteReader(bytes, start, end);
  const isSized = type === blockTypes.users2;
  while (reader.left >= 4) {
    const begin = reader.at;
    const length = isSized ? reader.u32() : 0;
    if (reader.u8() === 0) eachUser({ uid: reader.u32(), gid: reader.u32(), name: reader.text(), home: reader.text(), shell: reader.text() });
    else eachGroup({ gid: reader.u32(), name: reader.text() });
    if (isSized) reader.skipTo(begin + length);
  }
}
