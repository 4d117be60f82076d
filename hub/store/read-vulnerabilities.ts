/**
 * Vulnerabilities of what runs now. Lists come from the place-counting roll-up, details from the runs themselves. A
 * vulnerability is content: it is visible only through a run in the reader's scope.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn, touchesScope } from './scope.ts';

const VulnerabilityShape = z.object({
  vuln_id: z.number(),
  name: z.string(),
  aliases: z.array(z.string()),
  summary: z.string().nullable(),
  severity: z.string(),
  cvss: z.number().nullable(),
  exploited: z.boolean().nullable(),
  packages: z.array(z.string()),
  fixed_in: z.array(z.string()),
  workloads: z.number(),
  loaded_yes: z.number(),
  loaded_not_seen: z.number(),
  loaded_no: z.number(),
  loaded_unknown: z.number(),
  first_seen: z.date(),
  score: z.number(),
});
export type VulnerabilityShape = z.infer<typeof VulnerabilityShape>;

export type LoadedState = 'yes' | 'not-seen' | 'no' | 'unknown';

export interface VulnerabilityFilter {
  readonly severity: string | undefined;
  readonly loaded: LoadedState | undefined;
  readonly search: string | undefined;
}

export interface VulnerabilityPosition {
  readonly score: number;
  readonly vulnId: number;
}

const bySeverity = '($2::text is null or v.severity = $2)';
const byLoaded = `($3::text is null or case $3 when 'yes' then t.loaded_yes when 'not-seen' then t.loaded_not_seen when 'no' then t.loaded_no else t.loaded_unknown end > 0)`;
const filtered = `${bySeverity} and ${byLoaded}`;

/** Words of the vulnerability, or a package in scope that has it: first which vulnerabilities it can be, then whether in scope. */
const searched = `($4::text is null or (
    v.id in (select c.id from vuln c where position(lower($4) in lower(concat_ws(' ', c.name, array_to_string(c.aliases, ' '), c.summary))) > 0
      union select m.vuln_id from package p join match m on m.package_id = p.id where position(lower($4) in lower(p.name || ' ' || p.version)) > 0)
    and (position(lower($4) in lower(concat_ws(' ', v.name, array_to_string(v.aliases, ' '), v.summary))) > 0
      or exists (select 1 from vuln_place o where o.vuln_id = v.id and ${inScope('o.cluster_id', 'o.namespace')} and position(lower($4) in lower(array_to_string(o.packages, ' '))) > 0))))`;

const totals = `select vuln_id, sum(workloads)::int as workloads, sum(loaded_yes)::int as loaded_yes, sum(loaded_not_seen)::int as loaded_not_seen, sum(loaded_no)::int as loaded_no,
    sum(loaded_unknown)::int as loaded_unknown, min(first_seen) as first_seen, max(score) as score from vuln_place t where ${inScope('t.cluster_id', 't.namespace')} group by vuln_id`;

const packagesInScope = `array(select distinct unnest(o.packages) from vuln_place o where o.vuln_id = v.id and ${inScope('o.cluster_id', 'o.namespace')} order by 1 limit 10) as packages`;
const fixesInScope = `array(select distinct unnest(o.fixed_in) from vuln_place o where o.vuln_id = v.id and ${inScope('o.cluster_id', 'o.namespace')} order by 1 limit 10) as fixed_in`;

const columns = `v.id as vuln_id, v.name, v.aliases, v.summary, v.severity, v.cvss, v.exploited, t.workloads, t.loaded_yes, t.loaded_not_seen, t.loaded_no, t.loaded_unknown, t.first_seen`;

