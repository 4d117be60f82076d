import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeCredentials, type Credentials } from '@vedette/link/transport/credentials';
import { joinFleet } from '@vedette/link/transport/join';
import { SampleHub } from '@vedette/link/transport/hub-sample';
import { atPresentAddress, giveUpForeignCredentials, readTrust, relayJoining } from './trust.ts';

const authority = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

function place(t: TestContext, files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'vedette-trust-'));
  t.after(() => rmSync(root, { recursive: true }));
  const trustDirectory = join(root, 'trust');
  mkdirSync(trustDirectory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(name === 'token' ? root : trustDirectory, name), text);
  return { tokenFile: join(root, 'token'), trustDirectory, nodeName: '', state: join(root, 'state') };
}

const whole = { 'relay-url': 'https://vedette-cluster.vedette.svc:7444\n', 'server-name': 'c1.cluster.vedette.internal', 'authorities.pem': `${authority}\n${authority}\n` };

test('trust is whole or not there', (t) => {
  const { trustDirectory } = place(t, whole);
  assert.deepEqual(readTrust(trustDirectory), { relayUrl: 'https://vedette-cluster.vedette.svc:7444', serverName: 'c1.cluster.vedette.internal', authoritiesPem: [authority, authority] });
  for (const missing of Object.keys(whole)) {
    const { [missing as keyof typeof whole]: _left, ...rest } = whole;
    assert.equal(readTrust(place(t, rest).trustDirectory), undefined, missing);
  }
  assert.equal(readTrust(place(t, { ...whole, 'authorities.pem': 'x' }).trustDirectory), undefined);
  assert.equal(readTrust('/nowhere'), undefined);
});

test('what it waits for is said; with another token it is tried at once', (t) => {
  const node = () => ({ hostname: 'n' });
  assert.match(JSON.stringify(relayJoining(place(t, {}), node)), /waiting for the cluster part/);
  assert.match(JSON.stringify(relayJoining(place(t, whole), node)), /waiting for the service-account token/);
  assert.match(JSON.stringify(relayJoining(place(t, { ...whole, token: 'abc\n' }), node)), /"kind":"with","by":"abc"/);
});

test('credentials of another cluster are given up, one’s own are kept and follow the relay to its address', async (t) => {
  const hub = await SampleHub.create();
  await hub.start();
  t.after(() => hub.kill());
  const joined = await joinFleet({ token: hub.token(), node: { hostname: 'n' } });
  assert.ok(joined.kind === 'joined');
  const cases: [title: string, serverName: string | undefined, files: Record<string, string>, givenUp: boolean][] = [
    ['its own', 'c1.cluster.vedette.internal', whole, false],
    ['another cluster', 'c2.cluster.vedette.internal', whole, true],
    ['a plain host before', undefined, whole, true],
    ['nobody says whom to believe', 'c2.cluster.vedette.internal', {}, false],
  ];
  for (const [title, serverName, files, givenUp] of cases) {
    const at = place(t, files);
    const credentials: Credentials = { ...joined.credentials, ...(serverName === undefined ? {} : { serverName }) };
    assert.equal(writeCredentials(at.state, credentials), undefined);
    assert.equal(giveUpForeignCredentials(at, at.state), givenUp, title);
    assert.equal(existsSync(join(at.state, 'credentials.json')), !givenUp, title);
    if (!givenUp && 'relay-url' in files) assert.equal(atPresentAddress(at, credentials).hubUrl, 'https://vedette-cluster.vedette.svc:7444');
  }
});
