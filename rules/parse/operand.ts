/**
 * A field, or a transformer with what stands in its parentheses: `len(basename(proc.exepath))`, `join("-", (a.b, "c"))`,
 * `getopt(proc.args, "lp:")[p]`. Conditions and outputs read them alike and differ in how the name of a field is found, so
 * that is handed in. Refuses, as `Unexpected`, what does not close, and nesting and arguments beyond a bound.
 */
import type { PlacedText } from '../placed-text.ts';
import { takesSeveral, type At, type FieldOperand, type LiteralOperand, type Operand, type TransformArgument, type TransformerName, type TransformOperand, type TupleOperand } from './ast.ts';
import { Unexpected, type Lexer } from './lexer.ts';

export interface FieldNames {
  /** The name of the field that begins here, which it moves behind; null: none does. */
  read(lexer: Lexer): string | null;
  /** Whether brackets behind this field or transformer belong to it. */
  takesBrackets(name: string): boolean;
}

const depthMax = 50;
const argumentsMax = 200;

export class OperandReader {
  readonly #source: PlacedText;
  readonly #lexer: Lexer;
  readonly #names: FieldNames;
  #depth = 0;

  constructor(source: PlacedText, lexer: Lexer, names: FieldNames) {
    this.#source = source;
    this.#lexer = lexer;
    this.#names = names;
  }

  /** Null: neither a field nor a transformer begins here. */
  operand(): Operand | null {
    const at = this.#at();
    const name = this.#names.read(this.#lexer);
    if (name !== null) return this.#field(name, at);
    return this.transformer();
  }

  transformer(): TransformOperand | null {
    const at = this.#at();
    const name = this.#lexer.transformer();
    return name === null ? null : this.#transform(name, at);
  }

  #at(): At {
    return { text: this.#source, offset: this.#lexer.offset };
  }

  #field(name: string, at: At): FieldOperand {
    return { kind: 'field', name, argument: this.#brackets(name), at };
  }

  #brackets(name: string): string | null {
    if (!this.#names.takesBrackets(name) || !this.#lexer.symbol('[')) return null;
    const argument = this.#lexer.fieldArgument();
    if (argument === null) throw this.#lexer.unexpected('expected an argument, such as a number or a quoted text');
    if (!this.#lexer.symbol(']')) throw this.#lexer.unexpected('expected ]');
    return argument;
  }

  #transform(name: TransformerName, at: At): TransformOperand {
    this.#depth += 1;
    if (this.#depth > depthMax) throw new Unexpected(`transformers are nested more than ${depthMax} deep`, this.#lexer.offset);
    const of = takesSeveral(name) ? this.#separated(() => this.#argument()) : this.#one();
    if (of.length === 0) throw this.#lexer.unexpected(`expected a field in ${name}(`);
    if (!this.#lexer.symbol(')')) throw this.#lexer.unexpected(`expected ) to close ${name}(`);
    this.#depth -= 1;
    return { kind: 'transform', name, of, argument: this.#brackets(name), at };
  }

  /** Values with commas between them; what ends them is left to the caller. */
  #separated<T>(next: () => T | null): readonly T[] {
    const values: T[] = [];
    this.#lexer.skipBlanks();
    const first = next();
    if (first === null) return values;
    values.push(first);
    this.#lexer.skipBlanks();
    while (this.#lexer.symbol(',')) {
      this.#lexer.skipBlanks();
      const value = next();
      if (value === null) throw this.#lexer.unexpected('expected a value after the comma');
      if (values.length >= argumentsMax) throw new Unexpected(`a transformer takes at most ${argumentsMax} values`, this.#lexer.offset);
      values.push(value);
      this.#lexer.skipBlanks();
    }
    return values;
  }

  #one(): readonly TransformArgument[] {
    this.#lexer.skipBlanks();
    const operand = this.operand();
    this.#lexer.skipBlanks();
    return operand === null ? [] : [operand];
  }

  #argument(): TransformArgument | null {
    const at = this.#at();
    return this.#lexer.symbol('(') ? this.#tuple(at) : this.#single();
  }

  #tuple(at: At): TupleOperand {
    const of = this.#separated(() => this.#single());
    if (!this.#lexer.symbol(')')) throw this.#lexer.unexpected('expected , or ) in the list');
    return { kind: 'tuple', of, at };
  }

  #single(): Operand | LiteralOperand | null {
    const operand = this.operand();
    if (operand !== null) return operand;
    const at = this.#at();
    const text = this.#lexer.quotedText() ?? this.#lexer.number();
    return text === null ? null : { kind: 'literal', text, at };
  }
}
