/** A joined cluster part for tests, and what it would send of a small cluster: two nodes, a shop behind a load balancer. */
import { randomBytes } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterReportSchema } from '@vedette/model/wire/generated/record_pb';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import type { Database } from './store/database.ts';
import type { RecordInit } from './wire-sample.ts';

export interface ObjectInit {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly [field: string]: unknown;
}

export function bytesOf(kind: string, { name, namespace, uid, labels, annotations, owner, ...rest }: ObjectInit): Uint8Array<ArrayBuffer> {
  const ownerReferences = typeof owner === 'string' ? [{ apiVersion: 'apps/v1', kind: owner.split('/')[0], name: owner.split('/')[1], uid: 'o', controller: true }] : undefined;
  return new TextEncoder().encode(JSON.stringify({ kind, metadata: { name, namespace, uid, labels, annotations, ownerReferences }, ...rest }));
}

function wire(kind: string, object: ObjectInit): { namespace: string; name: string; uid: string; resourceVersion: string; json: Uint8Array<ArrayBuffer> } {
  const uid = object.uid ?? `${kind}-${object.namespace ?? ''}-${object.name}`;
  return { namespace: object.namespace ?? '', name: object.name, uid, resourceVersion: '1', json: bytesOf(kind, { ...object, uid }) };
}

const apiVersions: Record<string, string> = { Deployment: 'apps/v1', ReplicaSet: 'apps/v1', DaemonSet: 'apps/v1', StatefulSet: 'apps/v1', Job: 'batch/v1', CronJob: 'batch/v1', Ingress: 'networking.k8s.io/v1' };

/** A whole list in one record. */
export function listOf(kind: string, objects: readonly ObjectInit[]): RecordInit {
  return { kind: { case: 'clusterObjects', value: { apiVersion: apiVersions[kind] ?? 'v1', kind, changed: objects.map((one) => wire(kind, one)), listId: randomBytes(8).toString('hex'), listEnds: true, listObjects: objects.length, seenAtMs: BigInt(Date.now()) } } };
}

export function changesOf(kind: string, changed: readonly ObjectInit[], removed: readonly ObjectInit[] = [], list: { listId?: string; listEnds?: boolean; listObjects?: number } = {}): RecordInit {
  const keys = removed.map(({ namespace = '', name, uid = '' }) => ({ namespace, name, uid }));
  return { kind: { case: 'clusterObjects', value: { apiVersion: apiVersions[kind] ?? 'v1', kind, changed: changed.map((one) => wire(kind, one)), removed: keys, seenAtMs: BigInt(Date.now()), ...list } } };
}

export function reportOf(value: MessageInitShape<typeof ClusterReportSchema> = {}): RecordInit {
  const at = BigInt(Date.now());
  const watch = (kind: string): { kind: string; synced: boolean; syncedAtMs: bigint; objects: number } => ({ kind, synced: true, syncedAtMs: at, objects: 1 });
  return {
    kind: {
      case: 'clusterReport',
      value: {
        clusterUid: '11111111-2222-4333-8444-555555555555', kubernetesVersion: 'v1.36.3', watches: ['Node', 'Namespace', 'Pod', 'Service', 'Ingress'].map(watch), admissionState: 'registered', admissionsAnswered: 12n,
        networkPolicyEnforcement: 'not-enforced', networkPolicyEvidence: 'No DaemonSet is an agent that enforces them.', atMs: at, ...value,
      },
    },
  };
}

export async function sampleClusterPart(database: Database, options: { cluster: string }): Promise<SampleSensor> {
  return sampleSensor(database, { ...options, part: 'cluster' });
}

export const webDigest = `sha256:${'e'.repeat(64)}`;

export function podOf(name: string, more: { namespace?: string; node?: string; image?: string; owner?: string; privileged?: boolean; labels?: Record<string, string>; digest?: string; phase?: string } = {}): ObjectInit {
  const { namespace = 'shop', node = 'node-a', image = 'registry.example/shop/web:1', owner, privileged = false, labels = { app: 'web' }, digest = webDigest, phase = 'Running' } = more;
  return {
    name, namespace, labels, ...(owner === undefined ? {} : { owner }),
    spec: { nodeName: node, serviceAccountName: 'web', containers: [{ name: 'web', image, securityContext: { privileged } }] },
    status: { phase, podIP: '10.0.0.7', startTime: '2026-11-01T00:00:00Z', containerStatuses: [{ name: 'web', imageID: `registry.example/shop/web@${digest}`, containerID: `containerd://${name.padEnd(64, '0')}`, state: { running: {} } }] },
  };
}

export function nodeOf(name: string): ObjectInit {
  return { name, status: { nodeInfo: { kernelVersion: '6.18.0', osImage: 'Debian GNU/Linux 12', architecture: 'amd64', machineID: 'm' } } };
}

/** A deployment of two pods behind a load balancer, a pod of nobody with privileges, a static pod, a deployment of no pod. */
export function shopRecords(mark = 'shop'): RecordInit[] {
  return [
    listOf('Node', [nodeOf(`${mark}-node-a`), nodeOf(`${mark}-node-b`)]),
    listOf('Namespace', [{ name: mark, labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } }, { name: 'kube-system' }]),
    listOf('Deployment', [{ name: 'web', namespace: mark, spec: { replicas: 2, template: { metadata: { labels: { app: 'web' } } } } }, { name: 'idle', namespace: mark, spec: { replicas: 0 } }]),
    listOf('ReplicaSet', [{ name: 'web-1', namespace: mark, owner: 'Deployment/web', spec: { replicas: 2 } }]),
    listOf('Pod', [
      podOf('web-1-a', { namespace: mark, owner: 'ReplicaSet/web-1', node: `${mark}-node-a` }), podOf('web-1-b', { namespace: mark, owner: 'ReplicaSet/web-1', node: `${mark}-node-b` }),
      podOf('debug', { namespace: mark, privileged: true, labels: {}, node: `${mark}-node-a`, image: `registry.example/${mark}/debug:1` }), podOf('etcd', { namespace: 'kube-system', owner: `Node/${mark}-node-a`, labels: {} }),
    ]),
    listOf('Service', [{ name: 'front', namespace: mark, spec: { type: 'LoadBalancer', selector: { app: 'web' } } }]),
    listOf('Ingress', []),
    reportOf(),
  ];
}
