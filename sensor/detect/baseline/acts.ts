/**
 * Events of a container → behaviours, normalised: what was executed and with which capabilities, what was written or made, who was talked to.
 * Devices that everything writes to and files that are no files (pipes, sockets) are left out. Who connects is kept by the network it comes from
 * and not by its address, since servers are for strangers. Pure.
 */
import type { Behaviour } from '@vedette/model/baseline';
import type { ExecutedOrigin } from '@vedette/model/baseline-words';
import type { CallEvent, FileEvent, SocketEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { normaliseArguments, normalisePath } from '@vedette/policy/baseline/normalise';
import { addressText, familyOf } from '@vedette/rules/address';
import { pathOf } from '../call-paths.ts';
import { capabilityNames } from '../kernel-words.ts';

function originOf(execution: Execution): ExecutedOrigin {
  return execution.origin === 'none' || execution.origin === 'host' ? 'unjudged' : execution.origin;
}

/** Whoever starts it from outside of the container is the runtime. */
function parentOf(execution: Execution): string {
  const { parent, containerId } = execution;
  return parent === null || parent.containerId !== containerId || parent.inHostMounts ? '' : normalisePath(parent.path);
}

/** What tells two executions apart before anything is normalised: most of them are repetitions. */
export function rawExecution(execution: Execution): string {
  return `${execution.origin}\0${execution.containerUid}\0${execution.parent?.path ?? ''}\0${execution.path}\0${execution.arguments.join('\0')}\0${execution.capEffectiveHigh}\0${execution.capEffectiveLow}`;
}

export function executionActs(execution: Execution): Behaviour[] {
  return [
    {
      kind: 'execution',
      path: normalisePath(execution.path),
      arguments: normaliseArguments(execution.arguments, execution.argumentsTruncated),
      parent: parentOf(execution),
      user: execution.containerUid,
      origin: originOf(execution),
    },
    ...capabilityActs(execution),
  ];
}

export function capabilityActs(held: Pick<Execution, 'capEffectiveHigh' | 'capEffectiveLow'>): Behaviour[] {
  const names = capabilityNames(held.capEffectiveHigh, held.capEffectiveLow);
  return names === '' ? [] : names.split(' ').map((capability) => ({ kind: 'capability', capability }));
}

const formatMask = 0o170000;
const written = new Set([0o100000, 0o060000]);

/** null: nothing that a baseline is about. */
export function fileAct(event: FileEvent): Behaviour | null {
  if (event.path === '' || !event.path.startsWith('/') || !written.has(event.mode & formatMask)) return null;
  return { kind: 'file', path: normalisePath(event.path) };
}

const making: Partial<Record<CallEvent['callKind'], 0 | 1>> = { mkdir: 0, mknod: 0, rename: 1, link: 1, symlink: 1 };

/** What a call has made: the new name, or the port that datagrams are taken on, which is never listened on. */
export function callAct(event: CallEvent, execution: Execution): Behaviour | null {
  if (event.callKind === 'bind') return boundAct(event);
  const which = making[event.callKind];
  if (which === undefined || event.result < 0) return null;
  const path = pathOf(event, which, execution);
  return path.startsWith('/') ? { kind: 'file', path: normalisePath(path) } : null;
}

const udp = 17;

/** Port 0 is one of the kernel's choice: whoever takes it sends. */
function boundAct({ given, protocol, result }: CallEvent): Behaviour | null {
  if (result < 0 || protocol !== udp || given === null || given.address === null || given.port === 0) return null;
  return { kind: 'peer', direction: 'listen', protocol: 'udp', port: given.port, name: null, address: listenedOn(given.address) };
}

const protocols: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp', 262: 'mptcp' };

export function socketAct(event: SocketEvent, remoteName: string | null): Behaviour {
  const protocol = protocols[event.protocol] ?? `ip-${event.protocol}`;
  switch (event.kind) {
    case 'connect': {
      const name = remoteName === null || remoteName === '' || remoteName.includes('*') ? null : remoteName;
      return { kind: 'peer', direction: 'out', protocol, port: event.remotePort, name, address: name === null ? wholeAddress(event.remoteAddress) : null };
    }
    case 'accept':
      return { kind: 'peer', direction: 'in', protocol, port: event.localPort, name: null, address: networkOf(event.remoteAddress) };
    case 'listen':
      return { kind: 'peer', direction: 'listen', protocol, port: event.localPort, name: null, address: listenedOn(event.localAddress) };
    default:
      return event.kind satisfies never;
  }
}

/** All eight groups of an IPv6 address, so that one that begins as another is told to. */
function wholeAddress(address: Uint8Array): string {
  if (familyOf(address) === 4) return addressText(address);
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((address[at]! << 8) | address[at + 1]!).toString(16));
  return groups.join(':');
}

function listenedOn(address: Uint8Array): string {
  const last = familyOf(address) === 4 ? address.subarray(12) : address;
  if (last.every((one) => one === 0)) return 'any';
  return networkOf(address) === 'loopback' ? 'loopback' : 'own';
}

export function networkOf(address: Uint8Array): 'loopback' | 'link-local' | 'private' | 'public' {
  if (familyOf(address) === 6) {
    if (address.subarray(0, 15).every((one) => one === 0) && address[15] === 1) return 'loopback';
    if (address[0] === 0xfe && (address[1]! & 0xc0) === 0x80) return 'link-local';
    return (address[0]! & 0xfe) === 0xfc ? 'private' : 'public';
  }
  const [a = 0, b = 0] = address.subarray(12);
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link-local';
  return a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128) ? 'private' : 'public';
}
