/**
 * The two tables that add: executions and flows by the hour. They are exact because they commit with the watermark.
 * A batch is folded by key before it comes here (a doubled key is an error in one statement) and sorted by key, so
 * that two writers cannot deadlock.
 */
import { run, type Transaction } from './database.ts';

export interface ExecutionHour {
  readonly key: string; // hex
  readonly hour: Date;
  readonly container_id: string;
  readonly path: string;
  readonly parent_path: string;
  readonly uid: number;
  readonly origin: string;
  readonly identity_pending: boolean;
  readonly count: number;
  readonly first_seen: Date;
  readonly last_seen: Date;
  readonly sample: unknown;
}

export interface FlowHour {
  readonly key: string; // hex
  readonly hour: Date;
  readonly container_id: string;
  readonly process_path: string;
  readonly direction: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
  readonly count: number;
  readonly failed: number;
  readonly first_seen: Date;
  readonly last_seen: Date;
}

export interface CountPlace {
  readonly day: string;
  readonly clusterId: string;
  readonly nodeId: string;
}

export async function addExecutions(db: Transaction, place: CountPlace, counts: readonly ExecutionHour[]): Promise<void> {
  if (counts.length === 0) return;
  await run(
    db,
    `insert into execution_hour (day, cluster_id, node_id, hour, key, container_id, path, parent_path, uid, origin, identity_pending, count, first_seen, last_seen, sample)
     select $1, $2, $3, hour, decode(key, 'hex'), container_id, path, parent_path, uid, origin, identity_pending, count, first_seen, last_seen, sample
       from jsonb_to_recordset($4::jsonb) r(key text, hour timestamptz, container_id text, path text, parent_path text, uid bigint, origin text, identity_pending boolean,
         count bigint, first_seen timestamptz, last_seen timestamptz, sample jsonb)
      order by hour, key
     on conflict (day, node_id, hour, key) do update set count = execution_hour.count + excluded.count,
       first_seen = least(execution_hour.first_seen, excluded.first_seen), last_seen = greatest(execution_hour.last_seen, excluded.last_seen),
       sample = coalesce(execution_hour.sample, excluded.sample)`,
    [place.day, place.clusterId, place.nodeId, JSON.stringify(counts)],
  );
}

export async function addFlows(db: Transaction, place: CountPlace, flows: readonly FlowHour[]): Promise<void> {
  if (flows.length === 0) return;
  await run(
    db,
    `insert into flow (day, cluster_id, node_id, hour, key, container_id, process_path, direction, address, port, protocol, count, failed, first_seen, last_seen)
     select $1, $2, $3, hour, decode(key, 'hex'), container_id, process_path, direction, address::inet, port, protocol, count, failed, first_seen, last_seen
       from jsonb_to_recordset($4::jsonb) r(key text, hour timestamptz, container_id text, process_path text, direction text, address text, port integer, protocol text,
         count bigint, failed bigint, first_seen timestamptz, last_seen timestamptz)
      order by hour, key
     on conflict (day, node_id, hour, key) do update set count = flow.count + excluded.count, failed = flow.failed + excluded.failed,
       first_seen = least(flow.first_seen, excluded.first_seen), last_seen = greatest(flow.last_seen, excluded.last_seen)`,
    [place.day, place.clusterId, place.nodeId, JSON.stringify(flows)],
  );
}
