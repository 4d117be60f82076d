/**
 * A FileTree made of a plain object, for tests and for roots that are built rather than found: the second
 * implementation of the same contract, so that the one over the real kernel can be compared with it. Parents come into
 * being with their children. It has no devices and no permissions.
 */
import {
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
} from './tree.ts';

export interface FileContent {
  readonly sizeBytes: number;
  /** Null: it was not kept, because nobody was going to read it. */
  readonly bytes: Uint8Array | null;
}

export type MemoryNode =
  | { readonly kind: 'file'; readonly content: FileContent }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'directory'; readonly children: Map<string, MemoryNode> };

/** What a test writes: text, bytes, a link, or a thing that is neither (a device, a socket). */
export type MemoryContent = string | Uint8Array | { readonly link: string } | { readonly other: true } | { readonly directory: true };

function nodeOf(content: MemoryContent): MemoryNode {
  if (typeof content === 'string') return nodeOf(new TextEncoder().encode(content));
  if (content instanceof Uint8Array) return { kind: 'file', content: { sizeBytes: content.length, bytes: content } };
  if ('link' in content) return { kind: 'link', target: content.link };
  if ('directory' in content) return { kind: 'directory', children: new Map() };
  return { kind: 'other' };
}

function place(root: Map<string, MemoryNode>, path: string, content: MemoryContent): void {
  const components = componentsOf(path);
  if (components === null || components.length === 0) throw new RangeError(`not a path inside the root: ${path}`);
  let children = root;
  for (const component of components.slice(0, -1)) {
    let next = children.get(component);
    if (next === undefined) {
      next = { kind: 'directory', children: new Map() };
      children.set(component, next);
    }
    if (next.kind !== 'directory') throw new RangeError(`${path} lies below what is no directory`);
    children = next.children;
  }
  const last = components.at(-1)!;
  if (children.has(last)) throw new RangeError(`${path} is given twice`);
  children.set(last, nodeOf(content));
}

interface Place {
  readonly node: MemoryNode;
  readonly path: string;
}

function walkTo(root: MemoryNode, path: string, followLast: boolean): Place | TreeFailure {
  const pending = componentsOf(path)?.reverse();
  if (pending === undefined) return failure('not-a-path', path, 'paths begin with a slash');
  const trail: Place[] = [{ node: root, path: '/' }];
  let links = 0;
  while (pending.length > 0) {
    const component = pending.pop()!;
    const here = trail.at(-1)!;
    if (here.node.kind !== 'directory') return failure('wrong-kind', path, 'below what is no directory');
    if (component === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const next = here.node.children.get(component);
    if (next === undefined) return failure('absent', path, component);
    if (next.kind === 'link' && (followLast || pending.length > 0)) {
      links += 1;
      if (links > linksFollowedMax) return failure('too-many-links', path, component);
      if (next.target.startsWith('/')) trail.length = 1;
      pending.push(...next.target.split('/').filter((part) => part !== '' && part !== '.').reverse());
      continue;
    }
    trail.push({ node: next, path: join(here.path, component) });
  }
  return trail.at(-1)!;
}

function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

export function memoryTree(contents: Readonly<Record<string, MemoryContent>>): FileTree {
  const children = new Map<string, MemoryNode>();
  for (const [path, content] of Object.entries(contents)) place(children, path, content);
  return treeOver({ kind: 'directory', children });
}

/** The tree over nodes that somebody else made, and may still change. */
export function treeOver(root: MemoryNode): FileTree {
  return {
    list(path: string, entriesMax: number): Listing | TreeFailure {
      const found = walkTo(root, path, true);
      if (hasFailed(found)) return found;
      if (found.node.kind !== 'directory') return failure('wrong-kind', path, 'not a directory');
      const entries = [...found.node.children].map(([name, node]) => ({ name, kind: node.kind as EntryKind })).sort(compareNames);
      return { entries: entries.slice(0, entriesMax), truncated: entries.length > entriesMax };
    },
    read(path: string, bytesMax: number) {
      const found = walkTo(root, path, true);
      if (hasFailed(found)) return found;
      if (found.node.kind !== 'file') return failure('wrong-kind', path, 'not a regular file');
      const { sizeBytes, bytes } = found.node.content;
      if (sizeBytes > bytesMax) return failure('too-large', path, `${sizeBytes} bytes`);
      return bytes === null ? failure('unreadable', path, 'its content was not kept') : { bytes };
    },
    readLink(path: string) {
      const found = walkTo(root, path, false);
      if (hasFailed(found)) return found;
      return found.node.kind === 'link' ? { target: found.node.target } : failure('wrong-kind', path, 'not a symbolic link');
    },
    stat(path: string): FileStat | TreeFailure {
      const found = walkTo(root, path, true);
      if (hasFailed(found)) return found;
      return { kind: found.node.kind, sizeBytes: found.node.kind === 'file' ? found.node.content.sizeBytes : 0 };
    },
    realPath(path: string) {
      const found = walkTo(root, path, true);
      return hasFailed(found) ? found : { path: found.path };
    },
  };
}
