/**
 * Counts for the classic risks, over open runs (workload × image): those that have it, those of which it is not known, and
 * the worst example. A run whose packages were not read, or were read in part, has it or is not known: it is never clean.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const CountedRisk = z.object({ count: z.number(), unknown: z.number(), worst_vuln: z.string().nullable(), worst_package: z.string().nullable(), worst_namespace: z.string().nullable(), worst_workload: z.string().nullable() });
export type CountedRisk = z.infer<typeof CountedRisk>;

/** Not all of its packages were read, or not all of them are spoken about by a feed. */
const notWhole = `(r.inventory_id is null or t.inventory_id is null or t.unfed > 0 or exists (select 1 from container k where k.workload_id = r.workload_id
    and k.image_id is not distinct from r.image_id and k.ended_at is null and k.inventory_problems <> '{}'))`;

/** `has` and `may` speak about one finding f of the run r. */
function counting(which: string, has: string, may: string): string {
  return `with judged as (
      select r.id, w.namespace, w.name as workload, ${notWhole} as not_whole, f.has, f.may, f.name, f.package, f.points
        from run r join workload w on w.id = r.workload_id left join inventory_stat t on t.inventory_id = r.inventory_id
        left join lateral (
          select bool_or(${has}) as has, bool_or(${may}) as may, (array_agg(v.name order by v.points desc, v.name) filter (where ${has}))[1] as name,
              (array_agg(p.name || ' ' || p.version order by v.points desc, v.name) filter (where ${has}))[1] as package, max(v.points) filter (where ${has}) as points
            from inventory_finding f join vuln v on v.id = f.vuln_id join package p on p.id = f.package_id where f.inventory_id = r.inventory_id and ${which}) f on true
       where r.open and ${inScope('r.cluster_id', 'w.namespace')}),
    worst as (select * from judged where has order by points desc, id limit 1)
    select (select count(*) from judged where has) as count, (select count(*) from judged where has is not true and (not_whole or may)) as unknown,
        (select name from worst) as worst_vuln, (select package from worst) as worst_package, (select namespace from worst) as worst_namespace, (select workload from worst) as worst_workload`;
}

/** A list may be longer than what was reported of it, and `and` promises no order. */
const isLoaded = `case when length(r.loaded) > f.position then get_bit(r.loaded, f.position) = 1 else false end`;
const malicious = counting('v.malicious', 'f.uncertain is null', 'f.uncertain is not null');
const critical = counting(`v.severity = 'critical'`, `f.uncertain is null and (${isLoaded})`, `r.unloaded <> 'no' or f.uncertain is not null`);

export async function maliciousRuns(db: Db, scope: Scope): Promise<CountedRisk | undefined> {
  return firstRow(db, CountedRisk, malicious, [placesIn(scope)]);
}

/** Applicable: a process has loaded the package. */
export async function criticalLoadedRuns(db: Db, scope: Scope): Promise<CountedRisk | undefined> {
  return firstRow(db, CountedRisk, critical, [placesIn(scope)]);
}

const Violated = z.object({ count: z.number(), unknown: z.number(), id: z.number().nullable(), policy: z.string().nullable(), reason: z.string().nullable(), namespace: z.string().nullable(), workload: z.string().nullable() });
export type ViolatedRisk = z.infer<typeof Violated>;

/** Runs with an open violation of a rule that asks one of these facts. */
export async function violatedRuns(db: Db, scope: Scope, facts: readonly string[]): Promise<ViolatedRisk | undefined> {
  return firstRow(
    db,
    Violated,
    `with found as (select v.*, w.namespace, w.name as workload from violation v join workload w on w.id = v.workload_id
        where v.until is null and v.state = 'open' and ${inScope('v.cluster_id', 'w.namespace')} and (v.facts -> 'asked') ?| $2::text[]),
      worst as (select * from found where verdict = 'violated' order by severity_rank, state_since, id limit 1),
      broken as (select distinct workload_id, image_id from found where verdict = 'violated')
     select (select count(*) from broken) as count,
        (select count(*) from (select distinct workload_id, image_id from found where verdict = 'unknown' except select workload_id, image_id from broken) u) as unknown,
        (select id from worst) as id, (select policy from worst) as policy, (select reason from worst) as reason, (select namespace from worst) as namespace, (select workload from worst) as workload`,
    [placesIn(scope), facts],
  );
}

const ByPolicy = z.object({
  policy: z.string(), severity: z.string(), mode: z.string(), action: z.string(), count: z.number(), unknown: z.number(), since: z.date(),
  namespace: z.string(), workload: z.string(), reference: z.string().nullable(), reason: z.string(), fix: z.string().nullable(), id: z.number(), cluster_name: z.string(),
});
export type ViolatedPolicy = z.infer<typeof ByPolicy>;

/** One row a policy: how much runs against it, and the worst of it. */
export async function violatedPolicies(db: Db, scope: Scope, limit: number): Promise<ViolatedPolicy[]> {
  return rows(
    db,
    ByPolicy,
    `select distinct on (v.severity_rank, v.policy) v.policy, v.severity, v.mode, v.action, count(*) filter (where v.verdict = 'violated') over p as count, count(*) filter (where v.verdict = 'unknown') over p as unknown,
        v.state_since as since, w.namespace, w.name as workload, v.reference, v.reason, v.fix, v.id, c.name as cluster_name
       from violation v join workload w on w.id = v.workload_id join cluster c on c.id = v.cluster_id
      where v.until is null and v.state = 'open' and ${inScope('v.cluster_id', 'w.namespace')}
      window p as (partition by v.policy) order by v.severity_rank, v.policy, v.verdict desc, v.state_since desc, v.id limit $2`,
    [placesIn(scope), limit],
  );
}
