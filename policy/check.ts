/**
 * A policy of the right shape → a policy that can be used: conditions compiled, kernel forms found, scope and message
 * ready. Refuses what could never do what it says: a rule that kills on a fact the kernel does not have, two rules of
 * one name. Every problem names the key it is about and what to do.
 */
import type { ExecutionRule, ImageRule, Policy } from '@vedette/model/policy';
import { compileCondition, compileFor, type CompiledCondition, type Condition } from './condition.ts';
import { factNames } from './facts.ts';
import { imageVocabulary, type ImageFacts } from './image-facts.ts';
import { kernelFormOf, type KernelForm } from './kernel-form.ts';
import { parseMessage, type MessagePart } from './message.ts';
import { imageScopeOf, scopeOf, type ImageScope, type Scope } from './scope.ts';
import { isWorkloadFact } from './workload-facts.ts';

export interface CheckedRule {
  readonly rule: ExecutionRule;
  readonly condition: Condition;
  readonly kernel: KernelForm;
}

export interface CheckedImageRule {
  readonly rule: ImageRule;
  readonly condition: Condition<ImageFacts>;
}

export interface CheckedPolicy {
  readonly policy: Policy;
  readonly scope: Scope;
  readonly imageScope: ImageScope;
  /** The rules about executions, for the stage `run`. */
  readonly rules: readonly CheckedRule[];
  /** The rules about images, for all three stages. */
  readonly imageRules: readonly CheckedImageRule[];
  /** Null: the policy has no message of its own. */
  readonly message: readonly MessagePart[] | null;
}

export interface PolicyFault {
  /** Keys from the top of the object: `['spec', 'rules', 0, 'when']`. */
  readonly path: readonly (string | number)[];
  /** In the text of that key; null: the key itself. */
  readonly offset: number | null;
  readonly message: string;
  readonly advice: string;
}

export interface PolicyCheck {
  readonly checked: CheckedPolicy | null;
  readonly faults: readonly PolicyFault[];
}

export function checkPolicy(policy: Policy): PolicyCheck {
  const faults: PolicyFault[] = [];
  const rules: CheckedRule[] = [];
  const imageRules: CheckedImageRule[] = [];
  const names = new Set<string>();
  policy.spec.rules.forEach((rule, index) => {
    const at = ['spec', 'rules', index] as const;
    if (names.has(rule.name)) faults.push({ path: [...at, 'name'], offset: null, message: `two rules are called ${rule.name}`, advice: 'Give each rule of a policy its own name.' });
    names.add(rule.name);
    const compiled = <Subject>(result: CompiledCondition<Subject>): Condition<Subject> | null => {
      if (result.ok) return result.condition;
      for (const { message, advice, offset } of result.problems) faults.push({ path: [...at, 'when'], offset, message, advice });
      return null;
    };
    if (rule.on === 'image') {
      const condition = compiled(compileFor(imageVocabulary, rule.when));
      if (condition === null) return;
      faults.push(...workloadFaults(rule, condition, at));
      imageRules.push({ rule, condition });
      return;
    }
    const condition = compiled(compileCondition(rule.when));
    if (condition === null) return;
    const kernel = kernelFormOf(condition);
    if (rule.actions.run === 'kill' && kernel.kind === 'none') {
      const message = `the rule ${rule.name} asks for kill, but cannot be decided in the kernel: ${kernel.missing}`;
      faults.push({ path: [...at, 'actions', 'run'], offset: null, message, advice: 'Use inform, or a condition on execution.file.origin and facts of the container only.' });
    }
    rules.push({ rule, condition, kernel });
  });
  const message = policy.spec.message === undefined ? null : parseMessage(policy.spec.message, messageNames(policy));
  if (message !== null && !message.ok) faults.push({ path: ['spec', 'message'], offset: message.offset, message: message.message, advice: message.advice });
  faults.push(...scopeFaults(policy));
  if (faults.length > 0) return { checked: null, faults };
  const { containers, images } = policy.spec.scope;
  return { checked: { policy, scope: scopeOf(containers), imageScope: imageScopeOf(images), rules, imageRules, message: message?.ok === true ? message.parts : null }, faults };
}

/** At build, and of what runs, nobody knows how it is deployed: such a rule would be unknown for ever. */
function workloadFaults(rule: ImageRule, condition: Condition<ImageFacts>, at: PolicyFault['path']): PolicyFault[] {
  const asked = [...condition.references].find(isWorkloadFact);
  if (asked === undefined) return [];
  return (['build', 'run'] as const).flatMap((stage) =>
    rule.actions[stage] === undefined ? [] : [{ path: [...at, 'actions', stage], offset: null, message: `the rule ${rule.name} asks ${asked}, which is only known at deployment`, advice: `Remove the action for ${stage}, or make it a rule of its own.` }]);
}

/** A selector that no rule of the policy asks would look as if it narrowed it. */
function scopeFaults({ spec }: Policy): PolicyFault[] {
  const has = (on: 'execution' | 'image') => spec.rules.some((rule) => rule.on === on);
  const unused = [
    ...(spec.scope.containers !== undefined && !has('execution') ? [['containers', 'on: execution', 'images'] as const] : []),
    ...(spec.scope.images !== undefined && !has('image') ? [['images', 'on: image', 'containers'] as const] : []),
  ];
  return unused.map(([key, on, other]) => ({ path: ['spec', 'scope', key], offset: null, message: `scope.${key} is for rules ${on}, and the policy has none`, advice: `Use scope.${other}, or remove it.` }));
}

/** A message is filled in from the facts of whatever its rules speak about. */
function messageNames({ spec }: Policy): readonly string[] {
  const about = new Set(spec.rules.map((rule) => rule.on));
  return [...(about.has('execution') ? factNames : []), ...(about.has('image') ? imageVocabulary.facts.map((one) => one.name) : [])];
}
