/**
 * A FileTree over a directory of the host, such as /proc/PID/root of a container. The content of that directory is
 * hostile: it must not make us read the host's files, open a device, or hang on a fifo. So the kernel is never given a
 * path of more than one component below a directory that we hold open: every component is opened by itself, with
 * O_PATH | O_NOFOLLOW, as /proc/self/fd/N/name. Symbolic links are read and resolved here, an absolute one from the root,
 * ".." by going back along the way we came (never by asking the kernel for the parent, which a renamed directory could
 * place outside). A file is opened O_PATH first, which starts nothing in any driver, judged by fstat, and only then
 * opened for reading through that same descriptor: what was judged is what is read.
 *
 * Limits: reading needs /proc of the reader's own namespace; names that are not UTF-8 are listed but cannot be opened;
 * a FUSE filesystem may answer never, so whoever starts a scan must be able to end its process.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, opendirSync, readSync, readlinkSync } from 'node:fs';
import {
  type Entry,
  type EntryKind,
  type FileStat,
  type FileTree,
  type Listing,
  type TreeFailure,
  componentsOf,
  failure,
  hasFailed,
  join,
  linksFollowedMax,
  nameOf,
  parentOf,
} from './tree.ts';

export interface RootTree extends FileTree {
  close(): void;
  [Symbol.dispose](): void;
}

export interface RootTreeOptions {
  /** False: a directory on another filesystem than the root's is refused. */
  readonly crossFilesystems?: boolean;
  /** Open directories kept for the next call; each is one descriptor. */
  readonly directoriesOpenMax?: number;
}

/** O_PATH, which Node does not name; the same number on every architecture that we build for (x86-64, arm64). */
const openPathOnly = 0o10000000;
const openDirectory = openPathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const openLeaf = openPathOnly | constants.O_NOFOLLOW;
const openForReading = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const depthMax = 256;
const readChunkBytes = 1 << 20;

/** Where a walk ended: at a directory, or at something else in a directory. */
type Place = { readonly at: 'directory'; readonly path: string } | { readonly at: 'leaf'; readonly parent: string; readonly name: string };

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no error code';
}

function failureOf(error: unknown, path: string): TreeFailure {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
    case 'ESRCH':
      return failure('absent', path, code);
    case 'EACCES':
    case 'EPERM':
      return failure('denied', path, code);
    case 'ENOTDIR':
      return failure('wrong-kind', path, 'below what is no directory');
    case 'ENAMETOOLONG':
      return failure('not-a-path', path, code);
    default:
      return failure('unreadable', path, code);
  }
}

function kindOf(stat: BigIntStats): EntryKind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isSymbolicLink() ? 'link' : 'other';
}

function below(descriptor: number, name: string): string {
  return `/proc/self/fd/${descriptor}/${name}`;
}

/** Opens the root itself, following links: the caller chose it, it is not part of what is hostile. */
export function openRootTree(hostPath: string, options: RootTreeOptions = {}): RootTree | TreeFailure {
  let rootDescriptor: number;
  try {
    rootDescriptor = openSync(hostPath, openPathOnly | constants.O_DIRECTORY);
  } catch (error) {
    return failureOf(error, hostPath);
  }
  return new OpenRoot(rootDescriptor, options);
}

class OpenRoot implements RootTree {
  readonly #root: number;
  readonly #rootDevice: bigint;
  readonly #crossFilesystems: boolean;
  readonly #directoriesOpenMax: number;
  /** Path without links → descriptor, least recently used first. The root is not in it. */
  readonly #open = new Map<string, number>();
  #closed = false;

  constructor(root: number, options: RootTreeOptions) {
    this.#root = root;
    this.#rootDevice = fstatSync(root, { bigint: true }).dev;
    this.#crossFilesystems = options.crossFilesystems ?? true;
    this.#directoriesOpenMax = options.directoriesOpenMax ?? 128;
  }

