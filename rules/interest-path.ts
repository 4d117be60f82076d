/**
 * A comparison of a path, as atoms about its components. What they say is implied by the comparison, never more; a comparison that
 * implies none of them gives the conjunction without atoms. Values with a component that no path has (empty, `.` and `..`), or that are not
 * written the same in bytes, give none either.
 */
import type { EventClass } from './events.ts';
import type { Conjunction, NamePart } from './interest.ts';
import type { Specialised } from './specialise.ts';
import type { TextComparison } from './check/typed.ts';

export interface PathLeaf {
  /** Null: it never holds. */
  atoms(operator: TextComparison['operator'] | 'path', value: string): Conjunction | null;
}

type View = 'whole' | 'directory' | 'name';

const none = { first: null, second: null, last: null, inside: null, holds: null, components: null, needs: [], socket: null, names: null } as const;

/** Null: the leaf is not about a path that the kernel knows when it judges. */
export function inPathLeaf(leaf: Specialised & { readonly kind: 'test' }, eventClass: EventClass): PathLeaf | null {
  if (leaf.read.kind !== 'field') return null;
  const { sources, operand } = leaf.read;
  const [source] = sources;
  if (source?.kind !== 'supplied' || sources.length > 1) return null;
  const place = placeOf(source.name, String(source.argument), eventClass);
  const view = viewOf([...source.by, ...operand.transforms]);
  if (place === null || view === null) return null;
  return {
    atoms: (operator, value) => {
      const atoms = atomsOf(operator, value, view, place.isRaw);
      return atoms === null ? null : { ...atoms, path: place.path };
    },
  };
}

function viewOf(steps: readonly string[]): View | null {
  if (steps.length === 0) return 'whole';
  if (steps.length > 1) return null;
  return steps[0] === 'directory' ? 'directory' : steps[0] === 'file-name' || steps[0] === 'basename' ? 'name' : null;
}

interface Place {
  readonly path: 0 | 1;
  /** As the program gave it, not made absolute. */
  readonly isRaw: boolean;
}

/** Arguments that are paths, by class, and which of the call's two texts each is. */
const texts: Readonly<Partial<Record<EventClass, Readonly<Record<string, 0 | 1>>>>> = {
  open: { name: 0 }, openFailed: { name: 0 }, rename: { oldpath: 0, newpath: 1 }, link: { oldpath: 0, newpath: 1 }, symlink: { target: 0, linkpath: 1 },
  unlink: { path: 0, name: 0 }, rmdir: { path: 0, name: 0 }, mkdir: { path: 0 }, mknod: { path: 0 }, chmod: { filename: 0 }, chown: { path: 0, pathname: 0 }, truncate: { path: 0 },
};
const onePath = new Set<EventClass>(['open', 'openFailed', 'unlink', 'rmdir', 'mkdir', 'mknod', 'chmod', 'chown', 'truncate']);
const twoPaths = new Set<EventClass>(['rename', 'link', 'symlink']);
const opened = new Set<EventClass>(['open', 'openFailed', 'mapExec']);

function placeOf(name: string, argument: string, eventClass: EventClass): Place | null {
  const isRaw = name.endsWith('raw') || name === 'evt.rawarg';
  switch (name) {
    case 'fd.name':
    case 'fd.nameraw':
      return opened.has(eventClass) ? { path: 0, isRaw } : null;
    case 'fs.path.name':
    case 'fs.path.nameraw':
      return onePath.has(eventClass) ? { path: 0, isRaw } : null;
    case 'fs.path.source':
    case 'fs.path.sourceraw':
      return twoPaths.has(eventClass) ? { path: 0, isRaw } : null;
    case 'fs.path.target':
    case 'fs.path.targetraw':
      return twoPaths.has(eventClass) ? { path: 1, isRaw } : null;
    case 'evt.arg':
    case 'evt.rawarg': {
      const path = texts[eventClass]?.[argument];
      return path === undefined ? null : { path, isRaw };
    }
    default:
      return null;
  }
}

type Atoms = Omit<Conjunction, 'path'>;

function atomsOf(operator: TextComparison['operator'] | 'path', value: string, view: View, isRaw: boolean): Atoms | null {
  if (!isSameInBytes(value)) return none;
  switch (operator) {
    case '=':
      return view === 'whole' ? equal(value, isRaw) : view === 'directory' ? inDirectory(value, isRaw) : named(value);
    case 'startswith':
      return view === 'name' ? none : prefix(value);
    case 'endswith':
      return view === 'directory' ? none : suffix(value);
    case 'contains':
      return inside(value);
    case 'glob':
      return view === 'directory' ? none : globbed(value, view);
    case 'path':
      return view === 'whole' ? below(value) : none;
    default:
      return none;
  }
}

