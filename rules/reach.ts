/**
 * Whether a rule can match here at all, on which event classes, and what in it is never decided. A rule that cannot
 * match says why: the events it needs, the fields that are not supplied, the hooks this node lacks. No rule is silently
 * dead.
 */
import type { TypedCondition } from './check/typed.ts';
import { classShapes, eventClasses, eventClassOf, eventNames, labelOf, type EventClass } from './events.ts';
import type { FieldTable } from './field-table.ts';
import { specialise, type Specialised, type Undecided } from './specialise.ts';
import { sourcesOf, type Absent } from './source.ts';

export type Reach =
  /** `undecided`: checks without a value, one sentence each. The rule matches without them. */
  | { readonly kind: 'fires'; readonly on: readonly EventClass[]; readonly undecided: readonly string[] }
  | { readonly kind: 'cannot-fire'; readonly reasons: readonly string[] };

export interface Reached {
  readonly reach: Reach;
  readonly conditions: ReadonlyMap<EventClass, Specialised>;
}

export function reachOf(condition: TypedCondition, table: FieldTable, absent: Absent): Reached {
  const conditions = new Map<EventClass, Specialised>();
  const undecided = new Set<string>();
  const reasons = new Set<string>();
  for (const eventClass of eventClasses) {
    const special = specialise(condition, { table, eventClass, absent });
    const dead = special.condition.kind === 'constant' && !special.condition.value;
    if (absent.classes?.has(eventClass) === true) {
      if (!dead) reasons.add(`this node does not see ${eventNames[eventClass][0]}, which is ${classShapes[eventClass].sees}: no hook is attached`);
      continue;
    }
    if (dead) {
      for (const one of special.undecided) reasons.add(reason(one, eventClass));
      continue;
    }
    conditions.set(eventClass, special.condition);
    for (const one of special.undecided) undecided.add(sentence(one));
  }
  if (conditions.size > 0) return { reach: { kind: 'fires', on: [...conditions.keys()], undecided: [...undecided] }, conditions };
  if (reasons.size === 0) {
    const unseen = unseenEvents(condition);
    const fixed = fixedChecks(condition, table, absent);
    reasons.add(unseen.length > 0 ? `it needs the event ${unseen.join(', ')}, which this engine does not see` : fixed.length > 0 ? fixed.join('; ') : 'its condition can never be true');
  }
  return { reach: { kind: 'cannot-fire', reasons: [...reasons] }, conditions };
}

function reason({ field, positive, why }: Undecided, eventClass: EventClass): string {
  const on = `on ${labelOf(eventClass)}`;
  const what = why === 'only-bounded' ? `the value of ${field.text} is not known ${on}` : `${field.text} is not supplied ${on}`;
  return positive ? what : `${what}, and the condition forbids it`;
}

function sentence({ field, positive }: Undecided): string {
  return positive ? `${field.text} has no value here, so its check never holds` : `${field.text} has no value here, so its exclusion never applies`;
}

/** Names after `evt.type` that no event class delivers. */
function unseenEvents(condition: TypedCondition): readonly string[] {
  const names = new Set<string>();
  const visit = (one: TypedCondition): void => {
    if (one.kind === 'and' || one.kind === 'or') one.of.forEach(visit);
    if (one.kind === 'not') visit(one.of);
    if (one.kind !== 'test' || one.left.kind !== 'field' || one.left.field.name !== 'evt.type') return;
    const values = one.test.on === 'text-set' ? one.test.values : one.test.on === 'text' ? one.test.comparisons.map((comparison) => comparison.value) : [];
    for (const value of values) if (eventClassOf(value) === 'unseen') names.add(value);
  };
  visit(condition);
  return [...names];
}

/** Checks that must hold and cannot, for the field always has another value: `evt.dir = >`. */
function fixedChecks(condition: TypedCondition, table: FieldTable, absent: Absent): readonly string[] {
  if (condition.kind === 'and') return condition.of.flatMap((one) => fixedChecks(one, table, absent));
  if (condition.kind !== 'test' || condition.left.kind !== 'field') return [];
  const { field } = condition.left;
  const values = new Set(eventClasses.map((eventClass) => {
    const [source] = sourcesOf(field, { table, eventClass, absent });
    const holds = specialise(condition, { table, eventClass, absent }).condition;
    return source?.kind === 'fixed' && holds.kind === 'constant' && !holds.value ? JSON.stringify(source.value) : null;
  }));
  const [only] = values;
  return values.size === 1 && only !== null ? [`${field.text} is always ${only} here`] : [];
}

/** A rule that names only the rarer event of a class sees the usual one as well. */
export function widerThanWritten(condition: TypedCondition): readonly string[] {
  const found = new Set<string>();
  const visit = (one: TypedCondition): void => {
    if (one.kind === 'and' || one.kind === 'or') one.of.forEach(visit);
    if (one.kind !== 'test' || one.left.kind !== 'field' || one.left.field.name !== 'evt.type') return;
    const { test } = one;
    const equal = test.on === 'text' && test.comparisons.every((comparison) => comparison.operator === '=');
    const values = test.on === 'text-set' ? test.values : equal ? test.comparisons.map((comparison) => comparison.value) : [];
    for (const value of values) {
      const eventClass = eventClassOf(value);
      if (eventClass === null || eventClass === 'unseen') continue;
      const usual = eventNames[eventClass][0];
      if (values.some((other) => eventClassOf(other) === eventClass && isUsual(other, eventClass))) continue;
      found.add(`${value} is not told from ${usual} here: the rule sees both`);
    }
  };
  visit(condition);
  return [...found];
}

function isUsual(name: string, eventClass: EventClass): boolean {
  return name === eventNames[eventClass][0] || (eventClass === 'open' && name === 'open') || (eventClass === 'accept' && name === 'accept');
}
