/**
 * The fleet by clusters as people see it: a real hub with PostgreSQL that was told of three clusters (one whole, one with
 * a node that nobody watches and a kind that is forbidden, one silent) and of a plain host, and Chromium. Every page says
 * what is true, says no error, moves nothing, passes axe in light and dark, and fits a phone. What the cluster parts say is
 * made up here; what they really say is proved where there is a real API server.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { reportOf, sampleClusterPart, shopRecords } from '@vedette/hub/cluster-sample';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor, type SampleSensor } from '@vedette/hub/sensor-sample';
import { record } from '@vedette/hub/wire-sample';
import type { Page } from 'playwright-core';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import { neverSaid } from './visits.ts';
import type { PageWatch } from './watch.ts';
import { waitWords, wordsOn } from './words.ts';

const waitMs = 5000;

let hub: SampleHub;
let shownConsole: SampleConsole;
let page: Page;
let watch: PageWatch;
const parts = {} as Record<'east' | 'west' | 'staging', SampleSensor>;

async function fill(): Promise<void> {
  await (await sampleSensor(hub.database, { hostname: 'build-host-1' })).send([record.coverage()]);
  for (const [name, mark] of [['east', 'shop'], ['west', 'mart'], ['staging', 'stage']] as const) {
    parts[name] = await sampleClusterPart(hub.database, { cluster: name });
    await parts[name].send(shopRecords(mark));
  }
  for (const [cluster, hostname] of [['east', 'shop-node-a'], ['east', 'shop-node-b'], ['west', 'mart-node-a']] as const) {
    const sensor = await sampleSensor(hub.database, { cluster, hostname });
    await sensor.send([record.coverage(), ...(hostname === 'shop-node-a' ? [record.container({ containerId: 'web-1-a'.padEnd(64, '0'), name: 'web' })] : [])]);
  }
  const watches = ['Node', 'Namespace', 'Pod', 'Service', 'Ingress'].map((kind) => ({ kind, synced: true, syncedAtMs: BigInt(Date.now()), objects: 2 }));
  await parts.west.send([reportOf({ watches: [...watches, { kind: 'Role', synced: false, problem: 'forbidden: the service account may not list and watch roles' }] })]);
  await hub.database.query("update cluster_report set reported_at = now() - interval '26 minutes' where cluster_id = $1", [parts.staging.clusterId]);
}

before(async () => {
  shownConsole = await sampleConsole({ waitMs, fill: async (started) => { hub = started; await fill(); } });
  ({ page, watch } = shownConsole);
});
after(() => shownConsole?.end());

async function shown(): Promise<string> {
  return await wordsOn(page);
}

async function says(words: RegExp): Promise<void> {
  await waitWords(page, words);
}

const visits = (): readonly (readonly [name: string, path: string, says: readonly RegExp[]])[] => {
  const cluster = (name: keyof typeof parts): string => `/fleet/cluster/${parts[name].clusterId}`;
  return [
    ['fleet-clusters', '/fleet', [/4 of 4 sensors connected/, /2 of 3 clusters need attention/, /staging silent/, /Silent for 26 min/, /west connected 2 nodes, 1 without sensor/, /One node has no sensor: what runs there is not seen/, /Not all is known of Role/, /hosts connected 1 plain host/, /mart-node-b no sensor 0 %/, /All 7 hosts/]],
    ['fleet-one-cluster', `/fleet?cluster=${parts.west.clusterId}`, [/cluster west/, /All 2 hosts/]],
    ['fleet-unwatched', '/fleet?open=Node--mart-node-b', [/Kubernetes knows this node, and no sensor runs on it/, /kubectl describe node mart-node-b/]],
    ['cluster', cluster('east'), [/east runs 4 pods on 2 nodes\./, /web Deployment shop 2 registry.example\/ ?shop\/web ?:1 from outside its containers/, /debug Pod shop 1 .* no privileged/, /All 4 workloads/]],
    ['cluster-workload', `${cluster('east')}?open=shop/Deployment/web`, [/Service front \(LoadBalancer\)/, /web-1-a Running on shop-node-a/, /live/, /web-1-b .* not seen/]],
    ['cluster-namespaces', `${cluster('east')}?tab=namespaces`, [/shop 3 1 baseline/, /kube-system 1 0 nothing/]],
    ['cluster-nodes', `${cluster('west')}?tab=nodes`, [/1 of them has no sensor/, /mart-node-b no sensor not seen 6\.18\.0/]],
    ['cluster-watching', `${cluster('west')}?tab=watching`, [/not enforced: what is written has no effect/, /Role \? forbidden: the service account may not/, /registered, 12 requests answered/]],
    ['cluster-silent', cluster('staging'), [/staging last said that it runs 4 pods on 2 nodes; none has a sensor/, /Silent for 26 min/]],
    ['cluster-filtered', `${cluster('east')}?q=zzzz`, [/No workload matches/]],
    ['no-cluster', '/fleet/cluster/00000000-0000-4000-8000-000000000000', [/There is nothing here/]],
    ['coverage-clusters', '/coverage', [/Cluster staging is silent/, /Node mart-node-b of cluster west is not seen/, /What cluster west has of kind Role is not known/]],
  ];
};

test('every page of the clusters says what is true, in light, dark and on a phone', async (context) => {
  for (const [name, path, expected] of visits()) {
    await context.test(name, async () => {
      watch.at(name, name === 'no-cluster' ? [404] : []);
      await page.goto(`${hub.url}${path}`);
      for (const words of expected) await says(words);
      const text = await shown();
      for (const words of neverSaid) assert.doesNotMatch(text, words);
      const faults = [...await watch.faults(), ...await watch.axe()];
      await screenshot(page, pictures, `${name}-light`);
      await page.emulateMedia({ colorScheme: 'dark' });
      faults.push(...(await watch.axe()).map((one) => `in the dark: ${one}`));
      await screenshot(page, pictures, `${name}-dark`);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 390, height: 844 });
      await screenshot(page, pictures, `${name}-phone`);
      faults.push(...await watch.wide());
      await page.setViewportSize({ width: 1280, height: 800 });
      assert.deepEqual(faults, []);
    });
  }
});

test('a cluster is added by a token that is shown once, and changes come by themselves', async () => {
  watch.at('add a cluster');
  await page.goto(`${hub.url}/fleet`);
  await page.getByTestId('add-cluster').click();
  await page.getByTestId('cluster-name').fill('production');
  await page.getByTestId('make-token').click();
  await says(/helm install vedette deploy\/chart .*--set cluster\.enabled=true .*--set cluster\.hub\.token=vdt1\.\S{50}/);
  await says(/The token in it works once/);
  assert.deepEqual([...await watch.axe(), ...await watch.wide()], []);
  await page.getByRole('button', { name: 'Done' }).click();
  await says(/production nothing reported nothing has joined yet/);
  await page.locator('.badge-live.is-live').waitFor();
  const joined = await sampleClusterPart(hub.database, { cluster: 'production' });
  await joined.send(shopRecords('prod'));
  // The sample part speaks past the hub's own link: something that the hub itself does says that clusters have changed.
  assert.equal((await hub.ask('DELETE', `/api/v1/clusters/${parts.staging.clusterId}`, { token: await hub.tokenFor('operator') })).status, 204);
  await says(/production connected 2 nodes, 2 without sensor/);
});

test('a cluster is removed, with what it runs', async () => {
  watch.at('remove a cluster');
  await page.goto(`${hub.url}/fleet/cluster/${parts.west.clusterId}?tab=watching`);
  await page.getByTestId('remove-cluster').click();
  await says(/it comes back as the same one/);
  assert.deepEqual(await watch.axe(), []);
  await page.getByRole('button', { name: 'Remove west' }).click();
  await says(/1 of 2 clusters needs attention/);
  assert.doesNotMatch(await shown(), /west|mart/);
});
