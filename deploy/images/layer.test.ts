import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { beginLayout, blobsOf, endLayout } from './layout.ts';
import { layerOf } from './layer.ts';

function tree(place: string, name: string, order: readonly string[], at: Date): string {
  const root = path.join(place, name);
  mkdirSync(path.join(root, 'opt'), { recursive: true });
  chmodSync(root, 0o755);
  for (const file of order) {
    writeFileSync(path.join(root, 'opt', file), `content of ${file}`);
    utimesSync(path.join(root, 'opt', file), at, at);
  }
  symlinkSync('opt/a', path.join(root, 'link'));
  return root;
}

test('the same files give the same layer, whenever and in whatever order they were written', async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'vedette-layer-test-'));
  t.after(() => rmSync(place, { recursive: true }));
  const layout = path.join(place, 'layout');
  await beginLayout(layout);
  const one = await layerOf(tree(place, 'one', ['a', 'b'], new Date(0)), blobsOf(layout), 'x');
  const two = await layerOf(tree(place, 'two', ['b', 'a'], new Date('2026-01-01')), blobsOf(layout), 'x');
  assert.deepEqual(two, one);
  const bytes = readFileSync(path.join(blobsOf(layout), one.digest.slice(7)));
  assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, one.digest);
  assert.equal(bytes.length, one.sizeBytes);
  assert.equal(`sha256:${createHash('sha256').update(gunzipSync(bytes)).digest('hex')}`, one.diffId);

  const digest = await endLayout(layout, '1.2.3', [one], { entrypoint: ['/a'], user: '1:1', environment: { PATH: '/bin' }, labels: { l: 'v' }, ports: [80] });
  const read = (name: string) => JSON.parse(readFileSync(path.join(blobsOf(layout), name.slice(7)), 'utf8')) as Record<string, never>;
  const manifest = read(digest) as unknown as { config: { digest: string }; layers: { digest: string; size: number }[] };
  assert.deepEqual(manifest.layers.map(({ digest, size }) => ({ digest, size })), [{ digest: one.digest, size: one.sizeBytes }]);
  const config = read(manifest.config.digest) as unknown as { rootfs: { diff_ids: string[] }; config: { User: string } };
  assert.deepEqual([config.rootfs.diff_ids, config.config.User], [[one.diffId], '1:1']);
});

test('a directory that is not there is an error, not an empty layer', async (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'vedette-layer-test-'));
  t.after(() => rmSync(place, { recursive: true }));
  await assert.rejects(layerOf(path.join(place, 'nothing'), place, 'x'), /tar failed/);
});
