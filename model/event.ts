/**
 * What the kernel reported, decoded: the sensor's events before anything is known about containers or packages. One
 * union, told apart by `kind`. Times are nanoseconds of the boot clock as numbers (exact for 104 days of uptime, and to
 * 2 ns for years). A cgroup key is positive for the v1 hierarchy of the pids controller, negative for the unified (v2)
 * hierarchy and 0 for none, since ids of the two can be equal.
 */
export type CgroupKey = number;

/** What every kernel record says about the process it is about. */
export interface Subject {
  readonly timeBootNs: number;
  readonly tgid: number;
  readonly tid: number;
  /** Of the thread group's leader; with tgid and the boot, the process. */
  readonly startBootNs: number;
  /** The kernel's self_exec_id; with the process, the execution. */
  readonly execId: number;
  readonly uid: number;
  readonly cgroupV1: CgroupKey;
  readonly cgroupV2: CgroupKey;
}

export interface Reference {
  readonly tgid: number;
  readonly startBootNs: number;
  readonly execId: number;
}

/** Where a file came from, as the kernel judged it at exec; `none` where it did not judge. */
export type KernelOrigin = 'none' | 'host' | 'image' | 'modified' | 'dropped' | 'memory' | 'volume' | 'unjudged';
export type KernelVerdict = 'none' | 'shadow' | 'killed' | 'kill-failed';

export interface ExecEvent extends Subject {
  readonly kind: 'exec' | 'process';
  readonly parent: Reference;
  readonly path: string;
  readonly workingDirectory: string;
  readonly filename: string;
  readonly arguments: readonly string[];
  /** The first of it; null: it was not asked for. */
  readonly environment: readonly string[] | null;
  readonly processGroup: number;
  readonly argumentsTruncated: boolean;
  readonly argumentsMissing: boolean;
  readonly pathTruncated: boolean;
  readonly isScript: boolean;
  readonly isUnlinked: boolean;
  /** In a container's cgroup but still in the host's mount namespace: a stage of the runtime. */
  readonly inHostMounts: boolean;
  readonly isKernelThread: boolean;
  readonly inodeHigh: number;
  readonly inodeLow: number;
  readonly device: number;
  readonly sizeBytes: number;
  readonly ctimeNs: number;
  readonly capEffectiveHigh: number;
  readonly capEffectiveLow: number;
  readonly capPermittedHigh: number;
  readonly capPermittedLow: number;
  readonly filesystemMagic: number;
  readonly rootMagic: number;
  readonly gid: number;
  readonly containerUid: number;
  readonly loginUid: number;
  readonly pidInNamespace: number;
  readonly parentPidInNamespace: number;
  readonly sessionId: number;
  readonly terminal: number;
  readonly mountNamespace: number;
  readonly pidNamespace: number;
  readonly command: string;
  readonly origin: KernelOrigin;
  readonly verdict: KernelVerdict;
  readonly rule: number;
  readonly policyGeneration: number;
}

export interface ForkEvent extends Subject {
  readonly kind: 'fork';
  readonly parent: Reference;
  readonly pidInNamespace: number;
  readonly mountNamespace: number;
  /** CLONE_*: what the child shares with its parent and what it has for itself; null: not known. */
  readonly cloneFlags: number | null;
  readonly command: string;
  readonly isKernelThread: boolean;
}

export interface ExitEvent extends Subject {
  readonly kind: 'exit';
  readonly exitCode: number;
  readonly signal: number;
}

export interface CgroupEvent extends Subject {
  readonly kind: 'cgroup-create' | 'cgroup-remove' | 'cgroup-attach';
  readonly cgroup: CgroupKey;
  readonly parentCgroup: CgroupKey;
  readonly path: string;
  /** Of the process that did it. */
  readonly command: string;
  readonly takenForContainer: boolean;
  /** It was there before the sensor: reported from the file system, in order from the root. */
  readonly presentAtStart: boolean;
}

