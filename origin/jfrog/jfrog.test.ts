/** Artifactory and Xray as Vedette reads them, against the double with the real servers' quirks. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import * as fc from 'fast-check';
import { ArtifactoryDouble, type Fault } from '@vedette/lab/artifactory/double';
import { imageDigestOf } from '@vedette/model/ids';
import type { Answer } from '@vedette/model/origin';
import { testAsking } from '../testing/asking.ts';
import { findBuild, type Build } from './build-info.ts';
import { findEvidence } from './evidence.ts';
import { findManifests, meantBy, rankPlaces, repositoriesBehind, type ManifestPlace } from './manifest.ts';
import { jfrogTimeMs, openPlatform, type Platform } from './platform.ts';
import { isAuthentic, parseWebhook } from './webhook.ts';
import { findIssues, findViolations, parseComponentId } from './xray.ts';

const double = await new ArtifactoryDouble().start();
after(() => double.close());
const { content, xray } = double;
content.repository('docker-local');
content.repository('docker-prod');
content.repository('shop-docker', 'local', { projectKey: 'shop' });
content.repository('hub', 'remote');
content.repository('docker', 'virtual', { members: ['docker-local', 'hub'] });
double.callers.set('reader', { user: 'reader', admin: false, reads: ['docker-prod'] });
beforeEach(() => void (double.faults.length = 0));

const built = { 'build.name': 'web', 'build.number': '33' };
const web = content.push('docker-local', 'team/web', '1', [{ architecture: 'amd64' }, { architecture: 'arm64' }], built);
const index = imageDigestOf(web.digest);
const amd = imageDigestOf(web.platforms[0]!);
content.copy('docker-local', 'team/web', 'docker-prod');
content.copy('docker-local', 'team/web', 'hub-cache');
content.leaveUpload('docker-local', 'team/web', web.digest);
const hex = (digest: string) => digest.slice(7);

function platform(options: { token?: string | null; projects?: string[]; timeoutMs?: number; url?: string } = {}): Platform {
  return openPlatform({ url: new URL(options.url ?? double.url), token: options.token === undefined ? 'admin-token' : options.token, projects: options.projects ?? [], asking: testAsking(options) });
}
const reasonOf = (answer: Answer<unknown>) => (answer.state === 'unknown' ? answer.reason : answer.state);
const namesOf = (places: readonly ManifestPlace[]) => places.map((one) => `${one.repository}/${one.path}/${one.name}`);
async function placesOf(...digests: (typeof index)[]): Promise<readonly ManifestPlace[]> {
  const found = await findManifests(platform(), digests);
  assert.ok(found.state === 'known');
  return found.value;
}

test('a digest to its manifests: uploads left out, and the one that the reference means first', async () => {
  const places = await placesOf(amd, index);
  assert.equal(places.length, 6);
  const cases: [meant: { repository: string | null; image: string; tag: string | null }, first: string][] = [
    [{ repository: 'docker-local', image: 'team/web', tag: '1' }, 'docker-local/team/web/1/list.manifest.json'],
    [{ repository: 'docker-prod', image: 'team/web', tag: '1' }, 'docker-prod/team/web/1/list.manifest.json'],
    [{ repository: 'docker', image: 'team/web', tag: '1' }, 'docker-local/team/web/1/list.manifest.json'],
    [{ repository: 'hub', image: 'team/web', tag: '1' }, 'hub-cache/team/web/1/list.manifest.json'],
    [{ repository: null, image: 'team/web', tag: '1' }, 'docker-local/team/web/1/list.manifest.json'],
    [{ repository: null, image: 'other', tag: null }, 'docker-local/team/web/1/list.manifest.json'],
  ];
  for (const [meant, first] of cases) {
    const behind = meant.repository === null ? { names: [] } : await repositoriesBehind(platform(), meant.repository);
    assert.ok('names' in behind);
    assert.equal(namesOf(rankPlaces(places, meant, behind.names))[0], first, JSON.stringify(meant));
  }
  assert.deepEqual(places.find((one) => one.repository === 'docker-local' && one.tag === '1')?.properties.get('build.name'), ['web']);
  assert.ok(places.every((one) => one.createdAtMs !== null && (one.isCache === (one.repository === 'hub-cache'))));
  fc.assert(fc.property(fc.shuffledSubarray([...places], { minLength: 6 }), (shuffled) => assert.deepEqual(namesOf(rankPlaces(shuffled, cases[0]![0], [])), namesOf(rankPlaces(places, cases[0]![0], [])))));
});

test('where nothing may be seen is not where nothing is', async () => {
  const none = imageDigestOf(`sha256:${'0'.repeat(64)}`);
  const found = await findManifests(platform({ token: 'reader' }), [none]);
  assert.ok(found.state === 'absent' && /or none that the token may see/.test(found.detail));
  assert.equal(reasonOf(await findManifests(platform(), [])), 'not-asked');
});

test('every way of not answering is a reason of its own', async () => {
  const cases: [name: string, fault: Fault['kind'] | null, options: Parameters<typeof platform>[0], reason: string][] = [
    ['wrong token', null, { token: 'wrong' }, 'wrong-credentials'],
    ['no token', null, { token: null }, 'unauthenticated'],
    ['403', 'forbidden', {}, 'forbidden'],
    ['429', 'rate-limit', {}, 'rate-limited'],
    ['503', 'unavailable', {}, 'unavailable'],
    ['silent', 'silent', { timeoutMs: 100 }, 'timeout'],
    ['half', 'half', {}, 'incomplete'],
    ['not JSON', 'not-json', {}, 'malformed'],
    ['nobody there', null, { url: 'http://127.0.0.1:1' }, 'unreachable'],
    ['another server', null, { url: `${double.url}/elsewhere/` }, 'not-found'],
  ];
  for (const [name, kind, options, reason] of cases) {
    const place = (await placesOf(index))[0]!;
    double.faults.length = 0;
    if (kind !== null) double.faults.push({ path: /^\/(?:artifactory|xray|evidence)\//, kind, times: 100 });
    double.evidence = new Map();
    const server = platform(options);
    const answers = { manifests: await findManifests(server, [index]), build: await findBuild(server, place, [index]), issues: await findIssues(server, index, place), violations: await findViolations(server, place), evidence: await findEvidence(server, [index]) };
    for (const [what, answer] of Object.entries(answers)) assert.equal(reasonOf(answer), reason, `${name}: ${what}: ${JSON.stringify(answer)}`);
    double.faults.length = 0;
    assert.ok(!JSON.stringify(answers).includes('admin-token'));
  }
  double.faults.push({ path: /aql/, kind: 'rate-limit', times: 2 });
  assert.equal((await findManifests(platform(), [index])).state, 'known', 'one that is busy for a moment is waited for');
});

async function buildOf(properties: Record<string, string>, options: { repo?: string; projects?: string[] } = {}): Promise<Answer<Build>> {
  const image = content.push(options.repo ?? 'docker-local', 'built', '1', [{ architecture: 'amd64', layer: JSON.stringify(properties) }], properties);
  const digest = imageDigestOf(image.digest);
  const place = (await placesOf(digest)).find((one) => one.repository === (options.repo ?? 'docker-local'))!;
  return await findBuild(platform({ projects: options.projects ?? [] }), place, [digest]);
}

test('build info: commit, run, principal; recorded when it lists the digest, claimed when only a property names it', async () => {
  content.publish({
    name: 'web', number: '33', started: '2026-03-03T23:10:43.559+0000', url: 'https://ci.example/runs/33', artifactoryPrincipal: 'ci-publisher',
    vcs: [{ url: 'https://git.example/web.git', revision: 'a'.repeat(40), branch: 'main', message: 'Fix' }],
    modules: [{ id: 'linux/amd64/team/web:1', artifacts: [{ name: 'manifest.json', sha256: hex(amd) }] }, { id: 'linux/arm64/team/web:1', artifacts: [{ name: 'manifest.json', sha256: hex(web.platforms[1]!) }] }],
  });
  const found = await findBuild(platform(), (await placesOf(index))[0]!, [amd, index]);
  assert.deepEqual(found, {
    state: 'known',
    value: {
      name: 'web', number: '33', project: null, startedAtMs: Date.parse('2026-03-03T23:10:43.559Z'), confidence: 'recorded', module: 'linux/amd64/team/web:1',
      commits: { state: 'known', value: [{ revision: 'a'.repeat(40), repository: 'https://git.example/web.git', branch: 'main', message: 'Fix' }] },
      runUrl: { state: 'known', value: 'https://ci.example/runs/33' }, principal: { state: 'known', value: 'ci-publisher' },
    },
  });
  const claimed = await buildOf({ 'build.name': 'web', 'build.number': '33' });
  assert.ok(claimed.state === 'known' && claimed.value.confidence === 'claimed' && claimed.value.module === null);
});

test('builds that say less, or hide', async () => {
  content.publish({ name: 'bare', number: '1', vcs: [] });
  content.publish({ name: 'variables', number: '1', vcs: [{ url: 'x' }], properties: { 'buildInfo.env.GITHUB_SHA': 'b'.repeat(40), 'buildInfo.env.GIT_COMMIT': 'not a commit' } });
  content.publish({ name: 'a/b c', number: '1/2' });
  content.publish({ name: 'theirs', number: '1', url: 'https://ci.example/theirs' }, 'shop');
  const bare = await buildOf({ 'build.name': 'bare', 'build.number': '1' });
  assert.ok(bare.state === 'known');
  assert.deepEqual([bare.value.commits.state, bare.value.runUrl.state, bare.value.principal.state], ['absent', 'absent', 'absent']);
  const variables = await buildOf({ 'build.name': 'variables', 'build.number': '1' });
  assert.ok(variables.state === 'known' && variables.value.commits.state === 'known' && variables.value.commits.value[0]!.revision === 'b'.repeat(40));
  assert.equal(reasonOf(await buildOf({})), 'absent');
  assert.equal(reasonOf(await buildOf({ 'build.name': 'gone', 'build.number': '1' })), 'not-found', 'named and not there: hidden or cleaned up, not "no build"');
  const theirs = { 'build.name': 'theirs', 'build.number': '1' };
  assert.equal(reasonOf(await buildOf(theirs)), 'not-found');
  const configured = await buildOf(theirs, { projects: ['other', 'shop'] });
  assert.ok(configured.state === 'known' && configured.value.project === 'shop');
  const derived = await buildOf(theirs, { repo: 'shop-docker' });
  assert.ok(derived.state === 'known' && derived.value.project === 'shop', "the repository's own project is tried");
  double.faults.push({ path: /api\/build\/theirs/, kind: 'forbidden', times: 1 });
  assert.equal(reasonOf(await buildOf(theirs)), 'forbidden');
});

test('Xray: nothing listed is clean only after a scan that is done', async () => {
  const place = (await placesOf(index)).find((one) => one.repository === 'docker-local')!;
  const issue = { id: 'XRAY-1', severity: 'Critical', component: 'deb://debian:bookworm:libssl3:3.0.1', fixed: ['3.0.2'], cves: [{ cve: 'CVE-2026-1', score: '9.8', vector: 'CVSS:3.1/AV:N' }], applicable: 'applicable' };
  const violation = { watch: 'all', policy: 'no-criticals', issue: 'XRAY-1', severity: 'Critical', type: 'Security' };
  const cases: [name: string, scan: Parameters<typeof xray.scans.set>[1] | null, issues: string, violations: string][] = [
    ['unheard of', null, 'not-scanned', 'not-scanned'],
    ['not indexed', { status: 'NOT_SCANNED', indexed: false, issues: [], violations: [] }, 'not-scanned', 'not-scanned'],
    ['being scanned', { status: 'SCANNING', indexed: true, issues: [], violations: [] }, 'not-scanned', 'not-scanned'],
    ['being scanned, some found', { status: 'PARTIAL', indexed: true, issues: [issue], violations: [violation] }, 'not-scanned', 'known'],
    ['failed', { status: 'FAILED', indexed: true, issues: [], violations: [] }, 'not-scanned', 'not-scanned'],
    ['done, none', { status: 'DONE', indexed: true, issues: [], violations: [] }, 'known', 'known'],
    ['done', { status: 'DONE', indexed: true, issues: [issue], violations: [violation] }, 'known', 'known'],
  ];
  for (const [name, scan, issues, violations] of cases) {
    if (scan === null) xray.scans.delete(hex(index));
    else xray.scans.set(hex(index), scan);
    assert.equal(reasonOf(await findIssues(platform(), index, place)), issues, name);
    assert.equal(reasonOf(await findViolations(platform(), place)), violations, name);
  }
  for (const form of ['list', 'text'] as const) {
    xray.impactPath = form;
    const found = await findIssues(platform(), index, place);
    assert.deepEqual(found, {
      state: 'known',
      value: [{
        id: 'XRAY-1', severity: 'Critical', summary: 'XRAY-1 in deb://debian:bookworm:libssl3:3.0.1', cves: [{ name: 'CVE-2026-1', score: 9.8, vector: 'CVSS:3.1/AV:N' }],
        components: [{ component: { type: 'deb', name: 'debian:bookworm:libssl3', version: '3.0.1' }, fixedIn: ['3.0.2'] }], impactPaths: [`default/docker-local/web/1/sha256__abc.tar.gz/${issue.component}`], applicability: 'applicable',
      }],
    });
  }
  xray.scans.set(hex(index), { status: 'DONE', indexed: true, issues: [], violations: Array.from({ length: 250 }, () => violation) });
  const all = await findViolations(platform(), place);
  assert.ok(all.state === 'known' && all.value.length === 250);
  xray.pageMax = 10;
  assert.equal(reasonOf(await findViolations(platform(), place)), 'incomplete', 'fewer than it says there are');
  xray.pageMax = 100;
});

test('component ids, by the rules of the vendor', () => {
  const cases: [id: string, expected: [type: string, name: string, version: string | null] | null][] = [
    ['npm://left-pad:1.3.0', ['npm', 'left-pad', '1.3.0']],
    ['npm://@scope/name:1.0.0', ['npm', '@scope/name', '1.0.0']],
    ['gav://org.example:artifact:1.0', ['gav', 'org.example:artifact', '1.0']],
    ['go://github.com/a/b:v1.2.3', ['go', 'github.com/a/b', 'v1.2.3']],
    ['deb://debian:bookworm:libssl3:3.0.1', ['deb', 'debian:bookworm:libssl3', '3.0.1']],
    ['rpm://8:glibc:0:2.28-1', ['rpm', 'glibc', '0:2.28-1']],
    ['rpm://glibc:0:2.28-1', ['rpm', 'glibc', '0:2.28-1']],
    ['generic://sha256:abc/file.tar.gz', ['generic', 'file.tar.gz', null]],
    ['docker://team/web:1', ['docker', 'team/web', '1']],
    ['npm://bare', ['npm', 'bare', null]],
    ['left-pad:1', null],
    ['a://b://c', null],
    ['', null],
  ];
  for (const [id, expected] of cases) {
    const found = parseComponentId(id);
    assert.deepEqual(found === null ? null : [found.type, found.name, found.version], expected, id);
  }
});

test('evidence: on the index only, and no service is unknown', async () => {
  double.evidence = new Map([[hex(index), [{ predicate_type: 'https://slsa.dev/provenance/v1', verified: true }]]]);
  const found = await findEvidence(platform(), [amd, index]);
  assert.ok(found.state === 'known' && found.value[0]!.verified === true);
  assert.equal(reasonOf(await findEvidence(platform(), [amd])), 'absent');
  double.evidence = null;
  assert.equal(reasonOf(await findEvidence(platform(), [amd, index])), 'not-found');
});

test('which repository a pull reference means, in each of the three forms', () => {
  const names = { pathHosts: ['acme.example'], domains: ['docker.acme.example'], ports: { 'acme.example:8081': 'docker-prod' } };
  const cases: [registry: string, repository: string, expected: [string | null, string] | null][] = [
    ['acme.example', 'docker/team/web', ['docker', 'team/web']],
    ['acme.example', 'web', null],
    ['docker-local.docker.acme.example', 'team/web', ['docker-local', 'team/web']],
    ['a.b.docker.acme.example', 'team/web', null],
    ['evildocker.acme.example', 'web', null],
    ['acme.example:8081', 'team/web', ['docker-prod', 'team/web']],
    ['acme.example:8082', 'team/web', null],
    ['docker.io', 'library/web', null],
  ];
  for (const [registry, repository, expected] of cases) {
    const meant = meantBy({ registry, repository, tag: '1' }, names);
    assert.deepEqual(meant === null ? null : [meant.repository, meant.image], expected, `${registry}/${repository}`);
  }
});

test('webhooks: by the configured form only, over the bytes as they came', () => {
  const body = Buffer.from(JSON.stringify({ domain: 'docker', event_type: 'pushed', data: { repo_key: 'docker-local', path: 'web/1/manifest.json', sha256: hex(index) } }));
  const plain = double.eventHeader(body.toString(), 'secret', false);
  const signed = double.eventHeader(body.toString(), 'secret', true);
  const cases: [header: string | null, form: 'secret' | 'hmac', body: Buffer, expected: boolean][] = [
    [plain, 'secret', body, true], [signed, 'hmac', body, true], [signed.toUpperCase(), 'hmac', body, true], [plain, 'hmac', body, false], [signed, 'secret', body, false],
    [signed, 'hmac', Buffer.concat([body, Buffer.from(' ')]), false], [null, 'secret', body, false], ['', 'secret', body, false], ['secre', 'secret', body, false],
  ];
  for (const [header, form, bytes, expected] of cases) assert.equal(isAuthentic(header, bytes, { secret: 'secret', form }), expected, `${header} ${form}`);
  assert.equal(isAuthentic('', body, { secret: '', form: 'secret' }), false, 'no secret lets nobody in');
  assert.deepEqual(parseWebhook(body), { domain: 'docker', type: 'pushed', repository: 'docker-local', path: 'web/1/manifest.json', sha256: hex(index), buildName: null, buildNumber: null });
  assert.ok('problem' in parseWebhook(Buffer.from('{"domain":"docker"}')));
  fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map((text) => new Uint8Array(Buffer.from(text)))), (bytes) => void parseWebhook(bytes)));
});

test('times in both spellings', () => {
  const cases: [text: string | null, expected: string | null][] = [
    ['2026-03-03T23:10:43.559Z', '2026-03-03T23:10:43.559Z'], ['2026-03-03T23:10:43.559+0000', '2026-03-03T23:10:43.559Z'], ['2026-03-03T23:10:43+02:00', '2026-03-03T21:10:43.000Z'],
    ['2026-03-03T23:10:43.559-0130', '2026-03-04T00:40:43.559Z'], ['2026-03-03', null], ['2026-13-40T99:10:43Z', null], ['soon', null], ['', null], [null, null],
  ];
  for (const [text, expected] of cases) assert.equal(jfrogTimeMs(text), expected === null ? null : Date.parse(expected), String(text));
});
