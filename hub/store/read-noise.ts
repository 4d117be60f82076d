/** How often rules speak in which workload, and the stored detections that exceptions are tried on. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

/** What a place is called in addresses: a workload, or a host for what ran in no container. */
export type NoisePlace = { readonly kind: 'workload'; readonly id: number } | { readonly kind: 'host'; readonly nodeId: string };

const NoiseShape = z.object({
  source: z.string(),
  severity: z.string(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  workload_id: z.number().nullable(),
  node_id: z.string().nullable(),
  hostname: z.string().nullable(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  workload_kind: z.string().nullable(),
  containers: z.number(),
  last_day: z.number(),
  total: z.number(),
  peak_hour: z.number(),
  key: z.string(),
  all_rows: z.number(),
  over_budget: z.number(),
});
export type NoiseShape = z.infer<typeof NoiseShape>;

export interface NoiseFilter {
  readonly since: Date;
  readonly until: Date;
  readonly source: string | undefined;
  readonly search: string | undefined;
  /** So many in the last day are within the budget. */
  readonly perDay: number;
  readonly onlyOver: boolean;
}

export interface NoisePosition {
  readonly lastDay: number;
  readonly total: number;
  readonly key: string;
}

/** Rule and workload together, the loudest of the last day first. What ran in no container is of its host; so is what is not known any more. */
export async function listNoise(db: Db, scope: Scope, filter: NoiseFilter, page: { after: NoisePosition | undefined; limit: number }): Promise<NoiseShape[]> {
  return rows(
    db,
    NoiseShape,
    `with rate as (
       select h.source, h.cluster_id, k.workload_id, case when k.workload_id is null then h.node_id end as node_id, h.hour, max(h.severity) as severity, sum(h.count) as n, array_agg(h.container_id) as containers
         from detection_hour h left join container k on k.node_id = h.node_id and k.container_id = h.container_id
        where ${inScope('h.cluster_id', 'k.pod_namespace')} and h.hour >= date_trunc('hour', $2::timestamptz) and h.hour <= $3 and ($4::text is null or h.source = $4)
        group by 1, 2, 3, 4, 5),
     noisy as (
       select source, cluster_id, workload_id, node_id, max(severity) as severity, sum(n)::bigint as total, max(n)::bigint as peak_hour,
           coalesce(sum(n) filter (where hour > $3::timestamptz - interval '24 hours'), 0)::bigint as last_day
         from rate group by 1, 2, 3, 4)
     select * from (select *, count(*) over () as all_rows, count(*) filter (where last_day > $6) over () as over_budget from (
       select y.source, y.severity, y.cluster_id, c.name as cluster_name, y.workload_id, y.node_id, n.hostname, nullif(w.namespace, '') as namespace, w.name as workload, nullif(w.kind, '') as workload_kind,
           (select count(distinct x) from rate r, unnest(r.containers) x where r.source = y.source and r.cluster_id = y.cluster_id and r.workload_id is not distinct from y.workload_id and r.node_id is not distinct from y.node_id and x <> '') as containers,
           y.last_day, y.total, y.peak_hour, y.source || '/' || coalesce('w' || y.workload_id, 'h' || y.node_id) as key
         from noisy y join cluster c on c.id = y.cluster_id left join workload w on w.id = y.workload_id left join node n on n.id = coalesce(y.node_id, w.node_id)
        where ($5::text is null or position(lower($5) in lower(concat_ws(' ', y.source, w.namespace, w.name, n.hostname))) > 0)) z
      where not $7 or last_day > $6) u
      where ($8::bigint is null or (last_day, total) < ($8, $9) or ((last_day, total) = ($8, $9) and key > $10))
      order by last_day desc, total desc, key limit $11`,
    [placesIn(scope), filter.since, filter.until, filter.source ?? null, filter.search ?? null, filter.perDay, filter.onlyOver, page.after?.lastDay ?? null, page.after?.total ?? null, page.after?.key ?? null, page.limit],
  );
}

const StoredShape = z.object({
  id: z.number(),
  at: z.date(),
  last_at: z.date().nullable(),
  event_class: z.string().nullable(),
  fields: z.record(z.string(), z.string().nullable()),
  varied: z.array(z.string()),
  identity_pending: z.boolean(),
  container_id: z.string().nullable(),
  count: z.number(),
  output: z.string(),
  incident_id: z.number(),
});
export type StoredShape = z.infer<typeof StoredShape>;

/** Of a rule, the newest first: those of a place that nobody confirmed, or all that somebody did. */
export async function storedDetections(db: Db, scope: Scope, source: string, which: { readonly since: Date; readonly place: NoisePlace | undefined } | 'confirmed', limit: number): Promise<StoredShape[]> {
  const isConfirmed = which === 'confirmed';
  const place = isConfirmed ? undefined : which.place;
  return rows(
    db,
    StoredShape,
    `select e.id, e.at, e.last_at, e.event_class, e.fields, e.varied, e.identity_pending, e.container_id, e.count, e.output, e.incident_id
       from event e join incident x on x.id = e.incident_id left join container k on k.node_id = e.node_id and k.container_id = e.container_id
      where ${inScope('x.cluster_id', 'x.namespace')} and e.kind = 'detection' and e.source = $2 and (x.verdict is not distinct from 'confirmed') = $3 and ($4::timestamptz is null or e.at >= $4)
        and ($5::bigint is null or k.workload_id = $5) and ($6::uuid is null or (e.node_id = $6 and k.workload_id is null))
      order by e.at desc, e.id desc limit $7`,
    [placesIn(scope), source, isConfirmed, isConfirmed ? null : which.since, place?.kind === 'workload' ? place.id : null, place?.kind === 'host' ? place.nodeId : null, limit],
  );
}

const Confirmed = z.object({ incidents: z.number(), without: z.number() });

/** Incidents of a rule that somebody confirmed, and of how many the detections are no longer stored. */
export async function confirmedIncidents(db: Db, scope: Scope, source: string): Promise<z.infer<typeof Confirmed>> {
  const found = await firstRow(
    db,
    Confirmed,
    `select count(*) as incidents, count(*) filter (where not exists (select 1 from event e where e.incident_id = x.id)) as without
       from incident x where ${inScope('x.cluster_id', 'x.namespace')} and x.kind = 'detection' and x.source = $2 and x.verdict = 'confirmed'`,
    [placesIn(scope), source],
  );
  return found ?? { incidents: 0, without: 0 };
}
