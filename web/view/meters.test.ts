import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { enforceForecast, fill, pointsWords, scoreSteps, scoreWords, seenTicks } from './meters.ts';

test('a scale is full or empty only when it is', () => {
  assert.deepEqual([0, 0.1, 50, 99.9, 100].map((percent) => seenTicks(percent, 20)), [0, 1, 10, 19, 20]);
});

test('score parts follow each other and stay in the picture', () => {
  const steps = scoreSteps([{ name: 'a', points: 6, why: '' }, { name: 'b', points: 4, why: '' }, { name: 'c', points: -5, why: '' }]);
  assert.deepEqual(steps.map((step) => [step.from, step.to]), [[0, 0.6], [0.6, 1], [0.5, 1]]);
  fc.assert(fc.property(fc.array(fc.integer({ min: -50, max: 50 })), (points) => {
    for (const step of scoreSteps(points.map((one) => ({ name: '', points: one, why: '' })))) assert.ok(step.from >= -1e-9 && step.to <= 1 + 1e-9 && step.from <= step.to);
  }));
});

test('words of points', () => {
  assert.deepEqual([pointsWords(3), pointsWords(-2.25), scoreWords(81.04)], ['+3', '−2.2', '81']);
  assert.deepEqual([fill(5, 10), fill(20, 10), fill(1, 0)], [0.5, 1, 0]);
});

test('what enforcing will do is said before it is done', () => {
  const now = Date.parse('2026-11-23T06:20:00.000Z');
  const kill = [{ action: 'kill', form: 'origin = dropped' }];
  const policy = { mode: 'shadow' as const, updatedAt: '2026-11-01T00:00:00.000Z', inForce: { sensors: 2 }, verdicts: { wouldHaveKilled: 0, since: '2026-11-16T06:20:00.000Z' }, kernelForm: kill };
  assert.deepEqual(enforceForecast(policy, now), { level: 'quiet', sentence: 'In the 7 d since it was last changed it would have killed nothing.' });
  assert.deepEqual(enforceForecast({ ...policy, verdicts: { ...policy.verdicts, wouldHaveKilled: 1400 } }, now), { level: 'would-kill', sentence: 'In the last 7 d it would have killed 1,400 executions.' });
  assert.match(enforceForecast({ ...policy, updatedAt: '2026-11-23T06:19:30.000Z' }, now).sentence, /^In the 30 s since .* too short to tell/);
  assert.equal(enforceForecast({ ...policy, inForce: { sensors: 0 } }, now).level, 'untried');
  assert.equal(enforceForecast({ ...policy, mode: 'off' }, now).level, 'untried');
  assert.equal(enforceForecast({ ...policy, kernelForm: [{ action: 'kill', form: null }] }, now).level, 'cannot');
  assert.equal(enforceForecast({ ...policy, kernelForm: [{ action: 'inform', form: null }] }, now).level, 'cannot');
});
