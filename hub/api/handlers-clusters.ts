/** Clusters, their workloads and their pods, and removing a cluster. Every read and write carries the caller's scope. */
import type { Scope } from '@vedette/model/access';
import type { ExposureView } from '@vedette/model/api/cluster-views';
import { Problem } from '@vedette/model/problem';
import { z } from 'zod';
import { addAudit } from '../store/access.ts';
import { clusterObjects, removeCluster } from '../store/cluster-objects.ts';
import { retireNode } from '../store/containers.ts';
import { countPods, listPods } from '../store/pods.ts';
import { clusterById, countWorkloads, listClusters, listWorkloads, namespacesOf, nodesWithoutSensor, type ClusterShape, type WorkloadShape } from '../store/read-clusters.ts';
import { clusterView, namespaceView, podView, workloadView } from './cluster-views.ts';
import { cursorText, decodeCursor, pageOf } from './cursor.ts';
import type { Doors, Handlers } from './doors.ts';

const WorkloadCursor = z.tuple([cursorText, cursorText, cursorText, cursorText]);
const PodCursor = z.tuple([cursorText, cursorText, cursorText]);

export function clusterHandlers(doors: Doors): Handlers<'listClusters' | 'getCluster' | 'removeCluster' | 'listWorkloads' | 'listPods'> {
  const { database, now } = doors;
  return {
    async listClusters({ caller }) {
      return { items: (await listClusters(database, caller.scope, now())).map(clusterView) };
    },
    async getCluster({ caller, params }) {
      const row = await clusterById(database, caller.scope, params.id, now());
      if (row === undefined) throw new Problem('not-found');
      const [namespaces, unwatched] = await Promise.all([namespacesOf(database, caller.scope, row.id), nodesWithoutSensor(database, caller.scope)]);
      const nodesUnwatched = unwatched.filter((one) => one.cluster_id === row.id).map((one) => ({ name: one.name, since: one.since.toISOString() }));
      return { ...clusterView(row), namespaceList: namespaces.map(namespaceView), nodesUnwatched };
    },
    async removeCluster({ caller, params }) {
      const senders = await database.transaction(async (db) => {
        const removed = await removeCluster(db, caller.scope, params.id, now());
        if (removed === undefined) throw new Problem('not-found');
        for (const { nodeId } of removed.senders) if (nodeId !== null) await retireNode(db, nodeId, now());
        await addAudit(db, { actor: caller.name, action: 'cluster.remove', object: `cluster:${removed.name}`, change: `removed from the fleet with ${removed.senders.length} senders`, clusterId: params.id }, now());
        return removed.senders;
      });
      for (const { id } of senders) doors.fleet.sensorRemoved(id);
      doors.changed(['clusters', 'sensors', 'containers', 'processes'], params.id);
      return null;
    },
    async listWorkloads({ caller, query }) {
      const after = decodeCursor(query.cursor, WorkloadCursor);
      const filter = { cluster: query.cluster, namespace: query.namespace, kind: query.kind, name: query.name, search: query.search };
      const page = { after: after && { namespace: after[0], name: after[1], kind: after[2], cluster: after[3] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listWorkloads(database, caller.scope, filter, page), countWorkloads(database, caller.scope, filter)]);
      const exposures = await exposuresOf(doors, caller.scope, rows);
      return pageOf(rows, query.limit, (row) => workloadView(row, exposures(row)), (row) => [row.namespace, row.name, row.kind, row.cluster_id], total);
    },
    async listPods({ caller, query }) {
      const after = decodeCursor(query.cursor, PodCursor);
      const filter = { cluster: query.cluster, namespace: query.namespace, workloadKind: query.workloadKind, workload: query.workload, node: query.node, uid: query.uid, digest: query.digest, containerId: query.container, search: query.search };
      const page = { after: after && { namespace: after[0], name: after[1], cluster: after[2] }, limit: query.limit + 1 };
      const [rows, total] = await Promise.all([listPods(database, caller.scope, filter, page), countPods(database, caller.scope, filter)]);
      return pageOf(rows, query.limit, podView, (row) => [row.namespace, row.name, row.cluster_id], total);
    },
  };
}

/** Why Services or Ingresses of a cluster are not known. */
function unseenOf(cluster: ClusterShape | undefined): string | null {
  for (const kind of ['Service', 'Ingress']) {
    const watch = cluster?.report?.watches.find((one) => one.kind === kind);
    if (watch === undefined || watch.syncedAt === null) return `No ${kind} of this cluster is known${watch?.problem === null || watch === undefined ? '' : `: ${watch.problem}`}.`;
  }
  return null;
}

/** How each workload of a page can be reached: the Services and Ingresses of its namespaces, read once. */
async function exposuresOf(doors: Doors, scope: Scope, page: readonly WorkloadShape[]): Promise<(row: WorkloadShape) => ExposureView> {
  const { database, now, assess } = doors;
  const namespaces = [...new Set(page.map((row) => row.namespace))];
  const [routing, clusters] = page.length === 0 ? [[], []] : await Promise.all([clusterObjects(database, scope, { kinds: ['Service', 'Ingress'], namespaces }), listClusters(database, scope, now())]);
  const unseen = new Map(clusters.map((cluster) => [cluster.id, unseenOf(cluster)]));
  return (row) => {
    const workload = { namespace: row.namespace, labelSets: [...(row.template_labels === null ? [] : [row.template_labels]), ...row.label_sets], hostNetwork: row.host_access.some((one) => one.includes('network')), hostPorts: [...new Set(row.host_ports.flat())] };
    return assess.serviceExposure(workload, routing.filter((one) => one.cluster_id === row.cluster_id), unseen.get(row.cluster_id) ?? null);
  };
}
