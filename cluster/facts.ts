/** What this cluster is: the UID of kube-system, which lives as long as the cluster does, and the version of its API server. */
import { z } from 'zod';
import type { Kubernetes, KubernetesResult } from './kubernetes/client.ts';

export interface ClusterIdentity {
  readonly uid: string;
  readonly kubernetesVersion: string;
}

const Version = z.looseObject({ gitVersion: z.string() });

export async function clusterIdentity(kubernetes: Kubernetes): Promise<KubernetesResult<ClusterIdentity>> {
  const namespace = await kubernetes.get('/api/v1/namespaces/kube-system');
  if (namespace.kind === 'problem') return namespace;
  const version = await kubernetes.read('/version', Version);
  if (version.kind === 'problem') return version;
  return { kind: 'ok', value: { uid: namespace.value.metadata.uid, kubernetesVersion: version.value.gitVersion } };
}
