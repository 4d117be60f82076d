/**
 * Fields and transformers: looked up in the table, transformers checked against the type they are given. Refuses what
 * the language refuses: transformers on fields that have several values, and on the right side fields that stand for
 * more than one value.
 */
import { findField, type FieldTable, type ValueType } from '../field-table.ts';
import type { At, Operand, TransformerName } from '../parse/ast.ts';
import { didYouMean, type RuleProblemCode } from '../problems.ts';
import type { Transform, TypedOperand } from './typed.ts';

export type CheckedOperand =
  | { readonly ok: true; readonly operand: TypedOperand }
  | { readonly ok: false; readonly code: RuleProblemCode; readonly message: string; readonly at: At };

export function checkOperand(operand: Operand, table: FieldTable, side: 'left' | 'right'): CheckedOperand {
  const names: TransformerName[] = [];
  let inner: Operand = operand;
  while (inner.kind === 'transform') {
    names.unshift(inner.name);
    inner = inner.of;
  }
  const found = findField(table, inner.name, inner.argument);
  const refuse = (code: RuleProblemCode, message: string, at: At = operand.at): CheckedOperand => ({ ok: false, code, message, at });
  if (!found.ok) {
    const hint = found.code === 'field-unknown' ? `.${didYouMean(inner.name, table.keys())}` : '';
    return refuse(found.code, `${found.message}${hint}`, inner.at);
  }
  const { field } = found;
  if (side === 'right' && field.spec.notOnRight === true) return refuse('operator-invalid', `${field.text} cannot stand on the right side of a comparison`, inner.at);
  if (names.includes('val') && (side === 'left' || names.length > 1)) return refuse('operator-invalid', 'val( ) names a field on the right side of a comparison, alone');
  const transforms = names.filter((name): name is Transform => name !== 'val');
  if (transforms.length > 0 && field.spec.notTransformed === true) return refuse('operator-invalid', `${field.text} cannot be transformed`);
  let type: ValueType = field.spec.type;
  for (const transform of transforms) {
    const result = transformedType(transform, type);
    if (result === null) return refuse('operator-invalid', `${transform}( ) cannot be used on ${transform === transforms[0] ? field.text : 'that'}, which is ${typeSentence[type]}`);
    type = result;
  }
  return { ok: true, operand: { field, transforms, type, at: operand.at } };
}

function transformedType(transform: Transform, type: ValueType): ValueType | null {
  switch (transform) {
    case 'tolower':
    case 'toupper':
    case 'basename':
      return type === 'text' ? 'text' : null;
    case 'b64':
      return type === 'text' || type === 'bytes' ? type : null;
    case 'len':
      return type === 'text' || type === 'bytes' || type === 'texts' ? 'number' : null;
    default:
      return transform satisfies never;
  }
}

export const typeSentence: Record<ValueType, string> = {
  text: 'text',
  number: 'a number',
  boolean: 'true or false',
  address: 'an IP address',
  network: 'an IP address',
  bytes: 'bytes',
  texts: 'a list of texts',
};
