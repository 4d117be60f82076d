/** What the API answers about clusters: their parts and nodes, their workloads and pods. The conventions are those of views.ts. */
import { z } from 'zod';

const Time = z.iso.datetime({ precision: 3 }).describe('RFC 3339, UTC');
const Count = z.int().min(0);

export const WatchView = z.object({ kind: z.string(), synced: z.boolean(), problem: z.string().nullable(), syncedAt: Time.nullable(), objects: Count });
export type WatchView = z.infer<typeof WatchView>;

export const ClusterView = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['kubernetes', 'hosts']).describe('hosts: plain hosts that belong together; they have no cluster part'),
  uid: z.string().nullable().describe('Of the namespace kube-system'),
  version: z.string().nullable().describe('Of Kubernetes'),
  state: z.enum(['connected', 'silent', 'never']).describe('silent: its part, or all of its sensors, were not heard lately. never: nothing has reported yet'),
  partVersion: z.string().nullable(),
  heardAt: Time.nullable(),
  reportedAt: Time.nullable(),
  nodes: Count.nullable().describe('null: not known'),
  nodesWithoutSensor: Count,
  sensors: Count,
  sensorsConnected: Count,
  pods: Count.nullable().describe('null: not known'),
  namespaces: Count.nullable(),
  watches: z.array(WatchView),
  objectsDropped: Count.describe('Too large to be sent'),
  admission: z.object({ state: z.enum(['off', 'registered', 'not-registered']), reason: z.string().nullable(), answered: Count, failedOpen: Count }).nullable(),
  networkPolicy: z.object({ enforcement: z.enum(['enforced', 'not-enforced', 'unknown']), evidence: z.string().nullable() }).nullable(),
});
export type ClusterView = z.infer<typeof ClusterView>;

export const NamespaceView = z.object({ name: z.string(), pods: Count, podsPrivileged: Count, podSecurity: z.string().nullable().describe('What the namespace enforces of the Pod Security Standards; null: nothing'), since: Time });
export type NamespaceView = z.infer<typeof NamespaceView>;

export const ClusterDetailView = ClusterView.extend({ namespaceList: z.array(NamespaceView), nodesUnwatched: z.array(z.object({ name: z.string(), since: Time })) });
export type ClusterDetailView = z.infer<typeof ClusterDetailView>;

export const ExposureView = z.object({ state: z.enum(['yes', 'no', 'unknown']), by: z.array(z.string()).describe('What leads to it from outside of the cluster'), inside: z.array(z.string()).describe('Services that lead to it from within'), reason: z.string().nullable().describe('Why it is unknown') });
export type ExposureView = z.infer<typeof ExposureView>;

export const WorkloadView = z.object({
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string(),
  kind: z.string(),
  name: z.string(),
  replicas: Count.nullable().describe('As declared; null: it declares none, or is known by its pods only'),
  pods: Count,
  running: Count,
  nodes: Count,
  images: z.array(z.string()),
  digests: z.array(z.string()),
  serviceAccounts: z.array(z.string()),
  privileged: z.boolean().describe('Of a pod that there is'),
  hostAccess: z.array(z.enum(['network', 'pid', 'ipc', 'path'])),
  exposed: ExposureView,
});
export type WorkloadView = z.infer<typeof WorkloadView>;

export const PodContainerView = z.object({ name: z.string(), image: z.string(), digest: z.string().nullable(), containerId: z.string().nullable(), state: z.enum(['running', 'waiting', 'terminated', 'unknown']), reason: z.string().nullable(), privileged: z.boolean(), watched: z.boolean().describe('A sensor has seen it'), role: z.enum(['main', 'init', 'ephemeral']) });
export type PodContainerView = z.infer<typeof PodContainerView>;

export const PodView = z.object({
  cluster: z.string(),
  clusterName: z.string(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().nullable().describe('Its name in Kubernetes; null: not scheduled'),
  phase: z.string(),
  workloadKind: z.string(),
  workload: z.string(),
  serviceAccount: z.string().nullable(),
  ip: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  privileged: z.boolean(),
  hostAccess: z.array(z.enum(['network', 'pid', 'ipc', 'path'])),
  startedAt: Time.nullable(),
  containers: z.array(PodContainerView),
});
export type PodView = z.infer<typeof PodView>;
