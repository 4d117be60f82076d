/** Counts of results by cluster and control → how controls, clusters and frameworks stand. A control stands as its worst result; a framework's requirement as its worst control. */
import type { ControlView, FrameworkView, PostureCountsView } from '@vedette/model/api/posture-views';
import { type Control } from '@vedette/model/control';
import { controlStates, type ControlState, type FrameworkId } from '@vedette/model/control-words';
import { frameworks, requirementsOf } from '@vedette/policy/posture/frameworks';
import type { PostureCountShape, PostureResultShape } from '../store/read-posture.ts';
import type { ControlResultView } from '@vedette/model/api/posture-views';

const keyOf: Readonly<Record<ControlState, keyof PostureCountsView>> = { failed: 'failed', 'no-data': 'noData', accepted: 'accepted', passed: 'passed', 'not-applicable': 'notApplicable' };

export function noCounts(): PostureCountsView {
  return { failed: 0, noData: 0, accepted: 0, passed: 0, notApplicable: 0 };
}

/** Nothing at all was asked: there is no data, and nothing passed. */
export function worst(counts: PostureCountsView): ControlState {
  return controlStates.find((state) => counts[keyOf[state]] > 0) ?? 'no-data';
}

export function countsOf(rows: readonly PostureCountShape[]): PostureCountsView {
  const counts = noCounts();
  for (const { state, n } of rows) counts[keyOf[state]] += n;
  return counts;
}

export function countStates(states: Iterable<ControlState>): PostureCountsView {
  const counts = noCounts();
  for (const state of states) counts[keyOf[state]] += 1;
  return counts;
}

export function controlView(control: Control, rows: readonly PostureCountShape[]): ControlView {
  const { metadata, spec } = control;
  const results = countsOf(rows);
  return {
    name: metadata.name, title: spec.title, severity: spec.severity, category: spec.category, subject: spec.subject, state: worst(results), results,
    requirements: frameworks.flatMap(({ id }) => requirementsOf(control, id).map((requirement) => ({ framework: id, id: requirement }))),
  };
}

/** `1.2.10` after `1.2.9`. */
function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export function frameworkViews(controls: readonly Control[], stateOf: (control: Control) => ControlState): FrameworkView[] {
  return frameworks.map(({ id, title, source, requirements }) => {
    const answering = controls.filter((one) => requirementsOf(one, id).length > 0);
    const named = [...new Set(answering.flatMap((one) => requirementsOf(one, id)))].sort(byNumber);
    return {
      id, title, source, controls: countStates(answering.map(stateOf)),
      requirements: named.map((requirement) => {
        const counts = countStates(answering.filter((one) => requirementsOf(one, id).includes(requirement)).map(stateOf));
        return { id: requirement, about: requirements[requirement] ?? '', state: worst(counts), controls: counts };
      }),
    };
  });
}

export function controlsOf(controls: readonly Control[], framework: FrameworkId | undefined, requirement?: string): Control[] {
  if (framework === undefined) return [...controls];
  return controls.filter((one) => {
    const named = requirementsOf(one, framework);
    return requirement === undefined ? named.length > 0 : named.includes(requirement);
  });
}

export function resultView(row: PostureResultShape, control: Control | undefined): ControlResultView {
  const wasCut = row.cut_off && row.state === 'no-data' && row.known !== 'no-data';
  const since = row.data_at === null ? 'the cluster has never reported' : `no data since ${row.data_at.toISOString()}: the cluster has not reported`;
  const before = row.last_decided === null ? null : { state: row.last_decided, at: row.last_decided_at?.toISOString() ?? null };
  return {
    id: String(row.id), control: row.control, title: control?.spec.title ?? row.control, severity: control?.spec.severity ?? 'low', cluster: row.cluster_id, clusterName: row.cluster_name, namespace: row.namespace,
    type: row.subject_type, name: row.subject_name, state: row.state, reason: wasCut ? since : row.reason, evidence: row.evidence, accepted: row.accepted,
    since: (wasCut ? (row.data_at ?? row.since) : row.since).toISOString(), lastKnown: wasCut ? { state: row.known, at: row.data_at?.toISOString() ?? null } : before,
  };
}
