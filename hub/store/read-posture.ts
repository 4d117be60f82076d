/**
 * The posture as people see it. A cluster that has not reported for a while has no data, whatever its last results say: every
 * read reckons the state anew from when it was last heard, so that what was once passed never stays so unseen.
 */
import type { Scope } from '@vedette/model/access';
import { controlStates, type ControlState } from '@vedette/model/control-words';
import { z } from 'zod';
import { rows, type Db } from './database.ts';
import { inScope, placesIn, touchesScope } from './scope.ts';

/** A cluster part reports every minute; after so long without a report nothing of the cluster is known now. */
export const cutOffSeconds = 180;

const State = z.enum(controlStates);

/** As of when the results of a cluster hold: they are judged again when something changes, so of a cluster that is heard and unchanged they are as new as its last report. */
const heard = `(select e.cluster_id, e.is_kubernetes, e.evaluated_at, e.missing, case when e.is_kubernetes then coalesce(h.reported_at, e.data_at) else e.data_at end as data_at
  from posture_cluster e left join cluster_report h on h.cluster_id = e.cluster_id)`;

/** `$2` is now, `$3` the seconds after which a cluster counts as cut off. */
const cutOff = `(p.is_kubernetes and coalesce(p.data_at < $2::timestamptz - make_interval(secs => $3), true))`;
const stateNow = `case when ${cutOff} and r.state <> 'not-applicable' then 'no-data' else r.state end`;

const Cluster = z.object({ id: z.string(), name: z.string(), is_kubernetes: z.boolean(), evaluated_at: z.date(), data_at: z.date().nullable(), cut_off: z.boolean(), missing: z.array(z.string()) });
export type PostureClusterShape = z.infer<typeof Cluster>;

export async function postureClusters(db: Db, scope: Scope, now: Date): Promise<PostureClusterShape[]> {
  return rows(
    db,
    Cluster,
    `select c.id, c.name, p.is_kubernetes, p.evaluated_at, p.data_at, ${cutOff} as cut_off,
        case when ${inScope('p.cluster_id')} then p.missing else '["What was not seen of the cluster is told to who may see all of it."]'::jsonb end as missing
       from ${heard} p join cluster c on c.id = p.cluster_id where ${touchesScope('p.cluster_id')} order by c.name limit 1000`,
    [placesIn(scope), now, cutOffSeconds],
  );
}

const Count = z.object({ cluster_id: z.string(), control: z.string(), state: State, n: z.number() });
export type PostureCountShape = z.infer<typeof Count>;

export interface CountFilter {
  readonly cluster: string | undefined;
  readonly control: string | undefined;
  readonly namespace: string | undefined;
}

/** How many results of each state, by cluster and control. */
export async function postureCounts(db: Db, scope: Scope, filter: CountFilter, now: Date): Promise<PostureCountShape[]> {
  return rows(
    db,
    Count,
    `select r.cluster_id, r.control, ${stateNow} as state, count(*) as n
       from posture_result r join ${heard} p on p.cluster_id = r.cluster_id
      where ${inScope('r.cluster_id', 'r.namespace')} and ($4::text is null or r.cluster_id::text = $4) and ($5::text is null or r.control = $5) and ($6::text is null or r.namespace = $6)
      group by 1, 2, 3`,
    [placesIn(scope), now, cutOffSeconds, filter.cluster ?? null, filter.control ?? null, filter.namespace ?? null],
  );
}

const Result = z.object({
  id: z.number(), cluster_id: z.string(), cluster_name: z.string(), namespace: z.string(), control: z.string(), subject_type: z.string(), subject_name: z.string(), state: State, known: State, reason: z.string(),
  evidence: z.array(z.object({ fact: z.string(), value: z.string() })), accepted: z.object({ exception: z.string(), owner: z.string(), reason: z.string(), expiresAt: z.string() }).nullable(),
  since: z.date(), last_decided: State.nullable(), last_decided_at: z.date().nullable(), cut_off: z.boolean(), data_at: z.date().nullable(), rank: z.number(),
});
export type PostureResultShape = z.infer<typeof Result>;

