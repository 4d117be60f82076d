/**
 * One check as a value: what was checked, with what, each rule's verdict in words, and what follows. Table, JSON, SARIF and JUnit
 * are written from this alone, so that no two of them can say different things.
 */
import { explainImageVerdict, type ImageExplanation } from '@vedette/policy/explain-image';
import { imageVocabulary, type ImageFacts } from '@vedette/policy/image-facts';
import { factText } from '@vedette/policy/message';
import type { RuleVerdict } from '@vedette/policy/stage';
import { storedFacts } from '@vedette/policy/image-facts-text';

export const reportFormat = 'vedette.dev/check/v1alpha1';

export interface FeedAge {
  readonly ecosystem: string;
  readonly ageDays: number;
}

export interface CheckedImage {
  readonly target: string;
  readonly facts: ImageFacts;
  readonly packages: number;
  /** For people; null: it has none. */
  readonly distribution: string | null;
  /** What of the image could not be read, one sentence each. */
  readonly problems: readonly string[];
}

export interface Checked {
  readonly version: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly image: CheckedImage;
  /** Null: there was no store. */
  readonly advisories: { readonly revision: string; readonly feeds: readonly FeedAge[] } | null;
  readonly unknown: 'fail' | 'warn';
  readonly verdicts: readonly RuleVerdict[];
  /** Policies that said nothing, and why: off, out of scope, no rule for the stage. */
  readonly silent: readonly { readonly policy: string; readonly why: string }[];
}

export interface RuleLine {
  readonly verdict: RuleVerdict;
  readonly words: ImageExplanation;
}

export interface Counts {
  readonly failed: number;
  readonly unknownFailed: number;
  readonly unknownWarned: number;
  readonly warned: number;
  readonly informed: number;
  readonly accepted: number;
  readonly kept: number;
  /** Broken or unknown, in policies that only shadow. */
  readonly shadowed: number;
}

export interface Report extends Checked {
  readonly lines: readonly RuleLine[];
  readonly counts: Counts;
  readonly passes: boolean;
}

export function reportOf(checked: Checked): Report {
  const { verdicts } = checked;
  const count = (fits: (one: RuleVerdict) => boolean) => verdicts.filter(fits).length;
  const enforced = (one: RuleVerdict) => one.mode === 'enforce';
  return {
    ...checked,
    lines: verdicts.map((verdict) => ({ verdict, words: explainImageVerdict(verdict, checked.image.facts) })),
    counts: {
      failed: count((one) => one.effect === 'stop' && one.answer === 'broken'),
      unknownFailed: count((one) => one.effect === 'stop' && one.answer === 'unknown'),
      unknownWarned: count((one) => enforced(one) && one.effect !== 'stop' && one.answer === 'unknown'),
      warned: count((one) => one.effect === 'warn' && one.answer === 'broken'),
      informed: count((one) => one.effect === 'inform' && one.answer === 'broken'),
      accepted: count((one) => one.answer === 'accepted'),
      kept: count((one) => one.answer === 'kept'),
      shadowed: count((one) => !enforced(one) && (one.answer === 'broken' || one.answer === 'unknown')),
    },
    passes: !verdicts.some((one) => one.effect === 'stop'),
  };
}

/** What the image is called in titles and addresses. */
export function nameOfImage({ image }: Checked): string {
  const { reference, digest } = image.facts;
  if (reference.is === 'known') return reference.value;
  return digest.is === 'known' ? digest.value : image.target;
}

export function jsonOf(report: Report): string {
  const { image, counts, passes } = report;
  const facts = storedFacts(image.facts);
  const lists = Object.fromEntries(imageVocabulary.lists.map(({ name, read }) => {
    const { items, incomplete } = read(image.facts);
    return [name, { known: items.length, incomplete }];
  }));
  return `${JSON.stringify({
    format: reportFormat,
    version: report.version,
    at: new Date(report.atMs).toISOString(),
    stage: 'build',
    outcome: passes ? 'pass' : 'fail',
    unknownCountsAs: report.unknown,
    counts,
    image: { target: image.target, distribution: image.distribution, packages: image.packages, facts, lists, problems: image.problems },
    advisories: report.advisories,
    rules: report.lines.map(({ verdict, words }) => ({
      policy: verdict.policy,
      rule: verdict.rule,
      severity: verdict.severity,
      mode: verdict.mode,
      action: verdict.action,
      answer: verdict.answer,
      effect: verdict.effect,
      effectIfEnforced: verdict.effectIfEnforced,
      summary: words.summary,
      message: words.message,
      fact: words.fact,
      evidence: words.evidence,
      fix: words.fix,
      found: verdict.found.map((one) => ({ list: one.list, sentence: one.sentence, item: itemFields(one.list, one.item) })),
      missing: verdict.missing,
      accepted: verdict.accepted.map(({ found, ...one }) => ({ ...one, found: found.map((item) => item.sentence) })),
      exceptionsNotCounted: verdict.notCounted,
    })),
    silent: report.silent,
  }, null, 2)}\n`;
}

/** The fields of an item under the names that conditions use; what is not known is left out. */
export function itemFields(list: string, item: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { name, read } of imageVocabulary.lists.find((one) => one.name === list)?.fields ?? []) {
    const fact = read(item);
    if (fact.is === 'known') fields[name.slice(list.length + 1)] = factText(fact);
  }
  return fields;
}
