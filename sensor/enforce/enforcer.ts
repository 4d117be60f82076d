/**
 * Policies into the kernel, and what the kernel decided back into words. For each container the policies fold to one
 * decision (which origins of an executed file are killed, which would be; every origin where the image must not run), which is put into the kernel's map for every
 * cgroup of the container; new containers get the pending decision from the kernel itself before their first process.
 * When a container's identity arrives, what it executed before is judged again. Pure: commands leave through `command`,
 * kills through `kill`, whose answer makes the verdict.
 */
import type { Container } from '@vedette/model/container';
import type { KernelDecision } from '@vedette/model/decision';
import type { ExecEvent } from '@vedette/model/event';
import type { VerdictFound } from '@vedette/model/finding';
import type { FileOrigin, PolicyMode } from '@vedette/model/policy';
import { executionKey, type Execution } from '@vedette/model/process';
import { compileRunPolicies, type ContainerDecision, type PolicyInForce, type RunPolicies, type RunRule } from '@vedette/policy/compile';
import { driftPolicies } from '@vedette/policy/baseline/drift-policy';
import type { DriftOrigin } from '@vedette/policy/baseline/enforcement';
import type { ContainerFacts } from '@vedette/policy/facts';
import { noImageVerdicts, type ImageVerdicts } from '@vedette/policy/image-verdicts';
import type { InScope } from '@vedette/policy/scope';
import { parsePolicies } from '@vedette/policy/parse';
import type { Command } from './commands.ts';

export interface PolicyText {
  readonly name: string;
  readonly yaml: string;
  readonly mode: PolicyMode;
}

export interface EnforcerEffects {
  command(command: Command): void;
  /** Kill this execution's process; the verdict is complete when the loader has answered. */
  kill(verdict: VerdictFound): void;
}

/** Rule numbers in records of a generation that was replaced meanwhile are still understood this far back. */
const generationsKept = 16;

export class Enforcer {
  readonly #effects: EnforcerEffects;
  #policies: RunPolicies = compileRunPolicies([], 0);
  #inForce: readonly PolicyInForce[] = [];
  #images: ImageVerdicts = noImageVerdicts;
  /** Which origins a container's baseline, where it is enforced, knows none of. null: no baseline is enforced. */
  #driftOf: ((container: Container) => readonly DriftOrigin[]) | null = null;
  readonly #drift = new Map<string, readonly DriftOrigin[]>();
  #recent: RunPolicies[] = [];
  readonly #decisions = new Map<string, ContainerDecision>();
  #hasInform = false;
  #problemsOfTexts: string[] = [];
  /** What is wrong with the policies in force, one sentence each. */
  problems: string[] = [];
  /** Decisions that were made while a container had no identity. */
  decidedPending = 0;

  constructor(effects: EnforcerEffects) {
    this.#effects = effects;
  }

  get generation(): number {
    return this.#policies.generation;
  }

  setPolicies(texts: readonly PolicyText[], generation: number): void {
    const inForce: PolicyInForce[] = [];
    const problems: string[] = [];
    for (const { name, yaml, mode } of texts) {
      const { policies, problems: found } = parsePolicies(name, yaml);
      for (const one of found) problems.push(`${name}, line ${one.line}: ${one.message}`);
      for (const policy of policies) inForce.push({ policy, mode });
    }
    this.#inForce = inForce;
    this.#problemsOfTexts = problems;
    this.#compile(generation);
  }

  /** Images that must not run: the whole set, which replaces the one before. */
  setImages(images: ImageVerdicts): void {
    this.#images = images;
    this.#compile(this.generation);
  }

  /** Baselines that are enforced; null: none is. */
  setDrift(driftOf: ((container: Container) => readonly DriftOrigin[]) | null): void {
    this.#driftOf = driftOf;
    this.#drift.clear();
    this.#compile(this.generation);
  }

