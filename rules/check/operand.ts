/**
 * Fields and transformers: looked up in the table, transformers checked against the types they are given. Refuses what the
 * language refuses: transformers on fields that stand for several values, and on the right side fields that do.
 */
import { findField, type FieldTable, type ValueType } from '../field-table.ts';
import { takesSeveral, type At, type FieldOperand, type JoiningTransformer, type Operand, type TransformArgument, type TransformOperand } from '../parse/ast.ts';
import { printOperand } from '../parse/print.ts';
import { didYouMean, type RuleProblemCode } from '../problems.ts';
import { textOf, type FieldUse, type Joining, type JoinedUse, type Transform, type TypedArgument, type TypedOperand } from './typed.ts';

export type CheckedOperand =
  | { readonly ok: true; readonly operand: TypedOperand }
  | { readonly ok: false; readonly code: RuleProblemCode; readonly message: string; readonly at: At };

export type Side = 'left' | 'right' | 'output';

class Refused extends Error {
  readonly code: RuleProblemCode;
  readonly at: At;
  constructor(code: RuleProblemCode, message: string, at: At) {
    super(message);
    this.code = code;
    this.at = at;
  }
}

export function checkOperand(operand: Operand, table: FieldTable, side: Side): CheckedOperand {
  try {
    return { ok: true, operand: new OperandChecker(table, side).check(operand) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ok: false, code: error.code, message: error.message, at: error.at };
  }
}

class OperandChecker {
  readonly #table: FieldTable;
  readonly #side: Side;

  constructor(table: FieldTable, side: Side) {
    this.#table = table;
    this.#side = side;
  }

  check(operand: Operand): TypedOperand {
    if (operand.kind === 'field') return this.#field(operand);
    if (operand.name === 'val') return this.#val(operand);
    return this.#transform(operand);
  }

  #field(operand: FieldOperand): FieldUse {
    const found = findField(this.#table, operand.name, operand.argument);
    if (!found.ok) {
      const hint = found.code === 'field-unknown' ? `.${didYouMean(operand.name, this.#table.keys())}` : '';
      throw new Refused(found.code, `${found.message}${hint}`, operand.at);
    }
    const { field } = found;
    if (this.#side === 'right' && field.spec.notOnRight === true) throw new Refused('operator-invalid', `${field.text} cannot stand on the right side of a comparison`, operand.at);
    return { kind: 'field', field, transforms: [], type: field.type, at: operand.at };
  }

  #val(operand: TransformOperand): TypedOperand {
    const [of] = operand.of;
    if (this.#side !== 'right' || of?.kind !== 'field' || operand.argument !== null) {
      throw new Refused('operator-invalid', 'val( ) names a field on the right side of a comparison, alone', operand.at);
    }
    return this.#field(of);
  }

