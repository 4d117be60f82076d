import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KernelEvent } from '@vedette/model/event';
import * as at from './layout.ts';
import { EventStream } from './stream.ts';

/** One framed record with a header; `fill` writes what is special. */
function frame(kind: number, size: number, tail: Buffer, fill: (record: Buffer) => void = () => undefined, fromLoader = false): Buffer {
  const record = Buffer.concat([Buffer.alloc(size), tail]);
  record.writeUInt16LE(kind, at.header.kind);
  record.writeUInt32LE(4711, at.header.tgid);
  record.writeBigUInt64LE(5_000_000_000n, at.header.timeBootNs);
  record.writeBigUInt64LE(1_000_000_001n, at.header.startBootNs);
  record.writeBigUInt64LE(17n, at.header.cgroupV1);
  record.writeBigUInt64LE(44n | (1n << 63n), at.header.cgroupV2);
  record.writeUInt32LE(3, at.header.execId);
  fill(record);
  const padded = Buffer.alloc(at.ringHeadBytes + ((record.length + 7) & ~7));
  padded.writeUInt32LE(record.length, 0);
  padded.writeUInt32LE(fromLoader ? at.fromLoader : 1, 4);
  record.copy(padded, at.ringHeadBytes);
  return padded;
}

function openRecord(path: string): Buffer {
  const components = Buffer.from(`${path.split('/').slice(1).reverse().join('\0')}\0`);
  return frame(at.kinds.openWrite, at.file.size, components, (record) => {
    record.writeUInt16LE(components.length, at.file.pathBytes);
    record.writeUInt32LE(0o100644, at.file.mode);
  });
}

function execRecord(path: string, args: string[]): Buffer {
  const pathBytes = Buffer.from(`${path.split('/').slice(1).reverse().join('\0')}\0`);
  const directory = Buffer.from('app\0srv\0');
  const filename = Buffer.from(`${path}\0`);
  const argumentBytes = Buffer.from(args.map((one) => `${one}\0`).join(''));
  return frame(at.kinds.exec, at.exec.size, Buffer.concat([pathBytes, directory, filename, argumentBytes]), (record) => {
    record.writeUInt16LE(pathBytes.length, at.exec.pathBytes);
    record.writeUInt16LE(directory.length, at.exec.directoryBytes);
    record.writeUInt16LE(filename.length, at.exec.filenameBytes);
    record.writeUInt16LE(argumentBytes.length, at.exec.argumentBytes);
    record.writeUInt8(4, at.exec.origin);
    record.writeUInt8(2, at.exec.verdict);
    record.writeUInt16LE(7, at.exec.rule);
    record.write('comm', at.exec.comm);
  });
}

function collect(bytes: Buffer, pieceSizes: readonly number[], bufferBytes = 65536): { events: KernelEvent[]; stream: EventStream } {
  const events: KernelEvent[] = [];
  const stream = new EventStream((event) => events.push(event), bufferBytes);
  let turn = 0;
  for (let from = 0; from < bytes.length && stream.state === 'open'; ) {
    const count = Math.min(stream.free.length, bytes.length - from, pieceSizes[turn++ % pieceSizes.length]!);
    stream.free.set(bytes.subarray(from, from + count));
    stream.push(count);
    from += count;
  }
  return { events, stream };
}

test('an exec record with everything in it', () => {
  const { events, stream } = collect(execRecord('/tmp/x', ['/tmp/x', '--flag', 'ä', '']), [1 << 20]);
  assert.equal(stream.malformed, 0);
  const [event] = events;
  assert.ok(event?.kind === 'exec');
  assert.equal(event.path, '/tmp/x');
  assert.equal(event.workingDirectory, '/srv/app');
  assert.deepEqual(event.arguments, ['/tmp/x', '--flag', 'ä', '']);
  assert.deepEqual([event.origin, event.verdict, event.rule, event.command], ['dropped', 'killed', 7, 'comm']);
  assert.deepEqual([event.cgroupV1, event.cgroupV2], [17, -44]);
});

test('what executes nothing has no path, and the root as working directory is the root', () => {
  const record = frame(at.kinds.process, at.exec.size, Buffer.alloc(0), (bytes) => bytes.writeUInt16LE(at.flags.kernelThread, at.header.flags));
  const [event] = collect(record, [1 << 20]).events;
  assert.ok(event?.kind === 'process');
  assert.deepEqual([event.path, event.workingDirectory, event.filename, event.arguments, event.isKernelThread], ['', '/', '', [], true]);
});

test('pieces of any size give the same events', () => {
  const paths = fc.array(fc.stringMatching(/^[a-z0-9._ -]{1,40}$/), { minLength: 1, maxLength: 8 }).map((names) => `/${names.join('/')}`);
  const records = fc.array(fc.oneof(paths.map((path) => ({ path, bytes: openRecord(path) })), paths.map((path) => ({ path, bytes: execRecord(path, [path]) }))), { maxLength: 40 });
  fc.assert(
    fc.property(records, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }), (some, pieces) => {
      const bytes = Buffer.concat(some.map((one) => one.bytes));
      const { events, stream } = collect(bytes, pieces, 32768);
      assert.deepEqual(events.map((event) => (event as { path: string }).path), some.map((one) => one.path));
      assert.equal(stream.ringPosition, bytes.length);
      assert.equal(stream.waiting, 0);
    }),
  );
});

test('bytes from elsewhere, more than the buffer takes at once, are the same as in pieces', () => {
  const bytes = Buffer.concat(Array.from({ length: 400 }, (_, i) => openRecord(`/tmp/file-${i}`)));
  const events: KernelEvent[] = [];
  const stream = new EventStream((event) => events.push(event), 32768);
  stream.feed(bytes);
  assert.equal(events.length, 400);
  assert.deepEqual([stream.ringPosition, stream.waiting, stream.state], [bytes.length, 0, 'open']);
});

test('garbage never throws: it is counted, or it ends the stream', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (garbage) => {
      const { stream } = collect(Buffer.from(garbage), [64]);
      assert.ok(stream.state === 'open' || stream.state === 'broken');
    }),
  );
  const lying = openRecord('/etc/passwd');
  lying.writeUInt16LE(60000, at.ringHeadBytes + at.file.pathBytes);
  const { events, stream } = collect(Buffer.concat([lying, openRecord('/etc/hosts')]), [1 << 20]);
  assert.equal(stream.malformed, 1);
  assert.equal((events[0] as { path: string }).path, '/etc/hosts');
});

test('discarded records move the position and nothing else; the loader records do not move it', () => {
  const discarded = openRecord('/a');
  discarded.writeUInt32LE((discarded.readUInt32LE(0) | at.ringDiscarded) >>> 0, 0);
  const end = frame(at.kinds.snapshotEnd, at.header.size, Buffer.alloc(0), undefined, true);
  const { events, stream } = collect(Buffer.concat([discarded, end, openRecord('/b')]), [1 << 20]);
  assert.deepEqual(events.map((one) => one.kind), ['snapshot-end', 'open-write']);
  assert.equal(stream.ringPosition, discarded.length + openRecord('/b').length);
});

test('a path that was cut says so', () => {
  const cut = openRecord('/deep/er');
  cut.writeUInt16LE(at.flags.pathTruncated, at.ringHeadBytes + at.header.flags);
  assert.equal((collect(cut, [1 << 20]).events[0] as { path: string }).path, '…/deep/er');
});
