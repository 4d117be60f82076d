import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factWords, followsSentence, followsShort, namespaceOf, type Follows } from './violation-words.ts';

const base: Follows = { state: 'open', verdict: 'violated', mode: 'enforce', action: 'kill' };
const rows: [what: string, over: Partial<Follows>, short: string, sentence: RegExp][] = [
  ['enforced', {}, 'stopped', /kills the next execution.*What runs already goes on/],
  ['in shadow', { mode: 'shadow' }, 'would be stopped', /in shadow/],
  ['inform', { action: 'inform' }, 'reported', /only reports/],
  ['unknown is never stopped and never clean', { verdict: 'unknown' }, 'unknown', /not clean/],
  ['accepted', { state: 'accepted' }, 'accepted', /exception/],
  ['closed', { state: 'closed' }, 'closed', /over/],
];
for (const [what, over, short, sentence] of rows) {
  test(what, () => {
    assert.equal(followsShort({ ...base, ...over }), short);
    assert.match(followsSentence({ ...base, ...over }), sentence);
  });
}

test('facts: known, known to be nothing, unknown', () => {
  assert.deepEqual([factWords({ value: 'docker.io' }), factWords({ value: true }), factWords({ absent: true }), factWords({ unknown: 'nobody looked' })], ['docker.io', 'true', 'none', 'not known: nobody looked']);
});

test('the namespace of a workload, and none on a plain host', () => {
  assert.deepEqual(['shop/cart', 'cart', '/cart', ''].map(namespaceOf), ['shop', null, null, null]);
});
