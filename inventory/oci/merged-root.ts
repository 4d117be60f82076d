/**
 * Layers, one after the other → the one root that a container of the image begins with, as a FileTree. As runtimes do it:
 * a parent that is a symbolic link leads inside the root, a whiteout hides what lower layers brought and nothing of its own
 * layer, an opaque directory hides all of it, a hard link shares what it names. What runtimes refuse is refused here: a path
 * that leaves the root, an entry below a file, a hard link to nothing.
 *
 * Content is kept only where somebody said that it will be read, within a bound; reading anything else is an error that
 * says so, never an empty file. A hard link may give a wanted name to content that was not kept: `unkept` tells, and the
 * layer is read once more for it.
 */
import { type FileContent, type MemoryNode, treeOver } from '../memory-tree.ts';
import { type FileTree, linksFollowedMax, pathLengthMax, quoted } from '../tree.ts';
import type { TarEntry, TarSink } from './tar.ts';

export interface MergeBounds {
  /** Names in the root, those that only come into being as parents included. */
  readonly nodesMax: number;
  /** Of all paths and link targets together. */
  readonly nameCharactersMax: number;
  /** Of all content that is kept. */
  readonly keptBytesMax: number;
  /** Of one file that is kept. */
  readonly fileBytesMax: number;
}

export const defaultMergeBounds: MergeBounds = {
  nodesMax: 1_500_000,
  nameCharactersMax: 256 * 2 ** 20,
  keptBytesMax: 512 * 2 ** 20,
  fileBytesMax: 64 * 2 ** 20,
};

/** Where the bytes of a file lie: the same for all its hard links. */
interface LayerContent extends FileContent {
  bytes: Uint8Array | null;
  readonly layer: number;
  /** Which entry of the layer. */
  readonly ordinal: number;
  readonly isSparse: boolean;
}

type Directory = Extract<MemoryNode, { kind: 'directory' }>;

/** Through links in links a path of allowed length could lead deeper than any program walks. */
const depthMax = 1024;
const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';

export class MergedRoot {
  readonly #bounds: MergeBounds;
  readonly #wants: (path: string) => boolean;
  readonly #root: Directory = { kind: 'directory', children: new Map() };
  readonly #layerOf = new WeakMap<MemoryNode, number>();
  #layer = 0;
  #ordinal = 0;
  #nodes = 0;
  #nameCharacters = 0;
  #keptBytes = 0;
  #tooMuch = false;

  /** `wants`: whether the file at this path, without links in it, will be read. */
  constructor(wants: (path: string) => boolean, bounds: MergeBounds = defaultMergeBounds) {
    this.#wants = wants;
    this.#bounds = bounds;
  }

