/** Joining, and who gets through to what: real TLS over loopback. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import type { TestContext } from 'node:test';
import { after, before, test } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { Disposition, Link } from '@vedette/model/wire/generated/link_pb';
import { createAuthority, sensorLifeMs } from './authority.ts';
import { createCertificateRequest, readCertificateRequest } from './certificate-request.ts';
import { pem } from './certificate-text.ts';
import { createLinkClient } from './client.ts';
import type { Credentials } from './credentials.ts';
import { validityOf } from './credentials.ts';
import type { LinkFailure } from './failure.ts';
import { SampleHub } from './hub-sample.ts';
import { joinFleet } from './join.ts';
import type { LinkServerBounds } from './server.ts';

const node = { hostname: 'test' };
const hub = await SampleHub.create();
before(() => hub.start({ joinsPerAddressMax: 1000, joinsInAllMax: 1000 }));
after(() => hub.kill());

const words = (nonce: number) => ({
  epoch: '0123456789abcdef', session: '', nonce: nonce.toString(16).padStart(32, '0'), schemaVersion: 1, sentAtMs: Date.now(),
});

/** Another hub, for one test. */
async function anotherHub(t: TestContext, bounds: Partial<LinkServerBounds> = {}): Promise<SampleHub> {
  const other = await SampleHub.create();
  await other.start(bounds);
  t.after(() => other.kill());
  return other;
}

async function joined(): Promise<Credentials> {
  const outcome = await joinFleet({ token: hub.token(), node });
  assert.ok(outcome.kind === 'joined', outcome.kind === 'refused' ? outcome.reason : '');
  return outcome.credentials;
}

async function helloWith(credentials: Credentials, nonce = 1) {
  const client = createLinkClient(credentials);
  const answer = await client.hello(words(nonce), node);
  client.close();
  return answer;
}

function assertFailed(answer: { kind: string }, scope: LinkFailure['scope'], reason: RegExp): void {
  assert.equal(answer.kind, 'failed');
  const failure = answer as LinkFailure;
  assert.equal(failure.scope, scope, failure.reason);
  assert.match(failure.reason, reason);
}

/** Credentials for a sensor the hub knows, signed by whom and when the test likes. */
async function forged(by = hub.authority, atMs = Date.now()): Promise<Credentials> {
  const { privateKeyPem, request } = await createCertificateRequest();
  const sensorId = randomUUID();
  const issued = await by.signSensor((await readCertificateRequest(request))!, sensorId, atMs);
  hub.sensors.set(sensorId, { state: undefined, removed: false, watermarks: new Map() });
  return {
    hubUrl: hub.url, sensorId, nodeId: randomUUID(), clusterId: randomUUID(), privateKeyPem,
    certificatePem: pem(issued.certificate), authoritiesPem: [hub.authority.certificatePem],
  };
}

test('a sensor joins with a token, and its certificate opens the link', async () => {
  const credentials = await joined();
  assert.ok(hub.issued.some(({ certificate }) => pem(certificate) === credentials.certificatePem), 'the hub recorded it');
  const { notAfterMs, renewMs } = validityOf(credentials);
  assert.ok(Math.abs(notAfterMs - Date.now() - sensorLifeMs) < 60_000 && renewMs < notAfterMs);
  const answer = await helloWith(credentials);
  assert.ok(answer.kind === 'accepted');
  assert.deepEqual(answer.watermarks, { detection: 0, telemetry: 0 });
  assert.equal(hub.said.at(-1)?.node?.hostname, 'test');
});

test('a token used twice is refused', async () => {
  const token = hub.token();
  assert.equal((await joinFleet({ token, node })).kind, 'joined');
  const again = await joinFleet({ token, node });
  assert.match(again.kind === 'refused' ? again.reason : '', /was used/);
});

test('a hub of another authority is not told the secret', async () => {
  const token = hub.token();
  const wrong = await joinFleet({ token: { ...token, authorityFingerprint: 'ab'.repeat(32) }, node });
  assert.match(wrong.kind === 'refused' ? wrong.reason : '', /does not prove/);
  assert.equal((await joinFleet({ token, node })).kind, 'joined', 'the secret is still unused');
});

