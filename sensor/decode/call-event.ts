/**
 * The common record of a system call to an event. Its lengths are checked against the frame: what does not fit is null. Texts are
 * what programs wrote: any bytes, which become text as UTF-8 with what is invalid replaced.
 */
import { callKinds, type CallEvent, type CallKind, type DnsEvent, type GivenAddress } from '@vedette/model/event';
import { callNames } from './calls.ts';
import * as at from './layout.ts';
import { componentsToPath } from './path.ts';
import type { RecordReader } from './records.ts';

const kindsByNumber: ReadonlyMap<number, CallKind> = new Map(callKinds.map((one) => [at.kinds[one], one]));
const withAddress = new Set(['bind', 'connect', 'sendto', 'sendmsg', 'sendmmsg', 'recvfrom', 'recvmsg', 'recvmmsg']);

export function callKindOf(kind: number): CallKind | null {
  return kindsByNumber.get(kind) ?? null;
}

export function decodeCall(reader: RecordReader, offset: number, length: number, callKind: CallKind): CallEvent | null {
  if (length < at.call.size) return null;
  const sizes = [at.call.textBytes, at.call.textBytes + 2, at.call.entryBytes, at.call.entryBytes + 2, at.call.pathBytes, at.call.pathBytes + 2].map((one) => reader.u16(offset + one));
  const places: number[] = [];
  let end = offset + at.call.size;
  for (const size of sizes) {
    places.push(end);
    end += size;
  }
  if (end > offset + length) return null;
  const call = callNames[reader.u16(offset + at.call.call)] ?? '';
  const flags = reader.u16(offset + at.call.callFlags);
  const changed = (flags & at.callFlags.changed) !== 0;
  const isAddress = withAddress.has(call);
  const text = (which: number) => (isAddress && which !== 1 ? '' : textOf(reader, places[which]!, sizes[which]!));
  const name = isAddress ? unixName(reader.bytes.subarray(places[1]!, places[1]! + sizes[1]!)) : text(1);
  const address = (which: number) => (isAddress ? givenAddress(reader.bytes.subarray(places[which]!, places[which]! + sizes[which]!)) : null);
  const atEntry = (which: number) => (sizes[which] === 0 || isAddress ? null : text(which));
  const low: number[] = [];
  const whole: number[] = [];
  for (let i = 0; i < 6; i++) {
    low.push(reader.u32(offset + at.call.arguments + i * 8));
    whole.push(reader.u64(offset + at.call.arguments + i * 8));
  }
  return {
    kind: 'call', callKind, call,
    ...state(reader, offset),
    is32Bit: (flags & at.callFlags.is32Bit) !== 0, byRing: (flags & at.callFlags.ring) !== 0,
    shortText: call === 'mount' || call === 'prctl' ? shortText(reader, offset + at.call.localAddress) : '',
    result: signed(reader, offset + at.call.result),
    arguments: whole, argumentsLow: low,
    texts: [text(0), name],
    textsAtEntry: [atEntry(2), atEntry(3)],
    changed,
    textMissing: (flags & at.callFlags.textMissing) !== 0, textTruncated: (flags & at.callFlags.textTruncated) !== 0,
    given: address(0), givenAtEntry: sizes[2] === 0 ? null : address(2),
    paths: [pathOf(reader, places[4]!, sizes[4]!), pathOf(reader, places[5]!, sizes[5]!)],
  };
}

function state(reader: RecordReader, offset: number) {
  const address = (from: number) => reader.bytes.slice(offset + from, offset + from + 16);
  return {
    timeBootNs: reader.u64(offset + at.header.timeBootNs),
    tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
    startBootNs: reader.u64(offset + at.header.startBootNs),
    execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
    cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
    mode: reader.u32(offset + at.call.mode), device: reader.u32(offset + at.call.device),
    inodeHigh: reader.u32(offset + at.call.inode + 4), inodeLow: reader.u32(offset + at.call.inode),
    family: reader.u16(offset + at.call.family), protocol: reader.u16(offset + at.call.protocol),
    localAddress: address(at.call.localAddress), remoteAddress: address(at.call.remoteAddress),
    localPort: reader.u16(offset + at.call.localPort), remotePort: reader.u16(offset + at.call.remotePort),
    networkNamespace: reader.u32(offset + at.call.networkNamespace),
    gid: reader.u32(offset + at.call.gid), effectiveUid: reader.u32(offset + at.call.effectiveUid),
    sessionId: reader.u32(offset + at.call.sessionId), processGroup: reader.u32(offset + at.call.processGroup),
    capEffectiveHigh: reader.u32(offset + at.call.capEffective + 4), capEffectiveLow: reader.u32(offset + at.call.capEffective),
    capPermittedHigh: reader.u32(offset + at.call.capPermitted + 4), capPermittedLow: reader.u32(offset + at.call.capPermitted),
  };
}

/** A number below 2^53 on either side of 0 exactly; an address above is rounded. */
function signed(reader: RecordReader, offset: number): number {
  return reader.i32(offset + 4) * 4294967296 + reader.u32(offset);
}

function shortText(reader: RecordReader, from: number): string {
  let length = 0;
  while (length < 16 && reader.u8(from + length) !== 0) length += 1;
  return reader.text(from, length);
}

function textOf(reader: RecordReader, from: number, length: number): string {
  return reader.text(from, length > 0 && reader.u8(from + length - 1) === 0 ? length - 1 : length);
}

function pathOf(reader: RecordReader, from: number, length: number): string {
  return length === 0 ? '' : componentsToPath(reader, from, length, false);
}

/** A sockaddr_un: two bytes of family, then a path up to its NUL, or an abstract name behind one. */
function unixName(bytes: Uint8Array): string {
  if (bytes.length <= 2) return '';
  const isAbstract = bytes[2] === 0;
  const rest = Buffer.from(bytes.subarray(isAbstract ? 3 : 2));
  const end = isAbstract ? -1 : rest.indexOf(0);
  return `${isAbstract ? '@' : ''}${rest.toString('utf8', 0, end < 0 ? rest.length : end)}`;
}

/** struct sockaddr as a program gave it; null where there is none. */
export function givenAddress(bytes: Uint8Array): GivenAddress | null {
  if (bytes.length < 2) return null;
  const family = bytes[0]! | (bytes[1]! << 8);
  const port = bytes.length < 4 ? 0 : (bytes[2]! << 8) | bytes[3]!;
  if (family === 1) return { family, address: null, port: 0, path: unixName(bytes) };
  if (family === 2 && bytes.length >= 8) {
    const address = new Uint8Array(16);
    address.set([0xff, 0xff], 10);
    address.set(bytes.subarray(4, 8), 12);
    return { family, address, port, path: '' };
  }
  if (family === 10 && bytes.length >= 24) return { family, address: bytes.slice(8, 24), port, path: '' };
  return { family, address: null, port: 0, path: '' };
}

export function decodeDns(reader: RecordReader, offset: number, length: number): DnsEvent | null {
  if (length < at.dns.size) return null;
  const bytes = reader.u16(offset + at.dns.messageBytes);
  if (at.dns.size + bytes > length) return null;
  return {
    kind: 'dns',
    timeBootNs: reader.u64(offset + at.header.timeBootNs),
    tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
    startBootNs: reader.u64(offset + at.header.startBootNs),
    execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
    cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
    message: reader.bytes.slice(offset + at.dns.size, offset + at.dns.size + bytes),
  };
}
