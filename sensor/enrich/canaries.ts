/**
 * Canaries: the loader's own process does one harmless act of each class in a cgroup of its own, and what of it comes back through the hooks is
 * ticked off here; the rest of the sensor never sees it. A process is the canary's when both its id and its cgroup are those that the loader
 * named, so nobody else can hide behind the name. A round ends when everything has come, or its time is up: then what is missing is named.
 * Pure: rounds are asked for from outside.
 */
import type { CanaryClass, CanaryRound } from '@vedette/model/canary';
import type { CanaryEvent, CgroupEvent, ForkEvent, Subject } from '@vedette/model/event';

interface Round {
  readonly round: number;
  readonly intervalMs: number;
  readonly askedBootNs: number;
  begun: CanaryEvent | null;
  ended: CanaryEvent | null;
  endedBootNs: number;
  readonly children: Set<number>;
}

/** The name of its cgroup (sensor/probe/loader/canary.h). */
const directory = '/vedette-canary';
/** From the order to the last word of the loader; it gives the canary five seconds. */
const roundNs = 15e9;
/** From the last word to the last record: the ring may be full of others. */
const arrivalNs = 5e9;
const childrenMax = 64;

export class Canaries {
  #round: Round | null = null;
  /** Also before the round is known to have begun: its cgroups are made first. */
  readonly #seen = new Set<string>();

  get isActive(): boolean {
    return this.#round !== null;
  }

  /** `intervalMs`: until the next round is asked for. */
  asked(round: number, intervalMs: number, nowBootNs: number): void {
    this.#round = { round, intervalMs, askedBootNs: nowBootNs, begun: null, ended: null, endedBootNs: 0, children: new Set() };
    this.#seen.clear();
  }

  told(event: CanaryEvent): void {
    const one = this.#round;
    if (one === null || event.round !== one.round) return;
    if (event.phase === 'begins') {
      one.begun = event;
      return;
    }
    one.ended = event;
    one.endedBootNs = event.timeBootNs;
  }

  /** The loader makes and removes the canary's cgroups, and moves it there. */
  cgroup(event: CgroupEvent, loaderPid: number): void {
    const one = this.#round;
    if (one === null || !event.path.endsWith(directory)) return;
    if (event.tgid === loaderPid || event.tgid === one.begun?.tgid || event.kind === 'cgroup-attach') this.#seen.add(event.kind);
  }

  /** Whether this record is a canary's. Ticks its class off. */
  isOf(event: Subject, eventClass: string): boolean {
    const one = this.#round;
    if (one?.begun == null || !isIn(event, one.begun)) return false;
    if (event.tgid !== one.begun.tgid && !one.children.has(event.tgid)) return false;
    this.#seen.add(eventClass);
    return true;
  }

  /** A child of the canary, which does nothing but end. */
  isChild(event: ForkEvent): boolean {
    const one = this.#round;
    if (one?.begun == null || !isIn(event, one.begun) || event.parent.tgid !== one.begun.tgid || one.children.size >= childrenMax) return false;
    one.children.add(event.tgid);
    this.#seen.add('fork');
    return true;
  }

  /** The round, once it has ended; null while there is none or it goes on. */
  take(nowBootNs: number): CanaryRound | null {
    const one = this.#round;
    if (one === null) return null;
    const { ended } = one;
    const done = ended?.done ?? [];
    const isWhole = ended !== null && done.every((eventClass) => this.#seen.has(eventClass));
    const isOver = ended === null ? nowBootNs - one.askedBootNs > roundNs : nowBootNs - one.endedBootNs > arrivalNs;
    if (!isWhole && !isOver) return null;
    this.#round = null;
    const classes: CanaryClass[] = done.map((eventClass) => {
      const isSeen = this.#seen.has(eventClass);
      return { eventClass, outcome: isSeen ? 'seen' : 'missing', reason: isSeen ? '' : 'it was done, and no hook told of it' };
    });
    for (const { eventClass, errno } of ended?.impossible ?? []) classes.push({ eventClass, outcome: 'impossible', reason: `it cannot be done on this host (errno ${errno})` });
    const problem = ended === null ? 'the loader did not do it' : ended.problem === 0 ? '' : `it could not be started or did not end (errno ${ended.problem})`;
    return { round: one.round, intervalMs: one.intervalMs, atBootNs: ended?.timeBootNs ?? nowBootNs, classes, problem };
  }
}

function isIn(event: Subject, { cgroupV1, cgroupV2 }: CanaryEvent): boolean {
  return (cgroupV1 !== 0 && event.cgroupV1 === cgroupV1) || (cgroupV2 !== 0 && event.cgroupV2 === cgroupV2);
}
