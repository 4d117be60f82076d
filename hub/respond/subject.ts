/** What a run is about: the place and the things in it that steps act on, as the hub knew them when the run was planned. */
import type { StepKind } from '@vedette/model/playbook';
import { stepNatures } from '@vedette/model/playbook';

export interface SubjectContainer {
  readonly nodeId: string;
  readonly hostname: string;
  readonly containerId: string;
  readonly name: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
}

export interface Subject {
  readonly clusterId: string;
  readonly clusterName: string;
  /** Whether there is an API server whose objects can be changed. */
  readonly isKubernetes: boolean;
  readonly namespace: string | null;
  readonly workload: { readonly kind: string; readonly name: string } | null;
  readonly containers: readonly SubjectContainer[];
  readonly process: { readonly nodeId: string; readonly hostname: string; readonly containerId: string; readonly tgid: number; readonly startBootNs: string; readonly path: string } | null;
  readonly image: { readonly reference: string; readonly digests: readonly string[] } | null;
}

export interface Target {
  /** The same in every life of the hub: part of the effect's id. */
  readonly key: string;
  readonly words: string;
  readonly nodeId: string | null;
  readonly subject: SubjectContainer | null;
}

/** What a step of this kind acts on; a sentence: why there is nothing. */
export function targetsOf(kind: StepKind, subject: Subject, what: 'process' | 'container' = 'process'): readonly Target[] | string {
  const target = kind === 'kill' && what === 'container' ? 'container' : stepNatures[kind].target;
  switch (target) {
    case 'message':
      return [{ key: 'message', words: 'one message', nodeId: null, subject: null }];
    case 'process': {
      const { process } = subject;
      if (process === null) return 'the event names no process';
      return [{ key: `process ${process.nodeId} ${process.tgid} ${process.startBootNs}`, words: `${process.path} (${process.tgid}) on ${process.hostname}`, nodeId: process.nodeId, subject: subject.containers.find((one) => one.containerId === process.containerId) ?? null }];
    }
    case 'container':
      if (subject.containers.length === 0) return 'no container of it runs any more, or the event is about the host';
      return subject.containers.map((one) => ({ key: `container ${one.nodeId} ${one.containerId}`, words: `container ${one.name} on ${one.hostname}`, nodeId: one.nodeId, subject: one }));
    case 'pod':
      return podsOf(subject);
    case 'workload': {
      if (!subject.isKubernetes) return 'it runs outside of Kubernetes: there is no workload that could be changed';
      if (subject.workload === null || subject.workload.kind === '' || subject.namespace === null) return 'it is not known which workload the pod belongs to';
      const { kind: workloadKind, name } = subject.workload;
      return [{ key: `workload ${subject.namespace} ${workloadKind} ${name}`, words: `${workloadKind} ${subject.namespace}/${name}`, nodeId: null, subject: null }];
    }
    case 'image':
      if (subject.image === null || subject.image.digests.length === 0) return 'it is not known which image it is';
      return [{ key: `image ${subject.image.reference} ${subject.image.digests.join(' ')}`, words: `${subject.image.reference === '' ? subject.image.digests[0]! : subject.image.reference}`, nodeId: null, subject: null }];
    default:
      return target satisfies never;
  }
}

function podsOf(subject: Subject): readonly Target[] | string {
  if (!subject.isKubernetes) return 'it runs outside of Kubernetes: there is no pod';
  const pods = new Map(subject.containers.filter((one) => one.pod !== '').map((one) => [one.podUid === '' ? `${one.namespace}/${one.pod}` : one.podUid, one]));
  if (pods.size === 0) return 'no pod of it runs any more, or it is not known which one it is';
  return [...pods].map(([key, one]) => ({ key: `pod ${key}`, words: `pod ${one.namespace}/${one.pod}`, nodeId: null, subject: one }));
}
