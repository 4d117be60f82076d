/** The fuzzing itself: a few thousand inputs of each target find nothing, and each planted fault is found. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { callKindOf } from '@vedette/sensor/decode/call-event';
import { kinds } from '@vedette/sensor/decode/layout';
import { fuzz } from './crew.ts';
import { captureTarget } from './captures.ts';
import { decoderTarget } from './decoder.ts';
import { shapedKinds } from './records.ts';
import { ruleTarget } from './rules.ts';
import { takeInputs } from './target.ts';

test('nothing that comes as a record makes the decoder throw, or read what is not the record', () => {
  const counts = takeInputs(decoderTarget(20), 0, 6000);
  deepEqual(counts.failures, []);
  for (const kind of ['records', 'frames']) {
    const { inputs = 0, right = 0 } = counts.kinds[kind] ?? {};
    ok(inputs > 20 && right > 0 && right < inputs, `${kind}: both right and wrong inputs are tried`);
  }
});

test('records of every kind are made in their shape', () => {
  const { max, ...all } = kinds;
  deepEqual(Object.entries(all).filter(([, kind]) => kind !== max && !shapedKinds.has(kind) && callKindOf(kind) === null), []);
});

test('an input is the same whatever was taken before it', () => {
  for (const target of [ruleTarget, captureTarget, decoderTarget]) {
    const [first, second] = [target(3), target(3)];
    takeInputs(second, 0, 40);
    equal(second(77).shown(), first(77).shown());
    deepEqual(takeInputs(second, 77, 3).kinds, takeInputs(first, 77, 3).kinds);
  }
});

test('a parser that throws, a reader that reads beyond, a decoder that believes lengths: each planted fault is found', async () => {
  for (const [fault, target] of [['parser', 'rules'], ['capture', 'captures'], ['decoder', 'decoder']] as const) {
    const found = await fuzz({ target, seed: 1, inputs: 1500, workers: 1, fault });
    ok(found.failed > 0, fault);
    deepEqual([found.inputs, found.stuck], [1500, []], fault);
  }
});

test('an input that hangs is named, and the others are taken all the same', async () => {
  const found = await fuzz({ target: 'rules', seed: 1, inputs: 1000, workers: 1, fault: 'hang', hangMs: 3000 });
  ok(found.stuck.length > 0);
  ok(found.stuck.every((one) => one.what.startsWith('no answer')));
  equal(found.failed, 0);
});
