/**
 * Canaries the whole way, from the kernel to the page: a joined sensor whose link passes a gate that can be closed. Everything arrives; a program
 * taken out of its hook is an alarm that names its classes, and ends when it is back; a closed uplink is an alarm for all of them, in the API, the log and
 * the metrics, and ends when it is open. Nothing of the canaries is in processes, executions or incidents.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Output } from '@vedette/model/api/table';
import { TestCgroup } from '../kernel/cgroup.ts';
import { ExitPrograms } from '../kernel/exit-programs.ts';
import { until } from '../until.ts';
import type { ApiClient } from './client.ts';
import { JoinedSensor } from './joined-sensor.ts';
import { Product } from './product.ts';

const port = 7487;
const linkPort = port + 1;
const place = mkdtempSync(join(tmpdir(), 'vedette-canaries-'));
const cgroup = new TestCgroup();
const product = new Product({ state: join(place, 'hub'), port, args: ['--no-sensor', '--link-name', '127.0.0.2', '--canary-grace', '5'] });
let sensor: JoinedSensor;
let client: ApiClient;
let gate: Gate;

/** Where the sensor's link passes; closed, it takes connections and brings nothing through. */
class Gate {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  isClosed = false;

  constructor() {
    this.#server = createServer((socket) => {
      const through = this.isClosed ? null : connect(linkPort, '127.0.0.1');
      for (const one of [socket, through]) {
        if (one === null) continue;
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => this.#sockets.delete(one));
      }
      if (through === null) return;
      socket.pipe(through).pipe(socket);
      socket.on('close', () => through.destroy());
      through.on('close', () => socket.destroy());
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(linkPort, '127.0.0.2', resolve));
    return this;
  }

  set closed(closed: boolean) {
    this.isClosed = closed;
    for (const one of this.#sockets) one.destroy();
  }

  async close(): Promise<void> {
    this.closed = true;
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

before(async () => {
  chmodSync(place, 0o755);
  await product.start();
  client = await product.client();
  gate = await new Gate().listen();
  const { token } = await client.call('createJoinToken', { body: { cluster: 'hosts', part: 'sensor', validMinutes: 10 } });
  sensor = new JoinedSensor({ state: join(place, 'sensor'), token, cgroup: cgroup.path, args: ['--canaries', '2'] });
  await sensor.start();
});

after(async () => {
  await sensor?.stop();
  await gate?.close();
  await product.stop();
  cgroup.remove();
  rmSync(place, { recursive: true, force: true });
});

async function happens<T>(what: string, look: () => Promise<T | null>, timeoutMs: number): Promise<T> {
  const { value } = await until(look, timeoutMs, 250);
  assert.ok(value !== null, `${what}; canaries: ${JSON.stringify((await detail()).canaries)}, gaps: ${(await gaps()).join('; ')}`);
  return value;
}

const detail = async (): Promise<Output<'coverageDetail'>> => await client.call('coverageDetail', {});
const gaps = async (): Promise<string[]> => (await client.call('coverage', {})).gaps.map((one) => one.what).filter((one) => /canary/i.test(one));
const metric = async (): Promise<string[]> => (await (await fetch(`${product.url}/metrics`)).text()).split('\n').filter((one) => one.startsWith('vedette_hub_canaries_missed{'));

test('every class arrives, and nothing of it is anywhere else', async () => {
  const { classes } = await happens('every canary arrives', async () => {
    const now = await detail();
    return now.canaries.sensors === 1 && now.canaries.alarms === 0 && now.classes.filter((one) => (one.canaries.seen ?? 0) === 1).length > 50 ? now : null;
  }, 30_000);
  const without = classes.filter((one) => Object.keys(one.canaries).length === 0).map((one) => one.eventClass).sort();
  assert.deepEqual(without, ['calls', 'calls-entry', 'io-uring-requests', 'io-uring-results', 'process-snapshot'], 'hooks that are no class of their own');
  assert.deepEqual(await gaps(), []);
  assert.equal((await client.call('listIncidents', { query: { limit: 10, state: 'all', facets: 'exclude' } })).items.length, 0);
  const executed = (await client.call('listExecutions', { query: { limit: 100 } })).items.filter((one) => /canary|loader/.test(JSON.stringify(one)));
  assert.deepEqual(executed, []);
  assert.ok((await detail()).tables.some((one) => one.place === 'kernel' && one.bytesMax > 0));
});

test('a program taken out of its hook: an alarm that names its classes, until it is back', async () => {
  const programs = new ExitPrograms(sensor.loaderPid);
  programs.takeOut('opens');
  const told = await happens('the class is missed', async () => ((await gaps()).length > 0 ? await gaps() : null), 30_000);
  assert.ok(told.every((one) => /class open-(write|read) does not arrive/.test(one)), told.join('; '));
  assert.ok((await happens('the metric', async () => ((await metric()).some((one) => one.includes('class="open-write"} 1')) ? await metric() : null), 30_000)).length >= 2);
  programs.putBack('opens');
  await happens('the alarm ends', async () => ((await gaps()).length === 0 ? true : null), 30_000);
});

test('a closed uplink: an alarm for all of it, until it is open', async () => {
  gate.closed = true;
  const told = await happens('the silence is told', async () => ((await gaps()).length > 0 ? await gaps() : null), 90_000);
  assert.match(told.join('; '), /^No canary of \S+ arrives$/);
  await happens('the metric', async () => ((await metric()).some((one) => one.includes('class="all"} 1')) ? true : null), 30_000);
  assert.match(product.log('hub'), /canaries do not arrive/);
  gate.closed = false;
  await happens('the alarm ends', async () => ((await gaps()).length === 0 ? true : null), 60_000);
  await happens('the metric ends', async () => ((await metric()).every((one) => one.endsWith(' 0')) ? true : null), 30_000);
  assert.match(product.log('hub'), /canaries arrive again/);
});
