/** Station 3: cluster part and sensors in both clusters, installed by the chart with a one-time token of the hub; and a plain host. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../until.ts';
import { run } from '../../containers/run.ts';
import { cgroupHolds } from '../../kubernetes/node.ts';
import { imageValues } from '../ground.ts';
import { install, ready, words } from '../install.ts';
import { startPlainHost } from '../plain-host.ts';
import { namespace, release, type LabCluster, type Scene } from '../scene.ts';

function readPids(): number[] {
  return readdirSync('/proc').filter((one) => /^\d+$/.test(one)).map(Number);
}

const linkPort = 7444;
const admissionPort = 8443;
const seenMs = 90_000;

interface Placed {
  /** Where the API server finds the webhook. */
  readonly admission: 'service' | 'url';
  /** In the node's own network: the second cluster has no Services in the kernel. */
  readonly hostNetwork: boolean;
}

export async function installAgents(scene: Scene, cluster: LabCluster, { admission, hostNetwork }: Placed): Promise<void> {
  const { api, lab, tools, registry } = scene;
  const { token } = await api.call('createJoinToken', { body: { cluster: cluster.name, part: 'cluster' } });
  const address = hostNetwork ? cluster.node.address : cluster.plane.slot.apiService.replace(/\.1$/, '.78');
  await install({
    tools, cluster, name: release, place: lab.place,
    values: {
      image: imageValues(registry),
      // the hub's release is the same one in the first cluster: what is installed stays
      ...(cluster === scene.first ? scene.hubValues : {}),
      cluster: {
        enabled: true,
        hub: { token },
        hostNetwork,
        ...(hostNetwork ? { apiServer: { host: cluster.plane.slot.address(null), port: 6443 } } : { service: { clusterIP: address } }),
        link: { url: `https://${address}:${linkPort}`, port: linkPort },
        storage: { kind: 'hostPath', hostPath: join(lab.place, `part-${cluster.name}`) },
        admission: { enabled: true, form: admission, port: admissionPort, ...(admission === 'url' ? { urlHost: address } : {}) },
      },
      sensor: { cgroup: cluster.node.cgroupPath, runtimeSockets: [cluster.node.containerdSocket], statePath: join(lab.place, `sensor-${cluster.name}`) },
    },
  });
  await ready(cluster, 'cluster');
}

/** The sensor of the cluster's node, as the hub has it. */
export async function sensorSeen(scene: Scene, cluster: LabCluster) {
  const { value } = await until(async () => (await scene.api.call('listSensors', {})).items.find((one) => one.hostname === cluster.node.name || one.cluster === cluster.name), seenMs, 500);
  if (value === null) throw new Error(`no sensor of ${cluster.name} is at the hub:\n${await words(cluster, 'sensor')}\n${await words(cluster, 'cluster')}`);
  return value;
}

/** What the loader holds, and what the sensor below it does: docs/kubernetes.md. */
const loaderCapabilities = ['bpf', 'dac_read_search', 'kill', 'perfmon', 'setgid', 'setpcap', 'setuid', 'sys_admin', 'sys_ptrace'];
const bits: Readonly<Record<string, number>> = { dac_read_search: 2, kill: 5, setgid: 6, setuid: 7, setpcap: 8, net_admin: 12, sys_ptrace: 19, sys_admin: 21, perfmon: 38, bpf: 39 };

function maskOf(names: readonly string[]): string {
  return names.reduce((mask, name) => mask | (1n << BigInt(bits[name]!)), 0n).toString(16).padStart(16, '0');
}

function processesOf(cluster: LabCluster, word: string): { readonly pid: number; readonly capEff: string }[] {
  const pids = cluster.node.cgroupPaths.length === 0 ? [] : readPids();
  return pids.flatMap((pid) => {
    try {
      if (!cgroupHolds(cluster.node, pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]!.includes(word)) return [];
      return [{ pid, capEff: /CapEff:\s*(\S+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '' }];
    } catch {
      return [];
    }
  });
}

async function imageHolds(scene: Scene, name: string): Promise<readonly string[]> {
  const image = scene.images.find((one) => one.name === name)!;
  const out: string[] = [];
  const { stdout } = await run('sh', ['-c', 'for layer in "$0"/blobs/sha256/*; do tar -tzf "$layer" 2>/dev/null || true; done', image.directory], { timeoutMs: 60_000 });
  for (const line of stdout.split('\n')) if (/probe\.o$|(^|\/)(clang|gcc|cc|tcc|ld|as|sh|dash|bash|busybox)$/.test(line)) out.push(line.replace(/^\.\//, ''));
  return out.sort();
}

export async function play(scene: Scene): Promise<void> {
  const { first, second, lab } = scene;
  const { report } = lab;
  await installAgents(scene, first, { admission: 'service', hostNetwork: false });
  await installAgents(scene, second, { admission: 'url', hostNetwork: true });
  for (const cluster of [first, second]) {
    const sensor = await sensorSeen(scene, cluster);
    report.row(`the sensor of ${cluster.name} is at the hub, by its node's name`, [cluster.node.name, cluster.name], [sensor.hostname, sensor.clusterName], sensor);
    const [loader] = processesOf(cluster, 'vedette-loader');
    report.row(`the loader of ${cluster.name} holds the documented capabilities`, maskOf(loaderCapabilities), loader?.capEff ?? 'no loader');
    const inner = processesOf(cluster, '/bin/node').find((one) => readFileSync(`/proc/${one.pid}/cmdline`, 'utf8').includes('sensor.mjs'));
    report.row(`the sensor of ${cluster.name} holds two of them`, maskOf(['dac_read_search', 'sys_ptrace']), inner?.capEff ?? 'no sensor');
  }
  report.row("the sensor's image has compiled kernel programs, and neither compiler nor shell", ['opt/vedette/probe.o'], await imageHolds(scene, 'sensor'));
  const pods = await first.plane.client.list('v1', 'Pod', namespace);
  const pulled = pods.flatMap((pod) => ((pod['status'] as { containerStatuses?: { imageID: string }[] }).containerStatuses ?? []).map((one) => one.imageID.split('@')[1]));
  report.row('what runs in the cluster are the images that our command made', scene.images.map((one) => one.digest).sort(), [...new Set(pulled)].sort());
  scene.facts.host = await startPlainHost(scene);
}
