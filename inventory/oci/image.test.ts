import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { hasFailed, type FileTree } from '../tree.ts';
import { isReadByScan, scan } from '../scan.ts';
import { isRootUser, passwdPath } from '../users.ts';
import { readOciImage, type OciImage, type OciOptions } from './image.ts';
import { openArchive, openDirectory, type OpenedLayout } from './layout.ts';
import { LayoutWriter, tarOf, withPax, type ImageWritten, type Written } from './testing/layout.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-oci-'));
after(() => rmSync(place, { recursive: true, force: true }));
let count = 0;
const fresh = (): LayoutWriter => new LayoutWriter(join(place, `layout-${(count += 1)}`));

const plain: OciOptions = { name: null, platform: { os: 'linux', architecture: 'amd64' }, platformAsked: false, wants: () => true, clock: () => 0 };

async function readFrom(opened: OpenedLayout, over: Partial<OciOptions> = {}): Promise<OciImage | string> {
  if (!opened.ok) return opened.reason;
  const read = await readOciImage(opened.layout, { ...plain, ...over });
  opened.layout.close();
  return read.ok ? read.value : read.reason;
}

async function read(image: ImageWritten | readonly ImageWritten[], over: Partial<OciOptions> = {}): Promise<OciImage | string> {
  const writer = fresh();
  writer.add(image);
  return await readFrom(openDirectory(writer.directory), over);
}

/** Every path with its content, link or kind. */
function everything(tree: FileTree, directory = '/'): Record<string, string> {
  const listing = tree.list(directory, 10_000);
  if (hasFailed(listing)) return {};
  return Object.assign({}, ...listing.entries.map(({ name, kind }) => {
    const path = directory === '/' ? `/${name}` : `${directory}/${name}`;
    if (kind === 'directory') return { [path]: 'directory', ...everything(tree, path) };
    const link = tree.readLink(path);
    const file = kind === 'file' ? tree.read(path, 1e9) : null;
    return { [path]: !hasFailed(link) ? `→ ${link.target}` : file === null ? kind : hasFailed(file) ? file.detail : Buffer.from(file.bytes).toString() };
  })) as Record<string, string>;
}

async function root(layers: readonly (readonly Written[])[], over: Partial<OciOptions> = {}): Promise<Record<string, string> | string> {
  const image = await read({ layers }, over);
  return typeof image === 'string' ? image : everything(image.tree);
}

const a = { path: 'a', content: '1' };
const merges: readonly (readonly [what: string, layers: readonly (readonly Written[])[], root: Record<string, string>])[] = [
  ['a later layer wins', [[a], [{ path: 'a', content: '2' }]], { '/a': '2' }],
  ['a whiteout hides', [[a, { path: 'b', content: '2' }], [{ path: '.wh.a' }]], { '/b': '2' }],
  ['a whiteout hides a directory', [[{ path: 'd/a', content: '1' }], [{ path: '.wh.d' }]], {}],
  ['a whiteout hides nothing of its own layer', [[a], [{ path: 'a', content: '2' }, { path: '.wh.a' }]], { '/a': '2' }],
  ['in any order', [[a], [{ path: '.wh.a' }, { path: 'a', content: '2' }]], { '/a': '2' }],
  ['a hidden directory keeps what its own layer brings', [[{ path: 'd/a', content: '1' }], [{ path: 'd/b', content: '2' }, { path: '.wh.d' }]], { '/d': 'directory', '/d/b': '2' }],
  ['an opaque directory hides all below', [[{ path: 'd/a', content: '1' }, { path: 'd/e/f', content: '1' }], [{ path: 'd/b', content: '2' }, { path: 'd/.wh..wh..opq' }]], { '/d': 'directory', '/d/b': '2' }],
  ['a whiteout of nothing', [[a], [{ path: 'x/.wh.y' }, { path: '.wh.z' }]], { '/a': '1' }],
  ['notes of aufs are no files', [[a, { path: '.wh..wh.plnk', content: 'x' }]], { '/a': '1' }],
  ['a file in the place of a directory', [[{ path: 'd/a', content: '1' }], [{ path: 'd', content: '2' }]], { '/d': '2' }],
  ['a directory in the place of a file', [[{ path: 'd', content: '1' }], [{ path: 'd/', type: '5' }, { path: 'd/a', content: '2' }]], { '/d': 'directory', '/d/a': '2' }],
  ['a directory again keeps what is in it', [[{ path: 'd/a', content: '1' }], [{ path: 'd/', type: '5' }]], { '/d': 'directory', '/d/a': '1' }],
  ['a parent that is a link', [[{ path: 'usr/lib/', type: '5' }, { path: 'lib', target: 'usr/lib' }], [{ path: 'lib/x', content: '2' }]], { '/lib': '→ usr/lib', '/usr': 'directory', '/usr/lib': 'directory', '/usr/lib/x': '2' }],
  ['a parent that leads above the root stays inside', [[{ path: 'out', target: '../../..' }], [{ path: 'out/x', content: '2' }]], { '/out': '→ ../../..', '/x': '2' }],
  ['a whiteout through a link', [[{ path: 'usr/x', content: '1' }, { path: 'l', target: '/usr' }], [{ path: 'l/.wh.x' }]], { '/l': '→ /usr', '/usr': 'directory' }],
  ['a hard link shares content', [[a, { path: 'b', type: '1', target: 'a' }]], { '/a': '1', '/b': '1' }],
  ['a hard link to a lower layer', [[a], [{ path: 'b', type: '1', target: './a' }, { path: '.wh.a' }]], { '/b': '1' }],
  ['names from pax', [withPax({ path: 'x/é' }, { path: 'y', content: '1' })], { '/x': 'directory', '/x/é': '1' }],
  ['a leading slash and dots', [[{ path: '/a', content: '1' }, { path: './b/../c', content: '2' }]], { '/a': '1', '/c': '2' }],
  ['devices are something else', [[{ path: 'dev/sda', type: '4' }, { path: 'pipe', type: '6' }]], { '/dev': 'directory', '/dev/sda': 'other', '/pipe': 'other' }],
  ['the root itself', [[{ path: './', type: '5' }, a]], { '/a': '1' }],
];

