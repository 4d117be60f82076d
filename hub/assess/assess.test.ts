/** The pure parts of assess: what is known of a run, the parts of a score, coverage, the sentence. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RiskCardView } from '@vedette/model/api/views';
import type { ClusterShape } from '../store/read-clusters.ts';
import type { ContainerStates } from '../store/read-risk.ts';
import type { SensorShape } from '../store/read-fleet.ts';
import { readConfig } from '../config.ts';
import { canaryAlarms, statesOf } from './canaries.ts';
import { coverageOf, sensorPercent, type CoverageFacts, type Gap } from './coverage.ts';
import { compiledFact, loadedView } from './finding.ts';
import { judgeUnloaded } from './judge-run.ts';
import { otherFixes, sentence } from './risk.ts';
import { incidentPoints, listeningPoints, loadedPart, loadedPoints, privilegedPoints, runParts, sum, vulnerabilityParts } from './weights.ts';
import { duration, plural } from '@vedette/model/words';

const watched = (observed_seconds: number, more = {}): { seen_from_start: boolean; records_lost: number; observed_seconds: number } => ({ seen_from_start: true, records_lost: 0, observed_seconds, ...more });
const day = 86_400;
const runs = [
  ['nothing reported', { living: 1, observations: [] }, 'unknown', /not watched/],
  ['watched shortly', { living: 1, observations: [watched(60)] }, 'not-seen', undefined],
  ['watched a day', { living: 1, observations: [watched(day)] }, 'no', undefined],
  ['one of two watched a day', { living: 2, observations: [watched(day), watched(60)] }, 'no', undefined],
  ['a new container is silent', { living: 2, observations: [watched(day)] }, 'unknown', /1 of 2 containers/],
  ['started before the sensor', { living: 1, observations: [watched(day, { seen_from_start: false })] }, 'unknown', /before the sensor/],
  ['records lost', { living: 1, observations: [watched(day, { records_lost: 2 })] }, 'unknown', /2 records/],
] as const;
for (const [what, run, state, reason] of runs) {
  test(`a run of which ${what} is ${state}`, () => {
    const judged = judgeUnloaded(run);
    assert.equal(judged.unloaded, state);
    if (reason === undefined) assert.equal(judged.unloaded_reason, null);
    else assert.match(judged.unloaded_reason ?? '', reason);
  });
}

test('a sensor whose canaries stay away is silent after two rounds and the grace, which is 15 s unless told otherwise', () => {
  const { canaryGraceSeconds } = readConfig({ stateDirectory: 'x' });
  const silentAfter = (seconds: number, graceSeconds = canaryGraceSeconds): boolean => {
    const heard = { interval_ms: 180_000, canaries: null, canaries_at: now, joined_at: now };
    return canaryAlarms(statesOf(heard, { now: new Date(now.getTime() + seconds * 1000), graceMs: graceSeconds * 1000 })).silent;
  };
  assert.deepEqual([360, 375, 376].map((seconds) => silentAfter(seconds)), [false, false, true]);
  assert.deepEqual([365, 366].map((seconds) => silentAfter(seconds, 5)), [false, true]);
});

test('a score is the sum of its parts and at most 100', () => {
  const worst = [...vulnerabilityParts({ severity: 'critical', cvss: 10, exploited: true }), loadedPart('yes', ''), ...runParts({ privileged: true, listening: ['443/tcp'] })];
  assert.equal(sum(worst), 100);
  assert.equal(sum(worst), Math.round(worst.reduce((total, part) => total + part.points, 0)));
  assert.equal(sum(runParts({ privileged: false, listening: [] })), 0);
  assert.equal(privilegedPoints + listeningPoints, sum(runParts({ privileged: true, listening: ['1/tcp'] })));
});

test('unknown never ranks as clean', () => {
  const points = (severity: 'unknown' | 'low' | 'medium'): number => sum(vulnerabilityParts({ severity, cvss: null, exploited: null }));
  assert.ok(points('unknown') > points('low'));
  assert.equal(points('unknown'), points('medium'));
  assert.ok(loadedPoints.unknown > loadedPoints['not-seen'] && loadedPoints['not-seen'] > loadedPoints.no);
  assert.ok(Object.values(incidentPoints).every((value) => value <= 100));
});

test('compiled facts do not apply to what is interpreted, and are unknown where nobody looked', () => {
  for (const ecosystem of ['npm', 'PyPI', 'Maven']) assert.equal(compiledFact(ecosystem), 'not-applicable');
  for (const ecosystem of ['Debian:12', 'Alpine:v3.19', 'Go', '', 'npmx']) assert.equal(compiledFact(ecosystem), 'unknown');
});

test('loaded in words', () => {
  const words = { loaded: false, unloaded: 'unknown' as const, unloaded_reason: null, observed_seconds: 5, fact: null, first_seen: new Date(1000), last_observed: new Date(5000) };
  assert.deepEqual(loadedView(words), { state: 'unknown', reason: 'not watched' });
  assert.deepEqual(loadedView({ ...words, unloaded: 'no' }), { state: 'no', observedSeconds: 5 });
  const fact = { kind: 'mapped', path: '/lib/x.so', reader: '/bin/y', at: '1970-01-01T00:00:02.000Z' };
  assert.deepEqual(loadedView({ ...words, loaded: true, fact }), { state: 'yes', firstSeen: fact.at, lastSeen: '1970-01-01T00:00:05.000Z', evidence: '/lib/x.so was mapped into memory by /bin/y' });
});

const coverageReport = {
  hooks: [{ eventClass: 'execution', hook: 'tp', attached: true, reason: null, misses: null }],
  losses: [], enforcement: { mechanism: 'kill-at-exec', reason: null }, policyGeneration: 1, policyProblems: [], ruleProblems: [], processesKnown: 1, processesKnownMax: 10, containersPending: 0,
  ringBytes: 1, ringFillBytesMax: 0, eventsSeen: 1000, commandsRefused: 0, spoolBytes: 0, telemetryBatchesDropped: 0, rulesActive: 1, scopeCgroup: null, detectionsPendingIdentity: 0, rssBytes: 1, canaryIntervalMs: 0, ownedLosses: [], tables: [], ruleReach: [],
};
const now = new Date('2026-01-01T00:00:00Z');
const sensor: SensorShape = {
  id: 's', node_id: 'n', cluster_id: 'c', cluster_name: 'hosts', hostname: 'h', kernel: 'k', distribution: 'd', version: 'v', joined_at: now, last_seen_at: now, connected: true, clock_skew_ms: 0,
  certificate_expires_at: new Date('2026-02-01T00:00:00Z'), coverage: coverageReport, reported_at: now, canaries: null, canaries_at: null, lost_recently: 0, whole: true,
};
const facts: CoverageFacts = {
  now, canaryGraceMs: 15_000, sensors: [sensor], seesHosts: true, containers: [], clusters: [], unwatchedNodes: [], failedOpen: [], dropped: [], unknownRecords: [], feeds: [{ ecosystem: 'npm', advisories: 1, newest: null, syncedAt: now.toISOString(), rejected: 0, ageSeconds: 5 }], feedProblem: null, wasMatched: false, unfedEcosystems: [],
};
const report = { uid: 'u', kubernetesVersion: 'v1.36.3', watches: [], nodesWithSensor: [], admission: { state: 'off' as const, reason: null, answered: 0, failedOpen: 0 }, networkPolicy: { enforcement: 'unknown' as const, evidence: null }, objectsDropped: 0 };
const cluster: ClusterShape = { id: 'c', name: 'east', uid: 'u', kubernetes_version: 'v1.36.3', is_whole: true, is_kubernetes: true, part_id: 'p', part_version: '0.2', part_joined_at: now, heard_at: now, report, reported_at: now, is_silent: false, nodes: 1, nodes_without_sensor: 0, sensors: 1, sensors_connected: 1, pods: 0, namespaces: 0 };
const states: ContainerStates = { node_id: 'n', hostname: 'h', living: 4, pending: 1, image_unknown: 0, unscanned: 1, with_problems: 0, unwatched: 0, examples: ['web'] };

test('records lost on a host of which only a part is seen are not counted, and not denied', () => {
  const lost = (whole: boolean, count: number): number | null => coverageOf({ ...facts, sensors: [{ ...sensor, whole, lost_recently: count }] }).view.recordsLost;
  assert.deepEqual([lost(true, 5), lost(false, 5), lost(false, 0)], [5, null, 0]);
});

test('complete coverage is 100 and has no gap', () => {
  const { view, gaps } = coverageOf({ ...facts, clusters: [cluster, { ...cluster, is_kubernetes: false, is_silent: true }] });
  assert.deepEqual([view.percent, gaps], [100, []]);
});

const gapsOf: readonly (readonly [string, Partial<CoverageFacts>, RegExp, number])[] = [
  ['no sensor', { sensors: [] }, /No host is seen/, 0],
  ['a sensor that is away', { sensors: [{ ...sensor, connected: false }] }, /not seen now/, 0],
  ['a sensor that never reported', { sensors: [{ ...sensor, coverage: null }] }, /not known yet/, 0],
  ['a hook that is missing', { sensors: [{ ...sensor, coverage: { ...coverageReport, hooks: [...coverageReport.hooks, { eventClass: 'file', hook: 'lsm', attached: false, reason: 'no LSM', misses: null }] } }] }, /class file/, 50],
  ['losses', { sensors: [{ ...sensor, lost_recently: 1000 }] }, /1000 records were lost/, 50],
  ['one lost record', { sensors: [{ ...sensor, lost_recently: 1 }] }, /1 record was lost/, 99],
  ['a host of which only a part is seen, that lost records', { sensors: [{ ...sensor, whole: false, lost_recently: 1000 }], seesHosts: false }, /Records were lost on h within the last hour/, 99],
  ['a host of which only a part is seen, that is away', { sensors: [{ ...sensor, whole: false, connected: false }], seesHosts: false }, /What runs on h is not seen now/, 0],
  ['namespaces in which nothing runs', { sensors: [], seesHosts: false }, /Nothing is known to run in what you may see/, 0],
  ['nothing to enforce with', { sensors: [{ ...sensor, coverage: { ...coverageReport, enforcement: { mechanism: 'none', reason: 'no LSM' } } }] }, /Nothing can be refused/, 99],
  ['a policy not in force', { sensors: [{ ...sensor, coverage: { ...coverageReport, policyProblems: ['it needs a fact'] } }] }, /policy is not in force/, 99],
  ['containers without list', { containers: [states] }, /packages of 1 container on/, 90],
  ['an ecosystem without feed', { unfedEcosystems: [{ ecosystem: 'Go', packages: 3 }] }, /3 running packages/, 99],
  ['an old feed', { feeds: [{ ...facts.feeds[0]!, ageSeconds: 9 * 86_400 }] }, /9 days old/, 99],
  ['an old copy read just now', { feeds: [{ ...facts.feeds[0]!, newest: new Date(now.getTime() - 40 * 86_400_000).toISOString() }] }, /npm is newer than 40 days/, 99],
  ['no feed', { feeds: [], feedProblem: 'none' }, /No vulnerabilities are known/, 99],
  ['a feed that went away', { feeds: [], feedProblem: 'gone', wasMatched: true }, /Newer vulnerabilities are not known/, 99],
  ['a clock that is off', { sensors: [{ ...sensor, clock_skew_ms: -60_000 }] }, /60 s off/, 99],
  ['a certificate that ends', { sensors: [{ ...sensor, certificate_expires_at: now }] }, /certificate/, 99],
  ['dropped telemetry', { dropped: [{ kind: 'telemetry-dropped', what: 'full', node_id: 'n', hostname: 'h', count: 5, last_at: now }] }, /5 records of h were dropped/, 99],
  ['a silent cluster', { clusters: [{ ...cluster, is_silent: true }] }, /Cluster east is silent/, 99],
  ['a cluster that never reported', { clusters: [{ ...cluster, reported_at: null, report: null }] }, /Nothing is known of cluster east yet/, 99],
  ['a kind that cannot be watched', { clusters: [{ ...cluster, report: { ...report, watches: [{ kind: 'Role', synced: false, problem: 'forbidden: no', syncedAt: null, objects: 0 }] } }] }, /What cluster east has of kind Role is not known/, 99],
  ['a node without sensor', { unwatchedNodes: [{ cluster_id: 'c', cluster_name: 'east', name: 'node-b', since: now }] }, /Node node-b of cluster east is not seen/, 50],
  ['let in without being judged', { failedOpen: [{ cluster_name: 'east', n: 3, reason: 'signed/by-us: not known', last_at: now }] }, /3 workloads of cluster east were let in without being judged/, 99],
  ['many nodes without sensor', { unwatchedNodes: ['a', 'b', 'c', 'd'].map((name) => ({ cluster_id: 'c', cluster_name: 'east', name, since: now })) }, /4 nodes of cluster east are not seen: a, b, c and 1 other/, 20],
  ['unknown records', { unknownRecords: [{ field: 77, count: 2, hostname: 'h', node_id: 'n' }] }, /kind this hub does not know \(77\)/, 99],
];
for (const [what, change, words, percent] of gapsOf) {
  test(`${what} is a gap, and coverage is not 100`, () => {
    const { view, gaps } = coverageOf({ ...facts, ...change });
    assert.ok(gaps.some((gap) => words.test(gap.what)), JSON.stringify(gaps));
    assert.ok(gaps.every((gap) => gap.why.length > 3));
    assert.equal(view.percent, percent);
  });
}

test('a sensor without any hook sees nothing, however well its containers are known', () => {
  const known = { ...states, pending: 0, unscanned: 0 };
  const without = coverageReport.hooks.map((one) => ({ ...one, attached: false, reason: 'no privileges' }));
  for (const hooks of [[], without]) {
    for (const containers of [undefined, { ...known, living: 0 }, known]) assert.equal(sensorPercent({ ...sensor, coverage: { ...coverageReport, hooks } }, containers), 0);
  }
  const { view, gaps } = coverageOf({ ...facts, sensors: [{ ...sensor, coverage: { ...coverageReport, hooks: without } }] });
  assert.deepEqual([view.percent, gaps.filter((one) => one.kind === 'hook').length], [0, 1]);
});

test('containers that are not known take up to a fifth of what is seen; where there are none there is nothing to know', () => {
  const half = { ...sensor, coverage: { ...coverageReport, hooks: [...coverageReport.hooks, { eventClass: 'file', hook: 'lsm', attached: false, reason: 'no LSM', misses: null }] } };
  const cases: [containers: ContainerStates | undefined, whole: number, half: number][] = [
    [undefined, 100, 50], [{ ...states, living: 0, pending: 0, unscanned: 0 }, 100, 50], [{ ...states, pending: 0, unscanned: 0 }, 100, 50], [states, 90, 45], [{ ...states, pending: 2, unscanned: 2 }, 80, 40],
  ];
  for (const [containers, ...expected] of cases) assert.deepEqual([sensor, half].map((one) => sensorPercent(one, containers)), expected);
});

const card = (severity: RiskCardView['severity'], title: string): RiskCardView => ({ id: title, kind: 'incident', severity, score: 1, title, why: '', where: '', since: '', facts: null, chain: null, nextAction: '', link: '' });
test('the sentence says how many, which is worst, and how much is seen', () => {
  const seen = coverageOf(facts).view;
  assert.equal(sentence([], { ...seen, sensorsTotal: 0 }), 'Nothing is seen yet: no sensor has joined this hub.');
  assert.equal(sentence([card('low', 'x')], seen), 'Nothing urgent among what is seen. All that the hooks can see is seen.');
  assert.equal(sentence([card('high', 'x')], seen), 'One thing needs you: x. All that the hooks can see is seen.');
  assert.match(sentence([card('high', 'x'), card('critical', 'y')], { ...seen, percent: 94, gaps: [{ what: '', why: '', action: null, node: null, at: null }] }), /^2 things need you; the worst is: x\. 94 % of what the hooks can see is seen\.$/);
});

test('an action names the other fixes of the package too', () => {
  assert.equal(otherFixes('1.2', ['1.2', '1.2']), '');
  assert.equal(otherFixes('1.2', ['1.3', '1.3', '1.4']), ' Others of it are fixed in 1.3, 1.4.');
  assert.equal(otherFixes('1.2', ['1.3', '1.4', '1.5', '1.6', null]), ' Others of it are fixed in 1.3, 1.4, 1.5 and later. 1 other has no known fix.');
  assert.equal(otherFixes(null, [null, '2']), ' Others of it are fixed in 2.');
});

test('a sensor that was told to look at a part never sees all', () => {
  assert.equal(sensorPercent(sensor, undefined), 100);
  for (const change of [{ scopeCgroup: '/x' }, { enforcement: { mechanism: 'none', reason: null } }, { policyProblems: ['p'] }, { ruleProblems: ['r'] }]) assert.equal(sensorPercent({ ...sensor, coverage: { ...coverageReport, ...change } }, undefined), 99);
});

test('durations and counts in words', () => {
  assert.deepEqual([30, 600, 36_000, 400_000].map(duration), ['30 s', '10 min', '10 h', '5 days']);
  assert.deepEqual([0, 1, 2].map((count) => plural(count, 'batch', 'batches')), ['0 batches', '1 batch', '2 batches']);
});

/** Every gap that counts something, with that count. */
function gapsWith(count: number): readonly Gap[] {
  const states_: ContainerStates = { ...states, living: count * 5, pending: count, image_unknown: count, unscanned: count, with_problems: count, unwatched: count };
  const dropped = ['telemetry-dropped', 'context-dropped', 'batch-rejected', 'record-rejected'].map((kind) => ({ kind, what: 'the spool was full', node_id: 'n', hostname: 'h', count, last_at: now }));
  const counting: SensorShape = { ...sensor, lost_recently: count, certificate_expires_at: now, coverage: { ...coverageReport, detectionsPendingIdentity: count, ruleProblems: Array.from({ length: count }, (_, index) => `rule ${index}`) } };
  const feed = { ...facts.feeds[0]!, rejected: count };
  return coverageOf({
    ...facts, sensors: [counting, { ...sensor, id: 's2', connected: false }], containers: [states_], dropped, feeds: [feed],
    unknownRecords: [{ field: 7, count, hostname: 'h', node_id: 'n' }], unfedEcosystems: [{ ecosystem: 'Go', packages: count }],
  }).gaps;
}

