/**
 * Writing what is many: alike detections of an incident as one row for each kind and day, with a count, the first as the
 * sample, and the names of what was not the same in all; and all detections by rule, container and hour. Bounded: so many
 * kinds an incident and day, and beyond them one row for the rest. Beside it the noise budget, the one number of the hub.
 */
import { variedBetween } from '@vedette/rules/noise/stored';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import type { EventRow, Finding, IncidentFacts } from './findings.ts';

/** Of one incident and day. */
export const kindsMax = 500;
const restKey = Buffer.from('rest');
const variedMax = 300;

const Held = z.object({ id: z.number(), key: z.string(), fields: z.record(z.string(), z.string().nullable()), varied: z.array(z.string()) });
const Counted = z.object({ n: z.number() });

/** Alike ones of a batch: the first is the sample. */
interface Kind {
  readonly first: Finding;
  count: number;
  lastAt: Date;
  readonly varied: Set<string>;
}

function addTo(kinds: Map<string, Kind>, key: string, one: Kind): void {
  const known = kinds.get(key);
  if (known === undefined) {
    kinds.set(key, one);
    return;
  }
  known.count += one.count;
  if (one.lastAt > known.lastAt) known.lastAt = one.lastAt;
  for (const name of [...one.varied, ...variedBetween(known.first.event.fields, one.first.event.fields)]) known.varied.add(name);
}

function kindsOf(findings: readonly Finding[]): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const one of findings) {
    const { alike } = one.event;
    if (alike !== null) addTo(kinds, alike.foldKey.toString('hex'), { first: one, count: alike.count, lastAt: alike.lastAt, varied: new Set(alike.varied) });
  }
  return kinds;
}

function variedNames(names: Iterable<string>): string[] {
  return [...new Set(names)].sort().slice(0, variedMax);
}

/** Adds alike detections of an incident to the rows of their kinds; answers the rows that are to be made. All of one day. */
export async function foldDetections(db: Transaction, incidentId: number, findings: readonly Finding[]): Promise<EventRow[]> {
  const [first] = findings;
  if (first === undefined) return [];
  const { day, receivedAt } = first.event;
  const kinds = kindsOf(findings);
  const keys = [...kinds.keys(), restKey.toString('hex')].map((key) => Buffer.from(key, 'hex'));
  const found = await rows(db, Held, `select id, encode(fold_key, 'hex') as key, fields, varied from event where incident_id = $1 and fold_key = any($2::bytea[]) and day = $3 order by id for update`, [incidentId, keys, day]);
  const held = new Map<string, z.infer<typeof Held>>();
  for (const one of found) if (!held.has(one.key)) held.set(one.key, one);
  if ([...kinds.keys()].some((key) => !held.has(key))) await boundKinds(db, { incidentId, day }, kinds, held);
  const known = [...kinds].flatMap(([key, kind]) => {
    const row = held.get(key);
    return row === undefined ? [] : [{ id: row.id, count: kind.count, last_at: kind.lastAt, varied: variedNames([...row.varied, ...kind.varied, ...variedBetween(row.fields, kind.first.event.fields)]) }];
  });
  if (known.length > 0) {
    await run(
      db,
      `update event e set count = e.count + r.count, last_at = greatest(e.last_at, r.last_at), varied = r.varied, received_at = greatest(e.received_at, $3)
         from jsonb_to_recordset($4::jsonb) r(id bigint, count bigint, last_at timestamptz, varied text[]) where e.incident_id = $1 and e.fold_key is not null and e.day = $2 and e.id = r.id`,
      [incidentId, day, receivedAt, JSON.stringify(known)],
    );
  }
  return [...kinds].filter(([key]) => !held.has(key)).map(([key, kind]) => ({ incidentId, finding: asSample(kind), foldKey: Buffer.from(key, 'hex') }));
}

