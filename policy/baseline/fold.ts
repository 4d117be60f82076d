/**
 * A set of words that folds: a tree in which a node with more different children than its limit takes everything below it, and forgets what
 * that was. Whether a node is folded follows from the set of all that was ever put in and from nothing else, so the order of adding and of uniting
 * does not matter, and uniting twice is uniting once: what sensors see in pieces makes the same set in the hub. Pure.
 */
export interface Folded {
  readonly words: readonly string[];
  /** These words and whatever follows them. */
  readonly isFolded: boolean;
}

/** How many children a node at this place may have; Infinity: it never folds. */
export type FoldLimit = (words: readonly string[]) => number;

interface Node {
  /** null: there is none, as in most nodes. */
  children: Map<string, Node> | null;
  isEnd: boolean;
  isFolded: boolean;
}

export class FoldTree {
  readonly #limit: FoldLimit;
  readonly #root: Node = fresh();
  #size = 0;

  constructor(limit: FoldLimit) {
    this.#limit = limit;
  }

  /** Entries that it holds. */
  get size(): number {
    return this.#size;
  }

  /** What there is to tell anybody who holds the set as it was: the entry, or the fold that it brought about; null: nothing is new. */
  add({ words, isFolded }: Folded): Folded | null {
    let node = this.#root;
    for (const [depth, word] of words.entries()) {
      if (node.isFolded) return null;
      let child = node.children?.get(word);
      if (child === undefined) {
        const at = words.slice(0, depth);
        if ((node.children?.size ?? 0) + 1 > this.#limit(at)) {
          this.#fold(node);
          return { words: at, isFolded: true };
        }
        child = fresh();
        (node.children ??= new Map()).set(word, child);
      }
      node = child;
    }
    if (node.isFolded || (!isFolded && node.isEnd)) return null;
    if (isFolded) {
      this.#fold(node);
    } else {
      node.isEnd = true;
      this.#size += 1;
    }
    return { words, isFolded };
  }

  has(words: readonly string[]): boolean {
    let node = this.#root;
    for (const word of words) {
      if (node.isFolded) return true;
      const child = node.children?.get(word);
      if (child === undefined) return false;
      node = child;
    }
    return node.isEnd || node.isFolded;
  }

  *entries(): IterableIterator<Folded> {
    yield* entriesBelow(this.#root, []);
  }

  #fold(node: Node): void {
    this.#size += 1 - countOf(node);
    node.children = null;
    node.isEnd = false;
    node.isFolded = true;
  }
}

function fresh(): Node {
  return { children: null, isEnd: false, isFolded: false };
}

function countOf(node: Node): number {
  let count = node.isEnd || node.isFolded ? 1 : 0;
  for (const child of node.children?.values() ?? []) count += countOf(child);
  return count;
}

function* entriesBelow(node: Node, words: readonly string[]): IterableIterator<Folded> {
  if (node.isEnd || node.isFolded) yield { words, isFolded: node.isFolded };
  for (const [word, child] of node.children ?? []) yield* entriesBelow(child, [...words, word]);
}
