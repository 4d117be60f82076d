/** The road of origin through a real hub and PostgreSQL: a container is reported, its registry, signatures, Artifactory and Xray are asked, and the API tells. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { everything } from '@vedette/model/access';
import type { ImageDetailView, ImageView, IntegrationTestView, TraceView } from '@vedette/model/api/origin';
import { ArtifactoryDouble } from '@vedette/lab/artifactory/double';
import { makeKeyPair, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { pushImage, sendError, TestRegistry } from '@vedette/origin/testing/registry';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { originFacts } from './trace/reader.ts';
import { integrityViolations } from './store/read-origin.ts';
import { execution, record, sampleBoot, seconds } from './wire-sample.ts';

let hub: SampleHub;
let sensor: SampleSensor;
let admin: string;
const registry = await new TestRegistry().start();
const double = await new ArtifactoryDouble().start();
const ours = makeKeyPair();
const container = 'c'.repeat(64);
const commit = 'b1946ac92492d2347c6235b4d2611184b1946ac9';
const web = pushImage(registry, 'team/web', '1', { labels: { 'org.opencontainers.image.revision': commit } });

before(async () => {
  hub = await sampleHub({ origin: { everyMinutes: 10_000, timeoutSeconds: 1 } });
  admin = await hub.tokenFor('admin');
  sensor = await sampleSensor(hub.database, {});
  pushSignatureTag(registry, 'team/web', web.digest, [simpleSignature(ours.privateKey, simplePayload('x', web.digest))]);
  double.content.repository('docker-local');
  const pushed = double.content.push('docker-local', 'team/web', '1', [{ architecture: 'amd64' }], { 'build.name': 'web', 'build.number': '7' });
  double.content.items = double.content.items.map((one) => (`sha256:${one.sha256}` === pushed.digest ? { ...one, sha256: web.digest.slice(7) } : one));
  double.content.publish({ name: 'web', number: '7', vcs: [{ revision: commit }], modules: [{ id: 'web', artifacts: [{ sha256: web.digest.slice(7) }] }] });
  await sensor.send([
    record.container({ containerId: container, imageName: `${registry.host}/team/web:1`, platformDigest: web.digest }),
    record.inventory({ containerId: container, platformDigest: web.digest }),
    record.started(execution({ tgid: 77, path: '/opt/node_modules/left-pad/bin', containerId: container })),
  ]);
});
after(async () => {
  await hub.end();
  await Promise.all([registry.close(), double.close()]);
});
beforeEach(() => void Object.assign(registry, { hook: null, authentication: 'none', account: null }));

async function ask<T>(method: string, at: string, body?: unknown, status = 200): Promise<T> {
  const answer = await hub.ask(method, at, { token: admin, body });
  assert.equal(answer.status, status, `${method} ${at}: ${answer.text}`);
  return answer.json as unknown as T;
}

async function put(name: string, body: object): Promise<void> {
  await ask('PUT', `/api/v1/integrations/${name}`, body);
}

/** What the rounds do by themselves, now; a registry that asked for rest is asked all the same. */
async function images(): Promise<ImageView[]> {
  await hub.origin.tracer.readNames();
  const list = async (): Promise<ImageView[]> => (await ask<{ items: ImageView[] }>('GET', '/api/v1/images')).items;
  for (const one of await list()) await hub.origin.askNow(Number(one.id));
  return list();
}

async function webNow(): Promise<ImageDetailView> {
  const all = await images();
  const { id } = all.find((one) => one.reference === `${registry.host}/team/web:1`)!;
  return ask('GET', `/api/v1/images/${id}`);
}

const station = (image: { chain: ImageDetailView['chain'] }, name: string) => image.chain.find((one) => one.station === name)!;
const verdict = (image: { verdicts: ImageDetailView['verdicts'] }, kind: string) => image.verdicts.find((one) => one.kind === kind)!;

test('nothing is asked of a registry that nobody configured', async () => {
  registry.asked.length = 0;
  const image = await webNow();
  assert.deepEqual(registry.asked, []);
  assert.equal(station(image, 'image').gaps[0]!.reason, 'not-configured');
  assert.match(station(image, 'image').gaps[0]!.action ?? '', /Settings/);
  assert.equal(verdict(image, 'missing-in-registry').state, 'unknown');
  assert.equal(verdict(image, 'untrusted-registry').state, 'unknown');
});

