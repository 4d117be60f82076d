import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, randomUUID, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { clockSkewMsMax, createAuthority, loadAuthority, sensorLifeMs, signingAuthority } from './authority.ts';
import { createCertificateRequest, readCertificateRequest } from './certificate-request.ts';
import { partUri } from './certificate-text.ts';
import { judgePeer, whyNotValid } from './peer.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const day = 86_400_000;
const { authority, privateKeyPem } = await createAuthority(now);
const certificateOf = (der: Uint8Array) => new X509Certificate(der);

async function sensorCertificate(by = authority, at = now, sensorId: string = randomUUID()) {
  const { request, privateKeyPem: key } = await createCertificateRequest();
  const issued = await by.signSensor((await readCertificateRequest(request))!, sensorId, at);
  return { issued, key, sensorId, certificate: certificateOf(issued.certificate) };
}

test('an authority that was kept signs as the one that was made', async () => {
  const loaded = await loadAuthority(authority.certificatePem, privateKeyPem);
  assert.equal(loaded.fingerprint, authority.fingerprint);
  const { certificate } = await sensorCertificate(loaded);
  assert.ok(certificate.verify(certificateOf(authority.certificate).publicKey));
});

test('a sensor certificate: for a day, for clients only, naming its sensor, over the key of the request', async () => {
  const { issued, key, sensorId, certificate } = await sensorCertificate();
  assert.equal(certificate.ca, false);
  assert.equal(certificate.subjectAltName, `URI:${partUri('sensor', sensorId)}`);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.deepEqual([issued.notBeforeMs, issued.notAfterMs], [now - clockSkewMsMax, now + sensorLifeMs]);
  assert.equal(certificate.serialNumber.toLowerCase(), issued.serial);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.notEqual(issued.serial, (await sensorCertificate()).issued.serial);
});

test('a server certificate names hosts and addresses, and is good for servers only', async () => {
  const server = await authority.signServer(['hub.example', '127.0.0.1', '::1'], now);
  const certificate = certificateOf(server.certificate);
  assert.equal(certificate.checkHost('hub.example'), 'hub.example');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.ok(certificate.checkIP('::1') !== undefined);
  assert.equal(certificate.checkHost('other.example'), undefined);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(judgePeer(certificate, [certificateOf(authority.certificate)], now).kind, 'nobody');
});

test('no certificate outlives its authority', async () => {
  const { authority: short } = await createAuthority(now, 3_600_000);
  assert.equal((await sensorCertificate(short)).issued.notAfterMs, now + 3_600_000);
});

test('who is let in', async () => {
  const trusted = [certificateOf(authority.certificate)];
  const { certificate, sensorId } = await sensorCertificate();
  const peer = judgePeer(certificate, trusted, now);
  assert.ok(peer.kind === 'sensor' && peer.sensorId === sensorId);
  const validity: readonly [number, number, RegExp | undefined][] = [
    [now, 0, undefined], [now - clockSkewMsMax, 0, undefined], [now - clockSkewMsMax - 1000, 0, /not valid yet/],
    [now + sensorLifeMs, 0, undefined], [now + sensorLifeMs + 1000, 0, /expired/], [now + 2 * sensorLifeMs, 30 * day, undefined], [now + 40 * day, 30 * day, /expired/],
  ];
  for (const [at, graceMs, expected] of validity) {
    const why = whyNotValid(peer, at, graceMs);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? '', expected);
  }
  const { authority: other } = await createAuthority(now);
  assert.equal(judgePeer(undefined, trusted, now).kind, 'nobody');
  assert.equal(judgePeer((await sensorCertificate(other)).certificate, trusted, now).kind, 'nobody');
  assert.equal(judgePeer(trusted[0], trusted, now).kind, 'nobody', 'the authority itself is no sensor');
  assert.equal(judgePeer((await sensorCertificate(authority, now, 'not-a-uuid')).certificate, trusted, now).kind, 'nobody');
  const both = [...trusted, certificateOf(other.certificate)];
  assert.equal(judgePeer((await sensorCertificate(other)).certificate, both, now).kind, 'sensor', 'authorities overlap');
});

test('a new authority signs only when every sensor has had the time to hear of it', async () => {
  const { authority: old } = await createAuthority(now - 400 * day);
  const { authority: fresh } = await createAuthority(now);
  const signer = (at: number) => signingAuthority([fresh, old], at, 30 * day);
  assert.equal(signer(now), old);
  assert.equal(signer(now + 29 * day), old);
  assert.equal(signer(now + 31 * day), fresh);
  assert.equal(signingAuthority([fresh], now, 30 * day), fresh, 'the only one signs at once');
  assert.equal(signingAuthority([], now, 30 * day), undefined);
});

test('only a request over a P-256 key that proves itself is read', async () => {
  const { request } = await createCertificateRequest();
  assert.ok(await readCertificateRequest(request));
  const changed = Uint8Array.from(request);
  changed[changed.length - 5] = changed[changed.length - 5]! ^ 1;
  assert.equal(await readCertificateRequest(changed), undefined);
  assert.equal(await readCertificateRequest(new Uint8Array(5000)), undefined);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' });
  assert.equal(await readCertificateRequest(other), undefined);
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => assert.equal(await readCertificateRequest(bytes), undefined)));
  await fc.assert(fc.asyncProperty(fc.nat(request.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
    const spoiled = Uint8Array.from(request);
    spoiled[at] = spoiled[at]! ^ flip;
    await readCertificateRequest(spoiled);
  }), { numRuns: 60 });
});
