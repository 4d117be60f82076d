/**
 * What rules want from the kernel, as plain data: event classes, and for executions and opened files the paths, the
 * kind of access and the place (containers or host) that the conditions imply. Always a superset of what can match:
 * what a condition does not imply is asked for in full. Paths are text: a prefix need not end at a slash.
 */
import { eventClasses, type EventClass } from './events.ts';
import type { Test } from './check/typed.ts';
import type { Specialised } from './specialise.ts';

export type PathScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'paths'; readonly exact: readonly string[]; readonly prefixes: readonly string[]; readonly suffixes: readonly string[] };

export type Access = 'any' | 'read' | 'write';
export type Where = 'anywhere' | 'containers' | 'host';

export interface ClassInterest {
  readonly eventClass: EventClass;
  readonly paths: PathScope;
  readonly access: Access;
  readonly where: Where;
}

export interface Interest {
  readonly classes: readonly EventClass[];
  /** The union is what is wanted; no entry is covered by another of the same class. */
  readonly entries: readonly ClassInterest[];
}

const pathsMax = 4096;
const allPaths: PathScope = { kind: 'all' };

export function interestOf(conditions: Iterable<readonly [EventClass, Specialised]>): Interest {
  const merged = new Map<string, ClassInterest>();
  for (const [eventClass, condition] of conditions) {
    const entry = entryOf(eventClass, condition);
    const key = `${eventClass} ${entry.access} ${entry.where}`;
    const earlier = merged.get(key);
    merged.set(key, earlier === undefined ? entry : { ...entry, paths: unitePaths([earlier.paths, entry.paths]) });
  }
  const entries = [...merged.values()].filter((one, _, all) => !all.some((other) => other !== one && covers(other, one)));
  return { classes: eventClasses.filter((one) => entries.some((entry) => entry.eventClass === one)), entries };
}

function entryOf(eventClass: EventClass, condition: Specialised): ClassInterest {
  const hasPaths = eventClass === 'open' || eventClass === 'openFailed' || eventClass === 'exec' || eventClass === 'mapExec';
  return {
    eventClass,
    paths: hasPaths ? (implied(condition, (leaf) => pathsOfLeaf(leaf, eventClass), unitePaths, narrowest) ?? allPaths) : allPaths,
    access: eventClass === 'open' || eventClass === 'openFailed' ? (implied(condition, accessOfLeaf, same, first) ?? 'any') : 'any',
    where: implied(condition, whereOfLeaf, same, first) ?? 'anywhere',
  };
}

function covers(wide: ClassInterest, narrow: ClassInterest): boolean {
  return (
    wide.eventClass === narrow.eventClass && wide.paths.kind === 'all' &&
    (wide.access === 'any' || wide.access === narrow.access) && (wide.where === 'anywhere' || wide.where === narrow.where)
  );
}

/** What must hold for the condition to hold. `and`: any part's implication will do; `or`: only what all parts imply. */
function implied<T>(condition: Specialised, leaf: (leaf: Specialised) => T | null, unite: (parts: readonly T[]) => T | null, pick: (parts: readonly T[]) => T | null): T | null {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.of.map((one) => implied(one, leaf, unite, pick));
      const known = parts.filter((part) => part !== null);
      if (condition.kind === 'and') return pick(known);
      return known.length === parts.length ? unite(known) : null;
    }
    case 'constant':
    case 'not':
    case 'exists':
    case 'test':
    case 'fields':
      return leaf(condition);
    default:
      return condition satisfies never;
  }
}

function same<T>(parts: readonly T[]): T | null {
  const [one] = parts;
  return one !== undefined && parts.every((part) => part === one) ? one : null;
}

function first<T>(parts: readonly T[]): T | null {
  return parts[0] ?? null;
}

function unitePaths(parts: readonly PathScope[]): PathScope {
  const exact = new Set<string>();
  const prefixes = new Set<string>();
  const suffixes = new Set<string>();
  for (const part of parts) {
    if (part.kind === 'all') return allPaths;
    for (const path of part.exact) exact.add(path);
    for (const path of part.prefixes) prefixes.add(path);
    for (const path of part.suffixes) suffixes.add(path);
  }
  if (exact.size + prefixes.size + suffixes.size > pathsMax || prefixes.has('') || suffixes.has('')) return allPaths;
  return { kind: 'paths', exact: [...exact].sort(), prefixes: [...prefixes].sort(), suffixes: [...suffixes].sort() };
}

