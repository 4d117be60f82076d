/**
 * Policies with their modes, images that must not run, and a generation → what the kernel needs for each container, and what
 * user space judges itself. Enforce beats shadow; among policies of one mode the first by name decides, in a policy the first rule; a
 * policy that is off contributes nothing. What is wrong with the image comes after what is wrong with the file. While a container's identity is not known, a policy whose scope or condition
 * needs it does what its `whenPending` says, and everything that is left undecided is listed.
 */
import type { FileOrigin, PolicyMode, RunAction, Severity } from '@vedette/model/policy';
import type { CheckedPolicy, CheckedRule } from './check.ts';
import { unknownContainer, type ContainerFacts, type Facts } from './facts.ts';
import { imageVerdictFit, noImageVerdicts, type ImageVerdict, type ImageVerdictFit, type ImageVerdicts } from './image-verdicts.ts';
import { everyOrigin, kernelOrigins, type StoppedOrigin } from './kernel-form.ts';
import type { MessagePart } from './message.ts';
import { numberRules, ruleNumberMax } from './numbering.ts';

export interface PolicyInForce {
  readonly policy: CheckedPolicy;
  /** As it is set now; the object's own mode is only what it starts with. */
  readonly mode: PolicyMode;
}

/** A rule in force, as a kernel record or a verdict names it. */
export interface RunRule {
  readonly number: number;
  readonly policy: string;
  readonly rule: string;
  readonly mode: 'shadow' | 'enforce';
  readonly action: RunAction;
  /** What the rule speaks about: one execution, or the image of the container. */
  readonly on: 'execution' | 'image';
  readonly severity: Severity;
  readonly attack: readonly string[];
  readonly message: readonly MessagePart[] | null;
}

/** What one container's processes may execute: the content of the kernel's record for its cgroup. */
export interface ContainerDecision {
  readonly generation: number;
  readonly kill: readonly StoppedOrigin[];
  readonly shadow: readonly StoppedOrigin[];
  /** The rule that decided, for each origin in `kill` or `shadow`. */
  readonly byOrigin: Readonly<Partial<Record<StoppedOrigin, RunRule>>>;
  /** Policies that are not decided yet for this container, and what they wait for. */
  readonly undecided: readonly Undecided[];
}

export interface Undecided {
  readonly policy: string;
  readonly why: string;
  readonly whenPending: 'allow' | 'kill';
}

/** A rule that holds for one execution, or that may: a fact is missing. */
export interface Judgement {
  readonly rule: RunRule;
  readonly answer: 'holds' | 'unknown';
  /** What is missing, for `unknown`. */
  readonly missing: string | null;
}

interface CompiledRule {
  readonly run: RunRule;
  readonly checked: CheckedRule;
}

interface CompiledPolicy {
  readonly name: string;
  readonly mode: 'shadow' | 'enforce';
  readonly policy: CheckedPolicy;
  readonly rules: readonly CompiledRule[];
}

/** A verdict about an image as it is in force here: no stronger than its policy is now. */
interface CompiledVerdict {
  readonly run: RunRule;
  readonly verdict: ImageVerdict;
  readonly fit: ImageVerdictFit;
  readonly whenPending: 'allow' | 'kill';
}

export class RunPolicies {
  readonly generation: number;
  /** Of the images that must not run. */
  readonly imageGeneration: number;
  /** Rules that had no number left and are not in force. */
  readonly leftOut: readonly string[];
  readonly #policies: readonly CompiledPolicy[];
  readonly #images: readonly CompiledVerdict[];
  readonly #byNumber: ReadonlyMap<number, RunRule>;

  constructor(generation: number, policies: readonly CompiledPolicy[], images: { readonly generation: number; readonly compiled: readonly CompiledVerdict[] }, leftOut: readonly string[]) {
    this.generation = generation;
    this.imageGeneration = images.generation;
    this.#images = images.compiled;
    this.leftOut = leftOut;
    this.#policies = policies;
    const rules = [...policies.flatMap((policy) => policy.rules), ...images.compiled];
    this.#byNumber = new Map(rules.map((rule) => [rule.run.number, rule.run] as const));
  }

