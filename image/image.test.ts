/**
 * The road from a registry to content and signatures: what is read, what a hostile or broken registry is answered with, what is kept by its
 * digest. The registry is a small one that speaks HTTP on loopback.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { LayoutWriter, type Written } from '@vedette/inventory/oci/testing/layout';
import { openDirectory } from '@vedette/inventory/oci/layout';
import { imageDigestOf } from '@vedette/model/ids';
import { parsePublicKey, type SignerKey } from '@vedette/origin/cosign/key';
import { parseReference, type ImageReference } from '@vedette/origin/oci/reference';
import { openRegistry, type Registry } from '@vedette/origin/oci/registry';
import type { Asking } from '@vedette/origin/ask/ask';
import { envelopeBundle, makeKeyPair, pushBundle, pushSignatureTag, simplePayload, simpleSignature } from '@vedette/origin/testing/cosign';
import { sendError, TestRegistry } from '@vedette/origin/testing/registry';
import { ContentCache } from './content-cache.ts';
import type { ImageContent } from './content.ts';
import { layoutAsRegistry } from './layout-registry.ts';
import { readImageContent, type ReadImage } from './read.ts';
import { openRegistryImage, type RegistryLayout } from './registry-layout.ts';
import { signatureFacts } from './signatures.ts';
import { pushLayout } from './testing/push.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-image-'));
const registry = await new TestRegistry().start();
after(async () => {
  await registry.close();
  rmSync(place, { recursive: true, force: true });
});
beforeEach(() => void Object.assign(registry, { hook: null, authentication: 'none', account: null }));

const asking: Asking = { fetch, clock: () => Date.now(), sleep: async () => {}, timeoutMs: 1000, waitMsMax: 2000 };
const client = (credentials: Parameters<typeof openRegistry>[0]['credentials'] = null): Registry => openRegistry({ registry: registry.host, credentials, asking, plainHttp: true });
const reference = (rest: string): ImageReference => parseReference(`${registry.host}/${rest}`) as ImageReference;

const npm = (name: string, version: string): Written => ({ path: `srv/node_modules/${name}/package.json`, content: JSON.stringify({ name, version }) });
const debian: Written[] = [
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID=12\n' },
  { path: 'var/lib/dpkg/status', content: 'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13\n\n' },
  { path: 'var/lib/dpkg/info/zlib1g:amd64.list', content: '/.\n/lib/libz.so\n' },
];

const writer = new LayoutWriter(join(place, 'app'));
const index = writer.add([
  { layers: [debian, [npm('minimist', '1.2.0')], [npm('lodash', '4.17.21')]], config: { User: '1000', Env: ['TOKEN=hunter2'], Labels: { a: 'b' } } },
  { layers: [debian], platform: { os: 'linux', architecture: 'arm64' } },
]);
pushLayout(registry, writer.directory, 'shop/app', '1.0');
const topLayer = (JSON.parse(readFileSync(join(writer.directory, 'blobs', 'sha256', manifestDigest().slice(7)), 'utf8')) as { layers: { digest: string }[] }).layers[2]!.digest;

function manifestDigest(): string {
  const read = JSON.parse(readFileSync(join(writer.directory, 'blobs', 'sha256', index.slice(7)), 'utf8')) as { manifests: { digest: string }[] };
  return read.manifests[0]!.digest;
}

async function pulled(named: ImageReference, options: { registry?: Registry; platform?: string; cache?: ContentCache } = {}): Promise<{ layout: RegistryLayout; image: ReadImage } | string> {
  const opened = await openRegistryImage(options.registry ?? client(), named, { sleep: async () => {} });
  if (!opened.ok) return `${opened.reason} → ${opened.remedy}`;
  const [os = 'linux', architecture = 'amd64'] = (options.platform ?? 'linux/amd64').split('/');
  const read = await readImageContent(opened.layout, { name: null, platform: { os, architecture }, platformAsked: options.platform !== undefined, cache: options.cache ?? null, clock: () => performance.now() });
  return read.ok ? { layout: opened.layout, image: read.value } : read.reason;
}

async function image(named: ImageReference, options: Parameters<typeof pulled>[1] = {}): Promise<ReadImage> {
  const found = await pulled(named, options);
  assert.ok(typeof found === 'object', String(found));
  return found.image;
}

test('from a registry: index, platform, configuration, packages, and the layer that brought each', async () => {
  for (const rest of ['shop/app:1.0', `shop/app@${index}`, `shop/app:1.0@${index}`]) {
    const { content, indexDigest, names } = await image(reference(rest));
    assert.deepEqual([content.digest, indexDigest, content.platform, content.user, content.environment, content.labels], [manifestDigest(), index, 'linux/amd64', '1000', ['TOKEN'], { a: 'b' }]);
    assert.match(names[0]!, /shop\/app/);
    const named = content.layers.map((layer) => layer.packages.map((at) => content.packages[at]!.name));
    assert.deepEqual(named, [['zlib1g'], ['minimist'], ['lodash']]);
    assert.ok(!JSON.stringify(content).includes('hunter2'));
  }
  assert.equal((await image(reference(`shop/app@${manifestDigest()}`))).indexDigest, null);
  const arm = await image(reference('shop/app:1.0'), { platform: 'linux/arm64' });
  assert.equal(arm.content.packages.length, 1);
  assert.match(String(await pulled(reference('shop/app:1.0'), { platform: 'linux/s390x' })), /holds no image for linux\/s390x; it holds linux\/amd64, linux\/arm64/);
});

test('with credentials, and the remedy where they are missing or wrong', async () => {
  registry.account = { user: 'ci', password: 'secret' };
  for (const authentication of ['basic', 'token'] as const) {
    registry.authentication = authentication;
    assert.match(String(await pulled(reference('shop/app:1.0'))), /credentials|401/);
    assert.match(String(await pulled(reference('shop/app:1.0'), { registry: client({ kind: 'basic', user: 'ci', password: 'wrong' }) })), /refuse.*log in again/s);
    const { content } = await image(reference('shop/app:1.0'), { registry: client({ kind: 'basic', user: 'ci', password: 'secret' }) });
    assert.equal(content.packages.length, 3);
  }
});

const kib = (count: number): Buffer => Buffer.alloc(count * 1024, 'a');

test('a registry that refuses, lies, stalls or breaks is answered with a sentence', async () => {
  type Hook = NonNullable<TestRegistry['hook']>;
  const on = (part: string, act: (response: Parameters<Hook>[1]) => void): Hook => (_, response, path) => {
    if (!path.includes(part)) return false;
    act(response);
    return true;
  };
  const status = (part: string, code: number, word: string): Hook => on(part, (response) => void sendError(response, code, word));
  const rows: readonly (readonly [name: string, hook: Hook, sentence: RegExp])[] = [
    ['no such tag', status('/manifests/1.0', 404, 'MANIFEST_UNKNOWN'), /has no manifest 1\.0.* → check the name/],
    ['404 of a proxy', on('/manifests/1.0', (response) => response.writeHead(404).end('<html>')), /404.* → check that this is a registry/],
    ['forbidden', status('/manifests/1.0', 403, 'DENIED'), /403.* → ask for permission/],
    ['throttled', status('/manifests/1.0', 429, 'TOOMANYREQUESTS'), /429.* → wait, or pull with credentials/],
    ['broken', status('/manifests/1.0', 500, 'UNKNOWN'), /500.* → try again/],
    ['a login page', on('/manifests/1.0', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')), /no JSON.* → check that this is a registry/],
    ['other bytes under the index', on(`/manifests/${index}`, (response) => response.writeHead(200).end('{}')), /digest/],
    ['platform manifest gone', status(`/manifests/${manifestDigest()}`, 404, 'MANIFEST_UNKNOWN'), /has no manifest/],
    ['layer gone', status(`/blobs/${topLayer}`, 404, 'BLOB_UNKNOWN'), /has no blob/],
    ['layer forbidden', status(`/blobs/${topLayer}`, 403, 'DENIED'), /403.*ask for permission/],
    ['layer broken four times', status(`/blobs/${topLayer}`, 500, 'UNKNOWN'), /500.*0 of \d+ bytes were read/],
    ['layer of other bytes', on(`/blobs/${topLayer}`, (response) => response.writeHead(200).end(kib(1).subarray(0, registry.size(imageDigestOf(topLayer))))), /cannot be decompressed|another digest/],
    ['layer that is longer', on(`/blobs/${topLayer}`, (response) => response.writeHead(200).end(kib(64))), /more than the \d+ bytes that the manifest promises|cannot be decompressed/],
    ['layer that ends early', on(`/blobs/${topLayer}`, (response) => response.writeHead(200).end(kib(1).subarray(0, 10))), /ends it after|cannot be decompressed/],
    ['layer elsewhere, in plain text on this machine', on(`/blobs/${topLayer}`, (response) => response.writeHead(307, { location: 'ftp://elsewhere/x' }).end()), /neither http nor https/],
    ['layer that leads in a circle', on(`/blobs/${topLayer}`, (response) => response.writeHead(307, { location: `/v2/shop/app/blobs/${topLayer}` }).end()), /redirects more than/],
  ];
  for (const [name, hook, sentence] of rows) {
    registry.hook = hook;
    const found = await pulled(reference(name.startsWith('other bytes under') ? `shop/app@${index}` : 'shop/app:1.0'));
    assert.ok(typeof found === 'string', `${name}: it was read`);
    assert.match(found, sentence, `${name}: ${found}`);
  }
});

test('a layer that stalls is given up, one that breaks is taken up again where it broke', async () => {
  const big = new LayoutWriter(join(place, 'big'));
  big.add({ layers: [[npm('minimist', '1.2.0'), { path: 'noise', content: Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 251)) }]], compression: 'none' });
  pushLayout(registry, big.directory, 'shop/big', '1');
  const wanted: string[] = [];
  let asked = 0;
  registry.hook = (request, response, path) => {
    if (!path.includes('/shop/big/blobs/') || registry.size(imageDigestOf(path.split('/').at(-1)!)) < 100_000) return false;
    asked += 1;
    wanted.push(request.headers.range ?? 'all');
    const whole = readFileSync(join(big.directory, 'blobs', 'sha256', path.split(':').at(-1)!));
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    // the second answer does not know ranges
    const knows = asked !== 2;
    response.writeHead(knows && from > 0 ? 206 : 200, { 'content-length': knows ? whole.length - from : whole.length });
    response.write(whole.subarray(knows ? from : 0, asked < 3 ? from + 100_000 : undefined), () => (asked < 3 ? response.destroy() : response.end()));
    return true;
  };
  const { content } = await image(reference('shop/big:1'));
  assert.deepEqual([content.packages.map((one) => one.name), asked], [['minimist'], 3]);
  assert.equal(wanted[0], 'all');
  assert.match(wanted[2]!, /^bytes=\d{5,}-$/);

  registry.hook = (_, response, path) => {
    if (!path.includes('/shop/big/blobs/') || registry.size(imageDigestOf(path.split('/').at(-1)!)) < 100_000) return false;
    const whole = readFileSync(join(big.directory, 'blobs', 'sha256', path.split(':').at(-1)!));
    response.writeHead(200, { 'content-length': whole.length }).write(whole.subarray(0, 1000));
    return true;
  };
  const stalled = await pulled(reference('shop/big:1'), { registry: openRegistry({ registry: registry.host, credentials: null, asking: { ...asking, timeoutMs: 100 }, plainHttp: true }) });
  assert.match(String(stalled), /did not answer within 100 ms/);
});

test('what is known of a digest is not read again, and is not believed when it was changed', async () => {
  const directory = join(place, 'cache');
  const cache = new ContentCache(directory, '1.0');
  const first = await pulled(reference('shop/app:1.0'), { cache });
  assert.ok(typeof first === 'object' && !first.image.isKept && first.layout.bytes > 0);
  registry.hook = (_, response, path) => path.includes('/blobs/') && sendError(response, 500, 'UNKNOWN');
  const second = await pulled(reference('shop/app:1.0'), { cache });
  assert.ok(typeof second === 'object' && second.image.isKept, String(second));
  assert.deepEqual(second.image.content, first.image.content);
  const [file = ''] = readdirSync(directory);
  const path = join(directory, file);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const good = readFileSync(path, 'utf8');
  const broken: readonly string[] = ['', 'x', good.slice(0, -1), good.replace('minimist', 'minimalt'), good.replace('content 1 ', 'content 0 '), `${good.split('\n')[0]}\n{}`];
  for (const text of broken) {
    writeFileSync(path, text);
    assert.equal(cache.read(first.image.content.digest), null, text.slice(0, 60));
  }
  writeFileSync(path, good);
  assert.notEqual(cache.read(first.image.content.digest), null);
  assert.equal(new ContentCache(directory, '1.1').read(first.image.content.digest), null, 'another version may read otherwise');
  writeFileSync(join(directory, `sha256-${'0'.repeat(64)}.json`), good);
  assert.equal(cache.read(`sha256:${'0'.repeat(64)}`), null, 'a content under another digest');
});

test('what is kept is bounded, and a folder that cannot be written does no harm', () => {
  const directory = join(place, 'bounded');
  const cache = new ContentCache(directory, '1', { entriesMax: 3, bytesMax: 1e9 });
  const content = (n: number): ImageContent => ({ digest: `sha256:${String(n).padStart(64, '0')}`, packages: [], problems: [] }) as unknown as ImageContent;
  for (let n = 0; n < 6; n += 1) {
    cache.write(content(n));
    const when = new Date(2026, 0, 1, 0, n);
    for (const one of readdirSync(directory).filter((name) => name.includes(String(n).padStart(64, '0')))) utimesSync(join(directory, one), when, when);
  }
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((n) => cache.read(content(n).digest) !== null), [false, false, false, true, true, true]);
  const small = new ContentCache(join(place, 'bounded-bytes'), '1', { entriesMax: 100, bytesMax: 10 });
  small.write(content(1));
  assert.equal(small.read(content(1).digest), null);
  writeFileSync(join(place, 'a-file'), '');
  new ContentCache(join(place, 'a-file'), '1').write(content(1));
  mkdirSync(join(place, 'pieces'));
  const piece = join(place, 'pieces', 'x.1.part');
  writeFileSync(piece, '');
  utimesSync(piece, new Date(0), new Date(0));
  new ContentCache(join(place, 'pieces'), '1').write(content(1));
  assert.deepEqual(readdirSync(join(place, 'pieces')).length, 1);
});

const ours = makeKeyPair();
const theirs = makeKeyPair();
const key = parsePublicKey(ours.pem, 'release.pub') as SignerKey;
const another = parsePublicKey(makeKeyPair().pem, 'another.pub') as SignerKey;
const seen = ({ items, incomplete }: Awaited<ReturnType<typeof signatureFacts>>): unknown[] => [
  ...items.map((one) => `${one.verified.is === 'known' ? one.verified.value : one.verified.is} ${one.signer.is === 'known' ? one.signer.value : one.signer.is}`), incomplete === null ? 'all' : 'more',
];

test('signatures beside an image in a registry are facts', async () => {
  const simple = (pair: typeof ours, digest: string) => simpleSignature(pair.privateKey, simplePayload('r/x', digest));
  let images = 0;
  const fresh = async (): Promise<{ digest: ReturnType<typeof imageDigestOf>; facts: (keys: readonly SignerKey[]) => Promise<unknown[]> }> => {
    images += 1;
    const one = new LayoutWriter(join(place, `signed-${images}`));
    one.add({ layers: [[npm('minimist', `1.0.${images}`)]] });
    const digest = imageDigestOf(pushLayout(registry, one.directory, 'shop/signed', String(images)));
    const client_ = client();
    return { digest, facts: async (keys) => {
      const manifest = await client_.manifest('shop/signed', digest);
      assert.ok(manifest.state === 'known');
      return seen(await signatureFacts({ registry: client_, repository: 'shop/signed', manifests: [manifest.value], isCopy: false }, keys));
    } };
  };
  const unsigned = await fresh();
  assert.deepEqual([await unsigned.facts([]), await unsigned.facts([key])], [['all'], ['all']]);
  const signed = await fresh();
  pushSignatureTag(registry, 'shop/signed', signed.digest, [simple(theirs, signed.digest), simple(ours, signed.digest)]);
  assert.deepEqual([await signed.facts([key]), await signed.facts([another, key]), await signed.facts([another]), await signed.facts([])], [['true release.pub', 'all'], ['true release.pub', 'all'], ['false absent', 'all'], ['unknown unknown', 'all']]);
  const bundled = await fresh();
  pushBundle(registry, 'shop/signed', bundled.digest, envelopeBundle(ours.privateKey, bundled.digest));
  assert.deepEqual(await bundled.facts([key]), ['true release.pub', 'all']);
  registry.hook = (_, response, path) => path.includes('.sig') && sendError(response, 403, 'DENIED');
  assert.deepEqual([await unsigned.facts([key]), await bundled.facts([key])], [['more'], ['true release.pub', 'all']]);
});

test('signatures that were saved in a layout count; their absence there says nothing', async () => {
  const factsIn = async (directory: string, digest: string): Promise<unknown[]> => {
    const opened = openDirectory(directory);
    assert.ok(opened.ok);
    const copy = await layoutAsRegistry(opened.layout);
    const manifest = await copy.manifest('', digest);
    assert.ok(manifest.state === 'known', JSON.stringify(manifest));
    const found = seen(await signatureFacts({ registry: copy, repository: '', manifests: [manifest.value], isCopy: true }, [key]));
    opened.layout.close();
    return found;
  };
  for (const [name, annotations, isSigned] of [
    ['none', null, false],
    ['tag', (digest: string) => ({ 'org.opencontainers.image.ref.name': `${digest.replace(':', '-')}.sig` }), true],
    ['saved', () => ({ kind: 'dev.cosignproject.cosign/sigs' }), true],
  ] as const) {
    const layout = new LayoutWriter(join(place, `layout-${name}`));
    const digest = layout.add({ layers: [[npm('minimist', '2.0.0')]] });
    const [entry] = (JSON.parse(readFileSync(join(layout.directory, 'index.json'), 'utf8')) as { manifests: object[] }).manifests;
    if (annotations !== null) {
      const { payload, annotations: signature } = simpleSignature(ours.privateKey, simplePayload('r/x', digest));
      const blob = { ...layout.blob('application/vnd.dev.cosign.simplesigning.v1+json', Buffer.from(payload)), annotations: signature };
      const config = layout.json('application/vnd.oci.image.config.v1+json', { architecture: '', os: '', rootfs: { type: 'layers', diff_ids: [] } });
      const manifest = layout.json('application/vnd.oci.image.manifest.v1+json', { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [blob] });
      layout.finish([entry!, { ...manifest, annotations: annotations(digest) }]);
    }
    assert.deepEqual(await factsIn(layout.directory, digest), isSigned ? ['true release.pub', 'all'] : ['more'], name);
  }
});
