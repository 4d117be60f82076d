import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, test } from 'node:test';
import * as fc from 'fast-check';
import { type ArchiveBounds, defaultArchiveBounds, readFolder, readZip } from './archive.ts';
import { type ZipEntry, zipOf } from './testing/zip.ts';

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

function directory(): string {
  const path = mkdtempSync(`${tmpdir()}/vedette-archive-`);
  made.push(path);
  return path;
}

interface Read {
  readonly texts: string[];
  readonly refusals: string[];
  readonly problem: string | null;
}

async function read(bytes: Uint8Array, bounds: Partial<ArchiveBounds> = {}, signal?: AbortSignal): Promise<Read> {
  const path = `${directory()}/all.zip`;
  writeFileSync(path, bytes);
  const texts: string[] = [];
  const refusals: string[] = [];
  const problem = await readZip(path, { ...defaultArchiveBounds, ...bounds }, { record: (text) => texts.push(text), refused: (reason) => refusals.push(reason), signal });
  return { texts, refusals, problem };
}

function entries(count: number): ZipEntry[] {
  return Array.from({ length: count }, (_, at) => ({ name: `${at}.json`, content: `{"at":${at}}` }));
}

test('all entries, in their order, whatever their size', async () => {
  const many = entries(300).map((entry, at) => (at % 50 === 0 ? { ...entry, content: String(at).repeat(200_000) } : entry));
  const result = await read(zipOf(many));
  assert.deepEqual(result, { texts: many.map((entry) => entry.content), refusals: [], problem: null });
});

test('only .json files are records', async () => {
  const result = await read(zipOf([{ name: 'README.md', content: 'x' }, { name: 'a/', content: '' }, { name: 'a/b.json', content: '{}' }, { name: 'empty.json', content: '' }]));
  assert.deepEqual(result, { texts: ['{}', ''], refusals: [], problem: null });
});

test('hostile and broken archives', async () => {
  const good = zipOf(entries(3));
  const bomb = { name: 'bomb.json', content: Buffer.alloc(8 * 2 ** 20) };
  const cases: [string, Uint8Array, Partial<ArchiveBounds>, Partial<Read>][] = [
    ['empty file', new Uint8Array(0), {}, { texts: [], problem: 'the archive cannot be opened: ' }],
    ['no archive', Buffer.from('<html>not found</html>'.repeat(50)), {}, { problem: 'the archive cannot be opened: ' }],
    ['broken off', good.subarray(0, good.length - 30), {}, { problem: 'the archive cannot be opened: ' }],
    ['too large', good, { archiveBytesMax: 100 }, { texts: [], problem: 'the archive has 3' }],
    ['too many', good, { entriesMax: 2 }, { texts: [], problem: 'the archive has 3 entries, more than 2' }],
    ['too large an entry', zipOf([{ name: 'a.json', content: 'x'.repeat(101) }, ...entries(1)]), { entryBytesMax: 100 }, { texts: ['{"at":0}'], refusals: ['an entry has more than 100 bytes'], problem: null }],
    ['a bomb', zipOf([bomb, ...entries(1)]), {}, { texts: ['{"at":0}'], refusals: ['an entry grows more than 200 times'], problem: null }],
    ['many together', zipOf(entries(20)), { totalBytesMax: 100 }, { problem: 'the archive unpacks to more than 100 bytes' }],
    ['one entry many times', zipOf([{ name: '0.json', content: 'x'.repeat(90) }, { name: '1.json', content: 'x'.repeat(90), sameBytesAs: 0 }]), { totalBytesMax: 100 }, { problem: 'the archive unpacks to more than 100 bytes' }],
    ['longer than it says', zipOf([{ name: 'a.json', content: 'x'.repeat(5000), declared: { uncompressedBytes: 10 } }]), {}, { texts: [], problem: 'the archive is damaged: ' }],
    ['shorter than it says', zipOf([{ name: 'a.json', content: 'x', declared: { uncompressedBytes: 10 } }]), {}, { texts: [], problem: 'the archive is damaged: ' }],
    ['wrong checksum', zipOf([{ name: 'a.json', content: '{}', declared: { crc: 1 } }]), {}, { texts: [], problem: 'the archive is damaged: the checksum of an entry does not fit' }],
    ['encrypted', zipOf([{ name: 'a.json', content: '{}', declared: { flags: 0x801 } }]), {}, { refusals: ['an entry is encrypted'], problem: null }],
    ['unknown packing', zipOf([{ name: 'a.json', content: '{}', declared: { method: 99 } }]), {}, { refusals: ['an entry is packed in a way that is not known'], problem: null }],
    ['climbs out', zipOf([{ name: '../../a.json', content: '{}' }]), {}, { texts: [], problem: 'the archive is damaged: ' }],
  ];
  for (const [name, bytes, bounds, expected] of cases) {
    const result = await read(bytes, bounds);
    if (expected.texts !== undefined) assert.deepEqual(result.texts, expected.texts, name);
    if (expected.refusals !== undefined) assert.deepEqual(result.refusals, expected.refusals, name);
    if (expected.problem === null) assert.equal(result.problem, null, name);
    else if (expected.problem !== undefined) assert.ok(result.problem?.startsWith(expected.problem), `${name}: ${result.problem}`);
  }
});

test('any damage of an archive is noticed or harmless, and never thrown', async () => {
  const good = zipOf(entries(4));
  const texts = entries(4).map((entry) => entry.content);
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const bytes = Buffer.from(good);
      bytes[at]! ^= change;
      const result = await read(bytes);
      for (const text of result.texts) assert.ok(texts.includes(text as string));
    }),
    { numRuns: 300 },
  );
});

test('a folder of files is read like an archive', async () => {
  const path = directory();
  writeFileSync(`${path}/a.json`, '{"a":1}');
  writeFileSync(`${path}/large.json`, 'x'.repeat(1000));
  writeFileSync(`${path}/note.txt`, '');
  mkdirSync(`${path}/folder.json`);
  const texts: string[] = [];
  const refusals: string[] = [];
  const reader = { record: (text: string) => texts.push(text), refused: (reason: string) => refusals.push(reason) };
  assert.equal(await readFolder(path, { ...defaultArchiveBounds, entryBytesMax: 100 }, reader), null);
  assert.deepEqual(texts, ['{"a":1}']);
  assert.deepEqual(refusals.sort(), ['a file is not a regular one', 'an entry has more than 100 bytes']);
  assert.equal(await readFolder(path, { ...defaultArchiveBounds, entriesMax: 1 }, reader), 'the folder has more than 1 files');
});

test('a stopped sync stops reading', async () => {
  const result = await read(zipOf(entries(5)), {}, AbortSignal.abort());
  assert.deepEqual(result, { texts: [], refusals: [], problem: 'the sync was stopped' });
});
