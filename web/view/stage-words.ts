/** Policies at their three stages, verdicts on images and the states of exceptions, in words. */
import type { ExceptionState, RuleResult } from '@vedette/model/api/checks';
import type { PolicyMode, PolicyStage } from '@vedette/model/policy';

/** In the order of an image's life. */
export const stageOrder = ['build', 'deploy', 'run'] as const satisfies readonly PolicyStage[];

export const stageWords: Record<PolicyStage, string> = { build: 'Build', deploy: 'Deploy', run: 'Run' };

export const stageSentences: Record<PolicyStage, string> = {
  build: 'asked by vedette check in pipelines',
  deploy: 'asked when a workload is admitted',
  run: 'asked in the kernel at each execution',
};

export const actionWords: Readonly<Record<string, string>> = { fail: 'fails the build', deny: 'refuses the workload', kill: 'kills', warn: 'warns', inform: 'records' };

export function actionWord(action: string): string {
  return actionWords[action] ?? action;
}

/** What follows from a mode depends on where the policy speaks. */
export function modeSentenceFor(mode: PolicyMode, stages: readonly PolicyStage[]): string {
  const [atImage, atRun] = [stages.some((one) => one !== 'run'), stages.includes('run')];
  switch (mode) {
    case 'off':
      return atRun && !atImage ? 'Sensors do not decide anything by this policy.' : 'Nobody decides anything by this policy.';
    case 'shadow':
      return atRun && !atImage ? 'Sensors decide and record what they would have done. Nothing is stopped.' : 'What it would have done is said and recorded. Nothing is stopped.';
    case 'enforce':
      return [
        ...(stages.includes('build') ? ['Pipelines fail where it is broken'] : []),
        ...(stages.includes('deploy') ? ['workloads are refused at admission'] : []),
        ...(atRun ? [atImage ? 'and sensors kill what a kill rule matches' : 'Sensors act: an execution that a kill rule matches is killed before it runs'] : []),
      ].join(', ').concat('.');
    default:
      return mode satisfies never;
  }
}

export type VerdictLook = 'good' | 'bad' | 'warn' | 'unknown' | 'quiet';

/** One word and one look for a verdict; what a policy in shadow or off would do is quiet. */
export function verdictWords({ answer, effect, effectIfEnforced, mode }: Pick<RuleResult, 'answer' | 'effect' | 'effectIfEnforced' | 'mode'>): { readonly word: string; readonly look: VerdictLook } {
  if (answer === 'kept') return { word: 'Passes', look: 'good' };
  if (answer === 'accepted') return { word: 'Accepted by an exception', look: 'good' };
  const would = mode === 'enforce' ? '' : 'Would ';
  const unknown = answer === 'unknown' ? ', since it is not known' : '';
  const follows = mode === 'enforce' ? effect : effectIfEnforced;
  switch (follows) {
    case 'stop':
      return { word: `${would === '' ? 'Stops' : 'Would stop'}${unknown}`, look: mode !== 'enforce' ? 'quiet' : answer === 'unknown' ? 'unknown' : 'bad' };
    case 'warn':
      return { word: `${would === '' ? 'Warns' : 'Would warn'}${unknown}`, look: mode !== 'enforce' ? 'quiet' : 'warn' };
    case 'inform':
    case 'none':
      return { word: answer === 'unknown' ? 'Not known' : 'Recorded', look: 'quiet' };
    default:
      return follows satisfies never;
  }
}

export const exceptionWords: Record<ExceptionState, string> = { unapproved: 'Not approved', active: 'Active', expiring: 'Expires soon', expired: 'Expired', ended: 'Ended' };

/** Those that want somebody's attention first. */
export const exceptionOrder: readonly ExceptionState[] = ['expired', 'expiring', 'unapproved', 'active', 'ended'];

/** "2 expire soon, 1 waits for approval": nothing where nothing is to be done. */
export function exceptionParts(states: readonly ExceptionState[]): readonly string[] {
  const count = (state: ExceptionState): number => states.filter((one) => one === state).length;
  const [active, expiring, expired, unapproved] = [count('active') + count('expiring'), count('expiring'), count('expired'), count('unapproved')];
  return [
    `${active === 0 ? 'No exception counts' : active === 1 ? '1 exception counts' : `${active} exceptions count`}`,
    ...(expiring === 0 ? [] : [`${expiring} ${expiring === 1 ? 'expires' : 'expire'} within 14 days`]),
    ...(expired === 0 ? [] : [`${expired} ${expired === 1 ? 'has' : 'have'} expired`]),
    ...(unapproved === 0 ? [] : [`${unapproved} ${unapproved === 1 ? 'waits' : 'wait'} for approval`]),
  ];
}

/** What a new exception starts with. `day`: when it shall end. */
export function newExceptionText(policy: string | null, day: string): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Exception
metadata:
  name: my-exception
spec:
  scope:
    policies: [${policy ?? 'no-critical-with-fix'}]
    images: ["registry.example.com/team/*"]
    # left out, the whole rule is accepted
    vulnerabilities: [CVE-2021-23337]
  reason: why it is accepted, and what will end it
  owner: who answers for it
  expiresAt: ${day}
`;
}

/** A fact as one line of text. */
export function factLine(fact: { readonly value: unknown } | { readonly absent: true } | { readonly unknown: string }): { readonly text: string; readonly look: 'known' | 'absent' | 'unknown' } {
  if ('unknown' in fact) return { text: fact.unknown === '' ? 'not known' : fact.unknown, look: 'unknown' };
  if ('absent' in fact) return { text: 'none', look: 'absent' };
  const { value } = fact;
  if (Array.isArray(value)) return { text: value.length === 0 ? 'none' : value.join(', '), look: value.length === 0 ? 'absent' : 'known' };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return { text: entries.length === 0 ? 'none' : entries.map(([key, one]) => `${key}=${String(one)}`).join(', '), look: entries.length === 0 ? 'absent' : 'known' };
  }
  return { text: String(value), look: 'known' };
}
