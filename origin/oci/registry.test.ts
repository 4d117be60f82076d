/** The distribution client against a small real registry: right answers, and each way in which a registry can be wrong. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { imageDigestOf, type ImageDigest } from '@vedette/model/ids';
import type { Answer } from '@vedette/model/origin';
import { testAsking, type TestAsking } from '../testing/asking.ts';
import { pushImage, pushIndex, sendError, TestRegistry } from '../testing/registry.ts';
import type { Credentials } from './credentials.ts';
import { digestsOf, readImage } from './image.ts';
import { parseReference, type ImageReference } from './reference.ts';
import { openRegistry, type Registry } from './registry.ts';

const registry = await new TestRegistry().start();
const other = await new TestRegistry().start();
after(async () => (await registry.close(), await other.close()));
beforeEach(() => Object.assign(registry, { hook: null, authentication: 'none', account: null, tokenSeconds: 300, referrersApi: true }) && (registry.asked.length = other.asked.length = 0));

const image = pushImage(registry, 'team/web', '1', { labels: { 'org.opencontainers.image.revision': 'abc' } });
const arm = pushImage(registry, 'team/web', null, { architecture: 'arm64', variant: 'v8' });
const index = pushIndex(registry, 'team/web', 'many', [image, arm]);
const nowhere = imageDigestOf(`sha256:${'0'.repeat(64)}`);
const linux = (architecture: string, variant: string | null = null) => ({ os: 'linux', architecture, variant });

function open(credentials: Credentials | null = null, asking: TestAsking = testAsking()): Registry {
  return openRegistry({ registry: registry.host, credentials, asking, plainHttp: false });
}
const alice: Credentials = { kind: 'basic', user: 'alice', password: 'right:horse' };
const account = { user: 'alice', password: 'right:horse' };

function reasonOf(answer: Answer<unknown>): string {
  return answer.state === 'unknown' ? answer.reason : answer.state;
}

test('manifests by tag and digest, index to platform, configuration', async () => {
  const found = await open().manifest('team/web', '1');
  assert.ok(found.state === 'known' && found.value.kind === 'image' && found.value.digest === image.digest);
  const config = await open().config('team/web', found.value);
  assert.ok(config.state === 'known');
  assert.deepEqual([config.value.labels, config.value.platform], [{ 'org.opencontainers.image.revision': 'abc' }, linux('amd64')]);
  assert.equal((await open().manifest('team/web', 'none')).state, 'absent');
  assert.equal((await open().manifest('team/web', nowhere)).state, 'absent');
  assert.equal((await open().blob('team/web', nowhere, 100)).state, 'absent');
});

test('an image by each of the references that lead to it', async () => {
  const reference = (text: string) => parseReference(`${registry.host}/team/web${text}`) as ImageReference;
  const cases: [text: string, architecture: string, image: ImageDigest | null, index: ImageDigest | null][] = [
    [':1', 'amd64', image.digest, null],
    [':many', 'amd64', image.digest, index],
    [':many', 'arm64', arm.digest, index],
    [':many', 's390x', null, index],
    [`@${arm.digest}`, 'amd64', arm.digest, null],
    [`:many@${arm.digest}`, 'arm64', arm.digest, index],
    [`:1@${arm.digest}`, 'arm64', arm.digest, null],
    [`@${index}`, 'arm64', arm.digest, index],
  ];
  for (const [text, architecture, digest, indexDigest] of cases) {
    const found = await readImage(open(), reference(text), linux(architecture));
    assert.deepEqual([found.image.state === 'known' ? found.image.value.digest : null, found.index?.digest ?? null], [digest, indexDigest], text);
    assert.equal(found.config.state, digest === null ? 'absent' : 'known');
  }
  const absent = await readImage(open(), reference(':many'), linux('s390x'));
  assert.match((absent.image as { detail: string }).detail, /no image for linux\/s390x; it has linux\/amd64, linux\/arm64\/v8/);
  assert.deepEqual(digestsOf(await readImage(open(), reference(':many'), linux('arm64'))), [index, arm.digest]);
});

test('token authentication: one token for each repository, renewed when it ends', async () => {
  Object.assign(registry, { authentication: 'token' });
  const asking = testAsking();
  const client = open(null, asking);
  const tokensAsked = () => registry.asked.filter((one) => one.path.startsWith('/token')).length;
  await client.manifest('team/web', '1');
  assert.equal((await client.manifest('team/web', 'many')).state, 'known');
  assert.equal(tokensAsked(), 1);
  assert.match(registry.asked.find((one) => one.path.startsWith('/token'))!.path, /service=test&scope=repository%3Ateam%2Fweb%3Apull/);
  await client.manifest('team/other', '1');
  assert.equal(tokensAsked(), 2, 'another repository is another scope');
  asking.nowMs += 301_000;
  await client.manifest('team/web', '1');
  assert.equal(tokensAsked(), 3);
  registry.authentication = 'basic';
  assert.equal(reasonOf(await client.manifest('team/web', '1')), 'unauthenticated', 'a token that is refused is not sent again and again');
});

test('credentials: right, wrong, none; each says which', async () => {
  const cases: [authentication: 'basic' | 'token', credentials: Credentials | null, expected: string][] = [
    ['basic', alice, 'known'],
    ['basic', { ...alice, password: 'wrong' } as Credentials, 'wrong-credentials'],
    ['basic', null, 'unauthenticated'],
    ['basic', { kind: 'bearer', token: 'x' }, 'wrong-credentials'],
    ['token', alice, 'known'],
    ['token', { ...alice, password: 'wrong' } as Credentials, 'wrong-credentials'],
    ['token', null, 'unauthenticated'],
    ['token', { kind: 'bearer', token: 'expired' }, 'wrong-credentials'],
    ['token', { kind: 'identity', token: 'expired' }, 'wrong-credentials'],
  ];
  for (const [authentication, credentials, expected] of cases) {
    Object.assign(registry, { authentication, account });
    const found = await open(credentials).manifest('team/web', '1');
    assert.equal(reasonOf(found), expected, `${authentication} ${credentials?.kind}`);
    assert.ok(!JSON.stringify(found).includes('horse'));
  }
});

test('a registry that is wrong: every way has its reason, and none is an answer', async () => {
  const manifest = `/v2/team/web/manifests/${image.digest}`;
  const cases: [name: string, hook: NonNullable<TestRegistry['hook']>, reason: string][] = [
    ['403', (_, response) => sendError(response, 403, 'DENIED'), 'forbidden'],
    ['404 that is no registry', (_, response) => (response.writeHead(404).end('<html>not here</html>'), true), 'not-found'],
    ['404 of a hidden repository', (_, response) => sendError(response, 404, 'NAME_UNKNOWN'), 'absent'],
    ['429', (_, response) => sendError(response, 429, 'TOOMANYREQUESTS'), 'rate-limited'],
    ['500', (_, response) => sendError(response, 500, 'UNKNOWN'), 'unavailable'],
    ['other bytes', (_, response) => (response.end('{"schemaVersion":2}'), true), 'digest-mismatch'],
    ['nothing', (_, response) => (response.end(), true), 'digest-mismatch'],
    ['5 MB', (_, response) => (response.end('x'.repeat(5_000_000)), true), 'too-large'],
    ['401 without a challenge', (_, response) => (response.writeHead(401).end(), true), 'unauthenticated'],
    ['401 with a strange challenge', (_, response) => (response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end(), true), 'unauthenticated'],
    ['token server that is no address', (_, response) => (response.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end(), true), 'malformed'],
    ['token server that is a file', (_, response) => (response.writeHead(401, { 'www-authenticate': 'Bearer realm="file:///etc/passwd"' }).end(), true), 'unsafe-redirect'],
    ['token server without a token', (request, response) => (request.url?.startsWith('/token') ? response.end('{}') : response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` }).end(), true), 'malformed'],
    ['token that is two headers', (request, response) => (request.url?.startsWith('/token') ? response.end(JSON.stringify({ token: 'a\r\nx: y' })) : response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` }).end(), true), 'malformed'],
    ['401 for ever', (request, response) => (request.url?.startsWith('/token') ? response.end('{"token":"t"}') : response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` }).end(), true), 'unauthenticated'],
  ];
  for (const [name, hook, reason] of cases) {
    registry.hook = hook;
    const asked = registry.asked.length;
    assert.equal(reasonOf(await open().manifest('team/web', image.digest)), reason, name);
    assert.ok(registry.asked.length - asked <= 4, name);
  }
  registry.hook = (request, response) => (request.url === manifest ? (response.writeHead(200, { 'content-length': 5000 }).write('{"half'), setTimeout(() => response.destroy(), 10), true) : false);
  assert.equal(reasonOf(await open().manifest('team/web', image.digest)), 'incomplete');
  registry.hook = () => true;
  assert.equal(reasonOf(await open(null, testAsking({ timeoutMs: 100 })).manifest('team/web', '1')), 'timeout');
});

test('what is sent by tag is held against the digest that is promised with it, and against its own form', async () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: nowhere, size: 2 };
  const both = { schemaVersion: 2, config, layers: [], manifests: [] };
  const cases: [name: string, body: string, headers: Record<string, string>, expected: string][] = [
    ['another digest', JSON.stringify({ schemaVersion: 2, config, layers: [] }), { 'docker-content-digest': nowhere }, 'digest-mismatch'],
    ['two kinds at once', JSON.stringify(both), {}, 'malformed'],
    ['sent as the other kind', JSON.stringify({ schemaVersion: 2, config, layers: [] }), { 'content-type': 'application/vnd.oci.image.index.v1+json' }, 'malformed'],
    ['written as the other kind', JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', config, layers: [] }), {}, 'malformed'],
    ['no JSON', 'hello', {}, 'malformed'],
    ['cut JSON', '{"schemaVersion": 2', {}, 'incomplete'],
    ['schema 1', '{"schemaVersion":1,"fsLayers":[]}', {}, 'unsupported'],
    ['a path for a digest', JSON.stringify({ schemaVersion: 2, config: { ...config, digest: '../../x' }, layers: [] }), {}, 'malformed'],
    ['many layers', JSON.stringify({ schemaVersion: 2, config, layers: Array.from({ length: 1001 }, () => config) }), {}, 'malformed'],
    ['right', JSON.stringify({ schemaVersion: 2, config, layers: [] }), {}, 'known'],
  ];
  for (const [name, body, headers, expected] of cases) {
    registry.hook = (_, response) => (response.writeHead(200, headers).end(body), true);
    assert.equal(reasonOf(await open().manifest('team/web', 'x')), expected, name);
  }
});

test('blobs: bounded, checked, and redirected without the credentials', async () => {
  const content = 'x'.repeat(1000);
  const digest = registry.blob(content);
  assert.equal(reasonOf(await open().blob('team/web', digest, 1000)), 'known');
  assert.equal(reasonOf(await open().blob('team/web', digest, 999)), 'too-large');
  other.blob(content);
  Object.assign(registry, { authentication: 'basic', account });
  registry.hook = (request, response, path) => (path.includes('/blobs/') && request.headers.authorization !== undefined ? (response.writeHead(307, { location: `http://${other.host}/v2/any/blobs/${digest}?signature=x` }).end(), true) : false);
  assert.equal(reasonOf(await open(alice).blob('team/web', digest, 1000)), 'known');
  assert.deepEqual(other.asked.map((one) => one.authorization), [null]);
  other.hook = (_, response) => (response.end('y'.repeat(1000)), true);
  assert.equal(reasonOf(await open(alice).blob('team/web', digest, 1000)), 'digest-mismatch');
  other.hook = (_, response) => sendError(response, 401, 'UNAUTHORIZED');
  assert.equal(reasonOf(await open(alice).blob('team/web', digest, 1000)), 'unauthenticated', 'the credentials were not sent there, so they were not refused');
  other.hook = null;
});

test('referrers: by the API, by the tag that stands in for it, none, and not knowable', async () => {
  const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: image.digest, size: registry.size(image.digest) };
  const empty = registry.blob('{}');
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 };
  const referrer = registry.manifest('team/web', null, { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', artifactType: 'application/vnd.test', config, layers: [config], subject });
  const list = async (client: Registry) => {
    const found = await client.referrers('team/web', image.digest);
    return found.state === 'known' ? found.value.map((one) => one.digest) : reasonOf(found);
  };
  assert.deepEqual(await list(open()), [referrer]);
  registry.referrersApi = false;
  assert.deepEqual(await list(open()), [], 'neither API nor tag: asked, and nothing there');
  registry.referrersTag('team/web', image.digest, [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: referrer, size: 1 }]);
  assert.deepEqual(await list(open()), [referrer]);
  registry.referrersApi = true;
  const page = (entries: number, next?: string): NonNullable<TestRegistry['hook']> => (request, response) => {
    if (!request.url?.includes('/referrers/')) return false;
    if (next !== undefined) response.setHeader('link', `<${next}>; rel="next"`);
    response.end(JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: entries }, () => config) }));
    return true;
  };
  const cases: [name: string, hook: NonNullable<TestRegistry['hook']>, expected: unknown][] = [
    ['the API names nothing: the tag is asked as well', page(0), [referrer]],
    ['pages without end', page(1, `/v2/team/web/referrers/${image.digest}?page=2`), 'too-large'],
    ['a page elsewhere', page(1, 'https://elsewhere.example/v2/'), 'unsafe-redirect'],
    ['too many', page(501), 'too-large'],
    ['403', (request, response) => (request.url?.includes('/referrers/') === true ? sendError(response, 403, 'DENIED') : false), 'forbidden'],
    ['an image', (request, response) => (request.url?.includes('/referrers/') === true ? (response.end(JSON.stringify({ schemaVersion: 2, config, layers: [] })), true) : false), 'malformed'],
  ];
  for (const [name, hook, expected] of cases) {
    registry.hook = hook;
    assert.deepEqual(await list(open()), expected, name);
  }
});
