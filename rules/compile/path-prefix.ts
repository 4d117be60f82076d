/**
 * `pmatch`: whether one of the listed paths is the value or one of its directories, by components: `/var/run` holds
 * for `/var/run/x` and not for `/var` or `/var/runner`. A component of a listed path may be a glob.
 */
import { globPredicate, type TextPredicate } from './glob.ts';

interface Branch {
  /** A listed path ends here. */
  end: boolean;
  readonly literal: Map<string, Branch>;
  readonly globs: { readonly pattern: string; readonly matches: TextPredicate; readonly branch: Branch }[];
}

export function pathPrefixPredicate(prefixes: readonly string[]): TextPredicate {
  const root = emptyBranch();
  for (const prefix of prefixes) {
    let branch = root;
    for (const component of componentsOf(prefix)) branch = childOf(branch, component);
    branch.end = true;
  }
  return (path) => root.end || holds(root, componentsOf(path), 0);
}

export function componentsOf(path: string): readonly string[] {
  return path.split('/').filter((component) => component !== '');
}

function emptyBranch(): Branch {
  return { end: false, literal: new Map(), globs: [] };
}

function childOf(branch: Branch, component: string): Branch {
  if (!/[*?[\\]/.test(component)) {
    const child = branch.literal.get(component) ?? emptyBranch();
    branch.literal.set(component, child);
    return child;
  }
  const existing = branch.globs.find((one) => one.pattern === component);
  if (existing !== undefined) return existing.branch;
  const child = emptyBranch();
  branch.globs.push({ pattern: component, matches: globPredicate(component, false), branch: child });
  return child;
}

function holds(branch: Branch, components: readonly string[], depth: number): boolean {
  const component = components[depth];
  if (component === undefined) return false;
  const literal = branch.literal.get(component);
  if (literal !== undefined && (literal.end || holds(literal, components, depth + 1))) return true;
  return branch.globs.some((one) => one.matches(component) && (one.branch.end || holds(one.branch, components, depth + 1)));
}
