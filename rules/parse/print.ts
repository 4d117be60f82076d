/** A tree → condition text that parses to the same tree: for tests, and for showing a rule as the engine understood it. */
import type { Expression, Operand, RightOperand, TransformArgument, ValueOperand } from './ast.ts';

export function printCondition(expression: Expression): string {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.map((one) => printInside(one, expression.kind)).join(` ${expression.kind} `);
    case 'not':
      return `not ${printInside(expression.of, 'not')}`;
    case 'macro':
      return expression.name;
    case 'exists':
      return `${printOperand(expression.left)} exists`;
    case 'compare': {
      const modifier = expression.modifier === null ? '' : `${expression.modifier} `;
      return `${printOperand(expression.left)} ${expression.operator} ${modifier}${printRight(expression.right, isOrder(expression.operator))}`;
    }
    default:
      return expression satisfies never;
  }
}

function printInside(inner: Expression, around: 'and' | 'or' | 'not'): string {
  const text = printCondition(inner);
  const alone = inner.kind === 'macro' || inner.kind === 'exists' || inner.kind === 'compare';
  const binds = alone || (around === 'or' && inner.kind === 'and') || (around !== 'not' && inner.kind === 'not');
  return binds ? text : `(${text})`;
}

export function printOperand(operand: Operand): string {
  const argument = operand.argument === null ? '' : `[${quote(operand.argument)}]`;
  return operand.kind === 'transform' ? `${operand.name}(${operand.of.map(printArgument).join(', ')})${argument}` : `${operand.name}${argument}`;
}

function printArgument(argument: TransformArgument): string {
  if (argument.kind === 'literal') return quote(argument.text);
  return argument.kind === 'tuple' ? `(${argument.of.map(printArgument).join(', ')})` : printOperand(argument);
}

function printRight(right: RightOperand, bare: boolean): string {
  switch (right.kind) {
    case 'value':
      return bare ? right.text : printValue(right);
    case 'list':
      return `(${right.items.map(printValue).join(', ')})`;
    case 'field':
    case 'transform':
      return printOperand(right);
    default:
      return right satisfies never;
  }
}

function isOrder(operator: string): boolean {
  return operator.startsWith('<') || operator.startsWith('>');
}

function printValue(value: ValueOperand): string {
  return quote(value.text);
}

const escapes: Readonly<Record<string, string>> = { '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

function quote(text: string): string {
  return `"${text.replace(/[\b\f\n\r\t\\"]/g, (one) => escapes[one] ?? one)}"`;
}
