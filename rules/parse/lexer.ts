/**
 * The tokens of a condition, read where the parser expects them: the language has no token kinds of its own (`in`
 * is an operator after a field and a file's name in a list), so every reader is asked for by name.
 */
import { isModifier, listOperators, orderOperators, textOperators, type Modifier, type Operator } from '../operators.ts';
import { transformers, type TransformerName } from './ast.ts';

/** What stands where something else was expected. The parser turns it into a value; it never leaves `parse/`. */
export class Unexpected extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const identifier = /[a-zA-Z]+[a-zA-Z0-9_]*/y;
const fieldName = /[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+/y;
const bareArgument = /[^[\]"'\s]+/y;
const number = /0[xX][0-9a-zA-Z]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y;
const bareText = /[^()"'\s=,]+/y;
const blanks = /[ \t\b\r\n]+/y;
const notWord = /not[ \t\r\n\v\f]+/y;

/** Longest first, so that `<=` is not read as `<`. */
const symbols = ['==', '!=', '<=', '>=', '=', '<', '>'] as const;
const operatorWords: readonly Operator[] = [...textOperators, ...orderOperators, ...listOperators].filter((one) => /^[a-z]/.test(one));
const wordEnd = /(?=[\s("']|$)/y;

const escapes: Readonly<Record<string, string>> = { 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '/': '/', ' ': '\\' };

export class Lexer {
  readonly text: string;
  offset = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.offset >= this.text.length;
  }

  /** An error here, with the beginning of what stands here instead. */
  unexpected(message: string): Unexpected {
    const rest = this.text.slice(this.offset, this.offset + 24).trim();
    return new Unexpected(rest === '' ? `${message}; it ends here` : `${message}, found ${JSON.stringify(rest)}`, this.offset);
  }

  #read(pattern: RegExp): string | null {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    this.offset += match[0].length;
    return match[0];
  }

  /** Whether there were any. */
  skipBlanks(): boolean {
    return this.#read(blanks) !== null;
  }

  symbol(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.offset)) return false;
    this.offset += symbol.length;
    return true;
  }

  /** `not` with the blanks behind it, so that a macro may be called `nothing`. */
  notWord(): boolean {
    return this.#read(notWord) !== null;
  }

  identifier(): string | null {
    return this.#read(identifier);
  }

  fieldName(): string | null {
    return this.#read(fieldName);
  }

  number(): string | null {
    return this.#read(number);
  }

  bareText(): string | null {
    return this.#read(bareText);
  }

  fieldArgument(): string | null {
    return this.quotedText() ?? this.#read(bareArgument);
  }

  /** A transformer's name with its opening parenthesis. */
  transformer(): TransformerName | null {
    for (const name of transformers) {
      if (this.symbol(`${name}(`)) return name;
    }
    return null;
  }

  /** `exists`, which stands alone. */
  exists(): boolean {
    return this.symbol('exists');
  }

  operator(): Operator | null {
    for (const symbol of symbols) {
      if (this.symbol(symbol)) return symbol;
    }
    for (const word of operatorWords) {
      if (this.text.startsWith(word, this.offset) && this.#endsWord(this.offset + word.length)) {
        this.offset += word.length;
        return word;
      }
    }
    return null;
  }

  /** `anyof` and its like, only where a list follows: `= anyof` alone compares with that word. */
  modifier(): Modifier | null {
    const match = /^\s*(oneof|anyof|allof)\s*(?=\()/.exec(this.text.slice(this.offset, this.offset + 200));
    const word = match?.[1];
    if (match === null || word === undefined || !isModifier(word)) return null;
    this.offset += match[0].length;
    return word;
  }

  #endsWord(offset: number): boolean {
    wordEnd.lastIndex = offset;
    return wordEnd.test(this.text);
  }

  /**
   * In single or double quotes; a backslash before the quote keeps it inside. Null: there is no quote here. A backslash
   * before a blank stays a backslash: a form that old rule files carry.
   */
  quotedText(): string | null {
    const quote = this.text[this.offset];
    if (quote !== '"' && quote !== "'") return null;
    const start = this.offset;
    let result = '';
    for (let at = start + 1; at < this.text.length; at += 1) {
      const character = this.text.charAt(at);
      if (character === quote) {
        this.offset = at + 1;
        return result;
      }
      if (character !== '\\') {
        result += character;
        continue;
      }
      at += 1;
      const escaped = this.text.charAt(at);
      if (escaped === quote) result += quote;
      else if (Object.hasOwn(escapes, escaped)) result += escapes[escaped];
      else throw new Unexpected(`\\${escaped} is not an escape of a ${quote}-quoted text`, at - 1);
    }
    throw new Unexpected('this quote is not closed', start);
  }
}
