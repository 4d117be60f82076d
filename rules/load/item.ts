/**
 * The items of a rule file as they were written: lists, macros, rules, and changes to earlier ones. Nothing is resolved
 * yet. Order and merging are the subject of `collect.ts`.
 */
import type { PlacedText } from '../placed-text.ts';
import type { Place } from '../problems.ts';
import type { WindowItem } from './read-window.ts';

/** Falco's words, most urgent first. */
export const priorities = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug'] as const;
export type Priority = (typeof priorities)[number];

/** Any case; INFO is short for INFORMATIONAL. Null: not a priority. */
export function priorityOf(text: string): Priority | null {
  const word = text.trim().toLowerCase();
  if (word === 'info') return 'informational';
  return priorities.find((one) => one === word) ?? null;
}

export interface Word {
  readonly text: string;
  readonly place: Place;
}

/** One entry of `values`, `fields` or `comps`: a word, or a list of them. */
export type Entry = { readonly kind: 'word'; readonly word: Word } | { readonly kind: 'list'; readonly of: readonly Entry[]; readonly place: Place };

export interface ExceptionItem {
  readonly name: string;
  readonly fields: Entry | null;
  readonly comparators: Entry | null;
  readonly values: readonly Entry[];
  readonly place: Place;
}

/** Everything a rule item can say; each key absent that was not written. */
export interface RuleKeys {
  readonly condition?: PlacedText;
  readonly output?: PlacedText;
  readonly description?: string;
  readonly priority?: Priority;
  readonly tags?: readonly string[];
  readonly exceptions?: readonly ExceptionItem[];
  readonly enabled?: boolean;
  readonly warnEventTypes?: boolean;
  readonly skipIfUnknownFilter?: boolean;
  readonly source?: string;
  /** Under the key `vedette`, which Falco passes over. */
  readonly window?: WindowItem;
}

export type Item =
  | { readonly kind: 'list'; readonly name: string; readonly items: readonly Word[]; readonly mode: 'define' | 'append' | 'replace'; readonly place: Place }
  | { readonly kind: 'macro'; readonly name: string; readonly condition: PlacedText; readonly mode: 'define' | 'append' | 'replace'; readonly place: Place }
  | { readonly kind: 'rule'; readonly name: string; readonly keys: RuleKeys; readonly place: Place }
  | { readonly kind: 'rule-change'; readonly name: string; readonly append: RuleKeys; readonly replace: RuleKeys; readonly place: Place }
  | { readonly kind: 'rule-switch'; readonly name: string; readonly enabled: boolean; readonly place: Place };