  list(path: string, entriesMax: number): Listing | TreeFailure {
    return this.#within(path, () => {
      const place = this.#walk(path, true);
      if (hasFailed(place)) return place;
      if (place.at === 'leaf') return failure('wrong-kind', path, 'not a directory');
      const descriptor = this.#directory(place.path, path);
      return typeof descriptor === 'number' ? listOpen(descriptor, entriesMax) : descriptor;
    });
  }

  read(path: string, bytesMax: number): { readonly bytes: Uint8Array } | TreeFailure {
    return this.#withLeaf(path, (leaf, stat) => {
      if (!stat.isFile()) return failure('wrong-kind', path, 'not a regular file');
      if (stat.size > BigInt(bytesMax)) return failure('too-large', path, `${stat.size} bytes`);
      const descriptor = openSync(`/proc/self/fd/${leaf}`, openForReading);
      try {
        const bytes = readOpen(descriptor, bytesMax, Number(stat.size));
        return bytes === null ? failure('too-large', path, `more than ${bytesMax} bytes`) : { bytes };
      } finally {
        closeSync(descriptor);
      }
    });
  }

  readLink(path: string): { readonly target: string } | TreeFailure {
    return this.#within(path, () => {
      const place = this.#walk(path, false);
      if (hasFailed(place)) return place;
      if (place.at === 'directory') return failure('wrong-kind', path, 'a directory');
      const parent = this.#directory(place.parent, path);
      if (typeof parent !== 'number') return parent;
      const target = linkTarget(parent, place.name);
      return target === null ? failure('wrong-kind', path, 'not a symbolic link') : { target };
    });
  }

  stat(path: string): FileStat | TreeFailure {
    return this.#withLeaf(path, (_leaf, stat) => ({ kind: kindOf(stat), sizeBytes: Number(stat.size) }));
  }

  realPath(path: string): { readonly path: string } | TreeFailure {
    return this.#within(path, () => {
      const place = this.#walk(path, true);
      if (hasFailed(place)) return place;
      if (place.at === 'directory') return { path: place.path };
      const found = this.stat(join(place.parent, place.name));
      return hasFailed(found) ? found : { path: join(place.parent, place.name) };
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.#open.clear();
    closeSync(this.#root);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Every call goes through here: the world's errors become values, and no more directories stay open than allowed. */
  #within<T extends object>(path: string, act: () => T | TreeFailure): T | TreeFailure {
    if (this.#closed) throw new Error('this tree was closed');
    try {
      return act();
    } catch (error) {
      // The kernel's errors are the world's; anything else (Node's own ERR_…, a failed assertion) is a bug.
      if (!/^E[A-Z0-9]+$/.test(codeOf(error))) throw error;
      return failureOf(error, path);
    } finally {
      for (const [canonical, descriptor] of this.#open) {
        if (this.#open.size <= this.#directoriesOpenMax) break;
        this.#open.delete(canonical);
        closeSync(descriptor);
      }
    }
  }

  #withLeaf<T extends object>(path: string, act: (leaf: number, stat: BigIntStats) => T | TreeFailure): T | TreeFailure {
    return this.#within(path, () => {
      const place = this.#walk(path, true);
      if (hasFailed(place)) return place;
      const holder = this.#directory(place.at === 'directory' ? place.path : place.parent, path);
      if (typeof holder !== 'number') return holder;
      if (place.at === 'directory') return act(holder, fstatSync(holder, { bigint: true }));
      const leaf = openSync(below(holder, place.name), openLeaf);
      try {
        const stat = fstatSync(leaf, { bigint: true });
        // The walk found no link here: one has taken its place meanwhile, and O_NOFOLLOW kept us from following it.
        if (stat.isSymbolicLink()) return failure('unreadable', path, 'changed while it was read');
        return act(leaf, stat);
      } finally {
        closeSync(leaf);
      }
    });
  }

  /** Resolves links by itself; the result names a directory without links, and perhaps one entry in it. */
  #walk(path: string, followLast: boolean): Place | TreeFailure {
    const pending = componentsOf(path)?.reverse();
    if (pending === undefined) return failure('not-a-path', path, 'paths begin with a slash and have at most 4096 characters');
    let here = '/';
    let depth = 0;
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop()!;
      if (name === '..') {
        here = parentOf(here);
        depth = Math.max(0, depth - 1);
        continue;
      }
      const isLast = pending.length === 0;
      const parent = this.#directory(here, path);
      if (typeof parent !== 'number') return parent;
      const entered = this.#enter(parent, join(here, name), path);
      if (typeof entered !== 'boolean') return entered;
      if (entered) {
        here = join(here, name);
        depth += 1;
        if (depth > depthMax) return failure('not-a-path', path, `deeper than ${depthMax}`);
        continue;
      }
      if (isLast && !followLast) return { at: 'leaf', parent: here, name };
      const target = linkTarget(parent, name);
      if (target === null) return isLast ? { at: 'leaf', parent: here, name } : failure('wrong-kind', path, 'below what is no directory');
      links += 1;
      if (links > linksFollowedMax) return failure('too-many-links', path, name);
      if (target.startsWith('/')) {
        here = '/';
        depth = 0;
      }
      pending.push(...target.split('/').filter((part) => part !== '' && part !== '.').reverse());
    }
    return { at: 'directory', path: here };
  }

  /** A descriptor of a directory whose path has no links; opened from the nearest one that is still open. */
  #directory(canonical: string, asked: string): number | TreeFailure {
    if (canonical === '/') return this.#root;
    const known = this.#open.get(canonical);
    if (known !== undefined) {
      this.#open.delete(canonical);
      this.#open.set(canonical, known);
      return known;
    }
    const parent = this.#directory(parentOf(canonical), asked);
    if (typeof parent !== 'number') return parent;
    const entered = this.#enter(parent, canonical, asked);
    if (typeof entered !== 'boolean') return entered;
    if (!entered) return failure('unreadable', asked, 'changed while it was read');
    return this.#open.get(canonical)!;
  }

  /** True when `canonical` is a directory below `parent` and now open; false when it is something else. */
  #enter(parent: number, canonical: string, asked: string): boolean | TreeFailure {
    if (this.#open.has(canonical)) return true;
    let descriptor: number;
    try {
      descriptor = openSync(below(parent, nameOf(canonical)), openDirectory);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOTDIR' || code === 'ELOOP') return false;
      throw error;
    }
    if (!this.#crossFilesystems && fstatSync(descriptor, { bigint: true }).dev !== this.#rootDevice) {
      closeSync(descriptor);
      return failure('other-filesystem', asked, canonical);
    }
    this.#open.set(canonical, descriptor);
    return true;
  }
}

/** Null when it is not a symbolic link. */
function linkTarget(parent: number, name: string): string | null {
  try {
    return readlinkSync(below(parent, name));
  } catch (error) {
    if (codeOf(error) === 'EINVAL') return null;
    throw error;
  }
}

function listOpen(descriptor: number, entriesMax: number): Listing {
  const directory = opendirSync(`/proc/self/fd/${descriptor}`, { bufferSize: 256 });
  const entries: Entry[] = [];
  let truncated = false;
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (entries.length >= entriesMax) {
        truncated = true;
        break;
      }
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'link' : 'other';
      entries.push({ name: entry.name, kind });
    }
  } finally {
    directory.closeSync();
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { entries, truncated };
}

/** Null when the file turns out to be larger than allowed: it may grow, and files of /proc have no size at all. */
function readOpen(descriptor: number, bytesMax: number, sizeExpected: number): Uint8Array | null {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(Math.min(readChunkBytes, Math.max(4096, sizeExpected - total + 1)));
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) break;
    total += count;
    if (total > bytesMax) return null;
    chunks.push(chunk.subarray(0, count));
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total);
}
