/**
 * Which vulnerability a record is about, under one name: a CVE before a GHSA before others. Records name each other in
 * two ways. *Aliases* are other names of the same thing. *Upstream* names what a distribution passes on: a record with one
 * of them is that vulnerability, an advisory with several gathers them and is none of them. Two CVEs are two
 * vulnerabilities, so a record with several of them gathers as well, whatever it calls them.
 */
export interface Named {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly upstream: readonly string[];
}

/** One vulnerability that a record speaks of. */
export interface Claim {
  /** All of them the same vulnerability. */
  readonly names: readonly string[];
  /** The record is about this one alone; else it gathers several, and is coarser. */
  readonly precise: boolean;
}

const cvePattern = /^CVE-\d{4}-\d{4,}$/;

export function claimsOf(record: Named): Claim[] {
  const own = [record.id, ...record.aliases];
  const upstream = [...new Set(record.upstream)].filter((name) => !own.includes(name));
  const names = [...new Set([...own, ...upstream])];
  const cves = names.filter((name) => cvePattern.test(name));
  const gathered = upstream.length > 1 ? upstream : cves.length > 1 ? cves : [];
  if (gathered.length === 0) return [{ names, precise: true }];
  return gathered.map((name) => ({ names: [name], precise: false }));
}

function rankOf(name: string): number {
  if (cvePattern.test(name)) return 0;
  return name.startsWith('GHSA-') ? 1 : 2;
}

/** The name by which people look for it; among names of one rank the first in order. */
export function canonicalOf(names: Iterable<string>): string {
  const [best] = [...names].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : a > b ? 1 : 0));
  if (best === undefined) throw new RangeError('a vulnerability has at least one name');
  return best;
}

/** Things that share a name, directly or through others, are one group. Groups in order of their first member. */
export function groupByNames<T>(items: readonly T[], namesOf: (item: T) => readonly string[]): { items: T[]; names: Set<string> }[] {
  const parent: number[] = items.map((_, at) => at);
  const find = (at: number): number => {
    let root = at;
    while (parent[root] !== root) root = parent[root]!;
    for (let next = at; parent[next] !== root; ) {
      const above = parent[next]!;
      parent[next] = root;
      next = above;
    }
    return root;
  };
  const holder = new Map<string, number>();
  items.forEach((item, at) => {
    for (const name of namesOf(item)) {
      const other = holder.get(name);
      if (other === undefined) {
        holder.set(name, at);
        continue;
      }
      const [a, b] = [find(at), find(other)];
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  });
  const groups = new Map<number, { items: T[]; names: Set<string> }>();
  items.forEach((item, at) => {
    const root = find(at);
    const group = groups.get(root) ?? { items: [], names: new Set<string>() };
    groups.set(root, group);
    group.items.push(item);
    for (const name of namesOf(item)) group.names.add(name);
  });
  return [...groups.values()];
}
