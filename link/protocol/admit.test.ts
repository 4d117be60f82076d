import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { admit } from './admit.ts';

const batches = (...sequences: number[]) => sequences.map((sequence) => ({ sequence }));

// watermark, sequences handed in → what is applied, the new watermark; or the sequence that made a gap
const table: readonly [number, number[], { apply: number[]; watermark: number } | { found: number }][] = [
  [0, [], { apply: [], watermark: 0 }],
  [0, [1], { apply: [1], watermark: 1 }],
  [0, [1, 2, 3], { apply: [1, 2, 3], watermark: 3 }],
  [3, [1, 2, 3], { apply: [], watermark: 3 }],
  [3, [2, 3, 4, 5], { apply: [4, 5], watermark: 5 }],
  [3, [5], { found: 5 }],
  [3, [4, 6], { found: 6 }],
  [3, [4, 4], { found: 4 }],
  [3, [5, 4], { found: 5 }],
  [3, [2, 4], { found: 4 }],
  [0, [0], { found: 0 }],
  [3, [-1], { found: -1 }],
  [3, [1.5], { found: 1.5 }],
  [3, [Number.NaN], { found: Number.NaN }],
];

for (const [watermark, sequences, expected] of table) {
  test(`admit at ${watermark}: ${sequences.join(' ') || 'nothing'}`, () => {
    const admission = admit(watermark, batches(...sequences));
    if ('found' in expected) {
      assert.equal(admission.kind, 'gap');
      assert.deepEqual([admission.watermark, admission.kind === 'gap' ? admission.found : undefined], [watermark, expected.found]);
      return;
    }
    assert.deepEqual(admission, {
      kind: 'admitted', apply: batches(...expected.apply), duplicates: sequences.length - expected.apply.length, watermark: expected.watermark,
    });
  });
}

test('however deliveries are cut, repeated and reordered, each batch is applied once and in order', () => {
  const ranges = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 8 })), { maxLength: 60 });
  fc.assert(fc.property(ranges, (requests) => {
    const applied: number[] = [];
    let watermark = 0;
    for (const [from, length] of requests) {
      const admission = admit(watermark, batches(...Array.from({ length }, (_, i) => from + i)));
      assert.ok(admission.watermark >= watermark);
      if (admission.kind === 'admitted') applied.push(...admission.apply.map(({ sequence }) => sequence));
      watermark = admission.watermark;
    }
    assert.deepEqual(applied, Array.from({ length: watermark }, (_, i) => i + 1));
  }));
});