  get rules(): readonly RunRule[] {
    return [...this.#byNumber.values()];
  }

  ruleByNumber(number: number): RunRule | null {
    return this.#byNumber.get(number) ?? null;
  }

  /** Why the image of this container must not run by this rule, in the hub's words. */
  reasonOf(rule: RunRule, container: ContainerFacts): string | null {
    return this.#images.find(({ run, fit }) => run.number === rule.number && fit(container) === 'in')?.verdict.reason ?? null;
  }

  /** What the kernel is told about this container. */
  decide(container: ContainerFacts): ContainerDecision {
    const enforce = new Map<StoppedOrigin, RunRule>();
    const shadow = new Map<StoppedOrigin, RunRule>();
    const undecided: Undecided[] = [];
    for (const policy of this.#policies) {
      const target = policy.mode === 'enforce' ? enforce : shadow;
      const open = decidePolicy(policy, container, target);
      if (open !== null) undecided.push({ policy: policy.name, why: open, whenPending: policy.policy.policy.spec.whenPending });
    }
    undecided.push(...decideImages(this.#images, container, { enforce, shadow }));
    for (const origin of enforce.keys()) shadow.delete(origin);
    return {
      generation: this.generation,
      kill: everyOrigin.filter((origin) => enforce.has(origin)),
      shadow: everyOrigin.filter((origin) => shadow.has(origin)),
      byOrigin: Object.fromEntries([...shadow, ...enforce]),
      undecided,
    };
  }

  /** What the kernel is told for containers of which nothing is known yet: it arms their cgroups with it at creation. */
  decideUnknown(): ContainerDecision {
    return this.decide(unknownContainer);
  }

  /**
   * All rules, of any action, that hold for this execution or may: for `inform`, and to judge again what ran while the
   * container's identity was not known. Nothing outside of containers is judged.
   */
  judge(facts: Facts): readonly Judgement[] {
    if (!isJudged(facts.execution.origin)) return [];
    const found: Judgement[] = [];
    for (const policy of this.#policies) {
      const scope = policy.policy.scope(facts.container);
      if (scope === 'out') continue;
      for (const { run, checked } of policy.rules) {
        const answer = checked.condition.evaluate(facts);
        if (answer.value === false) continue;
        const missing = answer.value === 'unknown' ? answer.missing : scope === 'pending' ? 'whether the container is in the scope of the policy' : null;
        found.push({ rule: run, answer: missing === null ? 'holds' : 'unknown', missing });
      }
    }
    return found.sort((a, b) => rank(a) - rank(b));
  }
}

/** Adds what one policy decides; returns why it is not decided, if it is not. */
function decidePolicy(policy: CompiledPolicy, container: ContainerFacts, target: Map<StoppedOrigin, RunRule>): string | null {
  const scope = policy.policy.scope(container);
  if (scope === 'out') return null;
  const severe = policy.policy.policy.spec.whenPending === 'kill';
  let open = scope === 'pending' ? 'whether the container is in its scope is not known' : null;
  if (scope === 'pending' && !severe) return open;
  for (const { run, checked } of policy.rules) {
    if (run.action !== 'kill' || checked.kernel.kind !== 'kernel') continue;
    const { holds, unknown } = checked.kernel.originsOf(container);
    if (unknown.size > 0) open ??= `the rule ${run.rule} needs a fact of the container that is not known`;
    for (const origin of severe ? [...holds, ...unknown] : holds) {
      if (!target.has(origin)) target.set(origin, run);
    }
  }
  return open;
}

/** In a container of an image that must not run nothing more is executed, whatever file it is. Answers what is open. */
function decideImages(images: readonly CompiledVerdict[], container: ContainerFacts, into: { readonly enforce: Map<StoppedOrigin, RunRule>; readonly shadow: Map<StoppedOrigin, RunRule> }): Undecided[] {
  const open = new Map<string, Undecided>();
  for (const { run, fit, whenPending } of images) {
    const found = fit(container);
    if (found === 'pending') open.set(run.policy, { policy: run.policy, why: 'whether the container is of an image that must not run is not known', whenPending });
    if (found === 'out' || (found === 'pending' && whenPending === 'allow')) continue;
    const target = run.mode === 'enforce' ? into.enforce : into.shadow;
    for (const origin of everyOrigin) if (!target.has(origin)) target.set(origin, run);
  }
  return [...open.values()];
}

function isJudged(origin: FileOrigin | null): boolean {
  return origin === null || (kernelOrigins as readonly FileOrigin[]).includes(origin);
}

/** What is applied before what is only shown, what is certain before what is not. The order of names is kept. */
function rank({ rule, answer }: Judgement): number {
  return (answer === 'holds' ? 0 : 4) + (rule.mode === 'enforce' ? 0 : 2) + (rule.action === 'kill' ? 0 : 1);
}

/** `previous`: the set in force before, whose rules keep their numbers. */
export function compileRunPolicies(inForce: readonly PolicyInForce[], generation: number, previous?: RunPolicies, images: ImageVerdicts = noImageVerdicts): RunPolicies {
  const active = inForce
    .filter((one): one is PolicyInForce & { readonly mode: 'shadow' | 'enforce' } => one.mode !== 'off')
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
  const ofExecutions = active.flatMap(({ policy }) => policy.rules.map(({ rule }) => ({ policy: policy.policy.metadata.name, rule: rule.name })));
  const verdicts = verdictsInForce(images.verdicts, active);
  const names = [...ofExecutions, ...new Map(verdicts.map(({ verdict: { policy, rule } }) => [`${policy}/${rule}`, { policy, rule }])).values()];
  const numbers = numberRules(names, previous?.rules ?? []);
  const leftOut: string[] = [];
  let index = 0;
  const policies = active.map(({ policy, mode }): CompiledPolicy => {
    const { metadata, spec } = policy.policy;
    const rules: CompiledRule[] = [];
    for (const checked of policy.rules) {
      const number = numbers[index] ?? null;
      index += 1;
      if (number === null) {
        leftOut.push(`${metadata.name}/${checked.rule.name}: at most ${ruleNumberMax} rules can be in force`);
        continue;
      }
      const { name: rule, actions } = checked.rule;
      rules.push({ run: { number, policy: metadata.name, rule, mode, action: actions.run, on: 'execution', severity: spec.severity, attack: spec.attack ?? [], message: policy.message }, checked });
    }
    return { name: metadata.name, mode, policy, rules };
  });
  const numberOf = new Map(names.map(({ policy, rule }, at) => [`${policy}/${rule}`, numbers[at] ?? null]));
  const compiled = verdicts.flatMap(({ verdict, mode, policy: { policy: { spec }, message } }): CompiledVerdict[] => {
    const { policy, rule } = verdict;
    const number = numberOf.get(`${policy}/${rule}`) ?? null;
    if (number === null) {
      leftOut.push(`${policy}/${rule}: at most ${ruleNumberMax} rules can be in force`);
      return [];
    }
    const run: RunRule = { number, policy, rule, mode, action: 'kill', on: 'image', severity: spec.severity, attack: spec.attack ?? [], message };
    return [{ run, verdict, fit: imageVerdictFit(verdict), whenPending: spec.whenPending }];
  });
  return new RunPolicies(generation, policies, { generation: images.generation, compiled }, leftOut);
}

interface VerdictInForce {
  readonly verdict: ImageVerdict;
  readonly policy: CheckedPolicy;
  readonly mode: 'shadow' | 'enforce';
}

/** The policies may have changed since the hub judged: a verdict of one that is off is none, and of one in shadow it enforces nothing. */
function verdictsInForce(verdicts: readonly ImageVerdict[], active: readonly (PolicyInForce & { readonly mode: 'shadow' | 'enforce' })[]): readonly VerdictInForce[] {
  const byName = new Map(active.map((one) => [nameOf(one), one]));
  return [...verdicts]
    .sort((a, b) => (`${a.policy}/${a.rule}` < `${b.policy}/${b.rule}` ? -1 : 1))
    .flatMap((verdict) => {
      const of = byName.get(verdict.policy);
      if (of === undefined) return [];
      return [{ verdict, policy: of.policy, mode: of.mode === 'enforce' && verdict.mode === 'enforce' ? 'enforce' : 'shadow' }];
    });
}

function nameOf(one: PolicyInForce): string {
  return one.policy.policy.metadata.name;
}
