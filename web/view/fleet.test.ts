import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SensorView } from '@vedette/model/api/views';
import { hookRows, hooksMissing, lossRows, lostRecords, mechanismWords, sensorNeeds, skewWords } from './fleet.ts';

const now = Date.parse('2026-11-23T06:20:00.000Z');
const fine: SensorView = {
  id: 's', node: 'n', hostname: 'h', cluster: 'c', clusterName: 'hosts', version: '0.1.0', kernel: '6.18', distribution: 'Debian', connected: true,
  joinedAt: '2026-11-01T00:00:00.000Z', lastSeenAt: '2026-11-23T06:19:50.000Z', certificateExpiresAt: '2026-12-23T00:00:00.000Z', clockSkewMs: 12, scopeCgroup: null,
  hooks: [], losses: [], enforcement: { mechanism: 'kill at exec', reason: null }, policyGeneration: 4, problems: [], processesKnown: 1, processesKnownMax: 10,
  ringBytes: 100, ringFillBytesMax: 10, eventsSeen: 1, commandsRefused: 0, spoolBytes: 0, telemetryBatchesDropped: 0, rulesActive: 1, rssBytes: 1, reportedAt: '2026-11-23T06:19:50.000Z', coveragePercent: 100,
  ownedLosses: [], tables: [], ruleReach: [], containersPending: 0, detectionsPendingIdentity: 0, canaries: { expected: false, overdue: false, problem: null, at: null, classes: [] },
};

test('a healthy sensor needs nothing', () => {
  assert.deepEqual(sensorNeeds(fine, now), []);
});

test('each thing that needs a person is a sentence', () => {
  const table: [Partial<SensorView>, RegExp][] = [
    [{ connected: false, lastSeenAt: '2026-11-23T05:20:00.000Z' }, /last seen 1 h ago/],
    [{ connected: false, lastSeenAt: null }, /never connected/],
    [{ certificateExpiresAt: '2026-11-23T08:20:00.000Z' }, /ends in 2 h/],
    [{ certificateExpiresAt: '2026-11-22T00:00:00.000Z' }, /has expired/],
    [{ clockSkewMs: -7000 }, /7 s behind/],
    [{ ringFillBytesMax: 90 }, /refused/],
    [{ problems: ['no inventory'] }, /no inventory/],
    [{ reportedAt: null }, /not reported/],
  ];
  for (const [change, words] of table) assert.match(sensorNeeds({ ...fine, ...change }, now).join(' '), words);
});

test('losses by class and cause, the most first, zeros left out', () => {
  const losses = [{ eventClass: 'open', cause: 'ring full', count: 5 }, { eventClass: 'exec', cause: 'too big', count: 7 }, { eventClass: 'open', cause: 'share of cgroup', count: 9 }, { eventClass: 'exit', cause: 'ring full', count: 0 }];
  assert.deepEqual(lossRows(losses).map((row) => [row.eventClass, row.count, row.causes[0]!.cause]), [['open', 14, 'share of cgroup'], ['exec', 7, 'too big']]);
  assert.equal(lostRecords({ losses }), 21);
});

test('hooks that fare alike are one row, and what is missing stands first', () => {
  const hook = (eventClass: string, name: string, attached = true, misses: string | null = null) => ({ eventClass, hook: name, attached, reason: attached ? null : 'no LSM', misses });
  const rows = hookRows([hook('open', 'a', true, 'io_uring'), hook('open', 'b', true, 'io_uring'), hook('open', 'c'), hook('file', 'd', false)]);
  assert.deepEqual(rows.map((row) => [row.eventClass, row.hooks, row.attached, row.misses]), [['file', ['d'], false, null], ['open', ['a', 'b'], true, 'io_uring'], ['open', ['c'], true, null]]);
});

test('hooks and skew', () => {
  assert.equal(hooksMissing({ hooks: [{ eventClass: 'a', hook: 'x', attached: false, reason: 'EPERM', misses: null }, { eventClass: 'b', hook: 'y', attached: true, reason: null, misses: null }] }), 1);
  assert.deepEqual(['none', 'kill-at-exec'].map(mechanismWords), ['cannot stop anything', 'kill at exec']);
  assert.deepEqual([null, 0.2, 12.4, -3500].map(skewWords), ['not measured', 'none', '12 ms ahead', '3 s behind']);
});
