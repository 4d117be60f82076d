/** A cluster as its cluster part would have told it, for tests: one workload that does everything wrong, one that does all right, and what stands around them. */
import { randomUUID } from 'node:crypto';
import { clusterNamed } from './store/fleet.ts';
import type { Database } from './store/database.ts';

type Json = Readonly<Record<string, unknown>>;

export interface SampleObject {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly json?: Json;
}

const metadata = (namespace: string, name: string): Json => ({ namespace, name });

export const badWorkload: SampleObject = {
  kind: 'Deployment', namespace: 'shop', name: 'backdoor',
  json: {
    metadata: metadata('shop', 'backdoor'),
    spec: {
      replicas: 2,
      template: {
        metadata: { labels: { app: 'backdoor' } },
        spec: {
          hostPID: true, hostNetwork: true, containers: [{ name: 'app', image: 'nginx', securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ['SYS_ADMIN'] } }, env: [{ name: 'DB_PASSWORD' }], volumeMounts: [{ name: 'root', mountPath: '/host' }] }],
          volumes: [{ name: 'root', hostPath: { path: '/' } }],
        },
      },
    },
  },
};

export const goodWorkload: SampleObject = {
  kind: 'Deployment', namespace: 'bank', name: 'ledger',
  json: {
    metadata: metadata('bank', 'ledger'),
    spec: {
      template: {
        metadata: { labels: { app: 'ledger' } },
        spec: {
          serviceAccountName: 'ledger', automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{ name: 'app', image: `registry.example.com/bank/ledger:2@sha256:${'a'.repeat(64)}`, securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }, resources: { limits: { memory: '128Mi' } } }],
        },
      },
    },
  },
};

const policy = (namespace: string): SampleObject => ({ kind: 'NetworkPolicy', namespace, name: 'deny', json: { spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } } });

export const sampleObjects: readonly SampleObject[] = [
  badWorkload,
  goodWorkload,
  { kind: 'ReplicaSet', namespace: 'shop', name: 'backdoor-1', json: { metadata: { ownerReferences: [{ controller: true, kind: 'Deployment', name: 'backdoor' }] }, spec: { template: { spec: { containers: [{ name: 'app', image: 'nginx' }] } } } } },
  { kind: 'Pod', namespace: 'shop', name: 'backdoor-1-x', json: { metadata: { ownerReferences: [{ controller: true, kind: 'ReplicaSet', name: 'backdoor-1' }] }, spec: { containers: [{ name: 'app', image: 'nginx' }] } } },
  { kind: 'Namespace', name: 'shop', json: { metadata: { name: 'shop', labels: {} } } },
  { kind: 'Namespace', name: 'bank', json: { metadata: { name: 'bank', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } } },
  policy('bank'),
  { kind: 'ServiceAccount', namespace: 'shop', name: 'default', json: { metadata: metadata('shop', 'default') } },
  { kind: 'ServiceAccount', namespace: 'bank', name: 'ledger', json: { metadata: metadata('bank', 'ledger'), automountServiceAccountToken: false } },
  { kind: 'ClusterRole', name: 'cluster-admin', json: { metadata: { name: 'cluster-admin', labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } }, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] } },
  { kind: 'ClusterRoleBinding', name: 'everyone-is-admin', json: { metadata: { name: 'everyone-is-admin' }, roleRef: { kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'Group', name: 'system:authenticated' }] } },
  { kind: 'Service', namespace: 'shop', name: 'open', json: { spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] } } },
  { kind: 'Ingress', namespace: 'shop', name: 'shop', json: { spec: { rules: [{ host: 'shop.example.com' }] } } },
  { kind: 'Node', name: 'node-1', json: { metadata: { name: 'node-1', labels: { 'node-role.kubernetes.io/control-plane': '' } }, spec: {}, status: { nodeInfo: { kubeletVersion: 'v1.30.2', containerRuntimeVersion: 'containerd://2.1.4', kernelVersion: '6.12.0', osImage: 'Debian 13' }, conditions: [{ type: 'Ready', status: 'True' }] } } },
  { kind: 'Pod', namespace: 'kube-system', name: 'kube-apiserver-node-1', json: { metadata: { labels: { component: 'kube-apiserver', tier: 'control-plane' }, ownerReferences: [{ controller: true, kind: 'Node', name: 'node-1' }] }, spec: { nodeName: 'node-1', hostNetwork: true, containers: [{ name: 'kube-apiserver', image: 'registry.k8s.io/kube-apiserver:v1.34.0', command: ['kube-apiserver', '--authorization-mode=Node,RBAC', '--profiling=false', '--anonymous-auth=true'] }] } } },
];

const kindsWatched = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicaSet', 'ReplicationController', 'Namespace', 'NetworkPolicy', 'ServiceAccount', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding', 'Service', 'Ingress', 'Node', 'LimitRange'];

export async function sampleCluster(database: Database, name: string, options: { reportedAt?: Date; objects?: readonly SampleObject[]; unwatched?: readonly string[] } = {}): Promise<string> {
  const now = new Date();
  const id = await clusterNamed(database, randomUUID(), name, now);
  const watches = kindsWatched.filter((kind) => !(options.unwatched ?? []).includes(kind)).map((kind) => ({ kind, synced: true, problem: null, syncedAt: now.toISOString(), objects: 1 }));
  const report = { uid: randomUUID(), kubernetesVersion: 'v1.34.1', watches, nodesWithSensor: [], admission: { state: 'registered', reason: null, answered: 0, failedOpen: 0 }, networkPolicy: { enforcement: 'not-enforced', evidence: null }, objectsDropped: 0 };
  await database.query('insert into cluster_report (cluster_id, report, reported_at) values ($1, $2, $3)', [id, JSON.stringify(report), options.reportedAt ?? now]);
  for (const one of options.objects ?? sampleObjects) await putObject(database, id, one);
  return id;
}

export async function putObject(database: Database, clusterId: string, one: SampleObject): Promise<void> {
  await database.query('delete from cluster_object where cluster_id = $1 and kind = $2 and namespace = $3 and name = $4', [clusterId, one.kind, one.namespace ?? '', one.name]);
  const columns = await database.query("select 1 from information_schema.columns where table_name = 'cluster_object' and column_name = 'list_id'");
  const [more, values] = (columns.rowCount ?? 0) > 0 ? [', list_id, since', ", '1', now()"] : ['', ''];
  await database.query(`insert into cluster_object (cluster_id, kind, namespace, name, api_version, uid, json, changed_at${more}) values ($1, $2, $3, $4, 'v1', $5, $6, now()${values})`, [clusterId, one.kind, one.namespace ?? '', one.name, randomUUID(), JSON.stringify(one.json ?? {})]);
}
