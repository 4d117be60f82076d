/**
 * What a cluster's state means for a person: what needs attention and what to do, the words for how its workloads can be
 * reached and what they may, and the nodes of a cluster as marks. Stated once, for the list and the page alike.
 */
import type { ClusterView, PodView, WorkloadView } from '@vedette/model/api/cluster-views';
import { plural } from './numbers.ts';
import { ageWords } from './time.ts';

export interface Need {
  readonly what: string;
  readonly step: string | null;
}

/** The gravest first; empty when there is nothing to do. */
export function clusterNeeds(cluster: ClusterView, nowMs: number): readonly Need[] {
  if (cluster.kind === 'hosts') return [];
  const needs: Need[] = [];
  const step = 'Check that the Deployment of the cluster part runs there and reaches this hub.';
  if (cluster.state === 'never') needs.push({ what: 'Its cluster part has joined and never reported.', step });
  if (cluster.state === 'silent') needs.push({ what: `Silent${cluster.reportedAt === null ? '' : ` for ${ageWords(nowMs - Date.parse(cluster.reportedAt))}`}: what is shown is what was last said.`, step });
  if (cluster.nodesWithoutSensor > 0) {
    const all = cluster.nodes !== null && cluster.nodesWithoutSensor >= cluster.nodes;
    needs.push({ what: `${all && cluster.nodesWithoutSensor > 1 ? `None of its ${cluster.nodesWithoutSensor} nodes has a sensor` : cluster.nodesWithoutSensor === 1 ? 'One node has no sensor' : `${cluster.nodesWithoutSensor} nodes have no sensor`}: what runs there is not seen.`, step: 'Look at the DaemonSet of the sensor: a taint may keep its pod away, or the pod does not start.' });
  }
  if (cluster.state === 'connected') {
    const problems = cluster.watches.filter((watch) => watch.problem !== null);
    if (problems.length > 0) needs.push({ what: `Not all is known of ${problems.map((watch) => watch.kind).slice(0, 3).join(', ')}${problems.length > 3 ? ` and ${plural(problems.length - 3, 'other kind')}` : ''}: watching fails.`, step: 'Watching, on the cluster’s page, says why.' });
    if (cluster.admission?.state === 'not-registered') needs.push({ what: `Admission is not registered${cluster.admission.reason === null ? '' : `: ${cluster.admission.reason}`}.`, step: 'Images are not judged before they run.' });
  }
  return needs;
}

export type NodeMark = 'connected' | 'away' | 'no-sensor';
const marksMax = 60;

/** What needs somebody first, then by name. */
export function inOrderOfNeed(clusters: readonly ClusterView[], nowMs: number): readonly ClusterView[] {
  const rank = (cluster: ClusterView): number => (clusterNeeds(cluster, nowMs).length > 0 ? 0 : cluster.kind === 'kubernetes' ? 1 : 2);
  return clusters.toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** One mark a node, those that need somebody first; `more` have no room. */
export function nodeMarks(cluster: Pick<ClusterView, 'sensors' | 'sensorsConnected' | 'nodesWithoutSensor'>): { readonly marks: readonly NodeMark[]; readonly more: number } {
  const away = Math.max(0, cluster.sensors - cluster.sensorsConnected);
  const all: NodeMark[] = [];
  for (const [mark, count] of [['no-sensor', cluster.nodesWithoutSensor], ['away', away], ['connected', cluster.sensorsConnected]] as const) {
    for (let index = 0; index < count && all.length < marksMax; index += 1) all.push(mark);
  }
  return { marks: all, more: away + cluster.sensorsConnected + cluster.nodesWithoutSensor - all.length };
}

export function nodeWords(cluster: Pick<ClusterView, 'nodes' | 'sensors' | 'sensorsConnected' | 'nodesWithoutSensor'>): string {
  if (cluster.nodes === null) return 'nodes not known';
  const away = cluster.sensors - cluster.sensorsConnected;
  const parts = [cluster.nodesWithoutSensor > 0 ? `${cluster.nodesWithoutSensor} without sensor` : '', away > 0 ? `${away} away` : ''].filter((part) => part !== '');
  return `${plural(cluster.nodes, 'node')}${parts.length === 0 ? '' : `, ${parts.join(', ')}`}`;
}

export function networkWords(cluster: ClusterView): string {
  switch (cluster.networkPolicy?.enforcement) {
    case 'enforced':
      return 'enforced';
    case 'not-enforced':
      return 'not enforced: what is written has no effect';
    default:
      return 'unknown';
  }
}

export function admissionWords(cluster: ClusterView): string {
  const { admission } = cluster;
  if (admission === null) return 'unknown';
  const reason = admission.reason === null ? '' : `: ${admission.reason}`;
  if (admission.state === 'off') return `off${reason}`;
  if (admission.state === 'not-registered') return `not registered${reason}`;
  return `registered, ${plural(admission.answered, 'request')} answered${admission.failedOpen === 0 ? '' : `, ${admission.failedOpen} let through without being judged`}`;
}

/** `Deployment web` is what people say; in lists kind and name stand apart. */
export function exposedWord(exposed: WorkloadView['exposed']): string {
  return { yes: 'from outside', no: exposed.inside.length > 0 ? 'inside only' : 'no', unknown: 'unknown' }[exposed.state];
}

const accessWords = { network: 'host network', pid: 'host processes', ipc: 'host IPC', path: 'host files' } as const;

/** What the pods may do beyond their containers. */
export function powerWords(one: Pick<WorkloadView, 'privileged' | 'hostAccess'>): readonly string[] {
  return [...(one.privileged ? ['privileged'] : []), ...one.hostAccess.map((access) => accessWords[access])];
}

export function podsWord(workload: Pick<WorkloadView, 'pods' | 'running' | 'replicas'>): string {
  const wanted = workload.replicas ?? workload.pods;
  return workload.running === wanted && workload.pods === wanted ? String(workload.pods) : `${workload.running} of ${wanted}`;
}

/** The state of a pod as `kubectl get pods` would say it: a container's reason over the phase. */
export function podWord(pod: Pick<PodView, 'phase' | 'containers'>): string {
  const waiting = pod.containers.find((one) => one.role === 'main' && one.state === 'waiting' && one.reason !== null);
  return waiting?.reason ?? pod.phase;
}
