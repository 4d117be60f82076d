/**
 * A specialised condition → a function of the subject. Three answers, as numbers so that `and` is the smaller and `or`
 * the larger: no, unknown, yes. Unknown arises only where a field of a container's identity has no value yet and the
 * identity is pending; every other missing value makes its check false, `!=` included. Conditions have no side effects,
 * so the cheap checks of an `and` or `or` are put first.
 */
import type { FieldComparison, Test } from '../check/typed.ts';
import type { Read, ReadArgument, Specialised } from '../specialise.ts';
import type { Suppliers } from '../subject.ts';
import { compareValues, predicateOf, type Predicate } from './predicates.ts';
import { identityAwaited, isAnyAncestor, readersOf, type Reader } from './readers.ts';

export const answers = { no: 0, unknown: 1, yes: 2 } as const;
export type Answer = 0 | 1 | 2;
export type Evaluate<Subject> = (subject: Subject) => Answer;

const { no, unknown, yes } = answers;
const ancestorsMax = 256;

export function compileCondition<Subject>(condition: Specialised, suppliers: Suppliers<Subject>): Evaluate<Subject> {
  switch (condition.kind) {
    case 'constant':
      return condition.value ? () => yes : () => no;
    case 'and':
      return allOf(byCost(condition.of).map((one) => compileCondition(one, suppliers)));
    case 'or':
      return anyOf(byCost(condition.of).map((one) => compileCondition(one, suppliers)));
    case 'not': {
      const of = compileCondition(condition.of, suppliers);
      return (subject) => (yes - of(subject)) as Answer;
    }
    case 'exists':
      return valueTest(condition.read, () => true, false, suppliers);
    case 'test':
      return valueTest(condition.read, predicateOf(condition.test), denies(condition.test), suppliers);
    case 'fields':
      return fieldsTest(condition.left, condition.operator, condition.right, suppliers);
    default:
      return condition satisfies never;
  }
}

function allOf<Subject>(of: readonly Evaluate<Subject>[]): Evaluate<Subject> {
  const [a, b, c] = of;
  if (of.length === 2 && a !== undefined && b !== undefined) return both(a, b);
  if (of.length === 3 && a !== undefined && b !== undefined && c !== undefined) return both(a, both(b, c));
  return (subject) => {
    let answer: Answer = yes;
    for (const one of of) {
      const next = one(subject);
      if (next === no) return no;
      if (next < answer) answer = next;
    }
    return answer;
  };
}

function both<Subject>(a: Evaluate<Subject>, b: Evaluate<Subject>): Evaluate<Subject> {
  return (subject) => {
    const first = a(subject);
    if (first === no) return no;
    const second = b(subject);
    return second < first ? second : first;
  };
}

function anyOf<Subject>(of: readonly Evaluate<Subject>[]): Evaluate<Subject> {
  return (subject) => {
    let answer: Answer = no;
    for (const one of of) {
      const next = one(subject);
      if (next === yes) return yes;
      if (next > answer) answer = next;
    }
    return answer;
  };
}

/** Whether several values must all satisfy the test instead of one: `fd.ip != x` means that neither end is x. */
function denies(test: Test): boolean {
  return (test.on === 'network' || test.on === 'number') && test.operator === '!=';
}

function valueTest<Subject>(read: Read, predicate: Predicate, all: boolean, suppliers: Suppliers<Subject>): Evaluate<Subject> {
  const readers = readersOf(read, suppliers);
  const [reader] = readers;
  if (reader === undefined) return () => no;
  if (isAnyAncestor(read)) return anyAncestor(reader, predicate, suppliers);
  if (readers.length > 1) return eitherEnd(readers, predicate, all);
  const awaited = identityAwaited(read, suppliers);
  if (awaited !== null) return identityTest(reader, awaited, predicate);
  return (subject) => {
    const value = reader(subject, 0);
    return value !== null && predicate(value) ? yes : no;
  };
}

