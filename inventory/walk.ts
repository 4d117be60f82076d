/**
 * One walk over a root, nearest directories first, so that what a bound cuts off is what lies deepest. Every directory
 * is listed once and offered to the readers; symbolic links are not followed, so there are no cycles. Bounded in entries, depth and
 * time. What holds no installed package or is not part of this root is not entered: the kernel's own filesystems, and
 * the stores in which a host keeps the roots of its containers, which are scanned as themselves.
 */
import type { PackageReader, Reading } from './reader.ts';
import { hasFailed, join } from './tree.ts';

export interface WalkOptions {
  /** Directories not entered, besides the kernel's own: mounts that the caller knows of. */
  readonly skip: readonly string[];
  readonly depthMax: number;
}

const kernelDirectories = ['/proc', '/sys', '/dev'];

const containerStores = [
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers/storage',
  '/var/lib/kubelet/pods',
  '/run/containerd',
  '/run/docker',
  '/run/k3s',
];

const directoryEntriesMax = 100_000;

export function walk(reading: Reading, readers: readonly PackageReader[], options: WalkOptions): void {
  const { tree, spending } = reading;
  const skip = new Set([...kernelDirectories, ...options.skip]);
  const stores = new Set(containerStores);
  let level: string[] = ['/'];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > options.depthMax) {
      spending.meet(`directories deeper than ${options.depthMax} were not looked at`);
      return;
    }
    const next: string[] = [];
    for (const directory of level) {
      if (!spending.timeLeft('not every directory was looked at')) return;
      const listing = tree.list(directory, Math.min(directoryEntriesMax, spending.left('entries')));
      if (hasFailed(listing)) {
        // Gone since its parent was listed: a live root changes.
        if (listing.failed !== 'absent') spending.note(phraseOf(listing.failed === 'other-filesystem'), directory);
        continue;
      }
      spending.take('entries', listing.entries.length);
      if (listing.truncated) {
        if (spending.left('entries') === 0) {
          spending.take('entries');
          return;
        }
        spending.meet(`a directory has more than ${directoryEntriesMax} entries: the rest was not looked at`);
      }
      for (const reader of readers) reader.inDirectory?.(reading, directory, listing.entries);
      for (const entry of listing.entries) {
        if (entry.kind !== 'directory') continue;
        const path = join(directory, entry.name);
        if (skip.has(path)) continue;
        if (stores.has(path)) spending.note('directories with the roots of containers, which are not entered', path);
        else next.push(path);
      }
    }
    level = next;
  }
}

function phraseOf(onOtherFilesystem: boolean): string {
  return onOtherFilesystem ? 'directories on other filesystems, which are not entered' : 'directories that could not be listed';
}
