/** Cluster part and sensors in a cluster, installed by the chart with a one-time token of the hub. */
import { join } from 'node:path';
import { until } from '../until.ts';
import { imageValues } from './ground.ts';
import { install, ready, words } from './install.ts';
import { release, type LabCluster, type Scene } from './scene.ts';

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
