/**
 * Rules by event class, so that an event meets only the rules that can match it there. All rules that match are
 * reported, in the order in which they were loaded.
 */
import type { EventClass } from './events.ts';
import { answers, compileCondition, type Evaluate } from './compile/compile.ts';
import type { Specialised } from './specialise.ts';
import type { Suppliers } from './subject.ts';

export interface Indexed<Rule, Subject> {
  readonly rule: Rule;
  readonly evaluate: Evaluate<Subject>;
}

export type RuleIndex<Rule, Subject> = ReadonlyMap<EventClass, readonly Indexed<Rule, Subject>[]>;

export function indexByEvent<Rule extends { readonly conditions: ReadonlyMap<EventClass, Specialised> }, Subject>(rules: readonly Rule[], suppliers: Suppliers<Subject>): RuleIndex<Rule, Subject> {
  const index = new Map<EventClass, Indexed<Rule, Subject>[]>();
  for (const rule of rules) {
    for (const [eventClass, condition] of rule.conditions) {
      const bucket = index.get(eventClass) ?? [];
      bucket.push({ rule, evaluate: compileCondition(condition, suppliers) });
      index.set(eventClass, bucket);
    }
  }
  return index;
}

export interface Hit<Rule> {
  readonly rule: Rule;
  /** `pending`: it depends on the container's identity, which is not known yet. */
  readonly answer: 'match' | 'pending';
}

const none: readonly never[] = [];

export function hitsOf<Rule, Subject>(bucket: readonly Indexed<Rule, Subject>[] | undefined, subject: Subject): readonly Hit<Rule>[] {
  if (bucket === undefined) return none;
  let hits: Hit<Rule>[] | null = null;
  for (const { rule, evaluate } of bucket) {
    const answer = evaluate(subject);
    if (answer === answers.no) continue;
    hits ??= [];
    hits.push({ rule, answer: answer === answers.yes ? 'match' : 'pending' });
  }
  return hits ?? none;
}
