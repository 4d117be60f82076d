/** Rows of playbooks and runs → what people see of them. */
import { scopeFor, scopeHolds, type Grant, type Permission } from '@vedette/model/access';
import type { EffectView, PlaybookView, ResponseStepView, ResponseView } from '@vedette/model/api/responses';
import { stepNatures, type ApproverRole, type Playbook } from '@vedette/model/playbook';
import { reportedState } from '@vedette/model/playbook-words';
import type { PlaybookRow } from '../store/playbooks.ts';
import type { ResponseEffectShape, ResponseShape } from '../store/read-responses.ts';
import { playbookOf } from './engine.ts';
import { planStep } from './plan.ts';
import type { ResponseFacts } from '@vedette/policy/playbook-facts';
import type { Subject } from './subject.ts';

export interface Person {
  readonly name: string;
  readonly grants: readonly Grant[];
}

export function playbookView(row: PlaybookRow): PlaybookView {
  const playbook = playbookOf(row.yaml);
  if (playbook === undefined) throw new Error(`the stored playbook ${row.name} cannot be read`);
  const { trigger, steps, blastRadius, dryRun } = playbook.spec;
  return {
    name: row.name, yaml: row.yaml, description: row.description, trigger: trigger.on, when: trigger.when, mode: row.mode, modeSince: row.mode_since.toISOString(), generation: row.generation, shipped: row.shipped && !row.edited,
    steps: steps.map((one) => ({ name: one.name, kind: one.kind, approver: one.approval?.by ?? null, doer: stepNatures[one.kind].doer, undo: stepNatures[one.kind].undo, dryRun: dryRun || one.dryRun })),
    ...blastRadius, updatedAt: row.updated_at.toISOString(), updatedBy: row.updated_by,
  };
}

/** The permission that only this role and those above it have. */
const permissionOf: Readonly<Record<ApproverRole, Permission>> = { analyst: 'triage', operator: 'policy', admin: 'admin' };

/** Null: the person may decide. */
export function whyNotDecide(run: Pick<ResponseShape, 'cluster_id' | 'namespace' | 'started_by'>, approval: { by: ApproverRole; notStarter: boolean }, person: Person): string | null {
  if (!scopeHolds(scopeFor(person.grants, permissionOf[approval.by]), run.cluster_id, run.namespace)) return `only the role ${approval.by}, or a higher one, may decide this here`;
  return approval.notStarter && run.started_by === person.name ? 'you started this run, and somebody else has to approve it' : null;
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

function effectView(effect: ResponseEffectShape, undo: ResponseEffectShape | undefined): EffectView {
  const { id, kind, doer, target, state, detail, attempts } = effect;
  const isTakenBack = undo !== undefined && undo.state !== 'failed' && undo.state !== 'refused';
  return {
    id, kind, doer, target, state, detail, attempts, evidence: effect.evidence ?? null, dryRun: effect.dry_run, wantedAt: effect.wanted_at.toISOString(), askedAt: iso(effect.asked_at), endedAt: iso(effect.ended_at),
    later: effect.later.map((one) => ({ state: reportedState(one.state), detail: one.detail, at: one.at })),
    canUndo: stepNatures[kind].undo && state === 'applied' && !effect.dry_run && !isTakenBack,
    undo: undo === undefined ? null : { state: undo.state, detail: undo.detail, evidence: undo.evidence ?? null, by: undo.requested_by, wantedAt: undo.wanted_at.toISOString(), endedAt: iso(undo.ended_at) },
  };
}

export function responseView(run: ResponseShape, person: Person): ResponseView {
  const playbook = playbookOf(run.yaml);
  const steps = run.steps.map((one): ResponseStepView => ({
    number: one.number, name: one.name, kind: one.kind, state: one.state, reason: one.reason, approver: one.approver, decision: one.decision, decidedBy: one.decided_by, decidedAt: iso(one.decided_at), beganAt: iso(one.began_at), deadline: iso(one.deadline), endedAt: iso(one.ended_at),
    effects: run.effects.filter((effect) => effect.step === one.number && !effect.undo).map((effect) => effectView(effect, run.effects.find((undo) => undo.id === effect.id && undo.undo))),
  }));
  const subject = run.subject as unknown as Subject;
  return {
    id: String(run.id), playbook: run.playbook, title: run.title, trigger: run.trigger_kind, triggerId: run.trigger_id, cluster: run.cluster_name, clusterId: run.cluster_id, namespace: run.namespace, workload: subject.workload?.name ?? null,
    dryRun: run.dry_run, state: run.state, reason: run.reason, startedBy: run.started_by, createdAt: run.created_at.toISOString(), endedAt: iso(run.ended_at), steps,
    waiting: playbook === undefined ? null : waitingOf(run, playbook, subject, person),
  };
}

function waitingOf(run: ResponseShape, playbook: Playbook, subject: Subject, person: Person): ResponseView['waiting'] {
  const held = run.state === 'waiting' ? run.steps.find((one) => one.state === 'waiting' && one.decision === null) : undefined;
  const step = held === undefined ? undefined : playbook.spec.steps[held.number];
  if (held === undefined || step?.approval == null) return null;
  const whyNot = whyNotDecide(run, step.approval, person);
  const { effects } = planStep(playbook, step, { key: run.dedupe, runId: String(run.id), title: run.title, facts: run.facts as ResponseFacts, subject });
  return { step: held.number, name: step.name, approver: step.approval.by, mayDecide: whyNot === null, whyNot, targets: effects.map((one) => one.target) };
}
