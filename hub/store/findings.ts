/**
 * Detections and verdicts as events, folded into incidents: same rule or policy, same container or process tree, within
 * a window of the last one. An event that the sensor reports a second time (same id) is recognised. Closed incidents
 * take up nothing: what happens afterwards opens a new one. Of an incident so many detections are rows of their own; what
 * comes after them is counted with alike ones, a row for each kind and day (noise.ts), so that no flood fills the store.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { countDetections, foldDetection } from './noise.ts';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

export const incidentWindowMinutes = 60;

export interface IncidentFacts {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly containerId: string | null;
  readonly kind: 'detection' | 'verdict';
  readonly source: string;
  readonly rule: string | null;
  readonly severity: string;
  readonly severityRank: number;
  readonly title: string;
  readonly summary: string;
  readonly outcome: string;
  readonly nextAction: string;
  readonly attack: readonly string[];
  readonly foldKey: Buffer;
  /** The program that it is about; empty: not known. */
  readonly program: string;
  readonly words: readonly string[];
  readonly at: Date;
}

export interface EventFacts {
  readonly day: string;
  readonly findingId: string;
  readonly mode: string | null;
  readonly generation: number | null;
  readonly identityPending: boolean;
  readonly eventClass: string | null;
  readonly receivedAt: Date;
  readonly output: string;
  readonly fields: Readonly<Record<string, string | null>>;
  readonly tree: readonly unknown[];
  /** Of alike detections as one record; null: a verdict, which always stands for itself. */
  readonly alike: AlikeFacts | null;
}

export interface AlikeFacts {
  /** 1: this one alone. */
  readonly count: number;
  readonly lastAt: Date;
  readonly varied: readonly string[];
  /** The same for those that may be counted as one, within an incident. */
  readonly foldKey: Buffer;
}

/**
 * A workload whose containers come and go would make an incident for each: after so many within a day of one rule and
 * one program, what further containers do goes into the latest. Not what is worse than medium: there each container is a
 * case of its own, for people and for playbooks.
 */
export const incidentsOfWorkloadMax = 20;
const gatheredFromRank = 2;

/** Of one incident, detections that are rows of their own. */
export const singlesMax = 200;

const Folded = z.object({ id: z.number(), singles: z.number() });

const Id = z.object({ id: z.number() });

/** False when this very event is already there. */
export async function addFinding(db: Transaction, incident: IncidentFacts, event: EventFacts): Promise<boolean> {
  const known = await rows(db, Id, `select id from event where node_id = $1 and finding_id = $2 and day >= $3::date - 7 limit 1`, [incident.nodeId, event.findingId, event.day]);
  if (known.length > 0) return false;
  const { alike } = event;
  const count = alike?.count ?? 1;
  const { id, singles } = await foldIncident(db, incident, { count, lastAt: alike?.lastAt ?? incident.at, isSingle: alike !== null && count === 1 });
  if (alike === null || (count === 1 && singles < singlesMax)) await addEvent(db, id, incident, event, null);
  else await foldDetection(db, id, event, alike, (foldKey) => addEvent(db, id, incident, event, foldKey));
  if (alike !== null) await countDetections(db, incident, count, event.receivedAt);
  await run(
    db,
    `insert into event_hour (hour, cluster_id, namespace, kind, source, severity, outcome, count)
     values (date_trunc('hour', $1::timestamptz), $2, coalesce((select namespace from incident where id = $7), ''), $3, $4, $5, $6, $8)
     on conflict (hour, cluster_id, namespace, kind, source, severity, outcome) do update set count = event_hour.count + excluded.count`,
    [event.receivedAt, incident.clusterId, incident.kind, incident.source, incident.severity, incident.outcome, id, count],
  );
  return true;
}

async function addEvent(db: Transaction, incidentId: number, incident: IncidentFacts, event: EventFacts, foldKey: Buffer | null): Promise<void> {
  await run(
    db,
    `insert into event (day, cluster_id, node_id, container_id, incident_id, kind, finding_id, source, rule, severity, outcome, mode, generation, identity_pending, event_class, at, received_at, output, fields, tree,
       count, last_at, varied, fold_key)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`,
    [
      event.day, incident.clusterId, incident.nodeId, incident.containerId, incidentId, incident.kind, event.findingId, incident.source, incident.rule, incident.severity, incident.outcome,
      event.mode, event.generation, event.identityPending, event.eventClass, incident.at, event.receivedAt, event.output, JSON.stringify(event.fields), JSON.stringify(event.tree),
      event.alike?.count ?? 1, foldKey === null ? null : (event.alike?.lastAt ?? null), event.alike?.varied ?? [], foldKey,
    ],
  );
}

