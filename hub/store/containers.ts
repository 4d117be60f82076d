/**
 * Containers and the runs they make up. A run is workload × image × time: it opens with its first container and
 * closes with its last. What belongs to loading is in loading.ts, what belongs to package lists in inventories.ts.
 */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

const Id = z.object({ id: z.number() });

export interface WorkloadKey {
  readonly clusterId: string;
  /** Null for a pod: its workload is the cluster's. */
  readonly nodeId: string | null;
  readonly namespace: string;
  /** Empty: nobody has said. */
  readonly kind: string;
  readonly name: string;
}

export async function workloadOf(db: Transaction, key: WorkloadKey): Promise<number> {
  const values = [key.clusterId, key.nodeId, key.namespace, key.kind, key.name];
  const known = 'select id from workload where cluster_id = $1 and node_id is not distinct from $2 and namespace = $3 and kind = $4 and name = $5';
  const found = await firstRow(db, Id, known, values);
  if (found !== undefined) return found.id;
  await run(db, 'insert into workload (cluster_id, node_id, namespace, kind, name) values ($1, $2, $3, $4, $5) on conflict do nothing', values);
  return (await rows(db, Id, known, values))[0]!.id;
}

/**
 * What a batch says of containers concerns rows that other nodes of the cluster speak of too: workloads, runs, lists of images. Such batches of a cluster
 * are applied one after the other, so that none takes these rows in another order; images, which all clusters share, are made here in one order.
 */
export async function beginContainers(db: Transaction, clusterId: string, digests: Iterable<string>): Promise<void> {
  await run(db, 'select pg_advisory_xact_lock(7420005, hashtext($1))', [clusterId]);
  const wanted = [...new Set(digests)];
  if (wanted.length > 0) await run(db, 'insert into image (digest) select d from unnest($1::text[]) d where not exists (select 1 from image i where i.digest = d) order by d on conflict do nothing', [wanted]);
}

export async function imageOf(db: Transaction, digest: string): Promise<number> {
  const known = await firstRow(db, Id, 'select id from image where digest = $1', [digest]);
  if (known !== undefined) return known.id;
  await run(db, 'insert into image (digest) values ($1) on conflict do nothing', [digest]);
  return (await rows(db, Id, 'select id from image where digest = $1', [digest]))[0]!.id;
}

const Held = z.object({
  id: z.number(),
  workload_id: z.number().nullable(),
  image_id: z.number().nullable(),
  inventory_id: z.number().nullable(),
  inventory_own: z.boolean(),
  ended: z.boolean(),
  started_at: z.date(),
});
export type HeldContainer = z.infer<typeof Held>;

/** The container as held now, locked: one report about it is applied at a time. */
export async function lockContainer(db: Transaction, nodeId: string, containerId: string): Promise<HeldContainer | undefined> {
  return firstRow(
    db,
    Held,
    'select id, workload_id, image_id, inventory_id, inventory_own, ended_at is not null as ended, started_at from container where node_id = $1 and container_id = $2 for update',
    [nodeId, containerId],
  );
}

/** Those of them that are held, in one order. */
export async function lockContainers(db: Transaction, nodeId: string, containerIds: readonly string[]): Promise<void> {
  await run(db, 'select id from container where node_id = $1 and container_id = any($2) order by id for update', [nodeId, containerIds]);
}

export interface ContainerFacts {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly containerId: string;
  readonly workloadId: number | null;
  readonly imageId: number | null;
  readonly bootId: string;
  readonly runtime: string;
  readonly identity: string;
  readonly identityReason: string | null;
  readonly name: string;
  readonly imageName: string | null;
  readonly indexDigest: string | null;
  readonly platformDigest: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly unknown[];
  readonly cgroupPath: string | null;
  readonly rootFilesystem: string | null;
  readonly podName: string | null;
  readonly podNamespace: string | null;
  readonly podUid: string | null;
  readonly privileged: boolean;
  readonly podSandbox: boolean;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly seenFromStart: boolean;
}

export async function putContainer(db: Transaction, facts: ContainerFacts): Promise<number> {
  const found = await firstRow(
    db,
    Id,
    `insert into container (cluster_id, node_id, container_id, workload_id, image_id, boot_id, runtime, identity, identity_reason, name, image_name, index_digest, platform_digest,
       labels, mounts, cgroup_path, root_filesystem, pod_name, pod_namespace, pod_uid, privileged, pod_sandbox, started_at, ended_at, seen_from_start)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
     on conflict (node_id, container_id) do update set workload_id = excluded.workload_id, image_id = excluded.image_id, boot_id = excluded.boot_id, runtime = excluded.runtime,
       identity = excluded.identity, identity_reason = excluded.identity_reason, name = excluded.name, image_name = excluded.image_name, index_digest = excluded.index_digest,
       platform_digest = excluded.platform_digest, labels = excluded.labels, mounts = excluded.mounts, cgroup_path = excluded.cgroup_path,
       root_filesystem = excluded.root_filesystem, pod_name = excluded.pod_name, pod_namespace = excluded.pod_namespace, pod_uid = excluded.pod_uid,
       privileged = excluded.privileged, pod_sandbox = excluded.pod_sandbox, started_at = excluded.started_at, ended_at = excluded.ended_at, seen_from_start = excluded.seen_from_start
     returning id`,
    [
      facts.clusterId, facts.nodeId, facts.containerId, facts.workloadId, facts.imageId, facts.bootId, facts.runtime, facts.identity, facts.identityReason, facts.name,
      facts.imageName, facts.indexDigest, facts.platformDigest, JSON.stringify(facts.labels), JSON.stringify(facts.mounts), facts.cgroupPath, facts.rootFilesystem,
      facts.podName, facts.podNamespace, facts.podUid, facts.privileged, facts.podSandbox, facts.startedAt, facts.endedAt, facts.seenFromStart,
    ],
  );
  // What was found before the container was known is now found in its namespace.
  await run(db, 'update incident set namespace = $3 where node_id = $1 and container_id = $2 and namespace is null and $3 <> \'\'', [facts.nodeId, facts.containerId, facts.podNamespace ?? '']);
  return found!.id;
}

