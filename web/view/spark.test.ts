import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { sparkBars, sparkWords } from './spark.ts';

const size = { stepPx: 5, barPx: 3, heightPx: 20 };

test('some is more than none, the most is the whole height, and nothing leaves the picture', () => {
  assert.deepEqual(sparkBars([0, 1, 1000], size).map((bar) => [bar.height, bar.isNone]), [[1, true], [3, false], [20, false]]);
  fc.assert(fc.property(fc.array(fc.nat(100_000), { maxLength: 14 }), (counts) => {
    const bars = sparkBars(counts, size);
    for (const [index, bar] of bars.entries()) {
      assert.ok(bar.y >= 0 && bar.y + bar.height === size.heightPx);
      assert.equal(bar.isNone, counts[index] === 0);
      for (const [other, than] of bars.entries()) assert.ok(counts[index]! < counts[other]! || bar.height >= than.height);
    }
  }));
});

test('the same in words', () => {
  assert.equal(sparkWords([0, 0]), 'none began in the last 2 days');
  assert.equal(sparkWords([0, 2, 1]), '3 began in the last 3 days, at most 2 a day, 1 today');
  assert.equal(sparkWords([1, 0]), '1 began in the last 2 days, at most 1 a day, none today');
});
