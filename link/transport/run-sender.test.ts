/** The whole sender against a hub over real TLS: what a sensor runs. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import type { SenderBounds } from '../protocol/sender-words.ts';
import { senderBounds } from '../protocol/sender-words.ts';
import type { StreamName } from '../protocol/streams.ts';
import { failed } from '../spool/disk.ts';
import { openNodeDisk } from '../spool/node-disk.ts';
import type { Spools } from '../spool/spools.ts';
import { openSpools, spoolBounds } from '../spool/spools.ts';
import type { Credentials } from './credentials.ts';
import { SampleHub } from './hub-sample.ts';
import { joinFleet } from './join.ts';
import type { LinkState, RunningSender, RunSenderOptions } from './run-sender.ts';
import { runSender } from './run-sender.ts';

const quick: SenderBounds = {
  ...senderBounds, deliverBatchesMax: 5, helloMsMax: 2000, deliverMsMax: 2000, commandSilenceMsMax: 5000,
  backoff: { delayMsMin: 20, delayMsMax: 100 }, refusedRetryMs: 100,
};

interface Sensor {
  readonly spools: Spools;
  readonly sender: RunningSender;
  readonly commands: Command[];
  readonly states: LinkState[];
  readonly kept: Credentials[];
  forgotten: boolean;
  wallAheadMs: number;
}

async function hubFor(t: TestContext): Promise<SampleHub> {
  const hub = await SampleHub.create();
  await hub.start();
  t.after(() => hub.kill());
  return hub;
}

async function credentialsFor(hub: SampleHub): Promise<Credentials> {
  const outcome = await joinFleet({ token: hub.token(), node: {} });
  assert.ok(outcome.kind === 'joined', outcome.kind === 'refused' ? outcome.reason : '');
  return outcome.credentials;
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'vedette-sender-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function start(t: TestContext, credentials: Credentials, directory: string, overrides: Partial<RunSenderOptions> = {}): Sensor {
  const disk = openNodeDisk(directory);
  assert.ok(!failed(disk));
  const spools = openSpools({ disk, bounds: spoolBounds, lastCommit: Number.MAX_SAFE_INTEGER - 1, freshEpoch: randomBytes(8).toString('hex'), drops: undefined });
  assert.ok(!failed(spools));
  const parts = { commands: [] as Command[], states: [] as LinkState[], kept: [] as Credentials[], forgotten: false, wallAheadMs: 0 };
  const sender = runSender({
    spools, credentials,
    keepCredentials: (renewed) => void parts.kept.push(renewed),
    forgetCredentials: () => {
      parts.forgotten = true;
    },
    node: () => ({ hostname: 'test' }), schemaVersion: 1,
    clock: { monotonicMs: () => performance.now(), wallMs: () => Date.now() + parts.wallAheadMs },
    random: Math.random, freshNonce: () => randomBytes(16).toString('hex'),
    onCommand: (command) => parts.commands.push(command), onState: (state) => parts.states.push(state),
    bounds: quick, renewRetryMs: 50, ...overrides,
  });
  const sensor: Sensor = Object.assign(parts, { spools, sender });
  t.after(() => sender.stop());
  return sensor;
}

let commits = 0;

function put(sensor: Sensor, stream: StreamName, ...texts: string[]): void {
  commits += 1;
  for (const text of texts) {
    assert.equal(sensor.spools.append(stream, commits, Buffer.from(text), { records: 1, firstBootNs: 0n, lastBootNs: 0n }).kind, 'spooled');
  }
  sensor.spools.publish(commits);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

test('both streams arrive, in order, and are released', async (t) => {
  const hub = await hubFor(t);
  const sensor = start(t, await credentialsFor(hub), directoryFor(t));
  put(sensor, 'telemetry', ...numbered(1, 12));
  put(sensor, 'detection', ...numbered(1, 3));
  await until('all 15', () => hub.applied.length === 15);
  put(sensor, 'detection', '4');
  await until('the last', () => hub.applied.length === 16);
  assert.deepEqual(hub.applied.filter((entry) => entry.startsWith('detection')), numbered(1, 4).map((n) => `detection ${n} ${n}`));
  assert.deepEqual(hub.applied.filter((entry) => entry.startsWith('telemetry')), numbered(1, 12).map((n) => `telemetry ${n} ${n}`));
  await until('the positions', () => sensor.sender.state().streams.detection.delivered === 4);
  assert.deepEqual([sensor.sender.state().connected, sensor.sender.state().sentence], [true, undefined]);
});

test('the hub is killed between its transaction and its answer: nothing is doubled, nothing missing', async (t) => {
  const hub = await hubFor(t);
  const sensor = start(t, await credentialsFor(hub), directoryFor(t));
  put(sensor, 'detection', 'first');
  await until('the first', () => sensor.sender.state().streams.detection.delivered === 1);
  for (let round = 0; round < 5; round += 1) {
    const reached = Promise.withResolvers<void>();
    const died = Promise.withResolvers<void>();
    hub.beforeAnswer = () => {
      reached.resolve();
      return died.promise;
    };
    put(sensor, 'detection', `${round} a`, `${round} b`);
    put(sensor, 'telemetry', `${round} c`);
    await reached.promise;
    await hub.kill();
    died.resolve();
    hub.beforeAnswer = async () => {};
    await until('the loss is seen', () => !sensor.sender.state().connected);
    await hub.start();
    await until('all is delivered', () => hub.applied.length === 1 + 3 * (round + 1));
  }
  const expected = ['first', ...numbered(0, 4).flatMap((round) => [`${round} a`, `${round} b`])];
  assert.deepEqual(hub.applied.filter((entry) => entry.startsWith('detection')), expected.map((text, i) => `detection ${i + 1} ${text}`));
});

test('a sensor that is restarted again and again, at any time', async (t) => {
  const hub = await hubFor(t);
  const credentials = await credentialsFor(hub);
  const directory = directoryFor(t);
  for (let life = 0; life < 8; life += 1) {
    const sensor = start(t, credentials, directory);
    put(sensor, 'detection', `${life}`);
    await new Promise((resolve) => setTimeout(resolve, life * 4));
    sensor.sender.stop();
    sensor.spools.close();
  }
  const last = start(t, credentials, directory);
  // Before the hub has answered a sender cannot know what of its spool is delivered: what arrived is what counts.
  await until('all is delivered', () => hub.applied.length === 8);
  assert.deepEqual(hub.applied, numbered(0, 7).map((text, i) => `detection ${i + 1} ${text}`));
  assert.equal(last.sender.state().refusal, undefined);
});

test('a copied state directory: one goes on, the other says why it stopped', async (t) => {
  const hub = await hubFor(t);
  const credentials = await credentialsFor(hub);
  const [directory, copy] = [directoryFor(t), directoryFor(t)];
  const one = start(t, credentials, directory);
  put(one, 'detection', 'shared');
  await until('the first', () => one.sender.state().streams.detection.delivered === 1);
  cpSync(directory, copy, { recursive: true });
  const other = start(t, credentials, copy);
  let count = 0;
  await until('one is refused', () => {
    count += 1;
    put(one, 'detection', `original ${count}`);
    put(other, 'detection', `copy ${count}`);
    return [one, other].some(({ sender }) => sender.state().refusal === 'epoch-conflict');
  });
  const refused = [one, other].find(({ sender }) => sender.state().refusal === 'epoch-conflict');
  assert.match(refused?.sender.state().sentence ?? '', /copied/);
  const winner = refused === one ? other : one;
  await until('the winner delivers all it has', () => winner.sender.state().streams.detection.delivered === count + 1);
  assert.equal(new Set(hub.applied.map((entry) => entry.split(' ').slice(2).join(' '))).size, hub.applied.length, 'nothing twice');
});

test('commands arrive, go on after the hub came back, and a removed sensor leaves', async (t) => {
  const hub = await hubFor(t);
  const sensor = start(t, await credentialsFor(hub), directoryFor(t));
  await until('the first command', () => sensor.commands.length === 1);
  hub.push();
  await until('a pushed command', () => sensor.commands.length === 2);
  await hub.kill();
  await until('the loss is seen', () => !sensor.sender.state().connected);
  await hub.start();
  await until('the stream is open again', () => hub.listeners === 1);
  hub.push();
  await until('a command again', () => {
    const kind = sensor.commands.at(-1)?.kind;
    return kind?.case === 'rules' && kind.value.generation === 2n;
  });
  hub.remove([...hub.sensors.keys()][0]!);
  await until('it leaves', () => sensor.forgotten);
  assert.deepEqual([sensor.sender.state().phase, sensor.sender.state().sentence], ['stopped', 'Removed by a test.']);
  assert.equal(sensor.commands.at(-1)?.kind.case, 'leave');
});

test('the certificate is renewed at the half of its life, with a new key, and the link goes on', async (t) => {
  const hub = await hubFor(t);
  const credentials = await credentialsFor(hub);
  const sensor = start(t, credentials, directoryFor(t));
  put(sensor, 'detection', 'before');
  await until('it is delivered', () => hub.applied.length === 1);
  assert.equal(sensor.kept.length, 0);
  sensor.wallAheadMs = 13 * 3_600_000;
  await until('it is renewed', () => sensor.kept.length === 1);
  sensor.wallAheadMs = 0;
  assert.notEqual(sensor.kept[0]?.privateKeyPem, credentials.privateKeyPem);
  put(sensor, 'detection', 'after');
  await until('it is delivered', () => hub.applied.length === 2);
  assert.equal(sensor.sender.state().renewalSentence, undefined);
});

test('a hub that was down past the end of the certificate: it is renewed when the hub is back, without a new join', async (t) => {
  const hub = await hubFor(t);
  const credentials = await credentialsFor(hub);
  await hub.kill();
  const sensor = start(t, credentials, directoryFor(t), { keepCredentials: () => undefined });
  put(sensor, 'detection', 'kept for two days');
  const twoDays = 2 * 86_400_000;
  hub.aheadMs = twoDays;
  sensor.wallAheadMs = twoDays;
  await until('the renewal fails', () => sensor.sender.state().renewalSentence !== undefined);
  // The hub's own certificate must hold on this machine, whose clock the test cannot move.
  await hub.start();
  await until('it is delivered', () => hub.applied.length === 1);
});

test('credentials that cannot be stored are used, and stored again later', async (t) => {
  const hub = await hubFor(t);
  let full = true;
  let stored = 0;
  const sensor = start(t, await credentialsFor(hub), directoryFor(t), {
    keepCredentials: () => {
      if (full) return 'The credentials cannot be written: no space.';
      stored += 1;
      return undefined;
    },
  });
  sensor.wallAheadMs = 13 * 3_600_000;
  await until('it is said', () => /no space/.test(sensor.sender.state().renewalSentence ?? ''));
  sensor.wallAheadMs = 0;
  full = false;
  await until('it is stored', () => stored === 1);
  assert.equal(sensor.sender.state().renewalSentence, undefined);
});

test('a hub that is away is a state with a sentence, and what was spooled meanwhile arrives', async (t) => {
  const hub = await hubFor(t);
  const credentials = await credentialsFor(hub);
  await hub.kill();
  const sensor = start(t, credentials, directoryFor(t));
  put(sensor, 'detection', ...numbered(1, 30));
  await until('it is said', () => /refuses connections/.test(sensor.sender.state().sentence ?? ''));
  assert.ok(sensor.states.some(({ connected }) => !connected));
  await hub.start();
  await until('all is delivered', () => hub.applied.length === 30);
  await until('all is well', () => sensor.sender.state().sentence === undefined);
});
