/** A stored event → what a run is about: the subject of its steps and the facts of its condition and messages. */
import type { TriggerKind } from '@vedette/model/playbook';
import type { ResponseFacts } from '@vedette/policy/playbook-facts';
import type { ResponseEvent } from '../store/response-events.ts';
import type { Subject } from './subject.ts';

/** boot-tgid-start-exec, as the model documents the key of an execution. */
function processOf(event: ResponseEvent): Subject['process'] {
  const match = /-(\d+)-(\d+)-\d+$/.exec(event.process?.key ?? '');
  if (event.process === null || match === null) return null;
  const { nodeId, hostname, containerId, path } = event.process;
  return { nodeId, hostname, containerId, tgid: Number(match[1]), startBootNs: match[2] ?? '0', path };
}

export function subjectOf(event: ResponseEvent): Subject {
  const isKubernetes = event.cluster_kind === 'kubernetes';
  return {
    clusterId: event.cluster_id,
    clusterName: event.cluster_name,
    isKubernetes,
    namespace: event.namespace,
    workload: event.workload === null ? null : { kind: event.workload_kind ?? '', name: event.workload },
    containers: event.containers,
    process: processOf(event),
    image: event.digests.length === 0 && event.image_reference === null ? null : { reference: event.image_reference ?? '', digests: event.digests },
  };
}

export function factsOf(event: ResponseEvent): ResponseFacts {
  const given = event.facts as Record<string, string | number | readonly string[] | null>;
  const pods = new Set(event.containers.map((one) => one.pod).filter((pod) => pod !== ''));
  return {
    ...given,
    'cluster.name': event.cluster_name,
    'node.name': event.node_name,
    'workload.namespace': event.namespace,
    'workload.kind': event.workload_kind === '' ? null : event.workload_kind,
    'workload.name': event.workload,
    'pod.name': given['pod.name'] ?? (pods.size === 1 ? [...pods][0]! : null),
    'container.id': given['container.id'] ?? (event.containers.length === 1 ? event.containers[0]!.containerId : null),
    'container.name': given['container.name'] ?? (event.containers.length === 1 ? event.containers[0]!.name : null),
    'image.reference': event.image_reference,
    'image.digest': event.digests[0] ?? null,
  };
}

/** The same for the same playbook, event and place. */
export function runKey(playbook: string, trigger: TriggerKind, event: ResponseEvent): string {
  return [playbook, trigger, event.id, event.cluster_id, event.namespace ?? '', event.workload ?? ''].join('\n');
}

/** What a condition is asked about anew: the same event with another severity, outcome or verdict. */
export function eventState(trigger: TriggerKind, event: ResponseEvent): string {
  const { facts } = event;
  return JSON.stringify([trigger, event.id, event.cluster_id, facts['incident.severity'], facts['incident.outcome'], facts['violation.severity'], facts['violation.verdict'], facts['violation.mode'], event.workload, event.digests.length, event.containers.length > 0]);
}
