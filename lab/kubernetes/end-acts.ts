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

/** A second node of one cluster, and a privileged Pod on each, as a sensor is deployed. */
export async function secondNodeActs({ lab, cluster, node, registry }: Scene): Promise<void> {
  const { report } = lab;
  report.say('A second node of the first cluster');
  const other = await startNode({ cluster, name: 'first-node-two', index: 1, registryMirrors: { [registryHost]: registry.url } });
  const look = 'echo $NODE host $(ls /proc 2>/dev/null | grep -c "^[0-9]") $(ls -d /sys/kernel/btf /host/bpf | wc -l) $(grep CapEff /proc/self/status); exec sleep 3600';
  const labels = { app: 'everywhere' };
  await cluster.client.apply({
    apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'everywhere', namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostPID: true, hostNetwork: true, terminationGracePeriodSeconds: 1, tolerations: [{ operator: 'Exists' }],
          containers: [{
            name: 'look', image: `${registryHost}/shop/web:1`, command: ['sh', '-c', look], securityContext: { privileged: true },
            env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }], volumeMounts: [{ name: 'bpf', mountPath: '/host/bpf' }],
          }],
          volumes: [{ name: 'bpf', hostPath: { path: '/sys/fs/bpf' } }],
        },
      },
    },
  });
  const said = async () => await Promise.all((await cluster.client.list('v1', 'Pod', namespace, 'labelSelector=app%3Deverywhere')).map(async (pod) => (await cluster.client.kubectl(['--namespace', namespace, 'logs', pod.metadata.name], { accept: [1] })).stdout.trim()));
  const { value } = await until(async () => {
    const lines = await said();
    return lines.length === 2 && lines.every((one) => one.includes('CapEff')) ? lines : null;
  }, 30_000, 300);
  const nodes = (value ?? []).map((one) => one.split(' ')[0]!).sort();
  report.row('a privileged DaemonSet has a Pod on each node', [node.name, other.name].sort(), nodes, value ?? await eventsOf(cluster.client, namespace));
  const seen = (value ?? []).map((one) => Number(one.split(' ')[2] ?? 0));
  report.bound("… which sees this machine's processes", 'at least', 20, Math.min(...seen, Number.POSITIVE_INFINITY), value);
  await cluster.client.delete('apps/v1', 'DaemonSet', 'everywhere', namespace);
  await until(async () => (await said()).length === 0, 30_000, 200);
  await other.stop();
  await cluster.client.delete('v1', 'Node', other.name);
  report.row('the second node is stopped, and nothing of it is left', [], await leftoversOf(cluster.slot.number, other.index, { ...cluster.slot.knowledge, services: false }));
  report.row('… and the first is ready still', 'True', readiness(await cluster.client.get('v1', 'Node', node.name)));
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
  const before = await leftoversOf(number, null, knowledge);
  report.row('it leaves processes, mounts, links and cgroups', ['cgroup', 'directory', 'log', 'mount', 'network', 'process'], [...new Set(before.map((one) => one.split(' ')[0]!))].sort(), before);
  if (lab.sabotage !== 'sweep') await sweepDead();
  report.row('the next start removes all of it', [], await leftoversOf(number, null, knowledge));
  await sweepDead();
}
