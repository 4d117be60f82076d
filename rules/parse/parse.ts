/**
 * Condition text → tree, by recursive descent: `or` of `and` of `not` of checks, parentheses free. Refuses, as a value
 * with an offset, what is not a condition. Bounds: length, nesting, and the number of checks.
 */
import { isListOperator, isOrderOperator, type Operator } from '../operators.ts';
import type { PlacedText } from '../placed-text.ts';
import type { At, Expression, FieldOperand, ListOperand, Operand, RightOperand, TransformerName, ValueOperand } from './ast.ts';
import { Lexer, Unexpected } from './lexer.ts';

export type Parsed = { readonly ok: true; readonly expression: Expression } | { readonly ok: false; readonly message: string; readonly at: At };

export const conditionCharactersMax = 4 * 1024 * 1024;
export const depthMax = 250;
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

class Parser {
  readonly #source: PlacedText;
  readonly #lexer: Lexer;
  #depth = 0;
  #checks = 0;

  constructor(source: PlacedText) {
    this.#source = source;
    this.#lexer = new Lexer(source.text);
  }

  parse(): Expression {
    const expression = this.#or();
    this.#lexer.skipBlanks();
    if (!this.#lexer.done) throw this.#unexpected('expected and, or, or the end of the condition');
    return expression;
  }

  #at(): At {
    return { text: this.#source, offset: this.#lexer.offset };
  }

  #unexpected(message: string): Unexpected {
    const { text, offset } = this.#lexer;
    const rest = text.slice(offset, offset + 24).trim();
    return new Unexpected(rest === '' ? `${message}; the condition ends here` : `${message}, found ${JSON.stringify(rest)}`, offset);
  }

  #or(): Expression {
    return this.#chain('or', () => this.#and());
  }

  #and(): Expression {
    return this.#chain('and', () => this.#not());
  }

  /** `a or b or c`; the word is followed by a blank or by a parenthesis. */
  #chain(kind: 'and' | 'or', next: () => Expression): Expression {
    this.#lexer.skipBlanks();
    const at = this.#at();
    const of = [next()];
    this.#lexer.skipBlanks();
    while (this.#lexer.symbol(kind)) {
      if (this.#lexer.skipBlanks()) of.push(next());
      else if (this.#lexer.symbol('(')) of.push(this.#parenthesised());
      else throw this.#unexpected(`expected a blank or ( after ${kind}`);
      this.#lexer.skipBlanks();
    }
    const [first] = of;
    return of.length === 1 && first !== undefined ? first : { kind, of, at };
  }

  #not(): Expression {
    this.#lexer.skipBlanks();
    const at = this.#at();
    let negated = false;
    while (this.#lexer.notWord()) negated = !negated;
    let of: Expression;
    if (this.#lexer.symbol('not(')) {
      negated = !negated;
      of = this.#parenthesised();
    } else {
      of = this.#check();
    }
    return negated ? { kind: 'not', of, at } : of;
  }

  /** What follows an opening parenthesis, which was read. */
  #parenthesised(): Expression {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Unexpected(`parentheses are nested more than ${depthMax} deep`, this.#lexer.offset);
    const expression = this.#or();
    this.#lexer.skipBlanks();
    if (!this.#lexer.symbol(')')) throw this.#unexpected('expected )');
    this.#depth -= 1;
    return expression;
  }

  #check(): Expression {
    this.#lexer.skipBlanks();
    const at = this.#at();
    this.#checks += 1;
    if (this.#checks > checksMax) throw new Unexpected(`a condition has at most ${checksMax} checks`, this.#lexer.offset);
    if (this.#lexer.symbol('(')) return this.#parenthesised();
    const left = this.#operand();
    if (left !== null) return this.#comparison(left, at);
    const before = this.#lexer.offset;
    const name = this.#lexer.identifier();
    if (name === 'and' || name === 'or' || name === 'not') this.#lexer.offset = before;
    if (name === null || this.#lexer.offset === before) throw this.#unexpected('expected a field, a macro or (');
    return { kind: 'macro', name, at };
  }

  /** A field, or a transformer of one. Null: neither begins here. */
  #operand(): Operand | null {
    const at = this.#at();
    const name = this.#lexer.fieldName();
    if (name !== null) return this.#field(name, at);
    const transformer = this.#lexer.transformer();
    return transformer === null ? null : this.#transform(transformer, at);
  }

  #field(name: string, at: At): FieldOperand {
    if (!this.#lexer.symbol('[')) return { kind: 'field', name, argument: null, at };
    const argument = this.#lexer.fieldArgument();
    if (argument === null) throw this.#unexpected('expected an argument, such as a number or a quoted text');
    if (!this.#lexer.symbol(']')) throw this.#unexpected('expected ]');
    return { kind: 'field', name, argument, at };
  }

  #transform(name: TransformerName, at: At): Operand {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Unexpected(`transformers are nested more than ${depthMax} deep`, this.#lexer.offset);
    this.#lexer.skipBlanks();
    const of = this.#operand();
    if (of === null) throw this.#unexpected(`expected a field in ${name}(`);
    this.#lexer.skipBlanks();
    if (!this.#lexer.symbol(')')) throw this.#unexpected(`expected ) to close ${name}(`);
    this.#depth -= 1;
    return { kind: 'transform', name, of, at };
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
    const transformer = this.#lexer.transformer();
    if (transformer !== null) return this.#transform(transformer, at);
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
