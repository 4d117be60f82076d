/** A few hundred broken recordings on fixed seeds: none makes the reader throw, and both outcomes are reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCaptures } from './fuzz.ts';

test('broken recordings are read as far as they go, or refused', () => {
  const report = fuzzCaptures(1, 600);
  assert.equal(report.failure, null);
  assert.ok(report.readWhole > 50 && report.refused > 50 && report.events > 500, JSON.stringify(report));
});

test('a seed makes the same inputs again', () => {
  const counts = (report: ReturnType<typeof fuzzCaptures>) => [report.readWhole, report.refused, report.events, report.bytes];
  assert.deepEqual(counts(fuzzCaptures(7, 60)), counts(fuzzCaptures(7, 60)));
});
