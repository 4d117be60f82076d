/** What looks like an attack and is everyday: ours must be silent (or say it at a low priority, where that is so by design). */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Action } from '../battery.ts';
import { run } from '../../containers/run.ts';
import { outside, type DetectScene } from '../scene.ts';
import { inside, onHost } from './write.ts';

/** A package with all that rules look at: a task for cron, a unit, a set-user-ID program, a file for shells. */
async function makePackage(scene: DetectScene): Promise<string> {
  const root = join(scene.place, 'package');
  const files: readonly (readonly [string, number])[] = [['etc/cron.d/tiny', 0o644], ['etc/profile.d/tiny.sh', 0o644], ['usr/lib/systemd/system/tiny.service', 0o644], ['usr/bin/tiny', 0o4755]];
  for (const [name, mode] of files) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), '# nothing\n');
    chmodSync(join(root, name), mode);
  }
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  writeFileSync(join(root, 'DEBIAN', 'control'), 'Package: vedette-lab-tiny\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: nothing\n');
  const file = join(scene.place, 'tiny.deb');
  await run('dpkg-deb', ['--root-owner-group', '--build', root, file]);
  return file;
}

const installation: Action = {
  name: 'a package is installed', tactic: 'benign', where: 'host', own: [], official: ['Schedule Cron Jobs', 'Set Setuid or Setgid bit'], note: 'the official rules do not know who writes',
  play: async (scene) => await scene.onHost(['dpkg', '--install', '--force-depends', await makePackage(scene)]),
};

/** What apt does besides what dpkg does: users of its own, sockets, files in temporary directories. */
const aptInstallation: Action = {
  name: 'apt installs a package', tactic: 'benign', where: 'host', own: [], official: ['Schedule Cron Jobs', 'Set Setuid or Setgid bit'],
  play: async (scene) => await scene.onHost(['apt-get', 'install', '--yes', await makePackage(scene)], { timeoutMs: 60_000 }),
};

/** The runtime mounts, enters namespaces, makes devices and is in the container's cgroup while it does. */
const container: Action = {
  name: 'a container starts with a script and ends', tactic: 'benign', where: 'container', own: [], official: [],
  play: async (scene) => {
    const other = scene.anotherContainer('vedette-detect-twin', ['/bin/sh', '-c', 'mkdir -p /tmp/made; ls /; exec sleep 60']);
    try {
      await other.start();
      await scene.known(other);
    } finally {
      await other.stop();
    }
  },
};

const build = `mkdir -p /root/work && cd /root/work
printf 'all: tool\\n\\tchmod 755 tool\\n\\t./tool\\ntool: tool.c\\n\\tgcc -o tool tool.c\\n' > Makefile
printf 'int main(void) { return 0; }\\n' > tool.c`;

const agentKey = 'mkdir -p /root/.ssh\nssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519';

export const twins: readonly Action[] = [
  installation,
  aptInstallation,
  container,
  onHost('benign', 'a program is built and run', ['make', '-C', '/root/work'], { own: [], official: [] }, { prepare: build }),
  onHost('benign', 'a person looks for a key', ['find', '/root', '-maxdepth', '1', '-name', 'id_rsa'], { own: [], official: ['Search Private Keys or Passwords'], note: 'who signed in to the host may look for keys' }, { signedIn: true }),
  onHost('benign', "a person traces a program", ['strace', '-o', '/dev/null', 'true'], { own: [], official: ['PTRACE attached to process', 'PTRACE anti-debug attempt'], note: 'a debugger of somebody who signed in' }, { signedIn: true }),
  onHost('benign', 'a person changes .bashrc', ['tee', '-a', '/root/.bashrc'], { own: [], official: ['Modify Shell Configuration File'] }, { signedIn: true }),
  onHost('benign', 'a shell with a terminal by sudo', ['setpriv', '--reuid', '33', '--regid', '33', '--clear-groups', 'script', '--quiet', '--command', 'id', '/dev/null'], { own: [], official: [] }, { env: { SHELL: '/bin/sh' }, signedIn: true }),
  onHost('benign', 'an account is made by its program', ['useradd', '--no-create-home', 'ada'], { own: [], official: ['User mgmt binaries'] }),
  onHost('benign', 'a service is switched on', ['ln', '-s', '/usr/lib/systemd/system/tool.service', '/etc/systemd/system/tool.service'], { own: [], official: [] }, { prepare: 'mkdir -p /etc/systemd/system' }),
  onHost('benign', 'a log of an application is emptied', ['sh', '-c', ': > /var/log/shop.log'], { own: [], official: ['Clear Log Activities'], note: 'the official rule takes every file in /var/log' }, { prepare: 'echo one > /var/log/shop.log' }),
  onHost('benign', 'ssh-keygen reads its key', ['ssh-keygen', '-y', '-f', '/root/.ssh/id_ed25519'], { own: [], official: [] }, { prepare: agentKey }),
  onHost('benign', 'a web server rotates its log', ['/usr/local/bin/nginx', 'start', '/usr/local/bin/rotatelogs', '/var/log/shop.log'], { own: [], official: [] }, { prepare: 'cp "$PROGRAM" /usr/local/bin/nginx\ncp "$PROGRAM" /usr/local/bin/rotatelogs' }),
  onHost('benign', 'the list of accounts is read', ['cat', '/etc/passwd'], { own: [], official: [] }),
  onHost('benign', 'chage reads the password file', ['chage', '--list', 'root'], { own: [], official: [] }),
  inside('benign', 'a program of the image', ['node', '-e', 'console.log(1)'], { own: [], official: [] }),
  inside('benign', 'a file in /tmp', ['tee', '/tmp/plain'], { own: [], official: [] }),
  inside('benign', 'a file in /tmp is made readable', ['chmod', '644', '/tmp/plain'], { own: [], official: [] }),
  inside('benign', 'an application calls another', ['attack', 'connect', outside, '5432'], { own: [], official: [] }),
  inside('benign', 'an archive is unpacked', ['tar', 'xf', '/tmp/in.tar', '-C', '/tmp'], { own: [], official: ['Exfiltrating Artifacts via Kubernetes Control Plane'], note: 'the official rule takes every tar of a session for kubectl cp' }, { prepare: 'echo one > /tmp/one\ntar cf /tmp/in.tar -C /tmp one' }),
  inside('benign', 'a word is looked for', ['grep', '-r', 'listen', '/srv/app/main.js'], { own: [], official: [] }),
  inside('benign', "a process's own limits are read", ['cat', '/proc/self/limits'], { own: [], official: [] }),
];
