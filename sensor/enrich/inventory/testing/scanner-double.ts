/**
 * Stands in for the scanner, called as it is: leaves what its image's name asks for. `fails` ends with a sentence,
 * `killed` dies, `silent` leaves nothing, `garbage` leaves what no scanner leaves, anything else an inventory that names
 * the call itself.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { encodeFileIndex } from '@vedette/inventory/file-index-bytes';
import { FileIndexBuilder } from '@vedette/inventory/file-index';

const [root = '', out = '', ...skip] = process.argv.slice(2);
const name = basename(out);
if (name.includes('fails')) {
  process.stderr.write('the root is no directory\n');
  process.exit(1);
}
if (name.includes('killed')) process.kill(process.pid, 'SIGKILL');
if (!name.includes('silent')) {
  mkdirSync(out, { recursive: true });
  const packages = [{ ecosystem: 'Debian', name: root, version: String(process.pid), sourceName: '', sourceVersion: '', path: skip.join(','), loadedApplies: 'yes' }];
  const summary = { revision: `sha256:${process.pid}`, distribution: 'Debian', packages, problems: [], truncated: false, filesIndexed: 0, durationMs: 1 };
  writeFileSync(join(out, 'files.index'), encodeFileIndex(new FileIndexBuilder().build([0])));
  writeFileSync(join(out, 'packages.json'), name.includes('garbage') ? '{"revision":7}' : JSON.stringify(summary));
}
