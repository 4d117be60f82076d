import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { placedProblems, yamlPieces } from './yaml-text.ts';

test('pieces of a policy line', () => {
  const table: [string, string][] = [
    ['  mode: shadow # try first', 'text key mark text word text comment'],
    ['- name: "a b"', 'mark text key mark text string'],
    ['is treated the same: put it in', 'text mark text'],
    ['a: { b: 1, c: 2 }', 'key mark text mark text key mark text number mark text key mark text number text mark'],
    ['mode: off', 'key mark text word'],
    ['on: [off, true]', 'key mark text mark word mark text word mark'],
    ['- shadow # first', 'mark text word text comment'],
    ['Off until somebody says so: off by default, off, or true', 'text mark text mark text mark text'],
    ['off', 'text'],
    ['description: true to its name', 'key mark text'],
    ['attack: [T1204.003, T1105]', 'key mark text mark text mark text mark'],
  ];
  for (const [line, kinds] of table) assert.equal(yamlPieces(line).map((piece) => piece.kind).join(' '), kinds);
});

test('the pieces joined are the line', () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }).filter((line) => !/[\n\r\u2028\u2029]/.test(line)), (line) => {
    assert.equal(yamlPieces(line).map((piece) => piece.text).join(''), line);
  }));
});

test('problems find their place', () => {
  assert.deepEqual(placedProblems('line 3, column 5: unknown name\n7:1 not a list\nline 2: bad\n\nthe whole is wrong'), [
    { line: 3, column: 5, message: 'unknown name' }, { line: 7, column: 1, message: 'not a list' }, { line: 2, column: null, message: 'bad' }, { line: null, column: null, message: 'the whole is wrong' },
  ]);
});

test('problems in one line of text come apart at their places', () => {
  assert.deepEqual(placedProblems('Line 3, column 5: no such fact. See line 2. Line 12, column 1: the key "x" is not known here. Remove it.'), [
    { line: 3, column: 5, message: 'no such fact. See line 2.' }, { line: 12, column: 1, message: 'the key "x" is not known here. Remove it.' },
  ]);
});
