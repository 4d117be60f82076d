/** Incidents and their events as people see them. */
import type { Scope } from '@vedette/model/access';
import { fileOrigins } from '@vedette/model/policy';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const IncidentShape = z.object({
  id: z.number(),
  title: z.string(),
  kind: z.string(),
  severity: z.string(),
  severity_rank: z.number(),
  state: z.string(),
  assignee: z.string().nullable(),
  verdict: z.string().nullable(),
  source: z.string(),
  attack: z.array(z.string()),
  cluster_name: z.string(),
  cluster_id: z.string(),
  own_namespace: z.string().nullable(),
  node_id: z.string(),
  hostname: z.string(),
  namespace: z.string().nullable(),
  workload: z.string().nullable(),
  container_id: z.string().nullable(),
  container_name: z.string().nullable(),
  image_name: z.string().nullable(),
  platform_digest: z.string().nullable(),
  first_seen: z.date(),
  last_seen: z.date(),
  count: z.number(),
  summary: z.string(),
  outcome: z.string(),
  next_action: z.string(),
});
export type IncidentShape = z.infer<typeof IncidentShape>;

const selection = `select x.id, x.title, x.kind, x.severity, x.severity_rank, x.state, x.assignee, x.verdict, x.source, x.attack, c.name as cluster_name, x.cluster_id, x.namespace as own_namespace, x.node_id, n.hostname,
    w.namespace, w.name as workload, x.container_id, nullif(k.name, '') as container_name, k.image_name, k.platform_digest, x.first_seen, x.last_seen, x.count, x.summary, x.outcome, x.next_action
  from incident x join cluster c on c.id = x.cluster_id join node n on n.id = x.node_id
  left join container k on k.node_id = x.node_id and k.container_id = x.container_id left join workload w on w.id = k.workload_id`;

export interface IncidentFilter {
  readonly state: 'open' | 'acknowledged' | 'closed' | 'all';
  readonly severity: string | undefined;
  readonly kind: string | undefined;
  readonly container: string | undefined;
  readonly search: string | undefined;
  /** Rule or policy, exactly. */
  readonly source?: string | undefined;
  readonly outcome?: string | undefined;
  readonly verdict?: string | undefined;
}

const bySeverity = '($3::text is null or x.severity = $3)';
const byKind = '($4::text is null or x.kind = $4)';
const byTheRest = `($5::text is null or x.container_id = $5) and ($6::tsquery is null or x.search @@ $6::tsquery)
  and ($7::text is null or x.source = $7) and ($8::text is null or x.outcome = $8) and ($9::text is null or x.verdict = $9)`;
const filtered = `($2 = 'all' or x.state = $2) and ${bySeverity} and ${byKind} and ${byTheRest}`;

/** All words, the last one as a beginning: what is being typed is found already. */
function searchQuery(search: string | undefined): string | null {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter((word) => word !== '').slice(0, 10);
  if (words.length === 0) return null;
  return words.map((word, index) => `'${word.replaceAll('\0', '').replaceAll('\\', '\\\\').replaceAll("'", "''")}'${index === words.length - 1 ? ':*' : ''}`).join(' & ');
}

function filterValues(scope: Scope, filter: IncidentFilter): unknown[] {
  return [placesIn(scope), filter.state, filter.severity ?? null, filter.kind ?? null, filter.container ?? null, searchQuery(filter.search), filter.source ?? null, filter.outcome ?? null, filter.verdict ?? null];
}

export interface IncidentPosition {
  readonly rank: number;
  readonly lastSeen: Date;
  readonly id: number;
}

