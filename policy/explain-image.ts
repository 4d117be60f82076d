/**
 * The words for a verdict about an image, in the form that verdicts about executions have: one sentence of what follows, the
 * policy's own message, the fact that decided, the evidence; and what to do. Made from the verdict and the facts alone, so
 * that pipeline, admission, what is found at run time, console and log say the same. Nothing unknown is left out.
 */
import type { Found, Missing } from './condition.ts';
import type { Explanation } from './explain.ts';
import { factSentence, listSentence } from './fact-words.ts';
import { imageVocabulary, type ImageFacts, type VulnerabilityFacts } from './image-facts.ts';
import { factText, fillMessageFrom, shown } from './message.ts';
import type { RuleVerdict } from './stage.ts';

export interface ImageExplanation extends Explanation {
  /** What to do about it; null where nobody has said and nothing follows. */
  readonly fix: string | null;
}

const namedMax = 3;
const fixesMax = 5;

export function explainImageVerdict(verdict: RuleVerdict, image: ImageFacts): ImageExplanation {
  const { policy, rule } = verdict.checked;
  return {
    summary: `${nameOf(image)} ${outcome(verdict)} by the policy ${verdict.policy}.`,
    message: policy.message === null || verdict.answer === 'kept' ? null : fillMessageFrom(policy.message, imageVocabulary, image),
    fact: factOf(verdict, image),
    evidence: [
      `policy ${verdict.policy}, rule ${verdict.rule}, stage ${verdict.stage}, mode ${verdict.mode}`,
      `image ${nameOf(image)}${image.digest.is === 'known' ? ` (${shown(image.digest.value)})` : ''}`,
      ...factsRead(verdict, image),
      ...verdict.found.map((one) => `found ${shown(one.sentence)}`),
      ...verdict.missing.map((one) => `not known: ${missingText(one)}`),
      ...verdict.accepted.map(acceptedText),
      ...verdict.notCounted.map((one) => `the exception ${one.exception} does not count: ${shown(one.why)}`),
    ],
    fix: verdict.answer === 'broken' ? (upgrades(verdict.found) ?? rule.rule.fix ?? null) : verdict.answer === 'unknown' ? knowing(verdict.missing) : null,
  };
}

function nameOf(image: ImageFacts): string {
  if (image.reference.is === 'known') return shown(image.reference.value);
  return image.digest.is === 'known' ? shown(image.digest.value) : 'An image without a name';
}

const stops = {
  build: ['fails the build', 'would fail the build'],
  deploy: ['was refused at deployment', 'would be refused at deployment'],
  run: ['runs, and its next execution is killed', 'runs, and its next execution would be killed'],
} as const;

function outcome({ answer, stage, mode, effectIfEnforced }: RuleVerdict): string {
  if (answer === 'kept') return 'passes';
  if (answer === 'accepted') return 'passes with an exception';
  const why = answer === 'unknown' ? ', because what the rule asks is not known,' : '';
  switch (effectIfEnforced) {
    case 'stop':
      return `${stops[stage][mode === 'enforce' ? 0 : 1]}${why}`;
    case 'warn':
      return `${mode === 'enforce' ? 'is' : 'would be'} warned about${why}`;
    case 'inform':
    case 'none':
      return `was reported${why}`;
    default:
      return effectIfEnforced satisfies never;
  }
}

/** The items that decided, or else the facts that the condition read. */
function factOf(verdict: RuleVerdict, image: ImageFacts): string {
  if (verdict.answer === 'unknown') return `Not known: ${listed(verdict.missing.map(missingText))}.`;
  const accepted = verdict.accepted.flatMap((one) => one.found);
  const found = verdict.answer === 'accepted' ? accepted : verdict.found;
  if (found.length > 0) return `${listed(found.map((one) => shown(one.sentence)))}.`;
  if (verdict.answer === 'accepted') return `Accepted by ${verdict.accepted.map((one) => one.exception).join(', ')}.`;
  const read = [...factsSaid(verdict, image), ...listsSaid(verdict, image)];
  return read.length === 0 ? 'The condition reads no single fact.' : sentence(read.join('; '));
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function factsSaid({ checked }: RuleVerdict, image: ImageFacts): string[] {
  return imageVocabulary.facts.filter(({ name }) => checked.rule.condition.references.has(name)).map((one) => factSentence(one, image));
}

function factsRead({ checked }: RuleVerdict, image: ImageFacts): string[] {
  return imageVocabulary.facts.filter(({ name }) => checked.rule.condition.references.has(name)).map(({ name, read }) => `${name} is ${factText(read(image))}`);
}

/** Lists of which no item decided: a rule that misses something says what there is instead. */
function listsSaid({ checked }: RuleVerdict, image: ImageFacts): string[] {
  return imageVocabulary.lists.filter(({ name }) => checked.rule.condition.references.has(name)).map(({ name, read }) => listSentence(name, read(image).items.length));
}

export function missingText({ fact, reason }: Missing): string {
  return reason === '' ? fact : `${fact} (${shown(reason)})`;
}

function acceptedText({ exception, owner, expiresAt, found }: RuleVerdict['accepted'][number]): string {
  const what = found.length === 0 ? 'the rule' : listed(found.map((one) => shown(one.sentence)));
  return `accepted by the exception ${exception} of ${shown(owner)} until ${expiresAt}: ${what}`;
}

function listed(texts: readonly string[]): string {
  const more = texts.length - namedMax;
  return more > 0 ? `${texts.slice(0, namedMax).join('; ')}; and ${more} more` : texts.join('; ');
}

/** `upgrade lodash 4.17.15 to 4.17.21`, once for each package. */
function upgrades(found: readonly Found[]): string | null {
  const fixes = new Map<string, Set<string>>();
  for (const { list, item } of found) {
    if (list !== 'image.vulnerabilities') continue;
    const { package: { name, version }, fixedIn } = item as VulnerabilityFacts;
    if (fixedIn.is !== 'known' || fixedIn.value === '') continue;
    const key = `${name} ${version}`;
    fixes.set(key, (fixes.get(key) ?? new Set()).add(fixedIn.value));
  }
  if (fixes.size === 0) return null;
  const sentences = [...fixes].slice(0, fixesMax).map(([one, versions]) => `${one} to ${[...versions].join(', ')}`);
  return shown(`upgrade ${sentences.join('; ')}${fixes.size > fixesMax ? `; and ${fixes.size - fixesMax} more` : ''}`);
}

function knowing(missing: readonly Missing[]): string | null {
  return missing.length === 0 ? null : 'supply what is missing, or accept it with an exception';
}
