/**
 * The `output` of a rule: text with `%field`, `%field[argument]`, `%transformer(field)`, each perhaps with a width
 * (`%12proc.name` pads or cuts). The longest name that is a field counts. A missing value prints `<NA>`. Refuses fields
 * that do not exist and a lone `%`. Control characters in values are escaped, so that one event stays one line.
 */
import { checkOperand } from './check/operand.ts';
import type { TypedOperand } from './check/typed.ts';
import { isAnyAncestor, plainText, readersOf } from './compile/readers.ts';
import { findField, type FieldTable, type Value, type ValueType } from './field-table.ts';
import { transformers, type At } from './parse/ast.ts';
import { Lexer, Unexpected } from './parse/lexer.ts';
import { OperandReader, type FieldNames } from './parse/operand.ts';
import type { PlacedText } from './placed-text.ts';
import { didYouMean, type RuleProblemCode } from './problems.ts';
import { readOf } from './specialise.ts';
import type { OnClass } from './source.ts';
import type { Suppliers } from './subject.ts';

export type OutputPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string; readonly width: number | null; readonly operand: TypedOperand };

/** A field that stands only among the output's fields. */
export interface ExtraOutput {
  readonly key: string;
  readonly parts: readonly OutputPart[];
  /** The value of the one field that it is, as it is; otherwise a text. */
  readonly raw: boolean;
}

export type ParsedOutput =
  | { readonly ok: true; readonly parts: readonly OutputPart[] }
  | { readonly ok: false; readonly code: RuleProblemCode; readonly message: string; readonly at: At };

export interface OutputField {
  /** As it is written in the output: `proc.aname[2]`. */
  readonly name: string;
  /** Null: this event has no such value. */
  readonly value: string | number | boolean | readonly string[] | null;
  readonly text: string;
}

export interface Output {
  readonly text: string;
  /** Every field of the output once, without those that are only there transformed. */
  readonly fields: readonly OutputField[];
}

export const missingText = '<NA>';
const partsMax = 500;
const widthMax = 1000;
const ancestorsMax = 64;

