/**
 * What the lab plays with: a registry with an image in it, one cluster with a node, and (from the act that needs it on) a second
 * cluster. Whatever happens, all is stopped, and rows say that nothing of it is left on the machine.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { interruption } from '../interruption.ts';
import type { LabRun } from '../lab.ts';
import { until } from '../until.ts';
import type { KubernetesClient, KubernetesObject } from './client.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { smallImage, type SmallImage } from './image.ts';
import { startNode, type KubernetesNode } from './node.ts';
import { startRegistry, type Registry } from './registry.ts';
import { sweepDead } from './slot.ts';
import { leftoversOf } from './sweep.ts';
import { buildTools, versionsOf, type Tools } from './tools.ts';

export const registryHost = 'registry.test';
export const hello = 'hello from a Pod';

export interface Scene {
  readonly lab: LabRun;
  readonly tools: Tools;
  readonly registry: Registry;
  readonly image: SmallImage;
  readonly cluster: ControlPlane;
  readonly node: KubernetesNode;
  readonly signal: AbortSignal;
  /** Stopped before everything else, last first. */
  readonly stops: (() => Promise<void>)[];
}

/** A web server that says hello, with what a Debian and an npm application would have. */
async function webImage(tools: Tools): Promise<SmallImage> {
  return await smallImage(tools, {
    name: 'web', command: ['httpd', '-f', '-p', '8080', '-h', '/srv/www'], files: { '/srv/www/index.html': `${hello}\n` },
    debianPackages: [{ name: 'openssl', version: '3.0.11-1~deb12u1' }], npmPackages: { lodash: '4.17.15' },
  });
}

export function webDeployment(namespace: string, image: string): KubernetesObject {
  const labels = { app: 'web' };
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image }] };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } } };
}

interface PodStatus {
  readonly phase?: string;
  readonly containerStatuses?: readonly { readonly imageID?: string; readonly containerID?: string }[];
}

export function statusOf(pod: KubernetesObject): PodStatus {
  return (pod['status'] ?? {}) as PodStatus;
}

/** The first Pod of a namespace that runs. */
export async function runningPod(client: KubernetesClient, namespace: string, timeoutMs = 30_000): Promise<{ readonly pod: KubernetesObject | null; readonly ms: number }> {
  const { value, ms } = await until(async () => (await client.list('v1', 'Pod', namespace)).find((pod) => statusOf(pod).phase === 'Running'), timeoutMs, 100);
  return { pod: value, ms };
}

/** Why Pods do not run, as the cluster says it. */
export async function eventsOf(client: KubernetesClient, namespace: string): Promise<string> {
  const events = await client.list('v1', 'Event', namespace);
  return events.map((one) => String(one['message'] ?? '')).slice(-6).join('; ');
}

/** Stops a cluster; with the sabotage its processes are only killed. */
export async function endCluster(lab: LabRun, cluster: ControlPlane): Promise<void> {
  const { number, knowledge } = cluster.slot;
  const begun = performance.now();
  if (lab.sabotage === 'sweep') {
    for (const one of cluster.daemons) await one.stop('SIGKILL');
    lab.report.row(`cluster ${cluster.name}: nothing of it is left on this machine`, [], await leftoversOf(number, null, knowledge));
    return await cluster.stop();
  }
  await cluster.stop();
  lab.report.figure(`milliseconds to stop the cluster ${cluster.name}`, Math.round(performance.now() - begun));
  lab.report.row(`cluster ${cluster.name}: nothing of it is left on this machine`, [], await leftoversOf(number, null, knowledge));
}

async function toolActs({ report }: LabRun, tools: Tools): Promise<void> {
  const versions = await versionsOf(tools);
  report.row('the programs of Kubernetes, cosign and helm are there and run', { kubernetes: true, cosign: true, helm: true }, {
    kubernetes: versions['kubernetes'] === '1.36.3', cosign: versions['cosign'] === '2.6.5', helm: versions['helm'] === '3.22.0',
  }, versions);
  report.figure('versions', Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', '));
}

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const { report, place } = lab;
  const stop = interruption();
  const stops: (() => Promise<void>)[] = [];
  const later: (() => Promise<void>)[] = [];
  try {
    report.say('Setting the scene');
    const swept = await sweepDead();
    if (swept.length > 0) report.progress(`swept what earlier labs left in slots ${swept.join(', ')}`);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    report.progress('the programs (compiled when they are not in the cache, which takes several minutes)');
    const tools = await buildTools((text) => report.progress(text));
    await toolActs(lab, tools);
    stop.signal.throwIfAborted();
    const registry = await startRegistry({ tools, directory: join(place, 'registry') });
    later.push(async () => await registry.stop());
    const image = await webImage(tools);
    const cluster = await startControlPlane({ tools, name: 'first', directory: join(place, 'first') });
    later.push(async () => await endCluster(lab, cluster));
    report.row('the control plane is ready, and its controllers work: there is a default service account', true, (await cluster.client.find('v1', 'ServiceAccount', 'default', 'default')) !== null);
    report.figure('milliseconds until the API server is ready', cluster.startedMs.apiServer);
    report.figure('milliseconds until the controllers work', cluster.startedMs.controllers);
    stop.signal.throwIfAborted();
    const node = await startNode({ cluster, name: 'first-node', index: 0, registryMirrors: { [registryHost]: registry.url } });
    report.row('a real node of it is ready', 'True', readiness(await cluster.client.get('v1', 'Node', node.name)));
    report.figure('milliseconds until the node is ready', node.readyMs);
    await play({ lab, tools, registry, image, cluster, node, signal: stop.signal, stops });
    report.figure('MiB in memory', [...cluster.daemons, ...node.daemons, registry.daemon].map((one) => `${one.name} ${one.rssMiB}`).join(', '));
  } finally {
    for (const one of [...later, ...stops].toReversed()) await one().catch((error: unknown) => report.row('everything could be stopped', 'yes', error instanceof Error ? error.message : String(error), '', false));
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
    stop.forget();
  }
}

export function readiness(node: KubernetesObject): string {
  const { conditions = [] } = (node['status'] ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.find((one) => one.type === 'Ready')?.status ?? 'no condition';
}
