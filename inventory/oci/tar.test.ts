import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { TarReader, type TarEntry } from './tar.ts';
import { tarOf, withPax, type Written } from './testing/layout.ts';

interface Read {
  readonly entries: string[];
  readonly problem: string | null;
}

/** Entries as `kind path → target = content`. */
function read(bytes: Uint8Array, pieces: readonly number[] = []): Read {
  const entries: string[] = [];
  const reader = new TarReader((entry: TarEntry) => {
    let text = '';
    const at = entries.push(`${entry.kind} ${entry.path}${entry.target === '' ? '' : ` → ${entry.target}`}${entry.isSparse ? ' sparse' : ''}`) - 1;
    return {
      write: (piece) => {
        text += Buffer.from(piece).toString('latin1');
      },
      end: () => {
        if (text !== '') entries[at] += ` = ${text}`;
      },
    };
  });
  let at = 0;
  let problem: string | null = null;
  for (const count of [...pieces, bytes.length]) {
    problem = reader.push(bytes.subarray(at, at + count));
    if (problem !== null) return { entries, problem };
    at += count;
  }
  return { entries, problem: reader.finish() };
}

const long = `${'deep/'.repeat(40)}file`;
const sample: Written[] = [
  { path: './etc/', type: '5' },
  { path: 'etc/name', content: 'one' },
  { path: 'etc/empty' },
  { path: 'etc/link', target: 'name' },
  { path: 'etc/hard', type: '1', target: 'etc/name', size: 3 },
  { path: 'dev/null', type: '3' },
  ...withPax({ path: long, mtime: '1.5' }, { path: 'short', content: 'x'.repeat(1000) }),
  { path: '././@LongLink', type: 'L', content: `${long}2\0` },
  { path: 'cut', content: 'two' },
  { path: 'global', type: 'g', content: '18 path=elsewhere\n' },
  { path: 'last', content: 'end' },
  { path: 'sparse', type: 'S', content: 'data' },
];
const expected = [
  'directory ./etc/', 'file etc/name = one', 'file etc/empty', 'symlink etc/link → name', 'hardlink etc/hard → etc/name', 'other dev/null',
  `file ${long} = ${'x'.repeat(1000)}`, `file ${long}2 = two`, 'file last = end', 'file sparse sparse = data',
];

/** The content of a hard link is not written by anybody, whatever size its header gives. */
const bytes = tarOf(sample);

test('entries of every kind, in pieces of any size', () => {
  assert.deepEqual(read(bytes), { entries: expected, problem: null });
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 40 }), (pieces) => assert.deepEqual(read(bytes, pieces), { entries: expected, problem: null })));
});

test('where an archive may end', () => {
  const open = tarOf([{ path: 'a', content: 'one' }], false);
  assert.equal(read(open).problem, null, 'without its two blocks of zeros');
  assert.equal(read(open.subarray(0, 515)).problem, null, 'without the filling after the last content, as umoci leaves it');
  assert.equal(read(Buffer.concat([tarOf([]), Buffer.from('what follows is ignored')])).problem, null);
  assert.equal(read(new Uint8Array()).problem, null);
  for (const at of [100, 514]) assert.equal(read(open.subarray(0, at)).problem, 'the archive is cut off');
  assert.equal(read(tarOf(withPax({ path: 'a' }, { path: 'b' }).slice(0, 1), false)).problem, 'the archive is cut off');
});

const broken: readonly (readonly [what: string, bytes: Uint8Array, problem: RegExp])[] = [
  ['checksum', tarOf([{ path: 'a', breakChecksum: true }]), /checksum is wrong/],
  ['no archive', Buffer.from('hello '.repeat(200)), /checksum is wrong/],
  ['pax too large', tarOf([{ path: 'pax', type: 'x', size: 2 ** 21 }]), /extended header has 2097152 bytes/],
  ['pax length', tarOf([{ path: 'pax', type: 'x', content: '99 path=a\n' }]), /extended header is broken/],
  ['pax length 0', tarOf([{ path: 'pax', type: 'x', content: '0 path=a\n' }]), /extended header is broken/],
  ['pax without =', tarOf([{ path: 'pax', type: 'x', content: '7 path\n' }]), /extended header is broken/],
  ['pax with a zero byte', tarOf([{ path: 'pax', type: 'x', content: '11 path=\0a\n' }]), /zero byte/],
  ['pax size', tarOf(withPax({ size: '-1' }, { path: 'a' })), /no usable size/],
  ['pax size beyond numbers', tarOf(withPax({ size: '99999999999999999999' }, { path: 'a' })), /no usable size/],
];

test('what is broken ends the reading with a sentence', () => {
  for (const [what, archive, problem] of broken) assert.match(read(archive).problem ?? '', problem, what);
});

test('the size of a pax header counts, and so does base 256', () => {
  const large = tarOf(withPax({ size: '5' }, { path: 'a', content: 'right', size: 0 }));
  assert.deepEqual(read(large), { entries: ['file a = right'], problem: null });
  const based = tarOf([{ path: 'a', content: 'right' }]);
  based.fill(0, 124, 136);
  based[124] = 0x80;
  based[135] = 5;
  based.fill(' ', 148, 156);
  based.write(`${based.subarray(0, 512).reduce((total, byte) => total + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  assert.deepEqual(read(based), { entries: ['file a = right'], problem: null });
});

test('no bytes make it throw', () => {
  const edit = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      const changed = Buffer.from(bytes);
      for (const { at, byte } of edits) changed[at] = byte;
      read(changed);
    }),
    { numRuns: 500 },
  );
});
