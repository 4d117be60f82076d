/**
 * One policy on one image → what it says at each stage and why, by the same judge that pipelines and admission ask, of the same facts that
 * admission and violations have. Whether something is loaded is known from runs in scope, and never at build.
 */
import type { Scope } from '@vedette/model/access';
import type { PolicyExplanationView, RuleResult } from '@vedette/model/api/checks';
import { Problem } from '@vedette/model/problem';
import type { CheckedPolicy } from '@vedette/policy/check';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { storedFacts } from '@vedette/policy/image-facts-text';
import { parsePolicies } from '@vedette/policy/parse';
import { ruleResult } from '@vedette/policy/rule-result';
import { judgeImage, type ImageStage } from '@vedette/policy/stage';
import { unknown, type Fact } from '@vedette/policy/vocabulary';
import { listExceptions } from '../store/exceptions.ts';
import { latestCheckOf, runningImage } from '../store/read-checks.ts';
import { policySet } from '../store/read-policies.ts';
import type { Doors } from './doors.ts';
import { exceptionOf } from './exception-view.ts';

interface KnownImage {
  readonly source: 'check' | 'run';
  readonly checkedAt: Date | null;
  readonly facts: ImageFacts;
}

export async function explainPolicy(doors: Doors, scope: Scope, name: string, digest: string): Promise<PolicyExplanationView> {
  const held = (await policySet(doors.database)).find((one) => one.name === name);
  if (held === undefined) throw new Problem('not-found');
  const [policy] = parsePolicies('policy', held.yaml).policies;
  if (policy === undefined) throw new Problem('policy-invalid', 'The stored text cannot be read by this version.');
  const image = await knownImage(doors, scope, digest);
  if (image === undefined) throw new Problem('not-found', 'No check of this image was handed in, and nothing in your scope runs it.');
  const exceptions = (await listExceptions(doors.database, false)).map(exceptionOf);
  const nowMs = doors.now().getTime();
  const rules = (stage: ImageStage, facts: ImageFacts): RuleResult[] =>
    judgeImage(facts, { stage, policies: [{ policy, mode: held.mode === 'off' ? 'shadow' : held.mode }], exceptions, nowMs, unknown: 'fail' })
      .map((verdict) => ({ ...ruleResult(verdict, facts), ...(held.mode === 'off' ? { mode: 'off' as const, effect: 'none' as const } : {}) }));
  const { facts } = image;
  const atBuild: ImageFacts = { ...facts, vulnerabilities: { ...facts.vulnerabilities, items: facts.vulnerabilities.items.map((one) => ({ ...one, loaded: unknown('it is known of an image that runs, and a pipeline cannot know it') })) } };
  return {
    policy: name,
    image: {
      digest: textOf(facts.digest) ?? digest,
      reference: textOf(facts.reference),
      source: image.source,
      checkedAt: image.checkedAt?.toISOString() ?? null,
      facts: storedFacts(facts),
      packages: { known: facts.packages.items.length, incomplete: facts.packages.incomplete },
      vulnerabilities: { known: facts.vulnerabilities.items.length, incomplete: facts.vulnerabilities.incomplete },
      signatures: { known: facts.signatures.items.length, incomplete: facts.signatures.incomplete },
    },
    stages: [
      { stage: 'build', says: silence(policy, held.mode, 'build', facts), rules: rules('build', atBuild) },
      { stage: 'deploy', says: silence(policy, held.mode, 'deploy', facts), rules: rules('deploy', facts) },
      { stage: 'run', says: policy.rules.length > 0 ? 'its rules for run speak about executions; what they found is among the incidents' : 'it has no rule about executions', rules: [] },
    ],
  };
}

function silence(policy: CheckedPolicy, mode: string, stage: ImageStage, facts: ImageFacts): string | null {
  if (!policy.imageRules.some(({ rule }) => rule.actions[stage] !== undefined)) return `it says nothing about ${stage}`;
  if (policy.imageScope(facts) === 'out') return 'the image is out of its scope';
  return mode === 'off' ? 'it is off; below is what it would say' : null;
}

/** The reader may see it by a check or a container in scope; what is known of it is known to everyone who asks alike. */
async function knownImage({ database, assess }: Doors, scope: Scope, digest: string): Promise<KnownImage | undefined> {
  const check = await latestCheckOf(database, scope, digest);
  const seen = await runningImage(database, scope, digest);
  if (check === undefined && seen === undefined) return undefined;
  const wanted = { digest: seen?.platform_digest ?? check!.platform_digest, reference: seen?.reference ?? check?.reference ?? null };
  const { facts, listFrom } = await assess.imageFacts({ ...wanted, scope });
  return { source: check !== undefined && (listFrom === 'check' || listFrom === null) ? 'check' : 'run', checkedAt: check?.at ?? null, facts };
}

function textOf(fact: Fact<string>): string | null {
  return fact.is === 'known' ? fact.value : null;
}
