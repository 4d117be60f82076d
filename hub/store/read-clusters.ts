/**
 * Clusters and what runs in them, as people see them: each cluster with its part and its nodes, workloads with their
 * pods, namespaces, and the nodes that Kubernetes knows and no sensor watches.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { ClusterReportShape } from './cluster-objects.ts';
import { firstRow, rows, type Db } from './database.ts';
import { placedPod } from './pods.ts';
import { awaySeconds, unwatchedNode } from './read-fleet.ts';
import { inScope, placesIn, touchesScope } from './scope.ts';

/** A cluster part reports every minute; after so long without a report it counts as silent. */
export const silentSeconds = 180;

const Cluster = z.object({
  id: z.string(),
  name: z.string(),
  uid: z.string().nullable(),
  kubernetes_version: z.string().nullable(),
  is_kubernetes: z.boolean(),
  part_id: z.string().nullable(),
  part_version: z.string().nullable(),
  part_joined_at: z.date().nullable(),
  heard_at: z.date().nullable(),
  report: ClusterReportShape.nullable(),
  reported_at: z.date().nullable(),
  is_silent: z.boolean(),
  nodes: z.number(),
  nodes_without_sensor: z.number(),
  sensors: z.number(),
  sensors_connected: z.number(),
  pods: z.number(),
  namespaces: z.number(),
  /** False: the reader may see some namespaces of it only. */
  is_whole: z.boolean(),
});
export type ClusterShape = z.infer<typeof Cluster>;

const livingSensor = `s.removed_at is null and s.kind = 'sensor'`;

/** A cluster of which nothing is left, and that nobody waits for, is not shown. */
const isThere = `(exists (select 1 from sensor s where s.cluster_id = c.id and s.removed_at is null) or exists (select 1 from cluster_report x where x.cluster_id = c.id)
  or exists (select 1 from join_token t where t.cluster_id = c.id and t.used_at is null and t.expires_at > $2))`;

function clusterQuery(where: string): string {
  return `select c.id, c.name, c.uid, c.kubernetes_version, part.id as part_id, part.version as part_version, part.joined_at as part_joined_at, part.last_seen_at as heard_at, r.report, r.reported_at,
      c.kind = 'kubernetes' as is_kubernetes,
      c.kind = 'kubernetes' and not coalesce(part.last_seen_at > $2::timestamptz - make_interval(secs => $3) and r.reported_at > $2::timestamptz - make_interval(secs => $4), false) as is_silent,
      greatest((select count(*) from cluster_object o where o.cluster_id = c.id and o.kind = 'Node' and ${inScope('o.cluster_id', 'o.namespace')}),
        (select count(*) from node n where n.cluster_id = c.id and ${inScope('n.cluster_id')} and exists (select 1 from sensor s where s.node_id = n.id and ${livingSensor}))) as nodes,
      (select count(*) from ${unwatchedNode} u where u.cluster_id = c.id and ${inScope('u.cluster_id')}) as nodes_without_sensor,
      (select count(*) from sensor s where s.cluster_id = c.id and ${inScope('s.cluster_id')} and ${livingSensor}) as sensors,
      (select count(*) from sensor s join sensor_report x on x.sensor_id = s.id where s.cluster_id = c.id and ${inScope('s.cluster_id')} and ${livingSensor} and x.last_seen_at > $2::timestamptz - make_interval(secs => $3)) as sensors_connected,
      (select count(*) from pod p where p.cluster_id = c.id and ${inScope('p.cluster_id', 'p.namespace')}) as pods,
      (select count(*) from cluster_object o where o.cluster_id = c.id and o.kind = 'Namespace' and ${inScope('o.cluster_id', 'o.name')}) as namespaces,
      ${inScope('c.id')} as is_whole
    from cluster c
    left join lateral (select s.id, s.version, s.joined_at, x.last_seen_at from sensor s join sensor_report x on x.sensor_id = s.id
       where s.cluster_id = c.id and s.kind = 'cluster' and s.removed_at is null order by x.last_seen_at desc nulls last limit 1) part on true
    left join cluster_report r on r.cluster_id = c.id
   where ${touchesScope('c.id')} and ${isThere} ${where}`;
}

