/** One cluster as it is known now → everything in it that controls speak about, and which kinds of it are not known to be all. */
import type { SubjectKind } from '@vedette/model/control-words';
import { accountsOf, grantsOf } from './access.ts';
import { ingressesOf, namespacesOf, servicesOf } from './network.ts';
import { clusterOf, componentsOf, nodesOf } from './nodes.ts';
import { indexed, type ClusterView, type Subject } from './subject.ts';
import { workloadsOf } from './workloads.ts';

/** The objects that a kind of subject is made of: while some are missing, so may be subjects. */
const madeOf: Readonly<Record<SubjectKind, readonly string[]>> = {
  workload: ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'ReplicaSet'],
  grant: ['RoleBinding', 'ClusterRoleBinding'],
  'service-account': ['ServiceAccount'],
  namespace: ['Namespace'],
  service: ['Service'],
  ingress: ['Ingress'],
  node: ['Node'],
  component: ['Pod'],
  cluster: [],
};

/** Every kind of object that a control may need; what a cluster part should watch. */
export const objectKinds: readonly string[] = [...new Set([...Object.values(madeOf).flat(), 'Role', 'ClusterRole', 'NetworkPolicy', 'ResourceQuota', 'LimitRange'])];

export interface Subjects {
  readonly all: readonly Subject[];
  of(kind: SubjectKind): readonly Subject[];
  /** Why there may be more of a kind; null: these are all. */
  readonly incomplete: (kind: SubjectKind) => string | null;
}

export function subjectsOf(given: ClusterView): Subjects {
  const view = indexed(given);
  const workloads = workloadsOf(view);
  const components = componentsOf(view);
  const all = [
    ...workloads, ...grantsOf(view), ...accountsOf(view, workloads), ...namespacesOf(view, workloads), ...servicesOf(view), ...ingressesOf(view), ...nodesOf(view), ...components,
    ...(view.isKubernetes ? [clusterOf(view, workloads)] : []),
  ];
  const byKind = Map.groupBy(all, (one) => one.kind);
  return {
    all,
    of: (kind) => byKind.get(kind) ?? [],
    incomplete(kind) {
      if (!view.isKubernetes) return null;
      for (const object of madeOf[kind]) {
        const problem = view.incomplete(object);
        if (problem !== null) return problem;
      }
      // A provider's control plane is in no pod and on no watched node.
      return kind === 'component' && components.length === 0 ? 'no component of the control plane is seen: it runs neither in pods of this cluster nor on a watched node' : null;
    },
  };
}
