/** A policy's YAML to what the store keeps of it: exactly one policy a text, with what the kernel can decide of each rule. */
import type { CheckedImageRule, CheckedRule } from '@vedette/policy/check';
import { unknownContainer } from '@vedette/policy/facts';
import { parsePolicies, type PolicyProblem } from '@vedette/policy/parse';
import type { PolicyRule } from '@vedette/model/policy';
import type { PolicyReader, PolicyRules } from './api/doors.ts';
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

/** Lists read every policy again and again; a text means the same each time. */
const remembered = new Map<string, ReturnType<PolicyReader>>();
const rememberedMax = 1000;
/** A rule about images is decided by the hub; the kernel holds what follows for each container of such an image. */
function imageForm({ rule }: CheckedImageRule): PolicyFacts['kernelForm'] {
  const action = rule.actions.run;
  if (action === undefined) return [];
  return [{ rule: rule.name, action, form: action === 'kill' ? 'every execution in a container of an image that breaks the rule' : null, problem: null }];
}

export const readPolicy: PolicyReader = (yaml) => {
  const known = remembered.get(yaml);
  if (known !== undefined) return known;
  const read = readText(yaml);
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(yaml, read);
  return read;
};

/** Only the stages that the rule names. */
function actionsOf({ actions }: PolicyRule): PolicyRules[number]['actions'] {
  return Object.fromEntries(Object.entries(actions).filter(([, action]) => action !== undefined));
}

const readText: PolicyReader = (yaml) => {
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
      kernelForm: [...checked.rules.map(kernelForm), ...checked.imageRules.flatMap(imageForm)],
      rules: spec.rules.map((one) => ({ name: one.name, on: one.on, when: one.when, actions: actionsOf(one), fix: one.on === 'image' ? (one.fix ?? null) : null })),
    },
  };
};