/** All of them, since an installation has few; bounded, since the contract does not page. */
export async function listClusters(db: Db, scope: Scope, now: Date): Promise<ClusterShape[]> {
  return rows(db, Cluster, clusterQuery('order by c.name limit 1000'), [placesIn(scope), now, awaySeconds, silentSeconds]);
}

export async function clusterById(db: Db, scope: Scope, id: string, now: Date): Promise<ClusterShape | undefined> {
  return firstRow(db, Cluster, clusterQuery('and c.id::text = $5'), [placesIn(scope), now, awaySeconds, silentSeconds, id]);
}

const Namespace = z.object({ name: z.string(), labels: z.record(z.string(), z.string()), pods: z.number(), privileged: z.number(), since: z.date() });
export type NamespaceShape = z.infer<typeof Namespace>;

export async function namespacesOf(db: Db, scope: Scope, clusterId: string): Promise<NamespaceShape[]> {
  return rows(
    db,
    Namespace,
    `select o.name, coalesce(o.json -> 'metadata' -> 'labels', '{}') as labels, o.since, count(p.name) as pods, count(*) filter (where p.privileged) as privileged
       from cluster_object o left join pod p on p.cluster_id = o.cluster_id and p.namespace = o.name
      where ${inScope('o.cluster_id', 'o.name')} and o.cluster_id::text = $2 and o.kind = 'Namespace' group by o.name, o.json, o.since order by o.name limit 5000`,
    [placesIn(scope), clusterId],
  );
}

const UnwatchedNode = z.object({ cluster_id: z.string(), cluster_name: z.string(), name: z.string(), since: z.date() });
export type UnwatchedNode = z.infer<typeof UnwatchedNode>;

/** Nodes of Kubernetes that no sensor watches. */
export async function nodesWithoutSensor(db: Db, scope: Scope): Promise<UnwatchedNode[]> {
  return rows(db, UnwatchedNode, `select u.cluster_id, c.name as cluster_name, u.name, u.since from ${unwatchedNode} u join cluster c on c.id = u.cluster_id where ${inScope('u.cluster_id')} order by c.name, u.name limit 20000`, [placesIn(scope)]);
}

const Workload = z.object({
  cluster_id: z.string(),
  cluster_name: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  /** null: it is known by its pods only. */
  uid: z.string().nullable(),
  replicas: z.number().nullable(),
  template_labels: z.record(z.string(), z.string()).nullable(),
  pods: z.number(),
  running: z.number(),
  nodes: z.number(),
  privileged: z.boolean(),
  images: z.array(z.array(z.string())),
  digests: z.array(z.array(z.string())),
  host_access: z.array(z.array(z.string())),
  host_ports: z.array(z.array(z.number())),
  label_sets: z.array(z.record(z.string(), z.string())),
  service_accounts: z.array(z.string()),
});
export type WorkloadShape = z.infer<typeof Workload>;

export interface WorkloadFilter {
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly search?: string | undefined;
}

export interface WorkloadPage {
  readonly after: { readonly namespace: string; readonly name: string; readonly kind: string; readonly cluster: string } | undefined;
  readonly limit: number;
}

/** Every workload there is: those that have pods, and those that are declared and have none. */
const workloadKeys = `
  select p.cluster_id, p.namespace, p.workload_kind as kind, p.workload_name as name from ${placedPod} p where ${inScope('p.cluster_id', 'p.namespace')}
  union
  select o.cluster_id, o.namespace, o.kind, o.name from cluster_object o
   where ${inScope('o.cluster_id', 'o.namespace')} and (o.kind in ('Deployment', 'StatefulSet', 'DaemonSet', 'CronJob') or (o.kind in ('ReplicaSet', 'Job') and o.owner_kind = ''))`;

const keyFilter = `($2::text is null or k.cluster_id::text = $2) and ($3::text is null or k.namespace = $3) and ($4::text is null or k.kind = $4) and ($5::text is null or k.name = $5)
  and ($6::text is null or position(lower($6) in lower(k.namespace || '/' || k.name)) > 0)`;

