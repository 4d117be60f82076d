import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { createAuthority } from './authority.ts';
import { createCertificateRequest, readCertificateRequest } from './certificate-request.ts';
import { pem } from './certificate-text.ts';
import { AttemptLimit } from './attempt-limit.ts';
import { readCredentials, removeCredentials, validityOf, writeCredentials } from './credentials.ts';
import { flawOf } from './join.ts';

const root = mkdtempSync(path.join(tmpdir(), 'vedette-credentials-'));
after(() => rmSync(root, { recursive: true }));

const { authority } = await createAuthority(Date.now());
const sensorId = '0f0e0d0c-0b0a-4908-8706-050403020100';

async function credentialsOf() {
  const { privateKeyPem, request } = await createCertificateRequest();
  const issued = await authority.signSensor((await readCertificateRequest(request))!, sensorId, Date.now());
  return {
    hubUrl: 'https://hub.example:9443', sensorId, nodeId: sensorId, clusterId: sensorId, privateKeyPem,
    certificatePem: pem(issued.certificate), authoritiesPem: [authority.certificatePem],
  };
}

test('credentials are kept for their owner alone, replaced as a whole, and forgotten', async () => {
  const directory = path.join(root, 'kept');
  assert.deepEqual(readCredentials(directory), { kind: 'absent' });
  for (const credentials of [await credentialsOf(), await credentialsOf()]) {
    assert.equal(writeCredentials(directory, credentials), undefined);
    assert.deepEqual(readCredentials(directory), { kind: 'joined', credentials });
  }
  assert.deepEqual(readdirSync(directory), ['credentials.json']);
  assert.equal(statSync(path.join(directory, 'credentials.json')).mode & 0o777, 0o600);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  removeCredentials(directory);
  assert.deepEqual(readCredentials(directory), { kind: 'absent' });
});

test('renewal is due at the half of the life', async () => {
  const { notBeforeMs, notAfterMs, renewMs } = validityOf(await credentialsOf());
  assert.equal(renewMs - notBeforeMs, notAfterMs - renewMs);
});

for (const text of ['', '{', '[]', 'null', '{"version":1}', '{"version":2}']) {
  test(`a broken file is said to be broken: ${JSON.stringify(text)}`, () => {
    const directory = mkdtempSync(path.join(root, 'broken-'));
    writeFileSync(path.join(directory, 'credentials.json'), text);
    assert.equal(readCredentials(directory).kind, 'broken');
  });
}

test('what cannot be written is a sentence', async () => {
  const directory = mkdtempSync(path.join(root, 'file-'));
  const inTheWay = path.join(directory, 'in-the-way');
  writeFileSync(inTheWay, '');
  chmodSync(inTheWay, 0o600);
  assert.match(writeCredentials(inTheWay, await credentialsOf()) ?? '', /cannot be written/);
});

test('what a hub answers is checked before it is believed', async () => {
  const [one, two] = [await credentialsOf(), await credentialsOf()];
  const { authority: other } = await createAuthority(Date.now());
  assert.equal(flawOf(one), undefined);
  assert.match(flawOf({ ...one, certificatePem: two.certificatePem }) ?? '', /another key/);
  assert.match(flawOf({ ...one, sensorId: sensorId.replace('0f', '1f') }) ?? '', /another sensor/);
  assert.match(flawOf({ ...one, authoritiesPem: [other.certificatePem] }) ?? '', /none of its authorities/);
});

test('attempts: so many for an address, so many in all, and time refills', () => {
  const limit = new AttemptLimit({ perAddressMax: 2, inAllMax: 5, refillMs: 1000, addressesMax: 3 }, 0);
  const tries = (address: string, nowMs: number, count: number) => Array.from({ length: count }, () => (limit.take(address, nowMs) ? 1 : 0)).join('');
  assert.equal(tries('a', 0, 3), '110');
  assert.equal(tries('b', 0, 3), '110');
  assert.equal(tries('c', 0, 3), '100', 'five in all');
  assert.equal(tries('a', 499, 1), '0');
  assert.equal(tries('a', 1000, 3), '110');
  assert.equal(tries('a', 500, 1), '0', 'a clock that runs backwards refills nothing');
  for (let i = 0; i < 100; i += 1) limit.take(`address ${i}`, 2000);
});
