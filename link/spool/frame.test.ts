import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeFrame, decodeSegmentHeader, encodeFrame, encodeSegmentHeader, frameHeaderBytes, highestPositionAfter } from './frame.ts';

const number = fc.oneof(fc.nat(), fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
const frame = fc.record({ position: number, commit: number, payload: fc.uint8Array({ maxLength: 300 }) }, { noNullPrototype: true });

test('a frame comes back as it was, wherever it stands', () => {
  fc.assert(fc.property(frame, fc.uint8Array({ maxLength: 20 }), (written, before) => {
    const bytes = Buffer.concat([before, encodeFrame(written), Buffer.from('behind')]);
    const read = decodeFrame(bytes, before.length);
    assert.deepEqual({ ...read, payload: Uint8Array.from(read?.payload ?? []) }, written);
  }));
});

test('no prefix of a frame is one, and no frame with a flipped bit', () => {
  fc.assert(fc.property(frame, fc.nat(), (written, chance) => {
    const bytes = Buffer.from(encodeFrame(written));
    assert.equal(decodeFrame(bytes.subarray(0, chance % bytes.length), 0), undefined);
    const bit = chance % (bytes.length * 8);
    bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
    assert.equal(decodeFrame(bytes, 0), undefined);
  }));
});

test('any bytes are read without a throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 250 }), (bytes, offset) => {
    decodeFrame(bytes, offset);
    decodeSegmentHeader(bytes);
    highestPositionAfter(bytes, offset - 1, 0, 1000);
  }));
});

test('the header of a segment', () => {
  const header = { first: 4711, voidFrom: 4700 };
  const bytes = encodeSegmentHeader(header);
  assert.deepEqual(decodeSegmentHeader(bytes), header);
  assert.equal(decodeSegmentHeader(bytes.subarray(0, 31)), undefined);
  assert.equal(decodeSegmentHeader(new Uint8Array(32)), undefined);
  for (let at = 0; at < 28; at += 1) assert.equal(decodeSegmentHeader(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))), undefined);
  assert.equal(decodeSegmentHeader(encodeSegmentHeader({ first: 5, voidFrom: 6 })), undefined);
});

const payload = (length: number) => new Uint8Array(length).fill(7);
const frames = (...positions: number[]) => Buffer.concat(positions.map((position) => encodeFrame({ position, commit: 1, payload: payload(30) })));

// what stands behind position 4 → the highest position that was once acknowledged
const highestTable: readonly [string, Buffer, number][] = [
  ['a torn write: shorter than it says', frames(5).subarray(0, 40), 4],
  ['a whole frame with rotten content, the last of the file', spoil(frames(5), 40), 5],
  ['rotten content, others behind it', spoil(frames(5, 6, 7), 40), 7],
  ['a rotten length, others behind it', spoil(frames(5, 6, 7), 1), 7],
  ['two rotten ones, one behind them', spoil(spoil(frames(5, 6, 7), 40), 80), 7],
  ['an entry of a commit that was never recorded', spoil(Buffer.concat([frames(5), encodeFrame({ position: 6, commit: 9, payload: payload(3) })]), 40), 5],
];

function spoil(bytes: Buffer, at: number): Buffer {
  const spoiled = Buffer.from(bytes);
  spoiled[at] = spoiled[at]! ^ 0xff;
  return spoiled;
}

for (const [what, bytes, expected] of highestTable) {
  test(`how much is lost behind a broken frame: ${what}`, () => {
    assert.equal(highestPositionAfter(bytes, 0, 4, 1), expected);
    assert.ok(bytes.length >= frameHeaderBytes);
  });
}
