/**
 * A root → everything installed in it: the distribution, the packages in their one order, the index from files to
 * packages, and in sentences whatever could not be read. The same root gives the same result; only the time bound can cut it
 * elsewhere. This file alone knows the readers and the order of the steps; a new ecosystem is one more reader.
 */
import { type Bounds, type Concern, Spending, defaultBounds } from './bounds.ts';
import { type Distribution, isOsRelease, readDistribution } from './distribution.ts';
import { dpkgReader } from './dpkg/packages.ts';
import { type FileIndex, FileIndexBuilder } from './file-index.ts';
import { npmReader } from './npm/packages.ts';
import { type OwnedKind, type Package, comparePackages, revisionOf } from './package-list.ts';
import type { FoundPackage, Owned, PackageReader, Reading } from './reader.ts';
import { topLevelLinks } from './top-level-links.ts';
import { type FileTree, hasFailed } from './tree.ts';
import { unreadReader } from './unread.ts';
import { walk } from './walk.ts';

export { revisionOf };

export interface ScanOptions {
  /** Milliseconds that only grow. */
  readonly clock: () => number;
  readonly budgetMs: number;
  /** Directories inside the root that are not entered, such as mounts. */
  readonly skip?: readonly string[];
  readonly depthMax?: number;
  readonly bounds?: Partial<Omit<Bounds, 'budgetMs'>>;
}

export interface ScanResult {
  readonly distribution: Distribution | null;
  /** In canonical order: a package's place here is its number everywhere. */
  readonly packages: readonly Package[];
  readonly index: FileIndex;
  readonly revision: string;
  /** What could not be read, one sentence each. */
  readonly problems: readonly string[];
  /** Those of them because of which packages may be missing. */
  readonly packagesMissing: readonly string[];
  /** A bound was met: packages may be missing. */
  readonly truncated: boolean;
  readonly filesIndexed: number;
}

const readers: readonly PackageReader[] = [dpkgReader, npmReader, unreadReader];

/** Whether `scan` may read the file at this path, without links in it. */
export function isReadByScan(path: string): boolean {
  return isOsRelease(path) || readers.some((reader) => reader.reads(path));
}

export function scan(tree: FileTree, options: ScanOptions): ScanResult {
  const spending = new Spending({ ...defaultBounds, ...options.bounds, budgetMs: options.budgetMs }, options.clock);
  const { distribution, problem } = readDistribution(tree);
  const gathering = new Gathering(spending, topLevelLinks(tree));
  const reading: Reading = {
    tree,
    distribution,
    spending,
    read: (path, bytesMax, what, concern) => readCounted(tree, spending, path, bytesMax, { what, concern: concern ?? 'packages' }),
    add: (found) => gathering.add(found),
  };
  for (const reader of readers) reader.atPlaces?.(reading);
  walk(reading, readers, { skip: options.skip ?? [], depthMax: options.depthMax ?? 64 });

  const { packages, index } = gathering.finish();
  const problems = [...spending.sentences()];
  if (problem !== null) problems.push(problem);
  else if (distribution === null && packages.some((one) => one.reader === dpkgReader.name)) {
    problems.push('there is no os-release, so the packages of dpkg cannot be matched with advisories');
  }
  return { distribution, packages, index, revision: revisionOf(packages), problems, packagesMissing: spending.sentences('packages'), truncated: spending.truncated, filesIndexed: index.files };
}

/** Packages under provisional numbers until all are known, then in canonical order with an index that speaks in its numbers. */
class Gathering {
  readonly #spending: Spending;
  readonly #canonical: (path: string) => string;
  readonly #packages: Package[] = [];
  readonly #builder = new FileIndexBuilder();

  constructor(spending: Spending, canonical: (path: string) => string) {
    this.#spending = spending;
    this.#canonical = canonical;
  }

  add(found: FoundPackage): boolean {
    if (!this.#spending.take('packages')) return false;
    const { owned, files } = this.#index(found.owns, this.#packages.length);
    this.#packages.push(packageOf(found, owned, files));
    return true;
  }

  #index(owns: Owned, number: number): { owned: OwnedKind; files: number | null } {
    switch (owns.kind) {
      case 'files': {
        let files = 0;
        for (const path of owns.paths) {
          if (!this.#spending.take('files')) return { owned: 'unknown', files: null };
          this.#builder.addFile(this.#canonical(path), number);
          files += 1;
        }
        return { owned: 'files', files };
      }
      case 'folder':
        this.#builder.addFolder(owns.path, number);
        return { owned: 'folder', files: null };
      case 'unknown':
        return { owned: 'unknown', files: null };
      default:
        return owns satisfies never;
    }
  }

  finish(): { packages: Package[]; index: FileIndex } {
    const found = this.#packages;
    const order = found.map((_, number) => number).sort((a, b) => comparePackages(found[a]!, found[b]!) || a - b);
    const numbers: number[] = Array.from({ length: found.length }, () => 0);
    order.forEach((provisional, final) => {
      numbers[provisional] = final;
    });
    return { packages: order.map((provisional) => found[provisional]!), index: this.#builder.build(numbers) };
  }
}

function packageOf(one: FoundPackage, owned: OwnedKind, files: number | null): Package {
  return {
    ecosystem: one.ecosystem,
    name: one.name,
    version: one.version,
    sourceName: one.sourceName ?? '',
    sourceVersion: one.sourceVersion ?? '',
    path: one.owns.kind === 'folder' ? one.owns.path : '',
    reader: one.reader,
    architecture: one.architecture ?? '',
    owned,
    files,
  };
}

function readCounted(tree: FileTree, spending: Spending, path: string, bytesMax: number, unread: { readonly what: string; readonly concern: Concern }): Uint8Array | 'absent' | 'refused' {
  const left = spending.left('bytes');
  const file = tree.read(path, Math.min(bytesMax, left));
  if (hasFailed(file)) {
    if (file.failed === 'absent') return 'absent';
    spending.note(unread.what, path, unread.concern);
    if (file.failed === 'too-large' && left < bytesMax) spending.take('bytes', left + 1);
    return 'refused';
  }
  spending.take('bytes', file.bytes.length);
  return file.bytes;
}
