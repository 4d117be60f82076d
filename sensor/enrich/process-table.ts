/**
 * The processes of this kernel and what each executes, from the snapshot and from exec, fork and exit. Every process
 * keeps its parent's execution, alive or not, so a tree still shows ancestors that exited; an exited process is held
 * exactly as long as a living descendant (or being one of the last few hundred exits) needs it. Bounded: beyond `processesMax` the
 * oldest exited ones go first and, if that is not enough, new processes are known only by their records (counted).
 * Pure: time comes from the events.
 */
import type { CallEvent, ExecEvent, ExitEvent, ForkEvent, Reference, Subject } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';

/**
 * How many exited executions are kept for late records, beside those that living descendants hold. Records of one thread are in order, so late ones
 * are those of an instant; each one kept longer survives collections of the heap, which is what a storm of executions costs most.
 */
const exitedKept = 256;

export class ProcessTable {
  readonly #alive = new Map<number, Execution>();
  /** A ring: records about an execution that is over are rare and come soon after, so it is searched from its newest end. */
  readonly #exited: Execution[] = [];
  #exitedNext = 0;
  readonly #processesMax: number;
  /** Living processes that were forgotten because the table was full. */
  forgotten = 0;

  constructor(processesMax = 65536) {
    this.#processesMax = processesMax;
  }

  get size(): number {
    return this.#alive.size;
  }

  get sizeMax(): number {
    return this.#processesMax;
  }

  living(): IterableIterator<Execution> {
    return this.#alive.values();
  }

  /** The execution that a record is about; null when it is not known. */
  find(reference: Reference): Execution | null {
    const alive = this.#alive.get(reference.tgid);
    if (alive !== undefined && alive.startBootNs === reference.startBootNs && alive.execId === reference.execId) return alive;
    return this.#findExited(reference);
  }

  /** What is still held as alive under an id that a younger process has now: its exit was lost. */
  formerOwner(reference: Reference): Execution | null {
    const alive = this.#alive.get(reference.tgid);
    return alive !== undefined && alive.startBootNs < reference.startBootNs ? alive : null;
  }

  /** The living process with this id, whatever it executes. */
  current(tgid: number, startBootNs: number): Execution | null {
    const alive = this.#alive.get(tgid);
    return alive !== undefined && alive.startBootNs === startBootNs ? alive : null;
  }

  exec(event: ExecEvent): Execution {
    const known = this.current(event.tgid, event.startBootNs);
    const parent = known?.parent ?? this.#parentOf(event.parent);
    const execution = executionOf(event, parent, known?.containerId ?? null);
    const users = known?.kubernetesUsers ?? parent?.kubernetesUsers;
    if (users !== undefined) execution.kubernetesUsers = users;
    // the snapshot had seen what the ring reports now: the same execution, of which the event knows more
    if (known !== null && known.execId === execution.execId) return Object.assign(known, execution);
    if (known !== null) this.#retire(known);
    this.#keep(execution);
    return execution;
  }

  fork(event: ForkEvent): Execution {
    const known = this.current(event.tgid, event.startBootNs);
    if (known !== null) return known;
    const parent = this.#parentOf(event.parent);
    const execution = forkedFrom(event, parent);
    this.#keep(execution);
    return execution;
  }

  /**
   * Who a process runs as and where it stands, as a later call of its main thread left it: a thread's own user is not the process's.
   * Says whether that is news.
   */
  changed(event: CallEvent, execution: Execution): boolean {
    if (event.tid !== event.tgid) return false;
    const isOld =
      execution.uid === event.uid && execution.gid === event.gid && execution.sessionId === event.sessionId && execution.processGroup === event.processGroup &&
      execution.capEffectiveHigh === event.capEffectiveHigh && execution.capEffectiveLow === event.capEffectiveLow &&
      execution.capPermittedHigh === event.capPermittedHigh && execution.capPermittedLow === event.capPermittedLow;
    const { uid, gid, sessionId, processGroup, capEffectiveHigh, capEffectiveLow, capPermittedHigh, capPermittedLow } = event;
    if (!isOld) Object.assign(execution, { uid, gid, sessionId, processGroup, capEffectiveHigh, capEffectiveLow, capPermittedHigh, capPermittedLow });
    if (event.callKind !== 'chdir' || event.result < 0 || event.paths[0] === '' || event.paths[0] === execution.workingDirectory) return !isOld;
    execution.workingDirectory = event.paths[0];
    return true;
  }

  /** null when the process is not known, or its exit was already reported. */
  exit(event: ExitEvent): Execution | null {
    const known = this.current(event.tgid, event.startBootNs);
    if (known === null) return null;
    known.exitedBootNs = event.timeBootNs;
    known.exitCode = event.exitCode;
    known.exitSignal = event.signal;
    this.#alive.delete(event.tgid);
    this.#retire(known);
    return known;
  }

