/**
 * A workload → may it be: the facts of each of its images, judged by the same policies and exceptions as in a pipeline, at the
 * stage deploy. Denied is what an enforced rule denies; shadow says what it would do; what cannot be judged follows the
 * choice of the cluster: Ignore lets it in with a warning, named as failed open, Fail counts it as the rule says. Never
 * later than the deadline.
 */
import { explainImageVerdict } from '@vedette/policy/explain-image';
import { nameFacts, unknownImage, type ImageFacts } from '@vedette/policy/image-facts';
import { judgeImage, type RuleVerdict } from '@vedette/policy/stage';
import type { KnownImage } from './image-knowledge.ts';
import { containersOf, type ReviewedContainer } from './pod-template.ts';
import type { WorkloadReview } from './review.ts';
import type { Rules } from './rulebook.ts';
import { refusalText, warningTexts, type Spoken } from './words.ts';

export interface JudgedImage {
  readonly reference: string;
  readonly digest: string;
  /** Of what was known, while the hub does not answer; null: it is what the hub says. */
  readonly factsAgeMs: number | null;
  readonly verdicts: readonly Spoken[];
}

export interface Decision {
  readonly allowed: boolean;
  /** Empty: it is allowed. */
  readonly message: string;
  readonly warnings: readonly string[];
  readonly images: readonly JudgedImage[];
  /** Empty: it was judged. */
  readonly failedOpen: string;
}

export interface JudgeDoors {
  readonly rules: () => Rules;
  readonly image: (reference: string, waitMs: number) => Promise<KnownImage>;
  readonly nowMs: () => number;
  readonly failurePolicy: 'Ignore' | 'Fail';
}

/** Verdicts are kept as long as nothing they rest on can have changed; exceptions end by the clock. */
const keptMs = 5000;
const keptForEach = 32;

interface KeptVerdicts {
  generation: number;
  untilMs: number;
  readonly byWorkload: Map<string, readonly RuleVerdict[]>;
}

export class Judge {
  readonly #doors: JudgeDoors;
  readonly #kept = new WeakMap<ImageFacts, KeptVerdicts>();

  constructor(doors: JudgeDoors) {
    this.#doors = doors;
  }

  /** `waitMs`: so long it may take to learn what is not known yet. */
  async decide(review: WorkloadReview, waitMs: number): Promise<Decision> {
    const rules = this.#doors.rules();
    const containers = containersOf(review.template, review);
    const references = [...new Set(containers.map((one) => one.image))];
    const known = new Map(rules.policies.length === 0 ? [] : await Promise.all(references.map(async (one) => [one, await this.#doors.image(one, waitMs)] as const)));
    const spoken: Spoken[] = [];
    const byImage = new Map<string, Spoken[]>();
    for (const one of containers) {
      const image = known.get(one.image);
      const verdicts = image === undefined ? [] : this.#verdicts(image, one, rules);
      spoken.push(...verdicts);
      byImage.set(one.image, [...(byImage.get(one.image) ?? []), ...verdicts]);
    }
    const images = references.map((reference) => ({ reference, digest: known.get(reference)?.digest ?? '', factsAgeMs: known.get(reference)?.ageMs ?? null, verdicts: byImage.get(reference) ?? [] }));
    return { ...this.#follows(review, spoken), images };
  }

  #follows(review: WorkloadReview, spoken: readonly Spoken[]): Omit<Decision, 'images'> {
    const refused = spoken.filter(({ verdict }) => verdict.effect === 'stop').toSorted((a, b) => Number(a.verdict.answer === 'unknown') - Number(b.verdict.answer === 'unknown'));
    const warned = spoken.filter(({ verdict }) => verdict.effect === 'warn');
    const warnings = warningTexts(warned);
    if (refused.length > 0) return { allowed: false, message: refusalText(`${review.kind} ${review.namespace}/${review.name}`, refused), warnings, failedOpen: '' };
    // only what would have been refused, had it been known: a rule that warns of what it does not know has been heard
    const open = warned.find(({ verdict }) => verdict.answer === 'unknown' && verdict.action === 'deny');
    return { allowed: true, message: '', warnings, failedOpen: open === undefined ? '' : `${open.verdict.policy}/${open.verdict.rule}: ${open.explanation.fact}` };
  }

  #verdicts(image: KnownImage, container: ReviewedContainer, rules: Rules): Spoken[] {
    const facts: ImageFacts = { ...image.facts, workload: container.facts };
    return this.#judged(image.facts, facts, container, rules)
      .filter((verdict) => verdict.answer !== 'kept')
      .map((verdict) => ({ container: container.name, factsAgeMs: image.ageMs, verdict, explanation: explainImageVerdict(verdict, facts) }));
  }

  #judged(of: ImageFacts, facts: ImageFacts, container: ReviewedContainer, rules: Rules): readonly RuleVerdict[] {
    const nowMs = this.#doors.nowMs();
    let kept = this.#kept.get(of);
    if (kept === undefined || kept.generation !== rules.generation || kept.untilMs < nowMs) {
      kept = { generation: rules.generation, untilMs: nowMs + keptMs, byWorkload: new Map() };
      this.#kept.set(of, kept);
    }
    const key = rules.asksWorkload ? JSON.stringify(container.facts) : '';
    const before = kept.byWorkload.get(key);
    if (before !== undefined) return before;
    const { policies, exceptions } = rules;
    const verdicts = judgeImage(facts, { stage: 'deploy', policies, exceptions, nowMs, unknown: this.#doors.failurePolicy === 'Fail' ? 'fail' : 'warn' });
    if (kept.byWorkload.size < keptForEach) kept.byWorkload.set(key, verdicts);
    return verdicts;
  }
}

/** For a part that cannot ask anybody. */
export function unaskedImage(reference: string, reason: string): KnownImage {
  return { facts: { ...unknownImage(reason), ...nameFacts(reference) }, digest: '', problem: reason, ageMs: null };
}
