/**
 * What is not seen, and why: from the sensors' last reports, the state of containers, what was dropped, and the feeds.
 * Pure: rows in, gaps and percentages out. A percentage is a share of what the hooks can see, and with any gap it is
 * never 100; a sensor that is away sees nothing, and neither does a node without one. What a hook is known to miss by its nature is told beside the percentage,
 * never inside it: nothing counts what nobody sees.
 */
import type { CoverageView, FeedView } from '@vedette/model/api/views';
import type { ContainerStates } from '../store/read-risk.ts';
import type { GapShape, SensorShape } from '../store/read-fleet.ts';
import type { ClusterShape, UnwatchedNode } from '../store/read-clusters.ts';
import type { FailedOpenShape } from '../store/read-admissions.ts';
import { canaryAlarms, canaryStates, type CanaryPatience } from './canaries.ts';
import { clusterGaps, failedOpenGaps } from './cluster-gaps.ts';
import { feedContentOldDays, feedOldDays } from './weights.ts';
import { be, have, plural, was } from '@vedette/model/words';

export type GapKind = 'no-sensor' | 'away' | 'hook' | 'loss' | 'dropped' | 'enforcement' | 'policy' | 'rule' | 'scope' | 'clock' | 'certificate' | 'container' | 'inventory' | 'contract' | 'feed' | 'silent-cluster' | 'unwatched-node' | 'watch' | 'admission' | 'canary';

export interface Gap {
  readonly kind: GapKind;
  readonly what: string;
  readonly why: string;
  readonly action: string | null;
  readonly node: string | null;
  readonly hostname: string | null;
  /** When it was last so, where that is known. */
  readonly at: Date | null;
}

export interface CoverageFacts {
  readonly now: Date;
  readonly canaryGraceMs: number;
  readonly sensors: readonly SensorShape[];
  /** False for who sees namespaces only: a host is then known by what runs on it. */
  readonly seesHosts: boolean;
  readonly containers: readonly ContainerStates[];
  readonly clusters: readonly ClusterShape[];
  /** Nodes of Kubernetes without a sensor. */
  readonly unwatchedNodes: readonly UnwatchedNode[];
  /** What admission let in without having judged it. */
  readonly failedOpen: readonly FailedOpenShape[];
  readonly dropped: readonly GapShape[];
  readonly unknownRecords: readonly { readonly field: number; readonly count: number; readonly hostname: string; readonly node_id: string }[];
  readonly feeds: readonly FeedView[];
  readonly feedProblem: string | null;
  /** Something was matched before the store went away. */
  readonly wasMatched: boolean;
  readonly unfedEcosystems: readonly { readonly ecosystem: string; readonly packages: number }[];
}

export const nothingKnown = 'No vulnerabilities are known';
const nothingNew = 'Newer vulnerabilities are not known';
const gapsMax = 500;
const unknownContainersWeight = 0.2;
const clockSkewMsMax = 5000;
const certificateHoursMin = 6;

const droppedWords: Record<string, { what: (gap: GapShape) => string; action: string | null }> = {
  'telemetry-dropped': { what: (gap) => `${plural(gap.count, 'record')} of ${gap.hostname} ${was(gap.count)} dropped before reaching this hub`, action: 'Look at why the hub was away, or give the sensor a larger spool.' },
  'context-dropped': { what: (gap) => `The sensor of ${gap.hostname} forgot ${plural(gap.count, 'thing')} it knew`, action: null },
  'batch-rejected': { what: (gap) => `${plural(gap.count, 'batch', 'batches')} of ${gap.hostname} could not be used`, action: 'Compare the versions of sensor and hub, and report this with the log of the hub.' },
  'record-rejected': { what: (gap) => `${plural(gap.count, 'record')} of ${gap.hostname} could not be used`, action: 'Compare the versions of sensor and hub, and report this with the log of the hub.' },
};

