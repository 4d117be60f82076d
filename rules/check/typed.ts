/** A condition whose names are looked up and whose values have types: what `specialise` and `compile` work on. */
import type { Network } from '../address.ts';
import type { FieldReference, ValueType } from '../field-table.ts';
import type { OrderOperator } from '../operators.ts';
import type { At } from '../parse/ast.ts';
import type { Regex } from '../regex.ts';

export type Transform = 'tolower' | 'toupper' | 'b64' | 'basename' | 'len';

export interface TypedOperand {
  readonly field: FieldReference;
  /** Innermost first. */
  readonly transforms: readonly Transform[];
  /** Of the value after the transforms. */
  readonly type: ValueType;
  readonly at: At;
}

export type TextComparison =
  | { readonly operator: '=' | '!=' | 'contains' | 'icontains' | 'startswith' | 'endswith' | 'glob' | 'iglob'; readonly value: string }
  | { readonly operator: 'regex'; readonly value: string; readonly regex: Regex };

/** How many of several comparisons must hold. */
export type Count = 'one' | 'any' | 'all';

export type Test =
  | { readonly on: 'text'; readonly count: Count; readonly comparisons: readonly TextComparison[] }
  | { readonly on: 'text-set'; readonly values: readonly string[] }
  | { readonly on: 'path'; readonly prefixes: readonly string[] }
  | { readonly on: 'number'; readonly count: Count; readonly operator: '=' | '!=' | OrderOperator; readonly values: readonly number[] }
  | { readonly on: 'boolean'; readonly operator: '=' | '!='; readonly values: readonly boolean[] }
  | { readonly on: 'network'; readonly operator: '=' | '!='; readonly networks: readonly Network[] }
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
