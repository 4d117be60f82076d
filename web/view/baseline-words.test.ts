import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningSentence, matchesText, workloadWords } from './baseline-words.ts';

test('a workload by where it is', () => {
  assert.equal(workloadWords({ namespace: 'shop', workload: 'cart', hostname: null }), 'shop/cart');
  assert.equal(workloadWords({ namespace: null, workload: 'cart', hostname: 'host-1' }), 'cart on host-1');
});

test('what learning waits for', () => {
  assert.match(learningSentence({ quietSeconds: 7200, learnHours: 24, wholeStart: true }), /^Nothing new in the last 2 h of watching; after 24 hours learning ends by itself\.$/);
  assert.match(learningSentence({ quietSeconds: 0, learnHours: 1, wholeStart: false }), /after 1 hour .*Restart one to have that seen/);
});

test('a text is looked for in what is shown and who did it', () => {
  assert.ok(matchesText({ text: '/bin/Cat', program: '' }, 'cat'));
  assert.ok(matchesText({ text: '/etc/x', program: '/bin/sh' }, 'bin/sh'));
  assert.ok(!matchesText({ text: '/etc/x', program: '/bin/sh' }, 'python'));
});
