/**
 * Times as a person reads them: ages ("3 min"), lengths ("2 h 5 min"), gaps in a process tree ("+120 ms") and the
 * absolute form for the tooltip. Now and the time zone are arguments; a time that cannot be read becomes "unknown",
 * never an empty string.
 */
import { ageWords } from '@vedette/model/words';

export { ageWords };

const second = 1000;

/** "3 min ago", "in 2 d", "just now". Two clocks differ by a little, so a few seconds ahead are still now. */
export function agoWords(iso: string, nowMs: number): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return 'unknown time';
  const age = nowMs - then;
  if (Math.abs(age) < 5 * second) return 'just now';
  return age > 0 ? `${ageWords(age)} ago` : `in ${ageWords(age)}`;
}

/** Two units at most: "45 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function lengthWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  const whole = Math.floor(seconds);
  const units: readonly (readonly [string, number])[] = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];
  const first = units.findIndex(([, size]) => whole >= size);
  const parts = units.slice(first, first + 2).map(([unit, size], index) => {
    const outer = index === 0 ? Infinity : units[first]![1];
    return [Math.floor((whole % outer) / size), unit] as const;
  });
  return parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}`).join(' ');
}

/** The gap between two steps of a tree, short enough for a column. */
export function gapWords(gapMs: number): string {
  if (!Number.isFinite(gapMs)) return '';
  const gap = Math.abs(gapMs);
  const sign = gapMs < 0 ? '−' : '+';
  if (gap < second) return `${sign}${Math.round(gap)} ms`;
  if (gap < 10 * second) return `${sign}${(Math.floor(gap / 100) / 10).toFixed(1)} s`;
  return `${sign}${ageWords(gap)}`;
}

/** `2026-11-23 06:14:02.120` in the given zone, or in UTC. */
export function absoluteTime(iso: string, timeZone: string): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return 'unknown time';
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
  }).formatToParts(then);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}:${part('second')}.${part('fractionalSecond')}`;
}

/** The clock time of an axis label; the date only when it is not the reference's day, thousandths where seconds are too coarse. */
export function clockTime(iso: string, referenceMs: number, timeZone: string, fine = false): string {
  const text = absoluteTime(iso, timeZone);
  if (text === 'unknown time') return text;
  const reference = absoluteTime(new Date(referenceMs).toISOString(), timeZone);
  const time = text.slice(11, fine ? 23 : 19);
  return text.slice(0, 10) === reference.slice(0, 10) ? time : `${text.slice(5, 10)} ${time}`;
}

export type Freshness = 'fresh' | 'old' | 'stale';

/** How much an age should worry the reader, by what is normal for the thing. */
export function freshness(ageSeconds: number, limits: { readonly oldAfterSeconds: number; readonly staleAfterSeconds: number }): Freshness {
  if (ageSeconds >= limits.staleAfterSeconds) return 'stale';
  return ageSeconds >= limits.oldAfterSeconds ? 'old' : 'fresh';
}