export interface ResultFilter {
  readonly controls: readonly string[] | undefined;
  readonly cluster: string | undefined;
  readonly namespace: string | undefined;
  readonly states: readonly ControlState[] | undefined;
  readonly search: string | undefined;
}

const ranked = `array_position(array['failed', 'no-data', 'accepted', 'passed', 'not-applicable'], ${stateNow})`;

/** What needs somebody first: failed, then without data, then the rest. */
export async function postureResults(db: Db, scope: Scope, filter: ResultFilter, page: { readonly after: { readonly rank: number; readonly id: number } | undefined; readonly limit: number }, now: Date): Promise<PostureResultShape[]> {
  return rows(
    db,
    Result,
    `select r.id, r.cluster_id, c.name as cluster_name, r.namespace, r.control, r.subject_type, r.subject_name, ${stateNow} as state, r.state as known, r.reason, r.evidence, r.accepted, r.since, r.last_decided, r.last_decided_at,
        ${cutOff} as cut_off, p.data_at, ${ranked} as rank
       from posture_result r join ${heard} p on p.cluster_id = r.cluster_id join cluster c on c.id = r.cluster_id
      where ${inScope('r.cluster_id', 'r.namespace')} and ($4::text[] is null or r.control = any($4)) and ($5::text is null or r.cluster_id::text = $5) and ($6::text is null or r.namespace = $6)
        and ($7::text[] is null or ${stateNow} = any($7)) and ($8::text is null or strpos(lower(r.namespace || '/' || r.subject_type || '/' || r.subject_name), lower($8)) > 0)
        and ($9::int is null or (${ranked}, r.id) > ($9, $10::bigint))
      order by rank, r.id limit $11`,
    [placesIn(scope), now, cutOffSeconds, filter.controls ?? null, filter.cluster ?? null, filter.namespace ?? null, filter.states ?? null, filter.search ?? null, page.after?.rank ?? null, page.after?.id ?? null, page.limit],
  );
}

const Day = z.object({ day: z.string(), failed: z.number(), no_data: z.number(), accepted: z.number(), passed: z.number() });

export async function postureDays(db: Db, scope: Scope, filter: CountFilter, since: Date): Promise<z.infer<typeof Day>[]> {
  return rows(
    db,
    Day,
    `select to_char(d.day, 'YYYY-MM-DD') as day, sum(d.failed)::bigint as failed, sum(d.no_data)::bigint as no_data, sum(d.accepted)::bigint as accepted, sum(d.passed)::bigint as passed
       from posture_day d where ${inScope('d.cluster_id', 'd.namespace')} and d.day >= $2::date and ($3::text is null or d.cluster_id::text = $3) and ($4::text is null or d.control = $4) and ($5::text is null or d.namespace = $5)
      group by 1 order by 1`,
    [placesIn(scope), since.toISOString().slice(0, 10), filter.cluster ?? null, filter.control ?? null, filter.namespace ?? null],
  );
}

const Change = z.object({ id: z.number(), at: z.date(), control: z.string(), cluster_name: z.string(), namespace: z.string(), subject_type: z.string(), subject_name: z.string(), before: State.nullable(), after: State.nullable(), reason: z.string() });
export type PostureChangeShape = z.infer<typeof Change>;

export async function postureChanges(db: Db, scope: Scope, filter: CountFilter, page: { readonly after: number | undefined; readonly limit: number }): Promise<PostureChangeShape[]> {
  return rows(
    db,
    Change,
    `select g.id, g.at, g.control, c.name as cluster_name, g.namespace, g.subject_type, g.subject_name, g.before, g.after, g.reason
       from posture_change g join cluster c on c.id = g.cluster_id
      where ${inScope('g.cluster_id', 'g.namespace')} and ($2::text is null or g.cluster_id::text = $2) and ($3::text is null or g.control = $3) and ($4::text is null or g.namespace = $4) and ($5::bigint is null or g.id < $5)
      order by g.id desc limit $6`,
    [placesIn(scope), filter.cluster ?? null, filter.control ?? null, filter.namespace ?? null, page.after ?? null, page.limit],
  );
}
