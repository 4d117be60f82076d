/**
 * Station 11: every page of the console shows the road, to somebody at a desk by day and by night and on a phone. First the road gets what
 * pages show and nobody has made so far: an exception, and a run that waits for approval. The pages come from the console's own table.
 */
import { join } from 'node:path';
import { projectRoot } from '../../borders/borders.ts';
import { Browser, signIn } from '../../browser/browser.ts';
import { pagesWithoutStop, Tour, type Stop } from '../../browser/tour.ts';
import { ApiClient } from '../../product/client.ts';
import { until } from '../../until.ts';
import { stopsOf, type Known } from '../console-pages.ts';
import { turningPackage } from '../images.ts';
import { adminPassword, namespace, release, type Scene } from '../scene.ts';
import { applied, deployment } from './run.ts';
import { policyName } from './turns-bad.ts';

const playbook = 'road-contain';
const exception = 'minimist-in-worker';
/** A part that says nothing for so long counts as silent. */
const silentMs = 240_000;

const exceptionText = (until: string): string => `apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata: { name: ${exception} }
spec:
  scope: { policies: [no-critical-with-fix], packages: [${turningPackage.name}], images: ["*/shop/twin"] }
  reason: The twin carries it and never loads it; the next base image leaves it out.
  owner: team shop
  expiresAt: ${until}
`;

function found<T>(what: string, value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error(`${what} is not at the hub`);
  return value;
}

/** What pages show and the stations before have not made. */
async function prepare(scene: Scene, violation: string): Promise<{ readonly waiting: string }> {
  const { api } = scene;
  const until_ = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  await api.call('putException', { params: { name: exception }, body: { yaml: exceptionText(until_) } });
  // somebody else has to approve than who began it
  const { secret } = await api.call('createToken', { body: { name: 'ines', grants: [{ role: 'admin', place: 'all' }] } });
  const run = await new ApiClient(scene.hub.url, secret).call('startResponse', { body: { playbook, event: violation, dryRun: false } });
  await until(async () => (await api.call('getResponse', { params: { id: run.id } })).waiting !== null, 20_000, 250);
  return { waiting: run.id };
}

/** The cart with what has turned bad runs, whatever the station before left: at the door the policy that would refuse it only watches meanwhile. */
async function badCart(scene: Scene): Promise<() => Promise<void>> {
  const { api, facts, first, registry } = scene;
  const name = 'no-critical-with-fix';
  const { mode } = await api.call('getPolicy', { params: { name } });
  await api.call('setPolicyMode', { params: { name }, body: { mode: 'shadow' } });
  const cart = deployment('cart', `${registry.host}/shop/cart:1.1`, first.node.name, { env: [{ name: 'CALL', value: facts.callee!.address }] });
  await until(async () => (await applied(first, cart)).code === 0, 20_000, 500);
  return async () => void (await api.call('setPolicyMode', { params: { name }, body: { mode } }));
}

async function silentCluster(scene: Scene): Promise<string> {
  await scene.second.plane.client.patch('apps/v1', 'Deployment', `${release}-cluster`, namespace, { spec: { replicas: 0 } });
  const { id } = found('the second cluster', (await scene.api.call('listClusters', {})).items.find((one) => one.name === scene.second.name));
  const { value } = await until(async () => (await scene.api.call('posture', { query: { cluster: id } })).clusters[0]?.cutOff === true, silentMs, 2000);
  found('the silence of the second cluster', value);
  return id;
}

async function knownOf(scene: Scene): Promise<Known> {
  const { api, facts, first } = scene;
  const { value: violation } = await until(async () => (await api.call('listViolations', { query: { policy: policyName, state: 'open', verdict: 'violated' } })).items[0], 60_000, 500);
  const open = found('an open violation', violation);
  const { value: cart } = await until(async () => (await api.call('listContainers', { query: { limit: 200 } })).items.find((one) => one.hostname === first.node.name && one.workload.endsWith('/cart') && one.name === 'app' && one.platformDigest === facts.images!.good.platformDigest && one.packages !== null), 60_000, 500);
  const container = found('the container of the cart', cart).id;
  const { value: main } = await until(async () => (await api.call('listProcesses', { query: { container, limit: 50 } })).items.find((one) => one.path === '/usr/bin/node'), 30_000, 500);
  const images = (await api.call('listImages', { query: { limit: 100 } })).items;
  const clusters = (await api.call('listClusters', {})).items;
  const responses = (await api.call('listResponses', { query: { playbook, state: 'all' } })).items;
  return {
    container, process: found('the process of the cart', main).key, node: found('the container of the cart', cart).node, policy: policyName, playbook, exception, violation: open.id, digest: open.platformDigest,
    incident: found('a stopped execution', (await api.call('listIncidents', { query: { kind: 'verdict', source: policyName, state: 'all' } })).items.find((one) => one.outcome === 'killed')).id,
    control: found('a failed control', (await api.call('listControls', { query: { state: 'failed' } })).items[0]).name,
    image: found('the image of the cart', images.find((one) => one.reference.endsWith('/shop/cart:1.1'))).id,
    movedImage: found('the image with the moved tag', images.find((one) => one.reference.includes('/shop/moved'))).id,
    response: found('the run of the playbook', responses.find((one) => one.state === 'done')).id,
    sensor: found('the sensor of the first node', (await api.call('listSensors', {})).items.find((one) => one.hostname === first.node.name)).id,
    firstCluster: found('the first cluster', clusters.find((one) => one.name === first.name)).id,
    secondCluster: await silentCluster(scene), ...await prepare(scene, open.id),
  };
}

async function faultsAt(tour: Tour, stop: Stop): Promise<readonly string[]> {
  return await tour.faultsAt(stop).catch((error: unknown) => [error instanceof Error ? error.message : String(error)]);
}

async function walk(scene: Scene, stops: readonly Stop[]): Promise<void> {
  const { report, place } = scene.lab;
  const browser = await Browser.start();
  try {
    const page = await browser.page();
    const pictures = { directory: join(place, 'screenshots'), docs: process.env['UPDATE_SCREENSHOTS'] === '1' ? join(projectRoot(), 'docs', 'screenshots') : null };
    const tour = await Tour.on(page, scene.hub.url, pictures);
    report.row('page sign-in', [], await faultsAt(tour, { name: 'sign-in', path: '/sign-in', says: [/Sign in/] }));
    await signIn(page, scene.hub.url, 'admin', adminPassword);
    for (const stop of stops) report.row(`page ${stop.name}: ${stop.path.split('?')[0]}`, [], await faultsAt(tour, stop));
  } finally {
    await browser.stop();
  }
}

export async function play(scene: Scene): Promise<void> {
  const takeBack = await badCart(scene);
  try {
    const known = await knownOf(scene);
    const stops = stopsOf(known);
    scene.lab.report.row('every page of the console is visited', ['signIn'], pagesWithoutStop(stops));
    await walk(scene, stops).finally(async () => await scene.api.call('cancelResponse', { params: { id: known.waiting } }));
  } finally {
    await takeBack();
  }
}