  get tree(): FileTree {
    return treeOver(this.#root);
  }

  /** Which layer, from 0, brought the content of the file that this path leads to. */
  layerOf(path: string): number | null {
    const node = this.#leadsTo(path);
    return node?.kind === 'file' ? (node.content as LayerContent).layer - 1 : null;
  }

  /** Some content that was wanted did not fit into the bounds. */
  get tooMuch(): boolean {
    return this.#tooMuch;
  }

  nextLayer(): void {
    this.#layer += 1;
    this.#ordinal = 0;
  }

  /** A text: the layer cannot be used. */
  put(entry: TarEntry): TarSink | string | null {
    this.#ordinal += 1;
    this.#nameCharacters += entry.path.length + entry.target.length;
    if (this.#nameCharacters > this.#bounds.nameCharactersMax) return `the names of its files have more than ${this.#bounds.nameCharactersMax} characters`;
    const components = componentsIn(entry.path);
    if (components === null) return `${quoted(entry.path)} leads out of the root`;
    if (entry.path.length > pathLengthMax || entry.target.length > pathLengthMax) return `${quoted(entry.path)} is not a path`;
    const name = components.pop();
    // The root itself: its directory is always there.
    if (name === undefined) return entry.kind === 'directory' ? null : 'an entry takes the place of the root';
    const isWhiteout = name.startsWith(whiteoutPrefix);
    const parent = this.#parent(components, isWhiteout ? null : entry.path);
    if (parent === null) return null;
    if (typeof parent === 'string') return parent;
    if (isWhiteout) return this.#whiteout(parent.node, name);
    return this.#place(parent, name, entry);
  }

  /** Content that a wanted name leads to and that was not kept, by layer and entry; null: there is none. */
  unkept(): ReadonlyMap<number, ReadonlySet<number>> | null {
    const found = new Map<number, Set<number>>();
    const want = (node: MemoryNode | null) => {
      if (node?.kind !== 'file') return;
      const { bytes, layer, ordinal, isSparse, sizeBytes } = node.content as LayerContent;
      if (bytes !== null || isSparse || sizeBytes > this.#bounds.fileBytesMax) return;
      found.set(layer, (found.get(layer) ?? new Set()).add(ordinal));
    };
    const walk = (directory: Directory, path: string) => {
      for (const [name, node] of directory.children) {
        const here = `${path}/${name}`;
        if (node.kind === 'directory') walk(node, here);
        else if ((node.kind === 'file' || node.kind === 'link') && this.#wants(here)) want(node.kind === 'link' ? this.#leadsTo(here) : node);
      }
    };
    walk(this.#root, '');
    return found.size === 0 || this.#tooMuch ? null : found;
  }

  /** The same layer once more, for content of it: gives a sink for the entries that `unkept` named. */
  fill(layer: number, ordinals: ReadonlySet<number>): (entry: TarEntry) => TarSink | null {
    const missing = new Map<number, LayerContent>();
    const walk = (directory: Directory) => {
      for (const node of directory.children.values()) {
        if (node.kind === 'directory') walk(node);
        else if (node.kind === 'file') {
          const content = node.content as LayerContent;
          if (content.layer === layer && ordinals.has(content.ordinal)) missing.set(content.ordinal, content);
        }
      }
    };
    walk(this.#root);
    let ordinal = 0;
    return () => {
      ordinal += 1;
      const content = missing.get(ordinal);
      return content === undefined ? null : this.#keep(content);
    };
  }

  #place(parent: { readonly node: Directory; readonly path: string }, name: string, entry: TarEntry): TarSink | string | null {
    const path = `${parent.path}/${name}`;
    const old = parent.node.children.get(name);
    switch (entry.kind) {
      case 'directory':
        if (old?.kind !== 'directory') return this.#add(parent.node, name, { kind: 'directory', children: new Map() });
        this.#layerOf.set(old, this.#layer);
        return null;
      case 'symlink':
        return this.#add(parent.node, name, { kind: 'link', target: entry.target });
      case 'other':
        return this.#add(parent.node, name, { kind: 'other' });
      case 'hardlink': {
        const node = this.#linked(entry.target);
        if (typeof node === 'string') return node;
        return node === old ? null : this.#add(parent.node, name, { ...node });
      }
      case 'file': {
        const content: LayerContent = { sizeBytes: entry.sizeBytes, bytes: null, layer: this.#layer, ordinal: this.#ordinal, isSparse: entry.isSparse };
        const problem = this.#add(parent.node, name, { kind: 'file', content });
        if (problem !== null) return problem;
        return this.#wants(path) ? this.#keep(content) : null;
      }
      default:
        return entry.kind satisfies never;
    }
  }

  #add(directory: Directory, name: string, node: MemoryNode): string | null {
    this.#nodes += 1;
    if (this.#nodes > this.#bounds.nodesMax) return `it has more than ${this.#bounds.nodesMax} files`;
    directory.children.set(name, node);
    this.#layerOf.set(node, this.#layer);
    return null;
  }

  #keep(content: LayerContent): TarSink | null {
    if (content.isSparse) return null;
    if (content.sizeBytes > this.#bounds.fileBytesMax || this.#keptBytes + content.sizeBytes > this.#bounds.keptBytesMax) {
      this.#tooMuch = true;
      return null;
    }
    this.#keptBytes += content.sizeBytes;
    const bytes = new Uint8Array(content.sizeBytes);
    let at = 0;
    return {
      write: (piece) => {
        bytes.set(piece, at);
        at += piece.length;
      },
      end: () => {
        content.bytes = bytes;
      },
    };
  }

  /** The directory that these components lead to, made where it is not there; `null` where it is not and must not be made. */
  #parent(components: readonly string[], made: string | null): { node: Directory; path: string } | string | null {
    const pending = [...components].reverse();
    const trail: { node: Directory; path: string }[] = [{ node: this.#root, path: '' }];
    let links = 0;
    while (pending.length > 0) {
      const name = pending.pop()!;
      const here = trail.at(-1)!;
      if (name === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      let next = here.node.children.get(name);
      if (next === undefined) {
        if (made === null) return null;
        next = { kind: 'directory', children: new Map() };
        const problem = this.#add(here.node, name, next);
        if (problem !== null) return problem;
      }
      if (next.kind === 'link') {
        links += 1;
        if (links > linksFollowedMax) return made === null ? null : `${quoted(made)} lies behind more than ${linksFollowedMax} symbolic links`;
        if (next.target.startsWith('/')) trail.length = 1;
        pending.push(...next.target.split('/').filter((part) => part !== '' && part !== '.').reverse());
        continue;
      }
      if (next.kind !== 'directory') return made === null ? null : `${quoted(made)} lies below what is no directory`;
      if (trail.length > depthMax) return made === null ? null : `${quoted(made)} lies deeper than ${depthMax} directories`;
      trail.push({ node: next, path: `${here.path}/${name}` });
    }
    return trail.at(-1)!;
  }

  #linked(target: string): MemoryNode | string {
    const components = componentsIn(target);
    const name = components?.pop();
    if (components === null || name === undefined) return `a hard link leads out of the root: ${quoted(target)}`;
    const parent = this.#parent(components, null);
    const node = parent === null || typeof parent === 'string' ? undefined : parent.node.children.get(name);
    if (node === undefined) return `a hard link leads to nothing: ${quoted(target)}`;
    return node.kind === 'directory' ? `a hard link leads to a directory: ${quoted(target)}` : node;
  }

  #leadsTo(path: string): MemoryNode | null {
    let at = path;
    for (let links = 0; links <= linksFollowedMax; links += 1) {
      const components = at.split('/').filter((part) => part !== '' && part !== '.');
      const name = components.pop();
      const parent = this.#parent(components, null);
      if (name === undefined || name === '..' || parent === null || typeof parent === 'string') return null;
      const node = parent.node.children.get(name);
      if (node?.kind !== 'link') return node ?? null;
      at = node.target.startsWith('/') ? node.target : `${parent.path}/${node.target}`;
    }
    return null;
  }

  #whiteout(directory: Directory, name: string): null {
    if (name === opaqueName) {
      for (const [child, node] of directory.children) this.#hideLower(directory, child, node);
      return null;
    }
    const hidden = name.slice(whiteoutPrefix.length);
    const node = directory.children.get(hidden);
    // Other names that begin so are notes of aufs and hide nothing.
    if (node !== undefined) this.#hideLower(directory, hidden, node);
    return null;
  }

  /** Takes away what lower layers brought; a directory stays for what its own layer has put into it. */
  #hideLower(directory: Directory, name: string, node: MemoryNode): void {
    if (node.kind === 'directory') for (const [child, below] of node.children) this.#hideLower(node, child, below);
    const isOwn = this.#layerOf.get(node) === this.#layer;
    const isInUse = node.kind === 'directory' && node.children.size > 0;
    if (!isOwn && !isInUse) directory.children.delete(name);
  }
}

/** Null: it leads out of the root. */
function componentsIn(path: string): string[] | null {
  const components: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') components.push(part);
    else if (components.pop() === undefined) return null;
  }
  return components;
}
