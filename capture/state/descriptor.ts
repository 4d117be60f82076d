/**
 * An open descriptor: what it is, its name, and the ends of a connection. A connection's source is its client and its
 * destination its server; which end is ours is known by the role. Values are never changed in place: tables of forked
 * processes share them.
 */
import { addressText, familyOf, type Address } from '@vedette/rules/address';
import type { DescriptorKind, RecordedDescriptor } from '../file/lists.ts';

export type Protocol = 'unknown' | 'tcp' | 'udp' | 'icmp' | 'raw';
export type Role = 'none' | 'client' | 'server';

export interface Ends {
  /** Null: a listening socket, of which only the destination is known. */
  readonly source: Address | null;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

export interface Descriptor {
  readonly kind: DescriptorKind;
  readonly name: string;
  /** As the program named it. */
  readonly rawName: string;
  readonly openFlags: number;
  readonly device: number;
  readonly inode: number;
  readonly protocol: Protocol;
  readonly role: Role;
  readonly ends: Ends | null;
  readonly unixEnds: readonly [bigint, bigint] | null;
  readonly connected: boolean;
  /** Of a process descriptor. */
  readonly pid: number;
}

const empty: Descriptor = {
  kind: 'unknown', name: '', rawName: '', openFlags: 0, device: 0, inode: 0, protocol: 'unknown', role: 'none', ends: null, unixEnds: null, connected: false, pid: -1,
};

export function descriptorOf(kind: DescriptorKind, facts: Partial<Descriptor> = {}): Descriptor {
  return { ...empty, kind, ...facts };
}

export function isFile(one: Descriptor): boolean {
  return one.kind === 'file';
}

export function isIp(one: Descriptor): boolean {
  return one.kind === 'ipv4' || one.kind === 'ipv6' || one.kind === 'ipv4server' || one.kind === 'ipv6server';
}

export function isConnection(one: Descriptor): boolean {
  return one.kind === 'ipv4' || one.kind === 'ipv6';
}

const characters: Readonly<Record<DescriptorKind, string>> = {
  unknown: 'o', file: 'f', directory: 'd', ipv4: '4', ipv6: '6', ipv4server: '2', ipv6server: '3', pipe: 'p', unix: 'u', event: 'e', other: 'X', signalfd: 's',
  eventpoll: 'l', inotify: 'i', timerfd: 't', netlink: 'n', bpf: 'b', userfaultfd: 'u', io_uring: 'r', memfd: 'm', pidfd: 'P',
};

export function typeCharacter(one: Descriptor): string {
  return characters[one.kind];
}

const words: Readonly<Record<DescriptorKind, string>> = {
  unknown: '<NA>', file: 'file', directory: 'directory', ipv4: 'ipv4', ipv6: 'ipv6', ipv4server: 'ipv4', ipv6server: 'ipv6', pipe: 'pipe', unix: 'unix', event: 'event',
  other: '<NA>', signalfd: 'signalfd', eventpoll: 'eventpoll', inotify: 'inotify', timerfd: 'timerfd', netlink: 'netlink', bpf: 'bpf', userfaultfd: 'userfaultfd',
  io_uring: 'io_uring', memfd: 'memfd', pidfd: 'pidfd',
};

export function typeWord(one: Descriptor): string {
  return words[one.kind];
}

/** `source:port->destination:port`, or what a listening socket is bound to. */
export function endsText(ends: Ends): string {
  const server = `${addressText(ends.destination)}:${ends.destinationPort}`;
  return ends.source === null ? server : `${addressText(ends.source)}:${ends.sourcePort}->${server}`;
}

/** 4 or 16 bytes as they lie in the file. */
export function addressOfBytes(bytes: Uint8Array): Address {
  if (bytes.length === 16) return Uint8Array.from(bytes);
  const out = new Uint8Array(16);
  out[10] = 0xff;
  out[11] = 0xff;
  out.set(bytes.subarray(0, 4), 12);
  return out;
}

export function isAny(address: Address): boolean {
  return familyOf(address) === 4 ? address[12] === 0 && address[13] === 0 && address[14] === 0 && address[15] === 0 : address.every((byte) => byte === 0);
}

const protocols: readonly Protocol[] = ['unknown', 'unknown', 'tcp', 'udp', 'icmp', 'raw'];

/** What was open when the recording began. Which end is ours is found later, when all listening sockets are known. */
export function descriptorOfRecord(record: RecordedDescriptor): Descriptor {
  const { kind, inode, openFlags, device } = record;
  if (record.ends !== null) {
    const { source, sourcePort, destination, destinationPort, protocol } = record.ends;
    const isServer = kind === 'ipv4server' || kind === 'ipv6server';
    const ends: Ends = { source: isServer ? null : addressOfBytes(source), sourcePort, destination: addressOfBytes(destination), destinationPort };
    return descriptorOf(kind, { inode, ends, protocol: protocols[protocol] ?? 'unknown', role: isServer ? 'server' : 'none', name: endsText(ends), connected: !isServer });
  }
  if (record.unix !== null) return descriptorOf(kind, { inode, unixEnds: record.unix, name: record.name, connected: true });
  return descriptorOf(kind, { inode, openFlags, device, name: record.name, rawName: record.name });
}

/** A connection seen from its other end. */
export function turned(ends: Ends): Ends {
  return ends.source === null ? ends : { source: ends.destination, sourcePort: ends.destinationPort, destination: ends.source, destinationPort: ends.sourcePort };
}
