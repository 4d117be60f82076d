/** Blocks come out whole whatever the pieces, and what cannot be is refused with its place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { replayed } from '../testing/replayed.ts';
import { CaptureWriter, int } from '../testing/writer.ts';
import { BlockScanner, type BlockSink } from './blocks.ts';

function scan(bytes: Buffer, pieceBytes = bytes.length): { readonly seen: readonly string[]; readonly problem: string | null; readonly offset: number | null } {
  const seen: string[] = [];
  const sink: BlockSink = {
    block: (type, content, start, end) => seen.push(`${type.toString(16)}:${content.subarray(start, end).toString('hex')}`),
    section: (major, minor) => seen.push(`section ${major}.${minor}`),
    skipped: (type, length) => seen.push(`skipped ${type.toString(16)} ${length}`),
  };
  const scanner = new BlockScanner(sink);
  for (let at = 0; at < bytes.length; at += pieceBytes) if (!scanner.push(Buffer.from(bytes.subarray(at, at + pieceBytes)))) break;
  scanner.finish();
  return { seen, problem: scanner.problem?.message ?? null, offset: scanner.problem?.offset ?? null };
}

const good = new CaptureWriter().block(0x204, Buffer.from('abcd')).block(0x999, Buffer.alloc(40, 7)).block(0x205, Buffer.from('xy')).bytes();

test('blocks are handed out in order, and unknown ones are passed over', () => {
  assert.deepEqual(scan(good), { seen: ['section 1.2', '204:61626364', 'skipped 999 52', '205:78790000'], problem: null, offset: null });
});

test('the pieces do not matter', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: good.length }), (size) => assert.deepEqual(scan(good, size), scan(good))));
});

const refusals: readonly (readonly [what: string, bytes: Buffer, message: RegExp, offset: number])[] = [
  ['nothing', Buffer.alloc(0), /the file is empty/, 0],
  ['text', Buffer.from('#!/bin/sh\necho this is no capture\n'), /not a capture/, 0],
  ['a pcap', Buffer.concat([int(0xa1b2c3d4, 4), Buffer.alloc(30)]), /not a capture/, 0],
  ['big-endian', Buffer.concat([int(0x0a0d0d0a, 4), Buffer.from([0, 0, 0, 28]), Buffer.from([0x1a, 0x2b, 0x3c, 0x4d]), Buffer.alloc(16)]), /big-endian/, 0],
  ['a newer major version', new CaptureWriter().bytes().fill(2, 12, 13), /format version 2\.2/, 0],
  ['cut off in a block', good.subarray(0, good.length - 3), /ends inside a block/, 96],
  ['cut off in a header', good.subarray(0, 30), /ends inside a block/, 28],
  ['cut off in an unknown block', good.subarray(0, 60), /ends inside a block: 36 bytes are missing/, 60],
  ['a length less than the frame', new CaptureWriter().raw(Buffer.concat([int(0x204, 4), int(8, 4), Buffer.alloc(20)])).bytes(), /less than its own frame/, 28],
  ['an event of 4 GiB', new CaptureWriter().raw(Buffer.concat([int(0x204, 4), int(-1, 4), Buffer.alloc(20)])).bytes(), /at most 16777216 are read/, 28],
  ['a list of 2 GiB', new CaptureWriter().raw(Buffer.concat([int(0x215, 4), int(0x7fffffff, 4), Buffer.alloc(20)])).bytes(), /at most 268435456 are read/, 28],
  ['another length at the end', Buffer.concat([good.subarray(0, 40), int(17, 4), good.subarray(44)]), /says 16 bytes at its beginning and 17 at its end/, 28],
];

for (const [what, bytes, message, offset] of refusals) {
  test(`refused: ${what}`, () => {
    const found = scan(bytes);
    assert.match(found.problem ?? '', message);
    assert.equal(found.offset, offset);
  });
}

test('what stands before the broken place counts', () => {
  const writer = new CaptureWriter();
  writer.event(7, [1, Buffer.from('x'), 3, 10]).event(7, [1, Buffer.from('y'), 3, 10]);
  const { result, outputs } = replayed(writer.bytes().subarray(0, -5), 'evt.type = read');
  assert.equal(outputs.length, 1);
  assert.match(result.problem?.message ?? '', /ends inside a block/);
});

test('blocks of the time before the format was published', () => {
  const writer = new CaptureWriter();
  writer.block(0x8002abcd, Buffer.concat([int(1, 4), int(1, 8), int(1, 8), Buffer.from('old'.padEnd(128, '\0'))]));
  writer.event(7, [1]);
  const { alerts } = replayed(writer.bytes(), 'evt.type = read');
  assert.equal(alerts[0]?.hostname, 'old');
});
