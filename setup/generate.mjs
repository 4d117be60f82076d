/** `npm run generate`: makes the code that belongs to the .proto files anew. The result is committed. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './machine.mjs';

await prepare('generate code', []);
const bin = join(root, 'node_modules', '.bin');
for (const place of ['model/wire', 'sensor/enrich/runtime/wire']) {
  const { status } = spawnSync(join(bin, 'buf'), ['generate', '.'], { cwd: join(root, place), stdio: 'inherit', env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
  if (status !== 0) process.exit(status ?? 1);
  process.stdout.write(`✓ ${place}\n`);
}
