/**
 * node_modules folders, wherever the walk comes to one → the packages installed in them. A package is a folder directly
 * in node_modules, or directly in an @scope there, that has a package.json; it owns every file below it that no nearer
 * package owns. Nested node_modules, pnpm's store (node_modules/.pnpm/x@1/node_modules/x) and global folders are found
 * the same way, npm itself among the last. Symbolic links are not followed: what they lead to inside the root is found
 * at its own place, once, under the path that the kernel reports.
 *
 * Not read: package.json files deeper inside a package (they set its module type), an application's own package.json (it is
 * not from a registry), and packages inside archives (Yarn's Plug'n'Play), which is noted.
 */
import type { PackageReader, Reading } from '../reader.ts';
import { type Entry, hasFailed, join, nameOf } from '../tree.ts';
import { manifestOf } from './manifest.ts';

const manifestBytesMax = 2 ** 20;
const directoryEntriesMax = 100_000;

export const npmReader: PackageReader = {
  name: 'npm',
  reads: (path) => path.endsWith('/package.json') && path.includes('/node_modules/'),
  inDirectory(reading: Reading, directory: string, entries: readonly Entry[]): void {
    if (nameOf(directory) === 'node_modules') {
      for (const entry of entries) {
        if (entry.kind !== 'directory' || entry.name.startsWith('.')) continue;
        if (entry.name.startsWith('@')) readScope(reading, join(directory, entry.name));
        else readPackage(reading, join(directory, entry.name));
      }
      return;
    }
    const archive = entries.find((entry) => entry.name === '.pnp.cjs' || entry.name === '.pnp.js');
    if (archive !== undefined) {
      reading.spending.note("applications with Yarn's Plug'n'Play, whose packages lie in archives and are not read", directory);
    }
  },
};

function readScope(reading: Reading, directory: string): void {
  const listing = reading.tree.list(directory, Math.min(directoryEntriesMax, reading.spending.left('entries')));
  if (hasFailed(listing)) {
    reading.spending.note('directories that could not be listed', directory);
    return;
  }
  reading.spending.take('entries', listing.entries.length);
  if (listing.truncated) reading.spending.meet(`a directory has more than ${directoryEntriesMax} entries: the rest was not looked at`);
  for (const entry of listing.entries) {
    if (entry.kind === 'directory' && !entry.name.startsWith('.')) readPackage(reading, join(directory, entry.name));
  }
}

function readPackage(reading: Reading, folder: string): void {
  if (!reading.spending.timeLeft('not every npm package was read')) return;
  const path = join(folder, 'package.json');
  const bytes = reading.read(path, manifestBytesMax, 'package.json files that could not be read');
  if (typeof bytes === 'string') return;
  const manifest = manifestOf(new TextDecoder().decode(bytes));
  if (typeof manifest === 'string') {
    reading.spending.note(`package.json files ${manifest}`, path);
    return;
  }
  reading.add({ reader: npmReader.name, ecosystem: 'npm', ...manifest, owns: { kind: 'folder', path: folder } });
}
