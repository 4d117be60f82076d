/**
 * Byte offsets of the records in sensor/probe/event.h: the only place in TypeScript that knows them. The names are the
 * C names in camel case; layout.test.ts compares every one with the BTF of the compiled object, so they cannot drift.
 */
export const schema = 2;
/** Recordings of these are read: what came later was added beside what was there. */
export const schemasRead: readonly number[] = [1, 2];

export const header = {
  size: 56,
  kind: 0, flags: 2, tgid: 4, timeBootNs: 8, startBootNs: 16, cgroupV1: 24, cgroupV2: 32, execId: 40, tid: 44, uid: 48, generation: 52,
} as const;

export const reference = { size: 16, startBootNs: 0, tgid: 8, execId: 12 } as const;

export const exec = {
  size: 200,
  parent: 56, inode: 72, size_: 80, ctimeNs: 88, capEffective: 96, capPermitted: 104, device: 112, magic: 116, rootMagic: 120, gid: 124,
  containerUid: 128, loginUid: 132, pidInNamespace: 136, parentPidInNamespace: 140, sessionId: 144, terminal: 148, mountNamespace: 152,
  pidNamespace: 156, policyGeneration: 160, rule: 164, origin: 166, verdict: 167, pathBytes: 168, directoryBytes: 170, filenameBytes: 172,
  argumentBytes: 174, comm: 176, processGroup: 192, environmentBytes: 196, pad: 198,
} as const;
/** Of schema 1, which ended before processGroup. */
export const execSizeFirst = 192;

export const fork = { size: 104, parent: 56, pidInNamespace: 72, mountNamespace: 76, comm: 80, cloneFlags: 96, pad: 100 } as const;
/** Of the first records of schema 2 and all of schema 1, which ended before cloneFlags. */
export const forkSizeFirst = 96;

export const exit = { size: 64, exitCode: 56, pad: 60 } as const;

export const cgroup = { size: 96, cgroup: 56, parent: 64, hierarchy: 72, pathBytes: 76, container: 78, pad: 79, comm: 80 } as const;

export const file = {
  size: 104,
  inode: 56, device: 64, magic: 68, openFlags: 72, mode: 76, mountNamespace: 80, pathBytes: 84, origin: 86, pad: 87, askedFlags: 88, askedMode: 92,
  result: 96, call: 100, morePad: 102,
} as const;
/** Of schema 1, which ended before askedFlags. */
export const fileSizeFirst = 88;

export const socket = {
  size: 104,
  localAddress: 56, remoteAddress: 72, localPort: 88, remotePort: 90, family: 92, protocol: 94, result: 96, networkNamespace: 100,
} as const;

export const call = {
  size: 224,
  result: 56, arguments: 64, capEffective: 112, capPermitted: 120, inode: 128, device: 136, mode: 140, localAddress: 144, remoteAddress: 160,
  localPort: 176, remotePort: 178, family: 180, protocol: 182, networkNamespace: 184, gid: 188, effectiveUid: 192, sessionId: 196,
  processGroup: 200, call: 204, callFlags: 206, textBytes: 208, entryBytes: 212, pathBytes: 216, pad: 220,
} as const;

export const dns = { size: 64, messageBytes: 56, pad: 58 } as const;

export const hello = {
  size: 112,
  ringEpoch: 56, ringPosition: 64, wallOffsetNs: 72, scopeCgroup: 80, schema: 88, ringBytes: 92, hostMountNamespace: 96, v1Hierarchy: 100,
  loaderPid: 104, textBytes: 108, session: 110,
} as const;

export const hook = { size: 64, attached: 56, textBytes: 60 } as const;

export const tick = { size: 3672, wallOffsetNs: 56, ringFillBytes: 64, ringFillBytesMax: 72, commandsRefused: 80, seen: 88, lost: 600 } as const;
/** Of schema 1, whose ticks knew 14 kinds. */
export const tickSizeMin = 872;

