/**
 * A baseline on a real kernel: a container behaves and is learned; watched, a new program, a new peer and a new written directory are told and what is
 * usual is not; the sensor and its loader are killed, and the time in which nobody looked is marked; enforced, a dropped program dies before its
 * first instruction, in this container alone, while the dead man ends enforcement after a minute.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BaselineDetailView } from '@vedette/model/api/baselines';
import { projectRoot } from '../borders/borders.ts';
import type { ApiClient } from '../product/client.ts';
import { Product } from '../product/product.ts';
import { until } from '../until.ts';
import { PrivateContainerd } from './containerd.ts';
import { shopImage, type ShopImage } from './image.ts';
import { run, type RunResult } from './run.ts';

const name = 'baseline-shop';
const place = mkdtempSync(join(tmpdir(), 'vedette-baseline-'));
chmodSync(place, 0o755);
const containerd = new PrivateContainerd(join(place, 'containerd'), 'vedette-baseline');
const product = new Product({ state: join(place, 'state'), port: 7531, args: ['--containerd-socket', containerd.socket, '--dead-man', '60'] });
let client: ApiClient;
let image: ShopImage;

before(async () => {
  image = await shopImage();
  await containerd.start();
  await containerd.import(image.archive);
  await product.start(true);
  await product.waitSensor();
  client = await product.client();
});
after(async () => {
  await containerd.stop();
  await product.stop();
  rmSync(place, { recursive: true, force: true });
});

/** The same arguments each time; what it does lies in a file, which the host writes. */
async function act(script: string): Promise<string> {
  const { stdout } = await containerd.ctr(['task', 'list']);
  const pid = Number(stdout.split('\n').find((line) => line.startsWith(`${name} `))?.split(/\s+/)[1] ?? 0);
  writeFileSync(`/proc/${pid}/root/act.js`, `const fs = require('node:fs'); const net = require('node:net'); const { spawnSync } = require('node:child_process');\n${script}\n`);
  return (await containerd.exec(name, ['/usr/bin/node', '/act.js'])).stdout.trim();
}

const usual = `fs.mkdirSync('/var/tmp/work', { recursive: true }); fs.writeFileSync('/var/tmp/work/' + process.pid + '.txt', 'x'); spawnSync('/bin/true');
net.connect(8080, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(0));`;

async function baseline(): Promise<BaselineDetailView | null> {
  const { items } = await client.call('listBaselines', { query: { workload: name } });
  return items[0] === undefined ? null : await client.call('getBaseline', { params: { id: items[0].id } });
}

async function holds(...wanted: readonly RegExp[]): Promise<BaselineDetailView> {
  const { value } = await until(async () => {
    const now = await baseline();
    return now !== null && wanted.every((one) => now.behaviours.some(({ text }) => one.test(text))) ? now : null;
  }, 15_000);
  assert.ok(value, `${wanted.join(', ')} is not all learned: ${(await baseline())?.behaviours.map(({ text }) => text).join('; ')}`);
  return value;
}

let token = '';
async function vedette(...args: readonly string[]): Promise<RunResult> {
  if (token === '') token = (await client.call('createToken', { body: { name: 'command', grants: [{ role: 'operator', place: 'all' }] } })).secret;
  return await run(process.execPath, [join(projectRoot(), 'cli', 'main.ts'), 'baselines', ...args, '--hub', product.url], { env: { VEDETTE_TOKEN: token, NO_COLOR: '1' }, accept: [1, 2] });
}

const told = async () => (await client.call('listIncidents', { query: { limit: 200 } })).items.filter((one) => one.containerName === name && /^(First seen|Drift)/.test(one.source));

