/**
 * Condition text → tree: `or` of `and` of `not` of checks, parentheses free. Refuses, as a value with an offset, what is
 * not a condition. Bounds: length, nesting (of parentheses, and of the tree), and the number of checks.
 */
import { isListOperator, isOrderOperator, type Operator } from '../operators.ts';
import type { PlacedText } from '../placed-text.ts';
import type { At, Expression, ListOperand, Operand, RightOperand, ValueOperand } from './ast.ts';
import { Lexer, Unexpected } from './lexer.ts';
import { OperandReader } from './operand.ts';

export type Parsed = { readonly ok: true; readonly expression: Expression } | { readonly ok: false; readonly message: string; readonly at: At };

export const conditionCharactersMax = 4 * 1024 * 1024;
/** Of parentheses, and of the `and`, `or` and `not` inside each other. */
export const depthMax = 1000;
export const checksMax = 50_000;

export function parseCondition(source: PlacedText): Parsed {
  const refuse = (message: string, offset: number): Parsed => ({ ok: false, message, at: { text: source, offset } });
  if (source.text.length > conditionCharactersMax) return refuse(`a condition has at most ${conditionCharactersMax} characters`, 0);
  if (source.text.trim() === '') return refuse('the condition is empty', 0);
  try {
    return { ok: true, expression: new Parser(source).parse() };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    return refuse(error.message, error.offset);
  }
}

/** What stands between two parentheses, as far as it was read. */
interface Frame {
  /** Whether a `not` stands before the opening parenthesis. */
  readonly negated: boolean;
  /** Of what the parenthesis is part of: its `not`, or itself. */
  readonly outside: At;
  /** Parts of the `or`, those that are complete. */
  readonly ors: Tree[];
  /** Parts of the `and` that is being read. */
  ands: Tree[];
}

interface Tree {
  readonly expression: Expression;
  readonly depth: number;
}

/** Parentheses are kept on a stack of our own: nesting never meets the end of the machine's. */
class Parser {
  readonly #source: PlacedText;
  readonly #lexer: Lexer;
  readonly #operands: OperandReader;
  readonly #open: Frame[] = [];
  #checks = 0;

  constructor(source: PlacedText) {
    this.#source = source;
    this.#lexer = new Lexer(source.text);
    this.#operands = new OperandReader(source, this.#lexer, { read: (lexer) => lexer.fieldName(), takesBrackets: () => true });
  }

  parse(): Expression {
    this.#push(false, this.#at());
    for (;;) {
      const value = this.#operandOrOpen();
      const whole = value === null ? null : this.#after(value);
      if (whole !== null) return whole;
    }
  }

  #at(): At {
    return { text: this.#source, offset: this.#lexer.offset };
  }

  #push(negated: boolean, outside: At): void {
    if (this.#open.length > depthMax) throw new Unexpected(`parentheses are nested more than ${depthMax} deep`, this.#lexer.offset);
    this.#open.push({ negated, outside, ors: [], ands: [] });
  }

  /** A check with the `not`s before it, or null for an opening parenthesis. */
  #operandOrOpen(): Tree | null {
    this.#lexer.skipBlanks();
    const at = this.#at();
    let negated = false;
    while (this.#lexer.notWord()) negated = !negated;
    const closed = this.#lexer.symbol('not(');
    if (closed || this.#lexer.symbol('(')) {
      this.#push(negated !== closed, at);
      return null;
    }
    return this.#negated({ expression: this.#check(), depth: 1 }, negated, at);
  }

