/** The whole way for an image: a registry, signatures, Artifactory and Xray, told as one chain and six verdicts. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { ArtifactoryDouble } from '@vedette/lab/artifactory/double';
import type { Station } from '@vedette/model/origin';
import { parsePublicKey, type SignerKey } from './cosign/key.ts';
import { openPlatform } from './jfrog/platform.ts';
import { parseReference, type ImageReference } from './oci/reference.ts';
import { openRegistry } from './oci/registry.ts';
import { testAsking } from './testing/asking.ts';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from './testing/cosign.ts';
import { pushImage, pushIndex, sendError, TestRegistry } from './testing/registry.ts';
import type { Chain } from './trace.ts';
import { traceImage, type ImageTrace } from './trace-image.ts';

const registry = await new TestRegistry().start();
const double = await new ArtifactoryDouble().start();
after(async () => (await registry.close(), await double.close()));
beforeEach(() => void ((registry.hook = null), (double.faults.length = 0)));

const commit = 'a'.repeat(40);
const labels = { 'org.opencontainers.image.revision': commit, 'org.opencontainers.image.source': 'https://git.example/web' };
const ours = makeKeyPair();
const key = parsePublicKey(ours.pem, 'cosign.pub') as SignerKey;
const web = pushImage(registry, 'docker/web', null, { labels });
const index = pushIndex(registry, 'docker/web', '1', [web]);
pushSignatureTag(registry, 'docker/web', index, [simpleSignature(ours.privateKey, simplePayload(`${registry.host}/docker/web`, index))]);

// the same image in Artifactory: its manifest, not a second one
const { content } = double;
content.repository('docker-local');
content.repository('docker', 'virtual', { members: ['docker-local'] });
const kept = content.put('docker-local', `web/${web.digest}`, 'manifest.json', '', { 'build.name': 'web', 'build.number': '7', 'docker.repoName': 'web' });
content.items = content.items.map((one) => (one === kept ? { ...one, sha256: web.digest.slice(7) } : one));
const publish = (revision: string) => content.publish({ name: 'web', number: '7', url: 'https://ci.example/7', artifactoryPrincipal: 'ci', vcs: [{ url: 'https://git.example/web.git', revision }], modules: [{ id: 'linux/amd64/web:1', artifacts: [{ sha256: web.digest.slice(7) }] }] });

async function trace(text: string, options: { keys?: SignerKey[]; trusted?: string[]; jfrog?: boolean } = {}): Promise<ImageTrace> {
  const asking = testAsking();
  const jfrog = options.jfrog === false ? null : { platform: openPlatform({ url: new URL(double.url), token: 'admin-token', projects: [], asking }), names: { pathHosts: [registry.host], domains: [], ports: {} } };
  return await traceImage(parseReference(`${registry.host}/${text}`) as ImageReference, { os: 'linux', architecture: 'amd64', variant: null }, {
    registry: openRegistry({ registry: registry.host, credentials: null, asking, plainHttp: false }),
    keys: options.keys ?? [key],
    trusted: options.trusted ?? [registry.host],
    jfrog,
    clock: asking.clock,
  });
}
const states = (chain: Chain) => Object.fromEntries(chain.links.map((one) => [one.station, one.state]));
const link = (chain: Chain, station: Station) => chain.links.find((one) => one.station === station)!;
const verdicts = (one: ImageTrace) => Object.fromEntries(one.verdicts.map((verdict) => [verdict.kind, verdict.state]));

test('image → registry → build → commit → signer, each with its source; what an image cannot tell is not asked', async () => {
  publish(commit);
  const traced = await trace(`docker/web:1@${index}`);
  assert.deepEqual(states(traced.chain), { process: 'unknown', file: 'unknown', package: 'unknown', layer: 'known', image: 'known', registry: 'known', build: 'known', commit: 'known', signer: 'known' });
  assert.deepEqual(link(traced.chain, 'commit').claims.map((one) => [one.source.kind, one.confidence]), [['build-info', 'recorded'], ['image-config', 'claimed']]);
  assert.deepEqual(link(traced.chain, 'build').claims[0]!.value.details, { run: 'https://ci.example/7', principal: 'ci', module: 'linux/amd64/web:1' });
  assert.equal(link(traced.chain, 'signer').claims[0]!.value.names['key']![0], key.fingerprint);
  assert.deepEqual(verdicts(traced), { 'tag-moved': 'holds', 'missing-in-registry': 'holds', 'unknown-digest': 'holds', unsigned: 'holds', 'signature-failed': 'holds', 'untrusted-registry': 'holds' });
});

test('a false build info is a conflict, shown with both sides', async () => {
  publish('b'.repeat(40));
  const { chain } = await trace('docker/web:1');
  assert.equal(link(chain, 'commit').state, 'conflict');
  assert.match(link(chain, 'commit').conflicts[0]!, /commit b{40} according to build info \(web #7\), a{40} according to the image's own labels/);
});

test('tag overwritten, manifest deleted, never heard of, signed by another key: different verdicts', async () => {
  const old = pushImage(registry, 'docker/web', '2', { layer: 'old' });
  const moved = pushImage(registry, 'docker/web', '2', { layer: 'new' });
  const first = verdicts(await trace(`docker/web:2@${old.digest}`));
  assert.deepEqual([first['tag-moved'], first['missing-in-registry'], first['unsigned']], ['violated', 'holds', 'violated']);
  registry.remove('docker/web', old.digest);
  const second = verdicts(await trace(`docker/web@${old.digest}`));
  assert.deepEqual([second['missing-in-registry'], second['unknown-digest'], second['unsigned']], ['violated', 'violated', 'unknown']);
  registry.remove('docker/web', web.digest);
  assert.deepEqual([verdicts(await trace(`docker/web@${web.digest}`))['missing-in-registry'], verdicts(await trace(`docker/web@${web.digest}`))['unknown-digest']], ['violated', 'holds'], 'gone from the registry and still on record');
  pushImage(registry, 'docker/web', null, { labels });
  const theirs = makeKeyPair();
  pushSignatureTag(registry, 'docker/web', moved.digest, [simpleSignature(theirs.privateKey, simplePayload('x', moved.digest))]);
  const third = verdicts(await trace('docker/web:2', { trusted: ['elsewhere.example'] }));
  assert.deepEqual([third['signature-failed'], third['unsigned'], third['untrusted-registry']], ['violated', 'holds', 'violated']);
});

test('one source that fails leaves the others standing, and is named', async () => {
  publish(commit);
  double.faults.push({ path: /aql/, kind: 'rate-limit', times: 100 });
  const throttled = await trace('docker/web:1');
  assert.deepEqual([states(throttled.chain)['build'], states(throttled.chain)['commit'], states(throttled.chain)['signer']], ['unknown', 'known', 'known']);
  assert.equal(link(throttled.chain, 'registry').gaps[0]!.reason, 'rate-limited');
  registry.hook = (_, response) => sendError(response, 403, 'DENIED');
  const refused = await trace('docker/web:1');
  assert.deepEqual([...new Set(Object.values(states(refused.chain)))], ['unknown']);
  assert.deepEqual(verdicts(refused), { 'tag-moved': 'not-applicable', 'missing-in-registry': 'unknown', 'unknown-digest': 'not-applicable', unsigned: 'unknown', 'signature-failed': 'unknown', 'untrusted-registry': 'holds' });
  assert.equal((await trace('docker/web:1', { jfrog: false })).jfrog, null);
});
