/** `npm start`: prepares the machine, then hands over to the command line under Node 26. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, root, running } from './machine.mjs';

prepare('run Vedette', running);

const given = process.argv.slice(2);
const child = spawn(node26(), [join(root, 'cli', 'main.ts'), 'up', ...given], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
