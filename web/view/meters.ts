/**
 * Numbers to shapes: the ticks of a coverage scale, the parts of a score, the fill of a ring, the height of bars.
 * Each keeps the promise that matters when drawing: some is never drawn as none, and nearly all never as all.
 */

import { lengthWords } from './time.ts';

/** How many of `ticks` are drawn as seen. */
export function seenTicks(percent: number, ticks: number): number {
  if (!Number.isFinite(percent) || percent <= 0) return 0;
  if (percent >= 100) return ticks;
  return Math.min(ticks - 1, Math.max(1, Math.floor((percent / 100) * ticks)));
}

export interface ScorePart {
  readonly name: string;
  readonly points: number;
  readonly why: string;
}

/** Parts with where each begins and ends, as shares of the largest reach; taken-off points run back to the left. */
export function scoreSteps(parts: readonly ScorePart[]): readonly (ScorePart & { readonly from: number; readonly to: number })[] {
  const reached = parts.reduce<number[]>((sums, part) => [...sums, sums.at(-1)! + part.points], [0]);
  const low = Math.min(0, ...reached);
  const width = Math.max(1e-9, Math.max(...reached) - low);
  return parts.map((part, index) => {
    const ends = [reached[index]!, reached[index + 1]!].map((value) => (value - low) / width);
    return { ...part, from: Math.min(ends[0]!, ends[1]!), to: Math.max(ends[0]!, ends[1]!) };
  });
}

export function pointsWords(points: number): string {
  const rounded = Math.round(points * 10) / 10;
  return rounded < 0 ? `−${Math.abs(rounded)}` : `+${rounded}`;
}

export function scoreWords(score: number): string {
  return String(Math.round(score * 10) / 10);
}

/** A share of a bound, 0 to 1; unknown bounds draw nothing. */
export function fill(value: number, max: number): number {
  return max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
}

/** What a reader must know before switching a policy to enforce. */
export interface EnforceForecast {
  readonly level: 'untried' | 'quiet' | 'would-kill' | 'cannot';
  readonly sentence: string;
}

/** Less watching than this says little about what enforcing would do. */
const watchedSecondsMin = 86_400;

export function enforceForecast(policy: {
  readonly mode: 'off' | 'shadow' | 'enforce';
  readonly updatedAt: string;
  readonly inForce: { readonly sensors: number };
  readonly verdicts: { readonly wouldHaveKilled: number; readonly since: string };
  readonly kernelForm: readonly { readonly action: string; readonly form: string | null }[];
}, nowMs: number): EnforceForecast {
  const kills = policy.kernelForm.filter((rule) => rule.action === 'kill');
  if (kills.length === 0) return { level: 'cannot', sentence: 'No rule of this policy kills. Enforcing it changes nothing but the word.' };
  if (kills.every((rule) => rule.form === null)) return { level: 'cannot', sentence: 'No kill rule has a kernel form, so nothing can be killed by it.' };
  const { wouldHaveKilled, since } = policy.verdicts;
  // Whole minutes: two clocks that differ by seconds must not turn seven days into six and some hours.
  const countedSeconds = Math.round((nowMs - Date.parse(since)) / 60_000) * 60;
  if (wouldHaveKilled > 0) return { level: 'would-kill', sentence: `In the last ${lengthWords(countedSeconds)} it would have killed ${wouldHaveKilled.toLocaleString('en-US')} ${wouldHaveKilled === 1 ? 'execution' : 'executions'}.` };
  if (policy.mode === 'off') return { level: 'untried', sentence: 'It is off, so nothing is known of what it would kill. Let it run in shadow first.' };
  if (policy.inForce.sensors === 0) return { level: 'untried', sentence: 'No sensor holds it yet, so nothing is known of what it would kill.' };
  // Verdicts are counted over a fixed time, which may be longer than this text of the policy exists.
  const watched = Math.max(0, Math.min(countedSeconds, (nowMs - Date.parse(policy.updatedAt)) / 1000));
  const nothing = `In the ${lengthWords(watched)} since it was last changed it would have killed nothing.`;
  return watched < watchedSecondsMin ? { level: 'untried', sentence: `${nothing} That is too short to tell.` } : { level: 'quiet', sentence: nothing };
}
