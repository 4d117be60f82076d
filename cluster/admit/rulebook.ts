/**
 * What admission judges by: the policies with rules at deployment and the exceptions, as the hub said them last. Kept on the disk,
 * so that the part judges while the hub is away, and after a restart too. A policy or exception that this part cannot read is
 * named, and the others hold.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Exception } from '@vedette/model/exception';
import { policyModes } from '@vedette/model/policy';
import type { ExceptionSet, PolicySet } from '@vedette/model/wire/generated/link_pb';
import { parseExceptions, parsePolicies } from '@vedette/policy/parse';
import type { ImagePolicyInForce } from '@vedette/policy/stage';
import { isWorkloadFact } from '@vedette/policy/workload-facts';
import { z } from 'zod';

const Text = z.object({ name: z.string(), yaml: z.string() });
const Kept = z.object({
  policies: z.array(Text.extend({ mode: z.string() })).nullable(),
  exceptions: z.array(Text),
});
type Kept = z.output<typeof Kept>;

export interface Rules {
  /** Another one each time that something was said. */
  readonly generation: number;
  readonly policies: readonly ImagePolicyInForce[];
  readonly exceptions: readonly Exception[];
  /** Whether a rule that is in force asks about the workload. */
  readonly asksWorkload: boolean;
}

export class Rulebook {
  readonly #file: string;
  readonly #changed: () => void;
  #kept: Kept = { policies: null, exceptions: [] };
  #rules: Rules = { generation: 0, policies: [], exceptions: [], asksWorkload: false };
  #problems: readonly string[] = [];

  constructor(directory: string, changed: () => void = () => undefined) {
    this.#file = path.join(directory, 'admission-rules.json');
    this.#changed = changed;
    try {
      const kept = Kept.safeParse(JSON.parse(readFileSync(this.#file, 'utf8')));
      if (kept.success) this.#kept = kept.data;
    } catch {
      // none was ever kept, or not whole: the hub says it again
    }
    if (this.#kept.policies !== null) this.#read();
  }

  /** Whether the hub has ever said by what is judged. */
  get isKnown(): boolean {
    return this.#kept.policies !== null;
  }

  get rules(): Rules {
    return this.#rules;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  setPolicies({ policies }: PolicySet): void {
    this.#take({ ...this.#kept, policies: policies.map(({ name, yaml, mode }) => ({ name, yaml, mode })) });
  }

  setExceptions({ exceptions }: ExceptionSet): void {
    this.#take({ ...this.#kept, exceptions: exceptions.map(({ name, yaml }) => ({ name, yaml })) });
  }

  #take(kept: Kept): void {
    this.#kept = kept;
    this.#read();
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch {
      // a full disk: it holds for this process, and the next one is told again
    }
    this.#changed();
  }

  #read(): void {
    const problems: string[] = [];
    const policies = (this.#kept.policies ?? []).flatMap(({ name, yaml, mode }): ImagePolicyInForce[] => {
      const known = policyModes.find((one) => one === mode);
      const parsed = parsePolicies(name, yaml);
      problems.push(...parsed.problems.map((one) => `policy ${name}: ${one.message}`));
      if (known === undefined) problems.push(`policy ${name}: the mode ${mode} is not known here`);
      if (known === undefined || known === 'off') return [];
      return parsed.policies.filter(atDeployment).map((policy) => ({ policy, mode: known }));
    });
    const exceptions = this.#kept.exceptions.flatMap(({ name, yaml }) => {
      const parsed = parseExceptions(name, yaml);
      problems.push(...parsed.problems.map((one) => `exception ${name}: ${one.message}`));
      return parsed.exceptions;
    });
    const asksWorkload = policies.some(({ policy }) => policy.imageRules.some(({ rule, condition }) => rule.actions.deploy !== undefined && [...condition.references].some(isWorkloadFact)))
      // a message may name what the condition does not ask
      || policies.some(({ policy }) => policy.message?.some((part) => part.kind === 'fact' && isWorkloadFact(part.name)) === true);
    this.#problems = problems;
    this.#rules = { generation: this.#rules.generation + 1, policies, exceptions, asksWorkload };
  }
}

function atDeployment({ imageRules }: ImagePolicyInForce['policy']): boolean {
  return imageRules.some(({ rule }) => rule.actions.deploy !== undefined);
}
