/**
 * A file → the package it belongs to. Two kinds of owner: an exact file (dpkg), and the nearest folder of a package
 * (npm); one file may have both, as npm's own files do where a distribution packages npm. Paths are the kernel's: inside
 * the root, without links. Kept as sorted 64-bit hashes with package numbers: about 12 bytes a file, binary search,
 * nothing allocated by a lookup.
 *
 * Limit: package folders are looked for only where they can be, directly in a node_modules or an @scope in one.
 */
import { type PathHash, hashPath } from './path-hash.ts';

/** Sorted by hash, each hash once; the package number beside it. */
export interface HashTable {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly owner: Uint32Array;
}

export interface FileIndexTables {
  readonly packages: number;
  readonly files: HashTable;
  readonly folders: HashTable;
}

export const noPackage = -1;
const folderMarker = '/node_modules/';

export class FileIndex {
  readonly tables: FileIndexTables;
  readonly #hash: PathHash = { high: 0, low: 0 };

  constructor(tables: FileIndexTables) {
    this.tables = tables;
  }

  get files(): number {
    return this.tables.files.owner.length;
  }

  /** The package whose list names this file, or `noPackage`. */
  fileOwner(path: string): number {
    hashPath(path, this.#hash);
    return find(this.tables.files, this.#hash);
  }

  /** The package whose folder is nearest above this file, or `noPackage`. */
  folderOwner(path: string): number {
    if (this.tables.folders.owner.length === 0) return noPackage;
    for (let at = path.lastIndexOf(folderMarker); at >= 0; at = at === 0 ? -1 : path.lastIndexOf(folderMarker, at - 1)) {
      const nameStart = at + folderMarker.length;
      let end = path.indexOf('/', nameStart);
      if (end > 0 && path.charCodeAt(nameStart) === 0x40) end = path.indexOf('/', end + 1);
      if (end < 0) continue;
      hashPath(path, this.#hash, end);
      const owner = find(this.tables.folders, this.#hash);
      if (owner !== noPackage) return owner;
    }
    return noPackage;
  }

  /** Every package that this file speaks for: none, one or two. */
  owners(path: string): number[] {
    const owners = [this.fileOwner(path), this.folderOwner(path)].filter((owner) => owner !== noPackage);
    return owners.length === 2 && owners[0] === owners[1] ? owners.slice(0, 1) : owners;
  }
}

function find(table: HashTable, hash: PathHash): number {
  const { high, low, owner } = table;
  let from = 0;
  let to = high.length - 1;
  while (from <= to) {
    const middle = (from + to) >>> 1;
    const order = high[middle]! - hash.high || low[middle]! - hash.low;
    if (order === 0) return owner[middle]!;
    if (order < 0) from = middle + 1;
    else to = middle - 1;
  }
  return noPackage;
}

/** Collects owners under provisional numbers, which `build` replaces by those of the final order. */
export class FileIndexBuilder {
  readonly #files = new GrowingTable();
  readonly #folders = new GrowingTable();

  addFile(path: string, owner: number): void {
    this.#files.add(path, owner);
  }

  addFolder(path: string, owner: number): void {
    this.#folders.add(path, owner);
  }

  /** `numbers[provisional]` is the final number. What several packages own goes to the one with the lowest. */
  build(numbers: readonly number[]): FileIndex {
    return new FileIndex({ packages: numbers.length, files: this.#files.sorted(numbers), folders: this.#folders.sorted(numbers) });
  }
}

class GrowingTable {
  #high = new Uint32Array(1024);
  #low = new Uint32Array(1024);
  #owner = new Uint32Array(1024);
  #length = 0;
  readonly #hash: PathHash = { high: 0, low: 0 };

  add(path: string, owner: number): void {
    if (this.#length === this.#owner.length) {
      this.#high = doubled(this.#high);
      this.#low = doubled(this.#low);
      this.#owner = doubled(this.#owner);
    }
    hashPath(path, this.#hash);
    this.#high[this.#length] = this.#hash.high;
    this.#low[this.#length] = this.#hash.low;
    this.#owner[this.#length] = owner;
    this.#length += 1;
  }

  sorted(numbers: readonly number[]): HashTable {
    const [high, low, owner] = [this.#high, this.#low, this.#owner];
    const number = (at: number): number => numbers[owner[at]!]!;
    const order = Uint32Array.from({ length: this.#length }, (_, at) => at);
    order.sort((a, b) => high[a]! - high[b]! || low[a]! - low[b]! || number(a) - number(b));
    const kept = order.filter((at, place) => place === 0 || high[at] !== high[order[place - 1]!] || low[at] !== low[order[place - 1]!]);
    return { high: kept.map((at) => high[at]!), low: kept.map((at) => low[at]!), owner: kept.map(number) };
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
