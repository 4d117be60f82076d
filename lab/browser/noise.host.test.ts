/**
 * Noise as people meet it, on a real hub and PostgreSQL: a rule over the budget, the proposal beside the list, applied to
 * all sensors and taken back, an incident confirmed. Light, dark and on a phone.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { ruleSet } from '@vedette/hub/store/read-policies';
import { execution, record, seconds, type RecordInit } from '@vedette/hub/wire-sample';
import { until } from '../until.ts';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import type { PageWatch } from './watch.ts';

const rule = 'Read of sources by a compiler';
const ruleText = `- rule: ${rule}\n  desc: d\n  condition: evt.type in (open, openat) and fd.name startswith /src\n  output: "%fd.name"\n  priority: NOTICE\n`;
const containers = { builder: 'b'.repeat(64), shop: 'd'.repeat(64) } as const;
let hub: SampleHub;
let shownConsole: SampleConsole;
let watch: PageWatch;
let page: Page;
const faults: string[] = [];

function read(at: number, where: keyof typeof containers, file: string, user: string, count = 0): RecordInit {
  const image = where === 'builder' ? 'registry.test/ci/builder' : 'registry.test/shop/web';
  const fields = { 'fd.name': file, 'proc.name': 'cc1', 'proc.exepath': '/usr/libexec/gcc/cc1', 'proc.pname': 'gcc', 'user.name': user, 'container.image.repository': image, 'k8s.ns.name': where === 'builder' ? 'ci' : 'shop' };
  return { kind: { case: 'detection', value: {
    detectionId: `d${where}${at}`, rule, priority: 'notice', tags: [], output: `cc1 of ${user} reads ${file}`, atBootNs: seconds(2 + at / 1000), lastBootNs: count > 1 ? seconds(3 + at / 1000) : 0n, containerId: containers[where], eventClass: 'open',
    count: BigInt(count), varied: count > 1 ? ['fd.name'] : [], fields: Object.entries(fields).map(([name, value]) => ({ name, value })), tree: [execution({ tgid: 200, path: '/usr/libexec/gcc/cc1', containerId: containers[where] })],
  } } };
}

async function fill(): Promise<void> {
  assert.equal((await hub.ask('PUT', '/api/v1/rule-files/sources.yaml', { token: await hub.tokenFor('admin'), body: { yaml: ruleText } })).status, 200);
  const sensor = await sampleSensor(hub.database, { cluster: 'shop-cluster', hostname: 'node-1' });
  await sensor.send([
    record.container({ containerId: containers.builder, name: 'builder', imageName: 'registry.test/ci/builder:1', podName: 'nightly-x', podNamespace: 'ci', podUid: 'u1', workloadKind: 'Job', workloadName: 'nightly' }),
    record.container({ containerId: containers.shop, name: 'web', imageName: 'registry.test/shop/web:1', podName: 'web-0', podNamespace: 'shop', podUid: 'u2', workloadKind: 'Deployment', workloadName: 'web' }),
  ]);
  await sensor.send([...Array.from({ length: 40 }, (_, at) => read(at, 'builder', `/src/linux/drivers/f${at}.c`, 'root')), read(100, 'builder', '/src/linux/drivers/one.c', 'root', 29_425), read(101, 'builder', '/etc/ld.so.cache', 'root', 3)], 'detection');
  await sensor.send(Array.from({ length: 14 }, (_, at) => read(at, 'shop', `/src/linux/drivers/f${at}.c`, 'mallory')), 'detection');
}

before(async () => {
  shownConsole = await sampleConsole({ fill: async (started) => { hub = started; await fill(); } });
  ({ page, watch } = shownConsole);
});
after(() => shownConsole?.end());

const body = (): Promise<string> => page.locator('body').innerText();
async function shows(words: RegExp): Promise<void> {
  assert.ok((await until(async () => words.test((await body()).replace(/\s+/g, ' ')), 10_000)).value, `${words} in: ${(await body()).replace(/\s+/g, ' ').slice(700, 3000)}`);
}

/** Each page in both themes: what it says, no error, nothing that axe knows of, nothing that moves. */
async function look(name: string): Promise<void> {
  watch.at(name);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await screenshot(page, pictures, `${name}-${theme}`);
    faults.push(...await watch.faults(), ...await watch.axe());
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 390, height: 844 });
  await screenshot(page, pictures, `${name}-phone`);
  faults.push(...await watch.wide());
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('an incident is confirmed, and the list leads to the noise', async () => {
  await page.goto(`${hub.url}/incidents`);
  await shows(/Noise: 1 over the budget/);
  await page.goto(`${hub.url}/incidents?q=mallory`);
  await page.getByTestId('table-incident').getByText(rule).first().click();
  await page.getByTestId('confirm').click();
  await shows(/Open, nobody has it, confirmed/);
  await look('incident-confirmed');
});

test('over the budget, with a proposal that says what it was tried on; applied to all sensors and taken back', async () => {
  await page.goto(`${hub.url}/noise`);
  await shows(/1 of 2 rules in workloads is over the budget of 100 detections a day/);
  await shows(/over 29,468 29,468 29,468 Read of sources by a compiler ci\/nightly shop-cluster/);
  await look('noise');
  await page.getByTestId('table-noise').getByText(rule).first().click();
  await page.getByTestId('proposal').waitFor();
  await shows(/Hides 29,465 of 29,468 detections of the last 7 days\. It hides none of the 14 confirmed\./);
  await shows(/fd\.name begins with \/src\/linux\/drivers\//);
  await look('noise-proposal');
  await page.getByTestId('apply-proposal').click();
  await page.getByTestId('take-back').waitFor();
  assert.match((await ruleSet(hub.database)).at(-1)?.content ?? '', /Hides 29,465 of 29,468/);
  await page.getByTestId('take-back').click();
  await page.getByTestId('apply-proposal').waitFor();
  assert.equal((await ruleSet(hub.database)).at(-1)?.content, ruleText);
  await page.getByTestId('apply-proposal').click();
  await page.getByTestId('take-back').waitFor();
});

test('the budget is set in one place, and the list goes by it', async () => {
  await page.goto(`${hub.url}/noise`);
  await page.getByTestId('noise-budget').click();
  await page.getByTestId('noise-budget-value').fill('50000');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await shows(/No rule is over the budget of 50,000 detections a day/);
  await shows(/exceptions-read-of-sources-by-a-compiler-[0-9a-f]{8}\.yaml Read of sources by a compiler; by admin/);
  await look('noise-applied');
  assert.deepEqual(faults, []);
});
