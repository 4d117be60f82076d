/**
 * The links directly below the root, such as /lib → usr/lib where /usr is merged, as a function over paths: dpkg's lists
 * name /lib/x86_64-linux-gnu/libc.so.6 and the kernel reports /usr/lib/x86_64-linux-gnu/libc.so.6. Links further down are not
 * resolved: packages ship files below real directories there.
 */
import { type FileTree, hasFailed, join } from './tree.ts';

const entriesMax = 100_000;

export function topLevelLinks(tree: FileTree): (path: string) => string {
  const listing = tree.list('/', entriesMax);
  const targets = new Map<string, string>();
  for (const entry of hasFailed(listing) ? [] : listing.entries) {
    if (entry.kind !== 'link') continue;
    const path = join('/', entry.name);
    const real = tree.realPath(path);
    if (!hasFailed(real) && real.path !== '/') targets.set(path, real.path);
  }
  if (targets.size === 0) return (path) => path;
  return (path) => {
    const slash = path.indexOf('/', 1);
    if (slash < 0) return path;
    const target = targets.get(path.slice(0, slash));
    return target === undefined ? path : target + path.slice(slash);
  };
}
