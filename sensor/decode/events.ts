/**
 * One record of the pipe to one event of model/event.ts. The record was made by our own kernel programs or our own
 * loader, but its lengths are still checked against the frame, because a recording may come from anywhere: what does
 * not fit is `null`, which the stream counts.
 */
import type { CanaryEvent, CgroupEvent, CgroupLossEvent, ExecEvent, ExitEvent, FileEvent, ForkEvent, HelloEvent, HookEvent, KernelEvent, Loss, Reference, SocketEvent, TableEvent, TickEvent } from '@vedette/model/event';
import { callNames } from './calls.ts';
import { callKindOf, decodeCall, decodeDns } from './call-event.ts';
import * as at from './layout.ts';
import { componentsToPath } from './path.ts';
import type { RecordReader } from './records.ts';
import { LastBlock, plainText, TextCache } from './text-cache.ts';

export class EventDecoder {
  readonly #paths = new TextCache(componentsToPath);
  readonly #texts = new TextCache(plainText);
  /** Of the connection before: addresses repeat, and one copy then stands for all. Nobody writes into it. */
  #local: Uint8Array = new Uint8Array(16);
  #remote: Uint8Array = new Uint8Array(16);
  readonly #arguments = new LastBlock(this.#texts);
  readonly #environment = new LastBlock(this.#texts);
  /** Of the session whose records these are, by its hello. */
  #schema: number = at.schema;

  /** `offset`: of the record, behind its ring head; `length`: its bytes. null: malformed or of an unknown kind. */
  decode(reader: RecordReader, offset: number, length: number): KernelEvent | null {
    if (length < at.header.size) return null;
    switch (reader.u16(offset)) {
      case at.kinds.exec:
        return this.#exec(reader, offset, length, 'exec');
      case at.kinds.process:
        return this.#exec(reader, offset, length, 'process');
      case at.kinds.fork:
        return length < at.forkSizeFirst ? null : this.#fork(reader, offset, length);
      case at.kinds.exit:
        return length < at.exit.size ? null : decodeExit(reader, offset);
      case at.kinds.cgroupCreate:
        return decodeCgroup(reader, offset, length, 'cgroup-create');
      case at.kinds.cgroupRemove:
        return decodeCgroup(reader, offset, length, 'cgroup-remove');
      case at.kinds.cgroupAttach:
        return decodeCgroup(reader, offset, length, 'cgroup-attach');
      case at.kinds.openWrite:
        return this.#file(reader, offset, length, 'open-write');
      case at.kinds.openRead:
        return this.#file(reader, offset, length, 'open-read');
      case at.kinds.mapExec:
        return this.#file(reader, offset, length, 'map-exec');
      case at.kinds.connect:
        return this.#socket(reader, offset, length, 'connect');
      case at.kinds.accept:
        return this.#socket(reader, offset, length, 'accept');
      case at.kinds.listen:
        return this.#socket(reader, offset, length, 'listen');
      case at.kinds.dns:
        return decodeDns(reader, offset, length);
      default: {
        const callKind = callKindOf(reader.u16(offset));
        return callKind === null ? this.#loaders(reader, offset, length) : decodeCall(reader, offset, length, callKind, this.#texts, this.#paths);
      }
    }
  }

