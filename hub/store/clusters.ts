/** Which Kubernetes clusters there are, and the parts and nodes that joined through them. */
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import type { NodeRow } from './fleet.ts';

const ClusterRow = z.object({ id: z.string(), name: z.string(), kind: z.string(), uid: z.string().nullable() });
export type ClusterIdentityRow = z.infer<typeof ClusterRow>;
const identity = 'select id, name, kind, uid from cluster';

/** Locked until the transaction ends, so that two parts cannot both become the first of a cluster. */
export async function lockCluster(db: Transaction, id: string): Promise<ClusterIdentityRow | undefined> {
  return firstRow(db, ClusterRow, `${identity} where id = $1 for update`, [id]);
}

export async function lockClusterOfUid(db: Transaction, uid: string): Promise<ClusterIdentityRow | undefined> {
  return firstRow(db, ClusterRow, `${identity} where uid = $1 for update`, [uid]);
}

const Counted = z.object({ n: z.number() });

/** Plain hosts are there already: a cluster of Kubernetes cannot take their place. */
export async function hasNodes(db: Db, clusterId: string): Promise<boolean> {
  return ((await firstRow(db, Counted, 'select count(*) as n from (select 1 from node where cluster_id = $1 limit 1) found', [clusterId]))?.n ?? 0) > 0;
}

export async function identifyCluster(db: Transaction, clusterId: string, uid: string, kubernetesVersion: string): Promise<void> {
  await run(db, "update cluster set kind = 'kubernetes', uid = $2, kubernetes_version = $3 where id = $1", [clusterId, uid, kubernetesVersion]);
}

/** The token was made for a name that turned out to be one more of a known cluster; a name that nothing else uses goes. */
export async function moveJoinToken(db: Transaction, secretHash: Buffer, from: string, to: string): Promise<void> {
  await run(db, 'update join_token set cluster_id = $2 where secret_hash = $1', [secretHash, to]);
  await run(
    db,
    `delete from cluster c where c.id = $1 and c.uid is null and not exists (select 1 from join_token t where t.cluster_id = c.id)
        and not exists (select 1 from sensor s where s.cluster_id = c.id) and not exists (select 1 from node n where n.cluster_id = c.id)`,
    [from],
  );
}

export async function addClusterPart(db: Db, part: { id: string; clusterId: string; version: string }, now: Date): Promise<void> {
  await run(db, "insert into sensor (id, cluster_id, node_id, kind, version, joined_at) values ($1, $2, null, 'cluster', $3, $4)", [part.id, part.clusterId, part.version, now]);
  await run(db, 'insert into sensor_report (sensor_id, cluster_id) values ($1, $2)', [part.id, part.clusterId]);
}

const Id = z.object({ id: z.string() });

/** A cluster has one part: the one that joined last. Answers which were there before. */
export async function retireClusterParts(db: Transaction, clusterId: string, exceptId: string, now: Date): Promise<string[]> {
  const gone = await rows(db, Id, "update sensor set removed_at = $3, link_state = null where cluster_id = $1 and kind = 'cluster' and id <> $2 and removed_at is null returning id", [clusterId, exceptId, now]);
  return gone.map((one) => one.id);
}

/** The row of this Kubernetes node, made when there is none; its former sensors are retired. */
export async function nodeOfKubernetes(db: Transaction, node: NodeRow, kubernetes: { name: string; uid: string }, now: Date): Promise<{ nodeId: string; retired: string[] }> {
  await run(
    db,
    `insert into node (id, cluster_id, hostname, kernel, architecture, distribution, boot_id, machine_id, cgroup_mode, joined_at, kubernetes_name, kubernetes_uid)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (cluster_id, kubernetes_uid) do update set kubernetes_name = excluded.kubernetes_name`,
    [node.id, node.clusterId, node.hostname, node.kernel, node.architecture, node.distribution, node.bootId, node.machineId, node.cgroupMode, now, kubernetes.name, kubernetes.uid],
  );
  const nodeId = (await rows(db, Id, 'select id from node where cluster_id = $1 and kubernetes_uid = $2 for update', [node.clusterId, kubernetes.uid]))[0]!.id;
  const retired = await rows(db, Id, 'update sensor set removed_at = $2, link_state = null where node_id = $1 and removed_at is null returning id', [nodeId, now]);
  return { nodeId, retired: retired.map((one) => one.id) };
}

const Part = z.object({ cluster_id: z.string() });

/** The cluster of a living cluster part. */
export async function clusterOfPart(db: Db, partId: string): Promise<string | undefined> {
  return (await firstRow(db, Part, "select cluster_id from sensor where id = $1 and kind = 'cluster' and removed_at is null", [partId]))?.cluster_id;
}

/** Whether it is a sensor of a node of this cluster; also when it was removed, which its own calls then say. */
export async function isSensorOf(db: Db, clusterId: string, sensorId: string): Promise<boolean> {
  return (await firstRow(db, Id, "select id from sensor where id = $2 and cluster_id = $1 and kind = 'sensor'", [clusterId, sensorId])) !== undefined;
}
