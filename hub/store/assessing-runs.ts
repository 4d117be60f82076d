/** The runs of a workload as assess judges them, and the roll-up of a namespace. For the whole hub, as assessing.ts. */
import { z } from 'zod';
import { rows, run, type Db, type Transaction } from './database.ts';

const ObservationRow = z.object({ seen_from_start: z.boolean(), records_lost: z.number(), observed_seconds: z.number() });

const Parts = z.array(z.object({ name: z.string(), points: z.number(), why: z.string() }));

const RunRow = z.object({
  id: z.number(),
  workload_id: z.number(),
  cluster_id: z.string(),
  namespace: z.string(),
  living: z.number(),
  privileged: z.boolean(),
  listening: z.array(z.string()),
  observations: z.array(ObservationRow),
  unloaded: z.string(),
  unloaded_reason: z.string().nullable(),
  observed_seconds: z.number(),
  points: z.number(),
  parts: Parts,
});
export type RunRow = z.infer<typeof RunRow>;

/** Open runs with what their living containers report. Listening counts for a day, loopback does not. */
export async function openRunsOf(db: Transaction, workloadIds: readonly number[], now: Date): Promise<RunRow[]> {
  return rows(
    db,
    RunRow,
    `select r.id, r.workload_id, r.cluster_id, w.namespace, k.living, k.privileged, k.listening, k.observations, r.unloaded, r.unloaded_reason, r.observed_seconds, r.points, r.parts
       from run r join workload w on w.id = r.workload_id
       cross join lateral (
         select count(*) as living, coalesce(bool_or(k.privileged), false) as privileged,
             coalesce(jsonb_agg(jsonb_build_object('seen_from_start', o.seen_from_start, 'records_lost', o.records_lost,
               'observed_seconds', extract(epoch from o.observed_until - o.observed_from))) filter (where o.container_pk is not null), '[]') as observations,
             coalesce((select array_agg(distinct f.port || '/' || f.protocol) from flow f join container l on l.container_id = f.container_id and l.node_id = f.node_id
               where l.workload_id = r.workload_id and l.image_id is not distinct from r.image_id and l.ended_at is null and f.direction = 'listen' and f.container_id <> ''
                 and f.last_seen > $2::timestamptz - interval '1 day' and not (f.address <<= inet '127.0.0.0/8' or f.address = inet '::1')), '{}') as listening
           from container k left join observation o on o.container_pk = k.id and o.inventory_id = r.inventory_id
          where k.workload_id = r.workload_id and k.image_id is not distinct from r.image_id and k.ended_at is null) k
      where r.open and r.workload_id = any($1::bigint[]) order by r.id`,
    [workloadIds, now],
  );
}

export interface RunJudgement {
  readonly id: number;
  readonly unloaded: string;
  readonly unloaded_reason: string | null;
  readonly observed_seconds: number;
  readonly points: number;
  readonly parts: z.infer<typeof Parts>;
}

const Written = z.object({ id: z.number() });

/** Answers which were written: a run that intake is just changing is not waited for, since intake may be waiting for another that is written here. */
export async function putRunJudgements(db: Transaction, judgements: readonly RunJudgement[]): Promise<Set<number>> {
  if (judgements.length === 0) return new Set();
  const written = await rows(
    db,
    Written,
    `with free as materialized (select id from run where id = any($2::bigint[]) order by id for update skip locked)
     update run r set unloaded = j.unloaded, unloaded_reason = j.unloaded_reason, observed_seconds = j.observed_seconds, points = j.points, parts = j.parts
       from jsonb_to_recordset($1::jsonb) j(id bigint, unloaded text, unloaded_reason text, observed_seconds float8, points float8, parts jsonb) join free on free.id = j.id
      where r.id = j.id returning r.id`,
    [JSON.stringify(judgements), judgements.map((one) => one.id)],
  );
  return new Set(written.map((one) => one.id));
}

const Place = z.object({ cluster_id: z.string(), namespace: z.string() });
export type Place = z.infer<typeof Place>;

export async function placesOf(db: Transaction, workloadIds: readonly number[]): Promise<Place[]> {
  return rows(db, Place, 'select distinct cluster_id, namespace from workload where id = any($1::bigint[]) order by 1, 2', [workloadIds]);
}

/** Recounted soon: several changes of one place are one recount. */
export async function queuePlaces(db: Transaction, places: readonly Place[]): Promise<void> {
  await run(
    db,
    'insert into assess_place_queue (cluster_id, namespace) select cluster_id, namespace from jsonb_to_recordset($1::jsonb) r(cluster_id uuid, namespace text) order by 1, 2 on conflict do nothing',
    [JSON.stringify(places)],
  );
}

