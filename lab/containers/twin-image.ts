/**
 * The good twin of the shop's image: the same layers, and one more that takes lodash away. Another digest, the same programs;
 * whatever is done because of lodash must not touch it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './debian-root.ts';
import type { ShopImage } from './image.ts';
import { run } from './run.ts';

export interface TwinImage {
  readonly archive: string;
  readonly name: string;
  readonly platformDigest: string;
}

const twinName = 'registry.test/shop/twin:1.4';

interface Top {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

export async function twinImage(shop: ShopImage): Promise<TwinImage> {
  const place = await cached('image-twin', [shop.platformDigest, twinName, 'v1'], async (path) => {
    const layout = join(path, 'layout');
    mkdirSync(path, { recursive: true });
    await run('cp', ['-a', shop.layout, layout]);
    // umoci does not follow an index: the top names the manifest itself
    const index = JSON.parse(readFileSync(join(layout, 'blobs', 'sha256', shop.indexDigest.slice(7)), 'utf8')) as Top;
    const top = (manifest: Top['manifests'][number], annotations: Readonly<Record<string, string>>) =>
      writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
    top(index.manifests[0]!, { 'org.opencontainers.image.ref.name': '1.4' });
    await run('umoci', ['insert', '--image', `${layout}:1.4`, '--whiteout', '/srv/app/node_modules/lodash']);
    const made = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as Top;
    top(made.manifests[0]!, { 'org.opencontainers.image.ref.name': '1.4', 'io.containerd.image.name': twinName });
    await run('umoci', ['gc', '--layout', layout]);
    await run('tar', ['-C', layout, '-cf', join(path, 'twin.tar'), '.']);
  });
  const made = JSON.parse(readFileSync(join(place, 'layout', 'index.json'), 'utf8')) as Top;
  return { archive: join(place, 'twin.tar'), name: twinName, platformDigest: made.manifests[0]!.digest };
}
