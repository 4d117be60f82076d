import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPolicyText, policyNameIn } from './policy-text.ts';

test('the name of a policy in its text', () => {
  const table: [string, string | null][] = [
    [newPolicyText, 'my-policy'],
    ['kind: Policy\nmetadata: { name: only-from-image, labels: { owner: platform } }\n', 'only-from-image'],
    ['metadata: # who\n  labels:\n    a: b\n  name: "x-1"\nspec: {}', 'x-1'],
    ['spec:\n  rules:\n    - name: not-this\n', null],
    ['', null],
  ];
  for (const [yaml, name] of table) assert.equal(policyNameIn(yaml), name);
});
