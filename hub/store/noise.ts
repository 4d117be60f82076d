/**
 * Writing what is many: alike detections of an incident as one row for each kind and day, with a count, the first as the
 * sample, and the names of what was not the same in all; and all detections by rule, container and hour. Bounded: so many
 * kinds an incident and day, and beyond them one row for the rest. Beside it the noise budget, the one number of the hub.
 */
import { variedBetween } from '@vedette/rules/noise/stored';
import { z } from 'zod';
import { firstRow, run, type Db, type Transaction } from './database.ts';
import type { AlikeFacts, EventFacts, IncidentFacts } from './findings.ts';

/** Of one incident and day. */
export const kindsMax = 500;
const restKey = Buffer.from('rest');
const variedMax = 300;

const Held = z.object({ id: z.number(), fields: z.record(z.string(), z.string().nullable()), varied: z.array(z.string()) });
const Counted = z.object({ n: z.number() });

/** Adds to the row of its kind, or has one made under the key that it is to have. */
export async function foldDetection(db: Transaction, incidentId: number, event: EventFacts, alike: AlikeFacts, make: (foldKey: Buffer) => Promise<void>): Promise<void> {
  const held = (key: Buffer) => firstRow(db, Held, 'select id, fields, varied from event where incident_id = $1 and fold_key = $2 and day = $3 order by id limit 1 for update', [incidentId, key, event.day]);
  let row = await held(alike.foldKey);
  if (row === undefined) {
    const kinds = await firstRow(db, Counted, 'select count(*) as n from event where incident_id = $1 and fold_key is not null and day = $2', [incidentId, event.day]);
    if ((kinds?.n ?? 0) < kindsMax) return make(alike.foldKey);
    row = await held(restKey);
    if (row === undefined) return make(restKey);
  }
  const varied = [...new Set([...row.varied, ...alike.varied, ...variedBetween(row.fields, event.fields)])].sort().slice(0, variedMax);
  await run(db, 'update event set count = count + $3, last_at = greatest(last_at, $4), varied = $5, received_at = greatest(received_at, $6) where id = $1 and day = $2', [row.id, event.day, alike.count, alike.lastAt, varied, event.receivedAt]);
}

export async function countDetections(db: Transaction, incident: IncidentFacts, count: number, at: Date): Promise<void> {
  await run(
    db,
    `insert into detection_hour (hour, cluster_id, node_id, container_id, source, severity, count) values (date_trunc('hour', $1::timestamptz), $2, $3, $4, $5, $6, $7)
     on conflict (hour, node_id, container_id, source) do update set count = detection_hour.count + excluded.count, severity = excluded.severity`,
    [at, incident.clusterId, incident.nodeId, incident.containerId ?? '', incident.source, incident.severity, count],
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
