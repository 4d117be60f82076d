/**
 * Rules by event class, so that an event meets only the rules that can match it there; and within a class by what many events have in
 * common (`Suppliers.common`, such as the path that is opened): which rules can match at all with that is found out once and remembered,
 * bounded. All rules that match are reported, in the order in which they were loaded. `everyRule` is the same without any of it: each
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

/** Texts that are remembered of a class; then all are forgotten, for what is asked now is asked again soon. */
const textsMax = 16_384;
/** Of one text. */
const numbersMax = 16;

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
    return [eventClass, { all, of: remembered(common, (subject) => ceilings.flatMap(({ one, mayMatch }) => (mayMatch === null || mayMatch(subject) !== answers.no ? [one] : []))) }];
  }));
}

/** Every rule on every class, asked also where it cannot match. */
export function everyRule<Rule, Subject>(rules: readonly Rule[], conditionOf: (rule: Rule, eventClass: EventClass) => Specialised, suppliers: Suppliers<Subject>, eventClasses: readonly EventClass[]): RuleIndex<Rule, Subject> {
  return new Map(eventClasses.map((eventClass) => {
    const all = rules.map((rule): Indexed<Rule, Subject> => ({ rule, evaluate: compileCondition(conditionOf(rule, eventClass), suppliers) }));
    return [eventClass, { all, of: () => all }];
  }));
}

interface Remembered<T> {
  readonly numbers: number[];
  readonly found: T[];
}

function remembered<Subject, T>({ text, number }: Common<Subject>, find: (subject: Subject) => T): (subject: Subject) => T {
  const byText = new Map<string, Remembered<T>>();
  return (subject) => {
    const key = text(subject);
    const which = number(subject);
    let known = byText.get(key);
    if (known !== undefined) {
      const at = known.numbers.indexOf(which);
      if (at >= 0) return known.found[at]!;
    }
    if (known === undefined || known.numbers.length >= numbersMax) {
      if (byText.size >= textsMax) byText.clear();
      known = { numbers: [], found: [] };
      byText.set(key, known);
    }
    const found = find(subject);
    known.numbers.push(which);
    known.found.push(found);
    return found;
  };
}

export interface Hit<Rule> {
  readonly rule: Rule;
  /** `pending`: it depends on the container's identity, which is not known yet. */
  readonly answer: 'match' | 'pending';
}

const none: readonly never[] = [];

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
