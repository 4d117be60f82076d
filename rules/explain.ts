/**
 * A rule's condition as a tree that a person can follow: macros by their names, and for each part what becomes of it on
 * each event class before any event is seen (always, never, asked), with the reason where a part lacks a value. With an
 * event: the answer of each part, the values that were read, and which parts decided. Nothing here is used when rules run.
 */
import { answers, compileCondition, type Answer } from './compile/compile.ts';
import { isAnyAncestor, plainText, readersOf } from './compile/readers.ts';
import { checkCondition } from './check/check.ts';
import { textOf, type TypedCondition, type TypedOperand } from './check/typed.ts';
import { eventClasses, labelOf } from './events.ts';
import type { FieldTable, Value, ValueType } from './field-table.ts';
import type { Expression } from './parse/ast.ts';
import { printCondition, quotedIfNeeded } from './parse/print.ts';
import { readOf, specialise } from './specialise.ts';
import type { Absent, OnClass } from './source.ts';
import type { Suppliers } from './subject.ts';

export type Verdict = { readonly kind: 'always' | 'never' | 'asked'; /** Which values it lacks. */ readonly lacks: readonly string[] };

export interface Explained {
  readonly kind: 'and' | 'or' | 'not' | 'macro' | 'check';
  /** The name of a macro, a check as text, or the word itself. */
  readonly label: string;
  readonly of: readonly Explained[];
  readonly on: ReadonlyMap<string, Verdict>;
  readonly check: TypedCondition | null;
}

export interface Ground {
  readonly table: FieldTable;
  readonly absent: Absent;
  /** Events that are known by their exact names, each a class of its own, instead of the classes of the sensor. */
  readonly byName?: readonly string[];
}

function onClass({ table, absent, byName }: Ground, eventClass: string): OnClass {
  return { table, absent, eventClass, ...(byName === undefined ? {} : { names: [eventClass] }) };
}

const listItemsShown = 6;
const checksExplainedMax = 20_000;

/** Null: the condition has more checks than anyone reads. */
export function explain(tree: Expression, ground: Ground): Explained | null {
  return new Explainer(ground).explain(tree);
}

class Explainer {
  readonly #ground: Ground;
  #checks = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  explain(tree: Expression): Explained | null {
    const explained = this.#visit(tree);
    return this.#checks > checksExplainedMax ? null : explained;
  }

  #visit(tree: Expression): Explained {
    switch (tree.kind) {
      case 'and':
      case 'or': {
        const of = this.#checks > checksExplainedMax ? [] : tree.of.map((one) => this.#visit(one));
        return { kind: tree.kind, label: tree.kind, of, on: this.#onEach((eventClass) => chained(tree.kind === 'and', of, eventClass)), check: null };
      }
      case 'not': {
        const of = this.#visit(tree.of);
        return { kind: 'not', label: 'not', of: [of], on: this.#onEach((eventClass) => negated(verdictOn(of, eventClass))), check: null };
      }
      case 'macro': {
        const of = tree.of === undefined ? [] : [this.#visit(tree.of)];
        return { kind: 'macro', label: tree.name, of, on: of[0]?.on ?? new Map(), check: null };
      }
      case 'exists':
      case 'compare':
        return this.#check(tree);
      default:
        return tree satisfies never;
    }
  }

  #onEach(verdict: (eventClass: string) => Verdict): ReadonlyMap<string, Verdict> {
    const { byName = eventClasses } = this.#ground;
    return new Map(byName.map((one) => [one, verdict(one)]));
  }

  #check(tree: Expression & { kind: 'exists' | 'compare' }): Explained {
    this.#checks += 1;
    const { condition } = checkCondition(tree, this.#ground.table, null);
    const on = this.#onEach((eventClass): Verdict => {
      if (condition === null) return { kind: 'never', lacks: [] };
      const special = specialise(condition, onClass(this.#ground, eventClass));
      const lacks = special.undecided.map(({ field, why }) => `${field.text} is ${why === 'only-bounded' ? 'not known' : 'not supplied'} on ${this.#ground.byName === undefined ? labelOf(eventClass) : eventClass}`);
      return { kind: special.condition.kind !== 'constant' ? 'asked' : special.condition.value ? 'always' : 'never', lacks };
    });
    return { kind: 'check', label: shortCheck(tree), of: [], on, check: condition };
  }
}

function shortCheck(tree: Expression & { kind: 'exists' | 'compare' }): string {
  if (tree.kind === 'exists' || tree.right.kind !== 'list' || tree.right.items.length <= listItemsShown) return printCondition(tree, quotedIfNeeded);
  const more = tree.right.items.length - listItemsShown;
  const shown = printCondition({ ...tree, right: { ...tree.right, items: tree.right.items.slice(0, listItemsShown) } }, quotedIfNeeded);
  return `${shown.slice(0, -1)}, … ${more} more)`;
}

export function verdictOn(node: Explained, eventClass: string): Verdict {
  return node.on.get(eventClass) ?? { kind: 'never', lacks: [] };
}

