/**
 * One policy on one image → what it says at each stage and why, by the same judge that pipelines and admission ask. The image's facts are
 * what is kept of it: the latest check in scope, or what sensors told of it, with the findings of today. Whether something is loaded is
 * known at deployment, from runs in scope, and never at build.
 */
import { storedImageFacts, type StoredFinding } from '@vedette/image/stored';
import type { Scope } from '@vedette/model/access';
import type { PolicyExplanationView, RuleResult } from '@vedette/model/api/checks';
import { Problem } from '@vedette/model/problem';
import type { CheckedPolicy } from '@vedette/policy/check';
import type { ImageFacts } from '@vedette/policy/image-facts';
import { parsePolicies } from '@vedette/policy/parse';
import { judgeImage, type ImageStage } from '@vedette/policy/stage';
import { readStoredFacts, readStoredSignatures, ruleResult, storedFacts } from '@vedette/policy/stored-facts';
import { known, unknown, type Fact } from '@vedette/policy/vocabulary';
import type { Exposure } from '@vedette/policy/image-facts';
import { listExceptions } from '../store/exceptions.ts';
import { findingsOfInventory, latestCheckOf, matchingOfInventory, packagesOfInventory, runningImage, type FindingRowShape } from '../store/read-checks.ts';
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

async function knownImage({ database, assess, now }: Doors, scope: Scope, digest: string): Promise<KnownImage | undefined> {
  const check = await latestCheckOf(database, scope, digest);
  const seen = check === undefined ? await runningImage(database, scope, digest) : undefined;
  if (check === undefined && seen === undefined) return undefined;
  const inventoryId = check?.inventory_id ?? seen?.inventory_id ?? null;
  const [packages, findings, matching] = inventoryId === null
    ? [[], [], undefined] as const
    : await Promise.all([packagesOfInventory(database, scope, inventoryId), findingsOfInventory(database, scope, inventoryId), matchingOfInventory(database, scope, inventoryId)]);
  const nowMs = now().getTime();
  const facts = storedImageFacts({
    digest: check?.platform_digest ?? seen!.platform_digest,
    indexDigest: check?.index_digest ?? seen?.index_digest ?? null,
    reference: check?.reference ?? seen?.reference ?? null,
    facts: check === undefined ? null : readStoredFacts(check.facts),
    signatures: check === undefined ? { items: [], incomplete: 'signatures lie in the registry, and nobody has asked it' } : readStoredSignatures(check.signatures),
    packages: { items: packages, incomplete: missing(inventoryId, check?.packages_incomplete ?? null, seen?.problems ?? []) },
    findings: findings.map(findingOf),
    findingsIncomplete: matching?.assessed !== true ? 'its packages have not been matched with advisories yet' : matching.unfed > 0 ? `no advisories are loaded for ${matching.unfed} of its packages` : null,
    feeds: assess.feeds().items.map((one) => ({ ecosystem: one.ecosystem, ageDays: Math.floor(one.ageSeconds / 86_400) })),
    nowMs,
  });
  return { source: check === undefined ? 'run' : 'check', checkedAt: check?.at ?? null, facts };
}

function missing(inventoryId: number | null, incomplete: string | null, problems: readonly string[]): string | null {
  if (inventoryId === null) return 'its packages have not been read yet';
  return incomplete ?? (problems.length === 0 ? null : problems.join('; '));
}

function findingOf(row: FindingRowShape): StoredFinding {
  return { id: row.name, aliases: row.aliases, severity: row.severity, cvss: row.cvss, fixedIn: row.fixed_in, uncertain: row.uncertain, position: row.position, loaded: loadedOf(row) };
}

function loadedOf({ loaded, runs, unloaded }: FindingRowShape): Fact<Exposure> {
  if (loaded) return known('yes');
  if (runs === 0) return unknown('nothing in your scope runs it');
  return unloaded === runs ? known('no') : unknown('it has not been watched long enough, or not without loss');
}

function textOf(fact: Fact<string>): string | null {
  return fact.is === 'known' ? fact.value : null;
}
