import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { freshLinkRecord } from '../protocol/streams.ts';
import { failed } from './disk.ts';
import { openNodeDisk } from './node-disk.ts';
import { openRecordFile } from './record-file.ts';
import type { Spools, SpoolsOptions } from './spools.ts';
import { openSpools, spoolBounds } from './spools.ts';

const root = mkdtempSync(path.join(tmpdir(), 'vedette-spools-'));
after(() => rmSync(root, { recursive: true }));
let directories = 0;

function directory(): string {
  directories += 1;
  return path.join(root, String(directories));
}

function disk(at: string) {
  const opened = openNodeDisk(at);
  assert.ok(!failed(opened));
  return opened;
}

const small = { ...spoolBounds, bytesMax: { detection: 4000, telemetry: 300 }, segmentBytesMax: 200, entryBytesMax: 100 };

function open(at: string, overrides: Partial<SpoolsOptions> = {}): Spools {
  const spools = openSpools({ disk: disk(at), bounds: small, lastCommit: Number.MAX_SAFE_INTEGER, freshEpoch: '0123456789abcdef', drops: undefined, ...overrides });
  assert.ok(!failed(spools), failed(spools) ? spools.message : '');
  return spools;
}

const content = (records: number, first: number, last: number) => ({ records, firstBootNs: BigInt(first), lastBootNs: BigInt(last) });
const bytes = Buffer.alloc(60);

test('a full telemetry spool refuses telemetry, counts it, and leaves detections alone', () => {
  const spools = open(directory());
  let commit = 0;
  for (; spools.append('telemetry', commit + 1, bytes, content(3, 10, 20)).kind === 'spooled'; commit += 1) spools.publish(commit + 1);
  assert.deepEqual(spools.drops(), { batches: 1, ...content(3, 10, 20) });
  spools.append('telemetry', commit + 1, bytes, content(2, 5, 30));
  assert.deepEqual(spools.drops(), { batches: 2, ...content(5, 5, 30) });
  assert.equal(spools.append('detection', commit + 1, bytes, content(1, 1, 1)).kind, 'spooled');
  spools.publish(commit + 1);
  assert.deepEqual(spools.last(), { detection: 1, telemetry: commit });
  spools.perform({ kind: 'release', stream: 'telemetry', through: commit });
  assert.equal(spools.append('telemetry', commit + 2, bytes, content(1, 1, 1)).kind, 'spooled');
  spools.dropsReported();
  assert.equal(spools.drops(), undefined);
});

test('a commit that was given up leaves neither entries nor counts', () => {
  const at = directory();
  const spools = open(at, { drops: { batches: 1, ...content(1, 1, 1) } });
  spools.append('telemetry', 1, bytes, content(1, 1, 1));
  spools.dropsReported();
  spools.append('detection', 1, bytes, content(1, 1, 1));
  spools.append('telemetry', 1, Buffer.alloc(101), content(9, 9, 9));
  assert.equal(spools.rollback(), undefined);
  assert.deepEqual(spools.drops(), { batches: 1, ...content(1, 1, 1) });
  spools.publish(1);
  assert.deepEqual(spools.last(), { detection: 0, telemetry: 0 });
  assert.deepEqual(open(at).last(), { detection: 0, telemetry: 0 });
});

test('publishing tells the sender what it may deliver', () => {
  const spools = open(directory());
  const told: string[] = [];
  spools.onPublished((stream, last) => told.push(`${stream} ${last}`));
  spools.append('telemetry', 1, bytes, content(1, 1, 1));
  spools.append('detection', 1, bytes, content(1, 1, 1));
  spools.append('detection', 1, bytes, content(1, 1, 1));
  assert.deepEqual(told, []);
  spools.publish(1);
  assert.deepEqual(told, ['detection 2', 'telemetry 1']);
});

test('the epoch stays, and a process that could deliver leaves everything as offered', () => {
  const at = directory();
  const first = open(at);
  assert.equal(first.record.epoch, '0123456789abcdef');
  first.append('detection', 1, bytes, content(1, 1, 1));
  first.publish(1);
  const second = open(at, { freshEpoch: 'f'.repeat(16) });
  assert.deepEqual([second.record.epoch, second.record.streams.detection.offered], ['0123456789abcdef', 0]);
  const record = { ...second.record, session: 'ab', delivering: true };
  assert.deepEqual(second.perform({ kind: 'store', request: 7, record }), { kind: 'stored', request: 7 });
  const third = open(at);
  assert.deepEqual([third.record.session, third.record.delivering, third.record.streams.detection.offered], ['ab', false, 1]);
});

test('without its record nobody can tell what was delivered: a new epoch, and the entries are given up', () => {
  const at = directory();
  const first = open(at);
  first.append('detection', 1, bytes, content(1, 1, 1));
  first.publish(1);
  writeFileSync(path.join(at, 'link.record'), Buffer.alloc(2048, 1));
  const second = open(at, { freshEpoch: 'f'.repeat(16) });
  assert.equal(second.record.epoch, 'f'.repeat(16));
  assert.deepEqual(second.last(), { detection: 0, telemetry: 0 });
  assert.equal(second.problems.length, 2);
});

test('the record: a write torn at any byte leaves the one before it', () => {
  const at = directory();
  const records = [1, 2, 3, 4].map((n) => ({ ...freshLinkRecord('0123456789abcdef'), session: String(n).repeat(48) }));
  const file = openRecordFile(disk(at));
  assert.ok(!failed(file));
  assert.equal(file.record, undefined);
  for (const record of records.slice(0, 3)) assert.equal(file.write(record), undefined);
  const before = readFileSync(path.join(at, 'link.record'));
  file.write(records[3]!);
  const complete = readFileSync(path.join(at, 'link.record'));
  for (let size = 0; size < 1024; size += 5) {
    writeFileSync(path.join(at, 'link.record'), Buffer.concat([complete.subarray(0, size), before.subarray(size)]));
    const read = openRecordFile(disk(at));
    assert.ok(!failed(read));
    assert.ok(read.record?.session === records[2]!.session || read.record?.session === records[3]!.session, `torn at ${size}`);
  }
  truncateSync(path.join(at, 'link.record'), 0);
});
