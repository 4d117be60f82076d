import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant } from '@vedette/model/access';
import { effectWords, grantsProblem, grantsWords, placeWords } from './grants.ts';

const names = new Map([['1', 'prod'], ['2', 'hosts']]);
const hub = (role: Grant['role']): Grant => ({ role, place: 'all' });
const whole = (role: Grant['role'], cluster = '1'): Grant => ({ role, place: { cluster, namespaces: 'all' } });
const part = (role: Grant['role'], ...namespaces: string[]): Grant => ({ role, place: { cluster: '1', namespaces } });

test('a place in words', () => {
  assert.equal(placeWords('all', names), 'the whole hub');
  assert.equal(placeWords({ cluster: '1', namespaces: 'all' }, names), 'cluster prod');
  assert.equal(placeWords({ cluster: '9', namespaces: ['a', 'b', 'c'] }, names), 'namespaces a, b and c of cluster 9');
  assert.equal(grantsWords([part('analyst', 'shop'), whole('viewer', '2'), hub('viewer')], names), 'analyst of namespace shop of cluster prod; viewer of cluster hosts; 1 more');
  assert.equal(grantsWords([], names), 'no role');
});

test('what comes of grants', () => {
  const cases: [grants: Grant[], lines: RegExp[], not?: RegExp][] = [
    [[], [/^Can sign in, and sees nothing\.$/]],
    [[hub('viewer')], [/Sees everything, also in clusters that join later/, /Changes nothing/]],
    [[hub('admin')], [/Sees everything/, /May acknowledge, assign and close incidents, add and remove sensors, change policies and add people and API tokens\./], /concern the whole hub/],
    [[part('analyst', 'shop')], [/what runs in namespace shop of cluster prod.*no hosts or sensors/, /May acknowledge, assign and close incidents in namespace shop of cluster prod\./], /Changes nothing/],
    [[whole('operator')], [/Sees all of cluster prod/, /add and remove sensors in cluster prod/, /Policies concern the whole hub/]],
    [[part('admin', 'shop')], [/May acknowledge, assign and close incidents in/, /Policies and people and API tokens concern the whole hub/], /add and remove/],
    [[hub('viewer'), part('analyst', 'shop')], [/Sees everything/, /May acknowledge.*namespace shop/], /what runs in/],
  ];
  for (const [grants, lines, not] of cases) {
    const text = effectWords(grants, names).join('\n');
    for (const line of lines) assert.match(text, line);
    if (not !== undefined) assert.doesNotMatch(text, not);
  }
});

test('grants that cannot be given say why', () => {
  assert.equal(grantsProblem([hub('viewer')]), null);
  assert.match(grantsProblem([part('viewer')]) ?? '', /at least one namespace/);
  assert.match(grantsProblem([whole('viewer', '')]) ?? '', /Choose a cluster/);
});
