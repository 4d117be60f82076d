import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originSentence } from '@vedette/model/origin-words';
import { fileOrigins, policyModes, severities } from '@vedette/model/policy';
import { incidentSeverities, modeOrder, originIsForeign, originSentences, originWords, userWords } from './words.ts';

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
