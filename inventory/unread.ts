/**
 * What holds packages that no reader reads yet, so that it is said instead of being silently missing: other package
 * managers' databases, and the plainest signs of other ecosystems that the walk comes by. A row leaves this file when
 * its reader arrives. What a distribution's own package manager put there is left out: those are read as its packages.
 */
import type { PackageReader, Reading } from './reader.ts';
import { type Entry, hasFailed, join } from './tree.ts';

const databases: readonly (readonly [path: string, what: string])[] = [
  ['/lib/apk/db/installed', 'databases of apk, whose packages are not read yet'],
  ['/usr/lib/apk/db/installed', 'databases of apk, whose packages are not read yet'],
  ['/var/lib/rpm', 'databases of rpm, whose packages are not read yet'],
  ['/usr/lib/sysimage/rpm', 'databases of rpm, whose packages are not read yet'],
  ['/var/lib/pacman/local', 'databases of pacman, whose packages are not read yet'],
];

export const unreadReader: PackageReader = {
  name: 'unread',
  reads: () => false,
  atPlaces(reading: Reading): void {
    const noted = new Set<string>();
    for (const [path, what] of databases) {
      const real = reading.tree.realPath(path);
      if (hasFailed(real) || noted.has(real.path)) continue;
      // An empty directory is left by images that ship rpm as a tool.
      const listing = reading.tree.list(real.path, 1);
      if (!hasFailed(listing) && listing.entries.length === 0) continue;
      noted.add(real.path);
      reading.spending.note(what, path);
    }
  },
  inDirectory(reading: Reading, directory: string, entries: readonly Entry[]): void {
    const isPython = directory.endsWith('/site-packages') || /^\/usr\/local\/.*\/dist-packages$/.test(directory);
    const isDistributed = directory.startsWith('/usr/share/') || directory.startsWith('/usr/lib/');
    for (const { name, kind } of entries) {
      if (isPython && kind === 'directory' && name.endsWith('.dist-info')) {
        reading.spending.note('Python packages, which are not read yet', join(directory, name));
      } else if (!isDistributed && kind === 'file' && /\.[jwe]ar$/.test(name)) {
        reading.spending.note('Java archives, which are not read yet', join(directory, name));
      }
    }
  },
};
