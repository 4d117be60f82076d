/**
 * Pods as columns, derived from the object when it is written, and who they belong to: the topmost owner that is known
 * (a ReplicaSet's Deployment, a Job's CronJob), asked when read, since owners may become known after their pods.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { rows, run, type Db, type Transaction } from './database.ts';
import { placesIn, inScope } from './scope.ts';

export const PodContainer = z.object({
  name: z.string(),
  image: z.string(),
  /** As the runtime reports it; null: not started, or not told. */
  digest: z.string().nullable(),
  containerId: z.string().nullable(),
  state: z.enum(['running', 'waiting', 'terminated', 'unknown']),
  reason: z.string().nullable(),
  privileged: z.boolean(),
  role: z.enum(['main', 'init', 'ephemeral']),
});
export type PodContainer = z.infer<typeof PodContainer>;

export interface PodRow {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string;
  readonly phase: string;
  readonly ownerKind: string;
  readonly ownerName: string;
  readonly serviceAccount: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly PodContainer[];
  readonly images: readonly string[];
  readonly digests: readonly string[];
  readonly containerIds: readonly string[];
  readonly privileged: boolean;
  readonly hostAccess: readonly string[];
  readonly hostPorts: readonly number[];
  readonly startedAt: Date | null;
}

export async function putPod(db: Transaction, clusterId: string, pod: PodRow): Promise<void> {
  await run(
    db,
    `insert into pod (cluster_id, namespace, name, uid, node_name, phase, owner_kind, owner_name, service_account, ip, labels, containers, images, digests, container_ids, privileged, host_access, host_ports, started_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
     on conflict (cluster_id, namespace, name) do update set uid = excluded.uid, node_name = excluded.node_name, phase = excluded.phase, owner_kind = excluded.owner_kind, owner_name = excluded.owner_name,
       service_account = excluded.service_account, ip = excluded.ip, labels = excluded.labels, containers = excluded.containers, images = excluded.images, digests = excluded.digests,
       container_ids = excluded.container_ids, privileged = excluded.privileged, host_access = excluded.host_access, host_ports = excluded.host_ports, started_at = excluded.started_at`,
    [
      clusterId, pod.namespace, pod.name, pod.uid, pod.nodeName, pod.phase, pod.ownerKind, pod.ownerName, pod.serviceAccount, pod.ip, JSON.stringify(pod.labels), JSON.stringify(pod.containers),
      pod.images, pod.digests, pod.containerIds, pod.privileged, pod.hostAccess, pod.hostPorts, pod.startedAt,
    ],
  );
}

export async function removePods(db: Transaction, clusterId: string, keys: readonly { readonly namespace: string; readonly name: string }[]): Promise<void> {
  await run(db, 'delete from pod p using unnest($2::text[], $3::text[]) as k(namespace, name) where p.cluster_id = $1 and p.namespace = k.namespace and p.name = k.name', [clusterId, keys.map((one) => one.namespace), keys.map((one) => one.name)]);
}

/** A pod of each row of cluster_object there is: the others went with theirs. */
export async function dropPodsWithoutObject(db: Transaction, clusterId: string): Promise<void> {
  await run(
    db,
    `delete from pod p where p.cluster_id = $1
        and not exists (select 1 from cluster_object o where o.cluster_id = p.cluster_id and o.kind = 'Pod' and o.namespace = p.namespace and o.name = p.name and o.uid = p.uid)`,
    [clusterId],
  );
}

/** A pod and its topmost known owner; a pod that nobody controls is its own workload. To be used as a table. */
export const placedPod = `(
  select p.*, coalesce(nullif(o.owner_kind, ''), nullif(p.owner_kind, ''), 'Pod') as workload_kind, coalesce(nullif(o.owner_name, ''), nullif(p.owner_name, ''), p.name) as workload_name
    from pod p left join cluster_object o
      on o.cluster_id = p.cluster_id and o.kind = p.owner_kind and o.namespace = p.namespace and o.name = p.owner_name and p.owner_kind in ('ReplicaSet', 'Job'))`;

const PodShape = z.object({
  cluster_id: z.string(),
  cluster_name: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node_name: z.string(),
  phase: z.string(),
  workload_kind: z.string(),
  workload_name: z.string(),
  service_account: z.string(),
  ip: z.string(),
  labels: z.record(z.string(), z.string()),
  containers: z.array(PodContainer),
  privileged: z.boolean(),
  host_access: z.array(z.string()),
  started_at: z.date().nullable(),
  /** Containers that a sensor of the cluster has reported. */
  watched: z.array(z.string()),
});
export type PodShape = z.infer<typeof PodShape>;

export interface PodFilter {
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly workloadKind?: string | undefined;
  readonly workload?: string | undefined;
  readonly node?: string | undefined;
  readonly uid?: string | undefined;
  /** Pods with a container of this digest, index or platform. */
  readonly digest?: string | undefined;
  readonly containerId?: string | undefined;
  readonly search?: string | undefined;
}

export interface PodPage {
  readonly after: { readonly namespace: string; readonly name: string; readonly cluster: string } | undefined;
  readonly limit: number;
}

const columns = `p.cluster_id, c.name as cluster_name, p.namespace, p.name, p.uid, p.node_name, p.phase, p.workload_kind, p.workload_name, p.service_account, p.ip, p.labels, p.containers, p.privileged, p.host_access, p.started_at,
  array(select k.container_id from container k where k.cluster_id = p.cluster_id and k.container_id = any(p.container_ids)) as watched`;
const filtered = `${inScope('p.cluster_id', 'p.namespace')}
  and ($2::text is null or p.cluster_id::text = $2) and ($3::text is null or p.namespace = $3) and ($4::text is null or p.workload_kind = $4) and ($5::text is null or p.workload_name = $5)
  and ($6::text is null or p.node_name = $6) and ($7::text is null or p.uid = $7) and ($8::text is null or p.digests @> array[$8]) and ($9::text is null or p.container_ids @> array[$9])
  and ($10::text is null or position(lower($10) in lower(p.name || ' ' || array_to_string(p.images, ' '))) > 0)`;

function values(scope: Scope, filter: PodFilter): unknown[] {
  const { cluster = null, namespace = null, workloadKind = null, workload = null, node = null, uid = null, digest = null, containerId = null, search = null } = filter;
  return [placesIn(scope), cluster, namespace, workloadKind, workload, node, uid, digest, containerId, search];
}

export async function listPods(db: Db, scope: Scope, filter: PodFilter, page: PodPage): Promise<PodShape[]> {
  return rows(
    db,
    PodShape,
    `select ${columns} from ${placedPod} p join cluster c on c.id = p.cluster_id
      where ${filtered} and ($11::text is null or (p.namespace, p.name, p.cluster_id::text) > ($11, $12, $13))
      order by p.namespace, p.name, p.cluster_id::text limit $14`,
    [...values(scope, filter), page.after?.namespace ?? null, page.after?.name ?? null, page.after?.cluster ?? null, page.limit],
  );
}

const Counted = z.object({ n: z.number() });

export async function countPods(db: Db, scope: Scope, filter: PodFilter): Promise<number> {
  const [found] = await rows(db, Counted, `select count(*) as n from ${placedPod} p where ${filtered}`, values(scope, filter));
  return found?.n ?? 0;
}
