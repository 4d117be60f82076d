/**
 * Responses as people see them, on a real hub and PostgreSQL, with a receiver of signed CloudEvents on loopback and a cluster part and a sensor that speak by the real contract:
 * a critical incident begins a run, it waits, a person approves, the cluster part does it, the person takes it back. Light, dark and on a phone.
 */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { create } from '@bufbuild/protobuf';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { effectSetOf } from '@vedette/hub/ingest/effects';
import { sampleSensor, type SampleSensor } from '@vedette/hub/sensor-sample';
import { record } from '@vedette/hub/wire-sample';
import { EffectReportSchema } from '@vedette/model/wire/generated/record_pb';
import { until } from '../until.ts';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import type { PageWatch } from './watch.ts';

const events: { id: string; signed: boolean }[] = [];
const container = 'a'.repeat(64);
const playbook = `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata:
  name: contain
spec:
  description: Tells the SIEM, and takes the pod from the network once somebody has approved it.
  mode: enforce
  trigger:
    on: incident
    when: incident.kind == "verdict" && pod.name != ""
  steps:
    - name: tell
      kind: webhook
      with: {integration: siem}
    - name: isolate
      kind: isolate-pod
      approval: required
    - name: shrink
      kind: scale-to-zero
`;
let hub: SampleHub;
let shownConsole: SampleConsole;
let watch: PageWatch;
let page: Page;
let receiver: Server;
let part: SampleSensor;
let token = '';
const faults: string[] = [];

async function fill(): Promise<void> {
  receiver = createServer((request, response) => {
    request.resume().once('end', () => {
      events.push({ id: String(request.headers['idempotency-key']), signed: /^t=\d+,v1=[0-9a-f]{64}$/.test(String(request.headers['vedette-signature'])) });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  token = await hub.tokenFor('admin');
  part = await sampleSensor(hub.database, { cluster: 'shop-cluster', part: 'cluster' });
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/events`;
  assert.equal((await hub.ask('PUT', '/api/v1/integrations/siem', { token, body: { kind: 'webhook', settings: { url }, secret: 'shared' } })).status, 200);
  assert.equal((await hub.ask('PUT', '/api/v1/playbooks/contain', { token, body: { yaml: playbook } })).status, 200);
  const sensor = await sampleSensor(hub.database, { cluster: 'shop-cluster', hostname: 'node-1', bootedAt: new Date() });
  await sensor.send([record.container({ containerId: container, name: 'web', podName: 'web-7d9f-x2x', podNamespace: 'shop', podUid: 'uid-1', workloadKind: 'Deployment', workloadName: 'web' })]);
  await sensor.send([record.verdict({ containerId: container })], 'detection');
}

before(async () => {
  shownConsole = await sampleConsole({ fill: async (started) => { hub = started; await fill(); } });
  ({ page, watch } = shownConsole);
});
after(async () => {
  await shownConsole?.end();
  receiver?.close();
});

/** Does what is asked of the cluster part, once. */
async function clusterPart(state: string, detail: string): Promise<string> {
  const found = await until(async () => {
    const asked = await effectSetOf(hub.database, { kind: 'cluster', clusterId: part.clusterId, nodeId: '' });
    return asked[0];
  }, 10_000);
  assert.ok(found.value !== null, 'nothing was asked of the cluster part');
  const value = create(EffectReportSchema, { effectId: found.value.effectId, undo: found.value.undo, state, detail, evidenceJson: '{"policy":{"name":"vedette-isolate"},"network":"not-enforced"}', atMs: 1n });
  assert.equal((await part.send([{ kind: { case: 'effect', value } } as never], 'detection')).kind, 'accepted');
  return found.value.effectId;
}

/** What the part says of an effect after its end. */
async function later(effectId: string, state: string, detail: string): Promise<void> {
  const value = create(EffectReportSchema, { effectId, state, detail, atMs: BigInt(Date.now()) });
  assert.equal((await part.send([{ kind: { case: 'effect', value } } as never], 'detection')).kind, 'accepted');
}

async function pictured(name: string): Promise<void> {
  watch.at(name);
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await screenshot(page, pictures, `${name}-${theme}`);
    faults.push(...await watch.faults(), ...await watch.axe());
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await page.locator('h1').waitFor();
  faults.push(...await watch.wide());
  await screenshot(page, pictures, `${name}-phone`);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

test('a run waits; somebody approves; it is done, read back and taken back', async () => {
  await page.goto(`${hub.url}/responses`);
  await page.getByTestId('waiting-run').waitFor();
  assert.match(await page.getByTestId('waiting-run').innerText(), /isolate: isolate the pod by a NetworkPolicy\s+pod shop\/web-7d9f-x2x/);
  assert.match(await page.getByTestId('rail-responses').innerText(), /1/);
  await pictured('responses');
  await page.getByTestId('approve').click();
  const isolated = await clusterPart('applied', 'applied, not enforced: no agent of the cluster enforces NetworkPolicies');
  await clusterPart('refused', 'nothing is ever changed in the namespace shop');
  await later(isolated, 'failed', 'it ended by itself: somebody removed the NetworkPolicy');
  const { items } = (await hub.ask('GET', '/api/v1/responses', { token })).json as unknown as { items: { id: string }[] };
  await page.goto(`${hub.url}/responses/${items[0]!.id}`);
  await page.getByText('nothing is ever changed in the namespace shop').first().waitFor();
  await page.getByTestId('effect-later').getByText('it ended by itself').waitFor();
  await page.getByTestId('effect').nth(1).locator('summary').click();
  await pictured('response');
  await page.getByTestId('undo').click();
  await page.getByTestId('undo-now').click();
  await clusterPart('applied', 'label and NetworkPolicy are removed, read back');
  await page.getByText('Taken back by').waitFor();
  assert.equal(events.length, 1);
  assert.ok(events[0]?.signed);
  const audit = await hub.database.query("select action from audit where object like 'response:%' order by id");
  const actions = (audit.rows as { action: string }[]).map((one) => one.action);
  for (const action of ['response.begin', 'response.effect', 'response.approve', 'response.undo', 'response.end']) assert.ok(actions.includes(action), `${action} is not in the audit log: ${actions.join()}`);
});

test('playbooks: the list, the text, what one would have done, and running one by hand', async () => {
  await page.goto(`${hub.url}/playbooks`);
  await page.getByText('contain', { exact: true }).first().waitFor();
  await pictured('playbooks');
  await page.goto(`${hub.url}/playbooks/contain`);
  await page.getByTestId('try').click();
  await page.getByTestId('tried-result').waitFor();
  await pictured('playbook');
  await page.goto(`${hub.url}/incidents/1`);
  await page.getByTestId('respond').click();
  await page.getByTestId('tried-result').waitFor();
  await screenshot(page, pictures, 'respond-light');
  await page.getByTestId('dry-run').click();
  await page.getByTestId('response').waitFor();
  await page.getByText('dry run: nothing was sent').first().waitFor();
});

test('nothing went wrong meanwhile', () => {
  assert.deepEqual(faults, []);
});