/** Text and the bytes it was read from: a replacement character may stand for any byte, half of a pair for none. */
function isSameInBytes(value: string): boolean {
  return value.isWellFormed() && !/[\ufffd\0]/.test(value);
}

function part(text: string, isComponent: boolean): NamePart {
  return { text, whole: isComponent };
}

function isOrdinary(component: string): boolean {
  return component !== '' && component !== '.' && component !== '..';
}

/** A dot alone is passed over where a path is taken apart. */
function isSomething(component: string): boolean {
  return component !== '' && component !== '.';
}

/** The components of an absolute path, where all of them are ordinary. */
function componentsOf(value: string): readonly string[] | null {
  if (!value.startsWith('/')) return null;
  const all = value.slice(1).split('/');
  return all.every(isOrdinary) ? all : null;
}

function head(all: readonly string[], isLastWhole: boolean): Pick<Atoms, 'first' | 'second'> {
  const [first, second] = all;
  return {
    first: first === undefined ? null : part(first, isLastWhole || all.length > 1),
    second: second === undefined ? null : part(second, isLastWhole || all.length > 2),
  };
}

/** How often a program wrote slashes and dots is not how many components there are. */
function equal(value: string, isRaw: boolean): Atoms | null {
  if (value === '/') return isRaw ? none : { ...none, components: 0 };
  const all = componentsOf(value);
  const last = all?.at(-1);
  // an absolute path has neither dots nor empty components once it is written as rules see it
  if (all === null || last === undefined) return isRaw || !value.startsWith('/') ? none : null;
  return { ...none, ...head(all, true), last: part(last, true), components: isRaw ? null : all.length };
}

function inDirectory(value: string, isRaw: boolean): Atoms {
  if (value === '/') return isRaw ? none : { ...none, components: 1 };
  const all = componentsOf(value);
  return all === null ? none : { ...none, ...head(all, true), components: isRaw ? null : all.length + 1 };
}

function named(value: string): Atoms {
  return isOrdinary(value) && !value.includes('/') ? { ...none, last: part(value, true) } : none;
}

function prefix(value: string): Atoms {
  if (!value.startsWith('/')) return none;
  const all = value.slice(1).split('/');
  const open = all.pop() ?? '';
  if (!all.every(isOrdinary) || open === '.' || open === '..') return none;
  return { ...none, ...(open === '' ? head(all, true) : head([...all, open], false)) };
}

/** The path itself and what is below it; wildcards end what is known. */
function below(value: string): Atoms {
  if (!value.startsWith('/')) return none;
  const all = value.split('/').filter((one) => one !== '');
  const wild = all.findIndex((one) => /[*?[\\]/.test(one));
  const known = wild < 0 ? all : all.slice(0, wild);
  return known.every(isOrdinary) ? { ...none, ...head(known, true) } : none;
}

function suffix(value: string): Atoms {
  const all = value.split('/');
  const last = all.at(-1) ?? '';
  if (!isOrdinary(last)) return none;
  const before = all.length > 2 ? (all.at(-2) ?? '') : '';
  return { ...none, last: part(last, all.length > 1), inside: isOrdinary(before) ? part(before, true) : null };
}

/** Text without a slash can be anywhere in a component. Between slashes it is one, before the first it ends one. */
function inside(value: string): Atoms {
  const all = value.split('/');
  if (all.length === 1) return value === '' ? none : { ...none, holds: value };
  const between = all.slice(1, -1).filter(isSomething).sort((a, b) => b.length - a.length)[0];
  const before = all[0] ?? '';
  const found = between !== undefined ? part(between, true) : isSomething(before) ? part(before, false) : null;
  return { ...none, inside: found };
}

/** What stands before the first wildcard and behind the last one, and a literal piece between two of them. */
function globbed(value: string, view: View): Atoms {
  const special = value.search(/[*?[\\]/);
  if (special < 0) return view === 'whole' ? prefix(value) : none;
  const start = view === 'whole' ? prefix(value.slice(0, special)) : none;
  if (/[[\\]/.test(value)) return start;
  const pieces = value.split(/[*?]/);
  const end = suffix(pieces.at(-1) ?? '');
  const middles = pieces.slice(1, -1).map(inside).filter((one) => one.inside !== null);
  const held = pieces.slice(1, -1).filter((one) => one !== '' && !one.includes('/')).sort((a, b) => b.length - a.length)[0];
  return { ...start, last: end.last, inside: end.inside ?? middles[0]?.inside ?? null, holds: held ?? null };
}