test('a hub called by a name that is not in its certificate is not told the secret', async (t) => {
  const token = hub.token();
  const other = await joinFleet({ token: { ...token, hubUrl: token.hubUrl.replace('127.0.0.1', '127.0.0.2') }, node });
  // 127.0.0.2 is loopback too, but nobody listens there; a listener would fail by its name.
  assert.equal(other.kind, 'refused');
  const everywhere = await anotherHub(t);
  const certificate = await everywhere.authority.signServer(['elsewhere.example'], Date.now());
  everywhere.server.replace(certificate, [everywhere.authority]);
  const outcome = await joinFleet({ token: everywhere.token(), node });
  assert.match(outcome.kind === 'refused' ? outcome.reason : '', /another name/);
  assert.equal(everywhere.tokens.size, 1);
});

test('an expired certificate is refused, and may be renewed for a while', async () => {
  const credentials = await forged(hub.authority, Date.now() - sensorLifeMs - 3_600_000);
  assertFailed(await helloWith(credentials), 'admission', /expired/);
  const client = createLinkClient(credentials);
  const { request, privateKeyPem } = await createCertificateRequest();
  const renewed = await client.renew(request);
  client.close();
  assert.ok(renewed.kind === 'renewed');
  assert.equal((await helloWith({ ...credentials, privateKeyPem, certificatePem: renewed.certificatePem })).kind, 'accepted');
});

test('a certificate that expired too long ago is not renewed', async () => {
  const client = createLinkClient(await forged(hub.authority, Date.now() - 40 * 86_400_000));
  assertFailed(await client.renew((await createCertificateRequest()).request), 'admission', /expired/);
  client.close();
});

test('a certificate that expires while the connection is open counts no more', async () => {
  const credentials = await joined();
  const client = createLinkClient(credentials);
  assert.equal((await client.hello(words(1), node)).kind, 'accepted');
  hub.aheadMs = sensorLifeMs + 60_000;
  assertFailed(await client.hello(words(2), node), 'admission', /expired/);
  hub.aheadMs = 0;
  client.close();
});

test('no client certificate, no link', async () => {
  const manager = new Http2SessionManager(hub.url, {}, { ca: [hub.authority.certificatePem] });
  const transport = createConnectTransport({ baseUrl: hub.url, httpVersion: '2', sessionManager: manager });
  await assert.rejects(createClient(Link, transport).hello({}), /No client certificate/);
  await assert.rejects(createClient(Link, transport).deliver({}), /No client certificate/);
  await assert.rejects(createClient(Link, transport).renew({}), /No client certificate/);
  await assert.rejects(async () => {
    for await (const command of createClient(Link, transport).commands({})) assert.fail(String(command));
  }, /No client certificate/);
  manager.abort();
});

test('a certificate of another authority is refused, and a hub of another authority too', async () => {
  const { authority: other } = await createAuthority(Date.now());
  assertFailed(await helloWith(await forged(other)), 'admission', /does not trust/);
  const credentials = await joined();
  assertFailed(await helloWith({ ...credentials, authoritiesPem: [other.certificatePem] }), 'connection', /this sensor does not trust/);
});

test('authorities overlap: the next one is trusted before it signs, and after it does the old sensors still get in', async (t) => {
  const own = await anotherHub(t);
  const outcome = await joinFleet({ token: own.token(), node });
  assert.ok(outcome.kind === 'joined');
  const { authority: next } = await createAuthority(Date.now());
  own.server.replace(await own.authority.signServer(['127.0.0.1'], Date.now()), [own.authority, next]);
  const client = createLinkClient(outcome.credentials);
  const { request, privateKeyPem } = await createCertificateRequest();
  const renewed = await client.renew(request);
  client.close();
  assert.ok(renewed.kind === 'renewed' && renewed.authoritiesPem.length === 2);
  own.server.replace(await next.signServer(['127.0.0.1'], Date.now()), [next, own.authority]);
  const { certificatePem, authoritiesPem } = renewed;
  assert.equal((await helloWith({ ...outcome.credentials, privateKeyPem, certificatePem, authoritiesPem })).kind, 'accepted');
});

test('a removed sensor is refused by its id, whatever its certificate says', async () => {
  const credentials = await joined();
  hub.sensors.get(credentials.sensorId)!.removed = true;
  assertFailed(await helloWith(credentials), 'admission', /removed/);
  const client = createLinkClient(credentials);
  assertFailed(await client.renew((await createCertificateRequest()).request), 'admission', /removed/);
  client.close();
});

test('a hub that is down or does not answer is a sentence, not a throw', async () => {
  const credentials = await joined();
  assertFailed(await helloWith({ ...credentials, hubUrl: 'https://127.0.0.1:1' }), 'connection', /refuses connections/);
  assertFailed(await helloWith({ ...credentials, hubUrl: 'https://hub.invalid:1' }), 'connection', /name of the hub/);
  hub.beforeAnswer = () => new Promise(() => {});
  const client = createLinkClient(credentials, { requestMsMax: 200, messageBytesMax: 1e6, pingMs: 1e5, pingMsMax: 1e5 });
  assertFailed(await client.hello(words(1), node), 'connection', /in time/);
  hub.beforeAnswer = async () => {};
  client.close();
});

