/**
 * What is not seen of clusters, and why: parts that are silent, nodes that no sensor watches, kinds that cannot be
 * watched. Pure: rows in, gaps out. A sentence that names nodes names a few and counts the rest.
 */
import type { ClusterShape, UnwatchedNode } from '../store/read-clusters.ts';
import type { FailedOpenShape } from '../store/read-admissions.ts';
import type { Gap } from './coverage.ts';
import { plural } from '@vedette/model/words';

const namesMax = 3;

function gap(kind: Gap['kind'], cluster: string, words: Pick<Gap, 'what' | 'why' | 'action'>, at: Date | null = null): Gap {
  // The cluster stands where a host would: it is the place that is not seen.
  return { kind, ...words, node: null, hostname: cluster, at };
}

function some(names: readonly string[]): string {
  const rest = names.length - namesMax;
  return `${names.slice(0, namesMax).join(', ')}${rest > 0 ? ` and ${plural(rest, 'other')}` : ''}`;
}

function nodeGaps(nodes: readonly UnwatchedNode[]): Gap[] {
  const byCluster = new Map<string, UnwatchedNode[]>();
  for (const node of nodes) byCluster.set(node.cluster_id, [...(byCluster.get(node.cluster_id) ?? []), node]);
  return [...byCluster.values()].map((missing) => {
    const [first] = missing;
    const cluster = first?.cluster_name ?? '';
    return gap('unwatched-node', cluster, {
      what: missing.length === 1 ? `Node ${first?.name ?? ''} of cluster ${cluster} is not seen` : `${missing.length} nodes of cluster ${cluster} are not seen: ${some(missing.map((one) => one.name))}`,
      why: `Kubernetes knows ${missing.length === 1 ? 'it' : 'them'}, and no sensor runs there.`,
      action: 'Look at the DaemonSet of the sensor: a taint may keep its pod away, or the pod does not start. The cluster’s page lists these nodes.',
    });
  });
}

function partGaps(cluster: ClusterShape): Gap[] {
  if (!cluster.is_kubernetes) return [];
  const { name } = cluster;
  const action = `Check that the Deployment of the cluster part runs in ${name} and reaches this hub.`;
  if (cluster.reported_at === null) return [gap('silent-cluster', name, { what: `Nothing is known of cluster ${name} yet`, why: 'Its cluster part has joined, and has not reported.', action }, cluster.heard_at)];
  if (cluster.is_silent) return [gap('silent-cluster', name, { what: `Cluster ${name} is silent`, why: 'Its cluster part has not reported for some minutes. What is shown of its workloads is what was last said.', action }, cluster.reported_at)];
  if (!cluster.is_whole) return [];
  const problems = cluster.report?.watches.filter((watch) => watch.problem !== null) ?? [];
  return problems.map((watch) =>
    gap('watch', name, {
      what: watch.synced ? `Some objects of kind ${watch.kind} of cluster ${name} are not known` : `What cluster ${name} has of kind ${watch.kind} ${watch.syncedAt === null ? 'is not known' : 'may be out of date'}`,
      why: `${watch.problem ?? ''}.`.replace(/\.\.$/, '.'),
      action: watch.problem?.startsWith('forbidden') === true ? 'Let the service account of the cluster part get, list and watch this kind, as the chart does.' : null,
    }),
  );
}

export function clusterGaps(clusters: readonly ClusterShape[], unwatched: readonly UnwatchedNode[]): Gap[] {
  return [...clusters.flatMap(partGaps), ...nodeGaps(unwatched)];
}

/** Every one of them could have been what a policy is there to keep out. */
export function failedOpenGaps(failed: readonly FailedOpenShape[]): Gap[] {
  return failed.map(({ cluster_name: cluster, n, reason, last_at: at }) => gap('admission', cluster, {
    what: `${plural(n, 'workload')} of cluster ${cluster} ${n === 1 ? 'was' : 'were'} let in without being judged`,
    why: `What a policy would have refused was not known: ${reason}`,
    action: 'Look at them under Admissions. What is not known can be supplied (a check in the pipeline, a registry that the hub may ask), or refused: the failure policy Fail.',
  }, at));
}
