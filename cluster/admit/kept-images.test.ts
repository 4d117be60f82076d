import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeptImages, keptBounds, type KeptAnswer } from './kept-images.ts';

const place = (): string => mkdtempSync(join(tmpdir(), 'vedette-kept-'));
const answer = (reference: string, more: Partial<KeptAnswer> = {}): KeptAnswer => ({ reference, digest: 'sha256:a', factsJson: '{}', learnedAtMs: 1, askedAtMs: 2, ...more });

test('what was said last is there for the next process, and what was taken back is not', async () => {
  const directory = place();
  const kept = new KeptImages(directory, Date.now());
  for (const one of ['a/b:1', 'a/c:1', 'a/b:1']) kept.keep(answer(one, { digest: `sha256:${one}` }));
  kept.keep(answer('a/b:1', { digest: 'sha256:new' }));
  assert.equal(kept.read('a/b:1')?.digest, 'sha256:new', 'also before it is written');
  kept.forget('a/c:1');
  assert.equal(kept.read('a/c:1'), null);
  await kept.idle();
  const [file = ''] = readdirSync(join(directory, 'admission-images'));
  assert.equal(statSync(join(directory, 'admission-images', file)).mode & 0o777, 0o600);
  const next = new KeptImages(directory, Date.now());
  assert.deepEqual([next.size, next.read('a/b:1')?.digest, next.read('a/c:1'), next.read('a/d:1')], [1, 'sha256:new', null, null]);
});

test('bounded: files, their size, their age; what is not ours is taken away', async () => {
  const directory = place();
  const few = new KeptImages(directory, Date.now(), { ...keptBounds, filesMax: 2 });
  for (const one of ['a/b:1', 'a/b:2', 'a/b:3']) few.keep(answer(one));
  await few.idle();
  assert.deepEqual(['a/b:1', 'a/b:2', 'a/b:3'].map((one) => few.read(one) !== null), [false, true, true]);
  const images = join(directory, 'admission-images');
  const [old = ''] = readdirSync(images);
  utimesSync(join(images, old), 1, 1);
  writeFileSync(join(images, 'x.json.new'), 'half');
  mkdirSync(join(images, 'folder'));
  assert.equal(new KeptImages(directory, Date.now()).size, 1);
  assert.equal(readdirSync(images).length, 1);
  const small = new KeptImages(directory, Date.now(), { ...keptBounds, bytesMax: 10 });
  assert.equal(small.size, 0);
  small.keep(answer('a/b:4'));
  assert.equal(small.size, 1, 'the newest stays');
});

test('what cannot be read is none, and what cannot be written is counted', async () => {
  const directory = place();
  const kept = new KeptImages(directory, Date.now());
  kept.keep(answer('a/b:1'));
  await kept.idle();
  const images = join(directory, 'admission-images');
  for (const text of ['{', '{"version":2}', JSON.stringify({ version: 1, ...answer('another/name:1') })]) {
    writeFileSync(join(images, readdirSync(images)[0]!), text);
    assert.equal(new KeptImages(directory, Date.now()).read('a/b:1'), null, text);
  }
  writeFileSync(join(directory, 'file'), '');
  const nowhere = new KeptImages(join(directory, 'file'), Date.now());
  nowhere.keep(answer('a/b:1'));
  await nowhere.idle();
  assert.deepEqual([nowhere.unkept, nowhere.size, nowhere.read('a/b:1')], [1, 0, null]);
});