function classesOf(sensor: SensorShape): Map<string, { attached: boolean; reasons: string[] }> {
  const classes = new Map<string, { attached: boolean; reasons: string[] }>();
  for (const hook of sensor.coverage?.hooks ?? []) {
    const one = classes.get(hook.eventClass) ?? { attached: false, reasons: [] };
    classes.set(hook.eventClass, one);
    if (hook.attached) one.attached = true;
    else one.reasons.push(`${hook.hook}: ${hook.reason ?? 'no reason given'}`);
  }
  return classes;
}

/** The share of what the kernel shows; containers that lack identity or a package list take up to a fifth of it. */
export function sensorPercent(sensor: SensorShape, containers: ContainerStates | undefined): number {
  if (!sensor.connected || sensor.coverage === null) return 0;
  const classes = [...classesOf(sensor).values()];
  const seen = classes.length === 0 ? 0 : classes.filter((one) => one.attached).length / classes.length;
  const lost = sensor.lost_recently;
  // How much was lost on a host is told to those who see all of it; that something was, to all whom it may concern.
  const kept = lost === 0 ? 1 : sensor.whole ? Math.min(0.99, sensor.coverage.eventsSeen / (sensor.coverage.eventsSeen + lost)) : 0.99;
  const unknown = containers === undefined || containers.living === 0 ? 0 : (containers.pending + containers.unscanned) / containers.living;
  const percent = Math.round(1000 * seen * kept * (1 - unknownContainersWeight * unknown)) / 10;
  return sensor.whole && isLimited(sensor.coverage) ? Math.min(percent, 99) : percent;
}

/** What the sensor was told not to look at, or cannot use: no hook is missing, and yet it is not everything. */
function isLimited({ scopeCgroup, enforcement, policyProblems, ruleProblems }: NonNullable<SensorShape['coverage']>): boolean {
  return scopeCgroup !== null || enforcement.mechanism === 'none' || policyProblems.length + ruleProblems.length > 0;
}

export function coverageOf(facts: CoverageFacts): { view: CoverageView; gaps: Gap[] } {
  const byNode = new Map(facts.containers.map((one) => [one.node_id, one]));
  const gaps = [
    ...(facts.sensors.length === 0 ? [facts.seesHosts ? noSensor : nothingRuns] : []),
    ...clusterGaps(facts.clusters, facts.unwatchedNodes),
    ...failedOpenGaps(facts.failedOpen),
    ...facts.sensors.flatMap((sensor) => (sensor.whole ? sensorGaps(sensor, facts.now) : gapsUnder(sensor))),
    ...facts.sensors.filter((sensor) => sensor.whole).flatMap((sensor) => canaryGaps(sensor, { now: facts.now, graceMs: facts.canaryGraceMs })),
    ...facts.dropped.map(droppedGap),
    ...facts.containers.flatMap(containerGaps),
    ...facts.unknownRecords.map((one) => gapAt(one, 'contract', `${plural(one.count, 'record')} of ${one.hostname} ${be(one.count)} of a kind this hub does not know (${one.field})`, 'The sensor is newer than the hub.', 'Update the hub.')),
    ...feedGaps(facts),
  ];
  const percents = [...facts.sensors.map((sensor) => sensorPercent(sensor, byNode.get(sensor.node_id))), ...facts.unwatchedNodes.map(() => 0)];
  const mean = percents.length === 0 ? 0 : percents.reduce((sum, one) => sum + one, 0) / percents.length;
  const percent = gaps.length > 0 ? Math.min(mean, 99) : mean;
  return {
    gaps,
    view: {
      percent: Math.floor(percent * 10) / 10,
      gaps: gaps.slice(0, gapsMax).map(({ what, why, action, node, at }) => ({ what, why, action, node: facts.seesHosts ? node : null, at: at?.toISOString() ?? null })),
      unhooked: unhooked(facts.sensors),
      sensorsConnected: facts.sensors.filter((sensor) => sensor.connected).length,
      sensorsTotal: facts.sensors.length,
      recordsLost: facts.sensors.some((sensor) => !sensor.whole && sensor.lost_recently > 0) ? null : facts.sensors.reduce((sum, sensor) => sum + sensor.lost_recently, 0),
    },
  };
}

