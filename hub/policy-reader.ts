/** A policy's YAML to what the store keeps of it: exactly one policy a text, with what the kernel can decide of each rule. */
import type { CheckedRule } from '@vedette/policy/check';
import { unknownContainer } from '@vedette/policy/facts';
import { parsePolicies, type PolicyProblem } from '@vedette/policy/parse';
import type { PolicyReader } from './api/doors.ts';
import type { PolicyFacts } from './store/policies.ts';

const problemsShown = 10;

function sentence(problem: PolicyProblem): string {
  return `Line ${problem.line}, column ${problem.column}: ${problem.message}. ${problem.advice}`;
}

function kernelForm({ rule, kernel }: CheckedRule): PolicyFacts['kernelForm'][number] {
  const named = { rule: rule.name, action: rule.actions.run };
  switch (kernel.kind) {
    case 'none':
      return { ...named, form: null, problem: rule.actions.run === 'kill' ? kernel.missing : null };
    case 'kernel': {
      const { holds, unknown } = kernel.originsOf(unknownContainer);
      const words = [
        ...(holds.size > 0 ? [`the origin of the file is ${[...holds].join(', ')}`] : []),
        ...(unknown.size > 0 ? [`it is ${[...unknown].join(', ')} and the container is one that the condition asks for`] : []),
      ];
      return { ...named, form: words.length === 0 ? 'never' : `when ${words.join(', or ')}`, problem: null };
    }
    default:
      return kernel satisfies never;
  }
}

export const readPolicy: PolicyReader = (yaml) => {
  const { policies, problems } = parsePolicies('policy', yaml);
  if (problems.length > 0) return { problems: problems.slice(0, problemsShown).map(sentence) };
  const [checked, second] = policies;
  if (checked === undefined) return { problems: ['The text holds no policy.'] };
  if (second !== undefined) return { problems: ['The text holds more than one policy: put each under its own name.'] };
  const { metadata, spec } = checked.policy;
  return {
    policy: {
      name: metadata.name,
      description: spec.description,
      severity: spec.severity,
      attack: spec.attack ?? [],
      mode: spec.mode,
      kernelForm: checked.rules.map(kernelForm),
    },
  };
};
