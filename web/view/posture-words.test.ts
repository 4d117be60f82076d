import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { countsWords, daysUntil, fractionWords, historyWords } from './posture-words.ts';

const counts = { failed: 0, noData: 0, accepted: 0, passed: 0, notApplicable: 0 };

test('fractions leave out what does not apply, and nothing is not all', () => {
  equal(fractionWords({ ...counts, passed: 3, failed: 1, notApplicable: 9 }), '3 of 4');
  equal(fractionWords(counts), 'none applies');
  equal(fractionWords({ ...counts, noData: 5 }), '0 of 5');
  equal(countsWords({ ...counts, failed: 2, noData: 1 }), '2 failed, 1 without data');
  equal(countsWords(counts), 'nothing that it applies to');
});

test('a day without an evaluation is unknown and not zero', () => {
  const day = { day: '2026-11-20', failed: 4, noData: 2, accepted: 0, passed: 9 };
  const days = daysUntil([day, { ...day, day: '2026-11-23', failed: 1 }], '2026-11-23');
  equal(days.length, 30);
  deepEqual(days.slice(-4), [day, null, null, { ...day, day: '2026-11-23', failed: 1 }]);
  equal(historyWords(days), 'evaluated on 2 days of 30: 4 failed on the first, 1 failed and 2 without data on the last day');
  equal(historyWords(daysUntil([day], '2026-11-20')), 'evaluated on 1 day: 4 failed and 2 without data on the last day');
  equal(historyWords(daysUntil([], '2026-11-20')), 'not evaluated in the last 30 days');
});
