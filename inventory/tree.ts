/**
 * FileTree: one root as its own programs see it, read through five calls. Every path is absolute inside the root
 * ("/etc/os-release"), every symbolic link is followed inside the root, and nothing outside the root can be reached.
 * Each call takes the bound it must keep, and what goes wrong is a value. The calls are synchronous: a root is read by
 * a short-lived process of its own, and a filesystem that never answers is ended together with that process.
 */
export type EntryKind = 'file' | 'directory' | 'link' | 'other';

export interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
}

export type TreeFailureKind =
  | 'absent'
  | 'denied'
  | 'wrong-kind'
  | 'too-large'
  | 'too-many-links'
  | 'other-filesystem'
  | 'not-a-path'
  | 'unreadable';

export interface TreeFailure {
  readonly failed: TreeFailureKind;
  readonly path: string;
  readonly detail: string;
}

export interface Listing {
  /** In order of their names. */
  readonly entries: readonly Entry[];
  /** The directory holds more than was asked for. */
  readonly truncated: boolean;
}

export interface FileStat {
  readonly kind: EntryKind;
  readonly sizeBytes: number;
}

export interface FileTree {
  list(path: string, entriesMax: number): Listing | TreeFailure;
  /** A whole file, or `too-large`; never a part of it. Only regular files are ever opened. */
  read(path: string, bytesMax: number): { readonly bytes: Uint8Array } | TreeFailure;
  /** What the last component says when it is a symbolic link; it is not followed. */
  readLink(path: string): { readonly target: string } | TreeFailure;
  /** Of what the path leads to. */
  stat(path: string): FileStat | TreeFailure;
  /** The same place without any symbolic link in it. */
  realPath(path: string): { readonly path: string } | TreeFailure;
}

/** As many links as Linux follows before it says ELOOP. */
export const linksFollowedMax = 40;
export const pathLengthMax = 4096;

export function hasFailed(value: object): value is TreeFailure {
  return 'failed' in value;
}

export function failure(failed: TreeFailureKind, path: string, detail: string): TreeFailure {
  return { failed, path, detail };
}

export function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** For sentences: quoted, without control characters, and short. Names in a root are chosen by whoever built it. */
export function quoted(text: string, lengthMax = 120): string {
  const short = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  return JSON.stringify(short).replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '?');
}

export function sentenceOf(problem: TreeFailure): string {
  const place = quoted(problem.path);
  switch (problem.failed) {
    case 'absent':
      return `${place} does not exist`;
    case 'denied':
      return `${place} may not be read`;
    case 'wrong-kind':
      return `${place} is ${problem.detail}`;
    case 'too-large':
      return `${place} is too large (${problem.detail})`;
    case 'too-many-links':
      return `${place} leads through more than ${linksFollowedMax} symbolic links`;
    case 'other-filesystem':
      return `${place} lies on another filesystem`;
    case 'not-a-path':
      return `${place} is not a path (${problem.detail})`;
    case 'unreadable':
      return `${place} could not be read (${problem.detail})`;
    default:
      return problem.failed satisfies never;
  }
}

/**
 * The components still to be walked, in order. `null` for what the kernel would refuse as well: empty, relative, too
 * long, or with a zero byte.
 */
export function componentsOf(path: string): string[] | null {
  if (path.length === 0 || path.length > pathLengthMax || !path.startsWith('/') || path.includes('\0')) return null;
  return path.split('/').filter((component) => component !== '' && component !== '.');
}
