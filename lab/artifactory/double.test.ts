/**
 * The checklist of the double: one test for each quirk of the real servers that has bitten somebody, and what JFrog's own clients rely on beyond that. That these
 * clients work against it unchanged is shown by `npm run lab origin`; that Vedette tells the truth on each quirk by origin/quirks.test.ts.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { answerAql } from './aql.ts';
import { ArtifactoryDouble, type Fault } from './double.ts';
import { parseProperties } from './files.ts';

const double = await new ArtifactoryDouble().start();
after(() => double.close());
const { content, xray } = double;
content.repository('docker-local');
content.repository('docker-prod', 'local', { projectKey: 'shop' });
content.repository('hub', 'remote');
content.repository('docker', 'virtual', { members: ['docker-local', 'hub'] });
double.callers.set('reader', { user: 'reader', admin: false, reads: ['docker-local'] });
const single = content.push('docker-local', 'web', '1', [{ architecture: 'amd64' }], { 'build.name': 'web', 'build.number': '33' });
const many = content.push('docker-local', 'web', '2', [{ architecture: 'amd64', layer: 'two' }, { architecture: 'arm64', layer: 'two' }]);
beforeEach(() => void (double.faults.length = 0));

interface Json {
  readonly [key: string]: unknown;
}

async function call(path: string, options: { method?: string; body?: string | object; token?: string } = {}): Promise<{ status: number; json: Json; headers: Headers }> {
  const body = typeof options.body === 'object' ? JSON.stringify(options.body) : options.body;
  const response = await fetch(`${double.url}${path}`, { method: options.method ?? (body === undefined ? 'GET' : 'POST'), headers: { authorization: `Bearer ${options.token ?? 'admin-token'}` }, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  return { status: response.status, json: text.startsWith('{') ? (JSON.parse(text) as Json) : {}, headers: response.headers };
}
const aql = async (criteria: object, rest = '.include("repo","path","name","sha256","size","created","property").limit(50)', token = 'admin-token') => {
  const answer = await call('/artifactory/api/search/aql', { body: `items.find(${JSON.stringify(criteria)})${rest}`, token });
  return { ...answer, results: (answer.json['results'] ?? []) as Json[] };
};
const hex = (digest: string) => digest.slice(7);

test('size is a text in /storage and a number in AQL; times end in Z there and in +0000 in build info', async () => {
  const stored = (await call('/artifactory/api/storage/docker-local/web/1/manifest.json')).json;
  const row = (await aql({ sha256: hex(single.digest) })).results[0]!;
  assert.equal(typeof stored['size'], 'string');
  assert.equal(Number(stored['size']), row['size']);
  assert.match(String(row['created']), /Z$/);
  content.publish({ name: 'web', number: '33', started: '2026-03-03T23:10:43.559+0000' });
  const { buildInfo } = (await call('/artifactory/api/build/web/33')).json as { buildInfo: Json };
  assert.match(String(buildInfo['started']), /\+0000$/);
});

test('no properties is a 404, and the item is there', async () => {
  const { path, name } = content.put('docker-local', 'plain', 'file.txt', 'x');
  assert.equal((await call(`/artifactory/api/storage/docker-local/${path}/${name}?properties`)).status, 404);
  assert.equal((await call(`/artifactory/api/storage/docker-local/${path}/${name}`)).status, 200);
  assert.equal((await call(`/artifactory/api/storage/docker-local/${path}/${name}?properties=a=b`, { method: 'PUT' })).status, 204);
  assert.deepEqual((await call(`/artifactory/api/storage/docker-local/${path}/${name}?properties`)).json['properties'], { a: ['b'] });
});

test('one digest lies in several rows: promotion, cache, an upload that never ended', async () => {
  content.copy('docker-local', 'web', 'docker-prod');
  content.copy('docker-local', 'web', 'hub-cache');
  content.leaveUpload('docker-local', 'web', single.digest);
  const rows = (await aql({ type: 'file', sha256: hex(single.digest) })).results;
  assert.deepEqual(rows.map((one) => `${String(one['repo'])}/${String(one['path'])}`).sort(), ['docker-local/web/1', 'docker-local/web/_uploads', 'docker-prod/web/1', 'hub-cache/web/1']);
});

test('several platforms: the tag holds the index, the digest the platform', async () => {
  assert.equal((await aql({ sha256: hex(many.digest) })).results[0]!['name'], 'list.manifest.json');
  assert.equal((await aql({ path: `web/${many.platforms[1]}`, name: 'manifest.json', repo: 'docker-local' })).results.length, 1);
  assert.notEqual(many.digest, many.platforms[0]);
});

test('a virtual repository answers with the physical one', async () => {
  assert.equal((await call('/artifactory/api/storage/docker/web/1/manifest.json')).json['repo'], 'docker-local');
  assert.deepEqual((await call('/artifactory/api/repositories/docker')).json['repositories'], ['docker-local', 'hub']);
  assert.equal((await call(`/artifactory/api/docker/docker/v2/web/manifests/${many.digest}`)).headers.get('docker-content-digest'), many.digest);
});

test('a tag overwritten: the old manifest goes, the platforms of an old index stay', async () => {
  const old = content.push('docker-local', 'moved', '1', [{ architecture: 'amd64', layer: 'old' }]);
  const index = content.push('docker-local', 'moved', 'many', [{ architecture: 'amd64', layer: 'a' }, { architecture: 'arm64', layer: 'a' }]);
  content.push('docker-local', 'moved', '1', [{ architecture: 'amd64', layer: 'new' }]);
  content.push('docker-local', 'moved', 'many', [{ architecture: 'amd64', layer: 'b' }, { architecture: 'arm64', layer: 'b' }]);
  const manifest = async (which: string) => (await call(`/artifactory/api/docker/docker-local/v2/moved/manifests/${which}`)).status;
  assert.deepEqual([await manifest(old.digest), await manifest(index.digest), await manifest(index.platforms[0]!)], [404, 404, 200]);
});

test('a build without a commit, one with a module for each platform, one that needs its project', async () => {
  content.publish({ name: 'bare', number: '1', vcs: [] });
  content.publish({ name: 'many', number: '1', modules: [{ id: 'linux/amd64/web:2' }, { id: 'linux/arm64/web:2' }] });
  content.publish({ name: 'theirs', number: '1' }, 'shop');
  assert.deepEqual(((await call('/artifactory/api/build/bare/1')).json as { buildInfo: Json }).buildInfo['vcs'], []);
  assert.equal((((await call('/artifactory/api/build/many/1')).json as { buildInfo: Json }).buildInfo['modules'] as unknown[]).length, 2);
  assert.deepEqual([(await call('/artifactory/api/build/theirs/1')).status, (await call('/artifactory/api/build/theirs/1?project=shop')).status], [404, 200]);
});

test('a webhook carries the secret, or an HMAC of the body', () => {
  assert.equal(double.eventHeader('{}', 'secret', false), 'secret');
  assert.equal(double.eventHeader('{}', 'secret', true), createHmac('sha256', 'secret').update('{}').digest('hex'));
});

test('401, 403, 404, 429 and 503 with Retry-After, half an answer; AQL leaves out what may not be read without a word', async () => {
  assert.equal((await call('/artifactory/api/system/version', { token: 'wrong' })).status, 401);
  assert.equal((await call('/artifactory/api/storage/docker-prod/web/1/manifest.json', { token: 'reader' })).status, 403);
  assert.equal((await call('/artifactory/api/storage/docker-local/none')).status, 404);
  const seen = await aql({ sha256: hex(single.digest) }, '.include("repo","path","name")', 'reader');
  assert.deepEqual([seen.status, new Set(seen.results.map((one) => one['repo'])), (seen.json['range'] as Json)['total']], [200, new Set(['docker-local']), seen.results.length]);
  assert.equal((await aql({ name: 'x' }, '.include("sha256")', 'reader')).status, 400, 'repo, path and name must be included');
  double.faults.push({ path: /ping/, kind: 'rate-limit', times: 1 }, { path: /ping/, kind: 'unavailable', times: 1 }, { path: /ping/, kind: 'half', times: 1 });
  const faulty = [await call('/artifactory/api/system/ping'), await call('/artifactory/api/system/ping')];
  assert.deepEqual([faulty[0]!.status, faulty[0]!.headers.get('retry-after'), faulty[1]!.status], [429, '1', 503]);
  await assert.rejects(call('/artifactory/api/system/ping'), SyntaxError);
});

test('Xray: 202 before 200, errors inside a 200, nothing for what is not indexed', async () => {
  const scan = async () => (await call('/xray/api/v2/ci/build/web/33')).status;
  assert.deepEqual([await scan(), await scan(), await scan()], [202, 202, 200]);
  const summary = await call('/xray/api/v1/summary/artifact', { body: { checksums: [hex(single.digest)] } });
  assert.deepEqual([summary.status, (summary.json['artifacts'] as unknown[]).length, (summary.json['errors'] as unknown[]).length], [200, 0, 1]);
  assert.equal(((await call('/xray/api/v1/artifact/status', { body: { repo: 'docker-local', path: 'web/1/manifest.json' } })).json as { overall: Json }).overall['status'], 'NOT_SCANNED');
});

test('Xray: paths as a list or a text, scores joined or split, an id inside a sentence', async () => {
  xray.scans.set(hex(single.digest), { status: 'DONE', indexed: true, violations: [], issues: [{ id: 'XRAY-1', severity: 'Critical', component: 'npm://left:1.0', fixed: ['1.1'], cves: [{ cve: 'CVE-2026-1', score: '9.8', vector: 'CVSS:3.1/AV:N' }] }] });
  const issueOf = async () => (((await call('/xray/api/v1/summary/artifact', { body: { checksums: [hex(single.digest)] } })).json['artifacts'] as Json[])[0]!['issues'] as Json[])[0]!;
  assert.ok(Array.isArray((await issueOf())['impact_path']));
  xray.impactPath = 'text';
  assert.equal(typeof (await issueOf())['impact_path'], 'string');
  assert.equal((await issueOf() as { cves: Json[] }).cves[0]!['cvss_v3'], '9.8/CVSS:3.1/AV:N');
  const { scan_id } = (await call('/xray/api/v1/scan/graph', { body: {} })).json;
  for (let n = 0; n < 2; n += 1) await call(`/xray/api/v1/scan/graph/${String(scan_id)}`);
  const graph = (await call(`/xray/api/v1/scan/graph/${String(scan_id)}`)).json as { vulnerabilities: { cves: Json[] }[] };
  assert.deepEqual(graph.vulnerabilities[0]!.cves[0], { cve: 'CVE-2026-1', cvss_v3_score: '9.8', cvss_v3_vector: 'CVSS:3.1/AV:N' });
  assert.match(String((await call('/xray/api/v1/ignore_rules', { body: {} })).json['info']), /id: [0-9a-f-]{36}$/);
});

test('evidence: no service is a 404; where there is one it hangs on the index only', async () => {
  assert.equal((await call(`/evidence/api/v1/evidence-search?sha256=${hex(many.digest)}`)).status, 404);
  double.evidence = new Map([[hex(many.digest), [{ predicate_type: 'https://slsa.dev/provenance/v1', verified: true }]]]);
  const count = async (digest: string) => ((await call(`/evidence/api/v1/evidence-search?sha256=${hex(digest)}`)).json['evidence'] as unknown[]).length;
  assert.deepEqual([await count(many.digest), await count(many.platforms[0]!)], [1, 0]);
});

test('every fault that can be ordered', async () => {
  const cases: [kind: Fault['kind'], status: number | 'half JSON' | 'broken off' | 'no JSON' | 'silent'][] = [
    ['unauthorized', 401], ['forbidden', 403], ['not-found', 404], ['rate-limit', 429], ['unavailable', 503], ['half', 'half JSON'], ['cut', 'broken off'], ['not-json', 'no JSON'], ['silent', 'silent'],
  ];
  for (const [kind, expected] of cases) {
    double.faults.push({ path: /version/, kind, times: 1, ...(kind === 'rate-limit' ? { retryAfter: '7' } : {}) });
    const found = await fetch(`${double.url}/artifactory/api/system/version`, { headers: { authorization: 'Bearer admin-token' }, signal: AbortSignal.timeout(kind === 'silent' ? 100 : 5000) }).then(
      async (response) => {
        if (kind === 'rate-limit') assert.equal(response.headers.get('retry-after'), '7');
        const text = await response.text().catch(() => null);
        if (text === null) return 'broken off';
        return response.status !== 200 ? response.status : text.startsWith('<') ? 'no JSON' : 'half JSON';
      },
      () => 'silent',
    );
    assert.equal(found, expected, kind);
  }
});

test('Xray: one that is being scanned has no issues, and is no error either', async () => {
  xray.scans.set(hex(many.platforms[0]!), { status: 'SCANNING', indexed: true, issues: [], violations: [] });
  const { artifacts, errors } = (await call('/xray/api/v1/summary/artifact', { body: { checksums: [hex(many.platforms[0]!)] } })).json as { artifacts: { issues: unknown[] }[]; errors: unknown[] };
  assert.deepEqual([artifacts[0]!.issues, errors], [[], []]);
});

test('builds of a project, by the name of its build-info repository as well', async () => {
  content.publish({ name: 'listed', number: '1' }, 'shop');
  const statuses = await Promise.all(['', '?buildRepo=shop-build-info', '?buildRepo=artifactory-build-info', '?project=shop'].map(async (query) => (await call(`/artifactory/api/build/listed/1${query}`)).status));
  assert.deepEqual(statuses, [404, 200, 404, 200]);
});

test('AQL as JFrog writes it: $and twice in one object, any type, sorted, joined with a build', () => {
  const items = ['a', 'b', 'c'].map((name) => content.put('docker-local', 'sorted', name, name, { stage: name, team: 'shop' }));
  const caller = { admin: true, mayRead: () => true };
  const names = (query: string) => ((answerAql(query, items, caller, (build) => new Set(build === 'web' ? [items[1]!.sha1] : [])).body as { results: Json[] }).results ?? []).map((one) => one['name']).join('');
  const cases: [query: string, expected: string][] = [
    ['items.find({"$and":[{"@stage":"a"}],"$and":[{"@team":"shop"}],"type":"any","$or":[{"name":"a"}]})', 'a'],
    ['items.find({"$and":[{"@stage":"a"}],"$and":[{"@team":"other"}]})', ''],
    ['items.find({"path":"sorted"}).sort({"$desc":["name"]}).limit(2)', 'cb'],
    ['items.find({"$and":[{"artifact.module.build.name":"web","artifact.module.build.number":"33"}]})', 'b'],
    ['items.find({"$and":[{"dependency.module.build.name":"none","dependency.module.build.number":"1"}]})', ''],
  ];
  for (const [query, expected] of cases) assert.equal(names(query), expected, query);
});

test('files: deployed with properties, by checksum alone, fetched in parts, copied, moved, deleted; never into a virtual repository', async () => {
  const status = async (path: string, options: Parameters<typeof call>[1] = {}) => (await call(path, options)).status;
  assert.equal(await status('/artifactory/docker-local/in/a%20b.txt;stage=a%5C,b,c;team=shop', { method: 'PUT', body: '0123456789' }), 201);
  assert.deepEqual((await call('/artifactory/api/storage/docker-local/in/a%20b.txt?properties')).json['properties'], { stage: ['a,b', 'c'], team: ['shop'] });
  assert.equal(await status('/artifactory/docker/in/c.txt', { method: 'PUT', body: 'x' }), 405);
  assert.equal(await status('/artifactory/nowhere/in/c.txt', { method: 'PUT', body: 'x' }), 404);
  const part = await fetch(`${double.url}/artifactory/docker/in/a%20b.txt`, { headers: { authorization: 'Bearer admin-token', range: 'bytes=2-4' } });
  assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10']);
  assert.equal(await status('/artifactory/api/copy/docker-local/in?to=/docker-prod/out', { method: 'POST' }), 200);
  assert.equal(await status('/artifactory/api/move/docker-prod/out/a%20b.txt?to=/docker-prod/moved.txt', { method: 'POST' }), 200);
  assert.deepEqual([await status('/artifactory/docker-prod/out/a%20b.txt'), await status('/artifactory/docker-prod/moved.txt')], [404, 200]);
  assert.equal(await status('/artifactory/docker-prod/moved.txt', { method: 'DELETE', token: 'reader' }), 403);
  assert.equal(await status('/artifactory/docker-prod/moved.txt', { method: 'DELETE' }), 204);
  assert.equal(await status('/artifactory/docker-prod/moved.txt'), 404);
  assert.deepEqual([...parseProperties('a=1;b=x\\=y|c=')], [['a', ['1']], ['b', ['x=y']], ['c', ['']]]);
});

test('the registry by its path form, with tags and a catalogue; an image promoted by tag takes its platforms along', async () => {
  assert.equal((await fetch(`${double.url}/v2/`)).headers.get('www-authenticate'), 'Basic realm="Artifactory Realm"');
  assert.equal((await call(`/v2/docker/web/manifests/${many.digest}`)).status, 200);
  assert.deepEqual((await call('/v2/docker-local/web/tags/list')).json['tags'], ['1', '2']);
  assert.ok(((await call('/artifactory/api/docker/docker-local/v2/_catalog')).json['repositories'] as string[]).includes('web'));
  content.repository('docker-stage');
  assert.equal((await call('/artifactory/api/docker/docker-local/v2/promote', { body: { targetRepo: 'docker-stage', dockerRepository: 'web', tag: '2', targetTag: '2.0', copy: true } })).status, 200);
  const statuses = await Promise.all(['2.0', many.platforms[1]!].map(async (which) => (await call(`/v2/docker-stage/web/manifests/${which}`)).status));
  assert.deepEqual(statuses, [200, 200]);
});
