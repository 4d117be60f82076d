import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterView } from '@vedette/model/api/cluster-views';
import { admissionWords, clusterNeeds, exposedWord, inOrderOfNeed, networkWords, nodeMarks, nodeWords, podsWord, podWord, powerWords } from './clusters.ts';

const at = '2026-01-01T00:00:00.000Z';
const nowMs = Date.parse(at) + 600_000;
const cluster: ClusterView = {
  id: 'c', name: 'east', kind: 'kubernetes', uid: 'u', version: 'v1.36.3', state: 'connected', partVersion: '0.2', heardAt: at, reportedAt: at, nodes: 3, nodesWithoutSensor: 0, sensors: 3, sensorsConnected: 3, pods: 9, namespaces: 2,
  watches: [{ kind: 'Pod', synced: true, problem: null, syncedAt: at, objects: 9 }], objectsDropped: 0, admission: { state: 'registered', reason: null, answered: 5, failedOpen: 0 }, networkPolicy: { enforcement: 'enforced', evidence: 'x' },
};

const needs: readonly (readonly [string, Partial<ClusterView>, readonly RegExp[]])[] = [
  ['nothing', {}, []],
  ['plain hosts have no part', { kind: 'hosts', state: 'never', nodesWithoutSensor: 1 }, []],
  ['silent', { state: 'silent' }, [/Silent for 10 min/]],
  ['never', { state: 'never', reportedAt: null }, [/never reported/]],
  ['one node', { nodesWithoutSensor: 1 }, [/One node has no sensor/]],
  ['all nodes', { nodesWithoutSensor: 3 }, [/None of its 3 nodes/]],
  ['silent with nodes', { state: 'silent', nodesWithoutSensor: 2 }, [/Silent/, /2 nodes have no sensor/]],
  ['watches', { watches: ['A', 'B', 'C', 'D'].map((kind) => ({ kind, synced: false, problem: 'forbidden', syncedAt: null, objects: 0 })) }, [/Not all is known of A, B, C and 1 other kind: watching fails/]],
  ['admission', { admission: { state: 'not-registered', reason: 'no certificate', answered: 0, failedOpen: 0 } }, [/not registered: no certificate/]],
];
for (const [what, change, expected] of needs) {
  test(`what a cluster needs: ${what}`, () => {
    const found = clusterNeeds({ ...cluster, ...change }, nowMs);
    assert.equal(found.length, expected.length, JSON.stringify(found));
    for (const [index, words] of expected.entries()) assert.match(found[index]?.what ?? '', words);
  });
}

test('clusters that need somebody come first, plain hosts last', () => {
  const list = [{ ...cluster, name: 'z' }, { ...cluster, name: 'hosts', kind: 'hosts' as const }, { ...cluster, name: 'a' }, { ...cluster, name: 'q', state: 'silent' as const }];
  assert.deepEqual(inOrderOfNeed(list, nowMs).map((one) => one.name), ['q', 'a', 'z', 'hosts']);
});

test('nodes as marks and words', () => {
  assert.deepEqual(nodeMarks({ sensors: 2, sensorsConnected: 1, nodesWithoutSensor: 1 }), { marks: ['no-sensor', 'away', 'connected'], more: 0 });
  const many = nodeMarks({ sensors: 500, sensorsConnected: 500, nodesWithoutSensor: 3 });
  assert.equal(many.marks.length + many.more, 503);
  assert.equal(nodeWords({ nodes: 3, sensors: 2, sensorsConnected: 1, nodesWithoutSensor: 1 }), '3 nodes, 1 without sensor, 1 away');
  assert.equal(nodeWords({ nodes: 1, sensors: 1, sensorsConnected: 1, nodesWithoutSensor: 0 }), '1 node');
  assert.equal(nodeWords({ nodes: null, sensors: 0, sensorsConnected: 0, nodesWithoutSensor: 0 }), 'nodes not known');
});

test('words', () => {
  assert.equal(networkWords({ ...cluster, networkPolicy: null }), 'unknown');
  assert.match(networkWords({ ...cluster, networkPolicy: { enforcement: 'not-enforced', evidence: null } }), /no effect/);
  assert.equal(admissionWords(cluster), 'registered, 5 requests answered');
  assert.match(admissionWords({ ...cluster, admission: { state: 'registered', reason: null, answered: 1, failedOpen: 2 } }), /1 request answered, 2 let through/);
  assert.equal(admissionWords({ ...cluster, admission: { state: 'off', reason: 'not wanted', answered: 0, failedOpen: 0 } }), 'off: not wanted');
  assert.deepEqual(['yes', 'no', 'unknown'].map((state) => exposedWord({ state: state as 'yes', by: [], inside: [], reason: null })), ['from outside', 'no', 'unknown']);
  assert.equal(exposedWord({ state: 'no', by: [], inside: ['front'], reason: null }), 'inside only');
  assert.deepEqual(powerWords({ privileged: true, hostAccess: ['network', 'path'] }), ['privileged', 'host network', 'host files']);
  assert.deepEqual([podsWord({ pods: 2, running: 2, replicas: 2 }), podsWord({ pods: 2, running: 1, replicas: 3 }), podsWord({ pods: 1, running: 0, replicas: null }), podsWord({ pods: 0, running: 0, replicas: 0 })], ['2', '1 of 3', '0 of 1', '0']);
  const container = { name: 'c', image: 'i', digest: null, containerId: null, privileged: false, watched: false, role: 'main' as const };
  assert.equal(podWord({ phase: 'Pending', containers: [{ ...container, state: 'waiting', reason: 'ImagePullBackOff' }] }), 'ImagePullBackOff');
  assert.equal(podWord({ phase: 'Running', containers: [{ ...container, state: 'running', reason: null }] }), 'Running');
});
