/**
 * The watermark of a stream, and the counters beside it: what could not be used, what this hub does not know. All of
 * it is written in the transaction that applies the batch.
 */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

export interface StreamKey {
  readonly sensorId: string;
  readonly clusterId: string;
  /** 16 hex digits. */
  readonly epoch: string;
  readonly stream: string;
}

const Sequence = z.object({ sequence: z.number() });
const Position = z.object({ stream: z.string(), sequence: z.number() });

/** Locks the row until the transaction ends, so that one batch of a stream is judged at a time. */
export async function lockWatermark(db: Transaction, key: StreamKey, now: Date): Promise<number> {
  await run(db, 'insert into watermark (sensor_id, epoch, stream, cluster_id, sequence, moved_at) values ($1, $2, $3, $4, 0, $5) on conflict do nothing', [
    key.sensorId,
    key.epoch,
    key.stream,
    key.clusterId,
    now,
  ]);
  const found = await firstRow(db, Sequence, 'select sequence from watermark where sensor_id = $1 and epoch = $2 and stream = $3 for update', [key.sensorId, key.epoch, key.stream]);
  return found?.sequence ?? 0;
}

export async function moveWatermark(db: Transaction, key: StreamKey, sequence: number, now: Date): Promise<void> {
  await run(db, 'update watermark set sequence = $4, moved_at = $5 where sensor_id = $1 and epoch = $2 and stream = $3', [key.sensorId, key.epoch, key.stream, sequence, now]);
}

/** Where each stream of the sensor stands. */
export async function watermarksOf(db: Db, sensorId: string, epoch: string): Promise<{ stream: string; sequence: number }[]> {
  return rows(db, Position, 'select stream, sequence from watermark where sensor_id = $1 and epoch = $2 order by stream', [sensorId, epoch]);
}

export interface Reporter {
  readonly sensorId: string;
  readonly clusterId: string;
  readonly nodeId: string;
}

export type GapKind = 'telemetry-dropped' | 'context-dropped' | 'batch-rejected' | 'record-rejected';

/** Gaps of one kind and cause fold into one row an hour. */
export async function addGap(db: Db, reporter: Reporter, kind: GapKind, what: string, count: number, at: Date): Promise<void> {
  const hour = new Date(Math.floor(at.getTime() / 3_600_000) * 3_600_000);
  await run(
    db,
    `insert into coverage_gap (cluster_id, node_id, sensor_id, kind, what, count, first_at, last_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (sensor_id, kind, what, first_at) do update set count = coverage_gap.count + excluded.count, last_at = greatest(coverage_gap.last_at, excluded.last_at)`,
    [reporter.clusterId, reporter.nodeId === '' ? null : reporter.nodeId, reporter.sensorId, kind, what, count, hour, at],
  );
}

const sampleBytesMax = 4096;
const rejectedPayloadBytesMax = 262_144;
const rejectedKept = 100;

export async function countUnknownRecord(db: Db, reporter: Reporter, field: number, count: number, sample: Uint8Array, at: Date): Promise<void> {
  await run(
    db,
    `insert into unknown_record (cluster_id, sensor_id, field, count, first_at, last_at, sample) values ($1, $2, $3, $4, $5, $5, $6)
     on conflict (sensor_id, field) do update set count = unknown_record.count + excluded.count, last_at = excluded.last_at, sample = excluded.sample`,
    [reporter.clusterId, reporter.sensorId, field, count, at, Buffer.from(sample.subarray(0, sampleBytesMax))],
  );
}

/** A batch that cannot be used is kept for whoever looks into it, the newest hundred of a hub. */
export async function keepRejectedBatch(db: Db, key: StreamKey, sequence: number, reason: string, payload: Uint8Array, at: Date): Promise<void> {
  await run(
    db,
    `insert into rejected_batch (sensor_id, epoch, stream, sequence, cluster_id, at, reason, payload) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [key.sensorId, key.epoch, key.stream, sequence, key.clusterId, at, reason, Buffer.from(payload.subarray(0, rejectedPayloadBytesMax))],
  );
  await run(db, 'delete from rejected_batch where at < (select at from rejected_batch order by at desc offset $1 limit 1)', [rejectedKept]);
}
