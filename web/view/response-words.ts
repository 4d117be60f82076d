/** States of runs, steps and effects in words, and how loud each is. */
import type { EffectView, ResponseView } from '@vedette/model/api/responses';
import type { EffectState, RunState, StepKind, StepState, TriggerKind } from '@vedette/model/playbook';

export type Tone = 'good' | 'bad' | 'waits' | 'works' | 'unknown' | 'quiet';

export const runWords: Readonly<Record<RunState, { readonly word: string; readonly tone: Tone }>> = {
  running: { word: 'running', tone: 'works' },
  waiting: { word: 'waits for approval', tone: 'waits' },
  done: { word: 'done', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
  stopped: { word: 'stopped by its limit', tone: 'bad' },
  cancelled: { word: 'cancelled', tone: 'quiet' },
};

export const runSentences: Readonly<Record<RunState, string>> = {
  running: 'is under way',
  waiting: 'waits for an approval',
  done: 'is done',
  failed: 'could not be done whole',
  stopped: 'was stopped by its limit',
  cancelled: 'was cancelled',
};

export const stepWords: Readonly<Record<StepState, { readonly word: string; readonly tone: Tone }>> = {
  pending: { word: 'to come', tone: 'quiet' },
  waiting: { word: 'waits for approval', tone: 'waits' },
  running: { word: 'running', tone: 'works' },
  done: { word: 'done', tone: 'good' },
  failed: { word: 'failed', tone: 'bad' },
  rejected: { word: 'rejected', tone: 'bad' },
  'timed-out': { word: 'took too long', tone: 'bad' },
  skipped: { word: 'not begun', tone: 'quiet' },
};

export const effectWords: Readonly<Record<EffectState, { readonly word: string; readonly tone: Tone }>> = {
  wanted: { word: 'to be asked for', tone: 'quiet' },
  asked: { word: 'asked for', tone: 'works' },
  applied: { word: 'applied', tone: 'good' },
  'not-needed': { word: 'not needed', tone: 'good' },
  'would-apply': { word: 'would be applied', tone: 'quiet' },
  refused: { word: 'refused', tone: 'bad' },
  failed: { word: 'failed', tone: 'bad' },
  undecided: { word: 'undecided', tone: 'unknown' },
};

export const kindWords: Readonly<Record<StepKind, string>> = {
  kill: 'kill',
  freeze: 'freeze the container',
  'isolate-container': 'isolate the container',
  'isolate-pod': 'isolate the pod by a NetworkPolicy',
  'scale-to-zero': 'scale to zero',
  'roll-back': 'roll back',
  'artifactory-property': 'set a property in Artifactory',
  webhook: 'send a signed CloudEvent',
  slack: 'write to a chat',
  email: 'write an e-mail',
};

export const doerWords: Readonly<Record<EffectView['doer'], string>> = { sensor: 'the sensor of the node', cluster: 'the cluster part', hub: 'the hub' };

/** What a playbook answers to. */
export const triggerWords: Readonly<Record<TriggerKind, string>> = { incident: 'incidents', violation: 'violations', integrity: 'verdicts about images' };

const triggerPaths: Readonly<Record<TriggerKind, string | null>> = { incident: '/incidents/', violation: '/violations/', integrity: null };

/** Where what happened can be read; null: it has no page of its own. */
export function triggerPath(run: Pick<ResponseView, 'trigger' | 'triggerId'>): string | null {
  const path = triggerPaths[run.trigger];
  return path === null ? null : `${path}${encodeURIComponent(run.triggerId)}`;
}

export const newPlaybookText = `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata:
  name: my-playbook
spec:
  description: Isolates the pod of a critical incident once an operator has approved it.
  mode: shadow
  trigger:
    on: incident
    when: incident.severity == "critical" && pod.name != ""
  blastRadius:
    maxTargets: 1
    perHour: 10
  steps:
    - name: isolate
      kind: isolate-pod
      approval: required
`;
