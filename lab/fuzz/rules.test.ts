import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from './chance.ts';
import { ruleTarget } from './rules.ts';
import { takeInputs } from './target.ts';

test('nothing that is written in the rule language, or nearly, makes it throw', () => {
  const report = takeInputs(ruleTarget(20), 0, 3000);
  deepEqual(report.failures, []);
  for (const kind of ['condition', 'output', 'file', 'event', 'pattern', 'window']) {
    const counts = report.kinds[kind];
    ok(counts !== undefined && counts.inputs > 50 && counts.right > 0 && counts.right < counts.inputs, `${kind}: both right and wrong inputs are tried`);
  }
});

test('the same seed makes the same inputs, another seed others', () => {
  const numbers = (seed: number) => {
    const chance = new Chance(seed);
    return Array.from({ length: 20 }, () => chance.below(1000)).join();
  };
  equal(numbers(1), numbers(1));
  ok(numbers(1) !== numbers(2));
});
