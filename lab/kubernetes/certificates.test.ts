import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ClusterAuthority, kubeconfig, tokenKeys } from './certificates.ts';

const authority = await ClusterAuthority.create('test authority');
const own = new X509Certificate(authority.certificatePem);

test('an authority signs as itself, and its key is that of its certificate', () => {
  assert.ok(own.ca);
  assert.ok(own.verify(own.publicKey));
  assert.ok(own.checkPrivateKey(createPrivateKey(authority.privateKeyPem)));
});

test('a client is whom Kubernetes reads from it: the name is the user, organisations are groups', async () => {
  const alice = new X509Certificate((await authority.issue({ name: 'alice', groups: ['developers', 'system:masters'], usage: 'client' })).certificatePem);
  assert.deepEqual(alice.subject.split('\n').toSorted(), ['CN=alice', 'O=developers', 'O=system:masters']);
  assert.deepEqual(alice.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.ok(alice.verify(own.publicKey));
  assert.equal(alice.ca, false);
});

test('names with signs that a distinguished name uses stay whole', async () => {
  for (const name of ['system:node:a', 'a, b=c', 'ü+ö', '#x']) {
    const { certificatePem } = await authority.issue({ name, usage: 'client' });
    assert.equal(new X509Certificate(certificatePem).toLegacyObject().subject.CN, name);
  }
});

test('a server certificate is for its names and addresses, and for servers', async () => {
  const server = new X509Certificate((await authority.issue({ name: 'api', usage: 'server', hosts: ['kubernetes.default.svc', '10.96.0.1'] })).certificatePem);
  assert.equal(server.checkHost('kubernetes.default.svc'), 'kubernetes.default.svc');
  assert.equal(server.checkIP('10.96.0.1'), '10.96.0.1');
  assert.equal(server.checkIP('10.96.0.2'), undefined);
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('a kubeconfig needs no other file', async () => {
  const certificate = await authority.issue({ name: 'bob', usage: 'client' });
  const config = JSON.parse(kubeconfig({ cluster: 'c', server: 'https://127.0.0.1:1', authorityPem: authority.certificatePem, user: 'bob', certificate })) as { users: { user: Record<string, string> }[] };
  assert.equal(Buffer.from(config.users[0]!.user['client-key-data']!, 'base64').toString(), certificate.privateKeyPem);
  assert.match(tokenKeys().publicPem, /BEGIN PUBLIC KEY/);
});
