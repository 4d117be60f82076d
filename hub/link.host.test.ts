/** The whole road over mutual TLS: join by token, hello, deliver, what people then see, commands, renewal, removal. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificateRequest } from '@vedette/link/transport/certificate-request';
import { createLinkClient, type LinkClient } from '@vedette/link/transport/client';
import type { Credentials } from '@vedette/link/transport/credentials';
import { joinFleet } from '@vedette/link/transport/join';
import { parseJoinToken, type JoinToken } from '@vedette/link/transport/join-token';
import { answerImage } from './assess/image-answers.ts';
import { readImageFacts } from '@vedette/policy/image-facts-text';
import type { Command } from '@vedette/model/wire/generated/link_pb';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { execution, payloadBytes, record, sampleBoot } from './wire-sample.ts';

let hub: SampleHub;
let token: string;
const node = { hostname: 'over-the-wire', bootId: sampleBoot, kernelRelease: '6.18', architecture: 'x86_64', distribution: 'Debian', sensorVersion: '0.1.0', cgroupMode: 'v2', machineId: 'm' };
const clients: LinkClient[] = [];

before(async () => {
  hub = await sampleHub();
  token = await hub.tokenFor('admin');
});
after(async () => {
  for (const client of clients) client.close();
  await hub.end();
});

function tokenOf(text: string): JoinToken {
  const parsed = parseJoinToken(text);
  assert.equal(parsed.kind, 'token');
  return (parsed as { token: JoinToken }).token;
}

async function joined(text: string): Promise<Credentials> {
  const outcome = await joinFleet({ token: tokenOf(text), node });
  assert.equal(outcome.kind, 'joined', JSON.stringify(outcome));
  return (outcome as { credentials: Credentials }).credentials;
}

function clientOf(credentials: Credentials): LinkClient {
  const client = createLinkClient(credentials);
  clients.push(client);
  return client;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`did not happen: ${what}`);
}

const epoch = randomBytes(8).toString('hex');
let credentials: Credentials;
let client: LinkClient;
let session: string;

test('a token from the API joins one sensor, and only one', async () => {
  const made = await hub.ask('POST', '/api/v1/join-tokens', { token, body: { cluster: 'edge' } });
  assert.equal(made.status, 201);
  assert.match(String(made.json['command']), /^vedette join vdt1\./);
  const text = String(made.json['token']);
  credentials = await joined(text);
  assert.equal((await joinFleet({ token: tokenOf(text), node })).kind, 'refused');
  assert.equal((await joinFleet({ token: { ...tokenOf(text), authorityFingerprint: 'ab'.repeat(32) }, node })).kind, 'refused');
  const sensors = (await hub.ask('GET', '/api/v1/sensors', { token })).json['items'] as unknown as { clusterName: string; hostname: string; connected: boolean }[];
  assert.deepEqual(sensors.map((one) => [one.clusterName, one.hostname, one.connected]), [['edge', 'over-the-wire', false]]);
});

test('hello and delivery; what was delivered is what people see', async () => {
  client = clientOf(credentials);
  const hello = await client.hello({ epoch, session: '', nonce: randomBytes(16).toString('hex'), schemaVersion: 1, sentAtMs: Date.now() }, node);
  assert.equal(hello.kind, 'accepted', JSON.stringify(hello));
  session = (hello as { session: string }).session;
  const batches = [
    { sequence: 1, payload: payloadBytes([record.container(), record.coverage(), record.inventory(), record.loaded(1)]) },
    { sequence: 2, payload: payloadBytes([record.started(execution({ containerId: 'c'.repeat(64) })), record.count({ count: 5n })]) },
  ];
  assert.deepEqual(await client.deliver({ epoch, session, stream: 'telemetry', batches }), { kind: 'accepted', watermark: 2, duplicates: 0, reason: '' });
  assert.deepEqual(await client.deliver({ epoch, session, stream: 'telemetry', batches }), { kind: 'accepted', watermark: 2, duplicates: 2, reason: '' });
  const gap = await client.deliver({ epoch, session, stream: 'telemetry', batches: [{ sequence: 9, payload: new Uint8Array() }] });
  assert.ok(gap.kind === 'accepted' && gap.watermark === 2 && gap.reason.includes('Expected batch 3'));
  assert.equal((await client.deliver({ epoch, session, stream: 'detection', batches: [{ sequence: 1, payload: payloadBytes([record.verdict()]) }] })).kind, 'accepted');
  const containers = (await hub.ask('GET', '/api/v1/containers', { token })).json['items'] as unknown as { name: string; packagesLoaded: number }[];
  assert.deepEqual(containers.map((one) => [one.name, one.packagesLoaded]), [['web', 1]]);
  assert.equal((await hub.ask('GET', '/api/v1/executions', { token })).json['sum'], 5);
  assert.equal((await hub.ask('GET', '/api/v1/risk', { token })).status, 200);
});

test('what is known of images is answered by digest, and a name without one is not guessed', async () => {
  const pinned = `registry.example/shop/web@sha256:${'a'.repeat(64)}`;
  const refused = await client.imageFacts([{ reference: pinned, namespace: 'shop' }]);
  assert.notEqual(refused.kind, 'answered', 'only a cluster part is told');
  const now = (): Date => new Date();
  const sources = { database: hub.database, advisories: () => ({ source: undefined, problem: 'none' }), now };
  const [known, tag, nonsense] = await Promise.all([pinned, 'registry.example/shop/web:1', 'No Name'].map((reference) => answerImage({ reference, clusterId: '00000000-0000-4000-8000-000000000000', waitMs: 2000 }, sources)));
  assert.deepEqual([known?.digest, known?.problem], [`sha256:${'a'.repeat(64)}`, '']);
  const read = readImageFacts(known?.factsJson ?? '');
  assert.deepEqual(read.ok && [read.image.packages.items.length, read.image.pinned, read.image.vulnerabilities.incomplete], [3, { is: 'known', value: true }, 'the hub has no advisories to match it with: none']);
  assert.deepEqual([tag?.digest, tag?.problem.startsWith('which digest the name means now is not known')], ['', true]);
  assert.deepEqual([nonsense?.factsJson, nonsense?.problem], ['', 'it is not the name of an image']);
});

test('commands: the whole sets at connect, the policies again when one changes, and the sensor counts as connected', async () => {
  const heard: Command[] = [];
  const over = client.commands(session, (command) => heard.push(command));
  await until('all sets', () => heard.length === 4);
  const [policies, rules] = heard.map((command) => command.kind);
  assert.ok(policies?.case === 'policies' && policies.value.policies.map((one) => `${one.name} ${one.mode}`).includes('only-from-image shadow'));
  assert.ok(rules?.case === 'rules' && rules.value.files.some((file) => file.name === 'execution/shell.yaml'));
  await hub.ask('PUT', '/api/v1/policies/only-from-image/mode', { token, body: { mode: 'enforce' } });
  assert.deepEqual(heard.slice(2, 4).map((one) => one.kind.case), ['imageVerdicts', 'baselines']);
  await until('the changed set', () => heard.length === 5);
  const changed = heard[4]?.kind;
  assert.ok(changed?.case === 'policies' && policies?.case === 'policies' && changed.value.generation > policies.value.generation);
  assert.deepEqual(changed.value.policies.map((one) => one.mode), ['enforce']);
  await hub.ask('PUT', '/api/v1/policies/only-from-image/mode', { token, body: { mode: 'shadow' } });
  assert.deepEqual((await client.commands('ff'.repeat(24), () => assert.fail('a stranger hears nothing'))).stale, true);

  const { request } = await createCertificateRequest();
  const renewed = await client.renew(request);
  assert.equal(renewed.kind, 'renewed');
  assert.equal((await hub.database.query('select 1 from certificate where sensor_id = $1', [credentials.sensorId])).rowCount, 2);

  await hub.ask('DELETE', `/api/v1/sensors/${credentials.sensorId}`, { token });
  assert.equal((await over).stale, false);
  assert.equal(heard.at(-1)?.kind.case, 'leave');
  const refused = await client.deliver({ epoch, session, stream: 'telemetry', batches: [] });
  assert.ok(refused.kind !== 'accepted' && refused.kind !== 'stale', JSON.stringify(refused));
  assert.ok((await client.renew(request)).kind !== 'renewed');
});

test('the token of this host joins; keys are the hub’s alone', async () => {
  const local = await joined(await hub.joinToken());
  assert.notEqual(local.sensorId, credentials.sensorId);
  const directory = path.join(hub.directory, 'state', 'authority');
  const files = await readdir(directory);
  assert.equal(files.length, 2);
  for (const file of files) assert.equal((await stat(path.join(directory, file))).mode & 0o777, 0o600);
  assert.match((await hub.ask('GET', '/metrics')).text, /^vedette_hub_intake_batches_duplicate_total 2$/m);
});
