/** `npm run check`: types, lint and unit tests. No root, no kernel, no database; the quick loop while writing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, root } from './machine.mjs';
import { testFiles } from './test-files.mjs';

await prepare('check the sources', []);
const bin = (name) => join(root, 'node_modules', '.bin', name);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
const steps = [
  ['types of the pure packages', bin('tsc'), ['-p', 'tsconfig.pure.json']],
  ['types of everything on Node', bin('tsc'), ['-p', 'tsconfig.node.json']],
  ['types of the console', bin('tsc'), ['-p', 'tsconfig.web.json']],
  ['lint', bin('oxlint'), ['--quiet']],
  ['unit tests', node26(), ['--test', '--test-concurrency=2', ...testFiles(root).units]],
];
let failed = 0;
for (const [what, command, args] of steps) {
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