function narrowest(parts: readonly PathScope[]): PathScope | null {
  const weight = (scope: PathScope) => (scope.kind === 'all' ? Number.POSITIVE_INFINITY : scope.exact.length + 8 * scope.prefixes.length + 16 * scope.suffixes.length);
  return [...parts].sort((a, b) => weight(a) - weight(b))[0] ?? null;
}

type PathView = 'whole' | 'directory' | 'name';

function pathsOfLeaf(leaf: Specialised, eventClass: EventClass): PathScope | null {
  if (leaf.kind !== 'test') return null;
  const [source] = leaf.read.sources;
  if (source?.kind !== 'supplied' || leaf.read.sources.length > 1 || leaf.read.operand.field.anyAncestor) return null;
  const isPath = eventClass === 'exec' ? source.name === 'proc.aexepath' && source.argument === 0 : source.name === 'fd.name';
  if (!isPath) return null;
  const steps = [...source.by, ...leaf.read.operand.transforms];
  const view: PathView | null = steps.length === 0 ? 'whole' : steps.length > 1 ? null : steps[0] === 'directory' ? 'directory' : steps[0] === 'file-name' || steps[0] === 'basename' ? 'name' : null;
  return view === null ? null : pathsOfTest(leaf.test, view);
}

function pathsOfTest(test: Test, view: PathView): PathScope | null {
  if (test.on === 'text-set') return unitePaths(test.values.map((value) => equalPaths(value, view)));
  if (test.on === 'path') return view === 'whole' ? unitePaths(test.prefixes.map(componentPrefix)) : null;
  if (test.on !== 'text') return null;
  const parts = test.comparisons.map(({ operator, value }): PathScope | null => {
    if (operator === '=') return equalPaths(value, view);
    if (operator === 'startswith') return view === 'name' ? null : paths({ prefixes: [value] });
    if (operator === 'endswith') return view === 'directory' ? null : paths({ suffixes: [value] });
    if (operator === 'glob' && view === 'whole') return paths({ prefixes: [value.split(/[*?[\\]/, 1)[0] ?? ''] });
    return null;
  });
  const known = parts.filter((part) => part !== null);
  return known.length === parts.length ? unitePaths(known) : null;
}

function equalPaths(value: string, view: PathView): PathScope {
  switch (view) {
    case 'whole':
      return paths({ exact: [value] });
    case 'directory':
      return paths({ prefixes: [value.endsWith('/') ? value : `${value}/`] });
    case 'name':
      return paths({ suffixes: [`/${value}`] });
    default:
      return view satisfies never;
  }
}

/** Whole components up to the first one with a wildcard. */
function componentPrefix(prefix: string): PathScope {
  const components = prefix.split('/').filter((component) => component !== '');
  const wild = components.findIndex((component) => /[*?[\\]/.test(component));
  const literal = `/${components.slice(0, wild < 0 ? undefined : wild).join('/')}`;
  return paths({ prefixes: [literal] });
}

function paths(some: { readonly exact?: readonly string[]; readonly prefixes?: readonly string[]; readonly suffixes?: readonly string[] }): PathScope {
  return unitePaths([{ kind: 'paths', exact: some.exact ?? [], prefixes: some.prefixes ?? [], suffixes: some.suffixes ?? [] }]);
}

function accessOfLeaf(leaf: Specialised): Access | null {
  if (leaf.kind !== 'test' || leaf.test.on !== 'boolean') return null;
  const { operator, values } = leaf.test;
  const asksTrue = operator === '=' ? values.every((value) => value) : !values.includes(true);
  const name = leaf.read.operand.field.name;
  if (!asksTrue) return null;
  return name === 'evt.is_open_write' ? 'write' : name === 'evt.is_open_read' ? 'read' : null;
}

function whereOfLeaf(leaf: Specialised): Where | null {
  if (leaf.kind === 'not') {
    const inner = whereOfLeaf(leaf.of);
    const onlyHost = leaf.of.kind === 'test' && leaf.of.test.on === 'text' && leaf.of.test.comparisons.length === 1;
    return inner === 'host' && onlyHost ? 'containers' : null;
  }
  if (leaf.kind !== 'test' || leaf.read.operand.field.name !== 'container.id' || leaf.read.operand.transforms.length > 0) return null;
  const { test } = leaf;
  if (test.on === 'text-set') return test.values.includes('host') ? same(test.values) === 'host' ? 'host' : null : 'containers';
  const only = test.on === 'text' && test.comparisons.length === 1 ? test.comparisons[0] : undefined;
  if (only?.operator === '=') return only.value === 'host' ? 'host' : 'containers';
  return only?.operator === '!=' && only.value === 'host' ? 'containers' : null;
}
