import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readerOf } from '../testing/reader.ts';
import { componentsToPath } from './path.ts';
import type { RecordReader } from './records.ts';
import { LastBlock, plainText, TextCache } from './text-cache.ts';

/** A cache that counts how often a string had to be made. */
function counted(): { cache: TextCache; made: () => number } {
  let made = 0;
  const cache = new TextCache((reader, from, length) => {
    made += 1;
    return plainText(reader, from, length);
  });
  return { cache, made: () => made };
}

function decode(cache: TextCache, bytes: Uint8Array, at = 0): string {
  return cache.decode(readerOf(bytes, at), at, bytes.length);
}

/** Texts of one length that fall into one place of the cache: "Aa" and "BB" have the same hash, and so has every mixture. */
const colliding = Array.from({ length: 32 }, (_, bits) => Array.from({ length: 5 }, (_, i) => ((bits >> i) & 1 ? 'Aa' : 'BB')).join(''));

test('a text that comes again is kept, wherever it lies', () => {
  const { cache, made } = counted();
  for (const at of [0, 8, 3, 41]) assert.equal(decode(cache, Buffer.from('/usr/bin/node'), at), '/usr/bin/node');
  assert.equal(made(), 2, 'when it comes a second time');
});

test('texts that collide are never taken for each other', () => {
  const { cache, made } = counted();
  for (let round = 0; round < 3; round++) for (const one of colliding) assert.equal(decode(cache, Buffer.from(one)), one);
  assert.equal(made(), colliding.length * 3, 'they push each other out; if this fails they no longer collide and the test proves nothing');
});

test('a text and one that begins with it are two', () => {
  const { cache } = counted();
  for (let length = 0; length <= 300; length++) assert.equal(decode(cache, Buffer.alloc(length, 'x')).length, length);
  for (let length = 300; length >= 0; length--) assert.equal(decode(cache, Buffer.alloc(length, 'x')).length, length);
});

test('texts that never repeat push nothing out', () => {
  const { cache, made } = counted();
  for (let i = 0; i < 2; i++) decode(cache, Buffer.from('/usr/bin/node'));
  for (let i = 0; i < 10_000; i++) decode(cache, Buffer.from(`/tmp/once-${i}`));
  decode(cache, Buffer.from('/usr/bin/node'));
  assert.equal(made(), 10_002);
});

test('texts too long for a place are made every time and right', () => {
  const { cache, made } = counted();
  for (const length of [248, 248, 248, 249, 249, 4096, 4096]) assert.equal(decode(cache, Buffer.alloc(length, 'y')), 'y'.repeat(length));
  assert.equal(made(), 6, 'only the one of 248 bytes is kept');
});

test('nothing, and less than nothing, is no text', () => {
  const { cache } = counted();
  const reader = readerOf(Buffer.from('something'));
  assert.equal(cache.decode(reader, 4, 0), '');
  assert.equal(cache.decode(reader, 4, -1), '', 'a length that says it counts a NUL that is not there');
});

test('the maker is told whether all bytes are ASCII, for short and long texts', () => {
  const told: boolean[] = [];
  const cache = new TextCache((_reader: RecordReader, _from: number, _length: number, isAscii: boolean) => {
    told.push(isAscii);
    return '';
  });
  for (const text of ['plain', 'straße', 'p'.repeat(500), `${'p'.repeat(500)}ß`]) decode(cache, Buffer.from(text));
  assert.deepEqual(told, [true, false, true, false]);
});

test('any sequence of texts reads as a plain decoder reads it', () => {
  const some = fc.oneof(fc.constantFrom(...colliding).map((one) => Buffer.from(one)), fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 40 }).map((one) => Buffer.from(one)));
  fc.assert(
    fc.property(fc.array(fc.tuple(some, fc.integer({ min: 0, max: 16 })), { maxLength: 60 }), (texts) => {
      const cache = new TextCache(plainText);
      for (const [bytes, at] of [...texts, ...texts]) assert.equal(decode(cache, bytes, at), Buffer.from(bytes).toString('utf8'));
    }),
  );
});

test('paths through the cache are those without it', () => {
  const components = fc.array(fc.constantFrom('usr', 'bin', 'node', 'straße', 'Aa', 'BB', '日本'), { maxLength: 6 }).map((names) => Buffer.from(names.map((one) => `${one}\0`).join('')));
  fc.assert(
    fc.property(fc.array(components, { maxLength: 60 }), (paths) => {
      const cache = new TextCache(componentsToPath);
      for (const bytes of [...paths, ...paths]) assert.equal(decode(cache, bytes), componentsToPath(readerOf(bytes), 0, bytes.length, false));
    }),
  );
});

test('a block of texts is the list of before only where every byte is the same', () => {
  const blocks = new LastBlock(new TextCache(plainText));
  const block = (texts: readonly string[], at = 0) => {
    const bytes = Buffer.from(texts.map((one) => `${one}\0`).join(''));
    return blocks.decode(readerOf(bytes, at), at, bytes.length);
  };
  const long = ['x'.repeat(9000), 'y'];
  for (const texts of [[], ['a', 'b'], ['a', 'c'], ['a'], ['a', 'b', ''], [], long, long, ['a', 'b'], ['a\ufffd']]) assert.deepEqual(block(texts), texts);
  const first = block(['HOME=/root', 'PATH=/bin']);
  assert.equal(block(['HOME=/root', 'PATH=/bin'], 40), first, 'wherever it lies');
  assert.notEqual(block(['HOME=/root', 'PATH=/biN']), first);
});
