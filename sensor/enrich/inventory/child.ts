/**
 * The scanner: a short-lived process of its own, at the lowest priority, with a bounded heap. Reads one root and leaves
 * two files in the directory given (`packages.json` and `files.index`), each complete or not there. Run as
 * `node child.ts ROOT OUT SKIP…`; ends with 0, or with 1 and a sentence on standard error.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { encodeFileIndex } from '@vedette/inventory/file-index-bytes';
import { loadedApplies } from '@vedette/inventory/package-list';
import { openRootTree } from '@vedette/inventory/root-tree';
import { scan } from '@vedette/inventory/scan';
import { hasFailed, sentenceOf } from '@vedette/inventory/tree';

const budgetMs = 60_000;

function writeWhole(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function main(rootPath: string, out: string, skip: readonly string[]): void {
  setPriority(19);
  const started = performance.now();
  using tree = openTree(rootPath);
  const found = scan(tree, { clock: () => performance.now(), budgetMs, skip });
  mkdirSync(out, { recursive: true, mode: 0o700 });
  writeWhole(join(out, 'files.index'), encodeFileIndex(found.index));
  const summary = {
    revision: found.revision,
    distribution: found.distribution?.ecosystem || found.distribution?.id || '',
    packages: found.packages.map((one) => ({ ...one, loadedApplies: loadedApplies(one) })),
    problems: found.problems,
    truncated: found.truncated,
    filesIndexed: found.filesIndexed,
    durationMs: Math.round(performance.now() - started),
  };
  writeWhole(join(out, 'packages.json'), JSON.stringify(summary));
}

function openTree(rootPath: string) {
  // what is mounted from elsewhere did not come with the image
  const tree = openRootTree(rootPath, { crossFilesystems: false });
  if (hasFailed(tree)) throw new Error(sentenceOf(tree));
  return tree;
}

const [rootPath, out, ...skip] = process.argv.slice(2);
if (rootPath === undefined || out === undefined) {
  process.stderr.write('usage: child.ts ROOT OUT [SKIP …]\n');
  process.exit(2);
}
try {
  main(rootPath, out, skip);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
