/** A tree → condition text that parses to the same tree: for tests, and for showing a rule as the engine understood it. */
import type { Expression, Operand, RightOperand, TransformArgument } from './ast.ts';

/** `quoted`: how a value is written, in quotes always unless told otherwise. */
export function printCondition(expression: Expression, quoted: Quoted = quote): string {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.map((one) => printInside(one, expression.kind, quoted)).join(` ${expression.kind} `);
    case 'not':
      return `not ${printInside(expression.of, 'not', quoted)}`;
    case 'macro':
      return expression.name;
    case 'exists':
      return `${printOperand(expression.left, quoted)} exists`;
    case 'compare': {
      const modifier = expression.modifier === null ? '' : `${expression.modifier} `;
      return `${printOperand(expression.left, quoted)} ${expression.operator} ${modifier}${printRight(expression.right, isOrder(expression.operator), quoted)}`;
    }
    default:
      return expression satisfies never;
  }
}

function printInside(inner: Expression, around: 'and' | 'or' | 'not', quoted: Quoted): string {
  const text = printCondition(inner, quoted);
  const alone = inner.kind === 'macro' || inner.kind === 'exists' || inner.kind === 'compare';
  const binds = alone || (around === 'or' && inner.kind === 'and') || (around !== 'not' && inner.kind === 'not');
  return binds ? text : `(${text})`;
}

export function printOperand(operand: Operand, quoted: Quoted = quote): string {
  const argument = operand.argument === null ? '' : `[${quoted(operand.argument)}]`;
  return operand.kind === 'transform' ? `${operand.name}(${operand.of.map((one) => printArgument(one, quoted)).join(', ')})${argument}` : `${operand.name}${argument}`;
}

function printArgument(argument: TransformArgument, quoted: Quoted): string {
  if (argument.kind === 'literal') return quote(argument.text);
  return argument.kind === 'tuple' ? `(${argument.of.map((one) => printArgument(one, quoted)).join(', ')})` : printOperand(argument, quoted);
}

function printRight(right: RightOperand, bare: boolean, quoted: Quoted): string {
  switch (right.kind) {
    case 'value':
      return bare ? right.text : quoted(right.text);
    case 'list':
      return `(${right.items.map((one) => quoted(one.text)).join(', ')})`;
    case 'field':
    case 'transform':
      return printOperand(right, quoted);
    default:
      return right satisfies never;
  }
}

function isOrder(operator: string): boolean {
  return operator.startsWith('<') || operator.startsWith('>');
}

type Quoted = (text: string) => string;

/** Quotes only where the language needs them. */
export function quotedIfNeeded(text: string): string {
  return /^[^()[\]"'\s=,\\]+$/.test(text) ? text : quote(text);
}

const escapes: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

function quote(text: string): string {
  return `"${text.replace(/[\b\f\n\r\t\\"]/g, (one) => escapes[one] ?? one)}"`;
}
