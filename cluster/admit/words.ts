/**
 * What people read of a decision: the refusal, with policy, fact, fix and how to except it, and the warnings, each as long as
 * kubectl shows it. Bounded, since a pod may have many containers and an image many faults. Nothing is left out without a word.
 */
import type { ImageExplanation } from '@vedette/policy/explain-image';
import { shown } from '@vedette/policy/message';
import type { RuleVerdict } from '@vedette/policy/stage';
import { span } from './image-knowledge.ts';

export interface Spoken {
  readonly container: string;
  /** As KnownImage.ageMs. */
  readonly factsAgeMs: number | null;
  readonly verdict: RuleVerdict;
  readonly explanation: ImageExplanation;
}

const reasonsMax = 4;
const warningsMax = 8;
/** The API server and kubectl let no more through untouched. */
export const warningCharactersMax = 120;
const messageCharactersMax = 3000;

/** `what`: Deployment shop/cart. */
export function refusalText(what: string, refused: readonly Spoken[]): string {
  const reasons = refused.slice(0, reasonsMax).map(reasonText);
  const more = refused.length - reasons.length;
  const text = `Vedette refuses ${shown(what)}. ${reasons.join(' ')}${more > 0 ? ` And ${more} more of its kind.` : ''}`;
  return text.length > messageCharactersMax ? `${text.slice(0, messageCharactersMax - 1)}…` : text;
}

function reasonText({ container, factsAgeMs, verdict, explanation }: Spoken): string {
  const { message, fact, fix } = explanation;
  const parts = [`Container ${shown(container)}: ${explanation.summary}`, ...(message === null ? [] : [sentence(message)]), fact];
  if (factsAgeMs !== null) parts.push(`This is what the hub said ${span(factsAgeMs)} ago: it does not answer now.`);
  if (fix !== null) parts.push(`Fix: ${sentence(fix)}`);
  parts.push(`To except it: an approved Exception for ${verdict.policy}/${verdict.rule} (console, Policies, Exceptions).`);
  return parts.join(' ');
}

/** The policy and the fact first: what is cut off is the end. */
export function warningTexts(warned: readonly Spoken[]): string[] {
  const texts = [...new Set(warned.map(({ container, factsAgeMs, verdict, explanation }) => cut(`vedette ${verdict.policy}: container ${shown(container)}${factsAgeMs === null ? '' : `, as known ${span(factsAgeMs)} ago`}: ${explanation.fact}`)))];
  if (texts.length <= warningsMax) return texts;
  return [...texts.slice(0, warningsMax - 1), cut(`vedette: and ${texts.length - warningsMax + 1} more warnings, shown in the console under Admissions`)];
}

function cut(text: string): string {
  // header values: what is not printable ASCII is no warning to the API server
  const plain = text.replace(/…/g, '...').replace(/[’‘]/g, "'").replace(/[^\x20-\x7e]/g, '?');
  return plain.length > warningCharactersMax ? `${plain.slice(0, warningCharactersMax - 3)}...` : plain;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
