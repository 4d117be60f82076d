/**
 * Every quirk of the real Artifactory and Xray that is known to bite, against the whole way of an image: the right answer, or unknown with the reason. The
 * double is the registry as well here, by its path form, as a customer's Artifactory is.
 */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ArtifactoryDouble } from '@vedette/lab/artifactory/double';
import type { Answer } from '@vedette/model/origin';
import { openPlatform } from './jfrog/platform.ts';
import { parseReference, type ImageReference } from './oci/reference.ts';
import { openRegistry } from './oci/registry.ts';
import { testAsking } from './testing/asking.ts';
import { traceImage, type ImageTrace } from './trace-image.ts';

let double: ArtifactoryDouble;
beforeEach(async () => {
  double = await new ArtifactoryDouble().start();
  for (const key of ['docker-local', 'docker-prod', 'secret-local']) double.content.repository(key);
  double.content.repository('hub', 'remote');
  double.content.repository('docker', 'virtual', { members: ['docker-local', 'hub'] });
});
const close = async () => await double.close();

async function trace(text: string, options: { token?: string; projects?: string[]; architecture?: string } = {}): Promise<ImageTrace> {
  const asking = testAsking();
  const host = new URL(double.url).host;
  const { token = 'admin-token', projects = [], architecture = 'amd64' } = options;
  return await traceImage(parseReference(`${host}/${text}`) as ImageReference, { os: 'linux', architecture, variant: null }, {
    registry: openRegistry({ registry: host, credentials: { kind: 'basic', user: 'any', password: token }, asking, plainHttp: false }),
    keys: [], trusted: null, jfrog: { platform: openPlatform({ url: new URL(double.url), token, projects, asking }), names: { pathHosts: [host], domains: [], ports: {} } }, clock: asking.clock,
  });
}
const verdict = (one: ImageTrace, kind: string) => one.verdicts.find((each) => each.kind === kind)!.state;
const said = (answer: Answer<unknown>) => (answer.state === 'unknown' ? answer.reason : answer.state);
function valueOf<T>(answer: Answer<T>): T {
  assert.ok(answer.state === 'known', JSON.stringify(answer));
  return answer.value;
}
const build = { 'build.name': 'web', 'build.number': '33' };
const two = [{ architecture: 'amd64', layer: 'a' }, { architecture: 'arm64', layer: 'b' }];
const hex = (digest: string) => digest.slice(7);

