import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { decodeFileIndex, encodeFileIndex } from './file-index-bytes.ts';
import { FileIndex, FileIndexBuilder } from './file-index.ts';

function built(files: readonly string[], packages = 3): FileIndex {
  const builder = new FileIndexBuilder();
  files.forEach((path, at) => builder.addFile(path, at % packages));
  files.forEach((path, at) => builder.addFolder(`/app/node_modules${path}`, at % packages));
  return builder.build(Array.from({ length: packages }, (_, at) => packages - 1 - at));
}

test('300,000 files that differ little: each finds its own package', () => {
  const builder = new FileIndexBuilder();
  const count = 300_000;
  for (let at = 0; at < count; at += 1) builder.addFile(`/usr/lib/x86_64-linux-gnu/lib${at}.so.${at % 7}`, at % 500);
  const index = builder.build(Array.from({ length: 500 }, (_, at) => at));
  assert.equal(index.files, count, 'no two paths share a hash');
  for (let at = 0; at < count; at += 97) assert.equal(index.fileOwner(`/usr/lib/x86_64-linux-gnu/lib${at}.so.${at % 7}`), at % 500);
  for (let at = 0; at < 20_000; at += 1) assert.equal(index.fileOwner(`/usr/lib/x86_64-linux-gnu/lib${at}.so.x`), -1);
});

test('a file of several packages belongs to the first of them, however it was added', () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const builder = new FileIndexBuilder();
    for (const owner of order) builder.addFile('/usr/bin/same', owner);
    assert.equal(builder.build([2, 0, 1]).fileOwner('/usr/bin/same'), 0);
  }
});

test('file and folder of one package are one owner, of two packages two', () => {
  const builder = new FileIndexBuilder();
  builder.addFile('/n/node_modules/npm/cli.js', 0);
  builder.addFile('/n/node_modules/own/cli.js', 2);
  builder.addFolder('/n/node_modules/npm', 1);
  builder.addFolder('/n/node_modules/own', 2);
  const index = builder.build([0, 1, 2]);
  assert.deepEqual(index.owners('/n/node_modules/npm/cli.js'), [0, 1]);
  assert.deepEqual(index.owners('/n/node_modules/own/cli.js'), [2]);
  assert.deepEqual(index.owners('/n/node_modules/npm/new.js'), [1]);
  assert.deepEqual(index.owners('/n/x'), []);
});

test('bytes and back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string().map((text) => `/${text}`), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (files, packages) => {
      const index = built(files, packages);
      const bytes = encodeFileIndex(index);
      const again = decodeFileIndex(bytes);
      assert.ok(again instanceof FileIndex);
      assert.deepEqual(again.tables, index.tables);
      // Not aligned in memory, as a part of a larger buffer.
      const moved = new Uint8Array(bytes.length + 3);
      moved.set(bytes, 3);
      assert.ok(decodeFileIndex(moved.subarray(3)) instanceof FileIndex);
    }),
  );
});

test('a changed, shortened or lengthened index is refused', () => {
  const bytes = encodeFileIndex(built(['/a', '/b', '/c', '/d'], 4));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.slice();
      changed[at]! ^= change;
      assert.ok('refused' in decodeFileIndex(changed));
    }),
  );
  for (let length = 0; length < bytes.length; length += 1) assert.ok('refused' in decodeFileIndex(bytes.subarray(0, length)), String(length));
  assert.ok('refused' in decodeFileIndex(new Uint8Array([...bytes, 0])));
});

test('random bytes are refused, also with a right checksum', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => assert.ok('refused' in decodeFileIndex(bytes))));
  const cases: [string, (view: DataView) => void][] = [
    ['this is not a file index', (view) => view.setUint32(0, 1, true)],
    ['the file index has format 2, and 1 is read here', (view) => view.setUint32(4, 2, true)],
    ['the file index is larger than any that is written', (view) => view.setUint32(12, 0xffffffff, true)],
    ['the file index has 144 bytes, and its header says 132', (view) => view.setUint32(12, 4, true)],
    ['the file index names a package that does not exist', (view) => view.setUint32(8, 0, true)],
    ['the file index is not in order', (view) => view.setUint32(20, 0xffffffff, true)],
  ];
  for (const [refusal, change] of cases) {
    const bytes = encodeFileIndex(built(['/a', '/b', '/c', '/d', '/e'], 4));
    const view = new DataView(bytes.buffer);
    change(view);
    view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, bytes.length - 4)), true);
    assert.deepEqual(decodeFileIndex(bytes), { refused: refusal });
  }
});

test('a lookup takes well below a microsecond', () => {
  const builder = new FileIndexBuilder();
  const paths = Array.from({ length: 100_000 }, (_, at) => `/usr/lib/x86_64-linux-gnu/package${at % 400}/lib${at}.so.1`);
  paths.forEach((path, at) => builder.addFile(path, at % 400));
  const index = builder.build(Array.from({ length: 400 }, (_, at) => at));
  let found = 0;
  const once = (): number => {
    const start = performance.now();
    for (const path of paths) found += index.fileOwner(path) + index.folderOwner(path) >= -1 ? 1 : 0;
    return ((performance.now() - start) * 1e6) / paths.length;
  };
  const nanoseconds = Math.min(...Array.from({ length: 8 }, once));
  assert.equal(found, 800_000);
  assert.ok(nanoseconds < 1500, `${nanoseconds.toFixed(0)} ns`);
});