  #loaders(reader: RecordReader, offset: number, length: number): KernelEvent | null {
    const event = decodeLoaderRecord(reader, offset, length);
    if (event?.kind === 'hello') this.#schema = event.schema;
    return event;
  }

  /** One flat literal on purpose: an event put together from parts costs half as much again. */
  #exec(reader: RecordReader, offset: number, length: number, kind: 'exec' | 'process'): ExecEvent | null {
    const size = this.#schema === 1 ? at.execSizeFirst : at.exec.size;
    if (length < size) return null;
    const flags = reader.u16(offset + at.header.flags);
    const pathAt = offset + size;
    const pathBytes = reader.u16(offset + at.exec.pathBytes);
    const directoryAt = pathAt + pathBytes;
    const directoryBytes = reader.u16(offset + at.exec.directoryBytes);
    const filenameAt = directoryAt + directoryBytes;
    const filenameBytes = reader.u16(offset + at.exec.filenameBytes);
    const argumentsAt = filenameAt + filenameBytes;
    const argumentBytes = reader.u16(offset + at.exec.argumentBytes);
    const environmentBytes = size < at.exec.size ? 0 : reader.u16(offset + at.exec.environmentBytes);
    if (argumentsAt + argumentBytes + environmentBytes > offset + length) return null;
    return {
      kind,
      timeBootNs: reader.u64(offset + at.header.timeBootNs),
      tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
      startBootNs: reader.u64(offset + at.header.startBootNs),
      execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
      cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
      parent: decodeReference(reader, offset + at.exec.parent),
      // a kernel thread executes nothing; every program has at least a name
      path: pathBytes === 0 ? '' : this.#path(reader, pathAt, pathBytes, (flags & at.flags.pathTruncated) !== 0),
      workingDirectory: this.#path(reader, directoryAt, directoryBytes, false),
      filename: this.#texts.decode(reader, filenameAt, filenameBytes - 1),
      arguments: this.#arguments.decode(reader, argumentsAt, argumentBytes),
      environment: environmentBytes === 0 ? null : this.#environment.decode(reader, argumentsAt + argumentBytes, environmentBytes),
      processGroup: size < at.exec.size ? 0 : reader.u32(offset + at.exec.processGroup),
      argumentsTruncated: (flags & at.flags.argumentsTruncated) !== 0, argumentsMissing: (flags & at.flags.argumentsMissing) !== 0,
      pathTruncated: (flags & at.flags.pathTruncated) !== 0,
      isScript: (flags & at.flags.script) !== 0, isUnlinked: (flags & at.flags.unlinked) !== 0,
      inHostMounts: (flags & at.flags.hostMounts) !== 0, isKernelThread: (flags & at.flags.kernelThread) !== 0,
      inodeHigh: reader.u32(offset + at.exec.inode + 4), inodeLow: reader.u32(offset + at.exec.inode), device: reader.u32(offset + at.exec.device),
      sizeBytes: reader.u64(offset + at.exec.size_), ctimeNs: reader.u64(offset + at.exec.ctimeNs),
      capEffectiveHigh: reader.u32(offset + at.exec.capEffective + 4), capEffectiveLow: reader.u32(offset + at.exec.capEffective),
      capPermittedHigh: reader.u32(offset + at.exec.capPermitted + 4), capPermittedLow: reader.u32(offset + at.exec.capPermitted),
      filesystemMagic: reader.u32(offset + at.exec.magic), rootMagic: reader.u32(offset + at.exec.rootMagic),
      gid: reader.u32(offset + at.exec.gid), containerUid: reader.u32(offset + at.exec.containerUid), loginUid: reader.u32(offset + at.exec.loginUid),
      pidInNamespace: reader.u32(offset + at.exec.pidInNamespace), parentPidInNamespace: reader.u32(offset + at.exec.parentPidInNamespace),
      sessionId: reader.u32(offset + at.exec.sessionId), terminal: reader.u32(offset + at.exec.terminal),
      mountNamespace: reader.u32(offset + at.exec.mountNamespace), pidNamespace: reader.u32(offset + at.exec.pidNamespace),
      command: this.#texts.decode(reader, offset + at.exec.comm, reader.commandLength(offset + at.exec.comm)),
      origin: at.originWords[reader.u8(offset + at.exec.origin)] ?? 'none', verdict: at.verdictWords[reader.u8(offset + at.exec.verdict)] ?? 'none',
      rule: reader.u16(offset + at.exec.rule), policyGeneration: reader.u32(offset + at.exec.policyGeneration),
    };
  }

  /** `truncated`: components towards the root are missing, shown as a leading `…`. */
  #path(reader: RecordReader, from: number, length: number, truncated: boolean): string {
    const path = this.#paths.decode(reader, from, length);
    if (!truncated) return path;
    return path === '/' ? '…' : `…${path}`;
  }

  #fork(reader: RecordReader, offset: number, length: number): ForkEvent {
    return {
      kind: 'fork',
      timeBootNs: reader.u64(offset + at.header.timeBootNs),
      tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
      startBootNs: reader.u64(offset + at.header.startBootNs),
      execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
      cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
      parent: decodeReference(reader, offset + at.fork.parent),
      pidInNamespace: reader.u32(offset + at.fork.pidInNamespace),
      mountNamespace: reader.u32(offset + at.fork.mountNamespace),
      cloneFlags: length < at.fork.size ? null : reader.u32(offset + at.fork.cloneFlags),
      command: this.#texts.decode(reader, offset + at.fork.comm, reader.commandLength(offset + at.fork.comm)),
      isKernelThread: (reader.u16(offset + at.header.flags) & at.flags.kernelThread) !== 0,
    };
  }

  #file(reader: RecordReader, offset: number, length: number, kind: FileEvent['kind']): FileEvent | null {
    const size = this.#schema === 1 ? at.fileSizeFirst : at.file.size;
    if (length < size) return null;
    const pathBytes = reader.u16(offset + at.file.pathBytes);
    if (size + pathBytes > length) return null;
    const asked = size >= at.file.size;
    const truncated = (reader.u16(offset + at.header.flags) & at.flags.pathTruncated) !== 0;
    return {
      kind,
      timeBootNs: reader.u64(offset + at.header.timeBootNs),
      tgid: reader.u32(offset + at.header.tgid),
      tid: reader.u32(offset + at.header.tid),
      startBootNs: reader.u64(offset + at.header.startBootNs),
      execId: reader.u32(offset + at.header.execId),
      uid: reader.u32(offset + at.header.uid),
      cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1),
      cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
      path: this.#path(reader, offset + size, pathBytes, truncated),
      pathTruncated: truncated,
      inodeHigh: reader.u32(offset + at.file.inode + 4),
      inodeLow: reader.u32(offset + at.file.inode),
      device: reader.u32(offset + at.file.device),
      filesystemMagic: reader.u32(offset + at.file.magic),
      openFlags: reader.u32(offset + at.file.openFlags),
      mode: reader.u32(offset + at.file.mode),
      mountNamespace: reader.u32(offset + at.file.mountNamespace),
      askedFlags: asked ? reader.u32(offset + at.file.askedFlags) : reader.u32(offset + at.file.openFlags),
      askedMode: asked ? reader.u32(offset + at.file.askedMode) : 0,
      descriptor: asked ? reader.i32(offset + at.file.result) : -1,
      call: asked ? (callNames[reader.u16(offset + at.file.call)] ?? '') : '',
    };
  }

  #socket(reader: RecordReader, offset: number, length: number, kind: SocketEvent['kind']): SocketEvent | null {
    if (length < at.socket.size) return null;
    this.#local = addressAt(reader.bytes, offset + at.socket.localAddress, this.#local);
    this.#remote = addressAt(reader.bytes, offset + at.socket.remoteAddress, this.#remote);
    return {
      kind,
      timeBootNs: reader.u64(offset + at.header.timeBootNs),
      tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
      startBootNs: reader.u64(offset + at.header.startBootNs),
      execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
      cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
      localAddress: this.#local,
      remoteAddress: this.#remote,
      localPort: reader.u16(offset + at.socket.localPort),
      remotePort: reader.u16(offset + at.socket.remotePort),
      family: reader.u16(offset + at.socket.family),
      protocol: reader.u16(offset + at.socket.protocol),
      result: reader.i32(offset + at.socket.result),
      networkNamespace: reader.u32(offset + at.socket.networkNamespace),
    };
  }
}