function chained(isAnd: boolean, of: readonly Explained[], eventClass: string): Verdict {
  const verdicts = of.map((one) => verdictOn(one, eventClass));
  const deciding = verdicts.filter((one) => one.kind === (isAnd ? 'never' : 'always'));
  if (deciding.length > 0) return { kind: isAnd ? 'never' : 'always', lacks: deciding.every((one) => one.lacks.length > 0) ? deciding.flatMap((one) => one.lacks) : [] };
  if (verdicts.some((one) => one.kind === 'asked')) return { kind: 'asked', lacks: [] };
  return { kind: isAnd ? 'always' : 'never', lacks: verdicts.flatMap((one) => one.lacks) };
}

function negated({ kind, lacks }: Verdict): Verdict {
  return { kind: kind === 'always' ? 'never' : kind === 'never' ? 'always' : 'asked', lacks };
}

/** The parts that make a condition false on a class: what a reader must change for the rule to be asked there. */
export function blockersOf(node: Explained, eventClass: string): readonly Explained[] {
  if (verdictOn(node, eventClass).kind !== 'never') return [];
  switch (node.kind) {
    case 'check':
      return [node];
    case 'not':
      return [node];
    case 'macro':
    case 'or':
      return node.of.flatMap((one) => blockersOf(one, eventClass));
    case 'and':
      return node.of.filter((one) => verdictOn(one, eventClass).kind === 'never').slice(0, 1).flatMap((one) => blockersOf(one, eventClass));
    default:
      return node.kind satisfies never;
  }
}

export interface Answered {
  readonly node: Explained;
  readonly answer: 'yes' | 'no' | 'pending';
  readonly of: readonly Answered[];
  /** What was read for a check: `proc.name = zsh`; empty where the check was decided without reading. */
  readonly values: readonly string[];
  /** It belongs to what made the whole come out as it did. */
  readonly decided: boolean;
}

interface Asked {
  readonly node: Explained;
  readonly value: Answer;
  readonly of: readonly Asked[];
}

export function answer<Subject>(root: Explained, eventClass: string, subject: Subject, ground: Ground, suppliers: Suppliers<Subject>): Answered {
  const where = onClass(ground, eventClass);
  const ask = (node: Explained): Asked => {
    const of = node.of.map(ask);
    const values = of.map((one) => one.value);
    switch (node.kind) {
      case 'and':
        return { node, of, value: values.reduce<Answer>((least, one) => (one < least ? one : least), answers.yes) };
      case 'or':
        return { node, of, value: values.reduce<Answer>((most, one) => (one > most ? one : most), answers.no) };
      case 'not':
        return { node, of, value: (answers.yes - (values[0] ?? answers.no)) as Answer };
      case 'macro':
        return { node, of, value: values[0] ?? answers.no };
      case 'check':
        return { node, of, value: node.check === null ? answers.no : compileCondition(specialise(node.check, where).condition, suppliers)(subject) };
      default:
        return node.kind satisfies never;
    }
  };
  const mark = (asked: Asked, decided: boolean): Answered => {
    const { node, value } = asked;
    const one = (node.kind === 'and' && value !== answers.yes) || (node.kind === 'or' && value !== answers.no);
    const of = asked.of.map((part) => mark(part, decided && (!one || part.value === value)));
    const values = node.check === null ? [] : operandsOf(node.check).map((operand) => `${textOf(operand)} = ${shownValue(operand)}`);
    return { node, of, answer: value === answers.yes ? 'yes' : value === answers.no ? 'no' : 'pending', values, decided };
  };
  const shownValue = (operand: TypedOperand): string => {
    const reading = readOf(operand, where);
    if (reading.kind === 'none') return reading.why === 'only-bounded' ? '(not known here)' : '(not supplied here)';
    if (operand.kind === 'field' && operand.field.anyAncestor && isAnyAncestor(reading.read)) {
      const [read] = readersOf(reading.read, suppliers);
      const levels = Array.from({ length: Math.min(suppliers.ancestors(subject), 20) }, (_, level) => printed(read?.(subject, level + 1) ?? null, operand.type));
      return levels.length === 0 ? '(no ancestors)' : levels.join(', ');
    }
    return readersOf(reading.read, suppliers).map((read) => printed(read(subject, 0), operand.type)).join(' and ');
  };
  return mark(ask(root), true);
}

function operandsOf(check: TypedCondition): readonly TypedOperand[] {
  if (check.kind === 'test' || check.kind === 'exists') return [check.left];
  return check.kind === 'fields' ? [check.left, check.right] : [];
}

function printed(value: Value | null, type: ValueType): string {
  if (value === null) return '(missing)';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 200));
  if (Array.isArray(value)) return `(${value.map((one: string) => JSON.stringify(one)).join(', ').slice(0, 200)})`;
  return plainText(value as Exclude<Value, readonly string[]>, type === 'bytes');
}
