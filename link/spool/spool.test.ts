import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure, failed } from './disk.ts';
import { openNodeDisk } from './node-disk.ts';
import type { Spool } from './spool.ts';
import { openSpool } from './spool.ts';

const root = mkdtempSync(path.join(tmpdir(), 'vedette-spool-'));
after(() => rmSync(root, { recursive: true }));
let directories = 0;

function directory(): string {
  directories += 1;
  return path.join(root, String(directories));
}

function disk(at: string): Disk {
  const opened = openNodeDisk(at);
  assert.ok(!failed(opened));
  return opened;
}

const options = { name: 'detection', bytesMax: 4000, segmentBytesMax: 300, entryBytesMax: 500, lastCommit: Number.MAX_SAFE_INTEGER };

function open(on: Disk, overrides: Partial<typeof options> = {}): Spool {
  const spool = openSpool({ ...options, ...overrides, disk: on });
  assert.ok(!failed(spool), failed(spool) ? spool.message : '');
  return spool;
}

function payloads(spool: Spool, from = 1): string[] {
  const texts: string[] = [];
  for (let next = from; ;) {
    const loaded = spool.read(next, 1000, 3);
    assert.ok(!failed(loaded));
    if (loaded.batches.length === 0) return texts;
    for (const { position, payload } of loaded.batches) texts.push(`${position}:${Buffer.from(payload).toString()}`);
    next = loaded.batches.at(-1)!.position + 1;
  }
}

/** Appends and publishes; yields the position. */
function put(spool: Spool, commit: number, text: string): number | string {
  const outcome = spool.append(commit, Buffer.from(text));
  spool.publish(commit);
  return outcome.kind === 'spooled' ? outcome.position : outcome.kind;
}

test('what was appended is read in order, also by the next process', () => {
  const at = directory();
  const spool = open(disk(at));
  for (let i = 1; i <= 20; i += 1) assert.equal(put(spool, i, `entry ${i}`), i);
  const expected = Array.from({ length: 20 }, (_, i) => `${i + 1}:entry ${i + 1}`);
  assert.deepEqual(payloads(spool), expected);
  const next = open(disk(at));
  assert.deepEqual(payloads(next), expected);
  assert.equal(next.last, 20);
  assert.equal(put(next, 21, 'entry 21'), 21);
  assert.ok(readdirSync(at).length > 2, 'several segments');
  for (const name of readdirSync(at)) assert.equal(statSync(path.join(at, name)).mode & 0o777, 0o600);
});

test('an entry is visible when its commit is published, not before', () => {
  const spool = open(disk(directory()));
  spool.append(1, Buffer.from('a'));
  spool.append(2, Buffer.from('b'));
  assert.deepEqual(payloads(spool), []);
  spool.publish(1);
  assert.deepEqual(payloads(spool), ['1:a']);
  spool.publish(2);
  assert.deepEqual(payloads(spool), ['1:a', '2:b']);
});

test('entries above the last commit that the owner recorded are cut, in whatever segment they are', () => {
  for (const known of [0, 1, 7, 12, 19, 20]) {
    const at = directory();
    const spool = open(disk(at));
    for (let i = 1; i <= 20; i += 1) put(spool, i, `entry ${i}`);
    const next = open(disk(at), { lastCommit: known });
    assert.equal(next.last, known);
    assert.equal(next.report.entriesDiscarded, 20 - known);
    assert.equal(put(next, known + 1, 'again'), known + 1);
    assert.equal(payloads(open(disk(at))).at(-1), `${known + 1}:again`);
  }
});

test('release frees whole segments, and positions go on after everything is gone', () => {
  const at = directory();
  const spool = open(disk(at));
  for (let i = 1; i <= 50; i += 1) put(spool, i, `entry ${i}`);
  const before = spool.bytes;
  spool.release(25);
  assert.ok(spool.bytes < before * 0.7);
  assert.equal(payloads(spool, 26)[0], '26:entry 26');
  spool.release(50);
  assert.ok(spool.bytes < 300);
  assert.equal(put(open(disk(at)), 51, 'x'), 51);
});

test('at its bound it says full, and takes again what fits once something is released', () => {
  const spool = open(disk(directory()));
  let count = 0;
  while (put(spool, count + 1, 'x'.repeat(60)) !== 'full') count += 1;
  assert.ok(spool.bytes <= options.bytesMax && count > 20, `${count} entries in ${spool.bytes} bytes`);
  assert.equal(payloads(spool).length, count);
  spool.release(10);
  assert.equal(put(spool, count + 1, 'x'.repeat(60)), count + 1);
  assert.equal(spool.append(count + 1, Buffer.alloc(501)).kind, 'too-large');
});