test('secrets: sealed in the database, never in an answer, and not for another address', async () => {
  await put('main', { kind: 'registry', settings: { host: registry.host, user: 'alice', trusted: ['*'] }, secret: 'horse-battery' });
  const { rows } = await hub.database.query('select secret from integration');
  assert.ok(!(rows as { secret: Buffer }[])[0]!.secret.toString('latin1').includes('horse'));
  assert.ok(!(await hub.ask('GET', '/api/v1/integrations', { token: admin })).text.includes('horse'));
  const audit = await hub.database.query("select detail::text as detail from audit where object = 'integration:main'");
  assert.ok(!JSON.stringify(audit.rows).includes('horse'));
  const moved = await hub.ask('PUT', '/api/v1/integrations/main', { token: admin, body: { kind: 'registry', settings: { host: 'evil.example', user: 'alice' } } });
  assert.equal(moved.status, 400);
  assert.match(moved.text, /give the secret again/);
  const state = path.join(hub.directory, 'state');
  assert.equal((await readdir(state)).includes('integrations.key'), true);
  assert.equal(Buffer.from(await readFile(path.join(state, 'integrations.key'), 'utf8'), 'base64').length, 32);
});

test('the whole chain, from registry, signature, build info and check', async () => {
  await put('cosign', { kind: 'cosign-key', settings: { pem: ours.pem } });
  await put('art', { kind: 'artifactory', settings: { url: double.url }, secret: 'admin-token' });
  const image = await webNow();
  assert.equal(station(image, 'image').state, 'known');
  assert.match(image.signer ?? '', /^cosign \(key/);
  assert.equal(image.build, 'web #7');
  assert.equal(image.commit, commit);
  for (const kind of ['tag-moved', 'missing-in-registry', 'unknown-digest', 'unsigned', 'signature-failed', 'untrusted-registry']) assert.equal(verdict(image, kind).state, 'holds', kind);
  assert.equal(image.containers, 1);
  assert.equal(image.places[0]!.container, container);
  await addCheck(commit, 'pipelines/1');
  const checked = await webNow();
  assert.equal(checked.checks, 1);
  assert.equal(station(checked, 'commit').conflicts.length, 0);
  assert.match(station(checked, 'commit').agreements.join(), /build info .* and the check in CI .* agree on commit/);
});

test('a tag that admission asked for is no row beside the image that it names, until it names another', async () => {
  const reference = `${registry.host}/team/web:1`;
  const rows = async (): Promise<(string | null)[]> => (await ask<{ items: ImageView[]; total: number }>('GET', '/api/v1/images')).items.filter((one) => one.reference === reference).map((one) => one.digest);
  const [digest] = await rows();
  const id = await hub.origin.tracer.want(reference, '', 'linux/amd64');
  assert.deepEqual(await rows(), [digest], 'before it was asked about');
  await hub.origin.askNow(id);
  assert.deepEqual(await rows(), [digest], 'it names the same image');
  assert.equal((await ask<{ total: number }>('GET', '/api/v1/images')).total, (await ask<{ items: unknown[] }>('GET', '/api/v1/images')).items.length);
  await hub.database.query(`update origin_image set digests = array['sha256:${'7'.repeat(64)}'] where id = $1`, [id]);
  assert.deepEqual((await rows()).toSorted(), [digest, null].toSorted(), 'it names another one now');
  await hub.database.query('delete from origin_image where id = $1', [id]);
});

async function addCheck(revision: string, run: string): Promise<void> {
  await hub.database.query(
    `insert into image_check (run_key, at, received_at, image_id, platform_digest, reference, platform, stage, verdict, unknown_counts_as, findings, facts, signatures, inventory_id, layers, problems, repository, commit, run, pipeline, policies, vedette_version, reported_by)
     select sha256($1::bytea), now(), now(), k.image_id, k.platform_digest, null, 'linux/amd64', 'build', 'pass', 'fail', '[]', '{}', '{}', k.inventory_id,
       '[{"digest":"sha256:base","diffId":"","sizeBytes":1,"packages":[0]},{"digest":"sha256:app","diffId":"","sizeBytes":1,"packages":[1,2]}]', '{}', 'git.example/team/web', $2, $3, 'gitlab-ci', '[]', '0.1.0', 'ci'
       from container k where k.container_id = $4`,
    [Buffer.from(run), revision, run, container],
  );
}

test('a process: file, package and layer, and the image behind them', async () => {
  const byPid = await ask<TraceView>('GET', `/api/v1/trace?boot=${sampleBoot}&pid=77&startTicks=${Number(seconds(1) / 10_000_000n)}`);
  assert.equal(byPid.process?.pid, 77);
  assert.equal(station(byPid, 'file').claims[0]!.text, '/opt/node_modules/left-pad/bin');
  assert.equal(station(byPid, 'package').claims[0]!.text, 'left-pad 1.0.0');
  assert.equal(station(byPid, 'layer').claims[0]!.text, 'layer 2 of 2');
  assert.equal(station(byPid, 'commit').claims[0]!.text, commit);
  assert.equal(station(byPid, 'signer').state, 'known');
  const byKey = await ask<TraceView>('GET', `/api/v1/trace?process=${encodeURIComponent(byPid.process!.key)}`);
  assert.equal(byKey.image?.id, byPid.image?.id);
  const byImage = await ask<TraceView>('GET', `/api/v1/trace?image=${encodeURIComponent(web.digest)}`);
  assert.equal(byImage.image?.id, byPid.image?.id);
  assert.equal((await hub.ask('GET', '/api/v1/trace?image=none.example/x:1', { token: admin })).status, 404);
  assert.equal((await hub.ask('GET', '/api/v1/trace', { token: admin })).status, 400);
});

test('a false build info is a conflict, shown with both sides', async () => {
  double.content.publish({ name: 'web', number: '7', vcs: [{ revision: 'f'.repeat(40) }], modules: [{ id: 'web', artifacts: [{ sha256: web.digest.slice(7) }] }] });
  const image = await webNow();
  assert.equal(station(image, 'commit').state, 'conflict');
  assert.match(image.conflicts.join(), new RegExp(`${'f'.repeat(40)}.*${commit}`));
  double.content.publish({ name: 'web', number: '7', vcs: [{ revision: commit }], modules: [{ id: 'web', artifacts: [{ sha256: web.digest.slice(7) }] }] });
});

test('tag moved, manifest deleted, signed by another key: three verdicts, with since, and seen by the door for the risk summary', async () => {
  const evil = pushImage(registry, 'team/web', '1', { layer: 'evil' });
  let image = await webNow();
  assert.equal(verdict(image, 'tag-moved').state, 'violated');
  assert.equal(verdict(image, 'tag-moved').found, evil.digest);
  assert.equal(verdict(image, 'missing-in-registry').state, 'holds');
  const [violation] = await integrityViolations(hub.database, everything);
  assert.deepEqual([violation?.kind, violation?.containers, violation?.digest], ['tag-moved', 1, web.digest]);
  assert.deepEqual(await integrityViolations(hub.database, { kind: 'places', places: [] }), []);

  registry.hook = (_, response) => sendError(response, 429, 'TOOMANYREQUESTS');
  image = await webNow();
  assert.equal(verdict(image, 'tag-moved').state, 'violated', 'a violation outlives an unanswered question');
  assert.match(verdict(image, 'tag-moved').unconfirmed ?? '', /too many requests/);
  assert.equal(verdict(image, 'missing-in-registry').state, 'unknown');
  assert.equal(station(image, 'image').state, 'known', 'what was known is shown with its age');
  assert.match(station(image, 'image').gaps[0]!.words, /too many requests/);

  registry.hook = null;
  registry.remove('team/web', web.digest);
  image = await webNow();
  assert.equal(verdict(image, 'missing-in-registry').state, 'violated');
  assert.equal(image.commit, commit, 'what its bytes said stays true');
  const standing = await hub.origin.reader.standing({ reference: `${registry.host}/team/web:1`, digest: web.digest });
  assert.deepEqual([standing.trusted, standing.build.is, standing.facts.signatures.incomplete === null], [{ is: 'known', value: true }, 'known', true]);
  assert.match((await originFacts(hub.database, { reference: 'none.example/x:1', digest: null })).signatures.incomplete ?? '', /has named this image/);
  assert.ok(image.history.some((one) => one.kind === 'missing-in-registry' && one.state === 'holds' && one.until !== null));

  const signed = pushImage(registry, 'team/signed', '1', { layer: 'signed' });
  pushSignatureTag(registry, 'team/signed', signed.digest, [simpleSignature(makeKeyPair().privateKey, simplePayload('x', signed.digest))]);
  const bare = pushImage(registry, 'team/bare', '1', { layer: 'bare' });
  await sensor.send([
    record.container({ containerId: 'd'.repeat(64), name: 'signed', imageName: `${registry.host}/team/signed:1`, platformDigest: signed.digest }),
    record.container({ containerId: 'e'.repeat(64), name: 'bare', imageName: `${registry.host}/team/bare:1`, platformDigest: bare.digest }),
    record.container({ containerId: 'f'.repeat(64), name: 'odd', imageName: 'a'.repeat(64), platformDigest: `sha256:${'9'.repeat(64)}` }),
    record.container({ containerId: '1'.repeat(64), name: 'meta', imageName: '169.254.169.254/latest/meta-data:1', platformDigest: `sha256:${'8'.repeat(64)}` }),
  ]);
  const all = await images();
  const of = (part: string): ImageView => all.find((one) => one.reference.includes(part))!;
  assert.equal(verdict(of('team/signed'), 'signature-failed').state, 'violated');
  assert.equal(verdict(of('team/bare'), 'unsigned').state, 'violated');
  assert.match(of('a'.repeat(64)).problem ?? '', /image id, not a reference/);
  assert.equal(verdict(of('169.254'), 'missing-in-registry').reason, 'not-configured');
  assert.equal(verdict(of('169.254'), 'untrusted-registry').state, 'violated');
  assert.deepEqual((await integrityViolations(hub.database, everything)).map((one) => one.kind).sort(), ['missing-in-registry', 'signature-failed', 'tag-moved', 'unsigned', 'untrusted-registry']);
});

test('every way not to answer is unknown with its reason, in the API and in the test of the integration', async () => {
  const cases: [name: string, set: () => void, reason: RegExp, status: number | null][] = [
    ['wrong password', () => Object.assign(registry, { authentication: 'basic', account: { user: 'alice', password: 'other' } }), /the credentials were refused \(401\)/, 401],
    ['403', () => (registry.hook = (_, response) => sendError(response, 403, 'DENIED')), /no permission \(403\)/, 403],
    ['404 of something else', () => (registry.hook = (_, response) => response.writeHead(404).end('404 page not found') && true), /not found, for a reason/, 404],
    ['429', () => (registry.hook = (_, response) => sendError(response, 429, 'TOOMANYREQUESTS')), /too many requests/, 429],
    ['500', () => (registry.hook = (_, response) => sendError(response, 500, 'UNKNOWN')), /the server failed/, 500],
    ['cut off', () => (registry.hook = (_, response) => response.writeHead(200, { 'content-length': '1000' }).write('{', () => response.destroy()) || true), /half an answer/, null],
    ['silent', () => (registry.hook = () => true), /no answer in time/, null],
  ];
  const { id } = (await images()).find((one) => one.reference.includes('team/bare'))!;
  for (const [name, set, reason, status] of cases) {
    Object.assign(registry, { hook: null, authentication: 'none', account: null });
    set();
    const bare = await ask<ImageView>('POST', `/api/v1/images/${id}/ask`);
    assert.match(bare.unanswered.join(' '), reason, name);
    const tested = await ask<IntegrationTestView>('POST', '/api/v1/integrations/main/test');
    assert.equal(tested.ok, false, name);
    assert.match(tested.asked[0]!.words, reason, name);
    assert.equal(tested.asked[0]!.status, status, name);
    assert.ok(tested.asked[0]!.action !== null, name);
    assert.ok(!JSON.stringify(tested).includes('horse'), name);
  }
  Object.assign(registry, { hook: null, authentication: 'none', account: null });
  const works = await ask<IntegrationTestView>('POST', '/api/v1/integrations/main/test');
  assert.equal(works.ok, true, JSON.stringify(works));
  assert.equal(works.asked.length, 2);
});

test('Artifactory and Xray: tested, wrong token, throttled', async () => {
  await put('scan', { kind: 'xray', settings: { url: `${double.url}/xray` }, secret: 'admin-token' });
  for (const name of ['art', 'scan']) assert.equal((await ask<IntegrationTestView>('POST', `/api/v1/integrations/${name}/test`)).ok, true, name);
  await put('art', { kind: 'artifactory', settings: { url: double.url }, secret: 'wrong-token' });
  const tested = await ask<IntegrationTestView>('POST', '/api/v1/integrations/art/test');
  assert.deepEqual([tested.ok, tested.asked[0]!.status], [false, 401]);
  const image = await webNow();
  assert.equal(image.build, 'web #7', 'what was known stays, with its age');
  assert.match(image.unanswered.join(' '), /the credentials were refused/);
  assert.equal((await hub.ask('DELETE', '/api/v1/integrations/art', { token: admin })).status, 204);
  assert.match((await webNow()).build ?? '', /run pipelines\/1/, 'who is asked no more says nothing any more; the check does');
});

test('integrations by file: followed, not changed by people, and what is declared no more is gone', async () => {
  const declared = (all: object): Promise<readonly string[]> => hub.origin.declare(JSON.stringify({ integrations: all }));
  assert.deepEqual(await declared({ git: { kind: 'registry', settings: { host: 'r.example', trusted: ['team'] }, secret: 'abc' } }), []);
  const listed = async (): Promise<string[]> => (await ask<{ items: { name: string }[] }>('GET', '/api/v1/integrations')).items.map((one) => one.name);
  assert.ok((await listed()).includes('git'));
  assert.equal((await hub.ask('DELETE', '/api/v1/integrations/git', { token: admin })).status, 400);
  assert.match((await declared({ git: { kind: 'registry', settings: { host: 'https://x' }, secret: 'do-not-say' } })).join(), /host/);
  assert.ok((await listed()).includes('git'));
  assert.deepEqual(await declared({}), []);
  assert.ok(!(await listed()).includes('git') && (await listed()).includes('main'));
});