function identityTest<Subject>(reader: Reader<Subject>, awaited: (subject: Subject) => boolean, predicate: Predicate): Evaluate<Subject> {
  return (subject) => {
    const value = reader(subject, 0);
    if (value !== null) return predicate(value) ? yes : no;
    return awaited(subject) ? unknown : no;
  };
}

function anyAncestor<Subject>(reader: Reader<Subject>, predicate: Predicate, suppliers: Suppliers<Subject>): Evaluate<Subject> {
  return (subject) => {
    const count = Math.min(suppliers.ancestors(subject), ancestorsMax);
    for (let level = 1; level <= count; level += 1) {
      const value = reader(subject, level);
      if (value !== null && predicate(value)) return yes;
    }
    return no;
  };
}

function eitherEnd<Subject>(readers: readonly Reader<Subject>[], predicate: Predicate, all: boolean): Evaluate<Subject> {
  return (subject) => {
    let seen = false;
    for (const reader of readers) {
      const value = reader(subject, 0);
      if (value === null) continue;
      seen = true;
      if (predicate(value) !== all) return all ? no : yes;
    }
    return seen && all ? yes : no;
  };
}

function fieldsTest<Subject>(left: Read, operator: FieldComparison, right: Read, suppliers: Suppliers<Subject>): Evaluate<Subject> {
  const [readLeft] = readersOf(left, suppliers);
  const [readRight] = readersOf(right, suppliers);
  if (readLeft === undefined || readRight === undefined) return () => no;
  const awaited = [left, right].flatMap((read) => identityAwaited(read, suppliers) ?? []);
  const missing = (subject: Subject): Answer => (awaited.some((one) => one(subject)) ? unknown : no);
  const any = isAnyAncestor(left);
  return (subject) => {
    const wanted = readRight(subject, 0);
    if (wanted === null) return missing(subject);
    if (any) return anyAncestor(readLeft, (value) => compareValues(operator, value, wanted), suppliers)(subject);
    const value = readLeft(subject, 0);
    if (value === null) return missing(subject);
    return compareValues(operator, value, wanted) ? yes : no;
  };
}

function byCost(conditions: readonly Specialised[]): readonly Specialised[] {
  return conditions.map((condition) => ({ condition, cost: costOf(condition) })).sort((a, b) => a.cost - b.cost).map((one) => one.condition);
}

/** Rough and relative: an equality is 1, a pattern some tens, and any ancestor multiplies. */
function costOf(condition: Specialised): number {
  switch (condition.kind) {
    case 'constant':
      return 0;
    case 'and':
    case 'or':
      return condition.of.reduce((sum, one) => sum + costOf(one), 0);
    case 'not':
      return costOf(condition.of);
    case 'exists':
      return readCost(condition.read);
    case 'test':
      return readCost(condition.read) * testCost(condition.test);
    case 'fields':
      return 2 * readCost(condition.left) + readCost(condition.right);
    default:
      return condition satisfies never;
  }
}

function readCost(read: ReadArgument): number {
  switch (read.kind) {
    case 'literal':
      return 0;
    case 'elements':
      return 20;
    case 'tuple':
    case 'joined':
      return read.of.reduce((sum, one) => sum + readCost(one), 5);
    case 'field': {
      const steps = read.operand.transforms.length + read.sources.reduce((sum, source) => sum + (source.kind === 'supplied' ? source.by.length : 0), 0);
      return (1 + 2 * steps) * (read.operand.field.anyAncestor ? 8 : 1) * Math.max(1, read.sources.length);
    }
    default:
      return read satisfies never;
  }
}

function testCost(test: Test): number {
  if (test.on === 'path') return 20;
  if (test.on !== 'text') return test.on === 'number' || test.on === 'boolean' ? 1 : 2;
  return test.comparisons.reduce((sum, { operator }) => sum + (operator === '=' || operator === '!=' ? 1 : operator === 'regex' ? 50 : operator.includes('glob') ? 10 : 4), 0);
}
