/** A second cluster beside the first, what is deleted, and a lab that is killed in the middle. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../until.ts';
import { startControlPlane } from './control-plane.ts';
import { startNode } from './node.ts';
import { endCluster, eventsOf, readiness, registryHost, runningPod, statusOf, webDeployment, type Scene } from './scene.ts';
import { sweepDead } from './slot.ts';
import { leftoversOf } from './sweep.ts';
import { namespace } from './workload-acts.ts';

export async function secondClusterActs(scene: Scene): Promise<void> {
  const { lab, tools, registry, cluster } = scene;
  const { report } = lab;
  report.say('A second cluster beside the first');
  const second = await startControlPlane({ tools, name: 'second', directory: join(lab.place, 'second') });
  scene.stops.push(async () => await endCluster(lab, second));
  const node = await startNode({ cluster: second, name: 'second-node', index: 0, registryMirrors: { [registryHost]: registry.url }, labels: { 'vedette.test/place': 'elsewhere' } });
  await second.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await second.client.apply(webDeployment(namespace, `${registryHost}/shop/web:1`));
  const { pod } = await runningPod(second.client, namespace);
  report.row('a Pod runs in the second cluster', 'Running', pod === null ? 'no Pod runs' : statusOf(pod).phase, pod === null ? await eventsOf(second.client, namespace) : '');
  const nodes = async (client: typeof cluster.client) => (await client.list('v1', 'Node')).map((one) => `${one.metadata.name} ${readiness(one)}`);
  report.row('each knows its own node, and both are ready', { first: ['first-node True'], second: ['second-node True'] }, { first: await nodes(cluster.client), second: await nodes(second.client) });
  const hasLabel = (await second.client.get('v1', 'Node', node.name)).metadata['labels'] as Record<string, string> | undefined;
  report.row('a node has the label that it was given', 'elsewhere', hasLabel?.['vedette.test/place'] ?? 'no label');
  const refused = await node.startServices().then(() => 'started', (error: Error) => error.message);
  report.row('a second cluster is told that the Services of a machine are one cluster\'s', 'refused', /another cluster on this machine/.test(refused) ? 'refused' : refused, refused, /another cluster/.test(refused) || lab.sabotage === 'services');
}

export async function deletionActs({ lab, cluster, node }: Scene): Promise<void> {
  const { report } = lab;
  report.say('Deletion');
  const { client } = cluster;
  await client.delete('apps/v1', 'Deployment', 'web', namespace);
  const { ms } = await until(async () => (await client.list('v1', 'Pod', namespace)).length === 0, 30_000, 100);
  report.row('the Deployment is deleted, and its Pod with it', [], (await client.list('v1', 'Pod', namespace)).map((one) => one.metadata.name));
  report.figure('milliseconds until its Pod is gone', ms);
  // of what has ended, the kubelet keeps the sandbox for a minute
  const { value: tasks } = await until(async () => {
    const { stdout } = await node.ctr(['tasks', 'list', '--quiet']);
    return stdout.trim() === '' ? 'none' : null;
  }, 15_000, 200);
  report.row('nothing of it runs in containerd', 'none', tasks ?? (await node.ctr(['tasks', 'list'])).stdout);
}

/** Another process starts a cluster with a node and a Pod, and is killed: the next to start finds and removes all of it. */
export async function killedActs({ lab, registry }: Scene): Promise<void> {
  const { report } = lab;
  report.say('A lab that is killed');
  const directory = join(lab.place, 'killed');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed.ts'), directory, registry.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { value: slot } = await until(async () => /^ready (\d+)$/m.exec(said)?.[1] ?? (child.exitCode === null ? null : 'ended'), 90_000, 100);
  child.kill('SIGKILL');
  await ended;
  const number = Number(slot);
  report.row('another lab has a Pod that runs, and is killed', true, Number.isInteger(number), said);
  if (!Number.isInteger(number)) return;
  const knowledge = { directory, services: false };
  const before = await leftoversOf(number, knowledge);
  report.row('it leaves processes, mounts, links and cgroups', ['cgroup', 'directory', 'mount', 'network', 'process'], [...new Set(before.map((one) => one.split(' ')[0]!))].sort(), before);
  if (lab.sabotage !== 'sweep') await sweepDead();
  report.row('the next start removes all of it', [], await leftoversOf(number, knowledge));
  await sweepDead();
}
