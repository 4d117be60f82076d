/**
 * The facts of an image as JSON under the names that conditions use, and back: what a report shows, what the hub keeps, and what it judges
 * again later. Known, known to be nothing and unknown stay apart on the way. Lists are not among them: packages and vulnerabilities are
 * kept as what they are. A name that this version does not know is passed over; a fact that is missing is unknown.
 */
import type { CheckReport, RuleResult, StoredFact } from '@vedette/model/api/checks';
import { explainImageVerdict } from './explain-image.ts';
import { imageFactKeys, imageVocabulary, type ImageFacts, type SignatureFacts } from './image-facts.ts';
import type { RuleVerdict } from './stage.ts';
import { absent, known, unknown, type Fact, type FactType, type FactValue, type OpenList } from './vocabulary.ts';

export function storedFact(fact: Fact<FactValue>): StoredFact {
  if (fact.is === 'unknown') return { unknown: fact.reason };
  return fact.is === 'absent' ? { absent: true } : { value: fact.value as Extract<StoredFact, { value: unknown }>['value'] };
}

export function storedFacts(image: ImageFacts): Record<string, StoredFact> {
  return Object.fromEntries(imageVocabulary.facts.map(({ name, read }) => [name, storedFact(read(image))]));
}

/** A value of another type than the fact has is none: it came from outside. */
export function readStoredFacts(stored: Readonly<Record<string, StoredFact>>): Partial<ImageFacts> {
  const out: Record<string, Fact<FactValue>> = {};
  for (const { name, type } of imageVocabulary.facts) {
    const key = imageFactKeys.get(name);
    const one = stored[name];
    if (key !== undefined && one !== undefined) out[key] = factOf(one, type);
  }
  return out as Partial<ImageFacts>;
}

function factOf(stored: StoredFact, type: FactType): Fact<FactValue> {
  if ('unknown' in stored) return unknown(stored.unknown);
  if ('absent' in stored) return absent;
  return isOf(type, stored.value) ? known(stored.value) : unknown('what was kept of it is of another kind');
}

function isOf(type: FactType, value: unknown): value is FactValue {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return Number.isSafeInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'list<string>':
      return Array.isArray(value);
    case 'map<string, string>':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return type satisfies never;
  }
}

export type StoredSignatures = CheckReport['image']['signatures'];

export function storedSignatures({ items, incomplete }: OpenList<SignatureFacts>): StoredSignatures {
  return { items: items.map((one) => ({ verified: storedFact(one.verified), signer: storedFact(one.signer) })), incomplete };
}

export function readStoredSignatures({ items, incomplete }: StoredSignatures): OpenList<SignatureFacts> {
  return { items: items.map((one) => ({ verified: factOf(one.verified, 'bool') as Fact<boolean>, signer: factOf(one.signer, 'string') as Fact<string> })), incomplete };
}

const evidenceMax = 500;

/** One rule's verdict with its words, as reports, kept checks and explanations carry it. */
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
