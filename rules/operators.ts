/**
 * The operators of the language and their kinds, in one table: what they take on the right, and which may be followed
 * by `oneof`, `anyof` or `allof` and a list.
 */
export const textOperators = ['=', '==', '!=', 'contains', 'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'glob', 'iglob', 'regex'] as const;
export const orderOperators = ['<', '<=', '>', '>='] as const;
export const listOperators = ['in', 'intersects', 'pmatch'] as const;
export const modifiers = ['oneof', 'anyof', 'allof'] as const;

export type TextOperator = (typeof textOperators)[number];
export type OrderOperator = (typeof orderOperators)[number];
export type ListOperator = (typeof listOperators)[number];
export type Operator = TextOperator | OrderOperator | ListOperator;
export type Modifier = (typeof modifiers)[number];

export function isTextOperator(word: string): word is TextOperator {
  return (textOperators as readonly string[]).includes(word);
}

export function isOrderOperator(word: string): word is OrderOperator {
  return (orderOperators as readonly string[]).includes(word);
}

export function isListOperator(word: string): word is ListOperator {
  return (listOperators as readonly string[]).includes(word);
}

export function isModifier(word: string): word is Modifier {
  return (modifiers as readonly string[]).includes(word);
}

/** What an exception may write as a comparator: an operator, or an operator and a modifier. */
export function isComparator(text: string): boolean {
  return isTextOperator(text) || isOrderOperator(text) || takesList(text);
}

/** Whether the right side of this comparator is a list. */
export function takesList(text: string): boolean {
  const [operator = '', modifier, ...rest] = text.split(/\s+/);
  if (modifier === undefined) return isListOperator(operator);
  return rest.length === 0 && isTextOperator(operator) && isModifier(modifier);
}
