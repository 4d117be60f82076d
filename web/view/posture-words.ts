/** The posture in words: states, fractions instead of a score, and how many failed over the days. */
import type { PostureCountsView, PostureDayView } from '@vedette/model/api/posture-views';
import type { ControlState, FrameworkId } from '@vedette/model/control-words';
import { countWords, plural } from './numbers.ts';

export const stateWords: Readonly<Record<ControlState, string>> = { failed: 'Failed', 'no-data': 'No data', accepted: 'Accepted', passed: 'Passed', 'not-applicable': 'Does not apply' };

export const stateSentences: Readonly<Record<ControlState, string>> = {
  failed: 'At least one subject does not keep it.',
  'no-data': 'It could not be answered: something that it needs was not seen. That is not passed.',
  accepted: 'It fails, and an exception that counts accepts it.',
  passed: 'Everything that it applies to keeps it.',
  'not-applicable': 'There is nothing that it applies to.',
};

/** As short as a column needs it. */
export const frameworkWords: Readonly<Record<FrameworkId, string>> = { 'cis-kubernetes-1.10': 'CIS 1.10', pss: 'PSS', 'nsa-cisa': 'NSA/CISA', 'nist-800-190': 'NIST 800-190', 'pci-dss-4.0': 'PCI DSS 4.0' };

export function countOf(counts: PostureCountsView, state: ControlState): number {
  switch (state) {
    case 'failed': return counts.failed;
    case 'no-data': return counts.noData;
    case 'accepted': return counts.accepted;
    case 'passed': return counts.passed;
    case 'not-applicable': return counts.notApplicable;
    default: return state satisfies never;
  }
}

/** What does not apply counts neither for nor against. */
export function applying(counts: PostureCountsView): number {
  return counts.failed + counts.noData + counts.accepted + counts.passed;
}

export function fractionWords(counts: PostureCountsView): string {
  const all = applying(counts);
  return all === 0 ? 'none applies' : `${countWords(counts.passed)} of ${countWords(all)}`;
}

/** `4 failed, 2 without data`; what is none is left out, unless everything is. */
export function countsWords(counts: PostureCountsView): string {
  const parts = [
    ...(counts.failed === 0 ? [] : [`${countWords(counts.failed)} failed`]), ...(counts.noData === 0 ? [] : [`${countWords(counts.noData)} without data`]),
    ...(counts.accepted === 0 ? [] : [`${countWords(counts.accepted)} accepted`]), ...(counts.passed === 0 ? [] : [`${countWords(counts.passed)} passed`]),
  ];
  return parts.length > 0 ? parts.join(', ') : 'nothing that it applies to';
}

const historyDays = 30;

/** The last days up to `today`, those without an evaluation as null: nothing was known, which is not zero. */
export function daysUntil(history: readonly PostureDayView[], today: string): readonly (PostureDayView | null)[] {
  const byDay = new Map(history.map((one) => [one.day, one]));
  const end = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: historyDays }, (_, index) => byDay.get(new Date(end - (historyDays - 1 - index) * 86_400_000).toISOString().slice(0, 10)) ?? null);
}

export function historyWords(days: readonly (PostureDayView | null)[]): string {
  const known = days.filter((one) => one !== null);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return 'not evaluated in the last 30 days';
  const now = `${countWords(last.failed)} failed and ${countWords(last.noData)} without data on the last day`;
  return known.length === 1 ? `evaluated on 1 day: ${now}` : `evaluated on ${plural(known.length, 'day')} of 30: ${countWords(first.failed)} failed on the first, ${now}`;
}
