/**
 * A condition → the most that it can be when only some of its fields are known: checks of other fields count as holding, or under a `not`
 * as not holding. Where the ceiling is no, the condition is no, whatever the other fields are; so what many events have in common (the
 * path they open) is asked once and not of each.
 */
import type { ReadSource, Specialised } from './specialise.ts';

const yes: Specialised = { kind: 'constant', value: true };
const no: Specialised = { kind: 'constant', value: false };

/** Null: there is none, for the condition may be anything whatever the known fields are. */
export function ceilingOf(condition: Specialised, known: ReadonlySet<string>): Specialised | null {
  const most = bound(condition, known, true);
  return most.kind === 'constant' && most.value ? null : most;
}

function bound(condition: Specialised, known: ReadonlySet<string>, upper: boolean): Specialised {
  switch (condition.kind) {
    case 'constant':
      return condition;
    case 'and':
    case 'or':
      return chain(condition.kind, condition.of.map((one) => bound(one, known, upper)));
    case 'not': {
      const of = bound(condition.of, known, !upper);
      return of.kind === 'constant' ? (of.value ? no : yes) : { kind: 'not', of };
    }
    case 'exists':
    case 'test': {
      const { read } = condition;
      const isKnown = read.kind === 'field' && !read.operand.field.anyAncestor && read.operand.field.spec.identity !== true && read.sources.every((one) => isOf(one, known));
      return isKnown ? condition : upper ? yes : no;
    }
    case 'fields':
      return upper ? yes : no;
    default:
      return condition satisfies never;
  }
}

function isOf(source: ReadSource, known: ReadonlySet<string>): boolean {
  return source.kind === 'fixed' || known.has(source.name);
}

function chain(kind: 'and' | 'or', parts: readonly Specialised[]): Specialised {
  const deciding = kind === 'or';
  const rest = parts.filter((part) => part.kind !== 'constant');
  if (parts.some((part) => part.kind === 'constant' && part.value === deciding)) return deciding ? yes : no;
  const [only] = rest;
  if (only === undefined) return deciding ? no : yes;
  return rest.length === 1 ? only : { kind, of: rest };
}