const Living = z.object({ living: z.number() });

export async function containersLiving(db: Db, nodeId: string): Promise<number> {
  return (await firstRow(db, Living, 'select count(*) as living from container where node_id = $1 and ended_at is null', [nodeId]))?.living ?? 0;
}

export async function endContainer(db: Transaction, containerPk: number, at: Date): Promise<void> {
  await run(db, 'update container set ended_at = greatest(started_at, $2) where id = $1 and ended_at is null', [containerPk, at]);
}

const Ended = z.object({ workload_id: z.number().nullable(), image_id: z.number().nullable() });

/** A new boot: what ran in the earlier one has ended; what starts again is reported again. */
export async function endContainersOfOtherBoots(db: Transaction, nodeId: string, bootId: string, at: Date): Promise<{ workload_id: number | null; image_id: number | null }[]> {
  return rows(db, Ended, 'update container set ended_at = $3 where node_id = $1 and boot_id <> $2 and ended_at is null returning workload_id, image_id', [nodeId, bootId, at]);
}

const Other = z.object({ others: z.number() });

/** Nobody reports about this node any more: what ran there is not known to run. Nothing happens while another sensor is there. */
export async function retireNode(db: Transaction, nodeId: string, at: Date): Promise<void> {
  const left = await firstRow(db, Other, 'select count(*) as others from sensor where node_id = $1 and removed_at is null', [nodeId]);
  if ((left?.others ?? 0) > 0) return;
  await run(db, 'select pg_advisory_xact_lock(7420005, hashtext(cluster_id::text)) from node where id = $1', [nodeId]);
  await run(db, 'delete from process_live where node_id = $1', [nodeId]);
  for (const { workload_id: workloadId, image_id: imageId } of await endContainersOfOtherBoots(db, nodeId, '', at)) {
    if (workloadId === null) continue;
    await closeRunIfEmpty(db, workloadId, imageId, at);
    await queueAssessment(db, 'workload', [workloadId]);
  }
}

/** Opens the run of a living container, or says that it is still there. */
export async function openRun(db: Transaction, place: { clusterId: string; workloadId: number; imageId: number | null; inventoryId: number | null }, since: Date, now: Date): Promise<void> {
  await run(
    db,
    `insert into run (cluster_id, workload_id, image_id, inventory_id, since, first_seen, last_seen, open) values ($1, $2, $3, $4, $5, $5, $6, true)
     on conflict (workload_id, coalesce(image_id, 0)) where open do update
       set last_seen = greatest(run.last_seen, excluded.last_seen), inventory_id = coalesce(run.inventory_id, excluded.inventory_id)
     where run.last_seen < excluded.last_seen - interval '1 hour' or run.inventory_id is null`,
    [place.clusterId, place.workloadId, place.imageId, place.inventoryId, since < now ? since : now, now],
  );
}

/** Closes the run when none of its containers lives. */
export async function closeRunIfEmpty(db: Transaction, workloadId: number, imageId: number | null, at: Date): Promise<void> {
  await run(
    db,
    `update run set open = false, last_seen = greatest(last_seen, $3) where workload_id = $1 and image_id is not distinct from $2 and open
        and not exists (select 1 from container c where c.workload_id = $1 and c.image_id is not distinct from $2 and c.ended_at is null)`,
    [workloadId, imageId, at],
  );
}

const PodNamespace = z.object({ container_id: z.string(), namespace: z.string() });

/** Of those among the containers of a node that are of pods. */
export async function namespacesOfContainers(db: Db, nodeId: string, containerIds: readonly string[]): Promise<{ container_id: string; namespace: string }[]> {
  return rows(db, PodNamespace, "select container_id, pod_namespace as namespace from container where node_id = $1 and container_id = any($2) and pod_namespace <> ''", [nodeId, containerIds]);
}

export type QueueKind = 'inventory' | 'workload' | 'observation';

/** What assess must look at again; part of the transaction that changed it, which never waits here: a key may stand there several times. */
export async function queueAssessment(db: Db, kind: QueueKind, keys: readonly number[]): Promise<void> {
  if (keys.length === 0) return;
  const sorted = [...new Set(keys)].sort((a, b) => a - b);
  await run(db, 'insert into assess_queue (kind, key) select $1, unnest($2::bigint[])', [kind, sorted]);
}

const Unowned = z.object({ unowned: z.boolean() });

/** A pod of which nobody has said yet to which workload it belongs. */
export async function podWithoutOwner(db: Transaction, containerPk: number): Promise<boolean> {
  return (await firstRow(db, Unowned, "select c.pod_name is not null and w.kind = '' as unowned from container c join workload w on w.id = c.workload_id where c.id = $1", [containerPk]))?.unowned ?? false;
}
