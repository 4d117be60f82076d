/** `npm run lab NAME`: prepares the machine, then runs one lab under Node 26. Without a name it lists them. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, refuseSwallowed, root, testing } from './machine.mjs';

const given = process.argv.slice(2);
refuseSwallowed('run lab NAME', ['sabotage', 'parts', 'only', 'pairs', 'scale', 'acts']);
const runs = given.some((one) => !one.startsWith('-')) && !given.includes('--parts') && !given.includes('--help');
if (runs && process.getuid?.() !== 0) {
  // before anything is installed for what cannot run
  process.stderr.write(`✗ Labs run on the real kernel, containers and database: they need root. As root: npm run lab -- ${given.join(' ')}\n`);
  process.exit(2);
}
await prepare(runs ? 'run a lab' : 'list the labs', runs ? testing : []);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}:/usr/sbin:/sbin` };
const child = spawn(node26(), [join(root, 'lab', 'main.ts'), ...given], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
