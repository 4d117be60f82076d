/**
 * Tree → typed condition, against a table of fields: every name known, every operator allowed for the type, every value
 * readable. All faults of a condition are reported, each with its place; the result is null if there is one.
 */
import { networkOf } from '../address.ts';
import { eventClassOf, eventNames } from '../events.ts';
import type { FieldTable, ValueType } from '../field-table.ts';
import { isListOperator, isOrderOperator, type Operator } from '../operators.ts';
import { placeOf, type At, type Expression, type Operand, type RightOperand } from '../parse/ast.ts';
import { didYouMean, ruleProblem, type RuleProblem, type RuleProblemCode } from '../problems.ts';
import { compileRegex, simplerOperator } from '../regex.ts';
import { knownEventNames } from '../syscalls.ts';
import { checkOperand, typeSentence } from './operand.ts';
import { textOf, type Count, type FieldComparison, type FieldUse, type Test, type TextComparison, type TypedCondition, type TypedOperand } from './typed.ts';
import { booleanOf, hexBytesOf, numberOf, portOf, textBytesOf } from './values.ts';

export interface Checked {
  /** Null: one of the problems is an error. */
  readonly condition: TypedCondition | null;
  readonly problems: readonly RuleProblem[];
}

export function checkCondition(expression: Expression, table: FieldTable, rule: string | null): Checked {
  const checker = new Checker(table, rule);
  const condition = checker.check(expression);
  return { condition, problems: checker.problems };
}

type Comparison = Expression & { kind: 'compare' };

