/** The relay between a sensor and a hub, over real TLS: whose certificates count, and what a sensor hears of what is not its own fault. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createCertificateRequest, readCertificateRequest } from './certificate-request.ts';
import { pem, type Part } from './certificate-text.ts';
import { createLinkClient } from './client.ts';
import type { Credentials } from './credentials.ts';
import type { LinkFailure } from './failure.ts';
import { SampleHub } from './hub-sample.ts';
import { joinFleet, joinThroughRelay } from './join.ts';
import { createRelay, keepRelayCertificate, keptRelayCertificate, relayRenewMs, type RelayCertificate } from './relay.ts';
import type { RelayDoors, Vouching } from './relay-routes.ts';
import type { LocalCommand } from './relayed-commands.ts';
import { Upstream } from './upstream.ts';

const dayMs = 86_400_000;
const node = { hostname: 'n1' };
const words = (session = '', nonce = 1) => ({ epoch: '0123456789abcdef', session, nonce: nonce.toString(16).padStart(32, '0'), schemaVersion: 1, sentAtMs: Date.now() });

async function certified(hub: SampleHub, part: Part, atMs = Date.now()): Promise<Credentials> {
  const { privateKeyPem, request } = await createCertificateRequest();
  const id = randomUUID();
  const issued = await hub.authority.signPart(part, (await readCertificateRequest(request))!, id, atMs);
  if (part === 'sensor') hub.sensors.set(id, { state: undefined, removed: false, watermarks: new Map() });
  return { hubUrl: hub.url, sensorId: id, nodeId: 'n', clusterId: 'c', privateKeyPem, certificatePem: pem(issued.certificate), authoritiesPem: [hub.authority.certificatePem], part };
}

interface Bench {
  readonly hub: SampleHub;
  readonly upstream: Upstream;
  readonly certificate: RelayCertificate;
  readonly url: string;
  sensor(atMs?: number): Promise<Credentials>;
}

async function bench(t: TestContext, { vouching, local, partAtMs = Date.now() }: { vouching?: Vouching; local?: RelayDoors['local']; partAtMs?: number } = {}): Promise<Bench> {
  const hub = await SampleHub.create();
  await hub.start();
  const fresh = new Upstream(await certified(hub, 'cluster'));
  const certificate = await fresh.certifyRelay();
  fresh.close();
  assert.ok(!('kind' in certificate), JSON.stringify(certificate));
  const upstream = new Upstream(await certified(hub, 'cluster', partAtMs));
  const relay = createRelay({
    certificate,
    upstream,
    nowMs: () => Date.now(),
    onFault: (error) => assert.fail(String(error)),
    vouch: async () => vouching ?? { kind: 'refused', reason: 'Nobody is vouched for.' },
    placed: () => undefined,
    connected: () => undefined,
    local: local ?? async function* nothing(): AsyncGenerator<LocalCommand> {},
  });
  const { port } = await relay.listen(0, '127.0.0.1');
  t.after(async () => {
    upstream.close();
    await relay.close();
    await hub.kill();
  });
  const url = `https://127.0.0.1:${port}`;
  return { hub, upstream, certificate, url, sensor: async (atMs) => ({ ...(await certified(hub, 'sensor', atMs)), hubUrl: url, serverName: certificate.serverName }) };
}

function assertFailed(answer: { kind: string }, scope: LinkFailure['scope'], reason: RegExp): void {
  assert.equal(answer.kind, 'failed', JSON.stringify(answer));
  assert.equal((answer as LinkFailure).scope, scope, (answer as LinkFailure).reason);
  assert.match((answer as LinkFailure).reason, reason);
}

function open(t: TestContext, credentials: Credentials) {
  const client = createLinkClient(credentials);
  t.after(() => client.close());
  return client;
}

test('an expired certificate may do nothing but renew, through the relay too', async (t) => {
  const { sensor } = await bench(t);
  const client = open(t, await sensor(Date.now() - 2 * dayMs));
  assertFailed(await client.hello(words(), node), 'admission', /has expired/);
  assertFailed(await client.deliver({ epoch: '0123456789abcdef', session: 'ab'.repeat(24), stream: 'telemetry', batches: [] }), 'admission', /has expired/);
  assert.equal((await client.renew((await createCertificateRequest()).request)).kind, 'renewed');
  const longGone = open(t, await sensor(Date.now() - 40 * dayMs));
  assertFailed(await longGone.renew((await createCertificateRequest()).request), 'admission', /has expired/);
});

test('a certificate of a foreign authority, or of another part, is nobody here', async (t) => {
  const { sensor, hub, certificate, url } = await bench(t);
  const stranger = await SampleHub.create();
  const own = await sensor();
  const foreign = await certified(stranger, 'sensor');
  assertFailed(await open(t, { ...own, certificatePem: foreign.certificatePem, privateKeyPem: foreign.privateKeyPem }).hello(words(), node), 'admission', /authority that this hub does not trust/);
  const part = await certified(hub, 'cluster');
  assertFailed(await open(t, { ...part, hubUrl: url, serverName: certificate.serverName }).hello(words(), node), 'admission', /Only sensors are passed on/);
});

test('what the hub has against the cluster part is not told to its sensors as their own fault', async (t) => {
  const { sensor } = await bench(t, { partAtMs: Date.now() - 2 * dayMs });
  assertFailed(await open(t, await sensor()).hello(words(), node), 'request', /no hub at the moment: The client certificate has expired/);
});

test('what the hub has against the sensor is', async (t) => {
  const { sensor, hub } = await bench(t);
  const credentials = await sensor();
  hub.sensors.get(credentials.sensorId)!.removed = true;
  assertFailed(await open(t, credentials).hello(words(), node), 'admission', /was removed from the fleet/);
  const unknown = await sensor();
  hub.sensors.delete(unknown.sensorId);
  assertFailed(await open(t, unknown).hello(words(), node), 'admission', /not one of the cluster part/);
});

test('a session that the hub does not hold ends the commands as stale, before the part says anything', async (t) => {
  const { sensor } = await bench(t, { local: async function* pods() { yield { case: 'keepAlive', value: { $typeName: 'vedette.link.v1.KeepAlive', hubTimeMs: 0n } }; } });
  const end = await open(t, await sensor()).commands('ab'.repeat(24), () => assert.fail('nothing is said'));
  assert.deepEqual([end.stale, end.broken], [true, false]);
});

test('without a hub the commands stay open with the part’s words; when the session is gone afterwards they break', async (t) => {
  const { sensor, hub } = await bench(t, {
    local: async function* pods(_sensorId, signal) {
      yield { case: 'pods', value: { $typeName: 'vedette.link.v1.PodSet', generation: 7n, pods: [] } };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
  const credentials = await sensor();
  const client = open(t, credentials);
  const hello = await client.hello(words(), node);
  assert.ok(hello.kind === 'accepted');
  await hub.kill();
  const heard: string[] = [];
  const told = Promise.withResolvers<void>();
  const over = client.commands(hello.session, ({ kind }) => {
    heard.push(kind.case ?? '');
    told.resolve();
  });
  await told.promise;
  assert.deepEqual(heard, ['pods']);
  assertFailed(await client.deliver({ epoch: '0123456789abcdef', session: hello.session, stream: 'telemetry', batches: [] }), 'request', /no hub at the moment/);
  hub.sensors.get(credentials.sensorId)!.state = undefined;
  await hub.start();
  const end = await over;
  assert.deepEqual([end.stale, end.broken], [false, true], end.reason);
});

test('far more sensors than a connection of a sensor may have streams', async (t) => {
  const { sensor, hub } = await bench(t);
  const all = await Promise.all(Array.from({ length: 40 }, async (_, index) => {
    const client = open(t, await sensor());
    const hello = await client.hello(words('', index + 1), node);
    assert.ok(hello.kind === 'accepted');
    const heard = Promise.withResolvers<void>();
    void client.commands(hello.session, () => heard.resolve());
    return { client, session: hello.session, heard: heard.promise };
  }));
  await Promise.all(all.map((one) => one.heard));
  assert.equal(hub.listeners, 40);
  for (const { client, session } of all) {
    const answer = await client.deliver({ epoch: '0123456789abcdef', session, stream: 'telemetry', batches: [{ sequence: 1, payload: Buffer.from('x') }] });
    assert.ok(answer.kind === 'accepted' && answer.watermark === 1, JSON.stringify(answer));
  }
  assert.equal(hub.server.connections, 1);
});

test('joining: by the voucher only, and what cannot be told is not a refusal for good', async (t) => {
  const vouched = await bench(t, { vouching: { kind: 'unavailable', reason: 'The API server does not answer.' } });
  const relay = { relayUrl: vouched.url, serverName: vouched.certificate.serverName, authoritiesPem: vouched.certificate.authoritiesPem, node };
  const answer = await joinThroughRelay({ ...relay, token: 't' });
  assert.ok(answer.kind === 'refused' && /does not answer/.test(answer.reason), JSON.stringify(answer));
  const foreign = await joinThroughRelay({ ...relay, serverName: 'another.cluster.vedette.internal', token: 't' });
  assert.ok(foreign.kind === 'refused' && /for another name/.test(foreign.reason), JSON.stringify(foreign));
  const token = { hubUrl: vouched.url.replace('127.0.0.1', 'localhost'), authorityFingerprint: vouched.hub.authority.fingerprint, secret: 'x' };
  const byToken = await joinFleet({ token, node });
  assert.equal(byToken.kind, 'refused');
});

test('the certificate of the relay is kept for the next start, as long as it is good', async (t) => {
  const { certificate } = await bench(t);
  const directory = mkdtempSync(path.join(tmpdir(), 'vedette-relay-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'relay.json');
  assert.equal(keptRelayCertificate(file, Date.now()), undefined);
  keepRelayCertificate(file, certificate);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(keptRelayCertificate(file, Date.now()), certificate);
  assert.equal(keptRelayCertificate(file, Date.now() + 31 * dayMs), undefined);
  assert.ok(relayRenewMs(certificate) > Date.now() + 14 * dayMs && relayRenewMs(certificate) < Date.now() + 16 * dayMs);
  for (const text of ['', 'null', '{}', '[]', '{"certificatePem":"x"}']) {
    writeFileSync(file, text);
    assert.equal(keptRelayCertificate(file, Date.now()), undefined, text);
  }
});
