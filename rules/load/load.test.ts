import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { insertedText, joinTexts, placeAt, sliceText, type PlacedText } from '../placed-text.ts';
import type { ListDefinition } from './collect.ts';
import { readDocuments } from './document.ts';
import { expandLists, putLists } from './lists.ts';

const place = { file: 'f', line: 1, column: 1 };

const styles: readonly (readonly [yaml: string, word: string, line: number, column: number])[] = [
  ['- one two three', 'three', 1, 11],
  ['- one\n  two\n  three', 'three', 3, 3],
  ['- "one two\n   three"', 'three', 2, 4],
  ['- "a\\"b three"', 'three', 1, 9],
  ["- 'it''s three'", 'three', 1, 10],
  ['- >\n   one\n   two\n\n   three', 'three', 5, 4],
  ['- |\n   one\n     two three\n', 'three', 3, 10],
  ['- >-\n   one # two\n   three', 'three', 3, 4],
];

test('a place in a value is found in the file, however the value was written', () => {
  for (const [yaml, word, line, column] of styles) {
    const [root] = readDocuments('f', yaml).roots;
    const node = root?.kind === 'list' ? root.items[0] : undefined;
    ok(node?.kind === 'scalar', yaml);
    deepEqual(node.locate(node.value.indexOf(word)), { file: 'f', line, column }, yaml);
  }
});

test('scalars stay what was written', () => {
  const [root] = readDocuments('f', '[007, 0x1f, yes, 1e3, "null", null, ~, ]').roots;
  ok(root?.kind === 'list');
  deepEqual(root.items.map((item) => (item.kind === 'scalar' ? item.value : item.kind)), ['007', '0x1f', 'yes', '1e3', 'null', 'null', 'null']);
});

test('joined and sliced text keeps its places', () => {
  const at = (name: string, text: string): PlacedText => ({ text, parts: [{ from: 0, offset: 0, locate: (offset) => ({ file: name, line: 1, column: offset + 1 }) }] });
  const joined = joinTexts([at('a', 'abcd'), insertedText(' ', place), at('b', 'efgh')]);
  deepEqual([placeAt(joined, 2), placeAt(joined, 4), placeAt(joined, 7)], [{ file: 'a', line: 1, column: 3 }, place, { file: 'b', line: 1, column: 3 }]);
  const slice = sliceText(joined, 2, 7);
  deepEqual([slice.text, placeAt(slice, 0), placeAt(slice, 4)], ['cd ef', { file: 'a', line: 1, column: 3 }, { file: 'b', line: 1, column: 2 }]);
});

function lists(items: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, ListDefinition> {
  return new Map(Object.entries(items).map(([name, words], index) => [name, { name, items: words.map((text) => ({ text, place })), definedAt: index, changedAt: index, place }]));
}

const defined = { 'l': ['a', 'b'], 'none': [], 'deep': ['l', 'two words', '"quoted, one"'], 'loop': ['x', 'loop'], 'in.proftpd': ['z'] };

const substitutions: readonly (readonly [condition: string, result: string])[] = [
  ['f.x in (l)', 'f.x in (a, b)'],
  ['f.x in (y, l, z)', 'f.x in (y, a, b, z)'],
  ['f.x in (none)', 'f.x in ()'],
  ['f.x in (none, y)', 'f.x in (y)'],
  ['f.x in (y, none)', 'f.x in (y)'],
  ['f.x in (y, none, z)', 'f.x in (y, z)'],
  ['f.x in (none, none, y)', 'f.x in (y)'],
  ['f.x in (deep)', 'f.x in (a, b, "two words", "quoted, one")'],
  ['f.x in (loop)', 'f.x in (x, loop)'],
  ['f.x=l', 'f.x= a, b'],
  ['f.x in (in.proftpd)', 'f.x in (z)'],
  ['f.l = ll and f.x contains "one l two" and l.x = y', 'f.l = ll and f.x contains "one l two" and l.x = y'],
  ["f.x = 'l' or f.x = \"l\"", "f.x = 'l' or f.x = \"l\""],
];

test('lists are put in as text, for whole words outside of quotes', () => {
  const { texts } = expandLists(lists(defined));
  for (const [condition, result] of substitutions) {
    const put = putLists(insertedText(condition, place), texts)?.text ?? '';
    equal(put.replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/ ([),])/g, '$1').trim(), result, condition);
  }
});

test('lists that grow without end are refused', () => {
  const grow = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`g${index}`, index === 0 ? ['x'] : [`g${index - 1}`, `g${index - 1}`]]));
  const { problems } = expandLists(lists(grow));
  ok(problems.length > 0 && problems.every((one) => one.code === 'too-many'));
});
