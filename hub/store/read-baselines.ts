/** Baselines as people see them. Those with something outside come first, then the latest change. */
import type { Scope } from '@vedette/model/access';
import { Behaviour } from '@vedette/model/baseline';
import { z } from 'zod';
import { firstRow, rows, type Db, type Transaction } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const BaselineShape = z.object({
  id: z.number(), cluster_id: z.string(), cluster_name: z.string(), namespace: z.string(), workload_kind: z.string(), workload: z.string(), hostname: z.string().nullable(),
  image: z.string().nullable(), platform_digest: z.string(), state: z.string(), state_at: z.date(), state_by: z.string(), created_at: z.date(), changed_at: z.date(), generation: z.number(),
  executions: z.number(), files: z.number(), peers: z.number(), capabilities: z.number(), outside: z.number(), watched_seconds: z.number(), watched_until: z.date().nullable(),
  quiet_seconds: z.number(), learn_hours: z.number(), whole_start: z.boolean(), cut: z.number(), blind_intervals: z.number(), blind_seconds: z.number(), blind_reasons: z.array(z.string()), runs: z.number(),
});
export type BaselineShape = z.infer<typeof BaselineShape>;

const columns = `b.id, b.cluster_id, c.name as cluster_name, w.namespace, w.kind as workload_kind, w.name as workload, n.hostname, k.image, i.digest as platform_digest, b.state, b.state_at, b.state_by,
    b.created_at, b.changed_at, b.generation, h.executions, h.files, h.peers, h.capabilities, h.outside, b.watched_seconds, b.watched_until, b.quiet_seconds, b.learn_hours, b.whole_start, b.cut,
    d.intervals as blind_intervals, d.seconds as blind_seconds, d.reasons as blind_reasons, coalesce(k.runs, 0)::int as runs`;
const base = 'from baseline b join cluster c on c.id = b.cluster_id join workload w on w.id = b.workload_id join image i on i.id = b.image_id left join node n on n.id = w.node_id';
const beside = `left join lateral (select max(l.image_name) as image, count(*) filter (where l.ended_at is null) as runs from container l where l.workload_id = b.workload_id and l.image_id = b.image_id) k on true
  cross join lateral (select count(*) filter (where e.standing <> 'outside' and e.kind = 'execution')::int as executions, count(*) filter (where e.standing <> 'outside' and e.kind = 'file')::int as files,
      count(*) filter (where e.standing <> 'outside' and e.kind = 'peer')::int as peers, count(*) filter (where e.standing <> 'outside' and e.kind = 'capability')::int as capabilities,
      count(*) filter (where e.standing = 'outside')::int as outside from baseline_behaviour e where e.baseline_id = b.id) h
  cross join lateral (select count(*)::int as intervals, coalesce(sum(extract(epoch from z.until - z.since)), 0)::float8 as seconds, coalesce(array_agg(distinct z.reason), '{}') as reasons from baseline_blind z where z.baseline_id = b.id) d`;

export interface BaselineFilter {
  readonly state: string;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly workload: string | undefined;
  readonly image: string | undefined;
  readonly onlyOutside: boolean;
  readonly search: string | undefined;
}

const hasOutside = `exists (select 1 from baseline_behaviour o where o.baseline_id = b.id and o.standing = 'outside')`;
const byPlace = `($3::text is null or b.cluster_id::text = $3) and ($4::text is null or w.namespace = $4) and ($5::text is null or w.name = $5) and ($6::text is null or i.digest = $6 or exists (select 1 from container x where x.image_id = b.image_id and x.workload_id = b.workload_id and x.index_digest = $6))
  and ($8::text is null or position(lower($8) in lower(concat_ws(' ', w.namespace, w.name, n.hostname, i.digest))) > 0
    or exists (select 1 from container s where s.workload_id = b.workload_id and s.image_id = b.image_id and position(lower($8) in lower(coalesce(s.image_name, ''))) > 0))`;
const filtered = `($2 = 'all' or b.state = $2) and (not $7 or ${hasOutside}) and ${byPlace}`;

function filterValues(scope: Scope, filter: BaselineFilter): unknown[] {
  return [placesIn(scope), filter.state, filter.cluster ?? null, filter.namespace ?? null, filter.workload ?? null, filter.image ?? null, filter.onlyOutside, filter.search ?? null];
}

export async function listBaselines(db: Db, scope: Scope, filter: BaselineFilter, page: { readonly after: { readonly outside: number; readonly changedAt: Date; readonly id: number } | undefined; readonly limit: number }): Promise<BaselineShape[]> {
  const { after, limit } = page;
  return rows(
    db,
    BaselineShape,
    `select * from (select ${columns} ${base} ${beside} where ${inScope('b.cluster_id', 'w.namespace')} and ${filtered}) found
      where $9::int is null or (found.outside, date_trunc('milliseconds', found.changed_at), found.id) < ($9::int, $10::timestamptz, $11::bigint)
      order by found.outside desc, date_trunc('milliseconds', found.changed_at) desc, found.id desc limit $12`,
    [...filterValues(scope, filter), after?.outside ?? null, after?.changedAt ?? null, after?.id ?? null, limit],
  );
}

