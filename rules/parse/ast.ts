/** The condition of a rule as a tree, still as written: names are not looked up, values have no type. */
import { placeAt, type PlacedText } from '../placed-text.ts';
import type { Modifier, Operator } from '../operators.ts';
import type { Place } from '../problems.ts';

/** A position in the text that was parsed; its place in a file is found when it is needed. */
export interface At {
  readonly text: PlacedText;
  readonly offset: number;
}

/** Those that take one value, those that take several, and `val`, which only says that a field is meant and not a word. */
export const transformers = ['tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt', 'val'] as const;
export type TransformerName = (typeof transformers)[number];

export type JoiningTransformer = 'join' | 'concat' | 'getopt';

/** Of several values, of literals among them, one is made. */
export function takesSeveral(name: TransformerName): name is JoiningTransformer {
  return name === 'join' || name === 'concat' || name === 'getopt';
}

export interface FieldOperand {
  readonly kind: 'field';
  readonly name: string;
  /** What stood in brackets, without quotes. */
  readonly argument: string | null;
  readonly at: At;
}

export interface TransformOperand {
  readonly kind: 'transform';
  readonly name: TransformerName;
  /** At least one. */
  readonly of: readonly TransformArgument[];
  /** What stood in brackets behind it: `getopt(…)[t]`. */
  readonly argument: string | null;
  readonly at: At;
}

export type Operand = FieldOperand | TransformOperand;

/** A text or a number written inside a transformer's parentheses. */
export interface LiteralOperand {
  readonly kind: 'literal';
  readonly text: string;
  readonly at: At;
}

/** `(a, b)` inside a transformer's parentheses: a list of values. */
export interface TupleOperand {
  readonly kind: 'tuple';
  readonly of: readonly (Operand | LiteralOperand)[];
  readonly at: At;
}

export type TransformArgument = Operand | LiteralOperand | TupleOperand;

export interface ValueOperand {
  readonly kind: 'value';
  readonly text: string;
  readonly at: At;
}

export interface ListOperand {
  readonly kind: 'list';
  readonly items: readonly ValueOperand[];
  readonly at: At;
}

export type RightOperand = Operand | ValueOperand | ListOperand;

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[]; readonly at: At }
  | { readonly kind: 'not'; readonly of: Expression; readonly at: At }
  /** `of`: what it stands for, once macros are put in. */
  | { readonly kind: 'macro'; readonly name: string; readonly at: At; readonly of?: Expression }
  | { readonly kind: 'exists'; readonly left: Operand; readonly at: At }
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: Operator; readonly modifier: Modifier | null; readonly right: RightOperand; readonly at: At };

export function placeOf(at: At): Place {
  return placeAt(at.text, at.offset);
}