test('sentences count in the right form, and carry no moment as text', () => {
  for (const { what, why, action } of gapsWith(1)) assert.doesNotMatch(`${what} ${why}`, /\b1 (running )?\w+s (?!which)\b|\b1 \w+ (were|have|are)\b/, `${what} ${why} ${action ?? ''}`);
  for (const { what, why } of gapsWith(2)) assert.doesNotMatch(`${what} ${why}`, /\b2 (running )?(record|container|batch|thing|rule|detection|advisory|package)\b|\b2 \w+ (was|has|is)\b/, `${what} ${why}`);
  for (const gap of gapsWith(3)) assert.doesNotMatch(`${gap.what} ${gap.why} ${gap.action ?? ''}`, /\d{4}-\d\d-\d\dT/);
  assert.ok(gapsWith(1).length > 12);
  assert.deepEqual(gapsWith(1).find((gap) => gap.kind === 'away')?.at, now, 'a moment is a field of its own');
});

test('what hooks miss by their nature is told beside the percentage, each once', () => {
  const hooks = [
    { eventClass: 'open', hook: 'a', attached: true, reason: null, misses: 'io_uring' }, { eventClass: 'open', hook: 'b', attached: true, reason: null, misses: 'io_uring' },
    { eventClass: 'accept', hook: 'c', attached: true, reason: null, misses: 'io_uring' }, { eventClass: 'file', hook: 'd', attached: false, reason: 'no LSM', misses: 'not said of a hook that is not there' },
  ];
  const { view } = coverageOf({ ...facts, sensors: [{ ...sensor, coverage: { ...coverageReport, hooks } }, { ...sensor, id: 's2', coverage: { ...coverageReport, hooks: hooks.slice(0, 1) } }, { ...sensor, id: 's3', connected: false }] });
  assert.deepEqual(view.unhooked, [{ eventClasses: ['open', 'accept'], what: 'io_uring', sensors: 2 }]);
  assert.deepEqual(coverageOf({ ...facts, sensors: [{ ...sensor, coverage: { ...coverageReport, hooks: hooks.slice(0, 3) } }] }).view.percent, 100);
});