const Counts = z.object({ total: z.number(), learn: z.number(), watch: z.number(), enforce: z.number(), outside: z.number() });
export type BaselineCounts = z.infer<typeof Counts>;

export async function countBaselines(db: Db, scope: Scope, filter: BaselineFilter): Promise<BaselineCounts> {
  const found = await firstRow(
    db,
    Counts,
    `select count(*) filter (where ${filtered})::int as total, count(*) filter (where b.state = 'learn')::int as learn, count(*) filter (where b.state = 'watch')::int as watch,
        count(*) filter (where b.state = 'enforce')::int as enforce, count(*) filter (where ${hasOutside})::int as outside ${base} where ${inScope('b.cluster_id', 'w.namespace')} and ${byPlace}`,
    filterValues(scope, filter),
  );
  return found ?? { total: 0, learn: 0, watch: 0, enforce: 0, outside: 0 };
}

const Without = z.object({ without: z.number() });

/** Containers that run and can have no baseline: no image by digest is known of them. */
export async function containersWithoutImage(db: Db, scope: Scope): Promise<number> {
  return (await firstRow(db, Without, `select count(*)::int as without from container k where k.ended_at is null and k.image_id is null and not k.pod_sandbox and ${inScope('k.cluster_id', 'k.pod_namespace')}`, [placesIn(scope)]))?.without ?? 0;
}

export async function baselineById(db: Db, scope: Scope, id: number): Promise<BaselineShape | undefined> {
  return firstRow(db, BaselineShape, `select ${columns} ${base} ${beside} where ${inScope('b.cluster_id', 'w.namespace')} and b.id = $2`, [placesIn(scope), id]);
}

const Locked = z.object({ id: z.number(), state: z.string(), generation: z.number(), cluster_id: z.string(), namespace: z.string(), workload: z.string(), platform_digest: z.string() });
export type LockedBaseline = z.infer<typeof Locked>;

/** For a change by a person who may make it there. */
export async function lockBaselineById(db: Transaction, scope: Scope, id: number): Promise<LockedBaseline | undefined> {
  return firstRow(
    db,
    Locked,
    `select b.id, b.state, b.generation, b.cluster_id, w.namespace, w.name as workload, i.digest as platform_digest from baseline b join workload w on w.id = b.workload_id join image i on i.id = b.image_id
      where ${inScope('b.cluster_id', 'w.namespace')} and b.id = $2 for update of b`,
    [placesIn(scope), id],
  );
}

const BehaviourShape = z.object({ key: z.string(), behaviour: Behaviour, standing: z.string(), program: z.string(), container_id: z.string().nullable(), hostname: z.string().nullable(), first_seen: z.date() });
export type BehaviourShape = z.infer<typeof BehaviourShape>;

export async function behavioursOf(db: Db, scope: Scope, baselineId: number): Promise<BehaviourShape[]> {
  return rows(
    db,
    BehaviourShape,
    `select encode(e.key, 'hex') as key, e.behaviour, e.standing, e.program, e.container_id, n.hostname, e.first_seen
       from baseline_behaviour e join baseline b on b.id = e.baseline_id join workload w on w.id = b.workload_id left join node n on n.id = e.node_id
      where e.baseline_id = $2 and ${inScope('b.cluster_id', 'w.namespace')} order by e.kind, e.first_seen desc, e.key limit 6000`,
    [placesIn(scope), baselineId],
  );
}

const BlindShape = z.object({ reason: z.string(), since: z.date(), until: z.date(), count: z.number(), detail: z.string(), container_id: z.string().nullable() });
export type BlindShape = z.infer<typeof BlindShape>;

export async function blindIntervalsOf(db: Db, scope: Scope, baselineId: number): Promise<BlindShape[]> {
  return rows(
    db,
    BlindShape,
    `select z.reason, z.since, z.until, z.count, z.detail, k.container_id from baseline_blind z join baseline b on b.id = z.baseline_id join workload w on w.id = b.workload_id left join container k on k.id = z.container_pk
      where z.baseline_id = $2 and ${inScope('b.cluster_id', 'w.namespace')} order by z.since desc, z.id desc limit 100`,
    [placesIn(scope), baselineId],
  );
}

const StateShape = z.object({ at: z.date(), state: z.string(), actor: z.string(), reason: z.string() });

export async function baselineHistory(db: Db, scope: Scope, baselineId: number): Promise<z.infer<typeof StateShape>[]> {
  return rows(
    db,
    StateShape,
    `select s.at, s.state, s.actor, s.reason from baseline_state s join baseline b on b.id = s.baseline_id join workload w on w.id = b.workload_id where s.baseline_id = $2 and ${inScope('b.cluster_id', 'w.namespace')} order by s.id desc limit 100`,
    [placesIn(scope), baselineId],
  );
}