export async function queuedPlaces(db: Db): Promise<Place[]> {
  return rows(db, Place, 'select cluster_id, namespace from assess_place_queue order by 1, 2');
}

export async function takePlace(db: Transaction, place: Place): Promise<boolean> {
  return (await run(db, 'delete from assess_place_queue where cluster_id = $1 and namespace = $2', [place.cluster_id, place.namespace])) === 1;
}

export interface LoadedPoints {
  readonly yes: number;
  readonly notSeen: number;
  readonly no: number;
  readonly unknown: number;
}

/** Recomputes the roll-up of one namespace from its open runs; only rows that differ are written. */
export async function rebuildPlace(db: Transaction, place: Place, points: LoadedPoints): Promise<void> {
  await run(db, 'select pg_advisory_xact_lock(7420003, hashtext($1))', [`${place.cluster_id} ${place.namespace}`]);
  await run(
    db,
    `with found as materialized (
       select r.id as run_id, r.workload_id, f.vuln_id, f.position, f.fixed_in, f.package_id, r.unloaded, r.points, greatest(r.since, f.since) as since,
           case when length(r.loaded) > f.position then get_bit(r.loaded, f.position) = 1 else false end as loaded
         from run r join workload w on w.id = r.workload_id join inventory_finding f on f.inventory_id = r.inventory_id
        where r.open and r.cluster_id = $1 and w.namespace = $2),
     of_run as (
       select run_id, workload_id, vuln_id, unloaded, points, bool_or(loaded) as loaded, min(since) as since, (array_agg(position order by loaded desc, position))[1] as position
         from found group by run_id, workload_id, vuln_id, unloaded, points),
     scored as (
       select o.*, v.points + o.points + case when o.loaded then $3::float8 when o.unloaded = 'not-seen' then $4::float8 when o.unloaded = 'no' then $5::float8 else $6::float8 end as score
         from of_run o join vuln v on v.id = o.vuln_id),
     words as (
       select f.vuln_id, (array_agg(distinct p.name || ' ' || p.version))[1:10] as packages, coalesce((array_agg(distinct f.fixed_in) filter (where f.fixed_in is not null))[1:10], '{}') as fixed_in
         from (select distinct vuln_id, package_id, fixed_in from found) f join package p on p.id = f.package_id group by f.vuln_id),
     fresh as (
       select s.vuln_id, count(distinct workload_id)::int as workloads, count(*) filter (where loaded)::int as yes, count(*) filter (where not loaded and unloaded = 'not-seen')::int as not_seen,
           count(*) filter (where not loaded and unloaded = 'no')::int as no, count(*) filter (where not loaded and unloaded not in ('not-seen', 'no'))::int as unknown,
           min(since) as first_seen, max(score) as score, (array_agg(run_id order by score desc, run_id))[1] as run_id, (array_agg(position order by score desc, run_id))[1] as position
         from scored s group by s.vuln_id),
     gone as (delete from vuln_place t where t.cluster_id = $1 and t.namespace = $2 and not exists (select 1 from fresh f where f.vuln_id = t.vuln_id))
     insert into vuln_place as t (cluster_id, namespace, vuln_id, workloads, loaded_yes, loaded_not_seen, loaded_no, loaded_unknown, first_seen, score, packages, fixed_in, run_id, position)
     select $1, $2, f.vuln_id, workloads, yes, not_seen, no, unknown, first_seen, score, w.packages, w.fixed_in, run_id, position from fresh f join words w on w.vuln_id = f.vuln_id
     on conflict (cluster_id, namespace, vuln_id) do update set workloads = excluded.workloads, loaded_yes = excluded.loaded_yes, loaded_not_seen = excluded.loaded_not_seen,
       loaded_no = excluded.loaded_no, loaded_unknown = excluded.loaded_unknown, first_seen = excluded.first_seen, score = excluded.score, packages = excluded.packages,
       fixed_in = excluded.fixed_in, run_id = excluded.run_id, position = excluded.position
     where (t.workloads, t.loaded_yes, t.loaded_not_seen, t.loaded_no, t.loaded_unknown, t.first_seen, t.score, t.packages, t.fixed_in, t.run_id, t.position)
       is distinct from (excluded.workloads, excluded.loaded_yes, excluded.loaded_not_seen, excluded.loaded_no, excluded.loaded_unknown, excluded.first_seen, excluded.score, excluded.packages,
         excluded.fixed_in, excluded.run_id, excluded.position)`,
    [place.cluster_id, place.namespace, points.yes, points.notSeen, points.no, points.unknown],
  );
}