test('a message beyond the bound is refused on either side', async (t) => {
  const client = createLinkClient(await joined());
  const big = { epoch: '0'.repeat(16), session: '0'.repeat(48), stream: 'telemetry', batches: [{ sequence: 1, payload: randomBytes(5e6) }] } as const;
  assertFailed(await client.deliver(big), 'request', /larger than/);
  const bomb = { ...big, batches: [{ sequence: 1, payload: new Uint8Array(50e6) }] };
  assertFailed(await client.deliver(bomb), 'request', /larger than/);
  client.close();
  const small = await anotherHub(t, { messageBytesMax: 4000 });
  const outcome = await joinFleet({ token: small.token(), node });
  assert.ok(outcome.kind === 'joined');
  const other = createLinkClient(outcome.credentials);
  assertFailed(await other.deliver({ ...big, batches: [{ sequence: 1, payload: randomBytes(10_000) }] }), 'request', /larger than/);
  other.close();
});

test('what a handler throws is logged at the hub and not told to the sensor', async () => {
  hub.beforeAnswer = () => Promise.reject(new Error('the password of the database is hunter2'));
  const answer = await helloWith(await joined());
  hub.beforeAnswer = async () => {};
  assertFailed(answer, 'request', /fault of its own/);
  assert.match(String(hub.faults.at(-1)), /hunter2/);
});

test('a malformed hello or delivery is refused', async () => {
  const { certificatePem: cert, privateKeyPem: key } = await joined();
  const manager = new Http2SessionManager(hub.url, {}, { ca: [hub.authority.certificatePem], cert, key });
  const link = createClient(Link, createConnectTransport({ baseUrl: hub.url, httpVersion: '2', sessionManager: manager }));
  const nonce = new Uint8Array(16);
  await assert.rejects(link.hello({ nonce: new Uint8Array(3) }), /hello does not have its form/);
  await assert.rejects(link.hello({ nonce, session: new Uint8Array(5) }), /hello does not have its form/);
  await assert.rejects(link.deliver({ session: new Uint8Array(24) }), /delivery does not have its form/);
  await assert.rejects(link.deliver({ session: new Uint8Array(24), stream: 1, batches: [{ sequence: 2n ** 60n }] }), /delivery does not have its form/);
  await assert.rejects(link.renew({ certificateRequest: nonce }), /certificate request does not have its form/);
  manager.abort();
});

test('any gRPC client can speak it', async () => {
  const { certificatePem: cert, privateKeyPem: key } = await joined();
  const manager = new Http2SessionManager(hub.url, {}, { ca: [hub.authority.certificatePem], cert, key });
  const link = createClient(Link, createGrpcTransport({ baseUrl: hub.url, sessionManager: manager }));
  const answer = await link.hello({ epoch: 1n, nonce: new Uint8Array(16), schemaVersion: 1 });
  assert.equal(answer.disposition, Disposition.ACCEPTED);
  manager.abort();
});

test('attempts to join are limited by address', async (t) => {
  const strict = await anotherHub(t, { joinsPerAddressMax: 2 });
  const outcomes: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const outcome = await joinFleet({ token: { ...strict.token(), secret: Buffer.alloc(32, i).toString('base64url') }, node });
    outcomes.push(outcome.kind === 'refused' ? outcome.reason : outcome.kind);
  }
  assert.deepEqual(outcomes.map((reason) => /Too many/.test(reason)), [false, false, true, true]);
});

test('TLS 1.3 and HTTP/2 or nothing, and strangers do not stay', async (t) => {
  const shy = await anotherHub(t, { strangerMsMax: 100, strangersMax: 2 });
  const { port } = new URL(shy.url);
  const old = connectTls({ host: '127.0.0.1', port: Number(port), maxVersion: 'TLSv1.2', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await assert.rejects(new Promise((resolve, reject) => void old.once('secureConnect', resolve).once('error', reject)));
  const strangers = Array.from({ length: 5 }, () => connectHttp2(shy.url, { rejectUnauthorized: false }));
  await Promise.all(strangers.map((stranger) => new Promise((resolve) => void stranger.on('error', () => {}).once('close', resolve))));
  assert.equal(shy.server.connections, 0);
});
