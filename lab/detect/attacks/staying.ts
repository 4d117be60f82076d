/** Persistence. */
import type { Action } from '../battery.ts';
import { inside, onHost } from './write.ts';

const task = 'Scheduled task written';
const unit = 'Service definition written';
const startFile = 'Start-up file of a shell changed';
const preload = 'Library preloaded into every program';
const accounts = 'Accounts changed by hand';
const key = 'Key added for logins by SSH';
const onlyWrites = 'the official rule sees writing, not moving';

export const staying: readonly Action[] = [
  onHost('persistence', 'a task for cron', ['tee', '/etc/cron.d/tool'], { own: [task], official: ['Schedule Cron Jobs'] }, { prepare: 'mkdir -p /etc/cron.d' }),
  onHost('persistence', 'a task for cron moved into place', ['mv', '/etc/made-before', '/etc/cron.d/tool'], { own: [task], official: [], note: onlyWrites }, { prepare: 'mkdir -p /etc/cron.d\ntouch /etc/made-before' }),
  inside('persistence', "a user's table of cron", ['tee', '/var/spool/cron/crontabs/root'], { own: [task], official: [], note: 'the official rule knows /etc/cron* alone' }, { prepare: 'mkdir -p /var/spool/cron/crontabs' }),
  onHost('persistence', 'a unit of systemd', ['tee', '/etc/systemd/system/tool.service'], { own: [unit], official: [] }, { prepare: 'mkdir -p /etc/systemd/system' }),
  onHost('persistence', 'a udev rule moved into place', ['mv', '/etc/made-before', '/etc/udev/rules.d/99-tool.rules'], { own: [unit], official: [] }, { prepare: 'mkdir -p /etc/udev/rules.d\ntouch /etc/made-before' }),
  onHost('persistence', 'a line in .bashrc', ['tee', '-a', '/root/.bashrc'], { own: [startFile], official: ['Modify Shell Configuration File'] }),
  onHost('persistence', 'a line in .bashrc by a shell', ['sh', '-c', 'echo true >> /root/.bashrc'], { own: [startFile], official: [], note: 'the official rule leaves out shells' }),
  inside('persistence', 'a file in profile.d', ['cp', '/etc/hostname', '/etc/profile.d/tool.sh'], { own: [startFile], official: [] }),
  onHost('persistence', 'a library preloaded', ['touch', '/etc/ld.so.preload'], { own: [preload], official: [] }),
  inside('persistence', 'a library preloaded by a link', ['ln', '-s', '/dev/null', '/etc/ld.so.preload'], { own: [preload], official: [] }),
  onHost('persistence', 'an account by hand', ['tee', '-a', '/etc/passwd'], { own: [accounts], official: [] }),
  onHost('persistence', 'a rule for sudo', ['cp', '/etc/hostname', '/etc/sudoers.d/tool'], { own: [accounts], official: [] }, { prepare: 'mkdir -p /etc/sudoers.d' }),
  inside('persistence', 'an account file moved over the other', ['mv', '/etc/made-before', '/etc/passwd'], { own: [accounts], official: [] }, { prepare: 'cp /etc/passwd /etc/made-before' }),
  inside('persistence', 'useradd in a container', ['/usr/sbin/useradd', 'eve'], { own: ['Account made in a container'], official: [], note: 'the official rule sees the host alone' }),
  onHost('persistence', 'a key for logins', ['tee', '-a', '/root/.ssh/authorized_keys'], { own: [key], official: ['Adding ssh keys to authorized_keys'] }, { prepare: 'mkdir -p /root/.ssh' }),
  onHost('persistence', 'a key for logins moved into place', ['mv', '/root/made-before', '/root/.ssh/authorized_keys'], { own: [key], official: [], note: onlyWrites }, { prepare: 'mkdir -p /root/.ssh\ntouch /root/made-before' }),
];