class Refused extends Error {
  readonly code: RuleProblemCode;
  readonly offset: number;
  constructor(code: RuleProblemCode, message: string, offset: number) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

export function parseOutput(source: PlacedText, table: FieldTable): ParsedOutput {
  try {
    return { ok: true, parts: readParts(source, table) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, code: error.code, message: error.message, at: { text: source, offset: error.offset } };
    if (error instanceof Unexpected) return { ok: false, code: 'output-invalid', message: error.message, at: { text: source, offset: error.offset } };
    throw error;
  }
}

function readParts(source: PlacedText, table: FieldTable): OutputPart[] {
  const { text } = source;
  const parts: OutputPart[] = [];
  const names: FieldNames = {
    read: (lexer) => longestField(lexer, table),
    takesBrackets: (name) => name === 'getopt' || (table.get(name)?.argument ?? 'none') !== 'none',
  };
  let at = text.startsWith('*') ? 1 : 0;
  while (at < text.length) {
    const percent = text.indexOf('%', at);
    const literal = text.slice(at, percent < 0 ? text.length : percent);
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    if (percent < 0) break;
    if (parts.length >= partsMax) throw new Refused('output-invalid', `an output has at most ${partsMax} parts`, percent);
    const width = /^\d{1,4}/.exec(text.slice(percent + 1, percent + 5))?.[0] ?? '';
    if (Number(width) > widthMax) throw new Refused('output-invalid', `a width is at most ${widthMax}`, percent);
    const lexer = new Lexer(text);
    lexer.offset = percent + 1 + width.length;
    const start = lexer.offset;
    const operand = new OperandReader(source, lexer, names).operand();
    if (operand === null) throw new Refused('output-invalid', 'a % must be followed by the name of a field', percent);
    const checked = checkOperand(operand, table, 'output');
    if (!checked.ok) throw new Refused(checked.code, checked.message, start);
    const name = text.slice(start, lexer.offset);
    parts.push({ kind: 'field', name, width: width === '' ? null : Number(width), operand: checked.operand });
    at = lexer.offset;
  }
  return parts;
}

/** The longest beginning of a run of letters and dots that is a field: `proc.name.` is `proc.name` and a full stop. */
function longestField(lexer: Lexer, table: FieldTable): string | null {
  const start = lexer.offset;
  if (transformers.some((name) => lexer.text.startsWith(`${name}(`, start))) return null;
  const run = lexer.fieldName();
  if (run === null) return null;
  for (let end = run.length; end > 0; end -= 1) {
    const name = run.slice(0, end);
    if (name.endsWith('.')) continue;
    const found = findField(table, name, null);
    if (!found.ok && found.code !== 'field-argument') continue;
    lexer.offset = start + end;
    return name;
  }
  throw new Refused('field-unknown', `there is no field ${run}.${didYouMean(run, table.keys())}`, start);
}

export type FormatOutput<Subject> = (subject: Subject) => Output;

/** The output of a rule on one event class, as a function of the subject. */
export function outputFormatter<Subject>(rule: { readonly output: readonly OutputPart[]; readonly extraFields: readonly ExtraOutput[] }, where: OnClass, suppliers: Suppliers<Subject>): FormatOutput<Subject> {
  const format = formatter(rule.output, where, suppliers);
  const extras = rule.extraFields.map(({ key, parts, raw }) => ({ key, raw, format: formatter(parts, where, suppliers) }));
  return (subject) => {
    const { text, fields } = format(subject);
    if (extras.length === 0) return { text, fields: [...fields.values()] };
    for (const { key, raw, format: extra } of extras) {
      const made = extra(subject);
      const value = raw ? (made.fields.get(key)?.value ?? null) : made.text;
      fields.set(key, { name: key, value, text: made.text });
    }
    return { text, fields: [...fields.values()] };
  };
}

function formatter<Subject>(parts: readonly OutputPart[], where: OnClass, suppliers: Suppliers<Subject>): (subject: Subject) => { readonly text: string; readonly fields: Map<string, OutputField> } {
  const readers = parts.map((part) => (part.kind === 'text' ? null : valueReader(part.operand, where, suppliers)));
  return (subject) => {
    const fields = new Map<string, OutputField>();
    let text = '';
    parts.forEach((part, index) => {
      if (part.kind === 'text') {
        text += part.text;
        return;
      }
      if (part.name === 'container.info') return;
      const value = readers[index]?.(subject) ?? null;
      const printed = value === null ? missingText : printValue(value, part.operand.type);
      text += part.width === null ? printed : printed.slice(0, part.width).padEnd(part.width, ' ');
      if (part.operand.kind === 'field' && part.operand.transforms.length === 0 && !fields.has(part.name)) fields.set(part.name, { name: part.name, value: plainValue(value, part.operand.type), text: printed });
    });
    return { text, fields };
  };
}

function valueReader<Subject>(operand: TypedOperand, where: OnClass, suppliers: Suppliers<Subject>): (subject: Subject) => Value | null {
  const reading = readOf(operand, where);
  const [read] = reading.kind === 'none' ? [] : readersOf(reading.read, suppliers);
  if (reading.kind === 'none' || read === undefined) return () => null;
  if (!isAnyAncestor(reading.read)) return (subject) => read(subject, 0);
  return (subject) => {
    const found: string[] = [];
    const count = Math.min(suppliers.ancestors(subject), ancestorsMax);
    for (let level = 1; level <= count; level += 1) {
      const value = read(subject, level);
      found.push(value === null ? missingText : printValue(value, operand.type));
    }
    return found.length === 0 ? null : found.join(' ');
  };
}

function isTexts(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

function plainValue(value: Value | null, type: ValueType): OutputField['value'] {
  if (value === null) return null;
  return value instanceof Uint8Array ? printValue(value, type) : value;
}

function printValue(value: Value, type: ValueType): string {
  if (isTexts(value)) return `(${value.map(escapeControls).join(',')})`;
  return escapeControls(plainText(value, type === 'bytes'));
}

const named: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Also the marks that turn the direction of text: a name must not make a line read as something else. */
export function escapeControls(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (one) => named[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
