/** Events for tests, with everything filled in that a test does not care about. */
import type { CallEvent, CgroupEvent, ExecEvent, ExitEvent, FileEvent, ForkEvent, HelloEvent, SocketEvent } from '@vedette/model/event';

export const bootId = '0edf5140-55fa-487a-b87b-ce6dd8136631';

const subject = { timeBootNs: 1000, tgid: 100, tid: 100, startBootNs: 900, execId: 2, uid: 0, cgroupV1: 1, cgroupV2: -1 };

export function execEvent(more: Partial<ExecEvent> = {}): ExecEvent {
  return {
    kind: 'exec', ...subject, tid: more.tgid ?? 100, parent: { tgid: 1, startBootNs: 1, execId: 1 }, path: '/usr/bin/true', workingDirectory: '/', filename: '/usr/bin/true',
    arguments: ['true'], environment: null, processGroup: 100, argumentsTruncated: false, argumentsMissing: false, pathTruncated: false, isScript: false, isUnlinked: false,
    inHostMounts: false, isKernelThread: false, inodeHigh: 0, inodeLow: 5, device: 1, sizeBytes: 100, ctimeNs: 1, capEffectiveHigh: 0,
    capEffectiveLow: 0, capPermittedHigh: 0, capPermittedLow: 0, filesystemMagic: 0x794c7630, rootMagic: 0x794c7630, gid: 0, containerUid: 0,
    loginUid: 0xffffffff, pidInNamespace: 5, parentPidInNamespace: 1, sessionId: 1, terminal: 0, mountNamespace: 7, pidNamespace: 8,
    command: 'true', origin: 'image', verdict: 'none', rule: 0, policyGeneration: 0, ...more,
  };
}

export function forkEvent(more: Partial<ForkEvent> = {}): ForkEvent {
  return { kind: 'fork', ...subject, parent: { tgid: 1, startBootNs: 1, execId: 1 }, pidInNamespace: 5, mountNamespace: 7, cloneFlags: 0, command: 'true', isKernelThread: false, ...more };
}

export function exitEvent(more: Partial<ExitEvent> = {}): ExitEvent {
  return { kind: 'exit', ...subject, exitCode: 0, signal: 0, ...more };
}

export function fileEvent(more: Partial<FileEvent> = {}): FileEvent {
  return {
    kind: 'open-read', ...subject, path: '/etc/hosts', pathTruncated: false, inodeHigh: 0, inodeLow: 9, device: 1, filesystemMagic: 0x794c7630,
    openFlags: 0, mode: 0o100644, mountNamespace: 7, askedFlags: more.openFlags ?? 0, askedMode: 0, descriptor: 3, call: 'openat', ...more,
  };
}

export function cgroupEvent(more: Partial<CgroupEvent> = {}): CgroupEvent {
  return { kind: 'cgroup-create', ...subject, cgroup: 17, parentCgroup: 8, path: '/lab/web', command: 'runc', takenForContainer: true, presentAtStart: false, ...more };
}

export function helloEvent(more: Partial<HelloEvent> = {}): HelloEvent {
  return {
    kind: 'hello', timeBootNs: 500, ringEpoch: 77, ringPosition: 0, wallOffsetNs: 1_795_393_082_000_000_000, scopeCgroup: 0, schema: 2, ringBytes: 8 << 20,
    hostMountNamespace: 3, v1Hierarchy: 8, loaderPid: 10, session: 1, kernelRelease: '6.18.0', bootId, architecture: 'x86_64', problem: '', ...more,
  };
}

export function socketEvent(more: Partial<SocketEvent> = {}): SocketEvent {
  return {
    kind: 'connect', ...subject, localAddress: ipv4(10, 0, 0, 2), remoteAddress: ipv4(192, 0, 2, 7), localPort: 40001, remotePort: 443, family: 2, protocol: 6,
    result: 0, networkNamespace: 9, ...more,
  };
}

export function callEvent(more: Partial<CallEvent> = {}): CallEvent {
  return {
    kind: 'call', callKind: 'symlink', call: 'symlink', ...subject, is32Bit: false, byRing: false, shortText: '', result: 0, arguments: [0, 0, 0, 0, 0, 0],
    argumentsLow: (more.arguments ?? [0, 0, 0, 0, 0, 0]).map((one) => one >>> 0), texts: ['', ''], textsAtEntry: [null, null], changed: false, textMissing: false, textTruncated: false,
    given: null, givenAtEntry: null, paths: ['', ''], mode: 0, inodeHigh: 0, inodeLow: 0, device: 0, family: 0, protocol: 0, localAddress: new Uint8Array(16), remoteAddress: new Uint8Array(16),
    localPort: 0, remotePort: 0, networkNamespace: 9, gid: 0, effectiveUid: 0, sessionId: 1, processGroup: 100, capEffectiveHigh: 0, capEffectiveLow: 0, capPermittedHigh: 0, capPermittedLow: 0, ...more,
  };
}

/** As the kernel programs write it: mapped into IPv6. */
export function ipv4(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes]);
}
