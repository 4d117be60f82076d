import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidOf, shortUser, usersWords } from './admission-words.ts';

const user = (name: string, attached = false) => ({ sessionId: name, user: name, attached });
const rows: readonly (readonly [Parameters<typeof usersWords>[0], string | null])[] = [
  [undefined, null], [[], null], [[user('alice')], 'alice'], [[user('bob'), user('alice')], 'one of alice, bob'], [[user('carol', true)], 'carol, attached'], [[user('alice'), user('carol', true)], 'alice; carol, attached'],
];
test('who came in, never as a guess', () => {
  for (const [users, words] of rows) assert.equal(usersWords(users), words);
});

test('what was answered in one sentence', () => {
  const finding = { policy: 'p', rule: 'r', mode: 'enforce' as const, action: 'deny', verdict: 'violated' as const, sentence: 'It is wrong.', fix: null, exception: null };
  const images = [{ reference: 'x', digest: null, factsAgeSeconds: null, findings: [finding] }];
  assert.equal(saidOf({ outcome: 'denied', message: 'long', warnings: [], failedOpen: null, images }), 'p: It is wrong.');
  assert.equal(saidOf({ outcome: 'warned', message: null, warnings: ['vedette p: container main: so'], failedOpen: null, images }), 'p: container main: so');
  assert.equal(saidOf({ outcome: 'failed-open', message: null, warnings: [], failedOpen: 'p/r: Not known.', images }), 'p/r: Not known.');
  assert.equal(saidOf({ outcome: 'allowed', message: null, warnings: [], failedOpen: null, images: [] }), '');
});

test('a service account by its namespace and name, a person as they are', () => {
  assert.deepEqual(['system:serviceaccount:kube-system:replicaset-controller', 'alice', 'system:admin'].map(shortUser), ['kube-system/replicaset-controller', 'alice', 'system:admin']);
});
