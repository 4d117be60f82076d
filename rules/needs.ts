/** What a rule's condition asks for by name: events, and fields. Whether they are there is the subject of `reach.ts`. */
import type { Expression, Operand, TransformArgument } from './parse/ast.ts';

export interface Needs {
  /** Written after `evt.type`, whether asked for or excluded. */
  readonly events: readonly string[];
  /** Without their arguments in brackets: `proc.aname`, `evt.arg.flags`. */
  readonly fields: readonly string[];
}

export function needsOf(tree: Expression): Needs {
  const events = new Set<string>();
  const fields = new Set<string>();
  const operand = (one: Operand | TransformArgument): void => {
    if (one.kind === 'field') fields.add(one.name);
    else if (one.kind !== 'literal') one.of.forEach(operand);
  };
  const visit = (one: Expression): void => {
    switch (one.kind) {
      case 'and':
      case 'or':
        return one.of.forEach(visit);
      case 'not':
        return visit(one.of);
      case 'macro':
        return one.of === undefined ? undefined : visit(one.of);
      case 'exists':
        return operand(one.left);
      case 'compare': {
        operand(one.left);
        const { right } = one;
        if (right.kind === 'field' || right.kind === 'transform') return operand(right);
        if (one.left.kind !== 'field' || one.left.name !== 'evt.type') return;
        for (const value of right.kind === 'list' ? right.items : [right]) events.add(value.text);
        return;
      }
      default:
        return one satisfies never;
    }
  };
  visit(tree);
  return { events: [...events].sort(), fields: [...fields].filter((one) => one !== 'evt.type').sort() };
}
