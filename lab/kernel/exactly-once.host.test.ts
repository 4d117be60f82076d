/**
 * Ten thousand executions, counted exactly once from the kernel to the API: with the hub away, with hub and sensor killed
 * while they catch up, with the sensor killed in the middle of the storm. And a tree that survives the sensor.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import type { ApiClient } from '../product/client.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { hubPlace, Product } from '../product/product.ts';
import { until } from '../until.ts';
import { act, actsProgram } from './acts.ts';
import { TestCgroup } from './cgroup.ts';

const executions = 10_000;
const place = mkdtempSync(join(tmpdir(), 'vedette-exactly-once-'));
chmodSync(place, 0o755);
const ofHub = hubPlace();
const cgroup = new TestCgroup();
const hub = new Product({ state: ofHub, port: 7461, args: ['--no-sensor'] });
let sensor: JoinedSensor | undefined;
let client: ApiClient;

before(async () => {
  await hub.start();
  client = await hub.client();
  const { token } = await client.call('createJoinToken', { body: {} });
  sensor = new JoinedSensor({ state: join(place, 'sensor'), token, cgroup: cgroup.path });
  await sensor.start();
});
after(async () => {
  await sensor?.stop();
  await hub.stop();
  cgroup.remove();
  for (const one of [place, ofHub]) rmSync(one, { recursive: true, force: true });
});

/** All executions of the acts program in scope, as the API counts them; the two workers joined the scope after their own. */
async function counted(): Promise<number> {
  return (await client.call('listExecutions', { query: { path: actsProgram(), limit: 1 } })).sum;
}

/** Records lost in classes that executions need, as the API shows them. */
async function lost(): Promise<number> {
  const [one] = (await client.call('listSensors', {})).items;
  return one!.losses.filter((loss) => ['exec', 'fork'].includes(loss.eventClass)).reduce((sum, loss) => sum + loss.count, 0);
}

async function storm(): Promise<number> {
  const begun = performance.now();
  const half = executions / 2;
  await Promise.all([act(cgroup, ['execs', actsProgram(), String(half), '0']), act(cgroup, ['execs', actsProgram(), String(half), String(half)])]);
  return performance.now() - begun;
}

async function settled(expected: number): Promise<void> {
  const found = await until(async () => ((await counted()) >= expected ? true : null), 30_000, 100);
  // two more commits: what is counted twice would still arrive
  await sleep(1500);
  assert.equal(await counted(), expected, `after ${found.ms} ms`);
}

test('with the hub stopped, nothing is lost and nothing doubled', { timeout: 120_000 }, async () => {
  await hub.stop();
  const ms = await storm();
  assert.ok(ms < 60_000, `the storm took ${ms} ms`);
  await hub.startAgain();
  await settled(executions);
  assert.equal(await lost(), 0);
});

test('… nor when hub and sensor are killed again and again while they catch up', { timeout: 180_000 }, async () => {
  await hub.stop();
  await storm();
  await hub.startAgain();
  for (const pauseMs of [0, 40, 150, 400]) {
    await sleep(pauseMs);
    for (const pid of hub.pids('hub/main.ts').slice(-1)) process.kill(pid, 'SIGKILL');
    await sleep(pauseMs);
    await sensor!.killSensor();
    await hub.waitReady();
  }
  await settled(executions * 2);
  assert.equal(await lost(), 0);
});

test('killing the sensor during the storm: arrived and lost add up, and nothing is lost while the ring has room', { timeout: 120_000 }, async () => {
  const running = storm();
  for (let i = 0; i < 4; i++) {
    await sleep(400);
    await sensor!.killSensor();
  }
  await running;
  await settled(executions * 3);
  assert.equal(await lost(), 0);
});

test('told to stop right after a storm, it takes along what it had not read yet', { timeout: 120_000 }, async () => {
  for (let round = 4; round < 7; round++) {
    await storm();
    await sensor!.stop();
    await sensor!.startAgain();
    await settled(executions * round);
  }
  assert.equal(await lost(), 0);
});

test('after a restart of the sensor a tree still has ancestors that exited before it', { timeout: 120_000 }, async () => {
  const container = new BareRunc({ directory: join(place, 'container'), id: 'tree', image: await shopImage(), overlay: true, cgroup: `/${cgroup.name}/tree` });
  await container.start();
  try {
    // the first starts the second, the second the third; the first two exit, the third becomes a shell later
    const third = `setTimeout(() => require('node:child_process').execFileSync('/bin/sh', ['-c', 'true']), 6000)`;
    const spawnNext = (script: string) => `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}], { detached: true, stdio: 'ignore' }).unref(); setTimeout(() => process.exit(0), 400)`;
    await container.exec(['/usr/bin/node', '-e', spawnNext(spawnNext(third))]);
    await sleep(1500);
    await sensor!.killSensor();
    const incident = await until(async () => (await client.call('listIncidents', { query: {} })).items.find((one) => one.source === 'Shell in a container'), 15_000);
    assert.ok(incident.value, 'the shell was not found');
    const { events } = await client.call('getIncident', { params: { id: incident.value.id } });
    const tree = events[0]!.tree;
    const exited = tree.filter((one) => one.path === '/usr/bin/node' && one.endedAt !== null);
    assert.ok(exited.length >= 2, JSON.stringify(tree.map((one) => [one.path, one.endedAt])));
    assert.equal(tree.at(-1)!.path, '/usr/bin/dash');
  } finally {
    await container.stop();
  }
});