test('a container is learned, watched, missed and enforced', { timeout: 240_000 }, async () => {
  await containerd.runContainer(image.name, name);
  for (let i = 0; i < 3; i++) await act(usual);
  const learned = await holds(/^\/usr\/bin\/node \/srv\/app\/main\.js as user 0$/, /^\/usr\/bin\/true by \/usr\/bin\/node|^\/bin\/true by \/usr\/bin\/node/, /^\/var\/tmp\/work\/<n>\.txt$/, /^to 127\.0\.0\.1 tcp\/8080$/, /^listens on tcp\/8080 \(any\)$/, /^from loopback to own tcp\/8080$/, /^CAP_CHOWN$/);
  assert.deepEqual([learned.state, learned.platformDigest, learned.wholeStart, learned.runs], ['learn', image.platformDigest, true, 1]);
  assert.deepEqual(learned.blindIntervals, [], 'it was watched from its first process on');

  await client.call('setBaselineState', { params: { id: learned.id }, body: { state: 'watch' } });
  // the sensor holds it when it tells
  const { value: first } = await until(async () => {
    await act(`spawnSync('/usr/bin/id', ['-u']); process.exit(0);`);
    return (await told()).find((one) => one.source === 'First seen: program') ?? null;
  }, 20_000, 1000);
  assert.match(first?.summary ?? '', /\/usr\/bin\/id .*which the baseline of baseline-shop does not hold/);
  await act(usual);
  await act(`fs.mkdirSync('/opt/new'); fs.writeFileSync('/opt/new/file', 'x'); net.connect(9, '127.0.0.1').on('error', () => process.exit(0));`);
  const { value: three } = await until(async () => {
    const found = (await told()).map((one) => one.source);
    return ['First seen: program', 'First seen: peer', 'First seen: written file'].every((one) => found.includes(one)) ? found : null;
  }, 15_000);
  assert.ok(three, JSON.stringify(await told()));
  const outside = (await baseline())?.outsideBehaviours.map(({ text }) => text.replace(/ by .*/, '')).sort() ?? [];
  for (const one of ['/opt/new', '/opt/new/file', 'to 127.0.0.1 tcp/9']) assert.ok(outside.includes(one), `${one} is not in ${outside.join('; ')}`);
  assert.ok(!outside.some((one) => /8080|work|bin\/true/.test(one)), 'what is usual is not outside');

  const [loader] = product.pids('vedette-loader').filter((pid) => pid !== product.pid);
  assert.ok(loader);
  process.kill(loader, 'SIGKILL');
  const { value: missed } = await until(async () => (await baseline())?.blindIntervals.find(({ reason }) => reason === 'not-watched') ?? null, 45_000);
  assert.ok(missed, `no blind interval: ${JSON.stringify((await baseline())?.blindIntervals)}`);
  assert.ok(Date.parse(missed.until) > Date.parse(missed.since));

  const enforced = await client.call('setBaselineState', { params: { id: learned.id }, body: { state: 'enforce' } });
  assert.equal(enforced.state, 'enforce');
  const dropped = `fs.copyFileSync('/bin/true', '/tmp/dropped'); console.log(spawnSync('/tmp/dropped').signal); process.exit(0);`;
  assert.ok((await until(async () => (await act(dropped)) === 'SIGKILL', 15_000, 500)).value, 'what was dropped is killed');
  assert.equal(await act(`console.log(spawnSync('/bin/true').status); process.exit(0);`), '0', 'the image runs');
  const { value: verdict } = await until(async () => (await client.call('listIncidents', { query: { source: 'baseline', limit: 50 } })).items.find((one) => one.outcome === 'killed' && one.containerName === name) ?? null, 10_000);
  assert.ok(verdict, 'the kill is an incident');
});

test('the same by command: listed, shown, exported, edited, put back, and a stale copy refused', { timeout: 60_000 }, async () => {
  const { stdout: listed } = await vedette('list', '--outside');
  assert.match(listed, /ID +STATE +LEARNED +OUTSIDE +WATCHED +BLIND/);
  const id = /^(\d+) +enforce .*baseline-shop/m.exec(listed)?.[1] ?? '';
  assert.notEqual(id, '', listed);
  const shown = await vedette('show', id);
  for (const one of [/Executes\n/, /Talks to\n/, /Outside of the baseline\n/, /to 127\.0\.0\.1 tcp\/9/, /Not seen\n/, /No sensor watched the container/]) assert.match(shown.stdout, one);
  const file = join(place, 'baseline.yaml');
  assert.equal((await vedette('export', id, '--output', file)).code, 0);
  const yaml = readFileSync(file, 'utf8');
  assert.match(yaml, /kind: Baseline\n.*executions:\n/s);
  writeFileSync(file, yaml.replace('writes:\n', 'writes:\n    - "/opt/new/**"\n'));
  assert.match((await vedette('apply', file)).stdout, /holds \d+ behaviours now/);
  const again = await vedette('apply', file);
  assert.deepEqual([again.code, /changed by someone else/.test(again.stderr)], [2, true], again.stderr);
  assert.match((await vedette('set', id, 'watch')).stdout, /: watch\./);
  assert.match((await vedette('accept', id)).stdout, /0 stand outside/);
  writeFileSync(file, yaml.replace('user: 0', 'user: root'));
  assert.deepEqual((await vedette('apply', file)).code, 1);
});
