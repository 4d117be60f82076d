/**
 * Without privileges the product still starts, lists the processes that it may see, and says of everything else that it is
 * not seen, and why: on the terminal, and in the API that the coverage page shows. And what a second start says when
 * something is in its way.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { SensorView } from '@vedette/model/api/views';
import { projectRoot } from '../borders/borders.ts';
import { cacheRoot } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';
import { until } from '../until.ts';
import type { ApiClient } from './client.ts';
import { Product } from './product.ts';

/** Nobody in particular. */
const as = { uid: 65534, gid: 65534 };
const place = mkdtempSync(join(tmpdir(), 'vedette-blind-'));
const state = join(place, 'state');
const build = join(place, 'build');
const product = new Product({ state, port: 7481, as, env: { VEDETTE_BUILD: build, HOME: place } });
let client: ApiClient;

before(async () => {
  // what root compiled from the same sources is as good; this user could not use it in place
  mkdirSync(build);
  mkdirSync(state);
  const built = join(cacheRoot, 'build');
  if (existsSync(built)) await run('cp', ['-a', `${built}/.`, build]);
  await run('chown', ['-R', `${as.uid}:${as.gid}`, place]);
  chmodSync(place, 0o755);
  chownSync(place, as.uid, as.gid);
  await product.start();
  client = await product.client();
});
after(async () => {
  await product.stop();
  rmSync(place, { recursive: true, force: true });
});

test('it is ready, and says at once on the terminal what it lacks', async () => {
  assert.equal((await fetch(`${product.url}/readyz`)).status, 200);
  assert.match(product.output, /not root: the sensor cannot load kernel programs and sees only what you may see/);
  assert.match(product.output, /! sensor on kernel \S+: 0 hooks\. It lists processes and sees nothing else; not seen here: .*exec.*connect/);
  assert.match(product.output, /\n    why: not started as root: kernel programs need CAP_BPF and CAP_PERFMON\n    what to do: start Vedette as root\n/);
  assert.match(product.output, new RegExp(`! Vedette is not watching this host, for the reason above\\. The console: ${product.url}\n  First sign-in: admin / `));
  assert.doesNotMatch(product.output, /Vedette is watching|✓ sensor|FATAL|nothing is seen by kernel programs/);
});

test('coverage says of every class that it is not seen, and why, and that nothing can be stopped', async () => {
  const found = await until(async () => (await client.call('listSensors', {})).items.find((one) => one.connected && one.hooks.length > 0), 15_000);
  const sensor = found.value;
  assert.ok(sensor, 'no sensor reported');
  for (const eventClass of ['exec', 'fork', 'exit', 'open', 'map-exec', 'connect', 'accept', 'listen', 'cgroup-create']) {
    const hook: SensorView['hooks'][number] | undefined = sensor.hooks.find((one) => one.eventClass === eventClass);
    assert.ok(hook !== undefined && !hook.attached, eventClass);
    assert.match(hook.reason ?? '', /not started as root: kernel programs need CAP_BPF and CAP_PERFMON/, eventClass);
  }
  assert.equal(sensor.enforcement.mechanism, 'none');
  assert.match(sensor.enforcement.reason ?? '', /nothing can be stopped/);
  assert.equal(sensor.coveragePercent, 0);
  const coverage = await client.call('coverage', {});
  for (const eventClass of ['exec', 'open', 'connect']) assert.ok(coverage.gaps.some((one) => one.what.includes(eventClass)), `${eventClass} is no gap: ${JSON.stringify(coverage.gaps)}`);
  assert.equal(coverage.percent, 0);
});

test('the processes that it may see are listed, and one that starts and stays is found, until it ends', { timeout: 60_000 }, async () => {
  const late = spawn('/bin/sleep', ['300'], { ...as, stdio: 'ignore' });
  try {
    const find = async () => (await client.call('listProcesses', { query: { limit: 200 } })).items.find((one) => one.pid === late.pid);
    const found = await until(find, 15_000);
    assert.equal(found.value?.arguments.join(' '), '/bin/sleep 300');
    late.kill();
    const gone = await until(async () => (await find()) === undefined, 10_000);
    assert.ok(gone.value, 'it has ended and is still listed');
  } finally {
    late.kill();
  }
});

/** A further start that must not succeed. */
function again(args: readonly string[], env: Readonly<Record<string, string>>): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(projectRoot(), 'cli', 'main.ts'), 'up', ...args], { ...as, encoding: 'utf8', timeout: 60_000, env: { ...process.env, VEDETTE_BUILD: build, HOME: place, NO_COLOR: '1', ...env } });
  return { code: status, text: stdout + stderr };
}

test('a second one on the same state says which process is the first, and what to do', () => {
  const { code, text } = again(['--port', '7491'], { VEDETTE_STATE: state });
  assert.equal(code, 2, text);
  assert.match(text, new RegExp(`already runs on ${state} as process ${product.pid}\\. Stop that one, or give this one a state of its own \\(VEDETTE_STATE\\) and another port`));
});

test('a port that is in use says so, and how to choose another', () => {
  const other = join(place, 'other');
  const { code, text } = again(['--port', '7481', '--link-port', '7499'], { VEDETTE_STATE: other });
  assert.equal(code, 2, text);
  assert.match(text, /port 7481 of 127\.0\.0\.1 is in use by another program\. Choose another one: vedette up --port N/);
  assert.doesNotMatch(text, /EADDRINUSE/);
  assert.equal(text.split('in use').length, 2, `said once:\n${text}`);
});

test('told to stop it says so, and that it has; nothing that ends by that is a warning', async () => {
  const before = product.output.length;
  await product.stop();
  assert.equal(product.output.slice(before), '\n  stopping\n  stopped\n');
});
