/**
 * What every ecosystem implements, in a folder of its own: read a database at fixed places (dpkg), or be offered every
 * directory that the walk comes to (npm), or both. A reader reports packages and what belongs to them and nothing else;
 * order, numbers, the index and the bounds are the scan's.
 */
import type { Concern, Spending } from './bounds.ts';
import type { Distribution } from './distribution.ts';
import type { Entry, FileTree } from './tree.ts';

export interface FoundPackage {
  /** The reader's name. */
  readonly reader: string;
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly sourceName?: string;
  readonly sourceVersion?: string;
  readonly architecture?: string;
  readonly owns: Owned;
}

/** What a loaded file must be so that it counts as this package's. */
export type Owned =
  /** Exactly these. */
  | { readonly kind: 'files'; readonly paths: Iterable<string> }
  /** Everything below, unless a nearer package's folder holds it. */
  | { readonly kind: 'folder'; readonly path: string }
  /** It has files, but which is not known. */
  | { readonly kind: 'unknown' };

export interface Reading {
  readonly tree: FileTree;
  readonly distribution: Distribution | null;
  readonly spending: Spending;
  /** A whole file, counted against the bound on bytes. Refused: the problem has been noted under `what`. */
  read(path: string, bytesMax: number, what: string, concern?: Concern): Uint8Array | 'absent' | 'refused';
  /** False: the bound on packages is met, and there is no sense in finding more. */
  add(found: FoundPackage): boolean;
}

export interface PackageReader {
  readonly name: string;
  /** Whether it may read the file at this path, without links in it: images are read once, and keep the content of no others. */
  reads(path: string): boolean;
  atPlaces?(reading: Reading): void;
  inDirectory?(reading: Reading, directory: string, entries: readonly Entry[]): void;
}