const allowed: Record<ValueType, readonly Operator[]> = {
  text: ['=', '==', '!=', '<', '<=', '>', '>=', 'contains', 'icontains', 'startswith', 'endswith', 'glob', 'iglob', 'regex', 'in', 'intersects', 'pmatch'],
  number: ['=', '==', '!=', '<', '<=', '>', '>=', 'in', 'intersects'],
  boolean: ['=', '==', '!=', 'in', 'intersects'],
  address: ['=', '==', '!=', 'in', 'intersects'],
  network: ['=', '==', '!=', 'in', 'intersects'],
  bytes: ['=', '==', '!=', 'contains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'in', 'intersects'],
  texts: ['in', 'intersects'],
};

function isField(operand: TypedOperand, name: string): operand is FieldUse {
  return operand.kind === 'field' && operand.field.name === name;
}

function standsForEnds(operand: TypedOperand): boolean {
  return operand.kind === 'field' && operand.field.spec.from !== undefined && 'ends' in operand.field.spec.from;
}

/** A port may be named by its service. */
function isPort(operand: TypedOperand): boolean {
  return operand.kind === 'field' && operand.transforms.length === 0 && /^fd\.[cslr]?port$/.test(operand.field.name);
}

/** Of one condition; who has mended these will be told of the others. */
const problemsMax = 100;

class Checker {
  readonly problems: RuleProblem[] = [];
  readonly #table: FieldTable;
  readonly #rule: string | null;

  constructor(table: FieldTable, rule: string | null) {
    this.#table = table;
    this.#rule = rule;
  }

  check(expression: Expression): TypedCondition | null {
    if (this.problems.length >= problemsMax) return null;
    switch (expression.kind) {
      case 'and':
      case 'or': {
        const of = expression.of.map((one) => this.check(one));
        return of.includes(null) ? null : { kind: expression.kind, of: of as TypedCondition[] };
      }
      case 'not': {
        const of = this.check(expression.of);
        return of === null ? null : { kind: 'not', of };
      }
      case 'exists': {
        const left = this.#operand(expression.left, 'left');
        return left === null ? null : { kind: 'exists', left };
      }
      case 'compare':
        return this.#comparison(expression);
      case 'macro':
        if (expression.of !== undefined) return this.check(expression.of);
        return this.#refuse('macro-unknown', `there is no macro or list ${expression.name}`, expression.at);
      default:
        return expression satisfies never;
    }
  }

  #refuse(code: RuleProblemCode, message: string, at: At): null {
    this.problems.push(ruleProblem(code, message, placeOf(at), this.#rule));
    return null;
  }

  #operand(operand: Operand, side: 'left' | 'right'): TypedOperand | null {
    const checked = checkOperand(operand, this.#table, side);
    if (!checked.ok) return this.#refuse(checked.code, checked.message, checked.at);
    const named = checked.operand;
    if (isField(named, 'evt.type.is')) this.#eventNames('=', [{ text: String(named.field.argument), at: named.at }]);
    return named;
  }

  #comparison(comparison: Comparison): TypedCondition | null {
    const left = this.#operand(comparison.left, 'left');
    if (left === null) return null;
    const { operator, right } = comparison;
    if (!allowed[left.type].includes(operator)) {
      const message = `${operator} cannot be used on ${textOf(left)}, which is ${typeSentence[left.type]}; these can: ${allowed[left.type].join(' ')} exists`;
      return this.#refuse('operator-invalid', message, comparison.at);
    }
    if (right.kind === 'field' || right.kind === 'transform') return this.#fields(comparison, left, right);
    if (isOrderOperator(operator) && left.type === 'text') {
      this.#refuse('order-of-text', `${textOf(left)} is text, which ${operator} compares character by character: "10" comes before "9"`, comparison.at);
    }
    if (operator === 'in' && isField(left, 'fd.net') && right.kind === 'list' && right.items.length > 1) {
      this.#refuse('reads-more-than-falco', 'all networks of the list count here; Falco reads only the first one for fd.net', comparison.at);
    }
    const test = this.#test(comparison, left);
    return test === null ? null : { kind: 'test', left, test };
  }

  #fields(comparison: Comparison, left: TypedOperand, operand: Operand): TypedCondition | null {
    const right = this.#operand(operand, 'right');
    if (right === null) return null;
    const operator = comparison.operator === '==' ? '=' : comparison.operator;
    const refused = operator === 'pmatch' || operator === 'regex' || operator === 'bcontains' || operator === 'bstartswith';
    if (refused || comparison.modifier !== null || left.type === 'network' || left.type === 'bytes' || standsForEnds(left)) {
      return this.#refuse('operator-invalid', `${textOf(left)} ${comparison.operator} cannot be compared with another field`, comparison.at);
    }
    if (left.type !== right.type) {
      const message = `${textOf(left)} is ${typeSentence[left.type]}, ${textOf(right)} is ${typeSentence[right.type]}: only fields of one type can be compared`;
      return this.#refuse('operator-invalid', message, operand.at);
    }
    return { kind: 'fields', left, operator: operator satisfies FieldComparison, right };
  }

  #test(comparison: Comparison, left: TypedOperand): Test | null {
    const { operator, modifier, right } = comparison;
    const texts = this.#texts(right);
    if (isField(left, 'evt.type') || isField(left, 'syscall.type')) this.#eventNames(operator, texts);
    const count: Count = modifier === null ? 'any' : modifier === 'oneof' ? 'one' : modifier === 'allof' ? 'all' : 'any';
    switch (left.type) {
      case 'text':
        return this.#textTest(operator, count, texts);
      case 'number':
        return this.#numberTest(operator, count, isPort(left) ? texts.map((one) => ({ ...one, text: portOf(one.text) })) : texts);
      case 'boolean': {
        const values = this.#values(texts, booleanOf, 'true or false');
        return values === null ? null : { on: 'boolean', operator: operator === '!=' ? '!=' : '=', count, values };
      }
      case 'address':
      case 'network': {
        const networks = this.#values(texts, networkOf, 'an IP address or a network such as 10.0.0.0/8');
        return networks === null ? null : { on: 'network', operator: operator === '!=' ? '!=' : '=', count, networks };
      }
      case 'bytes':
        return this.#bytesTest(operator, count, texts);
      case 'texts':
        return { on: 'texts', every: operator === 'in', values: texts.map((one) => one.text) };
      default:
        return left.type satisfies never;
    }
  }

  #texts(right: RightOperand): readonly { readonly text: string; readonly at: At }[] {
    if (right.kind === 'list') return right.items;
    return right.kind === 'value' ? [right] : [];
  }

  #values<T>(texts: readonly { readonly text: string; readonly at: At }[], read: (text: string) => T | null, what: string): readonly T[] | null {
    const values: T[] = [];
    for (const { text, at } of texts) {
      const value = read(text);
      if (value === null) return this.#refuse('value-invalid', `${JSON.stringify(text.slice(0, 60))} is not ${what}`, at);
      values.push(value);
    }
    return values;
  }

  #eventNames(operator: Operator, texts: readonly { readonly text: string; readonly at: At }[]): void {
    if (!['=', '==', '!=', 'in', 'intersects'].includes(operator)) return;
    for (const { text, at } of texts) {
      if (eventClassOf(text) !== null) continue;
      const hint = didYouMean(text, [...Object.values(eventNames).flat(), ...knownEventNames]);
      this.#refuse('event-unknown', `there is no event ${JSON.stringify(text.slice(0, 60))}.${hint}`, at);
    }
  }

  #textTest(operator: Operator, count: Count, texts: readonly { readonly text: string; readonly at: At }[]): Test | null {
    const values = texts.map((one) => one.text);
    if (operator === 'pmatch') return { on: 'path', prefixes: values };
    if (isListOperator(operator) || (operator === '=' || operator === '==') && count === 'any' && values.length > 1) return { on: 'text-set', values };
    if (operator === 'bcontains' || operator === 'bstartswith') return null;
    const comparisons: TextComparison[] = [];
    for (const { text, at } of texts) {
      if (operator !== 'regex') {
        comparisons.push({ operator: operator === '==' ? '=' : operator, value: text });
        continue;
      }
      const compiled = compileRegex(text);
      if (!compiled.ok) return this.#refuse('value-invalid', `this is not a pattern: ${compiled.reason}`, at);
      const simpler = simplerOperator(text);
      if (simpler !== null) this.#refuse('simpler-operator', `this pattern says the same as ${simpler.operator} ${JSON.stringify(simpler.value)}, which is faster`, at);
      comparisons.push({ operator, value: text, regex: compiled.regex });
    }
    return { on: 'text', count, comparisons };
  }

  #numberTest(operator: Operator, count: Count, texts: readonly { readonly text: string; readonly at: At }[]): Test | null {
    const values = this.#values(texts, numberOf, 'a number');
    if (values === null) return null;
    const comparison = operator === '!=' || isOrderOperator(operator) ? operator : '=';
    return { on: 'number', count, operator: comparison, values };
  }

  #bytesTest(operator: Operator, count: Count, texts: readonly { readonly text: string; readonly at: At }[]): Test | null {
    const hex = operator === 'bcontains' || operator === 'bstartswith';
    const values = hex ? this.#values(texts, hexBytesOf, 'a string of pairs of hexadecimal digits') : texts.map((one) => textBytesOf(one.text));
    if (values === null) return null;
    const plain = operator === 'contains' || operator === 'bcontains' ? 'contains' : operator === 'startswith' || operator === 'bstartswith' ? 'startswith' : operator;
    const comparison = plain === 'contains' || plain === 'startswith' || plain === 'endswith' || plain === '!=' ? plain : '=';
    return { on: 'bytes', operator: comparison, count, values };
  }
}