test('a torn tail is cut off and nothing is lost', () => {
  const at = directory();
  const spool = open(disk(at), { segmentBytesMax: 10_000 });
  for (let i = 1; i <= 5; i += 1) put(spool, i, `entry ${i}`);
  const file = path.join(at, readdirSync(at)[0]!);
  const whole = readFileSync(file);
  for (let size = whole.length - 1; size >= 0; size -= 7) {
    writeFileSync(file, whole.subarray(0, size));
    const next = open(disk(at));
    assert.equal(next.report.entriesLost, 0, `cut to ${size} bytes`);
    assert.deepEqual(payloads(next), ['1:entry 1', '2:entry 2', '3:entry 3', '4:entry 4', '5:entry 5'].slice(0, next.last));
    assert.equal(put(next, 9, 'more'), next.last);
  }
});

test('a broken entry: it and what follows in its segment is counted as lost, the next segments stand', () => {
  const at = directory();
  const spool = open(disk(at));
  for (let i = 1; i <= 20; i += 1) put(spool, i, `entry ${i}`);
  const names = readdirSync(at).sort();
  const second = path.join(at, names[1]!);
  const bytes = readFileSync(second);
  const third = Number(/\d+/.exec(names[2]!)![0]);
  const firstOfSecond = Number(/\d+/.exec(names[1]!)![0]);
  bytes[32 + 24 + 8 + 24 + 3] = 0;
  writeFileSync(second, bytes);
  const next = open(disk(at));
  assert.equal(next.report.entriesLost, third - firstOfSecond - 1);
  assert.equal(next.report.problems.length, 1);
  const loaded = next.read(firstOfSecond + 1, 1000, 100);
  assert.ok(!failed(loaded));
  assert.equal(loaded.found, third);
  assert.equal(next.last, 20);
});

test('an entry that rots while the spool is open is given up when it is read', () => {
  const at = directory();
  const spool = open(disk(at), { segmentBytesMax: 10_000 });
  for (let i = 1; i <= 5; i += 1) put(spool, i, `entry ${i}`);
  const file = path.join(at, readdirSync(at)[0]!);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = 0;
  writeFileSync(file, bytes);
  assert.deepEqual(payloads(spool), ['1:entry 1', '2:entry 2', '3:entry 3', '4:entry 4']);
  assert.deepEqual(spool.read(5, 100, 100), { found: 6, batches: [] });
  assert.equal(put(spool, 6, 'after'), 6);
  assert.deepEqual(payloads(spool, 5), ['6:after']);
  assert.equal(spool.report.entriesLost, 1);
});

test('any bytes in the directory: it opens, takes entries, and says what it could not use', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 120 })), { maxLength: 4 }), (files) => {
    const at = directory();
    const spool = open(disk(at));
    for (let i = 1; i <= 6; i += 1) put(spool, i, `entry ${i}`);
    for (const [first, bytes] of files) writeFileSync(path.join(at, `detection-${String(first).padStart(16, '0')}.spool`), bytes);
    const next = open(disk(at));
    assert.equal(typeof put(next, 100, 'after'), 'number');
    assert.equal(payloads(next).at(-1), `${next.last}:after`);
    assert.equal(payloads(open(disk(at))).at(-1), `${next.last}:after`);
  }), { numRuns: 60 });
});

/** Fails the calls whose number is in `fail`; a failing write leaves half of its bytes. */
class FailingDisk implements Disk {
  readonly #disk: Disk;
  readonly fail: (call: string, number: number) => boolean;
  calls = 0;

  constructor(inner: Disk, fail: (call: string, number: number) => boolean) {
    this.#disk = inner;
    this.fail = fail;
  }

  fails(call: string): DiskFailure | undefined {
    this.calls += 1;
    return this.fail(call, this.calls) ? new DiskFailure('ENOSPC', `${call} fails`) : undefined;
  }

  list() {
    return this.fails('list') ?? this.#disk.list();
  }

