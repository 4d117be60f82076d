/** The sensor's side of the link against a hub over real TLS. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNodeDisk } from '@vedette/link/spool/node-disk';
import { DiskFailure } from '@vedette/link/spool/disk';
import { openSpools, spoolBounds, type Spools } from '@vedette/link/spool/spools';
import { SampleHub } from '@vedette/link/transport/hub-sample';
import { formatJoinToken } from '@vedette/link/transport/join-token';
import type { Uplink } from '@vedette/link/transport/uplink';
import { sensorUplink } from './uplink.ts';

const lookAgainMs = 20;

interface Bench {
  readonly hub: SampleHub;
  readonly directory: string;
  readonly tokenFile: string;
  readonly spools: Spools;
  readonly uplink: Uplink;
  readonly said: string[];
  readonly commands: string[];
  /** How often the hub was asked to let somebody join. */
  attempts(): number;
}

async function bench(t: TestContext, { withTokenFile = true } = {}): Promise<Bench> {
  const hub = await SampleHub.create();
  await hub.start({ joinsPerAddressMax: 1000, joinsInAllMax: 1000 });
  let attempts = 0;
  const join_ = hub.join.bind(hub);
  hub.join = async (...args) => {
    attempts += 1;
    return await join_(...args);
  };
  const directory = mkdtempSync(join(tmpdir(), 'vedette-uplink-'));
  const disk = openNodeDisk(join(directory, 'spool'));
  assert.ok(!(disk instanceof DiskFailure));
  const spools = openSpools({ disk, bounds: spoolBounds, lastCommit: Number.MAX_SAFE_INTEGER, freshEpoch: '0123456789abcdef', drops: undefined });
  assert.ok(!(spools instanceof DiskFailure));
  const said: string[] = [];
  const commands: string[] = [];
  const tokenFile = join(directory, 'join-token');
  const uplink = sensorUplink({
    directory, joinTokenFile: withTokenFile ? tokenFile : undefined, spools, bootId: 'b', lookAgainMs,
    log: (level, message) => void said.push(`${level}: ${message}`),
    onCommand: (command) => void commands.push(command.kind.case ?? ''),
  });
  t.after(async () => {
    uplink.stop();
    await hub.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  return { hub, directory, tokenFile, spools, uplink, said, commands, attempts: () => attempts };
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (isTrue()) return;
    await sleep(10);
  }
  throw new Error(`not within 5 s: ${what}`);
}

test('without a token it says so once, and says what to type', async (t) => {
  const { uplink, said } = await bench(t, { withTokenFile: false });
  uplink.start();
  await sleep(lookAgainMs * 5);
  assert.deepEqual(said, ['warn: this sensor has not joined a hub: records wait in the spool (vedette join TOKEN)']);
  assert.equal(uplink.state, null);
  assert.ok(uplink.isDrained, 'nobody waits at the end for a hub that there is not');
});

test('a token that comes later is taken, what waited is delivered, and commands arrive', async (t) => {
  const { hub, directory, tokenFile, spools, uplink, said, commands } = await bench(t);
  spools.append('detection', 1, Buffer.from('found'), { records: 1, firstBootNs: 1n, lastBootNs: 1n });
  spools.publish(1);
  uplink.start();
  await sleep(lookAgainMs * 3);
  writeFileSync(tokenFile, `${formatJoinToken(hub.token())}\n`);
  await until('delivered', () => hub.applied.length > 0 && uplink.isDrained && uplink.state !== null);
  assert.deepEqual(hub.applied, ['detection 1 found']);
  await until('a command', () => commands.includes('rules'));
  assert.deepEqual(said.map((one) => one.replace(/[0-9a-f-]{36}/, 'ID')), ['warn: waiting for a join token', 'info: joined as sensor ID', 'info: connected to the hub']);
  assert.ok(existsSync(join(directory, 'credentials.json')));
});

test('a sensor that has joined needs no token; that it stops when told to is no warning', async (t) => {
  const { hub, directory, tokenFile, spools, uplink, said } = await bench(t);
  writeFileSync(tokenFile, formatJoinToken(hub.token()));
  uplink.start();
  await until('connected', () => uplink.state?.connected === true);
  uplink.stop();
  assert.deepEqual(said.filter((one) => one.startsWith('warn')), []);
  rmSync(tokenFile);
  const again = sensorUplink({ directory, joinTokenFile: undefined, spools, bootId: 'b', log: () => undefined, onCommand: () => undefined, lookAgainMs });
  t.after(() => again.stop());
  again.start();
  await until('connected again', () => again.state?.connected === true);
  assert.equal(hub.sensors.size, 1);
});

test('a token that is refused is tried ever more rarely, and another one at once', async (t) => {
  const { hub, tokenFile, uplink, said, attempts } = await bench(t);
  const used = hub.token();
  hub.tokens.clear();
  writeFileSync(tokenFile, formatJoinToken(used));
  uplink.start();
  await until('refused', () => attempts() > 0);
  await sleep(lookAgainMs * 30);
  assert.ok(attempts() <= 5, `asked ${attempts()} times in ${lookAgainMs * 30} ms`);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /^warn: joining was refused: /);
  writeFileSync(tokenFile, formatJoinToken(hub.token()));
  await until('connected', () => uplink.state?.connected === true);
});

test('what is wrong with a token or the credentials is a sentence', async (t) => {
  const { directory, tokenFile, uplink, said } = await bench(t);
  writeFileSync(tokenFile, 'vdt1.notatoken');
  uplink.start();
  await until('said', () => said.length > 0);
  assert.match(said[0]!, /warn: The join token is not complete or was changed: copy it again/);
  writeFileSync(join(directory, 'credentials.json'), '{"hubUrl":7}');
  await until('said', () => said.length > 1);
  assert.match(said[1]!, /warn: The credentials .*join again/);
});

test('a sensor that was removed forgets its credentials and joins again with a new token, as another one', async (t) => {
  const { hub, directory, tokenFile, uplink, said } = await bench(t);
  writeFileSync(tokenFile, formatJoinToken(hub.token()));
  uplink.start();
  await until('listens', () => hub.listeners > 0);
  const [first] = hub.sensors.keys();
  hub.remove(first!);
  await until('forgotten', () => !existsSync(join(directory, 'credentials.json')));
  assert.ok(said.some((one) => one.includes('Removed by a test.')));
  writeFileSync(tokenFile, formatJoinToken(hub.token()));
  await until('connected', () => uplink.state?.connected === true);
  const { sensorId } = JSON.parse(readFileSync(join(directory, 'credentials.json'), 'utf8')) as { sensorId: string };
  assert.notEqual(sensorId, first);
});

test('stopping ends the waiting', async (t) => {
  const { hub, tokenFile, uplink } = await bench(t);
  uplink.start();
  uplink.stop();
  writeFileSync(tokenFile, formatJoinToken(hub.token()));
  await sleep(lookAgainMs * 5);
  assert.equal(hub.sensors.size, 0);
});
