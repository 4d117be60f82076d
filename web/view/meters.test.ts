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
  const kill = [{ action: 'kill', form: 'origin = dropped' }];
  const forecast = (mode: 'off' | 'shadow', wouldHaveKilled: number, kernelForm: { action: string; form: string | null }[]): string => enforceForecast({ mode, verdicts: { wouldHaveKilled }, kernelForm }, '7 d').level;
  assert.equal(forecast('shadow', 14, kill), 'would-kill');
  assert.equal(forecast('shadow', 0, kill), 'quiet');
  assert.equal(forecast('off', 0, kill), 'untried');
  assert.equal(forecast('shadow', 0, [{ action: 'kill', form: null }]), 'cannot');
  assert.equal(forecast('shadow', 0, [{ action: 'inform', form: null }]), 'cannot');
});
