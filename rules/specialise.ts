/**
 * A typed condition → the same condition on one event class, with everything decided that is decided there: the event
 * type, fields that are always the same, numbers that cannot be that small, and fields without a value, whose checks are
 * false. What remains meets only the getters of the sensor. A class on which nothing but false remains needs no
 * evaluation at all, and the checks that made it so say why.
 */
import { predicateOf, decidedByLeast } from './compile/predicates.ts';
import { derivationStep, transformStep } from './compile/transforms.ts';
import type { FieldComparison, FieldUse, JoinedUse, Test, TypedArgument, TypedCondition, TypedOperand } from './check/typed.ts';
import { namesOf } from './events.ts';
import type { FieldReference, Value } from './field-table.ts';
import { sourcesOf, type OnClass, type Source } from './source.ts';

export type ReadSource = Source & { readonly kind: 'supplied' | 'fixed' };

/** How a value is read on this class. */
export type Read = FieldRead | JoinedRead;

export interface FieldRead {
  readonly kind: 'field';
  readonly operand: FieldUse;
  /** Two: both ends of a connection. */
  readonly sources: readonly ReadSource[];
}

export interface JoinedRead {
  readonly kind: 'joined';
  readonly operand: JoinedUse;
  readonly of: readonly ReadArgument[];
}

export type ReadArgument =
  | Read
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'tuple'; readonly of: readonly ReadArgument[] }
  | { readonly kind: 'elements'; readonly field: FieldReference; readonly source: ReadSource };

export type Specialised =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Specialised[] }
  | { readonly kind: 'not'; readonly of: Specialised }
  | { readonly kind: 'exists'; readonly read: Read }
  | { readonly kind: 'test'; readonly read: Read; readonly test: Test }
  | { readonly kind: 'fields'; readonly left: Read; readonly operator: FieldComparison; readonly right: Read };

/** A check that is false because its field has no value on this class. */
export interface Undecided {
  readonly field: FieldReference;
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
  const reading = readOf(operand, where);
  if (reading.kind === 'none') return reading.why === 'only-bounded' && operand.kind === 'field' ? constant(true) : undecided(reading, positive);
  const { read } = reading;
  if (read.kind === 'field' && read.sources.some((source) => source.kind === 'fixed' && fixedValue(source.value, read.operand) !== null)) return constant(true);
  return { condition: { kind: 'exists', read }, undecided: [] };
}

function test(operand: TypedOperand, wanted: Test, where: OnClass, positive: boolean): Specialisation {
  if (isEventType(operand)) return constant(ofEventType(wanted, where));
  const reading = readOf(operand, where);
  const decided = reading.least === null ? null : decidedByLeast(wanted, reading.least);
  if (decided !== null) return constant(decided);
  if (reading.kind === 'none') return undecided(reading, positive);
  const { read } = reading;
  const [only] = read.kind === 'field' ? read.sources : [];
  if (read.kind === 'field' && read.sources.length === 1 && only?.kind === 'fixed') {
    const value = fixedValue(only.value, read.operand);
    return constant(value !== null && predicateOf(wanted)(value));
  }
  return { condition: { kind: 'test', read, test: wanted }, undecided: [] };
}

function fields(condition: TypedCondition & { kind: 'fields' }, where: OnClass, positive: boolean): Specialisation {
  const left = readOf(condition.left, where);
  const right = readOf(condition.right, where);
  if (left.kind === 'none') return undecided(left, positive);
  if (right.kind === 'none') return undecided(right, positive);
  return { condition: { kind: 'fields', operator: condition.operator, left: left.read, right: right.read }, undecided: [] };
}

function undecided({ field, why }: Reading & { kind: 'none' }, positive: boolean): Specialisation {
  return constant(false, [{ field, positive, why }]);
}

type Reading = (
  | { readonly kind: 'read'; readonly read: Read }
  /** There is no value on this class, for want of this field. */
  | { readonly kind: 'none'; readonly field: FieldReference; readonly why: Undecided['why'] }
) & {
  /** The value, read or not, is at least this. */
  readonly least: number | null;
};

/** Where the value of an operand comes from on this class, or which field it lacks. */
export function readOf(operand: TypedOperand, where: OnClass): Reading {
  if (operand.kind === 'field') return fieldReading(operand, where);
  const of = argumentsOf(operand.of, where);
  return 'none' in of ? { kind: 'none', ...of.none, least: null } : { kind: 'read', read: { kind: 'joined', operand, of: of.reads }, least: null };
}

function fieldReading(operand: FieldUse, where: OnClass): Reading {
  const found = sourcesOf(operand.field, where);
  const sources = found.filter((source): source is ReadSource => source.kind === 'supplied' || source.kind === 'fixed');
  const [only] = found;
  const plain = found.length === 1 && operand.transforms.length === 0;
  const least = plain && (only?.kind === 'at-least' || (only?.kind === 'supplied' && only.by.length === 0)) ? only.least : null;
  if (found.some((source) => source.kind === 'at-least')) return { kind: 'none', field: operand.field, why: 'only-bounded', least };
  if (sources.length === 0) return { kind: 'none', field: operand.field, why: 'not-supplied', least };
  return { kind: 'read', read: { kind: 'field', operand, sources }, least };
}

interface Lacks {
  readonly none: { readonly field: FieldReference; readonly why: Undecided['why'] };
}

function argumentsOf(of: readonly TypedArgument[], where: OnClass): { readonly reads: readonly ReadArgument[] } | Lacks {
  const reads: ReadArgument[] = [];
  for (const argument of of) {
    const read = argumentOf(argument, where);
    if ('none' in read) return read;
    reads.push(read);
  }
  return { reads };
}

function argumentOf(argument: TypedArgument, where: OnClass): ReadArgument | Lacks {
  switch (argument.kind) {
    case 'literal':
      return argument;
    case 'tuple': {
      const of = argumentsOf(argument.of, where);
      return 'none' in of ? of : { kind: 'tuple', of: of.reads };
    }
    case 'elements': {
      const source = sourcesOf(argument.field, where).find((one): one is ReadSource => one.kind === 'supplied');
      return source === undefined ? { none: { field: argument.field, why: 'not-supplied' } } : { kind: 'elements', field: argument.field, source };
    }
    case 'field':
    case 'joined': {
      const reading = readOf(argument, where);
      return reading.kind === 'none' ? { none: reading } : reading.read;
    }
    default:
      return argument satisfies never;
  }
}

function fixedValue(value: Value, operand: FieldUse): Value | null {
  let current: Value | null = value;
  for (const transform of operand.transforms) current = current === null ? null : transformStep(transform)(current);
  return current;
}

function isEventType(operand: TypedOperand): boolean {
  if (operand.kind !== 'field') return false;
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
export function stepsOf(read: FieldRead, source: ReadSource): readonly ((value: Value) => Value | null)[] {
  const derived = source.kind === 'supplied' ? source.by.map(derivationStep) : [];
  return [...derived, ...read.operand.transforms.map(transformStep)];
}
