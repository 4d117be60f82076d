/**
 * A policy of the right shape → a policy that can be used: conditions compiled, kernel forms found, scope and message
 * ready. Refuses what could never do what it says: a rule that kills on a fact the kernel does not have, two rules of
 * one name. Every problem names the key it is about and what to do.
 */
import type { Policy, PolicyRule } from '@vedette/model/policy';
import { compileCondition, type Condition } from './condition.ts';
import { kernelFormOf, type KernelForm } from './kernel-form.ts';
import { parseMessage, type MessagePart } from './message.ts';
import { scopeOf, type Scope } from './scope.ts';

export interface CheckedRule {
  readonly rule: PolicyRule;
  readonly condition: Condition;
  readonly kernel: KernelForm;
}

export interface CheckedPolicy {
  readonly policy: Policy;
  readonly scope: Scope;
  readonly rules: readonly CheckedRule[];
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
  const names = new Set<string>();
  policy.spec.rules.forEach((rule, index) => {
    const at = ['spec', 'rules', index] as const;
    if (names.has(rule.name)) faults.push({ path: [...at, 'name'], offset: null, message: `two rules are called ${rule.name}`, advice: 'Give each rule of a policy its own name.' });
    names.add(rule.name);
    const compiled = compileCondition(rule.when);
    if (!compiled.ok) {
      for (const { message, advice, offset } of compiled.problems) faults.push({ path: [...at, 'when'], offset, message, advice });
      return;
    }
    const kernel = kernelFormOf(compiled.condition);
    if (rule.actions.run === 'kill' && kernel.kind === 'none') {
      const message = `the rule ${rule.name} asks for kill, but cannot be decided in the kernel: ${kernel.missing}`;
      faults.push({ path: [...at, 'actions', 'run'], offset: null, message, advice: 'Use inform, or a condition on execution.file.origin and facts of the container only.' });
    }
    rules.push({ rule, condition: compiled.condition, kernel });
  });
  const message = policy.spec.message === undefined ? null : parseMessage(policy.spec.message);
  if (message !== null && !message.ok) faults.push({ path: ['spec', 'message'], offset: message.offset, message: message.message, advice: message.advice });
  if (faults.length > 0) return { checked: null, faults };
  const scope = scopeOf(policy.spec.scope.containers);
  return { checked: { policy, scope, rules, message: message?.ok === true ? message.parts : null }, faults };
}
