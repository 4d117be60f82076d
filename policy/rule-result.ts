/** One rule's verdict with its words, as reports, kept checks and explanations carry it; evidence is cut, and says so. */
import type { RuleResult } from '@vedette/model/api/checks';
import { explainImageVerdict } from './explain-image.ts';
import type { ImageFacts } from './image-facts.ts';
import type { RuleVerdict } from './stage.ts';

const evidenceMax = 500;

export function ruleResult(verdict: RuleVerdict, image: ImageFacts): RuleResult {
  const words = explainImageVerdict(verdict, image);
  const left = words.evidence.length - evidenceMax;
  return {
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
    evidence: left > 0 ? [...words.evidence.slice(0, evidenceMax - 1), `and ${left + 1} more`] : [...words.evidence],
    fix: words.fix,
    exceptions: verdict.accepted.map((one) => one.exception),
    exceptionsNotCounted: verdict.notCounted.map((one) => ({ exception: one.exception, why: one.why })),
  };
}
