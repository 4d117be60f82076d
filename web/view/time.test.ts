import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { absoluteTime, ageWords, agoWords, clockTime, freshness, gapWords, lengthWords } from './time.ts';

const now = Date.parse('2026-11-23T06:20:00.000Z');

test('ages', () => {
  const table: [number, string][] = [
    [0, '0 s'], [59_999, '59 s'], [60_000, '1 min'], [3_599_999, '59 min'], [3_600_000, '1 h'],
    [47 * 3_600_000, '47 h'], [48 * 3_600_000, '2 d'], [99 * 86_400_000, '99 d'], [120 * 86_400_000, '4 months'], [800 * 86_400_000, '2 years'], [NaN, 'unknown'],
  ];
  for (const [age, words] of table) assert.equal(ageWords(age), words);
});

test('ago, ahead, and what cannot be read', () => {
  assert.equal(agoWords('2026-11-23T06:17:00.000Z', now), '3 min ago');
  assert.equal(agoWords('2026-11-23T06:19:57.000Z', now), 'just now');
  assert.equal(agoWords('2026-11-23T06:20:03.000Z', now), 'just now');
  assert.equal(agoWords('2026-11-25T06:20:00.000Z', now), 'in 2 d');
  assert.equal(agoWords('not a time', now), 'unknown time');
});

test('lengths have two units at most', () => {
  const table: [number, string][] = [
    [0.25, '250 ms'], [1, '1 s'], [61, '1 min 1 s'], [3600, '1 h'], [12_000, '3 h 20 min'], [86_400, '1 d'], [187_200, '2 d 4 h'], [86_401, '1 d'], [-1, 'unknown'],
  ];
  for (const [seconds, words] of table) assert.equal(lengthWords(seconds), words);
});

test('gaps of a tree', () => {
  assert.equal(gapWords(0), '+0 ms');
  assert.equal(gapWords(999), '+999 ms');
  assert.equal(gapWords(1250), '+1.2 s');
  assert.equal(gapWords(61_000), '+1 min');
  assert.equal(gapWords(-40), '−40 ms');
});

test('absolute time in a zone', () => {
  assert.equal(absoluteTime('2026-11-23T06:14:02.120Z', 'UTC'), '2026-11-23 06:14:02.120');
  assert.equal(absoluteTime('2026-11-23T23:30:00.000Z', 'Europe/Berlin'), '2026-11-24 00:30:00.000');
  assert.equal(absoluteTime('nonsense', 'UTC'), 'unknown time');
});

test('an axis names the day only when it is another day', () => {
  assert.equal(clockTime('2026-11-23T06:14:02.120Z', now, 'UTC'), '06:14:02');
  assert.equal(clockTime('2026-11-20T06:14:02.120Z', now, 'UTC'), '11-20 06:14:02');
});

test('freshness has two limits', () => {
  const limits = { oldAfterSeconds: 10, staleAfterSeconds: 20 };
  assert.deepEqual([9, 10, 20].map((age) => freshness(age, limits)), ['fresh', 'old', 'stale']);
});

test('every length and age has words, none empty', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => {
    assert.notEqual(lengthWords(value), '');
    assert.match(ageWords(value), /^\d+ (s|min|h|d|months|years)$/);
  }));
});

test('an axis shorter than seconds shows thousandths', () => {
  const at = '2026-11-23T06:14:02.120Z';
  assert.deepEqual([clockTime(at, Date.parse(at), 'UTC'), clockTime(at, Date.parse(at), 'UTC', true)], ['06:14:02', '06:14:02.120']);
});
