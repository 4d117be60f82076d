/**
 * Lists are put into a condition as text, before it is parsed: a whole word (between blanks, parentheses, commas and =)
 * that is the name of a list becomes its items. An empty list also takes one neighbouring comma with it. Unlike in
 * Falco, a list's name inside a quoted string stays text.
 */
import { insertedText, joinTexts, placeAt, sliceText, type PlacedText } from '../placed-text.ts';
import { ruleProblem, type RuleProblem } from '../problems.ts';
import type { ListDefinition } from './collect.ts';
import { quotedItem } from './exceptions.ts';

/** Each list as the text that replaces its name. Items that name a list are that list's items. */
export type ListTexts = ReadonlyMap<string, string>;

export interface ExpandedLists {
  readonly texts: ListTexts;
  readonly problems: readonly RuleProblem[];
}

const itemsMax = 50_000;
const itemsOfAllListsMax = 2_000_000;
const charactersMax = 4 * 1024 * 1024;

export function expandLists(lists: ReadonlyMap<string, ListDefinition>): ExpandedLists {
  const expander = new Expander(lists);
  const texts = new Map<string, string>();
  for (const name of lists.keys()) texts.set(name, expander.expand(name).map(quotedItem).join(', '));
  return { texts, problems: expander.problems };
}

class Expander {
  readonly problems: RuleProblem[] = [];
  readonly #lists: ReadonlyMap<string, ListDefinition>;
  readonly #done = new Map<string, readonly string[]>();
  readonly #within = new Set<string>();
  #total = 0;

  constructor(lists: ReadonlyMap<string, ListDefinition>) {
    this.#lists = lists;
  }

  /** A list that contains itself keeps its own name as a plain word. */
  expand(name: string): readonly string[] {
    const done = this.#done.get(name);
    if (done !== undefined) return done;
    const list = this.#lists.get(name);
    if (list === undefined) return [];
    this.#within.add(name);
    const items: string[] = [];
    for (const { text } of list.items) {
      const nested = this.#lists.has(text) && !this.#within.has(text) ? this.expand(text) : [text];
      for (const one of nested) items.push(one);
      if (items.length > itemsMax) break;
    }
    this.#within.delete(name);
    this.#total += items.length;
    const fits = items.length <= itemsMax && this.#total <= itemsOfAllListsMax;
    if (!fits) this.problems.push(ruleProblem('too-many', `the list ${name} has too many items and is taken as empty (at most ${itemsMax} each)`, list.place));
    const result = fits ? items : [];
    this.#done.set(name, result);
    return result;
  }
}

const word = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s(),=]+/gsu;

/** The condition with every list put in, or null when it would grow beyond all reason. Notes which lists it used. */
export function putLists(condition: PlacedText, lists: ListTexts, used?: Set<string>): PlacedText | null {
  const pieces: PlacedText[] = [];
  let done = 0;
  let length = condition.text.length;
  for (const match of condition.text.matchAll(word)) {
    const text = lists.get(match[0]);
    if (text === undefined) continue;
    used?.add(match[0]);
    let from = match.index;
    let to = from + match[0].length;
    length += text.length;
    if (length > charactersMax) return null;
    if (text === '') {
      const before = condition.text.slice(done, from).trimEnd();
      const after = /^\s*,/.exec(condition.text.slice(to));
      if (before.endsWith(',')) from = done + before.length - 1;
      else if (after !== null) to += after[0].length;
    }
    pieces.push(sliceText(condition, done, from), insertedText(` ${text} `, placeAt(condition, match.index)));
    done = to;
  }
  if (pieces.length === 0) return condition;
  pieces.push(sliceText(condition, done, condition.text.length));
  return joinTexts(pieces);
}
