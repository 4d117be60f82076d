/** Station 4: what was admitted runs; its process, file, package, layer, image, registry, build, commit and signer are one chain. */
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ContainerView } from '@vedette/model/api/views';
import { percentile } from '../../report.ts';
import { until } from '../../until.ts';
import { vedette } from '../command.ts';
import { turningPackage } from '../images.ts';
import type { LabCluster, Scene } from '../scene.ts';

export const shop = 'shop';

export function deployment(name: string, image: string, node: string, more: object = {}) {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: shop },
    spec: {
      replicas: 1, selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { nodeName: node, terminationGracePeriodSeconds: 1, automountServiceAccountToken: false, containers: [{ name: 'app', image, imagePullPolicy: 'Always', ...more }] } },
    },
  };
}

export async function applied(cluster: LabCluster, object: object): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await cluster.plane.client.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object), accept: [1] });
  return { code, text: stdout + stderr };
}

export interface Callee {
  readonly address: string;
  /** How often each Pod has called so far. */
  calls(pod: string): number;
}

/** Whom the shop calls: on this machine, at an address that Pods reach. */
async function callee(scene: Scene): Promise<Callee> {
  const counts = new Map<string, number>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => counts.set(data.toString().trim(), (counts.get(data.toString().trim()) ?? 0) + 1));
  });
  const host = scene.first.plane.slot.address(null);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  scene.stops.push(async () => void server.close());
  return { address: `${host}:${(server.address() as AddressInfo).port}`, calls: (pod) => counts.get(pod) ?? 0 };
}

/** The container of a workload as the hub has it, its packages known. */
export async function containerOf(scene: Scene, cluster: LabCluster, workload: string, fits: (one: ContainerView) => boolean = () => true): Promise<ContainerView> {
  const { value } = await until(async () => {
    const { items } = await scene.api.call('listContainers', { query: { limit: 200 } });
    return items.find((one) => one.hostname === cluster.node.name && one.workload.endsWith(workload) && one.identity === 'known' && one.name === 'app' && fits(one));
  }, 60_000, 250);
  if (value === null) throw new Error(`no container of ${workload} in ${cluster.name} is at the hub: ${JSON.stringify((await scene.api.call('listContainers', { query: { limit: 200 } })).items.map((one) => [one.hostname, one.workload, one.identity, one.packages]))}`);
  return value;
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab, registry } = scene;
  const { report } = lab;
  await first.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } });
  const call = await callee(scene);
  facts.callee = call;
  // the first revision of the shop is one without the package that turns bad: there is something to roll back to
  for (const [name, image] of [['cart', 'twin:1.1'], ['twin', 'twin:1.1'], ['cart', 'cart:1.1']] as const) {
    const answer = await applied(first, deployment(name, `${registry.host}/shop/${image}`, first.node.name, { env: [{ name: 'CALL', value: call.address }] }));
    report.row(`${name} with ${image}, signed and from the trusted registry, is let in`, 0, answer.code, answer.text);
  }
  const cart = await containerOf(scene, first, 'cart', (one) => one.packages !== null && one.platformDigest === facts.images!.good.platformDigest);
  const twin = await containerOf(scene, first, 'twin', (one) => one.packages !== null);
  facts.cart = cart;
  facts.twin = twin;
  report.row('its container is at the hub with pod, workload and digest', [facts.images!.good.platformDigest, `${shop}/cart`], [cart.platformDigest, cart.workload], cart);
  const { value: loaded } = await until(async () => {
    const { items } = await api.call('listContainerPackages', { params: { id: cart.id }, query: { search: turningPackage.name, limit: 50 } });
    return items.find((one) => one.name === turningPackage.name && one.loaded.state === 'yes');
  }, 30_000, 500);
  report.row(`${turningPackage.name} is loaded there`, turningPackage.version, loaded?.version ?? 'not seen loaded', loaded);
  await chain(scene, cart);
}

async function chain(scene: Scene, cart: ContainerView): Promise<void> {
  const { api, lab } = scene;
  const { report } = lab;
  const known = ['process', 'file', 'image', 'registry', 'build', 'commit', 'signer'];
  const processes = (await api.call('listProcesses', { query: { container: cart.id, limit: 50 } })).items;
  const main = processes.find((one) => one.path === '/usr/bin/node');
  if (main === undefined) throw new Error(`no process of the shop is at the hub: ${JSON.stringify(processes)}`);
  const path = `/srv/app/node_modules/${turningPackage.name}/lodash.js`;
  const { value: trace } = await until(async () => {
    const found = await api.call('trace', { query: { process: main.key, path } });
    return known.every((station) => found.chain.find((one) => one.station === station)?.state === 'known') ? found : null;
  }, 60_000, 1000);
  const shown = trace ?? (await api.call('trace', { query: { process: main.key, path } }));
  for (const station of ['process', 'file', 'package', 'layer', 'image', 'registry', 'build', 'commit', 'signer']) {
    const link = shown.chain.find((one) => one.station === station);
    report.row(`chain: ${station} is known, with source and confidence`, 'known', link?.state ?? 'no such station', link, link?.state === 'known' && link.claims.length > 0 && link.confidence !== null);
  }
  for (const [station, what] of [['commit', 'commit'], ['build', 'run']] as const) {
    const link = shown.chain.find((one) => one.station === station);
    report.row(`the ${what} comes from the check and from build info, and both agree`, true, link?.agreements.some((one) => one.includes('build info') && one.includes('the check in CI')) ?? false, link);
  }
  // measured for itself by npm run bench; here two control planes and two nodes have the same processors
  const took: number[] = [];
  for (let turn = 0; turn < 10; turn++) took.push((await api.call('trace', { query: { process: main.key, path } })).tookMs);
  report.aim('the chain is put together from stored facts, median ms', 50, percentile(took, 0.5), took);
  const token = join(lab.place, 'reader-token');
  const { secret } = await api.call('createToken', { body: { name: 'reader', grants: [{ role: 'viewer', place: 'all' }] } });
  writeFileSync(token, secret, { mode: 0o600 });
  const said = await vedette(scene, ['trace', cart.image ?? '', '--hub', scene.hub.url, '--token-file', token]);
  report.row('vedette trace says the same', true, said.code === 0 && said.stdout.includes('4f2d9c1b7a6e') && /cart/.test(said.stdout), said.stdout + said.stderr);
}
