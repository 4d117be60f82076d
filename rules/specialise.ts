/**
 * A typed condition → the same condition on one event class, with everything decided that is decided there: the event
 * type, fields that are always the same, numbers that cannot be that small, and fields without a value, whose checks are
 * false. What remains meets only the getters of the sensor. A class on which nothing but false remains needs no
 * evaluation at all, and the checks that made it so say why.
 */
import { predicateOf, decidedByLeast } from './compile/predicates.ts';
import { derivationStep, transformStep } from './compile/transforms.ts';
import type { FieldComparison, Test, TypedCondition, TypedOperand } from './check/typed.ts';
import { namesOf } from './events.ts';
import type { Value } from './field-table.ts';
import { sourcesOf, type OnClass, type Source } from './source.ts';

export type ReadSource = Source & { readonly kind: 'supplied' | 'fixed' };

/** How a value is read on this class. */
export interface Read {
  readonly operand: TypedOperand;
  /** Two: both ends of a connection. */
  readonly sources: readonly ReadSource[];
}

export type Specialised =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Specialised[] }
  | { readonly kind: 'not'; readonly of: Specialised }
  | { readonly kind: 'exists'; readonly read: Read }
  | { readonly kind: 'test'; readonly read: Read; readonly test: Test }
  | { readonly kind: 'fields'; readonly left: Read; readonly operator: FieldComparison; readonly right: Read };

/** A check that is false because its field has no value on this class. */
export interface Undecided {
  readonly operand: TypedOperand;
  /** Not under a `not`: the check can then never help the rule to match. */
  readonly positive: boolean;
  readonly why: 'not-supplied' | 'only-bounded';
}

export interface Specialisation {
  readonly condition: Specialised;
  /** For a condition that is false here: what made it so; empty if it would be false anyway. */
  readonly undecided: readonly Undecided[];
}

const no: Specialised = { kind: 'constant', value: false };
const yes: Specialised = { kind: 'constant', value: true };

export function specialise(condition: TypedCondition, where: OnClass): Specialisation {
  return walk(condition, where, true);
}

function constant(value: boolean, undecided: readonly Undecided[] = []): Specialisation {
  return { condition: value ? yes : no, undecided };
}

function walk(condition: TypedCondition, where: OnClass, positive: boolean): Specialisation {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return chain(condition.kind, condition.of.map((one) => walk(one, where, positive)));
    case 'not': {
      const of = walk(condition.of, where, !positive);
      if (of.condition.kind === 'constant') return constant(!of.condition.value, of.undecided);
      return { condition: { kind: 'not', of: of.condition }, undecided: of.undecided };
    }
    case 'exists':
      return exists(condition.left, where, positive);
    case 'test':
      return test(condition.left, condition.test, where, positive);
    case 'fields':
      return fields(condition, where, positive);
    default:
      return condition satisfies never;
  }
}

/** In `and` a false part decides, in `or` a true one. A part that is certain beats one that is so only for want of a value. */
function chain(kind: 'and' | 'or', parts: readonly Specialisation[]): Specialisation {
  const deciding = kind === 'or';
  const decided = parts.filter((part) => part.condition.kind === 'constant' && part.condition.value === deciding);
  if (decided.some((part) => part.undecided.length === 0)) return constant(deciding);
  if (decided.length > 0) return constant(deciding, decided.flatMap((part) => part.undecided));
  const undecided = parts.flatMap((part) => part.undecided);
  const rest = parts.map((part) => part.condition).filter((part) => part.kind !== 'constant');
  const [only] = rest;
  if (only === undefined) return constant(!deciding, undecided);
  return { condition: rest.length === 1 ? only : { kind, of: rest }, undecided };
}

function exists(operand: TypedOperand, where: OnClass, positive: boolean): Specialisation {
  const { sources, bounded } = read(operand, where);
  if (bounded !== null) return constant(true);
  if (sources.length === 0) return constant(false, [{ operand, positive, why: 'not-supplied' }]);
  if (sources.some((source) => source.kind === 'fixed')) return constant(true);
  return { condition: { kind: 'exists', read: { operand, sources } }, undecided: [] };
}

function test(operand: TypedOperand, wanted: Test, where: OnClass, positive: boolean): Specialisation {
  if (isEventType(operand)) return constant(ofEventType(wanted, where));
  const { sources, bounded, least } = read(operand, where);
  if (least !== null) {
    const decided = decidedByLeast(wanted, least);
    if (decided !== null) return constant(decided);
  }
  if (bounded !== null) return constant(false, [{ operand, positive, why: 'only-bounded' }]);
  const [only] = sources;
  if (only === undefined) return constant(false, [{ operand, positive, why: 'not-supplied' }]);
  if (sources.length === 1 && only.kind === 'fixed') {
    const value = fixedValue(only.value, operand);
    return constant(value !== null && predicateOf(wanted)(value));
  }
  return { condition: { kind: 'test', read: { operand, sources }, test: wanted }, undecided: [] };
}

function fields(condition: TypedCondition & { kind: 'fields' }, where: OnClass, positive: boolean): Specialisation {
  const left = read(condition.left, where).sources;
  const right = read(condition.right, where).sources;
  if (left.length === 0) return constant(false, [{ operand: condition.left, positive, why: 'not-supplied' }]);
  if (right.length === 0) return constant(false, [{ operand: condition.right, positive, why: 'not-supplied' }]);
  const reads = { left: { operand: condition.left, sources: left }, right: { operand: condition.right, sources: right } };
  return { condition: { kind: 'fields', operator: condition.operator, ...reads }, undecided: [] };
}

interface Reading {
  readonly sources: readonly ReadSource[];
  /** Set: all that is known is that the value is at least this. */
  readonly bounded: number | null;
  /** The value, read or not, is at least this. */
  readonly least: number | null;
}

function read(operand: TypedOperand, where: OnClass): Reading {
  const found = sourcesOf(operand.field, where);
  const sources: ReadSource[] = [];
  let bounded: number | null = null;
  let least: number | null = null;
  for (const source of found) {
    if (source.kind === 'at-least') bounded = source.least;
    else if (source.kind !== 'absent') sources.push(source);
    if (found.length === 1 && operand.transforms.length === 0) {
      if (source.kind === 'at-least') least = source.least;
      if (source.kind === 'supplied' && source.by.length === 0) least = source.least;
    }
  }
  return { sources, bounded, least };
}

function fixedValue(value: Value, operand: TypedOperand): Value | null {
  let current: Value | null = value;
  for (const transform of operand.transforms) current = current === null ? null : transformStep(transform)(current);
  return current;
}

function isEventType(operand: TypedOperand): boolean {
  return (operand.field.name === 'evt.type' || operand.field.name === 'syscall.type') && operand.transforms.length === 0;
}

/** Within a class the names are synonyms: a positive check needs one that fits, `!=` asks that none is equal. */
function ofEventType(wanted: Test, where: OnClass): boolean {
  const names = where.names ?? namesOf(where.eventClass);
  const predicate = predicateOf(wanted);
  const denies = wanted.on === 'text' && wanted.comparisons.every((one) => one.operator === '!=');
  return denies ? names.every((name) => predicate(name)) : names.some((name) => predicate(name));
}

/** The steps from what the getter answers to the value that is tested. */
export function stepsOf(read: Read, source: ReadSource): readonly ((value: Value) => Value | null)[] {
  const derived = source.kind === 'supplied' ? source.by.map(derivationStep) : [];
  return [...derived, ...read.operand.transforms.map(transformStep)];
}