  #ofDrift(container: ContainerFacts, origin: DriftOrigin): InScope {
    if (container.name === null && container.digest === null) return 'pending';
    return this.#drift.get(container.id)?.includes(origin) === true ? 'in' : 'out';
  }

  #compile(generation: number): void {
    const drift = this.#driftOf === null ? [] : driftPolicies((container, origin) => this.#ofDrift(container, origin));
    this.#policies = compileRunPolicies([...this.#inForce, ...drift], generation, this.#policies, this.#images);
    this.problems = [...this.#problemsOfTexts, ...this.#policies.leftOut];
    this.#hasInform = this.#policies.rules.some((one) => one.action === 'inform');
    this.#recent = [this.#policies, ...this.#recent].slice(0, generationsKept);
  }

  /** The kernel knows nothing yet: the pending decision again, and each container's with the next change. */
  begin(): void {
    this.#decisions.clear();
    this.#effects.command({ do: 'setPending', decision: kernelDecision(this.#policies.decideUnknown()) });
  }

  /** A container is new, has its identity now, or is looked at again because the policies changed. */
  containerChanged(container: Container, living: Iterable<Execution>, atBootNs: number): VerdictFound[] {
    if (this.#driftOf !== null) this.#drift.set(container.id, this.#driftOf(container));
    const before = this.#decisions.get(container.id);
    const decision = this.#policies.decide(factsOf(container));
    this.#decisions.set(container.id, decision);
    for (const key of container.keys) {
      this.#effects.command({ do: 'setCgroup', key, isContainer: true, decision: kernelDecision(decision) });
    }
    return before === undefined || before.undecided.length === 0 ? [] : this.#judgeAgain(container, before, decision, living, atBootNs);
  }

  containerEnded(id: string): void {
    this.#decisions.delete(id);
    this.#drift.delete(id);
  }

  /** The kernel decided at exec; this only says what it decided. */
  kernelDecided(event: ExecEvent, execution: Execution, container: Container | null): VerdictFound[] {
    const found = this.#ruleOf(event.policyGeneration, event.rule);
    const origin = originOf(execution);
    if (found === null || origin === null) return [];
    const { rule, policies } = found;
    const wasShadow = event.verdict === 'shadow';
    return [this.#verdict(rule, execution, container, event.timeBootNs, { origin, mode: wasShadow ? 'shadow' : 'enforce', action: 'kill', applied: event.verdict === 'killed', generation: event.policyGeneration }, policies)];
  }

  /** Rules that only inform have no place in the kernel: they are judged here, once for each execution in a container. */
  informed(execution: Execution, container: Container, atBootNs: number): VerdictFound[] {
    const origin = originOf(execution);
    if (!this.#hasInform || origin === null) return [];
    const facts = {
      execution: { origin, path: execution.path, uid: execution.uid, arguments: execution.arguments, parentPath: execution.parent?.path ?? null },
      container: factsOf(container),
    };
    const found: VerdictFound[] = [];
    for (const { rule, answer } of this.#policies.judge(facts)) {
      if (rule.action !== 'inform' || answer !== 'holds') continue;
      found.push(this.#verdict(rule, execution, container, atBootNs, { origin, mode: rule.mode, action: 'inform', applied: false, generation: this.generation }));
    }
    return found;
  }

  /** What ran while the container was not known, and would not have been let run now. */
  #judgeAgain(container: Container, before: ContainerDecision, now: ContainerDecision, living: Iterable<Execution>, atBootNs: number): VerdictFound[] {
    const found: VerdictFound[] = [];
    for (const execution of living) {
      const origin = originOf(execution);
      if (execution.containerId !== container.id || execution.isFork || execution.presentAtStart || origin === null) continue;
      const rule = now.byOrigin[origin as keyof typeof now.byOrigin];
      if (rule === undefined || before.byOrigin[origin as keyof typeof before.byOrigin] !== undefined) continue;
      const verdict = this.#verdict(rule, execution, container, atBootNs, { origin, mode: rule.mode, action: rule.action, applied: false, generation: now.generation });
      if (rule.mode === 'enforce' && rule.action === 'kill') this.#effects.kill(verdict);
      else found.push(verdict);
    }
    return found;
  }

  /** Sets of one generation differ only in the images that must not run, and a rule keeps its number: the newest that knows it. */
  #ruleOf(generation: number, number: number): { readonly rule: RunRule; readonly policies: RunPolicies } | null {
    const recent = this.#recent.filter((one) => one.generation === generation);
    for (const policies of recent.length === 0 ? [this.#policies] : recent) {
      const rule = policies.ruleByNumber(number);
      if (rule !== null) return { rule, policies };
    }
    return null;
  }

  #verdict(
    rule: RunRule,
    execution: Execution,
    container: Container | null,
    atBootNs: number,
    decided: Pick<VerdictFound, 'origin' | 'mode' | 'action' | 'applied' | 'generation'>,
    policies = this.#policies,
  ): VerdictFound {
    const identityPending = container !== null && container.identity === null;
    if (identityPending) this.decidedPending += 1;
    return { id: `${executionKey(execution)}-${rule.policy}-${rule.rule}`, policy: rule.policy, rule: rule.rule, atBootNs, execution, identityPending, ...decided, ...aboutImage(rule, policies, container) };
  }
}

/** A verdict about an image is of the generation of the images, and says what is wrong with it. */
function aboutImage(rule: RunRule, policies: RunPolicies, container: Container | null): { readonly reason: string | null; readonly generation?: number } {
  if (rule.on !== 'image') return { reason: null };
  return { reason: container === null ? null : policies.reasonOf(rule, factsOf(container)), generation: policies.imageGeneration };
}

/** The host's processes are never judged; `none` is what the kernel did not look at. */
function originOf(execution: Execution): FileOrigin | null {
  return execution.containerId === null || execution.origin === 'none' ? null : execution.origin;
}

function factsOf(container: Container): ContainerFacts {
  const { id, identity } = container;
  if (identity === null) return { id, name: null, image: null, digest: null, namespace: null };
  return { id, name: identity.name, image: identity.imageName, digest: identity.platformDigest, indexDigest: identity.indexDigest, namespace: identity.podNamespace ?? '', podSandbox: identity.podSandbox === true };
}

function kernelDecision(decision: ContainerDecision): KernelDecision {
  const numbers = (origins: readonly FileOrigin[]) => Object.fromEntries(origins.map((one) => [one, decision.byOrigin[one as keyof typeof decision.byOrigin]?.number ?? 0]));
  return { generation: decision.generation, kill: numbers(decision.kill), shadow: numbers(decision.shadow) };
}