  /** Those that live in this container, the oldest known first. */
  *inContainer(id: string): Generator<Execution, undefined> {
    for (const one of this.#alive.values()) if (one.containerId === id) yield one;
  }

  isInside(tgid: number, id: string): boolean {
    return this.#alive.get(tgid)?.containerId === id;
  }

  /** For a process of which only a later record is known: what that record says, no more. */
  adopt(subject: Subject, command: string, path: string): Execution {
    const execution: Execution = {
      ...unknownFacts,
      tgid: subject.tgid,
      startBootNs: subject.startBootNs,
      execId: subject.execId,
      uid: subject.uid,
      executedBootNs: subject.startBootNs,
      presentAtStart: true,
      command,
      path,
      arguments: [],
    };
    this.#keep(execution);
    return execution;
  }

  /** After a snapshot: what was alive before and is not in it has ended meanwhile. */
  endAllBut(present: (execution: Execution) => boolean, atBootNs: number): Execution[] {
    const ended: Execution[] = [];
    for (const execution of this.#alive.values()) {
      if (present(execution)) continue;
      execution.exitedBootNs = atBootNs;
      ended.push(execution);
    }
    for (const execution of ended) {
      this.#alive.delete(execution.tgid);
      this.#retire(execution);
    }
    return ended;
  }

  /** Puts back what a former sensor process knew. */
  restore(execution: Execution, isAlive: boolean): void {
    if (isAlive) this.#alive.set(execution.tgid, execution);
    else this.#retire(execution);
  }

  #parentOf(reference: Reference): Execution | null {
    if (reference.tgid === 0) return null;
    const exact = this.find(reference);
    if (exact !== null) return exact;
    // the parent may have executed something else between the fork and this record
    const alive = this.#alive.get(reference.tgid);
    return alive !== undefined && Math.abs(alive.startBootNs - reference.startBootNs) < 2e7 ? alive : null;
  }

  #keep(execution: Execution): void {
    if (this.#alive.size >= this.#processesMax && !this.#alive.has(execution.tgid)) {
      this.forgotten += 1;
      return;
    }
    const other = this.#alive.get(execution.tgid);
    if (other !== undefined && other.startBootNs > execution.startBootNs) {
      // a late record of a process whose pid is in use again: a snapshot comes before what the ring still held
      execution.exitedBootNs = other.startBootNs;
      this.#retire(execution);
      return;
    }
    if (other !== undefined && other.startBootNs !== execution.startBootNs) {
      // the pid is in use again and the exit of its last owner was lost
      other.exitedBootNs = execution.startBootNs;
      this.#retire(other);
    }
    this.#alive.set(execution.tgid, execution);
  }

  #retire(execution: Execution): void {
    this.#exited[this.#exitedNext] = execution;
    this.#exitedNext = (this.#exitedNext + 1) % exitedKept;
  }

  #findExited(reference: Reference): Execution | null {
    const { length } = this.#exited;
    for (let back = 1; back <= length; back++) {
      const one = this.#exited[(this.#exitedNext - back + length) % length]!;
      if (one.tgid === reference.tgid && one.execId === reference.execId && one.startBootNs === reference.startBootNs) return one;
    }
    return null;
  }
}

const unknownFacts: Omit<Execution, 'tgid' | 'startBootNs' | 'execId'> = {
  parent: null,
  path: '',
  filename: '',
  arguments: [],
  argumentsTruncated: false,
  workingDirectory: '',
  command: '',
  uid: 0,
  gid: 0,
  containerUid: 0,
  loginUid: 0xffffffff,
  pidInNamespace: 0,
  parentPidInNamespace: 0,
  terminal: 0,
  sessionId: 0,
  origin: 'none',
  capEffectiveHigh: 0,
  capEffectiveLow: 0,
  capPermittedHigh: 0,
  capPermittedLow: 0,
  processGroup: 0,
  ctimeNs: 0,
  executedBootNs: 0,
  presentAtStart: false,
  isKernelThread: false,
  inHostMounts: false,
  isFork: false,
  exitedBootNs: 0,
  exitCode: 0,
  exitSignal: 0,
  containerId: null,
};

function executionOf(event: ExecEvent, parent: Execution | null, containerId: string | null): Execution {
  return {
    tgid: event.tgid,
    startBootNs: event.startBootNs,
    execId: event.execId,
    parent,
    path: event.path,
    filename: event.filename === event.path ? '' : event.filename,
    arguments: event.arguments,
    argumentsTruncated: event.argumentsTruncated,
    workingDirectory: event.workingDirectory,
    command: event.command,
    uid: event.uid,
    gid: event.gid,
    containerUid: event.containerUid,
    loginUid: event.loginUid,
    pidInNamespace: event.pidInNamespace,
    parentPidInNamespace: event.parentPidInNamespace,
    terminal: event.terminal,
    sessionId: event.sessionId,
    origin: event.origin,
    capEffectiveHigh: event.capEffectiveHigh,
    capEffectiveLow: event.capEffectiveLow,
    capPermittedHigh: event.capPermittedHigh,
    capPermittedLow: event.capPermittedLow,
    processGroup: event.processGroup,
    ctimeNs: event.ctimeNs,
    executedBootNs: event.kind === 'process' ? event.startBootNs : event.timeBootNs,
    presentAtStart: event.kind === 'process',
    isKernelThread: event.isKernelThread,
    inHostMounts: event.inHostMounts,
    isFork: false,
    exitedBootNs: 0,
    exitCode: 0,
    exitSignal: 0,
    containerId,
  };
}

/** A fork runs its parent's program; all but the identity is the parent's. */
function forkedFrom(event: ForkEvent, parent: Execution | null): Execution {
  const base = parent ?? unknownFacts;
  return {
    ...base,
    tgid: event.tgid,
    startBootNs: event.startBootNs,
    execId: event.execId,
    parent,
    command: event.command,
    uid: event.uid,
    pidInNamespace: event.pidInNamespace,
    parentPidInNamespace: base.pidInNamespace,
    executedBootNs: event.startBootNs,
    presentAtStart: false,
    isKernelThread: event.isKernelThread,
    isFork: true,
    exitedBootNs: 0,
    exitCode: 0,
    exitSignal: 0,
    containerId: null,
  };
}
