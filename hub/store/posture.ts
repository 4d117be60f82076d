/**
 * What the evaluation of controls reads and writes, for the hub itself: the objects of one cluster, its hosts with their
 * processes, exceptions, and results with their changes. Only differences are written, and a result keeps its number while it
 * is about the same subject.
 */
import type { ControlState, Evidence } from '@vedette/model/control-words';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { awaySeconds } from './read-fleet.ts';

/** Above this a cluster is not evaluated whole, and says so. */
export const objectsMax = 200_000;

const Place = z.object({ id: z.string(), name: z.string(), is_kubernetes: z.boolean(), report: z.unknown(), reported_at: z.date().nullable(), changed_at: z.date().nullable(), evaluated_at: z.date().nullable() });
export type PosturePlace = z.infer<typeof Place>;

/** Clusters that hold anything, with when they last changed and when they were last evaluated. */
export async function posturePlaces(db: Db): Promise<PosturePlace[]> {
  return rows(
    db,
    Place,
    `select c.id, c.name, c.kind = 'kubernetes' or r.cluster_id is not null or o.changed_at is not null as is_kubernetes, r.report, r.reported_at, o.changed_at, p.evaluated_at
       from cluster c left join cluster_report r on r.cluster_id = c.id left join posture_cluster p on p.cluster_id = c.id
       left join lateral (select max(changed_at) as changed_at from cluster_object x where x.cluster_id = c.id) o on true
      where r.cluster_id is not null or o.changed_at is not null or exists (select 1 from sensor s where s.cluster_id = c.id and s.removed_at is null) order by c.name`,
  );
}

const ObjectRow = z.object({ api_version: z.string(), kind: z.string(), namespace: z.string(), name: z.string(), uid: z.string(), json: z.unknown() });
export type PostureObject = z.infer<typeof ObjectRow>;

export async function postureObjects(db: Db, clusterId: string, kinds: readonly string[]): Promise<PostureObject[]> {
  return rows(db, ObjectRow, 'select api_version, kind, namespace, name, uid, json from cluster_object where cluster_id = $1 and kind = any($2) order by kind, namespace, name, api_version limit $3', [clusterId, kinds, objectsMax + 1]);
}

const Host = z.object({ id: z.string(), hostname: z.string(), kernel: z.string(), distribution: z.string(), connected: z.boolean(), last_seen_at: z.date().nullable(), processes: z.array(z.object({ path: z.string(), arguments: z.array(z.string()), truncated: z.boolean(), containerId: z.string() })), listening: z.array(z.string()) });
export type PostureHost = z.infer<typeof Host>;

/** Hosts with the processes that controls speak about, and what listens outside of containers. */
export async function postureHosts(db: Db, clusterId: string, programs: readonly string[], now: Date): Promise<PostureHost[]> {
  return rows(
    db,
    Host,
    `select n.id, coalesce(n.kubernetes_name, n.hostname) as hostname, n.kernel, n.distribution, coalesce(seen.at > $3::timestamptz - make_interval(secs => $4), false) as connected, seen.at as last_seen_at,
        coalesce((select jsonb_agg(jsonb_build_object('path', p.path, 'arguments', p.arguments, 'truncated', p.arguments_truncated, 'containerId', p.container_id))
           from process_live p where p.node_id = n.id and substring(p.path from '[^/]*$') = any($2)), '[]') as processes,
        coalesce((select array_agg(distinct host(f.address) || ':' || f.port) from flow f where f.node_id = n.id and f.direction = 'listen' and f.container_id = '' and f.last_seen > $3::timestamptz - interval '1 day'), '{}') as listening
       from node n
       join lateral (select max(r.last_seen_at) as at from sensor s join sensor_report r on r.sensor_id = s.id where s.node_id = n.id and s.removed_at is null having count(*) > 0) seen on true
      where n.cluster_id = $1 order by n.hostname`,
    [clusterId, programs, now, awaySeconds],
  );
}

const ExceptionRow = z.object({ name: z.string(), spec: z.unknown(), approved_by: z.string().nullable(), approved_at: z.date().nullable() });

export async function postureExceptions(db: Db): Promise<z.infer<typeof ExceptionRow>[]> {
  return rows(db, ExceptionRow, 'select name, spec, approved_by, approved_at from exception where ended_at is null order by name limit 10000');
}

export interface Accepted {
  readonly exception: string;
  readonly owner: string;
  readonly reason: string;
  readonly expiresAt: string;
}

export interface ResultRow {
  readonly control: string;
  readonly namespace: string;
  readonly subjectKind: string;
  readonly subjectType: string;
  readonly subjectName: string;
  readonly state: ControlState;
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  readonly accepted: Accepted | null;
}

const resultColumns = `r("control" text, "namespace" text, "subjectKind" text, "subjectType" text, "subjectName" text, state text, reason text, evidence jsonb, accepted jsonb)`;
const same = `h.control = r.control and h.namespace = r.namespace and h.subject_kind = r."subjectKind" and h.subject_type = r."subjectType" and h.subject_name = r."subjectName"`;