export interface FileEvent extends Subject {
  readonly kind: 'open-write' | 'open-read' | 'map-exec';
  readonly path: string;
  readonly pathTruncated: boolean;
  readonly inodeHigh: number;
  readonly inodeLow: number;
  readonly device: number;
  readonly filesystemMagic: number;
  readonly openFlags: number;
  readonly mode: number;
  readonly mountNamespace: number;
  /** What the call was asked for, of which the kernel forgets some once the file is open. */
  readonly askedFlags: number;
  readonly askedMode: number;
  /** -1: not known. */
  readonly descriptor: number;
  /** Name of the system call; empty: not known. */
  readonly call: string;
}

export interface SocketEvent extends Subject {
  readonly kind: 'connect' | 'accept' | 'listen';
  /** Always 16 bytes, IPv4 mapped. Events share them where they are the same: nobody writes into one. */
  readonly localAddress: Uint8Array;
  readonly remoteAddress: Uint8Array;
  readonly localPort: number;
  readonly remotePort: number;
  readonly family: number;
  readonly protocol: number;
  /** 0, or a negative errno. */
  readonly result: number;
  readonly networkNamespace: number;
}

/** What a call is about, one for each number of the kernel's contract from 14 on. */
export const callKinds = [
  'setuid', 'setgid', 'capset', 'setns', 'unshare', 'ptrace', 'processVmWrite', 'processVmRead', 'prctl', 'kill', 'setpgid', 'setsid',
  'chroot', 'chdir', 'openFailed', 'mapAnonymous', 'mprotect', 'rename', 'link', 'symlink', 'unlink', 'rmdir', 'mkdir', 'mknod', 'chmod',
  'chown', 'truncate', 'mount', 'umount', 'pivotRoot', 'memfd', 'socket', 'bind', 'send', 'receive', 'dup', 'bpf', 'moduleLoad',
  'moduleUnload', 'ioUring', 'userfaultfd', 'keyctl', 'connectUnix',
] as const;
export type CallKind = (typeof callKinds)[number];

/** A socket address as a program gave it. */
export interface GivenAddress {
  readonly family: number;
  /** 16 bytes, IPv4 mapped; null for other families. */
  readonly address: Uint8Array | null;
  readonly port: number;
  /** Of a unix socket; an abstract one begins with @. */
  readonly path: string;
}

/** A system call as it was when it returned. */
export interface CallEvent extends Subject {
  readonly kind: 'call';
  readonly callKind: CallKind;
  /** Name of the system call. */
  readonly call: string;
  readonly is32Bit: boolean;
  /** It was no call, but an operation of io_uring that does the same. */
  readonly byRing: boolean;
  /** What it returned; below 0 a negative errno. */
  readonly result: number;
  /** Six: exact up to 2^53. */
  readonly arguments: readonly number[];
  /** Their lower halves, which is what counts of an int. */
  readonly argumentsLow: readonly number[];
  /** As they were when the call returned. */
  readonly texts: readonly [string, string];
  /** Of mount the type of the file system, of prctl the name that was set; else empty. */
  readonly shortText: string;
  /** As they were at its entry, where that was something else: another thread wrote them meanwhile. */
  readonly textsAtEntry: readonly [string | null, string | null];
  readonly changed: boolean;
  readonly textMissing: boolean;
  readonly textTruncated: boolean;
  readonly given: GivenAddress | null;
  readonly givenAtEntry: GivenAddress | null;
  /** Of the descriptor's file, of where a relative text begins, or of where the process stands now; empty: there is none. */
  readonly paths: readonly [string, string];
  /** Of the descriptor's file; 0: there is none. */
  readonly mode: number;
  readonly inodeHigh: number;
  readonly inodeLow: number;
  readonly device: number;
  /** Of the descriptor's socket; 0: it is none. */
  readonly family: number;
  readonly protocol: number;
  readonly localAddress: Uint8Array;
  readonly remoteAddress: Uint8Array;
  readonly localPort: number;
  readonly remotePort: number;
  readonly networkNamespace: number;
  /** Of the process, afterwards. */
  readonly gid: number;
  readonly effectiveUid: number;
  readonly sessionId: number;
  readonly processGroup: number;
  readonly capEffectiveHigh: number;
  readonly capEffectiveLow: number;
  readonly capPermittedHigh: number;
  readonly capPermittedLow: number;
}

