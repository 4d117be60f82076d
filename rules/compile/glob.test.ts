import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { asciiLower, globPredicate } from './glob.ts';
import { pathPrefixPredicate } from './path-prefix.ts';

const rows: readonly (readonly [pattern: string, text: string, matches: boolean])[] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', '/etc/.hidden', true],
  ['a*', 'abc', true],
  ['*c', 'abc', true],
  ['*b*', 'abc', true],
  ['a*c', 'a/b/c', true],
  ['a*c', 'a/b/cd', false],
  ['a?c', 'a/c', true],
  ['a?c', 'ac', false],
  ['[abc]', 'b', true],
  ['[!abc]', 'b', false],
  ['[^abc]', 'd', true],
  ['[a-c]x', 'bx', true],
  ['[]a]', ']', true],
  ['[a-]', '-', true],
  ['[[:digit:]]*', '7seven', true],
  ['[[:alpha:][:digit:]_]', '_', true],
  ['[abc', '[abc', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['a[*]b', 'a*b', true],
  ['[\\]]', ']', true],
  ['*/.ssh/*', '/home/me/.ssh/id', true],
  ['**a**', 'xay', true],
  ['*a*b*c*', '1a2b3c4', true],
  ['*a*b*c*', '1a2c3b4', false],
  ['\\', '\\', true],
];

test('glob patterns match as fnmatch without flags does', () => {
  for (const [pattern, text, matches] of rows) equal(globPredicate(pattern, false)(text), matches, `${pattern} on ${text}`);
  equal(globPredicate('/ETC/[A-C]*', true)('/etc/Bin'), true);
});

test('a text matches itself as a pattern, when its special characters are escaped', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => globPredicate(text.replace(/[*?[\\]/g, '\\$&'), false)(text)));
});

test('many stars take polynomial time', () => {
  equal(globPredicate(`${'*a'.repeat(200)}b`, false)('a'.repeat(4096)), false);
});

const prefixes: readonly (readonly [listed: readonly string[], path: string, holds: boolean])[] = [
  [['/var/run'], '/var/run/x', true],
  [['/var/run'], '/var/run', true],
  [['/var/run'], '/var', false],
  [['/var/run'], '/var/runner', false],
  [['/var//run/'], '//var/run/x', true],
  [['/home/*/.ssh'], '/home/me/.ssh/id', true],
  [['/home/*/.ssh'], '/home/.ssh/id', false],
  [['/home/[ab]?/x'], '/home/a1/x/y', true],
  [['/a', '/b/c'], '/b/c/d', true],
  [['/a/b', '/a'], '/a/x', true],
  [['/a/*/d', '/a/b/c'], '/a/b/d', true],
  [['/'], '/anything', true],
  [[], '/a', false],
  [['/a'], '', false],
];

test('pmatch compares components', () => {
  for (const [listed, path, holds] of prefixes) equal(pathPrefixPredicate(listed)(path), holds, `${listed.join()} on ${path}`);
});

test('only A to Z are lowered, whatever else the text holds', () => {
  const one = (text: string) => Array.from({ length: text.length }, (_, at) => (text[at]! >= 'A' && text[at]! <= 'Z' ? text[at]!.toLowerCase() : text[at]!)).join('');
  const pieces = fc.constantFrom('A', 'Z', 'a', 'z', '@', '[', ' ', '\0', '\u00a0', 'Ä', 'ß', 'İ', 'Σ', '\u212a', 'Я', '\u{10400}', '\ud801', '/Usr/bin');
  fc.assert(fc.property(fc.array(pieces).map((all) => all.join('')), (text) => {
    equal(asciiLower(text), one(text));
    equal(asciiLower(text), one(text), 'asked again');
  }));
});
