/** What policies do, in words: how many in which mode, and over which time their decisions are counted. */
import type { PolicyMode } from '@vedette/model/policy';
import { countWords, plural } from './numbers.ts';

/** The parts of one sentence; a mode that no policy is in is not spoken of, except that none enforces. */
export function modeParts(modes: readonly PolicyMode[]): readonly [string, ...string[]] {
  const count = (mode: PolicyMode): number => modes.filter((one) => one === mode).length;
  const [enforce, shadow, off] = [count('enforce'), count('shadow'), count('off')];
  return [
    enforce === 0 ? 'No policy enforces' : `${plural(enforce, 'policy', 'policies')} ${enforce === 1 ? 'enforces' : 'enforce'}`,
    ...(shadow === 0 ? [] : [`${countWords(shadow)} ${shadow === 1 ? 'watches' : 'watch'} in shadow`]),
    ...(off === 0 ? [] : [`${countWords(off)} ${off === 1 ? 'is' : 'are'} off`]),
  ];
}

/** "the last 7 days": whole days, since two clocks that differ by seconds must not make six of seven. */
export function countedWords(since: string, nowMs: number): string {
  const days = Math.round((nowMs - Date.parse(since)) / 86_400_000);
  return Number.isFinite(days) && days > 0 ? `the last ${days === 1 ? 'day' : `${countWords(days)} days`}` : 'the last hours';
}
