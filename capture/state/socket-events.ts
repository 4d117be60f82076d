/**
 * What events tell of sockets → descriptors: made, bound, connected, accepted, and the peers of datagrams. Addresses come as
 * one block of bytes, a family first. A datagram socket has no peer of its own, so each message may change its name; who is
 * the client is guessed from the ports that the process is bound to.
 */
import { familyOf, type Address } from '@vedette/rules/address';
import type { CaptureEvent } from '../events/event.ts';
import { addressOfBytes, descriptorOf, endsText, isAny, isConnection, turned, type Descriptor, type Ends, type Protocol, type Role } from './descriptor.ts';
import { put } from './descriptor-events.ts';
import type { World } from './world.ts';

const families = { unix: 1, ipv4: 2, ipv6: 10, netlink: 16 } as const;
const stream = 1;
const datagram = 2;
const raw = 3;
const inProgress = -115;

export function onSocket(event: CaptureEvent, world: World): void {
  const fd = event.result();
  if (fd === null || fd < 0) return;
  put(event, world, fd, socketOf(event.numberOf('domain') ?? 0, event.numberOf('type') ?? 0, event.numberOf('proto') ?? 0));
}

function socketOf(domain: number, type: number, protocol: number): Descriptor {
  if (domain === families.unix) return descriptorOf('unix');
  if (domain === families.netlink) return descriptorOf('netlink');
  if (domain !== families.ipv4 && domain !== families.ipv6) return descriptorOf('unknown');
  return descriptorOf(domain === families.ipv4 ? 'ipv4' : 'ipv6', { protocol: protocolOf(type, protocol) });
}

function protocolOf(type: number, protocol: number): Protocol {
  const isRaw = type === raw;
  switch (protocol) {
    case 6:
      return isRaw ? 'raw' : 'tcp';
    case 17:
      return isRaw ? 'raw' : 'udp';
    case 1:
      return isRaw ? 'raw' : 'icmp';
    case 255:
      return 'raw';
    case 0:
      return (type & 0xff) === stream ? 'tcp' : (type & 0xff) === datagram ? 'udp' : 'unknown';
    default:
      return 'unknown';
  }
}

export type Peer =
  | { readonly kind: 'ip'; readonly version: 4 | 6; readonly ends: Ends & { readonly source: Address } }
  | { readonly kind: 'unix'; readonly source: bigint; readonly destination: bigint; readonly path: string };

/** A tuple: family, source, its port, destination, its port. IPv4 inside of IPv6 is IPv4. */
export function tupleOf(bytes: Buffer): Peer | null {
  const family = bytes[0] ?? 0;
  if (family === families.unix && bytes.length > 17) {
    const nul = bytes.indexOf(0, 17);
    return { kind: 'unix', source: bytes.readBigUInt64LE(1), destination: bytes.readBigUInt64LE(9), path: bytes.toString('utf8', 17, nul < 0 ? bytes.length : nul) };
  }
  const width = family === families.ipv4 ? 4 : family === families.ipv6 ? 16 : 0;
  if (width === 0 || bytes.length !== 1 + 2 * (width + 2)) return null;
  const source = addressOfBytes(bytes.subarray(1, 1 + width));
  const destination = addressOfBytes(bytes.subarray(3 + width, 3 + 2 * width));
  const ends = { source, sourcePort: bytes.readUInt16LE(1 + width), destination, destinationPort: bytes.readUInt16LE(3 + 2 * width) };
  return { kind: 'ip', version: familyOf(source) === 4 && familyOf(destination) === 4 ? 4 : 6, ends };
}

/** An address alone: family, address, port. */
export function addressAndPort(bytes: Buffer): { readonly address: Address; readonly port: number } | null {
  const family = bytes[0] ?? 0;
  const width = family === families.ipv4 ? 4 : family === families.ipv6 ? 16 : 0;
  if (width === 0 || bytes.length < 3 + width) return null;
  return { address: addressOfBytes(bytes.subarray(1, 1 + width)), port: bytes.readUInt16LE(1 + width) };
}

