/** Rows of baselines as their views, and the sentences about where nobody looked. Pure. */
import type { BaselineDetailView, BaselineView, BehaviourView } from '@vedette/model/api/baselines';
import { baselineStates, blindReasons, type BlindReason } from '@vedette/model/baseline-words';
import { enforcementOf } from '@vedette/policy/baseline/enforcement';
import { behaviourText, nearbySentence } from '@vedette/policy/baseline/nearby';
import type { BaselineShape, BehaviourShape, BlindShape } from '../store/read-baselines.ts';

const stateOf = (text: string): BaselineView['state'] => baselineStates.find((one) => one === text) ?? 'learn';
const reasonOf = (text: string): BlindReason => blindReasons.find((one) => one === text) ?? 'not-watched';
const orNull = (text: string): string | null => (text === '' ? null : text);

export function baselineView(row: BaselineShape): BaselineView {
  return {
    id: String(row.id), cluster: row.cluster_id, clusterName: row.cluster_name, namespace: orNull(row.namespace), workloadKind: orNull(row.workload_kind), workload: row.workload, hostname: row.hostname,
    image: row.image, platformDigest: row.platform_digest, state: stateOf(row.state), stateAt: row.state_at.toISOString(), stateBy: row.state_by, createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(), generation: row.generation, counts: { execution: row.executions, file: row.files, peer: row.peers, capability: row.capabilities }, outside: row.outside,
    watchedSeconds: row.watched_seconds, watchedUntil: row.watched_until?.toISOString() ?? null, quietSeconds: row.quiet_seconds, learnHours: row.learn_hours, wholeStart: row.whole_start,
    blind: { intervals: row.blind_intervals, seconds: row.blind_seconds, reasons: row.blind_reasons.map(reasonOf) }, cut: row.cut, runs: row.runs,
  };
}

function behaviourView(row: BehaviourShape): BehaviourView {
  const standing = row.standing === 'written' || row.standing === 'outside' ? row.standing : 'learned';
  return { key: row.key, text: behaviourText(row.behaviour), behaviour: row.behaviour, standing, program: row.program, firstSeen: row.first_seen.toISOString(), containerId: row.container_id, hostname: row.hostname };
}

export interface BaselineParts {
  readonly row: BaselineShape;
  readonly behaviours: readonly BehaviourShape[];
  readonly blind: readonly BlindShape[];
  readonly history: readonly { readonly at: Date; readonly state: string; readonly actor: string; readonly reason: string }[];
}

export function baselineDetailView({ row, behaviours, blind, history }: BaselineParts): BaselineDetailView {
  const own = behaviours.filter((one) => one.standing !== 'outside');
  const learned = own.map((one) => one.behaviour);
  const outside = behaviours.filter((one) => one.standing === 'outside').toSorted((a, b) => b.first_seen.getTime() - a.first_seen.getTime());
  const { stops, cannotStop, origins } = enforcementOf(learned);
  return {
    ...baselineView(row),
    behaviours: own.map(behaviourView),
    outsideBehaviours: outside.map((one) => ({ ...behaviourView(one), expected: nearbySentence(one.behaviour, learned) })),
    blindIntervals: blind.map((one) => ({ reason: reasonOf(one.reason), sentence: blindSentence(one), since: one.since.toISOString(), until: one.until.toISOString(), count: one.count, containerId: one.container_id })),
    history: history.map(({ at, state, actor, reason }) => ({ at: at.toISOString(), state: stateOf(state), by: actor, reason })),
    enforcement: { possible: origins.length > 0, stops: [...stops], cannotStop: cannotStop.map((one) => ({ ...one })) },
  };
}

export function blindSentence({ reason, count, detail }: Pick<BlindShape, 'reason' | 'count' | 'detail'>): string {
  const word = reasonOf(reason);
  switch (word) {
    case 'started-before':
      return 'The container ran before its sensor looked: its start was not seen';
    case 'not-watched':
      return 'No sensor watched the container: it was stopped, or the host was without one';
    case 'records-lost':
      return `${count} records of the container were lost in the kernel`;
    case 'telemetry-dropped':
      return `The sensor could not store ${count} records, of any of its containers`;
    case 'hook-missing':
      return `This kernel has no hook for behaviour of the kind ${detail}`;
    case 'identity-pending':
      return `${count} times something was seen while nobody knew whose container it is, and there was no room to keep it`;
    case 'bound-met':
      return `${count} times something new was seen for which there was no room`;
    default:
      return word satisfies never;
  }
}

/** What whoever reads an export should know of it. */
export function exportRemarks(row: BaselineShape, blind: readonly BlindShape[]): string[] {
  const hours = (seconds: number): string => (seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);
  return [
    `Learned behaviour of ${row.namespace === '' ? row.workload : `${row.namespace}/${row.workload}`}. Edit it and put it back: vedette baselines apply FILE.`,
    `Watched for ${hours(row.watched_seconds)}${row.whole_start ? ', once from its first process on without loss' : '; no start was seen whole'}.`,
    ...(row.cut > 0 ? [`Something new was seen ${row.cut} times for which there was no room: this is not everything.`] : []),
    ...blind.slice(0, 20).map((one) => `Not seen from ${one.since.toISOString()} to ${one.until.toISOString()}: ${blindSentence(one)}.`),
    ...(row.blind_intervals > 20 ? [`And ${row.blind_intervals - 20} more such times.`] : []),
  ];
}