  #transform(operand: TransformOperand): TypedOperand {
    const { name } = operand;
    if (takesSeveral(name)) return this.#joined(operand, name);
    if (name === 'val') return this.#val(operand);
    const [inner] = operand.of;
    if (inner?.kind === 'transform' && inner.name === 'val') return this.#val({ ...inner, of: [] });
    if (operand.argument !== null) throw new Refused('operator-invalid', `${name}( ) takes nothing in brackets`, operand.at);
    if (inner?.kind !== 'field' && inner?.kind !== 'transform') throw new Refused('operator-invalid', `${name}( ) takes a field`, operand.at);
    const of = inner.kind === 'field' ? this.#field(inner) : this.#transform(inner);
    if (of.kind === 'field' && of.field.spec.notTransformed === true) throw new Refused('operator-invalid', `${of.field.text} cannot be transformed`, operand.at);
    const type = transformedType(name, of.type);
    if (type === null) {
      const what = of.transforms.length === 0 ? textOf(of) : 'that';
      throw new Refused('operator-invalid', `${name}( ) cannot be used on ${what}, which is ${typeSentence[of.type]}`, operand.at);
    }
    return { ...of, transforms: [...of.transforms, name], type, at: operand.at };
  }

  #joined(operand: TransformOperand, name: JoiningTransformer): JoinedUse {
    const refuse = (message: string): never => {
      throw new Refused('operator-invalid', `${name}( ) ${message}`, operand.at);
    };
    if (name !== 'getopt' && operand.argument !== null) refuse('takes nothing in brackets');
    const use = (by: Joining, type: ValueType, of: readonly TypedArgument[]): JoinedUse => ({ kind: 'joined', by, of, transforms: [], type, text: printOperand(operand), at: operand.at });
    const [first, second] = operand.of;
    switch (name) {
      case 'concat':
        if (operand.of.length < 2) refuse('takes two values or more');
        return use({ name }, 'text', operand.of.map((one) => this.#single(one, name)));
      case 'join':
        if (first === undefined || second === undefined || operand.of.length !== 2) return refuse('takes a separator and a list: join("-", (proc.name, proc.pname))');
        return use({ name }, 'text', [this.#text(first, name), this.#list(second, name)]);
      case 'getopt': {
        if (first === undefined || second === undefined || operand.of.length !== 2) return refuse('takes a list of arguments and the letters of the options: getopt(proc.args, "lp:")');
        const option = operand.argument;
        if (option !== null && !/^[!-9;-~]$/.test(option)) refuse('takes a single option letter in brackets');
        return use({ name, option }, option === null ? 'texts' : 'text', [this.#list(first, name), this.#text(second, name)]);
      }
      default:
        return name satisfies never;
    }
  }

  /** One value of whatever type: it is printed. */
  #single(argument: TransformArgument, name: string): TypedArgument {
    if (argument.kind === 'literal') return { kind: 'literal', text: argument.text };
    if (argument.kind === 'tuple') throw new Refused('operator-invalid', `${name}( ) takes a single value here, not a list`, argument.at);
    const of = argument.kind === 'field' ? this.#field(argument) : this.#transform(argument);
    if (of.type === 'texts') throw new Refused('operator-invalid', `${name}( ) takes a single value here, and ${textOf(of)} is a list`, argument.at);
    const either = of.kind === 'field' && (of.field.anyAncestor || (of.field.spec.from !== undefined && 'ends' in of.field.spec.from));
    if (either) throw new Refused('operator-invalid', `${textOf(of)} stands for several values: ${name}( ) takes one`, argument.at);
    return of;
  }

  #text(argument: TransformArgument, name: string): TypedArgument {
    const of = this.#single(argument, name);
    if ((of.kind === 'field' || of.kind === 'joined') && of.type !== 'text') throw new Refused('operator-invalid', `${name}( ) takes a text here, and ${textOf(of)} is ${typeSentence[of.type]}`, argument.at);
    return of;
  }

  #list(argument: TransformArgument, name: string): TypedArgument {
    if (argument.kind === 'tuple') return { kind: 'tuple', of: argument.of.map((one) => this.#single(one, name)) };
    if (argument.kind === 'literal') throw new Refused('operator-invalid', `${name}( ) takes a list here: put it in parentheses`, argument.at);
    const of = argument.kind === 'field' ? this.#field(argument) : this.#transform(argument);
    if (of.type === 'texts') return of;
    if (of.kind === 'field' && of.field.spec.argument === 'index' && of.field.argument === null && of.type === 'text' && of.transforms.length === 0) return { kind: 'elements', field: of.field };
    throw new Refused('operator-invalid', `${name}( ) takes a list here, and ${textOf(of)} is ${typeSentence[of.type]}`, argument.at);
  }
}

/** On a list, a transformer of texts changes each of its elements. */
function transformedType(transform: Transform, type: ValueType): ValueType | null {
  switch (transform) {
    case 'tolower':
    case 'toupper':
    case 'basename':
      return type === 'text' || type === 'texts' ? type : null;
    case 'b64':
      return type === 'text' || type === 'bytes' || type === 'texts' ? type : null;
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
