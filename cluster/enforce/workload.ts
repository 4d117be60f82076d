/** Where workloads lie in the API. */
import { encode } from './orders.ts';

export interface WorkloadName {
  readonly namespace: string;
  readonly workloadKind: string;
  readonly workload: string;
}

const plurals: Readonly<Record<string, string>> = { Deployment: 'deployments', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets', ReplicaSet: 'replicasets' };

export const appsPath = (namespace: string, plural: string): string => `/apis/apps/v1/namespaces/${encode(namespace)}/${plural}`;

export function workloadPath({ namespace, workloadKind, workload }: WorkloadName): string | undefined {
  const plural = plurals[workloadKind];
  return plural === undefined ? undefined : `${appsPath(namespace, plural)}/${encode(workload)}`;
}
