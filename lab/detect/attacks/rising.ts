/** Privilege escalation and defense evasion. */
import type { Action } from '../battery.ts';
import { inside, onHost } from './write.ts';

const helper = 'Helper of the kernel set in a container';
const mountIn = 'File system mounted in a container';
const code = 'Code put into another process';
const history = 'History of a shell destroyed';
const log = 'Log of the system destroyed';
const guard = 'Guard of the system switched off';
const setuid = "Program given its owner's rights";

const escalation: readonly Action[] = [
  inside('privilege-escalation', "the runtime's socket", ['attack', 'unix', '/run/docker.sock'], { own: ["Runtime's socket used in a container"], official: [] }),
  inside('privilege-escalation', 'a release_agent', ['tee', '/tmp/release_agent'], { own: [helper], official: ['Detect release_agent File Container Escapes'] }, { capabilities: ['CAP_SYS_ADMIN'] }),
  inside('privilege-escalation', 'a release_agent without the capability', ['tee', '/tmp/release_agent'], { own: [helper], official: [], note: 'the official rule asks for CAP_SYS_ADMIN, which who made a user namespace has without the record of it' }),
  inside('privilege-escalation', 'core_pattern, refused', ['attack', 'write', '/proc/sys/kernel/core_pattern'], { own: [helper], official: [], note: 'no official rule knows the other helpers of the kernel' }),
  inside('privilege-escalation', 'sysrq-trigger, refused', ['attack', 'write', '/proc/sysrq-trigger'], { own: [helper], official: [] }),
  inside('privilege-escalation', 'another namespace entered', ['attack', 'setns'], { own: ['Container enters another namespace'], official: ['Change thread namespace'] }, { capabilities: ['CAP_SYS_ADMIN'] }),
  inside('privilege-escalation', 'a user namespace', ['attack', 'unshare-user'], { own: ['User namespace made in a container'], official: ['Change namespace privileges via unshare'] }),
  inside('privilege-escalation', 'something mounted', ['mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { own: [mountIn], official: [], note: 'the official rule asks for a privileged container; a capability is enough' }, { capabilities: ['CAP_SYS_ADMIN'] }),
  inside('privilege-escalation', 'something mounted, refused', ['mount', '-t', 'tmpfs', 'tmpfs', '/media'], { own: [mountIn], official: [] }),
  inside('privilege-escalation', 'the node of a disk', ['mknod', '/tmp/disk', 'b', '8', '0'], { own: ['Block device made in a container'], official: [] }, { capabilities: ['CAP_MKNOD'] }),
  inside('privilege-escalation', 'a set-user-ID program', ['chmod', 'u+s', '/srv/tool'], { own: [setuid], official: ['Set Setuid or Setgid bit'] }, { prepare: 'cp /usr/bin/attack /srv/tool' }),
  inside('privilege-escalation', 'a program that is set-user-ID from the start', ['attack', 'make-setuid', '/srv/born'], { own: [setuid], official: [], note: 'the official rule sees changes of the mode alone' }),
  inside('privilege-escalation', 'a debugger attaches', ['attack', 'on-child', 'ptrace'], { own: [code], official: ['PTRACE attached to process'] }),
  onHost('privilege-escalation', 'memory of another process written', ['attack', 'on-child', 'vm-write'], { own: [code], official: [], note: 'the official rule knows ptrace alone' }),
  inside('privilege-escalation', 'memory of another process opened for writing', ['attack', 'on-child', 'mem-write'], { own: [code, 'Memory of another process read'], official: [] }),
];

const evasion: readonly Action[] = [
  inside('defense-evasion', 'a program in memory', ['attack', 'memfd'], { own: ['Program that exists only in memory'], official: [], note: 'the official rule leaves out what runc started' }),
  onHost('defense-evasion', 'a program in memory on the host', ['attack', 'memfd'], { own: ['Program that exists only in memory'], official: ['Fileless execution via memfd_create'] }),
  inside('defense-evasion', 'the name of a kernel thread', ['attack', 'as', '[kworker/0:1]', '/usr/bin/attack'], { own: ['Program that calls itself a thread of the kernel'], official: [] }),
  inside('defense-evasion', 'a hidden name', ['/usr/bin/.cache-update'], { own: ['Program with a hidden name'], official: [] }),
  onHost('defense-evasion', 'history removed', ['rm', '/root/.bash_history'], { own: [history], official: ['Delete or rename shell history'] }, { prepare: 'touch /root/.bash_history' }),
  onHost('defense-evasion', 'history linked to nowhere', ['ln', '-sf', '/dev/null', '/root/.bash_history'], { own: [history], official: [], note: 'the official rule does not look at what a file is replaced by' }, { prepare: 'touch /root/.bash_history' }),
  onHost('defense-evasion', 'history cut', ['truncate', '-s', '0', '/root/.bash_history'], { own: [history], official: ['Modify Shell Configuration File'], note: 'the official rule on history asks for an opening that cuts; another takes it for a configuration' }, { prepare: 'echo ls > /root/.bash_history' }),
  onHost('defense-evasion', 'a log emptied', ['sh', '-c', ': > /var/log/auth.log'], { own: [log], official: ['Clear Log Activities'] }, { prepare: 'echo one > /var/log/auth.log' }),
  onHost('defense-evasion', 'a log cut', ['truncate', '-s', '0', '/var/log/wtmp'], { own: [log], official: [], note: 'cut after it was opened, not by the opening' }, { prepare: 'echo one > /var/log/wtmp' }),
  onHost('defense-evasion', 'a log removed', ['rm', '/var/log/auth.log'], { own: [log], official: [] }, { prepare: 'echo one > /var/log/auth.log' }),
  inside('defense-evasion', 'a kernel module', ['attack', 'module'], { own: ['Module loaded into the kernel'], official: [], note: 'the official rule asks for the capability, so that the try is not seen' }),
  onHost('defense-evasion', 'a kernel module from a file', ['attack', 'module', '/etc/hostname'], { own: ['Module loaded into the kernel'], official: [], note: 'the official rule sees containers alone' }),
  inside('defense-evasion', 'a program for the kernel', ['attack', 'bpf'], { own: ['Program loaded into the kernel by a container'], official: ['BPF Program Not Profiled'] }),
  inside('defense-evasion', 'io_uring', ['attack', 'io-uring'], { own: ['Calls that are not seen prepared'], official: [] }),
  onHost('defense-evasion', 'audit stopped', ['/usr/local/bin/systemctl', 'stop', 'auditd'], { own: [guard], official: [] }, { prepare: 'cp "$PROGRAM" /usr/local/bin/systemctl' }),
  inside('defense-evasion', 'the firewall emptied', ['/usr/bin/iptables', '-F'], { own: [guard], official: [] }),
];

export const rising: readonly Action[] = [...escalation, ...evasion];