export function unixText(source: bigint, destination: bigint, path: string): string {
  return `${source.toString(16)}->${destination.toString(16)} ${path}`;
}

export function onBind(event: CaptureEvent, world: World): void {
  const { descriptor } = event;
  if (descriptor === null || (event.result() ?? -1) < 0 || !event.has('addr')) return;
  const bytes = event.slice();
  if (bytes[0] === families.unix) {
    const nul = bytes.indexOf(0, 1);
    return put(event, world, event.fd, { ...descriptor, name: bytes.toString('utf8', 1, nul < 0 ? bytes.length : nul) });
  }
  const bound = addressAndPort(bytes);
  if (bound === null) return;
  const ends: Ends = { source: null, sourcePort: 0, destination: bound.address, destinationPort: bound.port };
  const name = endsText(ends);
  if (bound.port === 0) return put(event, world, event.fd, { ...descriptor, name });
  put(event, world, event.fd, { ...descriptor, kind: familyOf(bound.address) === 4 ? 'ipv4server' : 'ipv6server', ends, role: 'server', name });
}

export function onConnect(event: CaptureEvent, world: World): void {
  const { descriptor } = event;
  const result = event.result();
  if (descriptor === null || result === null || (result < 0 && result !== inProgress)) return;
  const connected: Descriptor = { ...descriptor, connected: true };
  const peer = event.has('tuple') ? tupleOf(event.slice()) : null;
  if (peer === null) return put(event, world, event.fd, withAskedPeer(event, connected));
  const role: Role = descriptor.role === 'none' ? 'client' : descriptor.role;
  if (peer.kind === 'unix') {
    return put(event, world, event.fd, { ...connected, role, unixEnds: [peer.source, peer.destination], name: unixText(peer.source, peer.destination, peer.path) });
  }
  const isTurned = descriptor.role === 'server' && descriptor.protocol === 'udp';
  const ends = isTurned ? turned(peer.ends) : peer.ends;
  put(event, world, event.fd, { ...connected, kind: peer.version === 4 ? 'ipv4' : 'ipv6', ends, role, name: endsText(ends) });
}

/** Where the kernel told no connection yet, the address that was asked for is its server. */
function withAskedPeer(event: CaptureEvent, descriptor: Descriptor): Descriptor {
  const asked = event.has('addr') ? addressAndPort(event.slice()) : null;
  if (asked === null) return descriptor;
  const version = familyOf(asked.address);
  const nowhere = addressOfBytes(new Uint8Array(version === 4 ? 4 : 16));
  const ends: Ends = { source: nowhere, sourcePort: 0, destination: asked.address, destinationPort: asked.port };
  return { ...descriptor, kind: version === 4 ? 'ipv4' : 'ipv6', ends, role: descriptor.role === 'none' ? 'client' : descriptor.role, name: endsText(ends) };
}

export function onAccept(event: CaptureEvent, world: World): void {
  const fd = event.result();
  if (fd === null || fd < 0) return;
  event.fd = fd;
  const peer = event.has('tuple') ? tupleOf(event.slice()) : null;
  if (peer === null) return;
  const facts = { role: 'server', connected: true } as const;
  if (peer.kind === 'unix') put(event, world, fd, descriptorOf('unix', { ...facts, unixEnds: [peer.source, peer.destination], name: unixText(peer.source, peer.destination, peer.path) }));
  else put(event, world, fd, descriptorOf(peer.version === 4 ? 'ipv4' : 'ipv6', { ...facts, protocol: 'tcp', ends: peer.ends, name: endsText(peer.ends) }));
}

