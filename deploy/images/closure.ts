/**
 * Parts of the product → the workspaces and the third-party modules that they need at run time, by the lock file: what npm would
 * find from where each module lies. Development and foreign-platform modules are left out; what the lock file does not have is an error.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const words = z.record(z.string(), z.string()).default({});
const Entry = z.object({
  link: z.boolean().optional(),
  resolved: z.string().optional(),
  dependencies: words,
  optionalDependencies: words,
  peerDependencies: words,
  os: z.array(z.string()).optional(),
  cpu: z.array(z.string()).optional(),
});
const Lock = z.object({ packages: z.record(z.string(), Entry) });
type Packages = z.infer<typeof Lock>['packages'];

export interface Closure {
  /** Folders of the project: model, hub … */
  readonly workspaces: readonly string[];
  /** Folders below the project: node_modules/zod … */
  readonly modules: readonly string[];
}

/** Where `name` is found from `place`, as Node looks for it. */
function found(packages: Packages, place: string, name: string): string | undefined {
  for (let from = place; ; from = from.includes('node_modules') ? from.slice(0, from.lastIndexOf('node_modules')).replace(/\/$/, '') : '') {
    const candidate = path.posix.join(from, 'node_modules', name);
    if (packages[candidate] !== undefined) return candidate;
    if (from === '') return undefined;
  }
}

function isForHere({ os, cpu }: z.infer<typeof Entry>): boolean {
  return (os === undefined || os.includes(process.platform)) && (cpu === undefined || cpu.includes(process.arch));
}

export function closureOf(packages: Packages, parts: readonly string[], left: ReadonlySet<string>): Closure {
  const seen = new Set<string>();
  const waiting = [...parts];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const entry = packages[place];
    if (entry === undefined) throw new Error(`the lock file has no ${place}`);
    const optional = new Set([...Object.keys(entry.optionalDependencies), ...Object.keys(entry.peerDependencies)]);
    for (const name of new Set([...Object.keys(entry.dependencies), ...optional])) {
      if (left.has(name)) continue;
      const where = found(packages, place, name);
      const target = where === undefined ? undefined : packages[where];
      if (where === undefined || target === undefined) {
        if (optional.has(name)) continue;
        throw new Error(`the lock file has no ${name}, which ${place} needs`);
      }
      if (isForHere(target)) waiting.push(target.link === true && target.resolved !== undefined ? target.resolved : where);
    }
  }
  const all = [...seen].sort();
  return { workspaces: all.filter((one) => !one.includes('node_modules')), modules: all.filter((one) => one.includes('node_modules')) };
}

export function readLock(project: string): Packages {
  return Lock.parse(JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'))).packages;
}
