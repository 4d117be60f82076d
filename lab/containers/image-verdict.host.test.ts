/**
 * The run stage closes its loop on a real kernel: a feed makes a package critical that a container has loaded, and without any
 * deployment the workload is a violation and the next execution in its container is killed before its first instruction, while
 * what runs goes on and the twin without the package executes what it likes.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../until.ts';
import { BadImageScene, policyName, shop, twin } from './bad-image.ts';

let scene: BadImageScene;
before(async () => {
  scene = await BadImageScene.start(7521);
});
after(async () => await scene?.stop());

const incident = async (outcome: string) => (await scene.client.call('listIncidents', { query: { source: policyName } })).items.find((one) => one.outcome === outcome);
const openOnes = async () => (await scene.violations()).filter((one) => one.state === 'open');
const isStopped = async () => (await scene.executions(shop, 1)).code === 137;

test('an image that turns bad while it runs', { timeout: 180_000 }, async () => {
  assert.ok(await scene.waitScanned(), 'both containers are scanned, and lodash is seen loaded');
  // an image whose packages were not read yet is unknown, which is a violation too until it is judged again
  await until(async () => (await openOnes()).length === 0, 10_000);
  assert.deepEqual(await openOnes(), []);
  assert.equal((await scene.executions(shop, 3)).stdout.trim(), '0', 'before the feed changes everything runs');

  await scene.sync('bad');
  const { value: opened } = await until(async () => (await openOnes())[0], 10_000);
  assert.ok(opened, 'no violation');
  assert.deepEqual([opened.workload, opened.verdict, opened.mode, opened.action], [shop, 'violated', 'enforce', 'kill']);
  assert.match(opened.reason, /CVE-2026-90001 \(critical\) in lodash 4\.17\.15/);

  assert.ok((await until(isStopped, 5000)).value, 'the next execution in its container is killed');
  assert.equal((await scene.executions(twin, 1000)).stdout.trim(), '0', 'the twin is not touched');
  const { items } = await scene.client.call('listContainers', { query: {} });
  assert.ok((items.find((one) => one.name === shop)?.processes ?? 0) > 0, 'what ran already goes on');

  const { value: killed } = await until(async () => await incident('killed'), 10_000);
  assert.equal(killed?.containerName, shop);
  assert.match(killed?.summary ?? '', /must not run: CVE-2026-90001/);
  const risk = await scene.client.call('risk', {});
  assert.equal(risk.classic.find((one) => one.kind === 'critical-and-applicable')?.count, 1);
  assert.ok(risk.cards.some((one) => one.kind === 'violation' && one.title.includes(shop)), JSON.stringify(risk.cards.map((one) => one.title)));

  await scene.setPolicy('shadow');
  assert.ok((await until(async () => !(await isStopped()), 5000)).value, 'in shadow it runs again');
  assert.ok((await until(async () => await incident('would-have-killed'), 10_000)).value, 'and what would have been killed is told');

  await scene.setPolicy('enforce');
  assert.ok((await until(isStopped, 5000)).value, 'and enforced it is killed again');
  await scene.sync('good');
  assert.ok((await until(async () => (await scene.violations()).every((one) => one.state === 'closed'), 10_000)).value, 'the feed took it back');
  assert.ok((await until(async () => !(await isStopped()), 5000)).value, 'and the ban is lifted');
});