const noSensor: Gap = {
  kind: 'no-sensor',
  what: 'No host is seen',
  why: 'No sensor has joined this hub.',
  action: 'Make a join token on the Fleet page and run the command it shows on the host.',
  node: null,
  hostname: null,
  at: null,
};

const nothingRuns: Gap = {
  kind: 'no-sensor',
  what: 'Nothing is known to run in what you may see',
  why: 'No container of these namespaces runs on a host with a sensor, as far as it is known.',
  action: null,
  node: null,
  hostname: null,
  at: null,
};

/** What of a host's sensor concerns who sees only some of what runs there: whether it is seen, not how the host is. */
function gapsUnder(sensor: SensorShape): Gap[] {
  const here = { ...sensor, node_id: null };
  const host = sensor.hostname;
  if (!sensor.connected || sensor.coverage === null) return [gapAt(here, 'away', `What runs on ${host} is not seen now`, 'Its sensor is not connected or has not reported.', 'Ask who keeps this cluster.', sensor.last_seen_at)];
  const gaps = [...classesOf(sensor)].filter(([, state]) => !state.attached).map(([eventClass]) => gapAt(here, 'hook', `Events of class ${eventClass} are not seen on ${host}`, 'This host has no hook for them.', null));
  if (sensor.lost_recently > 0) gaps.push(gapAt(here, 'loss', `Records were lost on ${host} within the last hour`, 'What is shown of it may be incomplete.', 'Ask who keeps this cluster.'));
  return gaps;
}

/** What the attached hooks of connected sensors say they miss, each once: the most widespread first. */
function unhooked(sensors: readonly SensorShape[]): CoverageView['unhooked'] {
  const misses = new Map<string, { eventClasses: Set<string>; sensors: Set<string> }>();
  for (const sensor of sensors) {
    if (!sensor.connected) continue;
    for (const hook of sensor.coverage?.hooks ?? []) {
      if (!hook.attached || hook.misses === null) continue;
      const one = misses.get(hook.misses) ?? { eventClasses: new Set<string>(), sensors: new Set<string>() };
      misses.set(hook.misses, one);
      one.eventClasses.add(hook.eventClass);
      one.sensors.add(sensor.id);
    }
  }
  return [...misses].map(([what, one]) => ({ eventClasses: [...one.eventClasses], what, sensors: one.sensors.size })).sort((a, b) => b.sensors - a.sensors).slice(0, gapsMax);
}

function gapAt(place: { readonly node_id: string | null; readonly hostname: string }, kind: GapKind, what: string, why: string, action: string | null, at: Date | null = null): Gap {
  return { kind, what, why, action, node: place.node_id, hostname: place.hostname, at };
}

