/**
 * Rules by event class, so that an event meets only the rules that can match it there; and within a class by what many events have in
 * common (`Suppliers.common`, such as the path that is opened): which rules can match at all with that is found out and remembered once it
 * comes again, in places of fixed number, so a flood of paths that never repeat keeps nothing. All rules that match are reported, in the order in which they were loaded. `everyRule` is the same without any of it: each
 * rule is asked about each event. It is what the index is compared with.
 */
import { ceilingOf } from './ceiling.ts';
import type { EventClass } from './events.ts';
import { answers, compileCondition, type Evaluate } from './compile/compile.ts';
import type { Specialised } from './specialise.ts';
import type { Common, Suppliers } from './subject.ts';

export interface Indexed<Rule, Subject> {
  readonly rule: Rule;
  readonly evaluate: Evaluate<Subject>;
}

/** The rules of one class. */
export interface Bucket<Rule, Subject> {
  readonly all: readonly Indexed<Rule, Subject>[];
  /** Those that may match this event, in their order. */
  readonly of: (subject: Subject) => readonly Indexed<Rule, Subject>[];
}

export type RuleIndex<Rule, Subject> = ReadonlyMap<EventClass, Bucket<Rule, Subject>>;

interface Conditional {
  readonly conditions: ReadonlyMap<EventClass, Specialised>;
}

/** Places of a class, each for one text and number. A power of two. */
const places = 8192;
/** Of a long text the end tells most. */
const hashedCharacters = 24;

export function indexByEvent<Rule extends Conditional, Subject>(rules: readonly Rule[], suppliers: Suppliers<Subject>): RuleIndex<Rule, Subject> {
  const conditions = new Map<EventClass, { readonly rule: Rule; readonly condition: Specialised }[]>();
  for (const rule of rules) {
    for (const [eventClass, condition] of rule.conditions) {
      const ofClass = conditions.get(eventClass) ?? [];
      ofClass.push({ rule, condition });
      conditions.set(eventClass, ofClass);
    }
  }
  return new Map([...conditions].map(([eventClass, ofClass]) => {
    const all = ofClass.map(({ rule, condition }): Indexed<Rule, Subject> => ({ rule, evaluate: compileCondition(condition, suppliers) }));
    const common = suppliers.common?.[eventClass];
    if (common === undefined) return [eventClass, { all, of: () => all }];
    const ceilings = ofClass.map(({ condition }, index) => {
      const ceiling = ceilingOf(condition, common.fields);
      return { one: all[index]!, mayMatch: ceiling === null ? null : compileCondition(ceiling, suppliers) };
    });
    return [eventClass, { all, of: remembered(common, listOf(ceilings)) }];
  }));
}

/** Every rule on every class, asked also where it cannot match. */
export function everyRule<Rule, Subject>(rules: readonly Rule[], conditionOf: (rule: Rule, eventClass: EventClass) => Specialised, suppliers: Suppliers<Subject>, eventClasses: readonly EventClass[]): RuleIndex<Rule, Subject> {
  return new Map(eventClasses.map((eventClass) => {
    const all = rules.map((rule): Indexed<Rule, Subject> => ({ rule, evaluate: compileCondition(conditionOf(rule, eventClass), suppliers) }));
    return [eventClass, { all, of: () => all }];
  }));
}

const none: readonly never[] = [];

interface Ceiling<T, Subject> {
  readonly one: T;
  readonly mayMatch: Evaluate<Subject> | null;
}

interface ListNode<T> {
  readonly list: readonly T[];
  readonly longer: (ListNode<T> | undefined)[];
}

/** Those that may match. Each list is made once, however many texts lead to it. */
function listOf<T, Subject>(ceilings: readonly Ceiling<T, Subject>[]): (subject: Subject) => readonly T[] {
  const empty: ListNode<T> = { list: [], longer: [] };
  return (subject) => {
    let node = empty;
    for (let index = 0; index < ceilings.length; index++) {
      const { one, mayMatch } = ceilings[index]!;
      if (mayMatch !== null && mayMatch(subject) === answers.no) continue;
      node = node.longer[index] ??= { list: [...node.list, one], longer: [] };
    }
    return node.list;
  };
}

function hashOf(text: string, number: number): number {
  let hash = Math.imul(text.length ^ Math.imul(number, 0x9e3779b1), 31);
  for (let at = Math.max(0, text.length - hashedCharacters); at < text.length; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at) | 0;
  return hash;
}

/** A place is taken by what asks for it twice in a row; before, only the hash of what asked is kept. */
function remembered<T, Subject>({ text, number }: Common<Subject>, find: (subject: Subject) => readonly T[]): (subject: Subject) => readonly T[] {
  const asked = new Int32Array(places);
  const texts: string[] = Array.from({ length: places }, () => '');
  const numbers: number[] = Array.from({ length: places }, () => -1);
  const found: (readonly T[])[] = Array.from({ length: places }, () => none);
  return (subject) => {
    const key = text(subject);
    const which = number(subject);
    const hash = hashOf(key, which);
    const at = (hash ^ (hash >>> 13)) & (places - 1);
    if (numbers[at] === which && texts[at] === key) return found[at]!;
    const list = find(subject);
    if (asked[at] !== hash) {
      asked[at] = hash;
      return list;
    }
    texts[at] = key;
    numbers[at] = which;
    found[at] = list;
    return list;
  };
}

export interface Hit<Rule> {
  readonly rule: Rule;
  /** `pending`: it depends on the container's identity, which is not known yet. */
  readonly answer: 'match' | 'pending';
}

export function hitsOf<Rule, Subject>(asked: readonly Indexed<Rule, Subject>[] | undefined, subject: Subject): readonly Hit<Rule>[] {
  if (asked === undefined || asked.length === 0) return none;
  let hits: Hit<Rule>[] | null = null;
  for (const { rule, evaluate } of asked) {
    const answer = evaluate(subject);
    if (answer === answers.no) continue;
    hits ??= [];
    hits.push({ rule, answer: answer === answers.yes ? 'match' : 'pending' });
  }
  return hits ?? none;
}