  #negated(of: Tree, negated: boolean, at: At): Tree {
    return negated ? this.#bounded({ kind: 'not', of: of.expression, at }, of.depth + 1) : of;
  }

  #bounded(expression: Expression, depth: number): Tree {
    if (depth > depthMax) throw new Unexpected(`and, or and not are nested more than ${depthMax} deep`, this.#lexer.offset);
    return { expression, depth };
  }

  /** What may follow a complete part. The condition, when that was all of it; null: another part must follow. */
  #after(part: Tree): Expression | null {
    let value = part;
    for (let frame = this.#open.at(-1); frame !== undefined; frame = this.#open.at(-1)) {
      frame.ands.push(value);
      this.#lexer.skipBlanks();
      if (this.#lexer.symbol('and')) return this.#next('and');
      if (this.#lexer.symbol('or')) {
        frame.ors.push(this.#chain('and', frame.ands));
        frame.ands = [];
        return this.#next('or');
      }
      frame.ors.push(this.#chain('and', frame.ands));
      const whole = this.#chain('or', frame.ors);
      this.#open.pop();
      if (this.#open.length === 0) {
        if (!this.#lexer.done) throw this.#unexpected('expected and, or, or the end of the condition');
        return whole.expression;
      }
      if (!this.#lexer.symbol(')')) throw this.#unexpected('expected )');
      value = this.#negated(whole, frame.negated, frame.outside);
    }
    return null;
  }

  /** The word is followed by a blank or by a parenthesis. */
  #next(word: 'and' | 'or'): null {
    if (!this.#lexer.skipBlanks() && this.#source.text[this.#lexer.offset] !== '(') throw this.#unexpected(`expected a blank or ( after ${word}`);
    return null;
  }

  #chain(kind: 'and' | 'or', parts: readonly Tree[]): Tree {
    const [first] = parts;
    if (first === undefined) throw new RangeError('a chain has parts');
    if (parts.length === 1) return first;
    const depth = parts.reduce((most, one) => Math.max(most, one.depth), 0) + 1;
    return this.#bounded({ kind, of: parts.map((one) => one.expression), at: first.expression.at }, depth);
  }

  #unexpected(message: string): Unexpected {
    return this.#lexer.unexpected(message);
  }

  #check(): Expression {
    const at = this.#at();
    this.#checks += 1;
    if (this.#checks > checksMax) throw new Unexpected(`a condition has at most ${checksMax} checks`, this.#lexer.offset);
    const left = this.#operands.operand();
    if (left !== null) return this.#comparison(left, at);
    const before = this.#lexer.offset;
    const name = this.#lexer.identifier();
    if (name === 'and' || name === 'or' || name === 'not') this.#lexer.offset = before;
    if (name === null || this.#lexer.offset === before) throw this.#unexpected('expected a field, a macro or (');
    return { kind: 'macro', name, at };
  }

  #comparison(left: Operand, at: At): Expression {
    this.#lexer.skipBlanks();
    if (this.#lexer.exists()) return { kind: 'exists', left, at };
    const operator = this.#lexer.operator();
    if (operator === null) throw this.#unexpected('expected an operator');
    const modifier = isListOperator(operator) || isOrderOperator(operator) ? null : this.#lexer.modifier();
    this.#lexer.skipBlanks();
    const right = modifier === null ? this.#right(operator) : this.#list();
    if (right === null) throw this.#unexpected(`expected a list in parentheses after ${modifier}`);
    return { kind: 'compare', left, operator, modifier, right, at };
  }

  #right(operator: Operator): RightOperand {
    const at = this.#at();
    const list = isListOperator(operator) ? this.#list() : null;
    if (list !== null) return list;
    const transformer = this.#operands.transformer();
    if (transformer !== null) return transformer;
    if (isListOperator(operator)) {
      const text = this.#lexer.identifier();
      if (text === null) throw this.#unexpected(`expected a list in parentheses after ${operator}`);
      return { kind: 'list', items: [{ kind: 'value', text, at }], at };
    }
    if (isOrderOperator(operator)) {
      const text = this.#lexer.number();
      if (text === null) throw this.#unexpected(`expected a number after ${operator}`);
      return { kind: 'value', text, at };
    }
    const value = this.#value();
    if (value === null) throw this.#unexpected(`expected a value after ${operator}`);
    return value;
  }

  #value(): ValueOperand | null {
    this.#lexer.skipBlanks();
    const at = this.#at();
    const text = this.#lexer.quotedText() ?? this.#lexer.bareText();
    return text === null ? null : { kind: 'value', text, at };
  }

  #list(): ListOperand | null {
    const at = this.#at();
    if (!this.#lexer.symbol('(')) return null;
    const items: ValueOperand[] = [];
    const first = this.#value();
    if (first !== null) items.push(first);
    this.#lexer.skipBlanks();
    while (items.length > 0 && this.#lexer.symbol(',')) {
      const next = this.#value();
      if (next === null) throw this.#unexpected('expected a value after the comma');
      items.push(next);
      this.#lexer.skipBlanks();
    }
    if (!this.#lexer.symbol(')')) throw this.#unexpected('expected , or ) in the list');
    return { kind: 'list', items, at };
  }
}