function sensorGaps(sensor: SensorShape, now: Date): Gap[] {
  const host = sensor.hostname;
  if (!sensor.connected) {
    const heard = sensor.last_seen_at === null ? 'Its sensor has joined, but never reported.' : 'Its sensor is not connected.';
    return [gapAt(sensor, 'away', `${host} is not seen now`, heard, 'Check that the sensor runs on this host and reaches the hub.', sensor.last_seen_at)];
  }
  if (sensor.coverage === null) return [gapAt(sensor, 'away', `What ${host} sees is not known yet`, 'Its sensor is connected and has not reported its coverage.', null)];
  const { coverage } = sensor;
  const gaps: Gap[] = [];
  for (const [eventClass, state] of classesOf(sensor)) {
    if (!state.attached) gaps.push(gapAt(sensor, 'hook', `Events of class ${eventClass} are not seen on ${host}`, state.reasons.join('; '), null));
  }
  if (sensor.lost_recently > 0) {
    const causes = [...new Set(coverage.losses.filter((loss) => loss.count > 0).map((loss) => `${loss.eventClass}: ${loss.cause}`))];
    gaps.push(gapAt(sensor, 'loss', `${plural(sensor.lost_recently, 'record')} ${was(sensor.lost_recently)} lost on ${host} within the last hour`, causes.join('; ') || 'The sensor did not say why.', 'Look for what floods this host; a larger ring helps against short bursts.'));
  }
  if (coverage.enforcement.mechanism === 'none') gaps.push(gapAt(sensor, 'enforcement', `Nothing can be refused or killed on ${host}`, coverage.enforcement.reason ?? 'The sensor did not say why.', null));
  for (const problem of coverage.policyProblems) gaps.push(gapAt(sensor, 'policy', `A policy is not in force on ${host}`, problem, 'Change the policy, or accept that this host does not hold it.'));
  if (coverage.ruleProblems.length > 0) gaps.push(gapAt(sensor, 'rule', `${plural(coverage.ruleProblems.length, 'rule')} cannot fire on ${host}`, coverage.ruleProblems.slice(0, 3).join('; '), null));
  if (coverage.scopeCgroup !== null) gaps.push(gapAt(sensor, 'scope', `Only a part of ${host} is watched`, `The sensor was started for ${coverage.scopeCgroup} alone.`, 'Start it without --cgroup to watch the whole host, or know that the rest is not seen.'));
  if (coverage.detectionsPendingIdentity > 0) {
    const pending = coverage.detectionsPendingIdentity;
    gaps.push(gapAt(sensor, 'container', `${plural(pending, 'detection')} on ${host} ${was(pending)} decided before the container was known`, 'Exceptions by image or name could not be applied.', null));
  }
  if (sensor.clock_skew_ms !== null && Math.abs(sensor.clock_skew_ms) > clockSkewMsMax) {
    gaps.push(gapAt(sensor, 'clock', `The clock of ${host} is ${Math.round(Math.abs(sensor.clock_skew_ms) / 1000)} s off`, 'Times of its events are wrong by that.', 'Synchronise the clock of this host.'));
  }
  const expires = sensor.certificate_expires_at;
  if (expires !== null && expires.getTime() - now.getTime() < certificateHoursMin * 3_600_000) {
    gaps.push(gapAt(sensor, 'certificate', `The certificate of ${host} ends soon`, 'It should have been renewed by now. Without it the sensor can no longer report.', 'Look into the log of the sensor for why it is not renewed.'));
  }
  return gaps;
}

/** What the canaries do not bring: told of a sensor that is away too, since an uplink can be open and bring nothing. */
function canaryGaps(sensor: SensorShape, patience: CanaryPatience): Gap[] {
  const states = canaryStates(sensor, patience);
  const { missing, silent } = canaryAlarms(states);
  const gaps: Gap[] = [];
  if (silent) {
    const why = states.overdue ? 'The harmless acts that it does to show that it works have not arrived in their time.' : `Its last round was not done: ${states.problem}.`;
    gaps.push(gapAt(sensor, 'canary', `No canary of ${sensor.hostname} arrives`, why, 'Look whether the sensor runs on this host and reaches the hub; its log says what it could not do.', states.at));
  }
  for (const one of missing) {
    gaps.push(gapAt(sensor, 'canary', `The canary of class ${one.eventClass} does not arrive from ${sensor.hostname}`, `${sentenceOf(one.reason ?? 'it was done, and did not arrive')} Events of this class are not seen on this host.`, 'Start the sensor of this host again; if it stays, its hook does not work on this kernel.', one.seenAt));
  }
  return gaps;
}

