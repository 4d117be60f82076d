/**
 * Makes the ground of the whole road and takes it away: images by our own command, a registry, two control planes with a real
 * node each, the double of Artifactory, and the hub installed by the chart from the image that the kubelet pulls.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeImages } from '@vedette/deploy/images/main';
import { ArtifactoryDouble } from '../artifactory/double.ts';
import { cacheRoot } from '../containers/debian-root.ts';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { startNode } from '../kubernetes/node.ts';
import { startRegistry, type Registry } from '../kubernetes/registry.ts';
import { buildTools, type Tools } from '../kubernetes/tools.ts';
import type { LabRun } from '../lab.ts';
import { ApiClient } from '../product/client.ts';
import { until } from '../until.ts';
import { install, ready } from './install.ts';
import { adminPassword, namespace, release, type LabCluster, type Scene } from './scene.ts';

export const imageTag = 'lab';
const hubPort = 7420;

async function startCluster(tools: Tools, place: string, name: string, stops: Scene['stops']): Promise<Omit<LabCluster, 'node'>> {
  const plane = await startControlPlane({ tools, name, directory: join(place, name) });
  stops.push(async () => await plane.stop());
  return { name, plane };
}

/** A node pulls from the registry by the name that images bear, over plain HTTP. */
async function withNode(cluster: Omit<LabCluster, 'node'>, registry: Registry): Promise<LabCluster> {
  const node = await startNode({ cluster: cluster.plane, name: `${cluster.name}-node`, index: 0, registryMirrors: { [registry.host]: registry.url } });
  return { ...cluster, node };
}

export function imageValues(registry: Registry): { readonly registry: string; readonly tag: string; readonly pullPolicy: string } {
  return { registry: `${registry.host}/vedette`, tag: imageTag, pullPolicy: 'Always' };
}

/** An address of the first cluster's Services that nobody else is given. */
function hubAddress(cluster: LabCluster): string {
  return cluster.plane.slot.apiService.replace(/\.1$/, '.77');
}

function valuesOfHub(address: string, place: string): Scene['hubValues'] {
  return {
    hub: {
      enabled: true,
      api: { port: hubPort, hosts: [address], behindTls: false },
      link: { names: [address] },
      service: { clusterIP: address },
      adminPasswordSecret: { name: 'first-person' },
      storage: { kind: 'hostPath', hostPath: join(place, 'hub') },
    },
  };
}

async function installHub(scene: Omit<Scene, 'hub' | 'api' | 'hubValues'>, place: string): Promise<Pick<Scene, 'hub' | 'api' | 'hubValues'>> {
  const { first, tools, registry } = scene;
  const address = hubAddress(first);
  await first.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await first.plane.client.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'first-person', namespace }, stringData: { password: adminPassword } });
  const hubValues = valuesOfHub(address, place);
  await install({ tools, cluster: first, name: release, place, values: { image: imageValues(registry), ...hubValues } });
  const ms = await ready(first, 'hub');
  scene.lab.report.figure('hub ready after its image was asked for, s', (ms / 1000).toFixed(1));
  const url = `http://${address}:${hubPort}`;
  const { value } = await until(async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => null))?.ok === true, 20_000, 200);
  if (value === null) throw new Error(`the hub is ready and does not answer at ${url}`);
  const api = new ApiClient(url);
  await api.signIn('admin', adminPassword);
  return { hub: { url, address }, api, hubValues };
}

export async function makeGround(lab: LabRun, stops: Scene['stops']): Promise<Scene> {
  const { report, place } = lab;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const tools = await buildTools((line) => report.progress(line));
  report.progress('the images of hub, cluster part and sensor');
  const images = await makeImages({ output: join(place, 'images'), names: ['hub', 'cluster', 'sensor'], tag: imageTag, buildRoot: join(cacheRoot, 'build'), say: () => undefined });
  report.progress('two control planes');
  const first = await startCluster(tools, place, 'first', stops);
  const second = await startCluster(tools, place, 'second', stops);
  const address = first.plane.slot.address(null);
  const registry = await startRegistry({ tools, directory: join(place, 'registry'), address, port: 5000 });
  stops.push(async () => await registry.stop());
  for (const one of images) await registry.push(one.directory, imageTag, `vedette/${one.name}:${imageTag}`);
  const artifactory = await new ArtifactoryDouble().start(address);
  stops.push(async () => await artifactory.close());
  report.progress('two nodes');
  const firstNode = await withNode(first, registry);
  await firstNode.node.startServices();
  const without = { facts: {}, lab, tools, registry, artifactory, images, first: firstNode, second: await withNode(second, registry), stops };
  report.progress('the hub, from its image');
  return { ...without, ...(await installHub(without, place)) };
}
