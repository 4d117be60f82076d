/** Finds tests: units run side by side anywhere; host tests need root and this kernel, and test.mjs says which run alone. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const skipped = new Set(['node_modules', '.git', 'fixture', 'generated']);

export function testFiles(root) {
  const units = [];
  const host = [];
  const walk = (directory) => {
    for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(path);
      else if (entry.name.endsWith('.host.test.ts')) host.push(path);
      else if (entry.name.endsWith('.test.ts')) units.push(path);
    }
  };
  walk('.');
  return { units: units.sort(), host: host.sort() };
}