function sentenceOf(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function droppedGap(gap: GapShape): Gap {
  const words = droppedWords[gap.kind];
  const what = words === undefined ? `${gap.count} × ${gap.kind} on ${gap.hostname}` : words.what(gap);
  return gapAt(gap, 'dropped', what, `${gap.what.slice(0, 1).toUpperCase()}${gap.what.slice(1)}.`, words?.action ?? null, gap.last_at);
}

function containerGaps(state: ContainerStates): Gap[] {
  const gaps: Gap[] = [];
  const host = state.hostname;
  if (state.pending > 0) gaps.push(gapAt(state, 'container', `${plural(state.pending, 'container')} on ${host} ${have(state.pending)} no identity yet`, `The container runtime has not said what ${state.pending === 1 ? 'it is' : 'they are'}.`, 'If this stays, check that the sensor reaches the runtime.'));
  if (state.unscanned > 0) {
    gaps.push(gapAt(state, 'inventory', `The packages of ${plural(state.unscanned, 'container')} on ${host} are not known`, `Not scanned yet: ${state.examples.join(', ')}${state.unscanned > state.examples.length ? ' and others' : ''}.`, 'Wait for the scan; if it does not come, look at the container for why.'));
  }
  if (state.image_unknown > 0) gaps.push(gapAt(state, 'container', `The image of ${plural(state.image_unknown, 'container')} on ${host} is not known`, `The runtime did not say which image ${state.image_unknown === 1 ? 'it was' : 'they were'} made from.`, null));
  if (state.with_problems > 0) gaps.push(gapAt(state, 'inventory', `The package list of ${plural(state.with_problems, 'container')} on ${host} may be incomplete`, 'Something could not be read; the container says what.', null));
  if (state.unwatched > 0) gaps.push(gapAt(state, 'container', `What ${plural(state.unwatched, 'container')} on ${host} ${state.unwatched === 1 ? 'loads' : 'load'} is not watched`, 'The packages are known, but the sensor has not reported loading.', null));
  return gaps;
}

const dayMs = 86_400_000;

function feedGaps(facts: CoverageFacts): Gap[] {
  const nowhere = { node: null, hostname: null, at: null };
  if (facts.feedProblem !== null || facts.feeds.length === 0) {
    const why = `${facts.feedProblem ?? 'No feed is in the advisory store.'}${facts.wasMatched ? ' What was known before is still shown.' : ''}`;
    return [{ kind: 'feed', what: facts.wasMatched ? nothingNew : nothingKnown, why, action: 'Bring advisories in: the Advisories page has the command.', ...nowhere }];
  }
  const gaps: Gap[] = [];
  for (const feed of facts.feeds) {
    const days = Math.floor((feed.ageSeconds * 1000) / dayMs);
    if (days >= feedOldDays) gaps.push({ kind: 'feed', what: `The advisories for ${feed.ecosystem} are ${days} days old`, why: 'Newer vulnerabilities are not known.', action: 'Bring newer advisories in: the Advisories page has the command.', ...nowhere });
    const newestDays = feed.newest === null ? 0 : Math.floor((facts.now.getTime() - Date.parse(feed.newest)) / dayMs);
    if (days < feedOldDays && newestDays >= feedContentOldDays) gaps.push({ kind: 'feed', what: `Nothing in the advisories for ${feed.ecosystem} is newer than ${newestDays} days`, why: 'They were read lately, but from an old copy: what became known since is not in it.', action: 'Bring newer advisories in: the Advisories page has the command.', ...nowhere });
    if (feed.rejected > 0) gaps.push({ kind: 'feed', what: `${plural(feed.rejected, 'advisory', 'advisories')} for ${feed.ecosystem} could not be read`, why: 'The form was not understood.', action: null, ...nowhere });
  }
  for (const { ecosystem, packages } of facts.unfedEcosystems) {
    const name = ecosystem === '' ? 'packages of no known ecosystem' : ecosystem;
    gaps.push({ kind: 'feed', what: `${plural(packages, 'running package')} ${have(packages)} no advisories`, why: `No feed covers ${name}.`, action: ecosystem === '' ? null : `Add the feed for ${ecosystem}.`, ...nowhere });
  }
  return gaps;
}