function addressAt(bytes: Uint8Array, from: number, before: Uint8Array): Uint8Array {
  for (let index = 0; index < 16; index++) if (bytes[from + index] !== before[index]) return new Uint8Array(bytes.subarray(from, from + 16));
  return before;
}

function subject(reader: RecordReader, offset: number) {
  return {
    timeBootNs: reader.u64(offset + at.header.timeBootNs),
    tgid: reader.u32(offset + at.header.tgid),
    tid: reader.u32(offset + at.header.tid),
    startBootNs: reader.u64(offset + at.header.startBootNs),
    execId: reader.u32(offset + at.header.execId),
    uid: reader.u32(offset + at.header.uid),
    cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1),
    cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
  };
}

function decodeReference(reader: RecordReader, offset: number): Reference {
  return {
    tgid: reader.u32(offset + at.reference.tgid),
    startBootNs: reader.u64(offset + at.reference.startBootNs),
    execId: reader.u32(offset + at.reference.execId),
  };
}

function decodeExit(reader: RecordReader, offset: number): ExitEvent {
  const code = reader.u32(offset + at.exit.exitCode);
  return {
    kind: 'exit',
    timeBootNs: reader.u64(offset + at.header.timeBootNs),
    tgid: reader.u32(offset + at.header.tgid), tid: reader.u32(offset + at.header.tid),
    startBootNs: reader.u64(offset + at.header.startBootNs),
    execId: reader.u32(offset + at.header.execId), uid: reader.u32(offset + at.header.uid),
    cgroupV1: reader.cgroupKey(offset + at.header.cgroupV1), cgroupV2: reader.cgroupKey(offset + at.header.cgroupV2),
    exitCode: (code >>> 8) & 0xff, signal: code & 0x7f,
  };
}

