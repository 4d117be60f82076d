import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readerOf } from '../testing/reader.ts';
import { componentsToPath } from './path.ts';

function pathOf(bytes: Uint8Array, at = 0): string {
  return componentsToPath(readerOf(bytes, at), at, bytes.length, bytes.every((byte) => byte < 0x80));
}

/** The same without any cleverness. */
function plainPath(bytes: Uint8Array): string {
  const texts = Buffer.from(bytes).toString('latin1').split('\0');
  if (texts.at(-1) === '') texts.pop();
  const path = texts.reverse().filter((one) => one !== '' && one !== '/').map((one) => `/${one}`).join('');
  return path === '' ? '/' : Buffer.from(path, 'latin1').toString('utf8');
}

test('components from the leaf to the root become a path', () => {
  const deep = Array.from({ length: 400 }, (_, i) => `directory-${i}`);
  const cases: [what: string, components: string, expected: string][] = [
    ['one', 'etc\0', '/etc'],
    ['leaf first', 'passwd\0etc\0', '/etc/passwd'],
    ['nothing at all', '', '/'],
    ['the root itself', '/\0', '/'],
    ["a file system's own root between", 'x\0/\0mnt\0', '/mnt/x'],
    ['an empty component', 'x\0\0mnt\0', '/mnt/x'],
    ['a last one that was cut', 'x\0di', '/di/x'],
    ['only a cut one', 'di', '/di'],
    ['a name of one character', 'a\0b\0', '/b/a'],
    ['not ASCII', 'straße\0café\0', '/café/straße'],
    ['four bytes a character', '🦊\0日本\0', '/日本/🦊'],
    ['blanks and line ends are names too', 'a b\0c\nd\0', '/c\nd/a b'],
    ['very long', `${deep.toReversed().join('\0')}\0`, `/${deep.join('/')}`],
    ['one very long name', `${'n'.repeat(4096)}\0tmp\0`, `/tmp/${'n'.repeat(4096)}`],
  ];
  for (const [what, components, expected] of cases) assert.equal(pathOf(Buffer.from(components)), expected, what);
});

test('a character that was cut in the middle is shown as one that could not be read', () => {
  assert.equal(pathOf(Buffer.from([...Buffer.from('leaf\0'), 0xe6, 0x97])), '/\uFFFD/leaf');
});

test('any bytes give what a plain decoder gives, wherever they lie', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: 40 }), (bytes, at) => {
      assert.equal(pathOf(bytes, at), plainPath(bytes));
    }),
  );
});

test('names as file systems have them give what a plain decoder gives', () => {
  const name = fc.oneof(fc.stringMatching(/^[a-z0-9._-]{1,30}$/), fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 30 }), fc.boolean(), (names, isCut) => {
      const bytes = Buffer.from(names.map((one) => `${one}\0`).join(''));
      const some = isCut ? bytes.subarray(0, -1) : bytes;
      assert.equal(pathOf(some), plainPath(some));
    }),
  );
});