export async function listVulnerabilities(db: Db, scope: Scope, filter: VulnerabilityFilter, page: { after: VulnerabilityPosition | undefined; limit: number }): Promise<VulnerabilityShape[]> {
  return rows(
    db,
    VulnerabilityShape,
    `select ${columns}, t.score, ${packagesInScope}, ${fixesInScope}
       from (${totals}) t join vuln v on v.id = t.vuln_id
      where ${filtered} and ${searched} and ($5::float8 is null or (t.score <= $5 and (t.score < $5 or v.id > $6)))
      order by t.score desc, v.id limit $7`,
    [placesIn(scope), filter.severity ?? null, filter.loaded ?? null, filter.search ?? null, page.after?.score ?? null, page.after?.vulnId ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countVulnerabilities(db: Db, scope: Scope, filter: VulnerabilityFilter): Promise<number> {
  const found = await firstRow(
    db,
    Counted,
    `select count(*) as n from (${totals}) t join vuln v on v.id = t.vuln_id where ${filtered} and ${searched}`,
    [placesIn(scope), filter.severity ?? null, filter.loaded ?? null, filter.search ?? null],
  );
  return found?.n ?? 0;
}

const FacetShape = z.object({
  total: z.number(), critical: z.number(), high: z.number(), medium: z.number(), low: z.number(), unknown: z.number(),
  loaded_yes: z.number(), loaded_not_seen: z.number(), loaded_no: z.number(), loaded_unknown: z.number(),
});
export type VulnerabilityFacets = z.infer<typeof FacetShape>;

const noFacets: VulnerabilityFacets = { total: 0, critical: 0, high: 0, medium: 0, low: 0, unknown: 0, loaded_yes: 0, loaded_not_seen: 0, loaded_no: 0, loaded_unknown: 0 };
const facets = [
  `count(*) filter (where ${filtered}) as total`,
  ...['critical', 'high', 'medium', 'low', 'unknown'].map((one) => `count(*) filter (where v.severity = '${one}' and ${byLoaded}) as ${one}`),
  ...['loaded_yes', 'loaded_not_seen', 'loaded_no', 'loaded_unknown'].map((one) => `count(*) filter (where t.${one} > 0 and ${bySeverity}) as ${one}`),
].join(', ');

/** The list by severity and by what is known of loading, each under the other filters but not its own. */
export async function facetsOfVulnerabilities(db: Db, scope: Scope, filter: VulnerabilityFilter): Promise<VulnerabilityFacets> {
  const found = await firstRow(db, FacetShape, `select ${facets} from (${totals}) t join vuln v on v.id = t.vuln_id where ${searched}`, [
    placesIn(scope), filter.severity ?? null, filter.loaded ?? null, filter.search ?? null,
  ]);
  return found ?? noFacets;
}

/** What the package list of one container holds ($5), with what its run knows of loading. */
const ofContainer = `select f.*, r.points as run_points, r.unloaded, f.loaded::int as loaded_yes, (not f.loaded and r.unloaded = 'not-seen')::int as loaded_not_seen,
    (not f.loaded and r.unloaded = 'no')::int as loaded_no, (not f.loaded and r.unloaded = 'unknown')::int as loaded_unknown
  from container k join run r on r.workload_id = k.workload_id and r.image_id is not distinct from k.image_id and r.open
  cross join lateral (
    select f.vuln_id, bool_or(case when length(r.loaded) > f.position then get_bit(r.loaded, f.position) = 1 else false end) as loaded, min(greatest(f.since, r.since)) as first_seen,
        array_agg(distinct p.name || ' ' || p.version) as packages, coalesce(array_agg(distinct f.fixed_in) filter (where f.fixed_in is not null), '{}') as fixed_in
      from inventory_finding f join package p on p.id = f.package_id where f.inventory_id = r.inventory_id group by f.vuln_id) f
 where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.id = $5`;
const searchedOfContainer = `($4::text is null or position(lower($4) in lower(concat_ws(' ', v.name, array_to_string(v.aliases, ' '), array_to_string(t.packages, ' '), v.summary))) > 0)`;

/** The same for one container. */
export async function listVulnerabilitiesOfContainer(
  db: Db,
  scope: Scope,
  containerPk: number,
  filter: VulnerabilityFilter & { loadedPoints: Readonly<Record<LoadedState, number>> },
  page: { after: VulnerabilityPosition | undefined; limit: number },
): Promise<VulnerabilityShape[]> {
  return rows(
    db,
    VulnerabilityShape,
    `with t as (
       select c.*, 1 as workloads,
           (v.points + c.run_points + case when c.loaded then $6::float8 else case c.unloaded when 'not-seen' then $7::float8 when 'no' then $8::float8 else $9::float8 end end)::float8 as score
         from (${ofContainer}) c join vuln v on v.id = c.vuln_id)
     select ${columns}, t.score, t.packages, t.fixed_in from t join vuln v on v.id = t.vuln_id
      where ${filtered} and ${searchedOfContainer} and ($10::float8 is null or (t.score <= $10 and (t.score < $10 or v.id > $11)))
      order by t.score desc, v.id limit $12`,
    [
      placesIn(scope), filter.severity ?? null, filter.loaded ?? null, filter.search ?? null, containerPk,
      filter.loadedPoints.yes, filter.loadedPoints['not-seen'], filter.loadedPoints.no, filter.loadedPoints.unknown, page.after?.score ?? null, page.after?.vulnId ?? null, page.limit,
    ],
  );
}

export async function facetsOfContainerVulnerabilities(db: Db, scope: Scope, containerPk: number, filter: VulnerabilityFilter): Promise<VulnerabilityFacets> {
  const found = await firstRow(db, FacetShape, `select ${facets} from (${ofContainer}) t join vuln v on v.id = t.vuln_id where ${searchedOfContainer}`, [
    placesIn(scope), filter.severity ?? null, filter.loaded ?? null, filter.search ?? null, containerPk,
  ]);
  return found ?? noFacets;
}

const DetailShape = VulnerabilityShape.extend({
  details: z.string().nullable(),
  links: z.array(z.string()),
  published: z.date().nullable(),
  modified: z.date().nullable(),
});
export type VulnerabilityDetailShape = z.infer<typeof DetailShape>;

/** By name or alias; undefined unless something in scope runs it. */
export async function vulnerabilityNamed(db: Db, scope: Scope, name: string): Promise<VulnerabilityDetailShape | undefined> {
  return firstRow(
    db,
    DetailShape,
    `select ${columns}, t.score, v.details, v.links, v.published, v.modified, ${packagesInScope}, ${fixesInScope}
       from (select id from vuln where name = $2 or $2 = any(aliases) order by name = $2 desc limit 1) named
       join vuln v on v.id = named.id join lateral (${totals.replace('group by', 'and vuln_id = named.id group by')}) t on true`,
    [placesIn(scope), name],
  );
}

const FindingShape = z.object({
  run_id: z.number(),
  vuln_id: z.number(),
  position: z.number(),
  cluster_id: z.string(),
  cluster_name: z.string(),
  namespace: z.string(),
  workload: z.string(),
  node_id: z.string().nullable(),
  hostname: z.string().nullable(),
  image_name: z.string().nullable(),
  platform_digest: z.string().nullable(),
  containers: z.array(z.string()),
  ecosystem: z.string(),
  package: z.string(),
  version: z.string(),
  path: z.string(),
  fixed_in: z.string().nullable(),
  uncertain: z.string().nullable(),
  since: z.date(),
  loaded: z.boolean(),
  unloaded: z.enum(['not-seen', 'no', 'unknown']),
  unloaded_reason: z.string().nullable(),
  observed_seconds: z.number(),
  fact: z.object({ kind: z.string(), path: z.string(), reader: z.string(), at: z.string() }).nullable(),
  first_seen: z.date(),
  last_observed: z.date(),
  run_points: z.number(),
  run_parts: z.array(z.object({ name: z.string(), points: z.number(), why: z.string() })),
});
export type FindingShape = z.infer<typeof FindingShape>;

const findings = `select r.id as run_id, f.vuln_id, f.position, r.cluster_id, c.name as cluster_name, w.namespace, w.name as workload, k.node_id, k.hostname, k.image_name, k.platform_digest,
    coalesce(k.containers, '{}') as containers, p.ecosystem, p.name as package, p.version, i.paths[f.position + 1] as path, f.fixed_in, f.uncertain, greatest(r.since, f.since) as since,
    case when length(r.loaded) > f.position then get_bit(r.loaded, f.position) = 1 else false end as loaded, r.unloaded, r.unloaded_reason, r.observed_seconds,
    e.facts -> f.position::text as fact, r.first_seen, coalesce(k.last_observed, r.last_seen) as last_observed, r.points::float8 as run_points, r.parts as run_parts
  from run r join workload w on w.id = r.workload_id join cluster c on c.id = r.cluster_id join inventory_finding f on f.inventory_id = r.inventory_id
  join inventory i on i.id = r.inventory_id join package p on p.id = f.package_id left join load_evidence e on e.workload_id = r.workload_id and e.inventory_id = r.inventory_id
  left join lateral (
    select (array_agg(k.node_id order by k.started_at desc))[1] as node_id, (array_agg(n.hostname order by k.started_at desc))[1] as hostname,
        (array_agg(k.image_name order by k.started_at desc))[1] as image_name, (array_agg(k.platform_digest order by k.started_at desc))[1] as platform_digest,
        (array_agg(k.container_id order by k.started_at desc))[1:20] as containers, max(o.observed_until) as last_observed
      from container k join node n on n.id = k.node_id left join observation o on o.container_pk = k.id
     where k.workload_id = r.workload_id and k.image_id is not distinct from r.image_id and k.ended_at is null) k on true
 where ${inScope('r.cluster_id', 'w.namespace')} and r.open`;

/** Where it runs now: loaded first. */
export async function findingsOf(db: Db, scope: Scope, vulnId: number, limit: number): Promise<FindingShape[]> {
  return rows(db, FindingShape, `${findings} and f.vuln_id = $2 order by loaded desc, r.points desc, r.id, f.position limit $3`, [placesIn(scope), vulnId, limit]);
}

const WorstShape = z.object({ vuln_id: z.number(), cluster_id: z.string(), workloads: z.number(), score: z.number(), run_id: z.number(), position: z.number() });

/** The worst of what runs, one row a vulnerability and place, by the roll-up's index. */
export async function worstPlaces(db: Db, scope: Scope, limit: number): Promise<z.infer<typeof WorstShape>[]> {
  return rows(
    db,
    WorstShape,
    `select t.vuln_id, t.cluster_id, t.workloads, t.score, t.run_id, t.position from cluster c
      cross join lateral (select * from vuln_place t where t.cluster_id = c.id and ${inScope('t.cluster_id', 't.namespace')} order by t.score desc limit $2) t
      where ${touchesScope('c.id')} order by t.score desc, t.vuln_id, t.cluster_id limit $2`,
    [placesIn(scope), limit],
  );
}

/** Findings by their places in the roll-up; one whose run has ended since the recount is not among them. */
export async function findingsAt(db: Db, scope: Scope, places: readonly { vuln_id: number; run_id: number; position: number }[]): Promise<FindingShape[]> {
  return rows(
    db,
    FindingShape,
    findings.replace('from run r', 'from jsonb_to_recordset($2::jsonb) a(vuln_id integer, run_id bigint, position integer) join run r on r.id = a.run_id').replace('f on f.inventory_id = r.inventory_id', 'f on f.inventory_id = r.inventory_id and f.vuln_id = a.vuln_id and f.position = a.position'),
    [placesIn(scope), JSON.stringify(places)],
  );
}

const NamedShape = z.object({ id: z.number(), name: z.string(), severity: z.string(), cvss: z.number().nullable(), exploited: z.boolean().nullable(), summary: z.string().nullable() });

/** Words for ids that a read in scope has answered. */
export async function vulnerabilitiesById(db: Db, scope: Scope, ids: readonly number[]): Promise<z.infer<typeof NamedShape>[]> {
  return rows(
    db,
    NamedShape,
    `select v.id, v.name, v.severity, v.cvss, v.exploited, v.summary from vuln v
      where v.id = any($2) and exists (select 1 from vuln_place t where t.vuln_id = v.id and ${inScope('t.cluster_id', 't.namespace')})`,
    [placesIn(scope), ids],
  );
}

const LoadedCount = z.object({ all: z.number(), loaded: z.number() });

/** Distinct vulnerabilities of what runs in scope, and how many of them are loaded somewhere. */
export async function countVulnerabilityStates(db: Db, scope: Scope): Promise<{ all: number; loaded: number }> {
  const found = await firstRow(
    db,
    LoadedCount,
    `select count(*) as all, count(*) filter (where loaded) as loaded from (select vuln_id, bool_or(loaded_yes > 0) as loaded from vuln_place t where ${inScope('t.cluster_id', 't.namespace')} group by vuln_id) seen`,
    [placesIn(scope)],
  );
  return found ?? { all: 0, loaded: 0 };
}
