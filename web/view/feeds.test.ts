import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedState, worstFeedState } from './feeds.ts';

const now = Date.parse('2026-11-23T06:20:00.000Z');
const table = [
  [{ ageSeconds: 10, newest: '2026-11-22T06:20:00.000Z' }, 'fresh'],
  [{ ageSeconds: 10, newest: null }, 'fresh'],
  [{ ageSeconds: 10, newest: '2024-02-16T08:21:35.000Z' }, 'old-copy'],
  [{ ageSeconds: 2 * 86_400, newest: '2026-11-22T06:20:00.000Z' }, 'old'],
  [{ ageSeconds: 9 * 86_400, newest: '2024-02-16T08:21:35.000Z' }, 'stale'],
] as const;

test('a feed read lately from an old copy is old', () => {
  for (const [feed, state] of table) assert.equal(feedState(feed, now), state);
});

test('the feeds together are as good as the worst', () => {
  assert.equal(worstFeedState([], now), 'none');
  assert.equal(worstFeedState([table[0][0], table[2][0]], now), 'old-copy');
  assert.equal(worstFeedState(table.map(([feed]) => feed), now), 'stale');
});