const quirks: readonly [name: string, see: () => Promise<void>][] = [
  ['times in two spellings: both are read', async () => {
    const { digest } = double.content.push('docker-local', 'web', '1', [two[0]!], build);
    double.content.publish({ name: 'web', number: '33', started: '2026-03-03T23:10:43.559+0000', modules: [{ id: 'web:1', artifacts: [{ sha256: hex(digest) }] }] });
    const { jfrog } = await trace('docker-local/web:1');
    assert.equal(valueOf(jfrog!.build).startedAtMs, Date.parse('2026-03-03T23:10:43.559Z'));
    assert.equal(valueOf(jfrog!.places)[0]!.createdAtMs, double.content.now.getTime());
  }],
  ['a manifest without any property: it is there, and names no build', async () => {
    double.content.push('docker-local', 'web', '1', [two[0]!]);
    for (const one of double.content.items) one.properties.clear();
    const { jfrog } = await trace('docker-local/web:1');
    assert.deepEqual([said(jfrog!.places), said(jfrog!.build)], ['known', 'absent']);
  }],
  ['several rows for a digest: the one that is meant, never an upload', async () => {
    const { digest } = double.content.push('docker-local', 'web', '1', [two[0]!], build);
    double.content.copy('docker-local', 'web', 'docker-prod');
    double.content.copy('docker-local', 'web', 'hub-cache');
    double.content.leaveUpload('docker-local', 'web', digest);
    for (const [repository, expected] of [['docker-local', 'docker-local'], ['docker-prod', 'docker-prod'], ['docker', 'docker-local'], ['hub', 'hub-cache']] as const) {
      const places = valueOf((await trace(`${repository}/web:1`)).jfrog!.places);
      assert.equal(places[0]!.repository, expected, repository);
      assert.ok(places.every((one) => !one.path.includes('_uploads')));
    }
  }],
  ["an index and its platforms: a container's digest is either, and neither is an alarm", async () => {
    const { digest, platforms } = double.content.push('docker-local', 'web', '1', two, build);
    for (const [at, architecture] of [[digest, 'amd64'], [digest, 'arm64'], [platforms[0]!, 'amd64'], [platforms[1]!, 'arm64']] as const) {
      const traced = await trace(`docker/web:1@${at}`, { architecture });
      assert.deepEqual(['tag-moved', 'missing-in-registry', 'unknown-digest'].map((one) => verdict(traced, one)), ['holds', 'holds', 'holds'], `${architecture} ${at}`);
      assert.equal(traced.jfrog!.build.state === 'unknown' && traced.jfrog!.build.reason, 'not-found', 'the build that only the index names is asked for');
    }
  }],
  ['a tag overwritten: the old manifest is missing, the old platform is there, and both are told from one another', async () => {
    const single = double.content.push('docker-local', 'single', '1', [{ architecture: 'amd64', layer: 'alone' }]);
    const many = double.content.push('docker-local', 'many', '1', two);
    double.content.push('docker-local', 'single', '1', [{ architecture: 'amd64', layer: 'new' }]);
    double.content.push('docker-local', 'many', '1', [{ architecture: 'amd64', layer: 'new' }, { architecture: 'arm64', layer: 'new' }]);
    const gone = await trace(`docker/single:1@${single.digest}`);
    assert.deepEqual(['tag-moved', 'missing-in-registry', 'unknown-digest'].map((one) => verdict(gone, one)), ['violated', 'violated', 'violated']);
    const left = await trace(`docker/many:1@${many.platforms[0]!}`);
    assert.deepEqual(['tag-moved', 'missing-in-registry', 'unknown-digest'].map((one) => verdict(left, one)), ['violated', 'holds', 'holds']);
  }],
  ['builds: without a commit, with a module for each platform, of a project', async () => {
    const { platforms } = double.content.push('docker-local', 'web', '1', two, build);
    double.content.publish({ name: 'web', number: '33', vcs: [], modules: platforms.map((one, at) => ({ id: `linux/${two[at]!.architecture}/web:1`, artifacts: [{ sha256: hex(one) }] })) }, 'shop');
    assert.equal(said((await trace('docker/web:1')).jfrog!.build), 'not-found', 'not "no build": it may be in a project');
    const found = valueOf((await trace('docker/web:1', { projects: ['shop'], architecture: 'arm64' })).jfrog!.build);
    assert.deepEqual([found.project, found.confidence, found.module, said(found.commits)], ['shop', 'recorded', 'linux/arm64/web:1', 'absent']);
  }],
  ['a name with a slash and a space, as CI systems give them', async () => {
    double.content.push('docker-local', 'web', '1', [two[0]!], { 'build.name': 'team/web main', 'build.number': '1/2' });
    double.content.publish({ name: 'team/web main', number: '1/2' });
    assert.equal(valueOf((await trace('docker/web:1')).jfrog!.build).confidence, 'claimed');
  }],
  ['rows that the token may not see are left out without a word: not "nobody knows this digest"', async () => {
    const { digest } = double.content.push('secret-local', 'web', '1', [two[0]!]);
    double.content.push('docker-local', 'web', '1', [{ architecture: 'amd64', layer: 'other' }]);
    double.callers.set('reader', { user: 'reader', admin: false, reads: ['docker-local'] });
    const elsewhere = await trace(`secret-local/web:1@${digest}`, { token: 'reader' });
    assert.deepEqual([said(elsewhere.jfrog!.places), verdict(elsewhere, 'unknown-digest'), verdict(elsewhere, 'missing-in-registry')], ['forbidden', 'unknown', 'unknown']);
    double.faults.push({ path: /^\/artifactory\/api\/storage\/docker-local$/, kind: 'forbidden', times: 1 });
    const blind = await trace(`docker-local/web@sha256:${'0'.repeat(64)}`, { token: 'reader' });
    assert.deepEqual([said(blind.jfrog!.places), verdict(blind, 'unknown-digest')], ['forbidden', 'unknown']);
    const seeing = await trace(`docker-local/web@sha256:${'0'.repeat(64)}`, { token: 'reader' });
    assert.deepEqual([said(seeing.jfrog!.places), verdict(seeing, 'unknown-digest')], ['absent', 'violated']);
  }],
  ['Xray: not indexed, without issues while it scans, whole after; paths as a list or as a text', async () => {
    const { digest } = double.content.push('docker-local', 'web', '1', [two[0]!]);
    const issue = { id: 'XRAY-1', severity: 'Critical', component: 'npm://left-pad:1.0.0', fixed: [], cves: [{ cve: 'CVE-2026-1', score: '9.8', vector: 'CVSS:3.1/AV:N' }] };
    const issues = async () => (await trace('docker/web:1')).jfrog!.issues;
    assert.equal(said(await issues()), 'not-scanned');
    double.xray.scans.set(hex(digest), { status: 'SCANNING', indexed: true, issues: [], violations: [] });
    assert.equal(said(await issues()), 'not-scanned');
    double.xray.scans.set(hex(digest), { status: 'DONE', indexed: true, issues: [issue], violations: [] });
    const list = valueOf(await issues());
    double.xray.impactPath = 'text';
    assert.deepEqual(valueOf(await issues()), list);
    assert.deepEqual(list[0]!.cves, [{ name: 'CVE-2026-1', score: 9.8, vector: 'CVSS:3.1/AV:N' }]);
  }],
  ['evidence: none for the platform where the index has it, and no service is unknown', async () => {
    const { digest, platforms } = double.content.push('docker-local', 'web', '1', two);
    const evidence = async () => (await trace(`docker/web:1@${platforms[0]!}`)).jfrog!.evidence;
    assert.equal(said(await evidence()), 'not-found');
    double.evidence = new Map([[hex(digest), [{ predicate_type: 'https://slsa.dev/provenance/v1', verified: true }]]]);
    assert.equal(valueOf(await evidence())[0]!.predicateType, 'https://slsa.dev/provenance/v1');
  }],
];

for (const [name, see] of quirks) test(name, async () => await see().finally(close));