function filterValues(scope: Scope, { cluster, namespace, kind, name, search }: WorkloadFilter): unknown[] {
  return [placesIn(scope), cluster ?? null, namespace ?? null, kind ?? null, name ?? null, search ?? null];
}

export async function listWorkloads(db: Db, scope: Scope, filter: WorkloadFilter, page: WorkloadPage): Promise<WorkloadShape[]> {
  const { after } = page;
  return rows(
    db,
    Workload,
    `with page as (
       select k.* from (${workloadKeys}) k
        where ${keyFilter} and ($7::text is null or (k.namespace, k.name, k.kind, k.cluster_id::text) > ($7, $8, $9, $10))
        order by k.namespace, k.name, k.kind, k.cluster_id::text limit $11),
     held as (
       select p.cluster_id, p.namespace, p.workload_kind, p.workload_name, count(*) as pods, count(*) filter (where p.phase = 'Running') as running, count(distinct nullif(p.node_name, '')) as nodes, bool_or(p.privileged) as privileged,
          jsonb_agg(distinct to_jsonb(p.images)) as images, jsonb_agg(distinct to_jsonb(p.digests)) as digests, jsonb_agg(distinct to_jsonb(p.host_access)) as host_access, jsonb_agg(distinct to_jsonb(p.host_ports)) as host_ports,
          jsonb_agg(distinct p.labels) as label_sets, array_agg(distinct p.service_account) as service_accounts
         from ${placedPod} p where ${inScope('p.cluster_id', 'p.namespace')} and (p.cluster_id, p.namespace) in (select cluster_id, namespace from page) group by 1, 2, 3, 4)
     select g.cluster_id, c.name as cluster_name, g.namespace, g.kind, g.name, o.uid,
        case when jsonb_typeof(o.json -> 'spec' -> 'replicas') = 'number' then (o.json -> 'spec' ->> 'replicas')::numeric else null end as replicas,
        case when jsonb_typeof(o.json -> 'spec' -> 'template' -> 'metadata' -> 'labels') = 'object' then o.json -> 'spec' -> 'template' -> 'metadata' -> 'labels' else null end as template_labels,
        coalesce(h.pods, 0) as pods, coalesce(h.running, 0) as running, coalesce(h.nodes, 0) as nodes, coalesce(h.privileged, false) as privileged,
        coalesce(h.images, '[]') as images, coalesce(h.digests, '[]') as digests, coalesce(h.host_access, '[]') as host_access, coalesce(h.host_ports, '[]') as host_ports, coalesce(h.label_sets, '[]') as label_sets, coalesce(h.service_accounts, '{}') as service_accounts
       from page g join cluster c on c.id = g.cluster_id
       left join held h on h.cluster_id = g.cluster_id and h.namespace = g.namespace and h.workload_kind = g.kind and h.workload_name = g.name
       left join cluster_object o on o.cluster_id = g.cluster_id and o.kind = g.kind and o.namespace = g.namespace and o.name = g.name
      order by g.namespace, g.name, g.kind, g.cluster_id::text`,
    [...filterValues(scope, filter), after?.namespace ?? null, after?.name ?? null, after?.kind ?? null, after?.cluster ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countWorkloads(db: Db, scope: Scope, filter: WorkloadFilter): Promise<number> {
  return (await firstRow(db, Counted, `select count(*) as n from (${workloadKeys}) k where ${keyFilter}`, filterValues(scope, filter)))?.n ?? 0;
}

/** What the exposure of a workload is judged from, besides the Services and Ingresses of its namespace. */
export interface ExposedWorkload {
  readonly namespace: string;
  /** Each set of labels that its pods carry. */
  readonly labelSets: readonly Readonly<Record<string, string>>[];
  readonly hostNetwork: boolean;
  readonly hostPorts: readonly number[];
}

/** A Service or Ingress as the cluster part sent it. */
export interface RoutingObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly json: unknown;
}
