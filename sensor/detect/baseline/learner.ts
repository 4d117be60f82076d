/**
 * What each container has done, by its behaviours: what is new since the last commit goes to the hub, which unites it; how well the container was
 * watched goes with it. Where a baseline is in force for the container (watch.ts), what it does not hold becomes a detection, once a container and
 * behaviour. What a container does before anybody knows which image it is of is judged when the runtime has answered. Nothing is kept over a restart
 * of the sensor: what is done again is told again, and uniting it changes nothing. Bounded in containers' behaviours over all and each; what did not
 * fit is counted and said. Pure.
 */
import type { Behaviour } from '@vedette/model/baseline';
import type { BehaviourKind } from '@vedette/model/baseline-words';
import type { Container } from '@vedette/model/container';
import type { CallEvent, ExecEvent, FileEvent, HookEvent, SocketEvent } from '@vedette/model/event';
import type { DetectionFound } from '@vedette/model/finding';
import type { Execution } from '@vedette/model/process';
import { Behaviours, behavioursMax } from '@vedette/policy/baseline/behaviours';
import { callAct, capabilityActs, executionActs, fileAct, rawExecution, socketAct } from './acts.ts';
import { BaselineWatch, type Act } from './watch.ts';

/** A behaviour takes some 400 bytes with its words, so all of them stay below 24 MiB. */
const behavioursOfAllMax = 60_000;
/** Repetitions that are recognised before anything is normalised, a container. */
const rawMax = 512;
/** Acts of one container that wait for its identity with all that a detection needs. */
const waitingMax = 256;
/** A container that does nothing new is still reported this often, so that the time it was watched grows. */
const quietReportNs = 15e9;

interface Learned {
  readonly id: string;
  readonly fromBootNs: number;
  readonly seenFromStart: boolean;
  /** Its first program was executed: what was done in it before was the runtime's work. */
  hasProgram: boolean;
  readonly behaviours: Behaviours;
  readonly raw: Set<string>;
  news: BehaviourSeen[];
  waiting: Act[];
  lost: number;
  isChanged: boolean;
  reportedUntilBootNs: number;
}

/** What it looks at beside what programs of their own report: names in the file system, and names of peers. */
export const learnedKinds = ['dns', 'mkdir', 'mknod', 'rename', 'link', 'symlink', 'capset', 'bind'] as const;

export interface BehaviourSeen {
  readonly behaviour: Behaviour;
  readonly firstBootNs: number;
  readonly program: string;
}

export interface RingSession {
  readonly id: number;
  readonly fromBootNs: number;
}

/** What goes to the hub of one container. */
export interface LearnedReport {
  readonly containerId: string;
  readonly session: number;
  readonly fromBootNs: number;
  readonly untilBootNs: number;
  readonly seenFromStart: boolean;
  readonly recordsLost: number;
  readonly cut: number;
  readonly seen: readonly BehaviourSeen[];
  readonly hasEnded: boolean;
}

export class Learner {
  readonly watch = new BaselineWatch();
  readonly #containers = new Map<string, Learned>();
  #ended: LearnedReport[] = [];
  #session: RingSession = { id: 0, fromBootNs: 0 };
  #kept = 0;

  /** One ring of the kernel, which may outlive this process: containers that were there before it are watched from its begin. */
  session(id: number, fromBootNs: number): void {
    if (id === this.#session.id) return;
    this.#session = { id, fromBootNs };
  }

  /** For the state log. */
  get watching(): RingSession {
    return this.#session;
  }

  began(container: Container): void {
    if (this.#containers.has(container.id)) return;
    const { fromBootNs } = this.#session;
    const isOfSession = container.startedBootNs >= fromBootNs && container.seenFromStart;
    this.#containers.set(container.id, {
      id: container.id,
      fromBootNs: isOfSession ? container.startedBootNs : fromBootNs,
      seenFromStart: isOfSession,
      hasProgram: !isOfSession,
      behaviours: new Behaviours([], behavioursMax),
      raw: new Set(),
      news: [],
      waiting: [],
      lost: 0,
      isChanged: true,
      reportedUntilBootNs: 0,
    });
  }

