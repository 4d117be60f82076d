/**
 * Admission as people see it: a real hub with PostgreSQL that was told of decisions and of who came in, and Chromium. Every page says
 * what is true, says no error, moves nothing, passes axe in light and dark, and fits a phone.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { SampleHub } from '@vedette/hub/hub-sample';
import { sampleSensor } from '@vedette/hub/sensor-sample';
import { execution, record } from '@vedette/hub/wire-sample';
import { AdmissionDecisionSchema, ExecSessionSeenSchema, RecordSchema } from '@vedette/model/wire/generated/record_pb';
import type { Page } from 'playwright-core';
import { until } from '../until.ts';
import { pictures, screenshot } from './browser.ts';
import { sampleConsole, type SampleConsole } from './sample-console.ts';
import { neverSaid } from './visits.ts';
import type { PageWatch } from './watch.ts';

const waitMs = 5000;

let hub: SampleHub;
let shownConsole: SampleConsole;
let page: Page;
let watch: PageWatch;


const finding = { policy: 'no-critical-with-fix', rule: 'fixed', mode: 'enforce', action: 'deny', verdict: 'violated', sentence: 'CVE-2021-44906 (critical) in minimist 1.2.5, fixed in 1.2.6.', fix: 'upgrade minimist 1.2.5 to 1.2.6', exception: '' };
const container = 'c'.repeat(64);

function decided(requestUid: string, more: MessageInitShape<typeof AdmissionDecisionSchema>) {
  const value = create(AdmissionDecisionSchema, { requestUid, atMs: BigInt(Date.now() - 60_000), user: 'alice', operation: 'CREATE', kind: 'Deployment', namespace: 'shop', name: 'cart', allowed: true, images: [{ reference: 'registry.example/shop/cart:1', digest: `sha256:${'a'.repeat(64)}`, findings: [] }], ...more });
  return create(RecordSchema, { kind: { case: 'admission', value } });
}

function cameIn(sessionId: string, user: string, more: MessageInitShape<typeof ExecSessionSeenSchema> = {}) {
  return create(RecordSchema, { kind: { case: 'execSession', value: create(ExecSessionSeenSchema, { sessionId, user, groups: [], namespace: 'shop', pod: 'cart-1', container: 'main', command: ['sh', '-c', 'id'], admittedAtMs: BigInt(Date.now() - 30_000), ...more }) } });
}

async function fill(): Promise<void> {
  const images = [{ reference: 'registry.example/shop/cart:1', digest: '', findings: [finding] }];
  const part = await sampleSensor(hub.database, { cluster: 'east', part: 'cluster' });
  await part.send([
    decided('u1', { allowed: false, message: 'Vedette refuses Deployment shop/cart. Container main: registry.example/shop/cart:1 was refused at deployment by the policy no-critical-with-fix.', images, repeats: 6 }),
    decided('u2', { name: 'search', failedOpenReason: 'signed/by-us: Not known: image.signatures (no registry was asked for signatures).', warnings: ['vedette signed: container main: Not known: image.signatures'] }),
    decided('u3', { name: 'front', warnings: ['vedette no-moving-tag: container main: The image is named by the tag latest (image.tag).'] }), decided('u4', { name: 'mail', images: [{ ...images[0]!, findings: [{ ...finding, mode: 'shadow' }] }] }), decided('u5', { name: 'web' }),
    decided('u6', { name: 'away', allowed: false, message: 'Vedette refuses Deployment shop/away.', images: [{ ...images[0]!, factsAgeSeconds: 2100 }] }),
    cameIn('s1', 'alice'), cameIn('s2', 'bob', { attach: true, command: [] }),
  ] as never, 'detection');
  const sensor = await sampleSensor(hub.database);
  await sensor.send([record.coverage(), record.container({ containerId: container, name: 'cart' })]);
  const users = (...names: readonly string[]) => names.map((user) => ({ sessionId: user, user, attached: false }));
  await sensor.send([record.started(execution({ tgid: 90, containerId: container, path: '/bin/sh', arguments: ['sh'], kubernetesUsers: users('alice', 'bob') })), record.started(execution({ tgid: 91, containerId: container }))]);
  const tree = (users: readonly string[]) => ({ containerId: container, tree: [execution({ tgid: 90, containerId: container, kubernetesUsers: users.map((user) => ({ sessionId: user, user, attached: false })) })] });
  await sensor.send([record.detection({ detectionId: 'd1', ...tree(['alice']) }), record.detection({ detectionId: 'd2', ...tree(['bob']) }), record.detection({ detectionId: 'd3', ...tree(['alice', 'bob']) })], 'detection');
}

before(async () => {
  shownConsole = await sampleConsole({ waitMs, fill: async (started) => { hub = started; await fill(); } });
  ({ page, watch } = shownConsole);
});
after(() => shownConsole?.end());

async function shown(): Promise<string> {
  return (await page.locator('body').innerText()).replace(/\s+/g, ' ');
}

async function says(words: RegExp): Promise<void> {
  const { value } = await until(async () => words.test(await shown()), waitMs, 50);
  assert.ok(value, `${page.url()} does not say ${words}:\n${await shown()}`);
}

const visits: readonly (readonly [name: string, path: string, says: readonly RegExp[]])[] = [
  ['admissions', '/admissions', [/2 workloads were denied, and 1 let in without being judged/, /Denied shop\/cart Deployment no-critical-with-fix: CVE-2021-44906/, /Not judged shop\/search/, /Would be denied shop\/mail/]],
  ['admissions-sessions', '/admissions?show=sessions', [/bob shop\/cart-1 main attached to what runs/, /alice shop\/cart-1 main sh -c id/]],
  ['admissions-denied', '/admissions?outcome=denied&open=1', [/The API server refused it/, /Upgrade minimist 1\.2\.5 to 1\.2\.6/, /As it was told/, /7 times/]],
  ['admissions-stale', '/admissions?outcome=denied&open=6', [/by what was known 35 min before: the hub did not answer/]],
  ['live-users', '/live?view=processes', [/one of alice, bob as root/]],
  ['live-users-found', '/live?view=processes&q=alice', [/one of alice, bob as root/]],
  ['admissions-open', '/admissions?outcome=failed-open&open=2', [/the failure policy of this cluster is Ignore/]],
  ['admissions-filtered', '/admissions?q=zzzz', [/No decision matches/]],
  ['incidents-users', '/incidents', [/All 3 incidents/]],
  ['incident-user', '/incidents/1', [/Came in by kubectl exec: alice\./, /Came in by exec alice/]],
  ['incident-users', '/incidents/3', [/one of alice, bob/]],
  ['coverage-admission', '/coverage', [/1 workload of cluster east was let in without being judged/]],
];

test('admission and who came in: every page says what is true, in light, dark and on a phone', async (context) => {
  for (const [name, path, expected] of visits) {
    await context.test(name, async () => {
      watch.at(name, []);
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

