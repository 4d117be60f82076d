import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { argumentsLine, baseName, commandLine, cutMiddle, imageName, quoteArgument, shortDigest, splitTail, visible } from './cut.ts';

test('cutting keeps both ends', () => {
  assert.equal(cutMiddle('short', 10), 'short');
  assert.equal(cutMiddle('abcdefghijklmnop', 9), 'abcde…nop');
  assert.equal(cutMiddle('abc', 1), '…');
  assert.equal(cutMiddle('abc', 0), '');
});

test('a cut text is never longer than asked and begins as the whole did', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 2, max: 60 }), (text, max) => {
    const cut = Array.from(cutMiddle(text, max));
    assert.ok(cut.length <= max);
    const head = cut.slice(0, Math.max(1, Math.ceil((max - 1) * 0.6) - 1)).join('');
    assert.ok(text.startsWith(head) || text.length === 0);
  }));
});

test('head and tail are the text', () => {
  assert.deepEqual(splitTail('short', 4), ['short', '']);
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (text, tail) => {
    const parts = splitTail(text, tail);
    assert.equal(parts.join(''), text);
    assert.ok(Array.from(parts[1]).length <= tail);
  }));
});

test('commands are quoted as a shell needs them', () => {
  assert.equal(quoteArgument('a b'), "'a b'");
  assert.equal(quoteArgument("it's"), `"it's"`);
  assert.equal(quoteArgument("it's $HOME"), String.raw`'it'\''s $HOME'`);
  assert.equal(quoteArgument('--flag=/x'), '--flag=/x');
  assert.equal(quoteArgument(''), "''");
  assert.equal(commandLine('/bin/sh', ['sh', '-c', 'curl x | sh']), "/bin/sh -c 'curl x | sh'");
  assert.equal(commandLine('/bin/x', ['x', 'a'], true), '/bin/x a …');
  assert.equal(argumentsLine([]), '');
});

test('control and direction characters are shown, not obeyed', () => {
  assert.equal(visible('a\u001b[2Jb\u202e'), String.raw`a\x1b[2Jb\x202e`);
  assert.equal(commandLine('/tmp/a\nb', ['x', 'c\td']), String.raw`/tmp/a\x0ab 'c\x09d'`);
});

test('names', () => {
  assert.equal(baseName('/usr/bin/curl'), 'curl');
  assert.equal(baseName('/tmp/x (deleted)'), 'x');
  assert.equal(baseName('/'), '/');
  assert.equal(shortDigest(`sha256:${'9c1e4f'.repeat(10)}abcd`), '9c1e4f9c1e4f…');
});

test('image references', () => {
  assert.deepEqual(imageName('registry.example:5000/shop/cart:pr-318'), { registry: 'registry.example:5000', repository: 'shop/cart', tag: 'pr-318', digest: null });
  assert.deepEqual(imageName('nginx'), { registry: null, repository: 'nginx', tag: null, digest: null });
  assert.deepEqual(imageName('library/nginx@sha256:ab'), { registry: null, repository: 'library/nginx', tag: null, digest: 'sha256:ab' });
});