const Counted = z.object({ changed: z.number() });

/** Makes the results of a cluster these; answers how many changed their state, came or went. */
export async function putResults(db: Transaction, clusterId: string, results: readonly ResultRow[], now: Date): Promise<number> {
  await run(db, 'create temporary table posture_now on commit drop as select r.* from jsonb_to_recordset($1::jsonb) as ' + resultColumns, [JSON.stringify(results)]);
  await run(db, 'create index on posture_now (control, "namespace", "subjectName")');
  await run(db, 'analyze posture_now');
  const changed = await firstRow(
    db,
    Counted,
    `with before as (select * from posture_result where cluster_id = $1),
      changes as (insert into posture_change (cluster_id, namespace, control, subject_kind, subject_type, subject_name, at, before, after, reason)
        select $1, coalesce(r.namespace, h.namespace), coalesce(r.control, h.control), coalesce(r."subjectKind", h.subject_kind), coalesce(r."subjectType", h.subject_type), coalesce(r."subjectName", h.subject_name),
               $2, h.state, r.state, coalesce(r.reason, '')
          from before h full join posture_now r on ${same}
         where h.state is distinct from r.state and (coalesce(h.state, 'not-applicable') <> 'not-applicable' or coalesce(r.state, 'not-applicable') <> 'not-applicable')
           -- What is new and passed is no news; what is new and not passed is.
           and not (h.state is null and r.state = 'passed') returning 1)
     select count(*) as changed from changes`,
    [clusterId, now],
  );
  await run(db, `delete from posture_result h where h.cluster_id = $1 and not exists (select 1 from posture_now r where ${same})`, [clusterId]);
  await run(
    db,
    `insert into posture_result as h (cluster_id, namespace, control, subject_kind, subject_type, subject_name, state, reason, evidence, accepted, since)
     select $1, r.namespace, r.control, r."subjectKind", r."subjectType", r."subjectName", r.state, r.reason, r.evidence, r.accepted, $2 from posture_now r
     on conflict (cluster_id, control, namespace, subject_kind, subject_type, subject_name) do update set
       state = excluded.state, reason = excluded.reason, evidence = excluded.evidence, accepted = excluded.accepted,
       since = case when h.state = excluded.state then h.since else excluded.since end,
       last_decided = case when excluded.state <> 'no-data' then null when h.state <> 'no-data' then h.state else h.last_decided end,
       last_decided_at = case when excluded.state <> 'no-data' then null when h.state <> 'no-data' then excluded.since else h.last_decided_at end
     where (h.state, h.reason, h.evidence, h.accepted) is distinct from (excluded.state, excluded.reason, excluded.evidence, excluded.accepted)`,
    [clusterId, now],
  );
  return changed?.changed ?? 0;
}

export interface ClusterEvaluation {
  readonly isKubernetes: boolean;
  readonly dataAt: Date | null;
  readonly subjects: number;
  readonly missing: readonly string[];
  readonly tookMs: number;
}

export async function putEvaluation(db: Db, clusterId: string, one: ClusterEvaluation, now: Date): Promise<void> {
  await run(
    db,
    `insert into posture_cluster (cluster_id, is_kubernetes, evaluated_at, data_at, subjects, missing, took_ms) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (cluster_id) do update set is_kubernetes = excluded.is_kubernetes, evaluated_at = excluded.evaluated_at, data_at = excluded.data_at, subjects = excluded.subjects, missing = excluded.missing, took_ms = excluded.took_ms`,
    [clusterId, one.isKubernetes, now, one.dataAt, one.subjects, JSON.stringify(one.missing), one.tookMs],
  );
}

/** The counts of today. Of a silent cluster everything that applies has no data. */
export async function recountDay(db: Transaction, clusterId: string, isSilent: boolean, now: Date): Promise<void> {
  const day = now.toISOString().slice(0, 10);
  await run(db, 'delete from posture_day where cluster_id = $1 and day = $2', [clusterId, day]);
  const counted = (state: string): string => `count(*) filter (where not $3 and state = '${state}')`;
  await run(
    db,
    `insert into posture_day (cluster_id, namespace, control, day, failed, no_data, accepted, passed)
     select $1, namespace, control, $2, ${counted('failed')}, count(*) filter (where $3 or state = 'no-data'), ${counted('accepted')}, ${counted('passed')}
       from posture_result where cluster_id = $1 and state <> 'not-applicable' group by namespace, control`,
    [clusterId, day, isSilent],
  );
}

export async function removeOldPosture(db: Db, now: Date, keepDays: number): Promise<void> {
  const until = new Date(now.getTime() - keepDays * 86_400_000);
  await run(db, 'delete from posture_day where day < $1', [until.toISOString().slice(0, 10)]);
  await run(db, 'delete from posture_change where at < $1', [until]);
}
