/** `npm run lab NAME`: prepares the machine, then runs one lab under Node 26. Without a name it lists them. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, root, testing } from './machine.mjs';

prepare('run a lab', testing);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}:/usr/sbin:/sbin` };
const child = spawn(node26(), [join(root, 'lab', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
