import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachedWords, boundWords, canaryWords, causeWords, classOrder, fillOf } from './coverage.ts';

test('canaries in words', () => {
  const table = [
    [{}, 'none', 'none'],
    [{ seen: 1 }, 'sings', 'arrives'],
    [{ seen: 3, impossible: 1 }, 'sings', 'arrives from 3 of 4'],
    [{ missing: 1 }, 'alarm', 'missing'],
    [{ overdue: 1 }, 'alarm', 'overdue'],
    [{ seen: 3, missing: 1, overdue: 1 }, 'alarm', 'missing on 2 of 5'],
    [{ impossible: 2 }, 'impossible', 'cannot be done'],
  ] as const;
  for (const [counts, tone, words] of table) assert.deepEqual(canaryWords(counts), { tone, words });
});

test('what is wrong stands first', () => {
  const row = (eventClass: string, more: object) => ({ eventClass, hooks: [], misses: [], sensors: 1, attached: 1, reasons: [], losses: [], canaries: { seen: 1 }, canarySeenAt: null, ...more });
  const rows = [row('fine', {}), row('lost', { losses: [{ cause: 'share', count: 2 }] }), row('off', { attached: 0 }), row('mute', { canaries: { missing: 1 } }), row('also', {})];
  assert.deepEqual(classOrder(rows).map((one) => one.eventClass), ['off', 'mute', 'lost', 'also', 'fine']);
});

test('attached, fills, bounds and causes in words', () => {
  assert.deepEqual([attachedWords({ attached: 1, sensors: 1 }), attachedWords({ attached: 0, sensors: 1 }), attachedWords({ attached: 2, sensors: 3 }), attachedWords({ attached: 0, sensors: 0 })], ['attached', 'not attached', 'attached on 2 of 3 sensors', 'no sensor has it']);
  assert.equal(fillOf({ entries: null, entriesMax: 10, bytes: 5, bytesMax: 5 }), null);
  assert.deepEqual(fillOf({ entries: 5, entriesMax: 10, bytes: null, bytesMax: 5 })?.words, '5 of 10');
  assert.deepEqual(fillOf({ entries: null, entriesMax: null, bytes: 1024, bytesMax: 2048 })?.words, '1.0 KiB of 2.0 KiB');
  assert.equal(boundWords([{ place: 'kernel', bytesMax: 1 << 20 }, { place: 'disk', bytesMax: 2 << 20 }]), 'at most 1.0 MiB in the kernel, 0 B in the sensor, 2.0 MiB on the disk');
  assert.equal(causeWords('what'), 'what');
});
