/**
 * A step and what the run is about → its effects, each with an id that is the same whenever it is planned: SHA-256 of the run's key, the step and
 * the target. Also what a person is shown before anything happens, and whether the limit of what may be touched is kept.
 */
import { createHash } from 'node:crypto';
import type { Playbook, PlaybookStep, StepKind } from '@vedette/model/playbook';
import { stepNatures } from '@vedette/model/playbook';
import { fillFor } from '@vedette/policy/playbook';
import type { ResponseFacts } from '@vedette/policy/playbook-facts';
import { targetsOf, type Subject, type Target } from './subject.ts';

/** What is to be done, as it is stored and sent: nothing is looked up any more. */
export type EffectOrder =
  | { readonly kind: 'kill'; readonly containerId: string; readonly tgid: number; readonly startBootNs: string }
  | { readonly kind: 'freeze'; readonly containerId: string }
  | { readonly kind: 'isolate-container'; readonly containerId: string; readonly allowCidrs: readonly string[] }
  | { readonly kind: 'isolate-pod'; readonly namespace: string; readonly pod: string; readonly podUid: string }
  | { readonly kind: 'scale-to-zero'; readonly namespace: string; readonly workloadKind: string; readonly workload: string }
  | { readonly kind: 'roll-back'; readonly namespace: string; readonly workloadKind: string; readonly workload: string; readonly badDigests: readonly string[] }
  | { readonly kind: 'artifactory-property'; readonly integration: string; readonly reference: string; readonly digests: readonly string[]; readonly property: string; readonly value: string }
  | { readonly kind: 'webhook'; readonly integration: string; readonly subject: string; readonly data: Readonly<Record<string, unknown>> }
  | { readonly kind: 'slack'; readonly integration: string; readonly text: string }
  | { readonly kind: 'email'; readonly integration: string; readonly to: readonly string[]; readonly subject: string; readonly text: string };

export interface PlannedEffect {
  readonly id: string;
  readonly kind: StepKind;
  readonly doer: 'sensor' | 'cluster' | 'hub';
  readonly nodeId: string | null;
  readonly target: string;
  readonly order: EffectOrder;
}

export interface About {
  /** The run's key: the same event, playbook and place have the same. */
  readonly key: string;
  readonly runId: string;
  readonly title: string;
  readonly facts: ResponseFacts;
  readonly subject: Subject;
}

export function effectId(runKey: string, step: string, target: string): string {
  return createHash('sha256').update(JSON.stringify([runKey, step, target])).digest('hex').slice(0, 32);
}

/** Empty with a reason: nothing it could act on. */
export function planStep(playbook: Playbook, step: PlaybookStep, about: About): { readonly effects: readonly PlannedEffect[]; readonly reason: string | null } {
  const targets = targetsOf(step.kind, about.subject, step.kind === 'kill' ? step.with.what : 'process');
  if (typeof targets === 'string') return { effects: [], reason: targets };
  const { doer } = stepNatures[step.kind];
  const effects = targets.map((target) => ({ id: effectId(about.key, step.name, target.key), kind: step.kind, doer, nodeId: doer === 'sensor' ? target.nodeId : null, target: target.words, order: orderOf(playbook, step, target, about) }));
  return { effects, reason: null };
}

function orderOf(playbook: Playbook, step: PlaybookStep, target: Target, about: About): EffectOrder {
  const { subject, facts } = about;
  const containerId = target.subject?.containerId ?? '';
  const workload = { namespace: subject.namespace ?? '', workloadKind: subject.workload?.kind ?? '', workload: subject.workload?.name ?? '' };
  switch (step.kind) {
    case 'kill': {
      const whole = step.with.what === 'container' || subject.process === null;
      return { kind: 'kill', containerId: whole ? containerId : (subject.process?.containerId ?? ''), tgid: whole ? 0 : (subject.process?.tgid ?? 0), startBootNs: whole ? '0' : (subject.process?.startBootNs ?? '0') };
    }
    case 'freeze':
      return { kind: 'freeze', containerId };
    case 'isolate-container':
      return { kind: 'isolate-container', containerId, allowCidrs: step.with.allowCidrs };
    case 'isolate-pod':
      return { kind: 'isolate-pod', namespace: target.subject?.namespace ?? '', pod: target.subject?.pod ?? '', podUid: target.subject?.podUid ?? '' };
    case 'scale-to-zero':
      return { kind: 'scale-to-zero', ...workload };
    case 'roll-back':
      return { kind: 'roll-back', ...workload, badDigests: subject.image?.digests ?? [] };
    case 'artifactory-property':
      return { kind: 'artifactory-property', integration: step.with.integration, reference: subject.image?.reference ?? '', digests: subject.image?.digests ?? [], property: step.with.property, value: fillFor(playbook, step.with.value, facts) };
    case 'webhook':
      return { kind: 'webhook', integration: step.with.integration, subject: about.title, data: { run: about.runId, playbook: playbook.metadata.name, trigger: playbook.spec.trigger.on, title: about.title, facts, cluster: { id: subject.clusterId, name: subject.clusterName } } };
    case 'slack':
      return { kind: 'slack', integration: step.with.integration, text: fillFor(playbook, step.with.text, facts) };
    case 'email':
      return { kind: 'email', integration: step.with.integration, to: step.with.to, subject: fillFor(playbook, step.with.subject, facts), text: fillFor(playbook, step.with.text, facts) };
    default:
      return step satisfies never;
  }
}

/** Why this run would touch more than the playbook allows; null: it does not. Messages touch nothing. */
export function tooMuch(playbook: Playbook, about: About): string | null {
  const { maxTargets } = playbook.spec.blastRadius;
  for (const step of playbook.spec.steps) {
    if (stepNatures[step.kind].tells) continue;
    const { length } = planStep(playbook, step, about).effects;
    if (length > maxTargets) return `the step ${step.name} would act on ${length}, and the playbook allows ${maxTargets} (blastRadius.maxTargets): nothing was done`;
  }
  return null;
}
