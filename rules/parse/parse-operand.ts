/** Text that is one field or transformer and nothing else, such as an entry of `by` → its operand. Refuses what stands behind it. */
import type { PlacedText } from '../placed-text.ts';
import type { At, Operand } from './ast.ts';
import { Lexer, Unexpected } from './lexer.ts';
import { OperandReader } from './operand.ts';

export type ParsedOperand = { readonly ok: true; readonly operand: Operand } | { readonly ok: false; readonly message: string; readonly at: At };

export function parseOperand(source: PlacedText): ParsedOperand {
  const lexer = new Lexer(source.text);
  try {
    lexer.skipBlanks();
    const operand = new OperandReader(source, lexer, { read: (from) => from.fieldName(), takesBrackets: () => true }).operand();
    if (operand === null) throw lexer.unexpected('expected a field');
    lexer.skipBlanks();
    if (!lexer.done) throw lexer.unexpected('expected nothing behind the field');
    return { ok: true, operand };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    return { ok: false, message: error.message, at: { text: source, offset: error.offset } };
  }
}
