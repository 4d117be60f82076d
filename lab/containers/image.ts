/**
 * An OCI image layout by umoci: a Debian root with an npm application that loads an old lodash at its start and carries an
 * old minimist that it never loads. Two layers and an index, as published images have.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached, debianRoot, npmApplication, type NpmApplication } from './debian-root.ts';
import { run } from './run.ts';

export interface ShopImage {
  /** Directory of the OCI layout. */
  readonly layout: string;
  readonly archive: string;
  readonly name: string;
  readonly indexDigest: string;
  readonly platformDigest: string;
}

const shopName = 'registry.test/shop/cart:1.4';

/** Stays up, uses lodash, never touches minimist, and says when it is ready. */
const shopMain = `
const _ = require('lodash');
const http = require('node:http');
const server = http.createServer((request, response) => response.end(_.camelCase('hello from the shop') + '\\n'));
server.listen(8080, () => console.log('ready'));
process.on('SIGTERM', () => process.exit(0));
`;

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export interface NodeImageWish {
  /** Names it in the cache. */
  readonly name: string;
  readonly reference: string;
  readonly tag: string;
  readonly suite?: string;
  readonly application: NpmApplication;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Debian with Node and an npm application in /srv/app, which is what it runs. */
export async function nodeImage(wish: NodeImageWish): Promise<ShopImage> {
  const { name, reference, tag, suite = 'bookworm', labels = {} } = wish;
  const root = await debianRoot(suite, ['nodejs', 'procps']);
  const application = await npmApplication(wish.application);
  const labelled = Object.entries({ 'org.opencontainers.image.title': wish.application.name, ...labels }).flatMap(([key, value]) => ['--config.label', `${key}=${value}`]);
  const place = await cached(`image-${name}`, [root, application, reference, 'v4', ...Object.entries(labels).flat()], async (path) => {
    const layout = join(path, 'layout');
    mkdirSync(path, { recursive: true });
    const bundle = join(path, 'bundle');
    await run('umoci', ['init', '--layout', layout]);
    await run('umoci', ['new', '--image', `${layout}:${tag}`]);
    await run('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle]);
    cpSync(root, join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true, filter: (from) => !statKind(from) });
    await run('umoci', ['repack', '--image', `${layout}:${tag}`, bundle], { timeoutMs: 300_000 });
    await run('umoci', ['insert', '--image', `${layout}:${tag}`, application, '/srv/app']);
    await run('umoci', ['config', '--image', `${layout}:${tag}`, '--config.cmd', '/usr/bin/node', '--config.cmd', '/srv/app/main.js', '--config.workingdir', '/srv/app', ...labelled]);
    rmSync(bundle, { recursive: true, force: true });
    wrapInIndex(layout, tag, reference);
    await run('tar', ['-C', layout, '-cf', join(path, 'shop.tar'), '.']);
  });
  const layout = join(place, 'layout');
  return { layout, archive: join(place, 'shop.tar'), name: reference, ...imageOf(layout) };
}

export async function shopImage(suite = 'bookworm'): Promise<ShopImage> {
  return await nodeImage({ name: 'shop', reference: shopName, tag: '1.4', suite, application: { name: 'cart', dependencies: { lodash: '4.17.15', minimist: '1.2.0' }, main: shopMain } });
}

/** The digests of the one image in a layout: of its index and of the manifest for the one platform. */
export function imageOf(layout: string): { readonly indexDigest: string; readonly platformDigest: string } {
  const top = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  const indexDigest = top.manifests[0]!.digest;
  const index = JSON.parse(readFileSync(join(layout, 'blobs', 'sha256', indexDigest.slice(7)), 'utf8')) as { manifests: { digest: string }[] };
  return { indexDigest, platformDigest: index.manifests[0]!.digest };
}

/** Device nodes of the root are the runtime's business. */
function statKind(path: string): boolean {
  if (!existsSync(path)) return false;
  const status = statSync(path);
  return status.isCharacterDevice() || status.isBlockDevice();
}

/** umoci writes the manifest straight into index.json; published images have an index with platforms between. */
export function wrapInIndex(layout: string, tag: string, name: string): void {
  const topPath = join(layout, 'index.json');
  const top = JSON.parse(readFileSync(topPath, 'utf8')) as { manifests: { mediaType: string; digest: string; size: number }[] };
  const { mediaType, digest, size } = top.manifests[0]!;
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType, digest, size, platform: { os: 'linux', architecture } }],
    }),
  );
  const indexDigest = sha256(index);
  writeFileSync(join(layout, 'blobs', 'sha256', indexDigest.slice(7)), index);
  writeFileSync(
    topPath,
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.index.v1+json',
          digest: indexDigest,
          size: index.length,
          annotations: { 'org.opencontainers.image.ref.name': tag, 'io.containerd.image.name': name },
        },
      ],
    }),
  );
}
