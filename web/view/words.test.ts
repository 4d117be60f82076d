import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originSentence } from '@vedette/model/origin-words';
import { fileOrigins, policyModes, severities } from '@vedette/model/policy';
import { containerWords, incidentSeverities, modeOrder, originIsForeign, originSentences, originWords, userWords } from './words.ts';

test('the words are the model\'s, copied only so that its wire format and schemas stay out of the browser', () => {
  assert.deepEqual(originSentences, originSentence);
  assert.deepEqual(Object.keys(originWords).sort(), [...fileOrigins].sort());
  assert.deepEqual([...incidentSeverities], [...severities]);
  assert.deepEqual([...modeOrder], [...policyModes]);
});

test('what did not come with the image stands out; what cannot be judged is neither', () => {
  assert.deepEqual(fileOrigins.filter(originIsForeign), ['modified', 'dropped', 'memory']);
});

test('only root has a name that is the same on every host', () => {
  assert.deepEqual([0, 1000].map(userWords), ['root', 'uid 1000']);
});

test('a container is called by its workload, and by its own name where that is all', () => {
  const rows: [workload: string | null, name: string | null, title: string, part: string | null][] = [
    ['shop/cart', 'app', 'shop/cart', 'app'], ['shop-cart', 'shop-cart', 'shop-cart', null], [null, 'app', 'app', null], ['shop/cart', '', 'shop/cart', null], [null, null, 'abc', null],
  ];
  for (const [workload, name, title, part] of rows) assert.deepEqual(containerWords({ workload, name, id: 'abc' }), { title, part });
});
