/**
 * Policies, exceptions and the facts of one image → a verdict for each rule at one stage, with what it rests on and what
 * follows from it. The same verdict comes out in a pipeline, at admission and of what runs; only the action is another. A rule
 * whose condition is unknown is never taken for kept; nothing that runs is stopped for what is not known. A policy that is off says nothing, one in shadow says what it would do.
 */
import type { Exception } from '@vedette/model/exception';
import type { BuildAction, DeployAction, PolicyMode, PolicyStage, RunAction, Severity } from '@vedette/model/policy';
import type { CheckedImageRule, CheckedPolicy } from './check.ts';
import type { Found, Missing, Outcome } from './condition.ts';
import { acceptsPackage, acceptsVulnerability, applicable, without, type Applicable, type NotCounted } from './exceptions.ts';
import type { ImageFacts, PackageFacts, VulnerabilityFacts } from './image-facts.ts';

export type ImageStage = PolicyStage;
export type ImageAction = BuildAction | DeployAction | RunAction;

/** `broken`: the condition holds. `accepted`: it would hold or be unknown, but exceptions that count cover it. */
export type RuleAnswer = 'kept' | 'broken' | 'unknown' | 'accepted';

/** What follows: `stop` fails the build, refuses the workload, or stops the next execution of what runs. */
export type Effect = 'none' | 'inform' | 'warn' | 'stop';

export interface AcceptedBy {
  readonly exception: string;
  readonly owner: string;
  readonly reason: string;
  readonly expiresAt: string;
  /** What it accepted; empty where it accepts the rule whole. */
  readonly found: readonly Found[];
}

export interface RuleVerdict {
  readonly stage: ImageStage;
  readonly policy: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly mode: 'shadow' | 'enforce';
  readonly action: ImageAction;
  readonly answer: RuleAnswer;
  /** What follows now; in shadow nothing. */
  readonly effect: Effect;
  /** What follows, or would if the policy were enforced. */
  readonly effectIfEnforced: Effect;
  readonly missing: readonly Missing[];
  /** The items of lists that break the rule, without what is accepted. */
  readonly found: readonly Found[];
  readonly accepted: readonly AcceptedBy[];
  readonly notCounted: readonly NotCounted[];
  readonly checked: { readonly policy: CheckedPolicy; readonly rule: CheckedImageRule };
}

export interface ImagePolicyInForce {
  readonly policy: CheckedPolicy;
  readonly mode: PolicyMode;
}

export interface Judging {
  readonly stage: ImageStage;
  readonly policies: readonly ImagePolicyInForce[];
  readonly exceptions: readonly Exception[];
  readonly nowMs: number;
  /** What an unknown counts as: what the rule says, or no more than a warning. */
  readonly unknown: 'fail' | 'warn';
}

/** In the order of the policies and of their rules. */
export function judgeImage(image: ImageFacts, judging: Judging): readonly RuleVerdict[] {
  return judging.policies.flatMap(({ policy, mode }) => {
    if (mode === 'off') return [];
    const scope = policy.imageScope(image);
    if (scope === 'out') return [];
    return policy.imageRules.flatMap((rule) => {
      const action = rule.rule.actions[judging.stage];
      return action === undefined ? [] : [judgeRule(image, judging, { policy, rule, mode, action, isPending: scope === 'pending' })];
    });
  });
}

interface RuleAtStage {
  readonly policy: CheckedPolicy;
  readonly rule: CheckedImageRule;
  readonly mode: 'shadow' | 'enforce';
  readonly action: ImageAction;
  /** Whether the image is in the scope of the policy is not known. */
  readonly isPending: boolean;
}

function judgeRule(image: ImageFacts, judging: Judging, { policy, rule, mode, action, isPending }: RuleAtStage): RuleVerdict {
  const { name } = policy.policy.metadata;
  const at = applicable(judging.exceptions, { policy: name, rule: rule.rule.name, stage: judging.stage }, image, judging.nowMs);
  const { answer, outcome, accepted } = accept(rule, image, inScope(rule.condition.examine(image), isPending), at, isPending);
  const effectIfEnforced = effectOf(answer, action, judging);
  return {
    stage: judging.stage,
    policy: name,
    rule: rule.rule.name,
    severity: policy.policy.spec.severity,
    mode,
    action,
    answer,
    effect: mode === 'enforce' ? effectIfEnforced : 'none',
    effectIfEnforced,
    missing: answer === 'unknown' ? outcome.missing : [],
    found: answer === 'broken' || answer === 'unknown' ? outcome.found : [],
    accepted,
    notCounted: answer === 'kept' ? [] : at.notCounted,
    checked: { policy, rule },
  };
}

/** A rule that would be kept is kept in or out of scope; one that is broken matters only if the image is in it. */
function inScope(outcome: Outcome, isPending: boolean): Outcome {
  if (!isPending || outcome.value === false) return outcome;
  const reason = 'the image has no name yet, so whether it is in the scope of the policy is not known';
  return { ...outcome, value: 'unknown', missing: [{ fact: 'image.reference', reason }, ...outcome.missing] };
}

interface AfterExceptions {
  readonly answer: RuleAnswer;
  readonly outcome: Outcome;
  readonly accepted: readonly AcceptedBy[];
}

/** Exceptions about named things are heard first: what they leave over is what one for the whole rule would cover. */
function accept(rule: CheckedImageRule, image: ImageFacts, outcome: Outcome, { whole, partial }: Applicable, isPending: boolean): AfterExceptions {
  if (outcome.value === false) return { answer: 'kept', outcome, accepted: [] };
  const accepted: AcceptedBy[] = [];
  let left = outcome;
  if (partial.length > 0) {
    left = inScope(rule.condition.examine(without(image, partial)), isPending);
    for (const one of partial) {
      const found = outcome.found.filter((item) => accepts(one, item));
      // Without one of them it accepted what was not known of an item, which then is no longer asked.
      if (found.length > 0 || left.missing.length < outcome.missing.length) accepted.push(acceptedBy(one, found));
    }
  }
  if (left.value === false) return { answer: 'accepted', outcome: left, accepted };
  const [first] = whole;
  if (first !== undefined) return { answer: 'accepted', outcome: left, accepted: [...accepted, acceptedBy(first, [])] };
  return { answer: left.value === 'unknown' ? 'unknown' : 'broken', outcome: left, accepted };
}

function accepts(exception: Exception, { list, item }: Found): boolean {
  if (list === 'image.vulnerabilities') return acceptsVulnerability(exception, item as VulnerabilityFacts);
  return list === 'image.packages' && acceptsPackage(exception, item as PackageFacts);
}

function acceptedBy({ metadata, spec }: Exception, found: readonly Found[]): AcceptedBy {
  return { exception: metadata.name, owner: spec.owner, reason: spec.reason, expiresAt: spec.expiresAt, found };
}

function effectOf(answer: RuleAnswer, action: ImageAction, { stage, unknown }: Pick<Judging, 'stage' | 'unknown'>): Effect {
  if (answer === 'kept' || answer === 'accepted') return 'none';
  const effect = action === 'fail' || action === 'deny' || action === 'kill' ? 'stop' : action;
  // A build can be repeated and a deployment asked again; what runs cannot be killed on a guess.
  if (stage === 'run' && answer === 'unknown') return 'inform';
  return answer === 'unknown' && unknown === 'warn' && effect === 'stop' ? 'warn' : effect;
}
