/** The words of playbooks and their runs, apart from the shape that is checked: the console needs these and no schema. */
export const triggerKinds = ['incident', 'violation', 'integrity'] as const;
export type TriggerKind = (typeof triggerKinds)[number];

export const stepKinds = ['kill', 'freeze', 'isolate-container', 'isolate-pod', 'scale-to-zero', 'roll-back', 'artifactory-property', 'webhook', 'slack', 'email'] as const;
export type StepKind = (typeof stepKinds)[number];

/** Of whom an effect is asked: the sensor of a node, the part of a cluster, or a server that the hub calls itself. */
export type EffectDoer = 'sensor' | 'cluster' | 'hub';

/**
 * What may be done when nobody knows whether it was done. `repeat`: asked again under the same id, which the receiver knows again or where
 * doing it twice is doing it once. `once`: the receiver can be neither asked nor given an id, so it stays undecided.
 */
export interface StepNature {
  readonly doer: EffectDoer;
  readonly again: 'repeat' | 'once';
  readonly undo: boolean;
  /** What it acts on. */
  readonly target: 'process' | 'container' | 'pod' | 'workload' | 'image' | 'message';
  /** Whether it changes something that runs, or only tells somebody. */
  readonly tells: boolean;
}

export const stepNatures: Readonly<Record<StepKind, StepNature>> = {
  kill: { doer: 'sensor', again: 'repeat', undo: false, target: 'process', tells: false },
  freeze: { doer: 'sensor', again: 'repeat', undo: true, target: 'container', tells: false },
  'isolate-container': { doer: 'sensor', again: 'repeat', undo: true, target: 'container', tells: false },
  'isolate-pod': { doer: 'cluster', again: 'repeat', undo: true, target: 'pod', tells: false },
  'scale-to-zero': { doer: 'cluster', again: 'repeat', undo: true, target: 'workload', tells: false },
  'roll-back': { doer: 'cluster', again: 'repeat', undo: true, target: 'workload', tells: false },
  'artifactory-property': { doer: 'hub', again: 'repeat', undo: true, target: 'image', tells: false },
  webhook: { doer: 'hub', again: 'repeat', undo: false, target: 'message', tells: true },
  slack: { doer: 'hub', again: 'once', undo: false, target: 'message', tells: true },
  email: { doer: 'hub', again: 'once', undo: false, target: 'message', tells: true },
};

/** `asked`: the receiver may be at it. The rest is how it ended; `undecided`: nobody can know. */
export const effectStates = ['wanted', 'asked', 'applied', 'not-needed', 'would-apply', 'refused', 'failed', 'undecided'] as const;
export type EffectState = (typeof effectStates)[number];

/** A receiver's word for how it ended; a word that is none counts as a failure. */
export function reportedState(word: string): 'applied' | 'not-needed' | 'refused' | 'failed' {
  return word === 'applied' || word === 'not-needed' || word === 'refused' ? word : 'failed';
}
export const stepStates = ['pending', 'waiting', 'running', 'done', 'failed', 'rejected', 'timed-out', 'skipped'] as const;
export type StepState = (typeof stepStates)[number];
/** `stopped`: by the limit of what it may touch. */
export const runStates = ['running', 'waiting', 'done', 'failed', 'stopped', 'cancelled'] as const;
export type RunState = (typeof runStates)[number];

export const approverRoles = ['analyst', 'operator', 'admin'] as const;
export type ApproverRole = (typeof approverRoles)[number];
