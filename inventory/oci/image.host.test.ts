/** A real image, by umoci: read from its layers it has the packages that the unpacked root has, from the directory and from the archive. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { test } from 'node:test';
import { unpackedShop } from '@vedette/lab/containers/bare-runc';
import { shopImage } from '@vedette/lab/containers/image';
import { openRootTree } from '../root-tree.ts';
import { isReadByScan, scan, type ScanOptions } from '../scan.ts';
import { hasFailed } from '../tree.ts';
import { readOciImage } from './image.ts';
import { openArchive, openDirectory } from './layout.ts';

const options: ScanOptions = { clock: () => 0, budgetMs: 1 };

test('one image, read from its layers and unpacked, has the same packages and file index', async () => {
  const image = await shopImage();
  const root = openRootTree(join(await unpackedShop(image), 'rootfs'));
  assert.ok(!hasFailed(root));
  const expected = scan(root, options);
  root.close();
  assert.ok(expected.packages.length > 80 && expected.filesIndexed > 2000);
  for (const opened of [openDirectory(image.layout), openArchive(image.archive)]) {
    assert.ok(opened.ok);
    const read = await readOciImage(opened.layout, { name: '1.4', platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch }, platformAsked: true, wants: isReadByScan, clock: () => 0 });
    opened.layout.close();
    assert.ok(read.ok, read.ok ? '' : read.reason);
    assert.deepEqual([read.value.digest, read.value.indexDigest, read.value.names[0]], [image.platformDigest, image.indexDigest, image.name]);
    assert.deepEqual(scan(read.value.tree, options), expected);
  }
});