/** New kinds beyond the bound become the rest. */
async function boundKinds(db: Transaction, of: { readonly incidentId: number; readonly day: string }, kinds: Map<string, Kind>, held: ReadonlyMap<string, unknown>): Promise<void> {
  const counted = await firstRow(db, Counted, 'select count(*) as n from event where incident_id = $1 and fold_key is not null and day = $2', [of.incidentId, of.day]);
  const fresh = [...kinds.keys()].filter((key) => !held.has(key));
  for (const key of fresh.slice(Math.max(0, kindsMax - (counted?.n ?? 0)))) {
    const kind = kinds.get(key)!;
    kinds.delete(key);
    addTo(kinds, restKey.toString('hex'), kind);
  }
}

function asSample({ first, count, lastAt, varied }: Kind): Finding {
  const { incident, event } = first;
  return { incident, event: { ...event, alike: event.alike === null ? null : { ...event.alike, count, lastAt, varied: variedNames(varied) } } };
}

export interface HourOf {
  readonly incident: IncidentFacts;
  /** Empty: none. */
  readonly namespace: string;
  readonly count: number;
}

/** Adds to the hours of sources by place, and of detections by container; each row once, in the order of its key. */
export async function countHours(db: Transaction, counted: readonly HourOf[], at: Date): Promise<void> {
  const sources = new Map<string, Record<string, unknown> & { count: number }>();
  const detections = new Map<string, Record<string, unknown> & { count: number }>();
  for (const { incident, namespace, count } of counted) {
    const { clusterId, nodeId, containerId, kind, source, severity, outcome } = incident;
    const key = JSON.stringify([clusterId, namespace, kind, source, severity, outcome]);
    sources.set(key, { cluster_id: clusterId, namespace, kind, source, severity, outcome, count: (sources.get(key)?.count ?? 0) + count });
    if (kind !== 'detection') continue;
    const of = JSON.stringify([nodeId, containerId, source]);
    detections.set(of, { cluster_id: clusterId, node_id: nodeId, container_id: containerId ?? '', source, severity, count: (detections.get(of)?.count ?? 0) + count });
  }
  if (detections.size > 0) {
    await run(
      db,
      `insert into detection_hour (hour, cluster_id, node_id, container_id, source, severity, count)
       select date_trunc('hour', $1::timestamptz), cluster_id, node_id, container_id, source, severity, count
         from jsonb_to_recordset($2::jsonb) r(cluster_id uuid, node_id uuid, container_id text, source text, severity text, count bigint) order by node_id, container_id, source
       on conflict (hour, node_id, container_id, source) do update set count = detection_hour.count + excluded.count, severity = excluded.severity`,
      [at, JSON.stringify([...detections.values()])],
    );
  }
  await run(
    db,
    `insert into event_hour (hour, cluster_id, namespace, kind, source, severity, outcome, count)
     select date_trunc('hour', $1::timestamptz), cluster_id, namespace, kind, source, severity, outcome, count
       from jsonb_to_recordset($2::jsonb) r(cluster_id uuid, namespace text, kind text, source text, severity text, outcome text, count bigint) order by cluster_id, namespace, kind, source, severity, outcome
     on conflict (hour, cluster_id, namespace, kind, source, severity, outcome) do update set count = event_hour.count + excluded.count`,
    [at, JSON.stringify([...sources.values()])],
  );
}

const Budget = z.object({ per_day: z.number(), updated_at: z.date(), updated_by: z.string() });

/** Undefined: nobody has set one. */
export async function noiseBudget(db: Db): Promise<z.infer<typeof Budget> | undefined> {
  return firstRow(db, Budget, 'select per_day, updated_at, updated_by from noise_budget');
}

export async function setNoiseBudget(db: Db, perDay: number, actor: string, now: Date): Promise<void> {
  await run(db, 'insert into noise_budget (per_day, updated_at, updated_by) values ($1, $2, $3) on conflict (is_the_one) do update set per_day = excluded.per_day, updated_at = excluded.updated_at, updated_by = excluded.updated_by', [perDay, now, actor]);
}
