/**
 * A table that knows what was touched longest ago. A list of its own beside the map: the map's own order would do, but finding
 * its first entry walks over all that were deleted before it, which makes a flood quadratic.
 */
interface Entry<Value> {
  readonly key: string;
  value: Value;
  newer: Entry<Value> | null;
  older: Entry<Value> | null;
}

export class Touched<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  #oldest: Entry<Value> | null = null;
  #newest: Entry<Value> | null = null;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | null {
    return this.#entries.get(key)?.value ?? null;
  }

  /** Puts it last; true when it was there before. */
  touch(key: string, value: Value): boolean {
    const present = this.#entries.get(key);
    if (present !== undefined) this.#unlink(present);
    const entry: Entry<Value> = present ?? { key, value, newer: null, older: null };
    entry.value = value;
    entry.older = this.#newest;
    entry.newer = null;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    if (present === undefined) this.#entries.set(key, entry);
    return present !== undefined;
  }

  delete(key: string): Value | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#unlink(entry);
    this.#entries.delete(key);
    return entry.value;
  }

  oldest(): { readonly key: string; readonly value: Value } | null {
    return this.#oldest;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  #unlink(entry: Entry<Value>): void {
    if (entry.older === null) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === null) this.#newest = entry.older;
    else entry.newer.older = entry.older;
  }
}
