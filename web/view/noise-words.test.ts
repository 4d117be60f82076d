import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noisePlace } from './noise-words.ts';

test('where a rule is loud', () => {
  const row = { workload: null, namespace: null, hostname: 'node-1', containers: 0 };
  assert.equal(noisePlace({ ...row, workload: 'web', namespace: 'shop', hostname: null, containers: 3 }), 'shop/web');
  assert.equal(noisePlace({ ...row, workload: 'web', containers: 1 }), 'web on node-1');
  assert.equal(noisePlace(row), 'node-1');
  assert.equal(noisePlace({ ...row, containers: 1 }), 'a container on node-1');
  assert.equal(noisePlace({ ...row, containers: 2 }), 'containers on node-1');
});