test('layers become one root', async () => {
  for (const [what, layers, expected] of merges) assert.deepEqual(await root(layers), expected, what);
});

const nested = Array.from({ length: 45 }, (_, at) => ({ path: `l${at}`, target: `l${at + 1}` }));
const refusals: readonly (readonly [what: string, layers: readonly (readonly Written[])[], reason: RegExp, over?: Partial<OciOptions>])[] = [
  ['a path that leaves the root', [[{ path: '../x', content: '1' }]], /"..\/x" leads out of the root/],
  ['also later in the path', [[{ path: 'a/../../x', content: '1' }]], /leads out of the root/],
  ['a hard link that leaves', [[{ path: 'b', type: '1', target: '../etc/shadow' }]], /hard link leads out of the root/],
  ['a hard link to nothing', [[{ path: 'b', type: '1', target: 'a' }]], /hard link leads to nothing: "a"/],
  ['a hard link to a directory', [[{ path: 'd/', type: '5' }, { path: 'b', type: '1', target: 'd' }]], /hard link leads to a directory/],
  ['below a file', [[a, { path: 'a/b', content: '1' }]], /"a\/b" lies below what is no directory/],
  ['a file as the root', [[{ path: '.', content: '1' }]], /takes the place of the root/],
  ['links in a circle', [[{ path: 'x', target: 'y' }, { path: 'y', target: 'x' }, { path: 'x/z', content: '1' }]], /more than 40 symbolic links/],
  ['too many links', [[...nested, { path: 'l0/z', content: '1' }]], /more than 40 symbolic links/],
  ['too many files', [[a, { path: 'b' }, { path: 'c' }]], /more than 2 files/, { bounds: { nodesMax: 2 } }],
  ['parents count too', [[{ path: 'a/b/c/d' }]], /more than 3 files/, { bounds: { nodesMax: 3 } }],
  ['too long names', [[{ path: 'a'.repeat(90) }, { path: 'b'.repeat(90) }]], /names of its files have more than 100 characters/, { bounds: { nameCharactersMax: 100 } }],
  ['a path too long', [withPax({ path: 'a/'.repeat(3000) }, { path: 'x' })], /is not a path/],
  ['too deep', [[...withPax({ path: `${'a/'.repeat(1500)}f` }, { path: 'x', content: '1' })]], /deeper than 1024/],
  ['a bomb', [[{ path: 'zeros', content: new Uint8Array(3_000_000) }]], /unpacks to more than 1000000 bytes/, { bounds: { unpackedBytesMax: 1_000_000 } }],
  ['a clock that runs out', [[a]], /takes longer than 5 ms/, { bounds: { budgetMs: 5 }, clock: ticking() }],
  ['broken tar', [[{ path: 'a', breakChecksum: true }]], /checksum is wrong/],
];

function ticking(): () => number {
  let now = 0;
  return () => (now += 10);
}

test('what a runtime would not unpack, or what never ends, is refused', async () => {
  for (const [what, layers, reason, over] of refusals) assert.match(String(await root(layers, over)), reason, what);
});

