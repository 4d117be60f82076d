/** A report with the content behind it → what the hub keeps: verdicts in words, facts, packages with the layer that brought each, and the run. */
import type { ImageContent } from '@vedette/image/content';
import type { CheckReport, PipelineRun } from '@vedette/model/api/checks';
import type { Fact } from '@vedette/policy/vocabulary';
import { storedFacts, storedSignatures } from '@vedette/policy/image-facts-text';
import { ruleResult } from '@vedette/policy/rule-result';
import type { Report } from './report.ts';

export function hubReport(report: Report, content: ImageContent, more: { readonly run: PipelineRun; readonly fromHub: ReadonlySet<string> }): CheckReport {
  const { facts } = report.image;
  return {
    at: new Date(report.atMs).toISOString(),
    version: report.version,
    stage: 'build',
    verdict: report.passes ? 'pass' : 'fail',
    unknownCountsAs: report.unknown,
    image: {
      digest: content.digest,
      indexDigest: textOf(facts.indexDigest),
      reference: textOf(facts.reference),
      platform: content.platform,
      distribution: content.distribution === null || content.distribution.ecosystem === '' ? null : content.distribution.ecosystem,
      facts: storedFacts(facts),
      signatures: storedSignatures(facts.signatures),
      problems: report.image.problems.slice(0, 500).map((one) => one.slice(0, 2000)),
    },
    packages: {
      revision: content.revision,
      items: content.packages.map(({ ecosystem, name, version, sourceName, sourceVersion, path }) => ({ ecosystem, name, version, sourceName, sourceVersion, path })),
      incomplete: facts.packages.incomplete,
    },
    layers: content.layers.map((one) => ({ ...one, packages: [...one.packages] })),
    findings: report.lines.map(({ verdict }) => ruleResult(verdict, facts)),
    policies: [...new Set([...report.lines.map((one) => one.verdict.policy), ...report.silent.map((one) => one.policy)])].map((name) => ({ name, source: more.fromHub.has(name) ? 'hub' : 'file' })),
    advisories: report.advisories === null ? null : { revision: report.advisories.revision, ageDays: facts.advisoriesAgeDays.is === 'known' ? facts.advisoriesAgeDays.value : null },
    run: more.run,
  };
}

function textOf(fact: Fact<string>): string | null {
  return fact.is === 'known' ? fact.value : null;
}