/** Reading from and writing to descriptors: only messages with an address change anything. */
export function onTransfer(event: CaptureEvent, world: World): void {
  if ((event.result() ?? -1) < 0 || event.thread === null) return;
  const { writes } = event.layout;
  const hasTuple = event.layout.byName.has('tuple');
  if (event.descriptor === null && writes && hasTuple && event.fd >= 0) guessSocket(event, world);
  const { descriptor } = event;
  if (descriptor === null) return;
  if (isConnection(descriptor) && !descriptor.connected) put(event, world, event.fd, { ...descriptor, connected: true });
  if (!hasTuple || (descriptor.protocol === 'tcp' && descriptor.name !== '')) return;
  const peer = event.has('tuple') ? tupleOf(event.slice()) : null;
  if (peer === null) return;
  const current = event.descriptor ?? descriptor;
  if (peer.kind === 'unix') {
    const name = unixText(peer.source, peer.destination, peer.path);
    return put(event, world, event.fd, { ...current, kind: 'unix', unixEnds: [peer.source, peer.destination], name });
  }
  const changed = changedEnds(current, peer.ends);
  if (changed === null) return;
  const ends = completed(changed, world);
  const kind = peer.version === 4 ? 'ipv4' : 'ipv6';
  const role: Role = current.role === 'none' ? guessRole(event, world, ends, !writes) : current.role;
  const seen = role === (writes ? 'server' : 'client') ? turned(ends) : ends;
  const protocol: Protocol = current.protocol === 'unknown' ? 'udp' : current.protocol;
  put(event, world, event.fd, { ...current, kind, protocol, role, connected: true, ends: seen, name: endsText(seen) });
}

/** Sending to an address from a descriptor whose making was not seen: taken for a datagram socket. */
function guessSocket(event: CaptureEvent, world: World): void {
  const peer = event.has('tuple') ? tupleOf(event.slice()) : null;
  if (peer?.kind === 'ip') put(event, world, event.fd, descriptorOf(peer.version === 4 ? 'ipv4' : 'ipv6', { protocol: 'udp' }));
}

/** A socket that was not bound has no address of its own yet: the one that it would talk from is put in. */
function completed(ends: Ends, world: World): Ends {
  if (ends.source === null) return ends;
  const noSource = isAny(ends.source);
  if (noSource) return { ...ends, source: world.addressTowards(ends.destination) ?? ends.source };
  return isAny(ends.destination) ? { ...ends, destination: world.addressTowards(ends.source) ?? ends.destination } : ends;
}

function sameEnds(a: Ends, b: Ends): boolean {
  const same = (one: Address | null, other: Address | null) => one !== null && other !== null && Buffer.compare(one, other) === 0;
  return same(a.source, b.source) && a.sourcePort === b.sourcePort && same(a.destination, b.destination) && a.destinationPort === b.destinationPort;
}

/** Null: the same connection, seen from either side. A destination that is known stays. */
function changedEnds(descriptor: Descriptor, next: Ends & { readonly source: Address }): Ends | null {
  const known = isConnection(descriptor) ? descriptor.ends : null;
  if (known === null || known.source === null) return next;
  if (sameEnds(known, next) || sameEnds(known, turned(next))) return null;
  const ends: Ends = {
    source: next.source,
    sourcePort: next.sourcePort,
    destination: isAny(known.destination) ? next.destination : known.destination,
    destinationPort: known.destinationPort === 0 ? next.destinationPort : known.destinationPort,
  };
  return sameEnds(known, ends) ? null : ends;
}

/** A process that is bound to the destination's port is the server, unless it also talks from the source's. */
function guessRole(event: CaptureEvent, world: World, ends: Ends, incoming: boolean): Role {
  if (event.thread === null) return 'client';
  let isBound = false;
  let usesClientPort = false;
  for (const one of world.main(event.thread).descriptors.values()) {
    if (one.ends === null) continue;
    if ((one.kind === 'ipv4server' || one.kind === 'ipv6server') && one.ends.destinationPort === ends.destinationPort) isBound = true;
    if (one.ends.source !== null && one.ends.sourcePort === ends.sourcePort && one.role === 'client') usesClientPort = true;
  }
  if (!isBound) return 'client';
  if (!usesClientPort) return 'server';
  return incoming ? 'server' : 'client';
}
