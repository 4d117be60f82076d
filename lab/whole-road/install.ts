/** The chart, rendered by Helm's own engine and applied as anybody would, and waiting until what it makes is ready. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../borders/borders.ts';
import { run } from '../containers/run.ts';
import { kubernetesVersion, type Tools } from '../kubernetes/tools.ts';
import { until } from '../until.ts';
import { namespace, release, type LabCluster, type Values } from './scene.ts';

const readyMs = 180_000;

export async function install({ tools, cluster, name, values, place }: { readonly tools: Tools; readonly cluster: LabCluster; readonly name: string; readonly values: Values; readonly place: string }): Promise<void> {
  const file = join(place, `values-${cluster.name}-${name}.json`);
  writeFileSync(file, JSON.stringify(values, null, 1), { mode: 0o600 });
  const { stdout } = await run(tools.helm, ['template', name, join(projectRoot(), 'deploy', 'chart'), '--namespace', namespace, '--kube-version', kubernetesVersion, '--values', file]);
  await cluster.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } });
  await cluster.plane.client.kubectl(['apply', '--server-side', '--force-conflicts', '--namespace', namespace, '-f', '-'], { input: stdout });
}

interface PodStatus {
  readonly phase?: string;
  readonly containerStatuses?: readonly { readonly ready: boolean; readonly state: Readonly<Record<string, unknown>>; readonly restartCount: number }[];
}

/** Ready, or an error that shows what its Pods say. */
export async function ready(cluster: LabCluster, component: string): Promise<number> {
  const selector = `labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${release},app.kubernetes.io/component=${component}`)}`;
  const pods = async () => await cluster.plane.client.list('v1', 'Pod', namespace, selector);
  const { value, ms } = await until(async () => {
    const all = (await pods()).map((pod) => pod['status'] as PodStatus);
    return all.length > 0 && all.every((one) => one.containerStatuses?.every((container) => container.ready) === true);
  }, readyMs, 250);
  if (value === null) throw new Error(`${component} of ${cluster.name} is not ready:\n${await words(cluster, component)}`);
  return ms;
}

export async function words(cluster: LabCluster, component: string): Promise<string> {
  const { kubectl } = { kubectl: cluster.plane.client.kubectl.bind(cluster.plane.client) };
  const label = `app.kubernetes.io/component=${component}`;
  const described = await kubectl(['describe', 'pods', '--namespace', namespace, '-l', label], { accept: [1] });
  const logs = await kubectl(['logs', '--namespace', namespace, '-l', label, '--all-containers', '--tail=40', '--prefix'], { accept: [1] });
  return `${described.stdout.slice(-2500)}\n${logs.stdout.slice(-6000)}${logs.stderr.slice(-1000)}`;
}
