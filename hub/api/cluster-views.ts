/** Clusters, workloads and pods of the store as the contract shows them. Pure; what is not known is null. */
import type { ClusterView, ExposureView, NamespaceView, PodView, WorkloadView } from '@vedette/model/api/cluster-views';
import type { PodShape } from '../store/pods.ts';
import type { ClusterShape, NamespaceShape, WorkloadShape } from '../store/read-clusters.ts';

function timeOrNull(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}

export function clusterState(row: ClusterShape): ClusterView['state'] {
  if (row.is_kubernetes) return row.reported_at === null ? 'never' : row.is_silent ? 'silent' : 'connected';
  return row.sensors === 0 ? 'never' : row.sensors_connected === 0 ? 'silent' : 'connected';
}

export function clusterView(row: ClusterShape): ClusterView {
  const { report } = row;
  const watched = (kind: string): boolean => report?.watches.some((watch) => watch.kind === kind && watch.syncedAt !== null) ?? false;
  return {
    id: row.id,
    name: row.name,
    kind: row.is_kubernetes ? 'kubernetes' : 'hosts',
    uid: row.uid,
    version: report?.kubernetesVersion ?? row.kubernetes_version,
    state: clusterState(row),
    partVersion: row.part_version,
    heardAt: timeOrNull(row.heard_at),
    reportedAt: timeOrNull(row.reported_at),
    nodes: !row.is_whole || (row.is_kubernetes && !watched('Node') && row.nodes === 0) ? null : row.nodes,
    nodesWithoutSensor: row.nodes_without_sensor,
    sensors: row.sensors,
    sensorsConnected: row.sensors_connected,
    pods: watched('Pod') ? row.pods : null,
    namespaces: watched('Namespace') ? row.namespaces : null,
    // Counts of the whole cluster, and names of its kinds: not for those who see a part of it.
    watches: row.is_whole ? (report?.watches ?? []).map((watch) => ({ ...watch })) : [],
    objectsDropped: row.is_whole ? (report?.objectsDropped ?? 0) : 0,
    admission: row.is_whole ? (report?.admission ?? null) : null,
    networkPolicy: report?.networkPolicy ?? null,
  };
}

const podSecurityLabel = 'pod-security.kubernetes.io/enforce';

export function namespaceView(row: NamespaceShape): NamespaceView {
  return { name: row.name, pods: row.pods, podsPrivileged: row.privileged, podSecurity: row.labels[podSecurityLabel] ?? null, since: row.since.toISOString() };
}

function distinct<T>(lists: readonly (readonly T[])[]): T[] {
  return [...new Set(lists.flat())];
}

export function workloadView(row: WorkloadShape, exposed: ExposureView): WorkloadView {
  return {
    cluster: row.cluster_id,
    clusterName: row.cluster_name,
    namespace: row.namespace,
    kind: row.kind,
    name: row.name,
    replicas: row.replicas,
    pods: row.pods,
    running: row.running,
    nodes: row.nodes,
    images: distinct(row.images),
    digests: distinct(row.digests),
    serviceAccounts: row.service_accounts.filter((one) => one !== ''),
    privileged: row.privileged,
    hostAccess: distinct(row.host_access) as WorkloadView['hostAccess'],
    exposed,
  };
}

export function podView(row: PodShape): PodView {
  return {
    cluster: row.cluster_id,
    clusterName: row.cluster_name,
    namespace: row.namespace,
    name: row.name,
    uid: row.uid,
    node: row.node_name === '' ? null : row.node_name,
    phase: row.phase,
    workloadKind: row.workload_kind,
    workload: row.workload_name,
    serviceAccount: row.service_account === '' ? null : row.service_account,
    ip: row.ip === '' ? null : row.ip,
    labels: row.labels,
    privileged: row.privileged,
    hostAccess: row.host_access as PodView['hostAccess'],
    startedAt: timeOrNull(row.started_at),
    containers: row.containers.map((one) => ({ ...one, watched: one.containerId !== null && row.watched.includes(one.containerId) })),
  };
}