/** `singles`: how many there were before this one. */
async function foldIncident(db: Transaction, facts: IncidentFacts, events: { readonly count: number; readonly lastAt: Date; readonly isSingle: boolean }): Promise<{ id: number; singles: number }> {
  const { count, lastAt, isSingle } = events;
  const open = await firstRow(
    db,
    Folded,
    `select id, singles from incident where fold_key = $1 and state <> 'closed' and last_seen >= $2::timestamptz - make_interval(mins => $3) and first_seen <= $4::timestamptz + make_interval(mins => $3)
      order by last_seen desc limit 1 for update`,
    [facts.foldKey, facts.at, incidentWindowMinutes, lastAt],
  );
  const workloadKey = open === undefined ? await workloadKeyOf(db, facts) : null;
  const taking = open ?? (workloadKey === null ? undefined : await latestOfWorkload(db, workloadKey, facts));
  if (taking !== undefined) {
    await run(
      db,
      `update incident set count = count + $6, first_seen = least(first_seen, $2), last_seen = greatest(last_seen, $7),
          summary = case when $2 >= last_seen then $3 else summary end,
          severity = case when $5 < severity_rank then $4 else severity end, severity_rank = least(severity_rank, $5),
          singles = case when $8 and singles < $9 then singles + 1 else singles end
        where id = $1`,
      [taking.id, facts.at, facts.summary, facts.severity, facts.severityRank, count, lastAt, isSingle, singlesMax],
    );
    return taking;
  }
  const made = await rows(
    db,
    Id,
    `insert into incident (cluster_id, namespace, node_id, container_id, kind, source, rule, severity, severity_rank, title, summary, outcome, next_action, attack, fold_key, first_seen, last_seen, count, singles, workload_key, search)
     values ($1, (select nullif(k.pod_namespace, '') from container k where k.node_id = $2 and k.container_id = $3),
       $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $17, $18, $19, $20,
       array_to_tsvector($16::text[] || array(select lower(k.name) from container k where k.node_id = $2 and k.container_id = $3 and k.name <> ''))) returning id`,
    [
      facts.clusterId, facts.nodeId, facts.containerId, facts.kind, facts.source, facts.rule, facts.severity, facts.severityRank, facts.title, facts.summary, facts.outcome, facts.nextAction,
      facts.attack, facts.foldKey, facts.at, facts.words, lastAt, count, isSingle ? 1 : 0, workloadKey,
    ],
  );
  return { id: made[0]!.id, singles: 0 };
}

const Workload = z.object({ workload_id: z.number().nullable() });

async function workloadKeyOf(db: Transaction, facts: IncidentFacts): Promise<Buffer | null> {
  if (facts.kind !== 'detection' || facts.containerId === null) return null;
  const of = await firstRow(db, Workload, 'select workload_id from container where node_id = $1 and container_id = $2', [facts.nodeId, facts.containerId]);
  const id = of?.workload_id ?? null;
  return id === null ? null : createHash('sha256').update(JSON.stringify([facts.source, id, facts.program])).digest();
}

async function latestOfWorkload(db: Transaction, workloadKey: Buffer, facts: IncidentFacts): Promise<z.infer<typeof Folded> | undefined> {
  if (facts.severityRank < gatheredFromRank) return undefined;
  const before = await rows(db, Id, `select id from incident where workload_key = $1 and last_seen >= $2::timestamptz - interval '24 hours' limit $3`, [workloadKey, facts.at, incidentsOfWorkloadMax]);
  if (before.length < incidentsOfWorkloadMax) return undefined;
  return firstRow(db, Folded, `select id, singles from incident where workload_key = $1 and state <> 'closed' and verdict is null and last_seen >= $2::timestamptz - interval '24 hours' order by last_seen desc limit 1 for update`, [workloadKey, facts.at]);
}

const PolicyWords = z.object({ severity: z.string(), attack: z.array(z.string()), description: z.string() });

/** What a verdict's policy says of itself now; undefined when it was removed meanwhile. */
export async function policyWords(db: Db, name: string): Promise<{ severity: string; attack: string[]; description: string } | undefined> {
  return firstRow(db, PolicyWords, 'select severity, attack, description from policy where name = $1', [name]);
}
