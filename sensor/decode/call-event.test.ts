import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readerOf } from '../testing/reader.ts';
import { callNames } from './calls.ts';
import { decodeCall, decodeDns, givenAddress } from './call-event.ts';
import * as at from './layout.ts';

/** A record of a call with these pieces behind it: two texts, the same two at the entry, two paths. */
function record(call: string, pieces: readonly [string, string, string, string, string, string] | readonly (readonly number[])[], more: { flags?: number; result?: bigint } = {}): Buffer {
  const bytes = pieces.map((one) => Buffer.from(one as string));
  const out = Buffer.alloc(at.call.size + bytes.reduce((sum, one) => sum + one.length, 0));
  out.writeUInt16LE(at.kinds.symlink, 0);
  out.writeUInt16LE((callNames as readonly string[]).indexOf(call), at.call.call);
  out.writeUInt16LE(more.flags ?? 0, at.call.callFlags);
  out.writeBigInt64LE(more.result ?? 0n, at.call.result);
  out.writeBigInt64LE(-100n, at.call.arguments);
  let place = at.call.size;
  for (const [index, one] of bytes.entries()) {
    out.writeUInt16LE(one.length, [at.call.textBytes, at.call.textBytes + 2, at.call.entryBytes, at.call.entryBytes + 2, at.call.pathBytes, at.call.pathBytes + 2][index]!);
    one.copy(out, place);
    place += one.length;
  }
  return out;
}

test('texts, those of the entry, and the kernel’s own paths', () => {
  const bytes = record('symlinkat', ['/etc/shadow\0', 'link\0', '', 'other\0', '', 'app\0srv\0'], { flags: at.callFlags.changed, result: -17n });
  const event = decodeCall(readerOf(bytes), 0, bytes.length, 'symlink');
  assert.ok(event !== null);
  assert.deepEqual([event.call, event.result, event.texts, event.textsAtEntry, event.paths, event.changed], ['symlinkat', -17, ['/etc/shadow', 'link'], [null, 'other'], ['', '/srv/app'], true]);
  assert.equal(event.argumentsLow[0]! | 0, -100);
});

test('the text of a call on a socket is an address', () => {
  const inet = [2, 0, 0, 53, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  const bytes = record('sendto', [inet, [], [], [], [], []]);
  const event = decodeCall(readerOf(bytes), 0, bytes.length, 'send');
  assert.deepEqual(event?.given, { family: 2, address: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1]), port: 53, path: '' });
  assert.deepEqual(event?.texts, ['', '']);
});

const addresses: readonly (readonly [bytes: readonly number[], path: string | null])[] = [
  [[], null],
  [[1], null],
  [[1, 0], ''],
  [[1, 0, 0x2f, 0x61, 0, 0x62], '/a'],
  [[1, 0, 0, 0x61, 0x62], '@ab'],
  [[2, 0, 0, 53], ''],
  [[10, 0, 0, 53, 0, 0, 0, 0, 1], ''],
  [[99, 0, 1, 2], ''],
];
for (const [bytes, path] of addresses) test(`an address of ${JSON.stringify(bytes)} is read as far as it goes`, () => assert.equal(givenAddress(Uint8Array.from(bytes))?.path ?? null, path));

test('lengths that lead out of the record are refused', () => {
  const bytes = record('symlink', ['a\0', 'b\0', '', '', '', '']);
  assert.equal(decodeCall(readerOf(bytes), 0, bytes.length - 1, 'symlink'), null);
  assert.equal(decodeCall(readerOf(bytes), 0, at.call.size - 1, 'symlink'), null);
  assert.equal(decodeDns(readerOf(bytes), 0, at.dns.size - 1), null);
});

test('any bytes are an event or nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: at.call.size, maxLength: 600 }), fc.boolean(), (bytes, short) => {
      const record = Buffer.from(bytes);
      if (short) for (let i = 0; i < 6; i++) record.writeUInt16LE(record[i]! & 0x1f, at.call.textBytes + i * 2);
      decodeCall(readerOf(record), 0, record.length, 'bind');
      decodeDns(readerOf(record), 0, record.length);
    }),
  );
});
