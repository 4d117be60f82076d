/**
 * What a sensor's report means: what it cannot see, what it lost, and which of its numbers need a person. Limits are
 * stated here, once, so that a list and a detail never disagree about what is worth attention.
 */
import type { SensorView } from '@vedette/model/api/views';
import { ageWords } from './time.ts';

/** Certificates are short-lived and renew themselves long before this; when the end is this near, renewal does not work. */
const certificateHoursMin = 6;
/** Above this a sensor's times disagree visibly with the hub's. */
const clockSkewMsMax = 5000;
/** Above this file and network records that no interest names are refused by the kernel part. */
export const ringRefusesAbove = 0.75;
const hourMs = 3600 * 1000;

export function lostRecords(sensor: Pick<SensorView, 'losses'>): number {
  return sensor.losses.reduce((sum, loss) => sum + loss.count, 0);
}

export function hooksMissing(sensor: Pick<SensorView, 'hooks'>): number {
  return sensor.hooks.filter((hook) => !hook.attached).length;
}

/** Sentences for a person, the gravest first; empty when there is nothing to do. */
export function sensorNeeds(sensor: SensorView, nowMs: number): readonly string[] {
  const needs: string[] = [];
  if (!sensor.connected) needs.push(sensor.lastSeenAt === null ? 'It has never connected.' : `It is not connected; last seen ${ageWords(nowMs - Date.parse(sensor.lastSeenAt))} ago.`);
  if (sensor.connected && sensor.reportedAt === null) needs.push('It has not reported what it sees yet.');
  const left = Date.parse(sensor.certificateExpiresAt) - nowMs;
  if (left <= 0) needs.push('Its certificate has expired: it can no longer report.');
  else if (left < certificateHoursMin * hourMs) needs.push(`Its certificate ends in ${ageWords(left)} and has not renewed itself.`);
  if (sensor.clockSkewMs !== null && Math.abs(sensor.clockSkewMs) > clockSkewMsMax) needs.push(`Its clock is ${ageWords(Math.abs(sensor.clockSkewMs))} ${sensor.clockSkewMs > 0 ? 'ahead of' : 'behind'} the hub's.`);
  if (sensor.ringBytes > 0 && sensor.ringFillBytesMax / sensor.ringBytes > ringRefusesAbove) needs.push('Its ring was so full that records nobody asked for by name were refused.');
  return [...needs, ...sensor.problems];
}

export interface HookRow {
  readonly eventClass: string;
  readonly hooks: readonly string[];
  readonly attached: boolean;
  readonly reason: string | null;
  readonly misses: string | null;
}

/** Hooks that fare alike and miss the same stand in one row; those that are not attached stand first: what is missing is the news. */
export function hookRows(hooks: SensorView['hooks']): readonly HookRow[] {
  const rows = new Map<string, { eventClass: string; hooks: string[]; attached: boolean; reason: string | null; misses: string | null }>();
  for (const { hook, ...facts } of hooks) {
    const key = JSON.stringify([facts.eventClass, facts.attached, facts.reason, facts.misses]);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { ...facts, hooks: [hook] });
    else row.hooks.push(hook);
  }
  return [...rows.values()].sort((a, b) => Number(a.attached) - Number(b.attached));
}

export interface LossRow {
  readonly eventClass: string;
  readonly causes: readonly { readonly cause: string; readonly count: number }[];
  readonly count: number;
}

/** Lost records by class, the most first, with their causes. */
export function lossRows(losses: SensorView['losses']): readonly LossRow[] {
  const classes = new Map<string, { cause: string; count: number }[]>();
  for (const { eventClass, cause, count } of losses) {
    if (count > 0) classes.set(eventClass, [...(classes.get(eventClass) ?? []), { cause, count }]);
  }
  return [...classes]
    .map(([eventClass, causes]) => ({ eventClass, causes: causes.sort((a, b) => b.count - a.count), count: causes.reduce((sum, one) => sum + one.count, 0) }))
    .sort((a, b) => b.count - a.count);
}

/** "in 12 ms", as a signed length: plus is ahead of the hub. */
export function skewWords(skewMs: number | null): string {
  if (skewMs === null) return 'not measured';
  const size = Math.abs(skewMs);
  const words = size < 1000 ? `${Math.round(size)} ms` : ageWords(size);
  return size < 1 ? 'none' : `${words} ${skewMs > 0 ? 'ahead' : 'behind'}`;
}

/** How a sensor stops things, in words; `none` is a word that must not be overlooked. */
export function mechanismWords(mechanism: string): string {
  return mechanism === 'none' ? 'cannot stop anything' : mechanism.replaceAll('-', ' ');
}