test('content is kept only where it will be read, also under another name', async () => {
  const layers = [[{ path: 'store/ab12', content: '{"name":"x"}' }, { path: 'big', content: 'y'.repeat(100) }, { path: 'm/node_modules/x/package.json', type: '1', target: 'store/ab12' }, { path: 'l/node_modules/y/package.json', target: '/big' }]];
  const image = await read({ layers }, { wants: isReadByScan });
  assert.ok(typeof image === 'object');
  const found = everything(image.tree);
  assert.deepEqual([found['/m/node_modules/x/package.json'], found['/store/ab12'], found['/big']], ['{"name":"x"}', '{"name":"x"}', 'y'.repeat(100)]);
  const unkept = await read({ layers: [[a]] }, { wants: () => false });
  assert.ok(typeof unkept === 'object');
  assert.deepEqual(everything(unkept.tree), { '/a': 'its content was not kept' });
  const tooMuch = await read({ layers: [[a, { path: 'b', content: '22' }]] }, { bounds: { keptBytesMax: 2 } });
  assert.ok(typeof tooMuch === 'object');
  assert.deepEqual([everything(tooMuch.tree), tooMuch.problems.length], [{ '/a': '1', '/b': 'its content was not kept' }, 1]);
});

test('every compression that layers have, from a directory and from an archive of it', async () => {
  for (const compression of ['gzip', 'zstd', 'none'] as const) {
    const writer = fresh();
    writer.add({ layers: [[a], [{ path: 'b', content: '2' }]], compression, tag: '1.0', config: { User: '1000', Labels: { tier: 'web' } } });
    const archive = join(place, `${compression}.tar`);
    const files = (readdirSync(writer.directory, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    writeFileSync(archive, tarOf(files.map((one) => ({ path: `./${join(one.parentPath, one.name).slice(writer.directory.length + 1)}`, content: readFileSync(join(one.parentPath, one.name)) }))));
    const directory = await readFrom(openDirectory(writer.directory), { name: '1.0' });
    const archived = await readFrom(openArchive(archive), { name: '1.0' });
    assert.ok(typeof directory === 'object' && typeof archived === 'object', `${String(directory)} ${String(archived)}`);
    assert.deepEqual(everything(directory.tree), { '/a': '1', '/b': '2' });
    assert.deepEqual(everything(archived.tree), everything(directory.tree));
    assert.deepEqual([archived.digest, archived.names, archived.config.config?.User, archived.layers.length, archived.indexDigest], [directory.digest, ['1.0'], '1000', 2, null]);
    writeFileSync(`${archive}.gz`, gzipSync(readFileSync(archive)));
    assert.match(String(await readFrom(openArchive(`${archive}.gz`))), /it is compressed: decompress it first/);
    truncateSync(archive, 3000);
    assert.match(String(await readFrom(openArchive(archive))), /it is cut off|is not there|no index.json/);
  }
});

test('which image is meant', async () => {
  const one = (content: string, tag?: string): ImageWritten => ({ layers: [[{ path: 'a', content }]], ...(tag === undefined ? {} : { tag }) });
  const writer = fresh();
  writer.add(one('1', '1.0'));
  const digest = writer.add({ ...one('2'), annotations: { 'io.containerd.image.name': 'registry.test/shop/cart:2.0' } });
  const content = async (name: string | null) => {
    const image = await readFrom(openDirectory(writer.directory), { name });
    return typeof image === 'string' ? image : everything(image.tree)['/a'];
  };
  assert.equal(await content('1.0'), '1');
  assert.equal(await content('2.0'), '2');
  assert.equal(await content('registry.test/shop/cart:2.0'), '2');
  assert.equal(await content(digest), '2');
  assert.equal(await content(null), 'it holds 2 images, name one: 1.0, registry.test/shop/cart:2.0');
  assert.equal(await content('3.0'), 'it holds no 3.0; it holds 1.0, registry.test/shop/cart:2.0');
});

test('which platform is meant', async () => {
  const forPlatform = (architecture: string, variant?: string): ImageWritten => ({ layers: [[{ path: 'a', content: `${architecture}${variant ?? ''}` }]], platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) } });
  const several = [forPlatform('amd64'), forPlatform('arm64', 'v8'), forPlatform('arm', 'v6')];
  const content = async (images: readonly ImageWritten[] | ImageWritten, over: Partial<OciOptions>) => {
    const image = await read(images, over);
    return typeof image === 'string' ? image : everything(image.tree)['/a'];
  };
  assert.equal(await content(several, {}), 'amd64');
  assert.equal(await content(several, { platform: { os: 'linux', architecture: 'arm64' } }), 'arm64v8');
  assert.equal(await content(several, { platform: { os: 'linux', architecture: 'arm', variant: 'v6' } }), 'armv6');
  assert.equal(await content(several, { platform: { os: 'linux', architecture: 's390x' } }), 'it holds no image for linux/s390x; it holds linux/amd64, linux/arm64/v8, linux/arm/v6');
  assert.equal(await content(forPlatform('arm64'), {}), 'arm64', 'the only image there is, when nothing else was asked for');
  assert.equal(await content(forPlatform('arm64'), { platformAsked: true }), 'its image is for linux/arm64, not for linux/amd64');
});

