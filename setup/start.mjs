/** `npm start`: prepares the machine, then hands over to the command line under Node 26. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { node26, prepare, refuseSwallowed, root, running } from './machine.mjs';

refuseSwallowed('start', ['host', 'port', 'link-host', 'link-port', 'link-name', 'no-sensor', 'cgroup', 'containerd-socket', 'ring-bytes', 'life-lines', 'dead-man']);
await prepare('run Vedette', running);

const given = process.argv.slice(2);
// in a session of its own: a terminal sends Ctrl-C to everything at once and npm hands it on a second time, but the parts
// are to be stopped one after the other, by the command line, which is told once
const child = spawn(node26(), [join(root, 'cli', 'main.ts'), 'up', ...given], { stdio: 'inherit', detached: true });
let isTold = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (!isTold) child.kill(signal);
    isTold = true;
  });
}
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
