/** A test on one value → a function that decides it. Everything that can be prepared is prepared here, once. */
import { networkContains } from '../address.ts';
import type { Count, FieldComparison, Test, TextComparison } from '../check/typed.ts';
import type { Value } from '../field-table.ts';
import type { OrderOperator } from '../operators.ts';
import { asciiLower, globPredicate, type TextPredicate } from './glob.ts';
import { pathPrefixPredicate } from './path-prefix.ts';

export type Predicate = (value: Value) => boolean;

/** A test is the same on all event classes: its set, patterns and tables are made once. */
const prepared = new WeakMap<Test, Predicate>();

export function predicateOf(test: Test): Predicate {
  const known = prepared.get(test);
  if (known !== undefined) return known;
  const predicate = prepare(test);
  prepared.set(test, predicate);
  return predicate;
}

function prepare(test: Test): Predicate {
  switch (test.on) {
    case 'text':
      return onText(counted(test.count, test.comparisons.map(textPredicate)));
    case 'text-set': {
      const values = new Set(test.values);
      const [only] = test.values;
      if (values.size === 1) return (value) => value === only;
      return (value) => values.has(value as string);
    }
    case 'path':
      return onText(pathPrefixPredicate(test.prefixes));
    case 'number':
      return numbersPredicate(test.operator, test.count, test.values);
    case 'boolean': {
      const { operator, count, values } = test;
      return counted(count, values.map((wanted): Predicate => (value) => (value === wanted) === (operator === '=')));
    }
    case 'network': {
      const { operator, count, networks } = test;
      return counted(count, networks.map((network): Predicate => (value) => value instanceof Uint8Array && networkContains(network, value) === (operator === '=')));
    }
    case 'bytes':
      return bytesPredicate(test);
    case 'texts': {
      const values = new Set(test.values);
      if (test.every) return (value) => Array.isArray(value) && value.every((one) => values.has(one));
      return (value) => Array.isArray(value) && value.some((one) => values.has(one));
    }
    default:
      return test satisfies never;
  }
}

function onText(predicate: TextPredicate): Predicate {
  return (value) => typeof value === 'string' && predicate(value);
}

/** Of several predicates: exactly one, at least one, or all hold. Of none, nothing holds. */
function counted<T>(count: Count, predicates: readonly ((value: T) => boolean)[]): (value: T) => boolean {
  const [only] = predicates;
  if (predicates.length === 1 && only !== undefined) return only;
  switch (count) {
    case 'any':
      return (value) => predicates.some((one) => one(value));
    case 'all':
      return (value) => predicates.length > 0 && predicates.every((one) => one(value));
    case 'one':
      return (value) => predicates.filter((one) => one(value)).length === 1;
    default:
      return count satisfies never;
  }
}

function textPredicate(comparison: TextComparison): TextPredicate {
  const { value } = comparison;
  switch (comparison.operator) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '<':
      return (text) => text < value;
    case '<=':
      return (text) => text <= value;
    case '>':
      return (text) => text > value;
    case '>=':
      return (text) => text >= value;
    case 'contains':
      return (text) => text.includes(value);
    case 'icontains': {
      const lower = asciiLower(value);
      return (text) => asciiLower(text).includes(lower);
    }
    case 'startswith':
      return (text) => text.startsWith(value);
    case 'endswith':
      return (text) => text.endsWith(value);
    case 'glob':
      return globPredicate(value, false);
    case 'iglob':
      return globPredicate(value, true);
    case 'regex': {
      const { regex } = comparison;
      return (text) => regex.matchesWhole(text);
    }
    default:
      return comparison satisfies never;
  }
}

function numbersPredicate(operator: '=' | '!=' | OrderOperator, count: Count, values: readonly number[]): Predicate {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return numberPredicate(operator, only);
  if (operator === '=' && count === 'any') {
    const set = new Set(values);
    return (value) => set.has(value as number);
  }
  return counted(count, values.map((value) => numberPredicate(operator, value)));
}

function numberPredicate(operator: '=' | '!=' | OrderOperator, wanted: number): Predicate {
  switch (operator) {
    case '=':
      return (value) => value === wanted;
    case '!=':
      return (value) => value !== wanted;
    case '<':
      return (value) => (value as number) < wanted;
    case '<=':
      return (value) => (value as number) <= wanted;
    case '>':
      return (value) => (value as number) > wanted;
    case '>=':
      return (value) => (value as number) >= wanted;
    default:
      return operator satisfies never;
  }
}

/** What a number that is at least `least` makes of a comparison, where that decides it. */
export function decidedByLeast(test: Test, least: number): boolean | null {
  if (test.on !== 'number') return null;
  const each = test.values.map((value) => decidedOne(test.operator, value, least));
  switch (test.count) {
    case 'any':
      return each.includes(true) ? true : each.includes(null) ? null : false;
    case 'all':
      return each.length === 0 || each.includes(false) ? false : each.includes(null) ? null : true;
    case 'one':
      return each.includes(null) ? null : each.filter((one) => one === true).length === 1;
    default:
      return test.count satisfies never;
  }
}

function decidedOne(operator: '=' | '!=' | OrderOperator, value: number, least: number): boolean | null {
  switch (operator) {
    case '=':
      return value < least ? false : null;
    case '!=':
      return value < least ? true : null;
    case '<':
      return value <= least ? false : null;
    case '<=':
      return value < least ? false : null;
    case '>':
      return value < least ? true : null;
    case '>=':
      return value <= least ? true : null;
    default:
      return operator satisfies never;
  }
}

function bytesPredicate(test: Test & { on: 'bytes' }): Predicate {
  const one = (wanted: Uint8Array): Predicate => {
    const text = latin1(wanted);
    switch (test.operator) {
      case '=':
        return (value) => value instanceof Uint8Array && latin1(value) === text;
      case '!=':
        return (value) => value instanceof Uint8Array && latin1(value) !== text;
      case 'contains':
        return (value) => value instanceof Uint8Array && latin1(value).includes(text);
      case 'startswith':
        return (value) => value instanceof Uint8Array && latin1(value).startsWith(text);
      case 'endswith':
        return (value) => value instanceof Uint8Array && latin1(value).endsWith(text);
      default:
        return test.operator satisfies never;
    }
  };
  return counted(test.count, test.values.map(one));
}

/** One character for each byte: searching bytes is then searching text. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** Two values of one type, the right one read from the event too. */
export function compareValues(operator: FieldComparison, left: Value, right: Value): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    const equal = latin1(left) === latin1(right);
    return operator === '!=' ? !equal : equal;
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right)) return false;
    return operator === 'intersects' ? left.some((one) => right.includes(one)) : left.every((one) => right.includes(one));
  }
  switch (operator) {
    case '=':
    case 'in':
    case 'intersects':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case 'contains':
    case 'icontains':
    case 'startswith':
    case 'endswith':
    case 'glob':
    case 'iglob':
      return typeof left === 'string' && typeof right === 'string' && textPredicate({ operator, value: right })(left);
    default:
      return operator satisfies never;
  }
}
