import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, skipHole } from './agreement.ts';
import { freshLinkRecord, recordAtStart } from './streams.ts';

const stream = { shift: 0, from: 1, offered: 0, lost: 0 };

// what the sender remembers, the hub's watermark → where to go on, and the numbering then
const table: readonly [string, typeof stream, number, { next: number; shift: number; lost: number }][] = [
  ['nothing was ever sent', stream, 0, { next: 1, shift: 0, lost: 0 }],
  ['all that was offered is stored', { ...stream, offered: 9 }, 9, { next: 10, shift: 0, lost: 0 }],
  ['a part of it is stored', { ...stream, offered: 9 }, 4, { next: 5, shift: 0, lost: 0 }],
  ['the spool was set back: new entries go on behind the watermark', { ...stream, offered: 9 }, 12, { next: 10, shift: 3, lost: 0 }],
  ['under a numbering of its own', { shift: -5, from: 20, offered: 30, lost: 5 }, 20, { next: 26, shift: -5, lost: 5 }],
  ['right where the numbering began', { shift: -5, from: 20, offered: 30, lost: 5 }, 14, { next: 20, shift: -5, lost: 5 }],
  ['the hub was set back behind it', { shift: -5, from: 20, offered: 30, lost: 5 }, 10, { next: 20, shift: -9, lost: 9 }],
];

for (const [what, before, watermark, expected] of table) {
  test(`agree: ${what}`, () => {
    const { stream: after, next } = agree(before, watermark);
    assert.deepEqual({ next, shift: after.shift, lost: after.lost }, expected);
    assert.equal(after.from + after.shift - 1 <= watermark, true, 'the numbering begins at or before the next sequence');
    assert.deepEqual(agree(after, watermark).stream, after, 'agreeing twice changes nothing');
  });
}

test('a hole is counted and closed: the next sequence is the one after the watermark', () => {
  const after = skipHole({ ...stream, offered: 10 }, 8, 21);
  assert.deepEqual(after, { shift: -13, from: 21, offered: 20, lost: 13 });
  assert.equal(21 + after.shift, 8);
  assert.throws(() => skipHole(stream, 5, 4), RangeError);
});

test('a process that could deliver may have delivered all it left; one that could not, nothing of its own', () => {
  const record = freshLinkRecord('0123456789abcdef');
  const last = { detection: 7, telemetry: 90 };
  const marks = { ...record.streams, telemetry: { ...stream, offered: 80 } };
  assert.equal(recordAtStart({ ...record, streams: marks, delivering: true }, last).streams.telemetry.offered, 90);
  assert.equal(recordAtStart({ ...record, streams: marks, delivering: false }, last).streams.telemetry.offered, 80);
  assert.equal(recordAtStart({ ...record, streams: marks, delivering: false }, { ...last, telemetry: 60 }).streams.telemetry.offered, 60);
});

test('a spool that lost even where its numbering began goes on with the wire sequence where it stood', () => {
  const record = freshLinkRecord('0123456789abcdef');
  const before = { shift: -5, from: 38, offered: 50, lost: 5 };
  const start = recordAtStart({ ...record, streams: { detection: before, telemetry: stream } }, { detection: 32, telemetry: 0 });
  assert.deepEqual(start.streams.detection, { shift: 0, from: 33, offered: 32, lost: 5 });
  assert.equal(agree(start.streams.detection, 32).next, 33);
  assert.equal(agree(start.streams.detection, 40).stream.shift, 8);
});

test('an epoch is 16 hex digits', () => {
  for (const epoch of ['', 'x'.repeat(16), 'ABCDEFABCDEFABCD', '0'.repeat(15)]) assert.throws(() => freshLinkRecord(epoch), RangeError);
});
