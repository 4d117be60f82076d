/**
 * Images, trace and settings as people see them: a real hub and PostgreSQL, a registry and the double of Artifactory that answer on loopback, containers as
 * a sensor would report them. Every page must say what is true, in light and dark and on a phone, without errors and without a fault that axe
 * knows; then a person adds an integration that does not work, reads why, and mends it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { execution, record, sampleBoot } from '@vedette/hub/wire-sample';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { pushImage, TestRegistry } from '@vedette/origin/testing/registry';
import { ArtifactoryDouble } from '../artifactory/double.ts';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import type { PageWatch } from './watch.ts';
import { waitWords } from './words.ts';

const waitMs = 5000;
const commit = 'b1946ac92492d2347c6235b4d2611184b1946ac9';
const registry = await new TestRegistry().start();
const double = await new ArtifactoryDouble().start();
const ours = makeKeyPair();
let hub: SampleHub;
let shownConsole: SampleConsole;
let watch: PageWatch;
let page: Page;
let processKey: string;

async function fill(): Promise<void> {
  const labels = { 'org.opencontainers.image.revision': commit, 'org.opencontainers.image.source': 'https://git.example/team/web' };
  const web = pushImage(registry, 'team/web', '1.4', { labels });
  const cart = pushImage(registry, 'team/cart', '2.0', { labels, layer: 'cart' });
  const bare = pushImage(registry, 'team/batch', '7', { layer: 'batch' });
  for (const [name, one] of [['team/web', web], ['team/cart', cart]] as const) pushSignatureTag(registry, name, one.digest, [simpleSignature(ours.privateKey, simplePayload('x', one.digest))]);
  double.content.repository('docker-local');
  for (const [name, tag, number, digest, revision] of [['team/web', '1.4', '33', web.digest, commit], ['team/cart', '2.0', '12', cart.digest, '4e07408562bedb8b60ce05c1decfe3ad16b72230']] as const) {
    const pushed = double.content.push('docker-local', name, tag, [{ architecture: 'amd64', layer: name }], { 'build.name': name.slice(5), 'build.number': number });
    double.content.items = double.content.items.map((one) => (`sha256:${one.sha256}` === pushed.digest ? { ...one, sha256: digest.slice(7) } : one));
    double.content.publish({ name: name.slice(5), number, vcs: [{ revision }], modules: [{ id: name, artifacts: [{ sha256: digest.slice(7) }] }] });
  }
  const sensor = await sampleSensor(hub.database, { hostname: 'demo-host' });
  const container = (id: string, name: string, image: string, platformDigest: string) => record.container({ containerId: id.repeat(64), name, imageName: `${registry.host}/${image}`, platformDigest });
  await sensor.send([
    container('a', 'web', 'team/web:1.4', web.digest), container('b', 'cart', 'team/cart:2.0', cart.digest), container('c', 'batch', 'team/batch:7', bare.digest),
    record.container({ containerId: 'd'.repeat(64), name: 'proxy', imageName: 'docker.io/library/nginx:1.27', platformDigest: `sha256:${'7'.repeat(64)}` }),
    record.inventory({ containerId: 'a'.repeat(64), platformDigest: web.digest }),
    record.started(execution({ tgid: 4711, path: '/opt/node_modules/left-pad/bin', command: 'left-pad', containerId: 'a'.repeat(64) })),
  ]);
  processKey = `${sampleBoot}-4711-1000000000-1`;
  pushImage(registry, 'team/batch', '7', { layer: 'another batch' });
}

async function settled(): Promise<void> {
  const token = await hub.tokenFor('admin');
  const put = async (name: string, body: object) => assert.equal((await hub.ask('PUT', `/api/v1/integrations/${name}`, { token, body })).status, 200);
  await put('main-registry', { kind: 'registry', settings: { host: registry.host, trusted: ['team'] } });
  await put('release-key', { kind: 'cosign-key', settings: { pem: ours.pem } });
  await put('artifactory', { kind: 'artifactory', settings: { url: double.url }, secret: 'admin-token' });
  await hub.origin.tracer.readNames();
  const { items } = (await hub.ask('GET', '/api/v1/images', { token })).json as unknown as { items: { id: string }[] };
  for (const one of items) await hub.origin.askNow(Number(one.id));
}

before(async () => {
  shownConsole = await sampleConsole({ waitMs, config: { origin: { everyMinutes: 10_000 } } });
  ({ hub, page, watch } = shownConsole);
});
after(async () => {
  await shownConsole?.end();
  await Promise.all([registry.close(), double.close()]);
});

async function says(...words: readonly RegExp[]): Promise<void> {
  for (const one of words) await waitWords(page, one);
}

test('before anything is known, each page says what is missing and what to do', async () => {
  await page.goto(`${hub.url}/images`);
  await says(/No image is known yet/, /vedette check --hub/, /Integrations/);
  await page.goto(`${hub.url}/settings`);
  await says(/The hub may ask nobody yet/, /No registry may be asked/, /There is no key to check signatures with/);
  await page.goto(`${hub.url}/trace`);
  await says(/Choose what to trace/);
});

test('every page says what is true, in both themes and on a phone', async () => {
  await fill();
  await settled();
  const visits: [name: string, path: string, says: readonly RegExp[]][] = [
    ['images', '/images', [/Something is wrong with 3 of 4 running images/, /Tag moved/, /sources contradict/, /web #33/, new RegExp(commit.slice(0, 12))]],
    ['image', await pathTo('team/web'), [/Everything that was asked about .*holds|is known of/, /release-key/, /build info \(web #33\), recorded/, /Tag moved/, /demo-host/]],
    ['image-conflict', await pathTo('team/cart'), [/contradicts itself/, /Contradiction\./, /4e07408/, new RegExp(commit)]],
    ['image-violated', await pathTo('team/batch'), [/tag moved, unsigned|unsigned/, /find out who pushed/, /expected/]],
    ['image-unknown', await pathTo('nginx'), [/untrusted registry/i, /not configured: the registry docker\.io is not among the integrations/, /Add it under Settings → Integrations/]],
    ['trace', `/trace?process=${encodeURIComponent(processKey)}`, [/left-pad \(pid 4711\) on demo-host: 8 of 9 stations are known|left-pad \(pid 4711\)/, /left-pad 1\.0\.0/, /which layer brought left-pad/, /web #33/]],
    ['settings', '/settings', [/3 integrations/, /main-registry/, /trusted: team/, /secret kept/]],
  ];
  const faults: string[] = [];
  for (const [name, path, words] of visits) {
    for (const [look, width, height] of [['light', 1280, 1000], ['dark', 1280, 1000], ['phone', 390, 844]] as const) {
      watch.at(`${name} ${look}`);
      await page.emulateMedia({ colorScheme: look === 'dark' ? 'dark' : 'light' });
      await page.setViewportSize({ width, height });
      await page.goto(`${hub.url}${path}`);
      if (look === 'phone') await page.locator('h1').waitFor();
      else await says(...words);
      await screenshot(page, pictures, `origin-${name}-${look}`);
      faults.push(...await watch.faults(), ...await watch.wide(), ...(look === 'phone' ? [] : await watch.axe()));
    }
  }
  assert.deepEqual(faults, []);
});

async function pathTo(part: string): Promise<string> {
  const { items } = (await hub.ask('GET', '/api/v1/images', { token: await hub.tokenFor('viewer') })).json as unknown as { items: { id: string; reference: string }[] };
  return `/images/${items.find((one) => one.reference.includes(part))!.id}`;
}

test('a person adds what does not work, reads why, and mends it', async () => {
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${hub.url}/settings`);
  await page.getByTestId('add-xray').click();
  await page.getByLabel('Name').fill('xray');
  await page.getByLabel('Address of Xray').fill(double.url);
  await page.getByLabel('Token').fill('wrong-token');
  await page.getByTestId('save-integration').click();
  await says(/the credentials were refused \(401\)/, /give a new one/);
  await screenshot(page, pictures, 'origin-settings-refused-light');
  await page.getByLabel('Change xray').click();
  await page.getByLabel(/^Token/).fill('admin-token');
  await page.getByTestId('save-integration').click();
  await says(/Xray 3\.131\.20/);
  assert.ok(!(await page.content()).includes('admin-token'));
});
