/** A condition whose names are looked up and whose values have types: what `specialise` and `compile` work on. */
import type { Network } from '../address.ts';
import type { FieldReference, ValueType } from '../field-table.ts';
import type { OrderOperator } from '../operators.ts';
import type { At } from '../parse/ast.ts';
import type { Regex } from '../regex.ts';

export type Transform = 'tolower' | 'toupper' | 'b64' | 'basename' | 'len';

/** A field, perhaps seen through transformers. */
export interface FieldUse {
  readonly kind: 'field';
  readonly field: FieldReference;
  /** Innermost first. */
  readonly transforms: readonly Transform[];
  /** Of the value after the transforms. */
  readonly type: ValueType;
  readonly at: At;
}

/** Several values made into one, perhaps seen through transformers. */
export interface JoinedUse {
  readonly kind: 'joined';
  readonly by: Joining;
  readonly of: readonly TypedArgument[];
  readonly transforms: readonly Transform[];
  readonly type: ValueType;
  /** As it was written. */
  readonly text: string;
  readonly at: At;
}

export type TypedOperand = FieldUse | JoinedUse;

/** `getopt` with an option in brackets answers that option's value, without it all that was found. */
export type Joining = { readonly name: 'join' } | { readonly name: 'concat' } | { readonly name: 'getopt'; readonly option: string | null };

export type TypedArgument =
  | TypedOperand
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'tuple'; readonly of: readonly TypedArgument[] }
  /** A field with an index, where a list is asked for: its values from the first to the last. */
  | { readonly kind: 'elements'; readonly field: FieldReference };

export function textOf(operand: TypedOperand): string {
  return operand.kind === 'field' ? operand.field.text : operand.text;
}

export type TextComparison =
  | { readonly operator: '=' | '!=' | OrderOperator | 'contains' | 'icontains' | 'startswith' | 'endswith' | 'glob' | 'iglob'; readonly value: string }
  | { readonly operator: 'regex'; readonly value: string; readonly regex: Regex };

/** How many of several comparisons must hold. */
export type Count = 'one' | 'any' | 'all';

export type Test =
  | { readonly on: 'text'; readonly count: Count; readonly comparisons: readonly TextComparison[] }
  | { readonly on: 'text-set'; readonly values: readonly string[] }
  | { readonly on: 'path'; readonly prefixes: readonly string[] }
  | { readonly on: 'number'; readonly count: Count; readonly operator: '=' | '!=' | OrderOperator; readonly values: readonly number[] }
  | { readonly on: 'boolean'; readonly operator: '=' | '!='; readonly count: Count; readonly values: readonly boolean[] }
  | { readonly on: 'network'; readonly operator: '=' | '!='; readonly count: Count; readonly networks: readonly Network[] }
  | { readonly on: 'bytes'; readonly operator: '=' | '!=' | 'contains' | 'startswith' | 'endswith'; readonly count: Count; readonly values: readonly Uint8Array[] }
  /** `every`: all elements are in the set (`in`); otherwise one is enough (`intersects`). */
  | { readonly on: 'texts'; readonly every: boolean; readonly values: readonly string[] };

export type FieldComparison = '=' | '!=' | OrderOperator | 'contains' | 'icontains' | 'startswith' | 'endswith' | 'glob' | 'iglob' | 'in' | 'intersects';

export type TypedCondition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly TypedCondition[] }
  | { readonly kind: 'not'; readonly of: TypedCondition }
  | { readonly kind: 'exists'; readonly left: TypedOperand }
  | { readonly kind: 'test'; readonly left: TypedOperand; readonly test: Test }
  | { readonly kind: 'fields'; readonly left: TypedOperand; readonly operator: FieldComparison; readonly right: TypedOperand };