test('what is not what it says is refused', async () => {
  const written = (change: (writer: LayoutWriter) => void) => {
    const writer = fresh();
    writer.add({ layers: [[{ path: 'a', content: Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251)) }]] });
    change(writer);
    return openDirectory(writer.directory);
  };
  const blobsOf = (writer: LayoutWriter) => readdirSync(join(writer.directory, 'blobs', 'sha256')).map((one) => join(writer.directory, 'blobs', 'sha256', one));
  for (const at of [0, 1, 2]) {
    const flipped = written((writer) => {
      const path = blobsOf(writer)[at]!;
      const bytes = readFileSync(path);
      bytes[bytes.length - 9]! ^= 1;
      writeFileSync(path, bytes);
    });
    assert.match(String(await readFrom(flipped)), /damaged|cannot be decompressed|cannot be used/);
    assert.match(String(await readFrom(written((writer) => rmSync(blobsOf(writer)[at]!)))), /is not there/);
    assert.match(String(await readFrom(written((writer) => truncateSync(blobsOf(writer)[at]!, 10)))), /has 10 bytes, and \d+ are promised/);
  }
  assert.match(String(await read({ layers: [[a]], diffIds: [`sha256:${'0'.repeat(64)}`] })), /does not unpack to what the configuration says/);
  assert.match(String(await read({ layers: [[a]], diffIds: [] })), /1 layers and its configuration 0/);
  assert.match(String(await read({ layers: [Buffer.from('no archive at all'.repeat(100))] })), /checksum is wrong/);
  const bare = (manifests: readonly object[]) => {
    const writer = fresh();
    writer.finish(manifests);
    return openDirectory(writer.directory);
  };
  assert.match(String(await readFrom(bare([]))), /it holds no image/);
  assert.match(String(await readFrom(bare([{ mediaType: 'x', digest: 'sha256:../../etc/passwd', size: 1 }]))), /index.json cannot be used: manifests.0.digest/);
  assert.match(String(await readFrom(openDirectory(join(place, 'nowhere')))), /no index.json/);
  assert.match(String(await readFrom(openArchive(join(place, 'nowhere.tar')))), /there is no file/);
  const linked = join(place, 'linked');
  symlinkSync('/dev/zero', linked);
  assert.match(String(await readFrom(openArchive(linked))), /there is no file/);
});

test('the scan reads an image like any other root', async () => {
  const image = await read({
    layers: [
      [
        { path: 'usr/lib/os-release', content: 'ID=debian\nVERSION_ID=12\n' },
        { path: 'etc/os-release', target: '../usr/lib/os-release' },
        { path: 'var/lib/dpkg/status', content: 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n' },
        { path: 'var/lib/dpkg/info/bash.list', content: '/bin/bash\n' },
        { path: 'srv/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.15"}' },
        { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\nweb:x:33:33::/:\n' },
      ],
      [{ path: 'srv/node_modules/lodash/package.json', content: '{"name":"lodash","version":"4.17.21"}' }],
    ],
  }, { wants: (path) => isReadByScan(path) || path === passwdPath });
  assert.ok(typeof image === 'object', String(image));
  const { packages, distribution, problems } = scan(image.tree, { clock: () => 0, budgetMs: 1000 });
  assert.deepEqual([packages.map((one) => `${one.name} ${one.version}`), distribution?.ecosystem, problems], [['bash 5.2', 'lodash 4.17.21'], 'Debian:12', []]);
  const users: readonly (readonly [user: string, isRoot: boolean | null])[] = [['', true], ['0', true], ['0:0', true], ['root', true], ['toor', true], ['web', false], ['web:root', false], ['1000', false], ['nobody', null]];
  for (const [user, isRoot] of users) {
    const answer = isRootUser(image.tree, user);
    assert.equal('isRoot' in answer ? answer.isRoot : null, isRoot, user);
  }
});