  open(name: string): DiskFile | DiskFailure {
    const failure = this.fails('open');
    if (failure !== undefined) return failure;
    const file = this.#disk.open(name);
    if (failed(file)) return file;
    return {
      size: () => file.size(),
      read: (offset, length) => this.fails('read') ?? file.read(offset, length),
      write: (offset, bytes) => (this.fails('write') === undefined ? file.write(offset, bytes) : file.write(offset, bytes.subarray(0, bytes.length >> 1))),
      truncate: (size) => this.fails('truncate') ?? file.truncate(size),
      sync: () => this.fails('sync') ?? file.sync(),
      syncLater: async () => this.fails('sync') ?? file.syncLater(),
      close: () => file.close(),
    };
  }

  remove(name: string) {
    return this.fails('remove') ?? this.#disk.remove(name);
  }

  syncDirectory() {
    return this.fails('sync') ?? this.#disk.syncDirectory();
  }
}

test('each disk call failing in turn: nothing half-written is ever visible, nothing that was taken is lost', () => {
  for (let nth = 1; nth < 60; nth += 1) {
    const at = directory();
    const failing = new FailingDisk(disk(at), (call, number) => number === nth && call !== 'read');
    const spool = openSpool({ ...options, disk: failing });
    if (failed(spool)) continue;
    const taken: string[] = [];
    for (let commit = 1; commit <= 15; commit += 1) {
      const position = put(spool, commit, `entry ${commit}`);
      if (typeof position === 'number') taken.push(`${position}:entry ${commit}`);
      if (commit === 8) spool.release(2);
    }
    assert.ok(taken.length >= 14, `call ${nth}`);
    assert.deepEqual(payloads(spool, 3), taken.slice(2), `call ${nth}`);
    const reopened = payloads(open(disk(at)), 3);
    assert.deepEqual(reopened, taken.slice(2), `call ${nth}, reopened`);
  }
});

test('segments that cannot be read are void for ever, their positions are not given out again, and the spool goes on', () => {
  const at = directory();
  const spool = open(disk(at));
  for (let i = 1; i <= 20; i += 1) put(spool, i, `entry ${i}`);
  let broken = true;
  const next = open(new FailingDisk(disk(at), (call) => broken && call === 'read'));
  broken = false;
  assert.ok(next.last >= 20 && next.report.problems.length > 1);
  assert.deepEqual(payloads(next), []);
  const position = put(next, 21, 'after');
  assert.equal(position, next.last);
  const expected = [`${String(position)}:after`];
  assert.deepEqual(payloads(next), expected);
  assert.deepEqual(payloads(open(disk(at))), expected, 'also when they can be read again');
  next.release(next.last);
  assert.equal(put(open(disk(at)), 22, 'more'), next.last + 1);
});

test('a loss at the very end is known to every later process, also when nothing is appended before the next crash', () => {
  const at = directory();
  const spool = open(disk(at), { segmentBytesMax: 10_000 });
  for (let i = 1; i <= 5; i += 1) put(spool, i, `entry ${i}`);
  const file = path.join(at, readdirSync(at)[0]!);
  const bytes = readFileSync(file);
  bytes[32 + 24 + 8 + 24 + 3] = 0;
  writeFileSync(file, bytes);
  assert.equal(open(disk(at)).report.entriesLost, 4);
  for (let life = 0; life < 3; life += 1) {
    const next = open(disk(at));
    assert.deepEqual([next.last, next.report.entriesLost, next.read(2, 100, 100)], [5, 0, { found: 6, batches: [] }]);
  }
  assert.equal(put(open(disk(at)), 6, 'after'), 6);
});

test('what a rollback cannot cut blocks appends until it can', () => {
  let broken = false;
  const at = directory();
  const spool = open(new FailingDisk(disk(at), (call) => broken && call === 'truncate'));
  put(spool, 1, 'kept');
  spool.append(2, Buffer.from('given up'));
  broken = true;
  assert.ok(spool.rollback() !== undefined);
  assert.ok(spool.mend() !== undefined);
  assert.equal(put(spool, 2, 'blocked'), 'full');
  broken = false;
  assert.equal(spool.mend(), undefined);
  assert.equal(put(spool, 2, 'instead'), 2);
  assert.deepEqual(payloads(open(disk(at))), ['1:kept', '2:instead']);
});

test('a sync in the background leaves nothing dirty', async () => {
  const spool = open(disk(directory()));
  put(spool, 1, 'a');
  assert.ok(spool.dirty);
  assert.equal(await spool.syncLater(), undefined);
  assert.ok(!spool.dirty);
});
