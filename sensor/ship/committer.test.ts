import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { openNodeDisk } from '@vedette/link/spool/node-disk';
import { DiskFailure } from '@vedette/link/spool/disk';
import { openSpools, spoolBounds, Spools } from '@vedette/link/spool/spools';
import { BatchPayloadSchema, ContainerEndedSchema, RecordSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { Committer, type CommitContent } from './committer.ts';
import { StateLog } from './state-log.ts';

const made: string[] = [];
after(() => made.forEach((one) => rmSync(one, { recursive: true, force: true })));

function spoolsIn(place: string, lastCommit: number, telemetryBytes = 1 << 22): Spools {
  const disk = openNodeDisk(join(place, 'spool'));
  assert.ok(!(disk instanceof DiskFailure));
  const spools = openSpools({ disk, bounds: { ...spoolBounds, bytesMax: { detection: 1 << 22, telemetry: telemetryBytes } }, lastCommit, freshEpoch: '00112233445566aa', drops: undefined });
  assert.ok(spools instanceof Spools);
  return spools;
}

function bench(telemetryBytes?: number) {
  const place = mkdtempSync(join(tmpdir(), 'vedette-committer-'));
  made.push(place);
  const spools = spoolsIn(place, 0, telemetryBytes);
  const { log } = StateLog.open(place);
  return { place, spools, log, committer: new Committer(spools, log, 0) };
}

function ended(id: string): WireRecord {
  return create(RecordSchema, { kind: { case: 'containerEnded', value: create(ContainerEndedSchema, { containerId: id, endedBootNs: 5n }) } });
}

function content(more: Partial<CommitContent> = {}): CommitContent {
  return { bootId: 'boot', wallOffsetNs: 7, ringEpoch: 3, ringPosition: 64, nowBootNs: 100, detections: [], telemetry: [], changes: [], ...more };
}

function loaded(spools: Spools, stream: 'detection' | 'telemetry'): string[] {
  const event = spools.perform({ kind: 'load', request: 1, stream, from: 1, bytesMax: 1 << 26, batchesMax: 1000 });
  assert.ok(event?.kind === 'loaded');
  return event.batches.flatMap((batch) =>
    fromBinary(BatchPayloadSchema, batch.payload).records.map((one) => (one.kind.case === 'containerEnded' ? one.kind.value.containerId : (one.kind.case ?? ''))),
  );
}

test('records come out of the spool as they went in, also when they need many batches', () => {
  const { spools, committer } = bench();
  const many = Array.from({ length: 5000 }, (_, i) => ended(`${i}-${'x'.repeat(300)}`));
  assert.equal(committer.commit(content({ telemetry: many, detections: [ended('d')] })).kind, 'committed');
  assert.deepEqual(loaded(spools, 'detection'), ['d']);
  assert.deepEqual(loaded(spools, 'telemetry'), many.map((_, i) => `${i}-${'x'.repeat(300)}`));
  assert.ok(spools.last().telemetry > 2);
});

test('a crash between spool and log takes the batches back', () => {
  const { place, spools, log, committer } = bench();
  committer.commit(content({ telemetry: [ended('kept')] }));
  spools.append('telemetry', 2, new Uint8Array([1]), { records: 1, firstBootNs: 0n, lastBootNs: 0n });
  spools.mend();
  spools.close();
  log.close();
  const { recovered } = StateLog.open(place);
  const again = spoolsIn(place, recovered.entries.at(-1)!.commit);
  assert.deepEqual(loaded(again, 'telemetry'), ['kept']);
});

test('telemetry that does not fit is counted and told in the next batch that does; detections are not touched by it', () => {
  const { spools, committer } = bench(1 << 20);
  const large = Array.from({ length: 400 }, (_, i) => ended(`${i}-${'y'.repeat(4000)}`));
  assert.equal(committer.commit(content({ telemetry: large, detections: [ended('first')] })).kind, 'committed');
  const drops = spools.drops();
  assert.ok(drops !== undefined && drops.batches > 0);
  spools.perform({ kind: 'release', stream: 'telemetry', through: spools.last().telemetry });
  assert.equal(committer.commit(content({ telemetry: [ended('after')], detections: [ended('second')] })).kind, 'committed');
  assert.equal(spools.drops(), undefined);
  assert.deepEqual(loaded(spools, 'detection'), ['first', 'second']);
  const event = spools.perform({ kind: 'load', request: 1, stream: 'telemetry', from: spools.last().telemetry, bytesMax: 1 << 26, batchesMax: 10 });
  assert.ok(event?.kind === 'loaded');
  const [told, rest] = fromBinary(BatchPayloadSchema, event.batches[0]!.payload).records;
  assert.ok(told?.kind.case === 'telemetryDropped');
  assert.equal(Number(told.kind.value.batches), drops.batches);
  assert.equal(rest?.kind.case, 'containerEnded');
});