  executed(event: ExecEvent, execution: Execution, container: Container): DetectionFound[] {
    const one = this.#of(container);
    one.hasProgram = true;
    if (execution.path === '' || !isNewRaw(one, rawExecution(execution))) return [];
    return executionActs(execution).flatMap((behaviour) => this.#did(one, container, { behaviour, execution, eventClass: 'exec', atBootNs: event.timeBootNs }));
  }

  file(event: FileEvent, execution: Execution, container: Container): DetectionFound[] {
    if (event.kind !== 'open-write') return [];
    const one = this.#of(container);
    if (isRuntimes(one, execution) || !isNewRaw(one, event.path)) return [];
    const behaviour = fileAct(event);
    return behaviour === null ? [] : this.#did(one, container, { behaviour, execution, eventClass: 'open', atBootNs: event.timeBootNs });
  }

  socket(event: SocketEvent, execution: Execution, container: Container, remoteName: () => string | null): DetectionFound[] {
    const one = this.#of(container);
    if (isRuntimes(one, execution)) return [];
    const behaviour = socketAct(event, event.kind === 'connect' ? remoteName() : null);
    return this.#did(one, container, { behaviour, execution, eventClass: event.kind, atBootNs: event.timeBootNs });
  }

  call(event: CallEvent, execution: Execution, container: Container): DetectionFound[] {
    const one = this.#of(container);
    if (isRuntimes(one, execution)) return [];
    const made = callAct(event, execution);
    const acts = made === null ? (event.callKind === 'capset' && event.result >= 0 ? capabilityActs(event) : []) : [made];
    return acts.flatMap((behaviour) => this.#did(one, container, { behaviour, execution, eventClass: event.callKind === 'connectUnix' ? 'connect' : event.callKind, atBootNs: event.timeBootNs }));
  }

  /** Its identity is known now: the hub is told at once, which has kept what it did. */
  identified(container: Container): DetectionFound[] {
    const one = this.#containers.get(container.id);
    if (one !== undefined) one.isChanged = true;
    return this.placed(container);
  }

  /** Where it belongs may be known now: what has waited for that is judged. */
  placed(container: Container): DetectionFound[] {
    const one = this.#containers.get(container.id);
    if (one === undefined || one.waiting.length === 0 || this.watch.isPending(container)) return [];
    const { waiting } = one;
    one.waiting = [];
    return waiting.flatMap((act) => this.watch.judge(act, container));
  }

  /** The kernel's count of lost records of this container, since the ring was made. */
  recordsLost(id: string, total: number): void {
    const one = this.#containers.get(id);
    if (one === undefined || total <= one.lost) return;
    one.lost = total;
    one.isChanged = true;
  }

  ended(id: string, atBootNs: number): void {
    const one = this.#containers.get(id);
    if (one === undefined) return;
    this.#ended.push(this.#report(one, atBootNs, true));
    this.#kept -= one.behaviours.size;
    this.#containers.delete(id);
  }

  takeReports(nowBootNs: number): LearnedReport[] {
    const out = this.#ended;
    this.#ended = [];
    for (const one of this.#containers.values()) {
      if (one.news.length > 0 || one.isChanged || nowBootNs - one.reportedUntilBootNs >= quietReportNs) out.push(this.#report(one, nowBootNs, false));
    }
    return out;
  }

  #of(container: Container): Learned {
    this.began(container);
    return this.#containers.get(container.id)!;
  }

  #did(one: Learned, container: Container, act: Act): DetectionFound[] {
    if (this.#kept >= behavioursOfAllMax && !one.behaviours.has(act.behaviour)) {
      one.behaviours.cut += 1;
      one.isChanged = true;
      return [];
    }
    const [sizeBefore, cutBefore] = [one.behaviours.size, one.behaviours.cut];
    const behaviour = one.behaviours.add(act.behaviour);
    this.#kept += one.behaviours.size - sizeBefore;
    if (one.behaviours.cut > cutBefore) one.isChanged = true;
    if (behaviour === null) return [];
    one.news.push({ behaviour, firstBootNs: act.atBootNs, program: act.execution.path });
    if (!this.watch.isPending(container)) return this.watch.judge(act, container);
    if (one.waiting.length < waitingMax) one.waiting.push(act);
    return [];
  }

  #report(one: Learned, untilBootNs: number, hasEnded: boolean): LearnedReport {
    const { id, fromBootNs, seenFromStart, lost, news, behaviours } = one;
    one.news = [];
    one.isChanged = false;
    one.reportedUntilBootNs = untilBootNs;
    return { containerId: id, session: this.#session.id, fromBootNs, untilBootNs, seenFromStart, recordsLost: lost, cut: behaviours.cut, seen: news, hasEnded };
  }
}

/** Directories, devices and links that a runtime makes before the first program, or on behalf of an exec, are nobody's behaviour. */
function isRuntimes({ hasProgram }: Learned, { inHostMounts }: Execution): boolean {
  return !hasProgram || inHostMounts;
}

function isNewRaw({ raw }: Learned, key: string): boolean {
  if (raw.has(key)) return false;
  if (raw.size >= rawMax) raw.clear();
  raw.add(key);
  return true;
}

const hooksOf: Readonly<Record<BehaviourKind, readonly string[]>> = { execution: ['exec'], file: ['open'], peer: ['connect', 'accept', 'listen'], capability: ['exec'] };

/** Kinds of behaviour that a hook is missing for on this kernel. */
export function unseenKinds(hooks: readonly HookEvent[]): BehaviourKind[] {
  const kinds = Object.keys(hooksOf) as BehaviourKind[];
  return kinds.filter((kind) => hooksOf[kind].some((wanted) => !hooks.some((one) => one.eventClass === wanted && one.attached)));
}