function decodeCgroup(reader: RecordReader, offset: number, length: number, kind: CgroupEvent['kind']): CgroupEvent | null {
  if (length < at.cgroup.size) return null;
  const pathBytes = reader.u16(offset + at.cgroup.pathBytes);
  if (at.cgroup.size + pathBytes > length) return null;
  return {
    kind,
    ...subject(reader, offset),
    cgroup: reader.cgroupKey(offset + at.cgroup.cgroup),
    parentCgroup: reader.cgroupKey(offset + at.cgroup.parent),
    path: reader.text(offset + at.cgroup.size, pathBytes - 1),
    command: reader.text(offset + at.cgroup.comm, reader.commandLength(offset + at.cgroup.comm)),
    takenForContainer: reader.u8(offset + at.cgroup.container) === 1,
    presentAtStart: (reader.u16(offset + at.header.flags) & at.flags.presentAtStart) !== 0,
  };
}

function decodeLoaderRecord(reader: RecordReader, offset: number, length: number): KernelEvent | null {
  const timeBootNs = reader.u64(offset + at.header.timeBootNs);
  switch (reader.u16(offset)) {
    case at.kinds.hello:
      return length < at.hello.size ? null : decodeHello(reader, offset, length, timeBootNs);
    case at.kinds.hook:
      return length < at.hook.size ? null : decodeHook(reader, offset, length, timeBootNs);
    case at.kinds.snapshotEnd:
      return { kind: 'snapshot-end', timeBootNs };
    case at.kinds.tick:
      return length < at.tickSizeMin ? null : decodeTick(reader, offset, length, timeBootNs);
    case at.kinds.cgroupLoss:
      return length < at.cgroupLossSizeFirst ? null : decodeCgroupLoss(reader, offset, length, timeBootNs);
    case at.kinds.canary:
      return length < at.canary.size ? null : decodeCanary(reader, offset, timeBootNs);
    case at.kinds.table:
      return length < at.table.size ? null : decodeTable(reader, offset, length, timeBootNs);
    default:
      return null;
  }
}

function decodeHello(reader: RecordReader, offset: number, length: number, timeBootNs: number): HelloEvent | null {
  const textBytes = reader.u16(offset + at.hello.textBytes);
  if (at.hello.size + textBytes > length) return null;
  const [kernelRelease = '', bootId = '', architecture = '', problem = ''] = reader.texts(offset + at.hello.size, textBytes);
  return {
    kind: 'hello',
    timeBootNs,
    ringEpoch: reader.u64(offset + at.hello.ringEpoch),
    ringPosition: reader.u64(offset + at.hello.ringPosition),
    wallOffsetNs: reader.u64(offset + at.hello.wallOffsetNs),
    scopeCgroup: reader.cgroupKey(offset + at.hello.scopeCgroup),
    schema: reader.u32(offset + at.hello.schema),
    ringBytes: reader.u32(offset + at.hello.ringBytes),
    hostMountNamespace: reader.u32(offset + at.hello.hostMountNamespace),
    v1Hierarchy: reader.u32(offset + at.hello.v1Hierarchy),
    loaderPid: reader.u32(offset + at.hello.loaderPid),
    session: reader.u16(offset + at.hello.session),
    kernelRelease,
    bootId,
    architecture,
    problem,
  };
}