export const cgroupLoss = { size: 80, cgroup: 56, lost: 64, lostKind: 72, cause: 76 } as const;
/** Of schema 1, which ended before lostKind. */
export const cgroupLossSizeFirst = 72;

export const canary = { size: 216, round: 56, cgroupV1: 64, cgroupV2: 72, phase: 80, problem: 84, outcomes: 88 } as const;

export const table = { size: 88, bytes: 56, bytesMax: 64, entriesMax: 72, entries: 76, nameBytes: 80, pad: 84 } as const;

export const kinds = {
  exec: 1, fork: 2, exit: 3, cgroupCreate: 4, cgroupRemove: 5, cgroupAttach: 6, openWrite: 7, openRead: 8, mapExec: 9, connect: 10,
  accept: 11, listen: 12, process: 13, setuid: 14, setgid: 15, capset: 16, setns: 17, unshare: 18, ptrace: 19, processVmWrite: 20,
  processVmRead: 21, prctl: 22, kill: 23, setpgid: 24, setsid: 25, chroot: 26, chdir: 27, openFailed: 28, mapAnonymous: 29, mprotect: 30,
  rename: 31, link: 32, symlink: 33, unlink: 34, rmdir: 35, mkdir: 36, mknod: 37, chmod: 38, chown: 39, truncate: 40, mount: 41,
  umount: 42, pivotRoot: 43, memfd: 44, socket: 45, bind: 46, send: 47, receive: 48, dup: 49, bpf: 50, moduleLoad: 51, moduleUnload: 52,
  ioUring: 53, userfaultfd: 54, keyctl: 55, connectUnix: 56, dns: 57, max: 64, hello: 64, hook: 65, snapshotEnd: 66, tick: 67,
  cgroupLoss: 68, canary: 72, table: 73,
} as const;

/** Words for kinds and causes as people see them, by number. */
export const classNames = [
  '', 'exec', 'fork', 'exit', 'cgroup-create', 'cgroup-remove', 'cgroup-attach', 'open-write', 'open-read', 'map-exec', 'connect',
  'accept', 'listen', 'process-snapshot', 'setuid', 'setgid', 'capset', 'setns', 'unshare', 'ptrace', 'process-vm-write',
  'process-vm-read', 'prctl', 'kill', 'setpgid', 'setsid', 'chroot', 'chdir', 'open-failed', 'map-anonymous', 'mprotect', 'rename', 'link',
  'symlink', 'unlink', 'rmdir', 'mkdir', 'mknod', 'chmod', 'chown', 'truncate', 'mount', 'umount', 'pivot-root', 'memfd', 'socket', 'bind',
  'send', 'receive', 'dup', 'bpf', 'module-load', 'module-unload', 'io-uring', 'userfaultfd', 'keyctl', 'connect-unix', 'dns', '', '', '',
  '', '', '',
] as const;
export const causeNames = ['ring-full', 'reserve', 'share', 'unreadable', 'map-full', 'missed'] as const;

export const flags = {
  pathTruncated: 0x1, argumentsTruncated: 0x2, argumentsMissing: 0x4, script: 0x8, unlinked: 0x10, hostMounts: 0x20, kernelThread: 0x40,
  nameTruncated: 0x80, presentAtStart: 0x100, enforcementOff: 0x200, outside: 0x400,
} as const;

export const callFlags = { is32Bit: 1, changed: 2, textTruncated: 4, textMissing: 8, entryMissing: 16, ring: 32 } as const;

export const originWords = ['none', 'host', 'image', 'modified', 'dropped', 'memory', 'volume', 'unjudged'] as const;
export const verdictWords = ['none', 'shadow', 'killed', 'kill-failed'] as const;

/** The ring's own head before each record: length with two flag bits, then a word that is all ones for the loader's. */
export const ringHeadBytes = 8;
export const ringDiscarded = 0x40000000;
export const fromLoader = 0xffffffff;
