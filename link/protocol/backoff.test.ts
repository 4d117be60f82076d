import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from './backoff.ts';

const range = { delayMsMin: 500, delayMsMax: 60_000 };

const table: readonly [number, number, number][] = [
  [0, 0, 250], [0, 1, 500], [1, 0.5, 750], [2, 1, 2000], [6, 1, 32_000], [7, 1, 60_000], [7, 0, 30_000], [1000, 1, 60_000],
];

for (const [failures, chance, expected] of table) {
  test(`back-off after ${failures} failures at chance ${chance}`, () => assert.equal(backoffMs(failures, range, chance), expected));
}
