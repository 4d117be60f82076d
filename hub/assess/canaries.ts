/**
 * Whether the canaries of a sensor sing: of each class, whether its harmless act came all the way from the kernel to this hub within its time.
 * What did not come is an alarm, whatever else the sensor says of itself; a sensor whose rounds stay away is silent as a whole. Pure.
 */
import type { SensorView } from '@vedette/model/api/views';
import type { CanaryReportShape, SensorShape } from '../store/read-fleet.ts';

export type CanaryState = 'seen' | 'missing' | 'overdue' | 'impossible';

export interface CanaryClassState {
  readonly eventClass: string;
  readonly state: CanaryState;
  readonly reason: string | null;
  readonly since: Date;
  readonly seenAt: Date | null;
}

export interface CanaryStates {
  /** false: this sensor does none (it has no kernel programs, or is of a version before 0.3). */
  readonly expected: boolean;
  readonly overdue: boolean;
  /** Why no act was done in the last round. */
  readonly problem: string | null;
  readonly at: Date | null;
  readonly classes: readonly CanaryClassState[];
}

/** Of what moment it is told, and how long a round and its delivery take at most when everything works. */
export interface CanaryPatience {
  readonly now: Date;
  readonly graceMs: number;
}

export function canaryStates(sensor: Pick<SensorShape, 'coverage' | 'canaries' | 'canaries_at' | 'joined_at'>, patience: CanaryPatience): CanaryStates {
  return statesOf({ ...sensor, interval_ms: sensor.coverage?.canaryIntervalMs ?? 0 }, patience);
}

export function statesOf(sensor: Pick<CanaryReportShape, 'interval_ms' | 'canaries' | 'canaries_at' | 'joined_at'>, { now, graceMs }: CanaryPatience): CanaryStates {
  const { interval_ms: intervalMs, canaries, canaries_at: at } = sensor;
  if (intervalMs === 0 && canaries === null) return { expected: false, overdue: false, problem: null, at: null, classes: [] };
  const heard = at ?? sensor.joined_at;
  const dueMs = heard.getTime() + 2 * Math.max(intervalMs, canaries?.intervalMs ?? 0) + graceMs;
  const overdue = now.getTime() > dueMs;
  const classes = (canaries?.classes ?? []).map((one) => ({
    eventClass: one.eventClass,
    state: overdue && one.outcome === 'seen' ? 'overdue' as const : one.outcome,
    reason: one.reason,
    since: overdue && one.outcome === 'seen' ? new Date(dueMs) : new Date(one.since),
    seenAt: one.seenAt === null ? null : new Date(one.seenAt),
  }));
  return { expected: true, overdue, problem: canaries?.problem ?? null, at, classes };
}

/** What must be told: the classes whose canary is missing; all of them when nothing comes. */
export function canaryAlarms(states: CanaryStates): { readonly missing: readonly CanaryClassState[]; readonly silent: boolean } {
  return { missing: states.classes.filter((one) => one.state === 'missing'), silent: states.expected && (states.overdue || states.problem !== null) };
}

export function canariesView({ expected, overdue, problem, at, classes }: CanaryStates): SensorView['canaries'] {
  return { expected, overdue, problem, at: at?.toISOString() ?? null, classes: classes.map((one) => ({ ...one, since: one.since.toISOString(), seenAt: one.seenAt?.toISOString() ?? null })) };
}
