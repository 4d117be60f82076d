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

/** Makes texts and paths; those that come again are kept (text-cache.ts). */
export interface Texts {
  decode(reader: RecordReader, from: number, length: number): string;
}
const everyText: Texts = { decode: (reader, from, length) => reader.text(from, length) };
const everyPath: Texts = { decode: (reader, from, length) => componentsToPath(reader, from, length, false) };

/** Of what is no socket. Nobody writes to it. */
const noAddress = new Uint8Array(16);

/** One flat literal without closures on purpose, as in events.ts: a machine makes more calls than anything else. */
export function decodeCall(reader: RecordReader, offset: number, length: number, callKind: CallKind, texts: Texts = everyText, paths: Texts = everyPath): CallEvent | null {
  if (length < at.call.size) return null;
  const firstBytes = reader.u16(offset + at.call.textBytes);
  const secondBytes = reader.u16(offset + at.call.textBytes + 2);
  const firstEntryBytes = reader.u16(offset + at.call.entryBytes);
  const secondEntryBytes = reader.u16(offset + at.call.entryBytes + 2);
  const firstPathBytes = reader.u16(offset + at.call.pathBytes);
  const secondPathBytes = reader.u16(offset + at.call.pathBytes + 2);
  const firstAt = offset + at.call.size;
  const secondAt = firstAt + firstBytes;
  const firstEntryAt = secondAt + secondBytes;
  const secondEntryAt = firstEntryAt + firstEntryBytes;
  const firstPathAt = secondEntryAt + secondEntryBytes;
  const secondPathAt = firstPathAt + firstPathBytes;
  if (secondPathAt + secondPathBytes > offset + length) return null;
  const call = callNames[reader.u16(offset + at.call.call)] ?? '';
  const flags = reader.u16(offset + at.call.callFlags);
  const isAddress = withAddress.has(call);
  const family = reader.u16(offset + at.call.family);
  const argumentsAt = offset + at.call.arguments;
  return {
    kind: 'call', callKind, call,
    timeBootNs: reader.u64(offset + at.header.timeBootNs),
    tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
    startBootNs: reader.u64(offset + at.header.startBootNs),
    execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
    cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
    mode: reader.u32(offset + at.call.mode), device: reader.u32(offset + at.call.device),
    inodeHigh: reader.u32(offset + at.call.inode + 4), inodeLow: reader.u32(offset + at.call.inode),
    family, protocol: reader.u16(offset + at.call.protocol),
    localAddress: addressAt(reader, offset + at.call.localAddress, family), remoteAddress: addressAt(reader, offset + at.call.remoteAddress, family),
    localPort: reader.u16(offset + at.call.localPort), remotePort: reader.u16(offset + at.call.remotePort),
    networkNamespace: reader.u32(offset + at.call.networkNamespace),
    gid: reader.u32(offset + at.call.gid), effectiveUid: reader.u32(offset + at.call.effectiveUid),
    sessionId: reader.u32(offset + at.call.sessionId), processGroup: reader.u32(offset + at.call.processGroup),
    capEffectiveHigh: reader.u32(offset + at.call.capEffective + 4), capEffectiveLow: reader.u32(offset + at.call.capEffective),
    capPermittedHigh: reader.u32(offset + at.call.capPermitted + 4), capPermittedLow: reader.u32(offset + at.call.capPermitted),
    is32Bit: (flags & at.callFlags.is32Bit) !== 0, byRing: (flags & at.callFlags.ring) !== 0,
    shortText: call === 'mount' || call === 'prctl' ? shortText(reader, offset + at.call.localAddress) : '',
    result: signed(reader, offset + at.call.result),
    arguments: [reader.u64(argumentsAt), reader.u64(argumentsAt + 8), reader.u64(argumentsAt + 16), reader.u64(argumentsAt + 24), reader.u64(argumentsAt + 32), reader.u64(argumentsAt + 40)],
    argumentsLow: [reader.u32(argumentsAt), reader.u32(argumentsAt + 8), reader.u32(argumentsAt + 16), reader.u32(argumentsAt + 24), reader.u32(argumentsAt + 32), reader.u32(argumentsAt + 40)],
    texts: isAddress ? ['', unixName(reader.bytes.subarray(secondAt, firstEntryAt))] : [textOf(texts, reader, firstAt, firstBytes), textOf(texts, reader, secondAt, secondBytes)],
    textsAtEntry: [firstEntryBytes === 0 || isAddress ? null : textOf(texts, reader, firstEntryAt, firstEntryBytes), secondEntryBytes === 0 || isAddress ? null : textOf(texts, reader, secondEntryAt, secondEntryBytes)],
    changed: (flags & at.callFlags.changed) !== 0,
    textMissing: (flags & at.callFlags.textMissing) !== 0, textTruncated: (flags & at.callFlags.textTruncated) !== 0,
    given: isAddress ? givenAddress(reader.bytes.subarray(firstAt, secondAt)) : null,
    givenAtEntry: isAddress && firstEntryBytes > 0 ? givenAddress(reader.bytes.subarray(firstEntryAt, secondEntryAt)) : null,
    paths: [firstPathBytes === 0 ? '' : paths.decode(reader, firstPathAt, firstPathBytes), secondPathBytes === 0 ? '' : paths.decode(reader, secondPathAt, secondPathBytes)],
  };
}

function addressAt(reader: RecordReader, from: number, family: number): Uint8Array {
  return family === 0 ? noAddress : reader.bytes.slice(from, from + 16);
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

function textOf(texts: Texts, reader: RecordReader, from: number, length: number): string {
  return length === 0 ? '' : texts.decode(reader, from, reader.u8(from + length - 1) === 0 ? length - 1 : length);
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
