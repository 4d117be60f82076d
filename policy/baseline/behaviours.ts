/**
 * A bounded set of behaviours that folds. What no longer fits is not taken and counted: a set that was cut is not everything that was seen, and
 * says so. Pure.
 */
import type { Behaviour } from '@vedette/model/baseline';
import { behaviourKinds, type BehaviourKind } from '@vedette/model/baseline-words';
import { FoldTree } from './fold.ts';
import { behaviourOf, limits, wordsOf } from './words.ts';

export const behavioursMax = 4000;

export class Behaviours {
  readonly #trees: Readonly<Record<BehaviourKind, FoldTree>>;
  readonly #max: number;
  /** Behaviours that were not taken for want of room, each time that they were seen. */
  cut = 0;

  constructor(of: Iterable<Behaviour> = [], max = behavioursMax) {
    this.#max = max;
    this.#trees = { execution: new FoldTree(limits.execution), file: new FoldTree(limits.file), peer: new FoldTree(limits.peer), capability: new FoldTree(limits.capability) };
    for (const one of of) this.add(one);
  }

  get size(): number {
    return behaviourKinds.reduce((sum, kind) => sum + this.#trees[kind].size, 0);
  }

  /** What is new by it: itself, or the pattern that it brought about; null: nothing, or there was no room. */
  add(behaviour: Behaviour): Behaviour | null {
    const tree = this.#trees[behaviour.kind];
    const words = wordsOf(behaviour);
    if (this.size >= this.#max && !tree.has(words.words)) {
      this.cut += 1;
      return null;
    }
    const news = tree.add(words);
    return news === null ? null : behaviourOf(behaviour.kind, news);
  }

  has(behaviour: Behaviour): boolean {
    const { words, isFolded } = wordsOf(behaviour);
    // of a pattern only what was folded as far holds it
    return this.#trees[behaviour.kind].has(isFolded ? [...words, '\0'] : words);
  }

  *[Symbol.iterator](): IterableIterator<Behaviour> {
    for (const kind of behaviourKinds) for (const one of this.#trees[kind].entries()) yield behaviourOf(kind, one);
  }
}

/** The same behaviour has the same key. */
export function behaviourKey(behaviour: Behaviour): string {
  const { words, isFolded } = wordsOf(behaviour);
  return JSON.stringify([behaviour.kind, isFolded, ...words]);
}
