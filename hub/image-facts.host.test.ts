/**
 * One image, one set of facts: checked in a pipeline, pushed to a real registry and signed there, then asked for by a cluster part over mutual TLS before
 * anything of it has run; and the same said by explanations, by violations of what runs and by the Risk Summary.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { PolicyExplanationView } from '@vedette/model/api/checks';
import type { RiskSummaryView } from '@vedette/model/api/views';
import { createLinkClient, type LinkClient } from '@vedette/link/transport/client';
import { joinFleet } from '@vedette/link/transport/join';
import { parseJoinToken } from '@vedette/link/transport/join-token';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { pushImage, pushIndex, TestRegistry } from '@vedette/origin/testing/registry';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { readImageFacts } from '@vedette/policy/image-facts-text';
import { putAdvisories } from './advisory-sample.ts';
import { sampleCheck } from './check-sample.ts';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor } from './sensor-sample.ts';
import { record, sampleBoot } from './wire-sample.ts';

let hub: SampleHub;
let admin: string;
let pipeline: string;
let client: LinkClient;
const registry = await new TestRegistry().start();
const ours = makeKeyPair();
const sign = (repository: string, digest: ReturnType<typeof pushImage>['digest']): void => pushSignatureTag(registry, repository, digest, [simpleSignature(ours.privateKey, simplePayload('x', digest))]);

before(async () => {
  hub = await sampleHub({ origin: { everyMinutes: 10_000, timeoutSeconds: 10 } });
  [admin, pipeline] = [await hub.tokenFor('admin'), await hub.tokenFor('pipeline')];
  putAdvisories(path.join(hub.directory, 'state', 'advisories', 'store.sqlite'), [{ id: 'CVE-2026-0001', ecosystem: 'npm', name: 'lodash', fixed: '4.17.21', cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }]);
  await hub.ask('POST', '/api/v1/advisories/reload', { token: admin });
  client = await clusterPart();
});
after(async () => {
  client.close();
  await hub.end();
  await registry.close();
});
beforeEach(() => void (registry.hook = null));

async function clusterPart(): Promise<LinkClient> {
  const made = await hub.ask('POST', '/api/v1/join-tokens', { token: admin, body: { cluster: 'shop', part: 'cluster' } });
  const parsed = parseJoinToken(String(made.json['token']));
  assert.ok(parsed.kind === 'token');
  const node = { hostname: 'part', bootId: sampleBoot, kernelRelease: '6.18', architecture: 'x86_64', distribution: 'Debian', sensorVersion: '0.1.0', cgroupMode: 'v2', machineId: 'm' };
  const outcome = await joinFleet({ token: parsed.token, node, cluster: { uid: 'uid-of-shop', kubernetesVersion: 'v1.36.3', name: 'shop' } });
  assert.ok(outcome.kind === 'joined', JSON.stringify(outcome));
  return createLinkClient(outcome.credentials);
}

async function put(name: string, body: object): Promise<void> {
  const answer = await hub.ask('PUT', `/api/v1/integrations/${name}`, { token: admin, body });
  assert.equal(answer.status, 200, answer.text);
}

async function check(digest: string, reference: string): Promise<void> {
  const answer = await hub.ask('POST', '/api/v1/checks', { token: pipeline, body: sampleCheck({ digest, run: digest, image: { reference, indexDigest: null } }) });
  assert.equal(answer.status, 201, answer.text);
}

interface Asked {
  readonly digest: string;
  readonly problem: string;
  readonly facts: ImageFacts;
  readonly tookMs: number;
}

async function ask(reference: string): Promise<Asked> {
  const startedMs = performance.now();
  const answer = await client.imageFacts([{ reference, namespace: 'shop' }]);
  const tookMs = performance.now() - startedMs;
  assert.ok(answer.kind === 'answered', answer.kind);
  const [one] = answer.images;
  const read = readImageFacts(one?.factsJson ?? '');
  assert.ok(read.ok, JSON.stringify(read));
  return { digest: one!.digest, problem: one!.problem, facts: read.image, tookMs };
}

const ids = (facts: ImageFacts): string[] => facts.vulnerabilities.items.map((one) => one.id);
const yes = { is: 'known', value: true };

test('a registry that nobody has configured is not asked, and the answer says what to do', async () => {
  const cart = pushImage(registry, 'shop/cart', '1');
  const at = `${registry.host}/shop/cart`;
  registry.asked.length = 0;
  const byTag = await ask(`${at}:1`);
  assert.deepEqual([byTag.digest, registry.asked.length], ['', 0]);
  assert.match(byTag.problem, /not among the integrations.*Settings → Integrations/);
  assert.ok(byTag.facts.registryTrusted.is === 'unknown' && /no list of trusted registries/.test(byTag.facts.registryTrusted.reason));
  await check(cart.digest, `${at}:1`);
  const byDigest = await ask(`${at}@${cart.digest}`);
  assert.deepEqual([byDigest.digest, byDigest.problem, ids(byDigest.facts), byDigest.facts.packages.items.length], [cart.digest, '', ['CVE-2026-0001'], 1], 'what a pipeline read is known, and matched a moment after');
  assert.match(byDigest.facts.signatures.incomplete ?? '', /not among the integrations/);
});

test('the first admission of a checked and signed image, by its tag: everything is known within the time of one call', async (t) => {
  await put('registry', { kind: 'registry', settings: { host: registry.host, trusted: ['shop'] } });
  await put('cosign', { kind: 'cosign-key', settings: { pem: ours.pem } });
  const web = pushImage(registry, 'shop/web', '1', { labels: { team: 'shop' } });
  sign('shop/web', web.digest);
  await check(web.digest, `${registry.host}/shop/web:1`);
  const first = await ask(`${registry.host}/shop/web:1`);
  assert.deepEqual([first.digest, first.problem], [web.digest, '']);
  assert.deepEqual([first.facts.packages.incomplete, ids(first.facts), first.facts.vulnerabilities.incomplete], [null, ['CVE-2026-0001'], null]);
  assert.deepEqual(first.facts.signatures, { items: [{ verified: yes, signer: { is: 'known', value: 'cosign' } }], incomplete: null });
  assert.deepEqual([first.facts.registryTrusted, first.facts.runsAsRoot, first.facts.layers], [yes, yes, { is: 'known', value: 1 }], 'the check says who it runs as, the registry how many layers it has');
  const asked = registry.asked.length;
  const again = await ask(`${registry.host}/shop/web:1`);
  assert.deepEqual([again.digest, registry.asked.length], [web.digest, asked], 'the same a moment later is not asked again');
  t.diagnostic(`first ${first.tookMs.toFixed(0)} ms, again ${again.tookMs.toFixed(0)} ms`);
});

test('six images of one pod are asked for at once', async (t) => {
  const all = Array.from({ length: 6 }, (_, n) => pushImage(registry, `shop/many${n}`, '1', { layer: `layer ${n}` }));
  for (const [n, one] of all.entries()) sign(`shop/many${n}`, one.digest);
  const startedMs = performance.now();
  const answer = await client.imageFacts(all.map((_, n) => ({ reference: `${registry.host}/shop/many${n}:1`, namespace: 'shop' })));
  assert.ok(answer.kind === 'answered');
  t.diagnostic(`six in ${(performance.now() - startedMs).toFixed(0)} ms`);
  assert.deepEqual(answer.images.map((one) => one.digest), all.map((one) => one.digest));
});

test('unsigned is known to be unsigned, untrusted to be untrusted, and an unseen image has its configuration from the registry', async () => {
  const bare = pushImage(registry, 'shop/bare', '1', { layer: 'bare' });
  const { facts, digest, problem } = await ask(`${registry.host}/shop/bare:1`);
  assert.deepEqual([digest, facts.signatures, facts.registryTrusted], [bare.digest, { items: [], incomplete: null }, yes]);
  assert.match(problem, /has not seen the image yet/);
  assert.ok(facts.packages.incomplete !== null && /vedette check --hub/.test(facts.packages.incomplete));
  assert.deepEqual([facts.user, facts.runsAsRoot, facts.platform], [{ is: 'absent' }, yes, { is: 'known', value: 'linux/amd64' }]);
  pushImage(registry, 'other/tool', '1', { layer: 'tool' });
  assert.deepEqual((await ask(`${registry.host}/other/tool:1`)).facts.registryTrusted, { is: 'known', value: false });
  assert.match((await ask(`${registry.host}/shop/none:1`)).problem, /MANIFEST_UNKNOWN|manifest unknown|has no|not/i);
});

test('an index leads to the image of the cluster’s nodes, by tag and by its digest', async () => {
  const amd = pushImage(registry, 'shop/both', null, { architecture: 'amd64', layer: 'for amd64' });
  const arm = pushImage(registry, 'shop/both', null, { architecture: 'arm64', layer: 'for arm64' });
  const index = pushIndex(registry, 'shop/both', '1', [amd, arm]);
  sign('shop/both', index);
  await check(amd.digest, `${registry.host}/shop/both:1`);
  for (const reference of [`${registry.host}/shop/both:1`, `${registry.host}/shop/both@${index}`]) {
    const { digest, facts } = await ask(reference);
    assert.deepEqual([digest, facts.indexDigest, facts.packages.items.length, facts.signatures.items[0]?.verified], [amd.digest, { is: 'known', value: index }, 1, yes], reference);
  }
  const heard = await hub.origin.hear(`${registry.host}/shop/both:1`, 'arm64', 5000);
  assert.equal(heard.digest, arm.digest, 'for another cluster, of arm64');
});

test('a registry that is silent or away: answered in time, unknown with the reason; what is known of the digest is told', async (t) => {
  const slow = pushImage(registry, 'shop/slow', '1', { layer: 'slow' });
  await check(slow.digest, `${registry.host}/shop/slow:1`);
  registry.hook = () => true;
  const byTag = await ask(`${registry.host}/shop/slow:1`);
  assert.ok(byTag.tookMs < 5000);
  assert.deepEqual(byTag.digest, '');
  assert.match(byTag.problem, /being asked about it: try again in a moment/);
  const byDigest = await ask(`${registry.host}/shop/slow@${slow.digest}`);
  assert.deepEqual([byDigest.digest, ids(byDigest.facts)], [slow.digest, ['CVE-2026-0001']]);
  assert.match(byDigest.facts.signatures.incomplete ?? '', /try again in a moment/);
  assert.deepEqual(byDigest.facts.registryTrusted, yes);
  t.diagnostic(`silent: by tag ${byTag.tookMs.toFixed(0)} ms, by digest ${byDigest.tookMs.toFixed(0)} ms`);
  registry.hook = (_, response) => response.writeHead(500).end() !== undefined;
  const broken = pushImage(registry, 'shop/broken', '1', { layer: 'broken' });
  const failed = await ask(`${registry.host}/shop/broken:1`);
  assert.deepEqual([failed.digest, broken.digest.length], ['', 71]);
  assert.match(failed.problem, /the server failed|being asked/);
});

test('explanations, violations and the Risk Summary say the same', async () => {
  const yaml = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: signed }
spec: { description: Signed and from where we trust., severity: high, mode: shadow, rules: [
  { name: signature, on: image, when: '!image.signatures.exists(s, s.verified)', actions: { deploy: deny, run: inform }, fix: sign it },
  { name: trusted, on: image, when: '!image.registryTrusted', actions: { deploy: deny, run: inform }, fix: push it elsewhere } ] }
`;
  const made = await hub.ask('PUT', '/api/v1/policies/signed', { token: admin, body: { yaml } });
  assert.equal(made.status, 200, made.text);
  const evil = pushImage(registry, 'other/evil', '1', { layer: 'evil' });
  const web = (await ask(`${registry.host}/shop/web:1`)).digest;
  const sensor = await sampleSensor(hub.database, { hostname: 'host-1' });
  await sensor.send([
    record.container({ containerId: 'a'.repeat(64), name: 'web', imageName: `${registry.host}/shop/web:1`, platformDigest: web }),
    record.container({ containerId: 'b'.repeat(64), name: 'evil', imageName: `${registry.host}/other/evil:1`, platformDigest: evil.digest }),
  ]);
  await hub.origin.tracer.round();
  await hub.origin.tracer.round();
  await hub.assessor.settle();
  const explained = async (digest: string): Promise<string[]> => {
    const answer = await hub.ask('GET', `/api/v1/policies/signed/explain?image=${digest}`, { token: admin });
    assert.equal(answer.status, 200, answer.text);
    return (answer.json as unknown as PolicyExplanationView).stages.find((one) => one.stage === 'deploy')!.rules.map((one) => `${one.rule} ${one.answer}`);
  };
  assert.deepEqual(await explained(web), ['signature kept', 'trusted kept']);
  assert.deepEqual(await explained(evil.digest), ['signature broken', 'trusted broken']);
  const violations = (await hub.ask('GET', '/api/v1/violations', { token: admin })).json['items'] as unknown as { rule: string; verdict: string; image: string }[];
  assert.deepEqual(violations.map((one) => `${one.rule} ${one.verdict} ${one.image.endsWith('/other/evil:1')}`).sort(), ['signature violated true', 'trusted violated true']);
  const risk = (await hub.ask('GET', '/api/v1/risk', { token: admin })).json as unknown as RiskSummaryView;
  const classic = Object.fromEntries(risk.classic.map((one) => [one.kind, [one.count, one.unknown, one.notAsked]]));
  assert.deepEqual([classic['untrusted-registry'], classic['integrity']], [[1, 0, null], [0, 0, null]]);
  assert.match(risk.classic.find((one) => one.kind === 'untrusted-registry')!.worst!.what, /other\/evil.*not in the list/);
  const signedNow = pushImage(registry, 'other/evil', '1', { layer: 'evil' });
  sign('other/evil', signedNow.digest);
  await put('registry', { kind: 'registry', settings: { host: registry.host, trusted: ['*'] } });
  await hub.origin.tracer.round();
  await hub.assessor.settle();
  assert.deepEqual(((await hub.ask('GET', '/api/v1/violations', { token: admin })).json['items'] as unknown as unknown[]).length, 0, 'what is signed and trusted later is wrong no more');
});
