import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedWords, modeParts } from './policy-words.ts';

test('modes are told with the right form of each count', () => {
  assert.deepEqual(modeParts([]), ['No policy enforces']);
  assert.deepEqual(modeParts(['shadow']), ['No policy enforces', '1 watches in shadow']);
  assert.deepEqual(modeParts(['enforce', 'off']), ['1 policy enforces', '1 is off']);
  assert.deepEqual(modeParts(['enforce', 'enforce', 'shadow', 'shadow', 'off', 'off']), ['2 policies enforce', '2 watch in shadow', '2 are off']);
});

test('the time over which decisions are counted', () => {
  const now = Date.parse('2026-11-23T06:20:00.000Z');
  assert.deepEqual(['2026-11-16T06:20:03.000Z', '2026-11-22T06:20:00.000Z', 'never'].map((since) => countedWords(since, now)), ['the last 7 days', 'the last day', 'the last hours']);
});
