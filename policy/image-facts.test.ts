import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageVocabulary, unknownImage } from './image-facts.ts';
import { parseExceptions, parsePolicies } from './parse.ts';

const guide = readFileSync(join(import.meta.dirname, '..', 'docs', 'policies.md'), 'utf8');

test('the guide names every fact with its type, and no other', () => {
  const named = new Set([...guide.matchAll(/^\| `((?:image|workload)\.[\w.]+)` \|/gm)].map((one) => one[1]));
  equal(named.size, imageVocabulary.facts.length);
  for (const { name, type, about } of imageVocabulary.facts) ok(guide.includes(`| \`${name}\` | ${type} | ${about} |`), name);
  for (const list of imageVocabulary.lists) {
    ok(guide.includes(`| \`${list.name}\`: ${list.about} |`), list.name);
    for (const { name, type, about } of list.fields) ok(guide.includes(`| \`${name.slice(list.name.length + 1)}\` | ${type} | ${about} |`), name);
  }
});

test('the examples of the guide are what they say', () => {
  const [policy = '', exception = ''] = [...guide.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((one) => one[1] ?? '');
  deepEqual(parsePolicies('guide', policy).problems, []);
  deepEqual(parseExceptions('guide', exception).problems, []);
  equal(parsePolicies('guide', policy).policies.length + parseExceptions('guide', exception).exceptions.length, 2);
});

test('what nobody has gathered is unknown with the reason, in every fact and list', () => {
  const nothing = unknownImage('nobody looked');
  for (const { name, read } of imageVocabulary.facts) {
    const fact = read(nothing);
    ok(fact.is === 'unknown' && fact.reason === (name.startsWith('workload.') ? 'a workload is only known at deployment' : 'nobody looked'), name);
  }
  for (const list of imageVocabulary.lists) equal(list.read(nothing).incomplete, 'nobody looked');
});
