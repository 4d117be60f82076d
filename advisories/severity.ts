/**
 * What a record says of severity → one of our words, with the score where there is one. In this order: a CVSS vector (the
 * newest version of CVSS in the record), a word of the source (GitHub's LOW to CRITICAL), Debian's urgency, and a
 * record of a malicious package is critical by what it is. Otherwise unknown, which is its own word and never "low".
 * A vector that does not define every base metric is no vector. CVSS 4.0 counts the exploit maturity that the vector
 * states; of the older versions only the base score is taken.
 */
import type { VulnerabilitySeverity } from '@vedette/model/api/views';
// CommonJS, and Node cannot see its names from outside: so the whole of it.
import calculator from 'ae-cvss-calculator';

export interface SeverityInput {
  /** CVSS_V2, CVSS_V3, CVSS_V4, or a distribution's own scale. */
  readonly type: string;
  readonly score: string;
}

export interface Rating {
  readonly severity: VulnerabilitySeverity;
  readonly cvss: number | null;
  readonly vector: string | null;
  /** Where the word comes from. */
  readonly from: 'cvss' | 'source' | 'urgency' | 'malicious' | 'nothing';
}

export const unrated: Rating = { severity: 'unknown', cvss: null, vector: null, from: 'nothing' };

interface Scored {
  readonly version: number;
  readonly score: number;
  readonly vector: string;
}

const remembered = new Map<string, Scored | null>();
const rememberedMax = 5000;

/** Null: not a complete vector of a version of CVSS that exists. */
export function scoreOf(vector: string): Scored | null {
  const known = remembered.get(vector);
  if (known !== undefined) return known;
  if (remembered.size >= rememberedMax) remembered.clear();
  const scored = calculate(vector);
  remembered.set(vector, scored);
  return scored;
}

function calculate(vector: string): Scored | null {
  if (vector.length > 512) return null;
  const version = (/^CVSS:(3\.0|3\.1|4\.0)\//.exec(vector)?.[1] ?? '2.0') as keyof typeof calculators;
  // Checked here, because the calculator takes what it does not know for a remark to the console.
  const pairs = vector.replace(/^CVSS:(3\.0|3\.1|4\.0)\//, '').replace(/^\((.*)\)$/, '$1').split('/');
  const known = pairsOf(version);
  if (new Set(pairs.map((pair) => pair.split(':')[0])).size !== pairs.length || !pairs.every((pair) => known.has(pair))) return null;
  const parsed = new calculators[version](vector);
  if (!parsed.isBaseFullyDefined()) return null;
  const scores = parsed.calculateScores();
  const score = version === '4.0' ? scores.overall : scores.base;
  if (score === undefined || !Number.isFinite(score) || score < 0 || score > 10) return null;
  return { version: Number(version), score, vector };
}

const calculators = { '2.0': calculator.Cvss2, '3.0': calculator.Cvss3P0, '3.1': calculator.Cvss3P1, '4.0': calculator.Cvss4P0 } as const;
const pairsByVersion = new Map<string, ReadonlySet<string>>();

/** Every `metric:value` of one version of CVSS. */
function pairsOf(version: keyof typeof calculators): ReadonlySet<string> {
  const known = pairsByVersion.get(version);
  if (known !== undefined) return known;
  const components = [...new calculators[version]().getRegisteredComponents().values()].flat();
  const pairs = new Set(components.flatMap((component) => component.values.map((value) => `${component.shortName}:${value.shortName}`)));
  pairsByVersion.set(version, pairs);
  return pairs;
}

/** The bounds of each CVSS version's own words; CVSS 2 has no "critical", and "none" counts as low here. */
export function wordOfScore(score: number, version: number): VulnerabilitySeverity {
  if (score >= 9 && version >= 3) return 'critical';
  if (score >= 7) return 'high';
  return score >= 4 ? 'medium' : 'low';
}

const sourceWords: Readonly<Record<string, VulnerabilitySeverity>> = {
  critical: 'critical',
  important: 'high',
  high: 'high',
  moderate: 'medium',
  medium: 'medium',
  low: 'low',
  negligible: 'low',
  unimportant: 'low',
};

function wordOf(text: string): VulnerabilitySeverity | null {
  // Debian's tracker marks a word that it guessed with asterisks.
  const word = text.trim().toLowerCase().replace(/\*+$/, '');
  return Object.hasOwn(sourceWords, word) ? sourceWords[word]! : null;
}

export interface SeverityFacts {
  readonly recordId: string;
  readonly severity: readonly SeverityInput[];
  readonly severityWord: string | null;
  readonly urgency: string | null;
}

export function ratingOf(facts: SeverityFacts): Rating {
  let best: Scored | null = null;
  for (const { type, score } of facts.severity) {
    if (!type.startsWith('CVSS')) continue;
    const scored = scoreOf(score);
    if (scored !== null && (best === null || scored.version > best.version)) best = scored;
  }
  if (best !== null) return { severity: wordOfScore(best.score, best.version), cvss: best.score, vector: best.vector, from: 'cvss' };
  const own = facts.severity.find(({ type }) => !type.startsWith('CVSS'))?.score ?? null;
  for (const word of [facts.severityWord, own]) {
    const severity = word === null ? null : wordOf(word);
    if (severity !== null) return { severity, cvss: null, vector: null, from: 'source' };
  }
  const urgency = facts.urgency === null ? null : wordOf(facts.urgency);
  if (urgency !== null) return { severity: urgency, cvss: null, vector: null, from: 'urgency' };
  return isMalicious(facts.recordId) ? { severity: 'critical', cvss: null, vector: null, from: 'malicious' } : unrated;
}

/** The package itself is the attack: no version of it is meant well. */
export function isMalicious(recordId: string): boolean {
  return recordId.startsWith('MAL-');
}

const ranks: Readonly<Record<VulnerabilitySeverity, number>> = { unknown: 0, low: 1, medium: 2, high: 3, critical: 4 };

/** Of several records about one vulnerability: the highest word, and the highest score among those. */
export function highest(ratings: Iterable<Rating>): Rating {
  let best = unrated;
  for (const rating of ratings) {
    const order = ranks[rating.severity] - ranks[best.severity] || (rating.cvss ?? -1) - (best.cvss ?? -1);
    if (order > 0) best = rating;
  }
  return best;
}