/** Worst first, then newest. */
export async function listIncidents(db: Db, scope: Scope, filter: IncidentFilter, page: { after: IncidentPosition | undefined; limit: number }): Promise<IncidentShape[]> {
  const { after } = page;
  return rows(
    db,
    IncidentShape,
    `${selection} where ${inScope('x.cluster_id', 'x.namespace')} and ${filtered}
        and ($10::int is null or (x.severity_rank >= $10 and (x.severity_rank > $10 or (x.last_seen <= $11 and (x.last_seen < $11 or x.id < $12)))))
      order by x.severity_rank, x.last_seen desc, x.id desc limit $13`,
    [...filterValues(scope, filter), after?.rank ?? null, after?.lastSeen ?? null, after?.id ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countIncidents(db: Db, scope: Scope, filter: IncidentFilter): Promise<number> {
  const found = await firstRow(db, Counted, `select count(*) as n from incident x where ${inScope('x.cluster_id', 'x.namespace')} and ${filtered}`, filterValues(scope, filter));
  return found?.n ?? 0;
}

const severities = ['critical', 'high', 'medium', 'low'] as const;
const kinds = ['detection', 'verdict'] as const;
type BySeverity = Record<(typeof severities)[number], number>;

export interface IncidentFacets {
  severity: BySeverity;
  kind: Record<(typeof kinds)[number], number>;
  days: (BySeverity & { day: string })[];
}

const FacetShape = z.object({ total: z.number(), critical: z.number(), high: z.number(), medium: z.number(), low: z.number(), detection: z.number(), verdict: z.number() });
const DayShape = z.object({ day: z.string(), severity: z.string(), n: z.number() });
const daysShown = 14;
const dayMs = 86_400_000;

/** The list by severity and by kind, each under the other filters but not its own; and how many began each day, in whatever state. */
export async function facetsOfIncidents(db: Db, scope: Scope, filter: IncidentFilter, now: Date): Promise<{ total: number; facets: IncidentFacets }> {
  const days = Array.from({ length: daysShown }, (_, index) => new Date(now.getTime() - (daysShown - 1 - index) * dayMs).toISOString().slice(0, 10));
  const counts = [...severities.map((one) => `count(*) filter (where x.severity = '${one}' and ${byKind}) as ${one}`), ...kinds.map((one) => `count(*) filter (where x.kind = '${one}' and ${bySeverity}) as ${one}`)];
  const [found, began] = await Promise.all([
    firstRow(
      db,
      FacetShape,
      `select count(*) filter (where ${bySeverity} and ${byKind}) as total, ${counts.join(', ')} from incident x where ${inScope('x.cluster_id', 'x.namespace')} and ($2 = 'all' or x.state = $2) and ${byTheRest}`,
      filterValues(scope, filter),
    ),
    rows(
      db,
      DayShape,
      `select to_char(x.first_seen at time zone 'UTC', 'YYYY-MM-DD') as day, x.severity, count(*) as n from incident x
        where ${inScope('x.cluster_id', 'x.namespace')} and ${filtered} and x.last_seen >= $10 and x.first_seen >= $10 group by 1, 2`,
      [...filterValues(scope, { ...filter, state: 'all', severity: undefined }), new Date(`${days[0]}T00:00:00Z`)],
    ),
  ]);
  const { total = 0, critical = 0, high = 0, medium = 0, low = 0, detection = 0, verdict = 0 } = found ?? {};
  const of = (day: string, severity: string): number => began.find((one) => one.day === day && one.severity === severity)?.n ?? 0;
  const perDay = days.map((day) => ({ day, critical: of(day, 'critical'), high: of(day, 'high'), medium: of(day, 'medium'), low: of(day, 'low') }));
  return { total, facets: { severity: { critical, high, medium, low }, kind: { detection, verdict }, days: perDay } };
}

export async function incidentById(db: Db, scope: Scope, id: number): Promise<IncidentShape | undefined> {
  return firstRow(db, IncidentShape, `${selection} where ${inScope('x.cluster_id', 'x.namespace')} and x.id = $2`, [placesIn(scope), id]);
}

const EventShape = z.object({
  id: z.number(),
  at: z.date(),
  received_at: z.date(),
  kind: z.string(),
  source: z.string(),
  output: z.string(),
  fields: z.record(z.string(), z.string().nullable()),
  outcome: z.string(),
  mode: z.string().nullable(),
  generation: z.number().nullable(),
  identity_pending: z.boolean(),
  tree: z.array(z.unknown()),
  count: z.number(),
  last_at: z.date().nullable(),
  varied: z.array(z.string()),
});
export type EventShape = z.infer<typeof EventShape>;

export async function eventsOfIncident(db: Db, scope: Scope, incidentId: number, limit: number): Promise<EventShape[]> {
  return rows(
    db,
    EventShape,
    `select e.id, e.at, e.received_at, e.kind, e.source, e.output, e.fields, e.outcome, e.mode, e.generation, e.identity_pending, e.tree, e.count, e.last_at, e.varied
       from event e join incident x on x.id = e.incident_id where ${inScope('x.cluster_id', 'x.namespace')} and e.incident_id = $2 order by e.at desc, e.id desc limit $3`,
    [placesIn(scope), incidentId, limit],
  );
}

/** In how many containers its stored events were. */
export async function containersOfIncident(db: Db, scope: Scope, incidentId: number): Promise<number> {
  const found = await firstRow(
    db,
    Counted,
    `select count(distinct e.container_id) as n from event e join incident x on x.id = e.incident_id where ${inScope('x.cluster_id', 'x.namespace')} and e.incident_id = $2`,
    [placesIn(scope), incidentId],
  );
  return found?.n ?? 0;
}

const ChainShape = z.object({ id: z.number(), tree: z.array(z.object({ path: z.string(), origin: z.enum(fileOrigins) })) });

/** For each incident the process tree of the event that its title is of: the first one, as far as events are still kept. */
export async function firstChains(db: Db, scope: Scope, incidentIds: readonly number[]): Promise<ReadonlyMap<number, z.infer<typeof ChainShape>['tree']>> {
  const found = await rows(
    db,
    ChainShape,
    `select x.id, e.tree from incident x cross join lateral (select tree from event where incident_id = x.id order by at, id limit 1) e
      where ${inScope('x.cluster_id', 'x.namespace')} and x.id = any($2::bigint[])`,
    [placesIn(scope), incidentIds],
  );
  return new Map(found.map(({ id, tree }) => [id, tree]));
}

const ChangeShape = z.object({ at: z.date(), actor: z.string(), change: z.string() });

export async function historyOf(db: Db, scope: Scope, object: string): Promise<z.infer<typeof ChangeShape>[]> {
  return rows(db, ChangeShape, `select a.at, a.actor, a.change from audit a where ${inScope('a.cluster_id', 'a.namespace')} and a.object = $2 order by a.id desc limit 200`, [placesIn(scope), object]);
}
