/** `npm run images`: prepares the machine, then makes the container images of the product. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, refuseSwallowed, root, running } from './machine.mjs';

const given = process.argv.slice(2);
refuseSwallowed('run images', ['output', 'only', 'tag']);
await prepare('make the container images', given.includes('--help') ? [] : running);
const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}:/usr/sbin:/sbin` };
const child = spawn(node26(), [join(root, 'deploy', 'images', 'main.ts'), ...given], { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