/** What a name server answered, as the process got it: the message, copied. */
export interface DnsEvent extends Subject {
  readonly kind: 'dns';
  readonly message: Uint8Array;
}

export interface HelloEvent {
  readonly kind: 'hello';
  readonly timeBootNs: number;
  readonly ringEpoch: number;
  readonly ringPosition: number;
  readonly wallOffsetNs: number;
  readonly scopeCgroup: CgroupKey;
  readonly schema: number;
  readonly ringBytes: number;
  readonly hostMountNamespace: number;
  readonly v1Hierarchy: number;
  readonly loaderPid: number;
  readonly session: number;
  readonly kernelRelease: string;
  readonly bootId: string;
  readonly architecture: string;
  /** Why nothing is loaded; empty when the programs are. */
  readonly problem: string;
}

export interface HookEvent {
  readonly kind: 'hook';
  readonly timeBootNs: number;
  readonly eventClass: string;
  readonly hook: string;
  readonly attached: boolean;
  readonly reason: string;
  readonly misses: string;
}

export interface SnapshotEndEvent {
  readonly kind: 'snapshot-end';
  readonly timeBootNs: number;
}

/** Records lost since the ring was made, by class and cause; only what is not zero. */
export interface Loss {
  readonly eventClass: string;
  readonly cause: string;
  readonly count: number;
}

export interface TickEvent {
  readonly kind: 'tick';
  readonly timeBootNs: number;
  readonly wallOffsetNs: number;
  readonly ringFillBytes: number;
  readonly ringFillBytesMax: number;
  readonly commandsRefused: number;
  /** Nothing is stopped any more, by command or by the dead man; only a new loader enforces again. */
  readonly enforcementOff: boolean;
  readonly eventsSeen: number;
  readonly losses: readonly Loss[];
}

export interface CgroupLossEvent {
  readonly kind: 'cgroup-loss';
  readonly timeBootNs: number;
  readonly cgroup: CgroupKey;
  readonly lost: number;
  /** null: all classes and causes as one, as schema 1 had it. */
  readonly of: { readonly eventClass: string; readonly cause: string } | null;
}

/** A canary (sensor/probe/loader/canary.c): who it is before it acts, and afterwards which acts it did. */
export interface CanaryEvent {
  readonly kind: 'canary';
  readonly timeBootNs: number;
  readonly round: number;
  readonly phase: 'begins' | 'ended';
  readonly tgid: number;
  readonly cgroupV1: CgroupKey;
  readonly cgroupV2: CgroupKey;
  /** Of the whole: an errno; 0: none. */
  readonly problem: number;
  readonly done: readonly string[];
  /** Classes of which no act can be done here, with the errno. */
  readonly impossible: readonly { readonly eventClass: string; readonly errno: number }[];
}

/** One of the kernel's tables. */
export interface TableEvent {
  readonly kind: 'table';
  readonly timeBootNs: number;
  readonly name: string;
  /** null: not counted, or not made of entries. */
  readonly entries: number | null;
  readonly entriesMax: number | null;
  readonly bytes: number;
  readonly bytesMax: number;
}

export type KernelEvent =
  | ExecEvent
  | ForkEvent
  | ExitEvent
  | CgroupEvent
  | FileEvent
  | SocketEvent
  | CallEvent
  | DnsEvent
  | HelloEvent
  | HookEvent
  | SnapshotEndEvent
  | TickEvent
  | CgroupLossEvent
  | CanaryEvent
  | TableEvent;
