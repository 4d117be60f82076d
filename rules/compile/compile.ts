/**
 * A specialised condition → a function of the subject. Three answers, as numbers so that `and` is the smaller and `or`
 * the larger: no, unknown, yes. Unknown arises only where a field of a container's identity has no value yet and the
 * identity is pending; every other missing value makes its check false, `!=` included. Conditions have no side effects,
 * so the cheap checks of an `and` or `or` are put first.
 */
import type { FieldComparison, Test } from '../check/typed.ts';
import type { Value } from '../field-table.ts';
import { stepsOf, type Read, type ReadSource, type Specialised } from '../specialise.ts';
import { getterOf, type Suppliers } from '../subject.ts';
import { compareValues, predicateOf, type Predicate } from './predicates.ts';

export const answers = { no: 0, unknown: 1, yes: 2 } as const;
export type Answer = 0 | 1 | 2;
export type Evaluate<Subject> = (subject: Subject) => Answer;

/** Reads one value; the level counts for a field that stands for any ancestor. */
type Reader<Subject> = (subject: Subject, level: number) => Value | null;

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
  const readers = read.sources.map((source) => readerOf(read, source, suppliers));
  const [reader] = readers;
  if (reader === undefined) return () => no;
  if (read.operand.field.anyAncestor) return anyAncestor(reader, predicate, suppliers);
  if (readers.length > 1) return eitherEnd(readers, predicate, all);
  if (read.operand.field.spec.identity === true) return identityTest(reader, rawReader(read, suppliers), predicate, suppliers);
  return (subject) => {
    const value = reader(subject, 0);
    return value !== null && predicate(value) ? yes : no;
  };
}

function identityTest<Subject>(reader: Reader<Subject>, raw: Reader<Subject>, predicate: Predicate, suppliers: Suppliers<Subject>): Evaluate<Subject> {
  return (subject) => {
    const value = reader(subject, 0);
    if (value !== null) return predicate(value) ? yes : no;
    return raw(subject, 0) === null && suppliers.identityPending(subject) ? unknown : no;
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
  const [leftSource] = left.sources;
  const [rightSource] = right.sources;
  if (leftSource === undefined || rightSource === undefined) return () => no;
  const readLeft = readerOf(left, leftSource, suppliers);
  const readRight = readerOf(right, rightSource, suppliers);
  const identity = left.operand.field.spec.identity === true || right.operand.field.spec.identity === true;
  const any = left.operand.field.anyAncestor;
  return (subject) => {
    const wanted = readRight(subject, 0);
    if (wanted === null) return identity && suppliers.identityPending(subject) ? unknown : no;
    if (any) return anyAncestor(readLeft, (value) => compareValues(operator, value, wanted), suppliers)(subject);
    const value = readLeft(subject, 0);
    if (value === null) return identity && suppliers.identityPending(subject) ? unknown : no;
    return compareValues(operator, value, wanted) ? yes : no;
  };
}

function rawReader<Subject>(read: Read, suppliers: Suppliers<Subject>): Reader<Subject> {
  const [source] = read.sources;
  return source === undefined ? () => null : getterReader(read, source, suppliers);
}

function getterReader<Subject>(read: Read, source: ReadSource, suppliers: Suppliers<Subject>): Reader<Subject> {
  if (source.kind === 'fixed') return () => source.value;
  const getter = getterOf(suppliers, source.name);
  const { argument } = source;
  if (read.operand.field.anyAncestor) return (subject, level) => getter(subject, level);
  return (subject) => getter(subject, argument);
}

function readerOf<Subject>(read: Read, source: ReadSource, suppliers: Suppliers<Subject>): Reader<Subject> {
  const get = getterReader(read, source, suppliers);
  const steps = stepsOf(read, source);
  const [first] = steps;
  if (first === undefined) return get;
  if (steps.length === 1) {
    return (subject, level) => {
      const value = get(subject, level);
      return value === null ? null : first(value);
    };
  }
  return (subject, level) => {
    let value = get(subject, level);
    for (const step of steps) {
      if (value === null) return null;
      value = step(value);
    }
    return value;
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

function readCost(read: Read): number {
  const steps = read.operand.transforms.length + read.sources.reduce((sum, source) => sum + (source.kind === 'supplied' ? source.by.length : 0), 0);
  return (1 + 2 * steps) * (read.operand.field.anyAncestor ? 8 : 1) * Math.max(1, read.sources.length);
}

function testCost(test: Test): number {
  if (test.on === 'path') return 20;
  if (test.on !== 'text') return test.on === 'number' || test.on === 'boolean' ? 1 : 2;
  return test.comparisons.reduce((sum, { operator }) => sum + (operator === '=' || operator === '!=' ? 1 : operator === 'regex' ? 50 : operator.includes('glob') ? 10 : 4), 0);
}
