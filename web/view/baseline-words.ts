/** Baselines in words: states, what learning waits for, why something may be missing, behaviours by kind. Pure. */
import type { BaselineView, BehaviourView } from '@vedette/model/api/baselines';
import type { BaselineState, BehaviourKind, BlindReason } from '@vedette/model/baseline-words';
import { plural } from './numbers.ts';
import { lengthWords } from './time.ts';

export const baselineStateWords: Readonly<Record<BaselineState, string>> = { learn: 'Learns', watch: 'Watched', enforce: 'Enforced' };

export const baselineStateSentences: Readonly<Record<BaselineState, string>> = {
  learn: 'Everything that its containers do belongs to it.',
  watch: 'It stays as it is. What is outside of it is a detection.',
  enforce: 'What is outside of it is a detection, and what the kernel can tell apart is stopped.',
};

export const blindWords: Readonly<Record<BlindReason, string>> = {
  'started-before': 'started before its sensor', 'not-watched': 'no sensor', 'records-lost': 'records lost', 'telemetry-dropped': 'not stored', 'hook-missing': 'no hook', 'bound-met': 'no room', 'identity-pending': 'identity pending',
};

export const behaviourTitles: Readonly<Record<BehaviourKind, string>> = { execution: 'Executes', peer: 'Talks to', file: 'Writes', capability: 'Holds' };
export const behaviourKindsShown = ['execution', 'peer', 'file', 'capability'] as const satisfies readonly BehaviourKind[];

export function workloadWords({ namespace, workload, hostname }: Pick<BaselineView, 'namespace' | 'workload' | 'hostname'>): string {
  return namespace !== null ? `${namespace}/${workload}` : hostname === null ? workload : `${workload} on ${hostname}`;
}

export function learnedCount({ counts }: Pick<BaselineView, 'counts'>): number {
  return counts.execution + counts.file + counts.peer + counts.capability;
}

/** What has to happen before learning ends by itself. */
export function learningSentence({ quietSeconds, learnHours, wholeStart }: Pick<BaselineView, 'quietSeconds' | 'learnHours' | 'wholeStart'>): string {
  const quiet = `Nothing new in the last ${lengthWords(Math.round(quietSeconds))} of watching; after ${plural(learnHours, 'hour')} learning ends by itself`;
  return wholeStart ? `${quiet}.` : `${quiet}, but not before a container was watched from its first process on without loss. Restart one to have that seen.`;
}

export function matchesText(behaviour: Pick<BehaviourView, 'text' | 'program'>, search: string | undefined): boolean {
  return search === undefined || `${behaviour.text} ${behaviour.program}`.toLowerCase().includes(search.toLowerCase());
}
