/** Incidents and their events as people see them. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { clustersIn, inScope } from './scope.ts';

const IncidentShape = z.object({
  id: z.number(),
  title: z.string(),
  kind: z.string(),
  severity: z.string(),
  severity_rank: z.number(),
  state: z.string(),
  assignee: z.string().nullable(),
  source: z.string(),
  attack: z.array(z.string()),
  cluster_name: z.string(),
  cluster_id: z.string(),
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

const selection = `select x.id, x.title, x.kind, x.severity, x.severity_rank, x.state, x.assignee, x.source, x.attack, c.name as cluster_name, x.cluster_id, x.node_id, n.hostname,
    w.namespace, w.name as workload, x.container_id, nullif(k.name, '') as container_name, k.image_name, k.platform_digest, x.first_seen, x.last_seen, x.count, x.summary, x.outcome, x.next_action
  from incident x join cluster c on c.id = x.cluster_id join node n on n.id = x.node_id
  left join container k on k.node_id = x.node_id and k.container_id = x.container_id left join workload w on w.id = k.workload_id`;

export interface IncidentFilter {
  readonly state: 'open' | 'acknowledged' | 'closed' | 'all';
  readonly severity: string | undefined;
  readonly kind: string | undefined;
  readonly container: string | undefined;
  readonly search: string | undefined;
}

const filtered = `($2 = 'all' or x.state = $2) and ($3::text is null or x.severity = $3) and ($4::text is null or x.kind = $4)
  and ($5::text is null or x.container_id = $5) and ($6::tsquery is null or x.search @@ $6::tsquery)`;

/** All words, the last one as a beginning: what is being typed is found already. */
function searchQuery(search: string | undefined): string | null {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter((word) => word !== '').slice(0, 10);
  if (words.length === 0) return null;
  return words.map((word, index) => `'${word.replaceAll('\0', '').replaceAll('\\', '\\\\').replaceAll("'", "''")}'${index === words.length - 1 ? ':*' : ''}`).join(' & ');
}

function filterValues(scope: Scope, filter: IncidentFilter): unknown[] {
  return [clustersIn(scope), filter.state, filter.severity ?? null, filter.kind ?? null, filter.container ?? null, searchQuery(filter.search)];
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
    `${selection} where ${inScope('x.cluster_id')} and ${filtered}
        and ($7::int is null or (x.severity_rank >= $7 and (x.severity_rank > $7 or (x.last_seen <= $8 and (x.last_seen < $8 or x.id < $9)))))
      order by x.severity_rank, x.last_seen desc, x.id desc limit $10`,
    [...filterValues(scope, filter), after?.rank ?? null, after?.lastSeen ?? null, after?.id ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countIncidents(db: Db, scope: Scope, filter: IncidentFilter): Promise<number> {
  const found = await firstRow(db, Counted, `select count(*) as n from incident x where ${inScope('x.cluster_id')} and ${filtered}`, filterValues(scope, filter));
  return found?.n ?? 0;
}

export async function incidentById(db: Db, scope: Scope, id: number): Promise<IncidentShape | undefined> {
  return firstRow(db, IncidentShape, `${selection} where ${inScope('x.cluster_id')} and x.id = $2`, [clustersIn(scope), id]);
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
});
export type EventShape = z.infer<typeof EventShape>;

export async function eventsOfIncident(db: Db, scope: Scope, incidentId: number, limit: number): Promise<EventShape[]> {
  return rows(
    db,
    EventShape,
    `select id, at, received_at, kind, source, output, fields, outcome, mode, generation, identity_pending, tree from event
      where ${inScope('cluster_id')} and incident_id = $2 order by at desc, id desc limit $3`,
    [clustersIn(scope), incidentId, limit],
  );
}

const ChangeShape = z.object({ at: z.date(), actor: z.string(), change: z.string() });

export async function historyOf(db: Db, scope: Scope, object: string): Promise<z.infer<typeof ChangeShape>[]> {
  return rows(db, ChangeShape, `select at, actor, change from audit where ${inScope('cluster_id')} and object = $2 order by id desc limit 200`, [clustersIn(scope), object]);
}
