/** Violations as people see them, with where they run. Worst first, then newest. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const AcceptedBy = z.array(z.object({ exception: z.string(), owner: z.string(), reason: z.string(), expiresAt: z.string() }));

const ViolationShape = z.object({
  id: z.number(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  namespace: z.string(),
  workload: z.string(),
  hostnames: z.array(z.string()),
  containers: z.number(),
  policy: z.string(),
  rule: z.string(),
  stage: z.string(),
  severity: z.string(),
  severity_rank: z.number(),
  mode: z.string(),
  action: z.string(),
  verdict: z.string(),
  state: z.string(),
  since: z.date(),
  state_since: z.date(),
  until: z.date().nullable(),
  closed_reason: z.string().nullable(),
  reference: z.string().nullable(),
  platform_digest: z.string(),
  index_digest: z.string().nullable(),
  reason: z.string(),
  fix: z.string().nullable(),
  accepted_by: AcceptedBy,
});
export type ViolationShape = z.infer<typeof ViolationShape>;

const columns = `v.id, v.cluster_id, c.name as cluster_name, w.namespace, w.name as workload, coalesce(k.hostnames, '{}') as hostnames, coalesce(k.containers, 0)::int as containers, v.policy, v.rule, v.stage,
    v.severity, v.severity_rank, v.mode, v.action, v.verdict, v.state, v.since, v.state_since, v.until, v.closed_reason, v.reference, i.digest as platform_digest, v.index_digest, v.reason, v.fix, v.accepted_by`;
const tables = `from violation v join cluster c on c.id = v.cluster_id join workload w on w.id = v.workload_id join image i on i.id = v.image_id`;
const living = `left join lateral (select array_agg(distinct n.hostname) as hostnames, count(*) as containers from container k join node n on n.id = k.node_id
    where k.workload_id = v.workload_id and k.image_id = v.image_id and k.ended_at is null) k on true`;

export interface ViolationFilter {
  readonly state: 'open' | 'accepted' | 'closed' | 'all';
  readonly policy: string | undefined;
  readonly severity: string | undefined;
  readonly verdict: string | undefined;
  readonly image: string | undefined;
  readonly search: string | undefined;
}

const byState = `($2 = 'all' or v.state = $2)`;
const byPolicy = '($3::text is null or v.policy = $3)';
const bySeverity = '($4::text is null or v.severity = $4)';
const byVerdict = '($5::text is null or v.verdict = $5)';
const byTheRest = `($6::text is null or i.digest = $6 or v.index_digest = $6)
  and ($7::text is null or position(lower($7) in lower(concat_ws(' ', v.policy, v.rule, v.reference, w.namespace, w.name, v.reason))) > 0)`;
const filtered = `${byState} and ${byPolicy} and ${bySeverity} and ${byVerdict} and ${byTheRest}`;

function filterValues(scope: Scope, filter: ViolationFilter): unknown[] {
  return [placesIn(scope), filter.state, filter.policy ?? null, filter.severity ?? null, filter.verdict ?? null, filter.image ?? null, filter.search ?? null];
}

export interface ViolationPosition {
  readonly rank: number;
  readonly stateSince: Date;
  readonly id: number;
}

export async function listViolations(db: Db, scope: Scope, filter: ViolationFilter, page: { after: ViolationPosition | undefined; limit: number }): Promise<ViolationShape[]> {
  const { after } = page;
  return rows(
    db,
    ViolationShape,
    `select ${columns} ${tables} ${living} where ${inScope('v.cluster_id', 'w.namespace')} and ${filtered}
        and ($8::int is null or (v.severity_rank >= $8 and (v.severity_rank > $8 or (v.state_since <= $9 and (v.state_since < $9 or v.id < $10)))))
      order by v.severity_rank, v.state_since desc, v.id desc limit $11`,
    [...filterValues(scope, filter), after?.rank ?? null, after?.stateSince ?? null, after?.id ?? null, page.limit],
  );
}

const DetailShape = ViolationShape.extend({ evidence: z.array(z.string()), facts: z.unknown() });
export type ViolationDetailShape = z.infer<typeof DetailShape>;

export async function violationById(db: Db, scope: Scope, id: number): Promise<ViolationDetailShape | undefined> {
  return firstRow(db, DetailShape, `select ${columns}, v.evidence, v.facts ${tables} ${living} where ${inScope('v.cluster_id', 'w.namespace')} and v.id = $2`, [placesIn(scope), id]);
}

const Counted = z.object({ total: z.number() });

export async function countViolations(db: Db, scope: Scope, filter: ViolationFilter): Promise<number> {
  return (await firstRow(db, Counted, `select count(*) as total ${tables} where ${inScope('v.cluster_id', 'w.namespace')} and ${filtered}`, filterValues(scope, filter)))?.total ?? 0;
}

const severities = ['critical', 'high', 'medium', 'low'] as const;
const states = ['open', 'accepted', 'closed'] as const;
const verdicts = ['violated', 'unknown'] as const;

export interface ViolationFacets {
  readonly severity: Record<(typeof severities)[number], number>;
  readonly state: Record<(typeof states)[number], number>;
  readonly verdict: Record<(typeof verdicts)[number], number>;
  readonly policies: { readonly policy: string; readonly count: number }[];
}

const FacetShape = z.object({
  total: z.number(), critical: z.number(), high: z.number(), medium: z.number(), low: z.number(), open: z.number(), accepted: z.number(), closed: z.number(), violated: z.number(), unknown: z.number(),
});
const PolicyCount = z.object({ policy: z.string(), count: z.number() });
const policiesMax = 100;

/** How the list divides: each part under the other filters, but not under its own. */
export async function facetsOfViolations(db: Db, scope: Scope, filter: ViolationFilter): Promise<{ total: number; facets: ViolationFacets }> {
  const counts = [
    ...severities.map((one) => `count(*) filter (where v.severity = '${one}' and ${byState} and ${byPolicy} and ${byVerdict}) as ${one}`),
    ...states.map((one) => `count(*) filter (where v.state = '${one}' and ${byPolicy} and ${bySeverity} and ${byVerdict}) as ${one}`),
    ...verdicts.map((one) => `count(*) filter (where v.verdict = '${one}' and ${byState} and ${byPolicy} and ${bySeverity}) as ${one}`),
  ];
  const values = filterValues(scope, filter);
  const [found, policies] = await Promise.all([
    firstRow(db, FacetShape, `select count(*) filter (where ${filtered}) as total, ${counts.join(', ')} ${tables} where ${inScope('v.cluster_id', 'w.namespace')} and ${byTheRest}`, values),
    rows(db, PolicyCount, `select v.policy, count(*) as count ${tables} where ${inScope('v.cluster_id', 'w.namespace')} and ${byState} and $3::text is not distinct from $3 and ${bySeverity} and ${byVerdict} and ${byTheRest} group by 1 order by 2 desc, 1 limit ${policiesMax}`, values),
  ]);
  const of = <Name extends string>(names: readonly Name[]): Record<Name, number> => Object.fromEntries(names.map((name) => [name, (found as Record<string, number> | undefined)?.[name] ?? 0])) as Record<Name, number>;
  return { total: found?.total ?? 0, facets: { severity: of(severities), state: of(states), verdict: of(verdicts), policies } };
}
