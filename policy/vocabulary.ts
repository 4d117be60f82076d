/**
 * What a condition and a message may speak about: the facts of one kind of subject by name, with their types, how each is
 * read, and which words it knows. A fact is known, known to be nothing, or unknown with the reason; a list says whether it
 * holds all there is. One vocabulary describes executions (`facts.ts`), another images (`image-facts.ts`).
 */

/** `absent`: it is known that there is none. In a condition that is an empty text, 0, false or an empty list. */
export type Fact<T> = { readonly is: 'known'; readonly value: T } | { readonly is: 'absent' } | { readonly is: 'unknown'; readonly reason: string };

export type FactType = 'string' | 'int' | 'double' | 'bool' | 'list<string>' | 'map<string, string>';
export type FactValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** A list that may hold more than is known: `exists` over it is then true or unknown, `all` is false or unknown. */
export interface OpenList<T> {
  readonly items: readonly T[];
  /** Why there may be more than these; null: these are all. */
  readonly incomplete: string | null;
}

export interface FactEntry<Subject> {
  readonly name: string;
  readonly type: FactType;
  /** For people, one line. */
  readonly about: string;
  /** The only texts it can be compared with: a misspelt one would silently never be met. */
  readonly words?: Words;
  read(subject: Subject): Fact<FactValue>;
}

export interface Words {
  readonly texts: readonly string[];
  readonly one: string;
  readonly all: string;
}

export interface ListEntry<Subject, Item> {
  readonly name: string;
  /** Name of the item's type in messages of the type check. */
  readonly itemType: string;
  readonly about: string;
  readonly fields: readonly FactEntry<Item>[];
  read(subject: Subject): OpenList<Item>;
  /** Why this item may not belong to the list after all; null: it does. */
  doubt?(item: Item): string | null;
  /** One item for people: `lodash 4.17.15 in /srv/app`. */
  sentence(item: Item): string;
}

export interface Vocabulary<Subject> {
  /** First parts of all names: `execution`, `container`. */
  readonly roots: readonly string[];
  readonly facts: readonly FactEntry<Subject>[];
  /** Each has items of its own type, which only its own entry ever reads. */
  readonly lists: readonly ListEntry<Subject, unknown>[];
}

export function known<T>(value: T): Fact<T> {
  return { is: 'known', value };
}

export const absent: Fact<never> = { is: 'absent' };

export function unknown(reason: string): Fact<never> {
  return { is: 'unknown', reason };
}

/** What "there is none" is in a condition. */
export function emptyValue(type: FactType): FactValue {
  switch (type) {
    case 'string':
      return '';
    case 'int':
    case 'double':
      return 0;
    case 'bool':
      return false;
    case 'list<string>':
      return [];
    case 'map<string, string>':
      return {};
    default:
      return type satisfies never;
  }
}