function decodeHook(reader: RecordReader, offset: number, length: number, timeBootNs: number): HookEvent | null {
  const textBytes = reader.u32(offset + at.hook.textBytes);
  if (at.hook.size + textBytes > length) return null;
  const [eventClass = '', hook = '', reason = '', misses = ''] = reader.texts(offset + at.hook.size, textBytes);
  return { kind: 'hook', timeBootNs, eventClass, hook, attached: reader.u32(offset + at.hook.attached) === 1, reason, misses };
}

/** A tick of an earlier schema knows fewer kinds, and its length says how many. */
function decodeTick(reader: RecordReader, offset: number, length: number, timeBootNs: number): TickEvent {
  const kindCount = Math.floor((length - at.tick.seen) / (8 * (1 + at.causeNames.length)));
  const lost = at.tick.seen + kindCount * 8;
  const losses: Loss[] = [];
  let eventsSeen = 0;
  for (let kind = 1; kind < kindCount; kind++) {
    eventsSeen += reader.u64(offset + at.tick.seen + kind * 8);
    for (let cause = 0; cause < at.causeNames.length; cause++) {
      const count = reader.u64(offset + lost + (kind * at.causeNames.length + cause) * 8);
      if (count > 0) losses.push({ eventClass: at.classNames[kind] ?? `kind-${kind}`, cause: at.causeNames[cause]!, count });
    }
  }
  return {
    kind: 'tick',
    timeBootNs,
    wallOffsetNs: reader.u64(offset + at.tick.wallOffsetNs),
    ringFillBytes: reader.u64(offset + at.tick.ringFillBytes),
    ringFillBytesMax: reader.u64(offset + at.tick.ringFillBytesMax),
    commandsRefused: reader.u64(offset + at.tick.commandsRefused),
    enforcementOff: (reader.u16(offset + at.header.flags) & at.flags.enforcementOff) !== 0,
    eventsSeen,
    losses,
  };
}

function decodeCgroupLoss(reader: RecordReader, offset: number, length: number, timeBootNs: number): CgroupLossEvent {
  const kind = length < at.cgroupLoss.size ? 0 : reader.u32(offset + at.cgroupLoss.lostKind);
  return {
    kind: 'cgroup-loss',
    timeBootNs,
    cgroup: reader.cgroupKey(offset + at.cgroupLoss.cgroup),
    lost: reader.u64(offset + at.cgroupLoss.lost),
    of: kind === 0 ? null : { eventClass: at.classNames[kind] ?? `kind-${kind}`, cause: at.causeNames[reader.u32(offset + at.cgroupLoss.cause)] ?? 'unknown' },
  };
}

function decodeCanary(reader: RecordReader, offset: number, timeBootNs: number): CanaryEvent {
  const done: string[] = [];
  const impossible: { eventClass: string; errno: number }[] = [];
  for (const [kind, eventClass] of at.classNames.entries()) {
    const outcome = (reader.u16(offset + at.canary.outcomes + kind * 2) << 16) >> 16;
    if (eventClass === '' || outcome === 0) continue;
    if (outcome > 0) done.push(eventClass);
    else impossible.push({ eventClass, errno: -outcome });
  }
  return {
    kind: 'canary',
    timeBootNs,
    round: reader.u64(offset + at.canary.round),
    phase: reader.u32(offset + at.canary.phase) === 1 ? 'begins' : 'ended',
    tgid: reader.u32(offset + at.header.tgid),
    cgroupV1: reader.cgroupKey(offset + at.canary.cgroupV1),
    cgroupV2: reader.cgroupKey(offset + at.canary.cgroupV2),
    problem: Math.abs(reader.i32(offset + at.canary.problem)),
    done,
    impossible,
  };
}

const notCounted = 0xffffffff;

function decodeTable(reader: RecordReader, offset: number, length: number, timeBootNs: number): TableEvent | null {
  const nameBytes = reader.u32(offset + at.table.nameBytes);
  if (at.table.size + nameBytes > length) return null;
  const [entries, entriesMax] = [reader.u32(offset + at.table.entries), reader.u32(offset + at.table.entriesMax)];
  return {
    kind: 'table',
    timeBootNs,
    name: reader.texts(offset + at.table.size, nameBytes)[0] ?? '',
    entries: entries === notCounted ? null : entries,
    entriesMax: entriesMax === 0 ? null : entriesMax,
    bytes: reader.u64(offset + at.table.bytes),
    bytesMax: reader.u64(offset + at.table.bytesMax),
  };
}
