/**
 * Every class of system calls on this kernel: made for real, successes and failures, by the native and (where there is one) the 32-bit
 * interface; what the kernel programs report of each, and what rules read of it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CallEvent, CallKind, KernelEvent } from '@vedette/model/event';
import type { SuppliedField } from '@vedette/rules/fields';
import { getterOf } from '@vedette/rules/subject';
import { suppliers, type RuleSubject } from '@vedette/sensor/detect/subject';
import { replay } from '@vedette/sensor/replay';
import { executionOf } from '@vedette/sensor/testing/things';
import { makeCalls } from './calls.ts';
import { TestCgroup } from './cgroup.ts';
import { Recording } from './recording.ts';

const top = realpathSync(mkdtempSync(join(tmpdir(), 'vedette-calls-')));
const place = join(top, 'calls-place');
const cgroup = new TestCgroup();
let recording: Recording;
let events: readonly CallEvent[] = [];
let all: readonly KernelEvent[] = [];
let answers: ReadonlyMap<string, number> = new Map();

interface Row {
  readonly act: string;
  readonly kind: CallKind;
  readonly call: string;
  readonly result: number | 'any';
  /** Fields of the rules, `evt.arg.x` included, and what they are. */
  readonly fields: Readonly<Record<string, string | number | boolean | RegExp>>;
  readonly is32Bit?: true;
}

const at = (path: string) => join(place, path);
const row = (act: string, kind: CallKind, call: string, result: number | 'any', fields: Row['fields'] = {}): Row => ({ act, kind, call, result, fields, ...(act.endsWith('@32') ? { is32Bit: true } : {}) });

const rows: readonly Row[] = [
  row('setuid', 'setuid', 'setuid', 0, { 'evt.arg.uid': '4242', 'evt.res': 'SUCCESS' }),
  row('setresuid', 'setuid', 'setresuid', 0, { 'evt.arg.uid': '4243', 'evt.arg.ruid': '-1' }),
  row('setuid-refused', 'setuid', 'setuid', -1, { 'evt.res': 'EPERM', 'evt.arg.uid': 'root' }),
  row('setuid@32', 'setuid', 'setuid32', 0, { 'evt.arg.uid': '4245' }),
  row('setgid', 'setgid', 'setgid', 0, { 'evt.arg.gid': '4244' }),
  row('capset', 'capset', 'capset', 0, { 'evt.arg.cap_effective': 'CAP_CHOWN' }),
  row('unshare', 'unshare', 'unshare', 0, { 'evt.arg.flags': 'CLONE_NEWUTS|CLONE_NEWIPC' }),
  row('unshare-refused', 'unshare', 'unshare', -22, { 'evt.res': 'EINVAL', 'evt.rawres': -22 }),
  row('setns', 'setns', 'setns', 0, { 'evt.arg.nstype': 'CLONE_NEWUTS', 'fd.type': 'file' }),
  row('setns-refused', 'setns', 'setns', -9, { 'evt.res': 'EBADF' }),
  row('ptrace', 'ptrace', 'ptrace', 0, { 'evt.arg.request': 'PTRACE_ATTACH' }),
  row('ptrace-seize', 'ptrace', 'ptrace', 0, { 'evt.arg.request': 'PTRACE_SEIZE' }),
  row('ptrace-refused', 'ptrace', 'ptrace', -3, { 'evt.res': 'ESRCH', 'evt.arg.pid': String(0x7ffffff0) }),
  row('process_vm_writev', 'processVmWrite', 'process_vm_writev', 8, { 'evt.res': 'SUCCESS' }),
  row('process_vm_readv', 'processVmRead', 'process_vm_readv', 8),
  row('prctl', 'prctl', 'prctl', -22, { 'evt.arg.option': 'PR_SET_NO_NEW_PRIVS' }),
  row('kill', 'kill', 'kill', 0, { 'evt.arg.sig': '0', 'evt.arg.pid': String(process.pid) }),
  row('kill@32', 'kill', 'kill', 0, { 'evt.arg.pid': String(process.pid) }),
  row('setsid', 'setsid', 'setsid', 'any'),
  row('setpgid', 'setpgid', 'setpgid', 0, { 'evt.arg.pgid': '0' }),
  row('chroot', 'chroot', 'chroot', 0, { 'fs.path.name': at('inside') }),
  row('chdir', 'chdir', 'chdir', 0, { 'evt.arg.path': at('inside'), 'fs.path.nameraw': '../calls-place/inside/.' }),
  row('fchdir', 'chdir', 'fchdir', 0, { 'evt.arg.path': at('inside') }),
  row('chdir@32', 'chdir', 'chdir', 0, { 'evt.arg.path': at('inside'), 'fs.path.nameraw': 'inside' }),
  row('chdir-refused', 'chdir', 'chdir', -2, { 'evt.arg.path': at('nowhere'), 'evt.res': 'ENOENT' }),
  row('open-failed', 'openFailed', 'openat', -2, { 'fd.name': '/etc/not-there', 'fd.num': -1, 'fd.typechar': /./, 'evt.res': 'ENOENT', 'evt.arg.flags': 'O_WRONLY|O_TRUNC', 'evt.is_open_write': true }),
  row('map-anonymous', 'mapAnonymous', 'mmap', 'any', { 'evt.arg.prot': 'PROT_READ|PROT_EXEC' }),
  row('mprotect', 'mprotect', 'mprotect', 0, { 'evt.arg.prot': 'PROT_READ|PROT_EXEC' }),
  row('symlink', 'symlink', 'symlink', 0, { 'evt.arg.target': '/etc/shadow', 'evt.arg.linkpath': at('a-link'), 'fs.path.targetraw': 'inside/.././a-link' }),
  row('symlinkat', 'symlink', 'symlinkat', 0, { 'evt.rawarg.target': '../../etc/passwd', 'evt.arg.linkpath': at('inside/b-link') }),
  row('symlink@32', 'symlink', 'symlink', 0, { 'evt.arg.target': '/etc/shadow', 'evt.arg.linkpath': at('link-of-32') }),
  row('symlink-refused', 'symlink', 'symlink', -2, { 'evt.res': 'ENOENT', 'evt.arg.linkpath': at('nowhere/link') }),
  row('link', 'link', 'link', 0, { 'evt.arg.oldpath': at('linked'), 'evt.arg.newpath': at('hard') }),
  row('linkat', 'link', 'linkat', 0, { 'evt.arg.oldpath': at('linked'), 'evt.arg.newpath': at('inside/hard') }),
  row('linkat-empty', 'link', 'linkat', 0, { 'evt.arg.oldpath': at('linked'), 'evt.arg.newpath': at('of-descriptor'), 'evt.arg.flags': 'AT_EMPTY_PATH' }),
  row('rename', 'rename', 'rename', 0, { 'evt.arg.oldpath': at('old'), 'fs.path.target': at('new') }),
  row('renameat2', 'rename', 'renameat2', 0, { 'evt.arg.newpath': at('inside/new'), 'evt.arg.flags': 'RENAME_NOREPLACE' }),
  row('rename-refused', 'rename', 'rename', -2, { 'evt.failed': true }),
  row('unlink', 'unlink', 'unlink', 0, { 'evt.arg.path': at('gone') }),
  row('unlinkat', 'unlink', 'unlinkat', 0, { 'evt.arg.name': at('inside/gone') }),
  row('unlink@32', 'unlink', 'unlink', 0, { 'evt.arg.path': at('gone32') }),
  row('mkdir', 'mkdir', 'mkdir', 0, { 'evt.arg.path': at('made'), 'evt.arg.mode': /S_IXUSR/ }),
  row('mkdirat', 'mkdir', 'mkdirat', 0, { 'evt.arg.path': at('inside/made') }),
  row('rmdir', 'rmdir', 'rmdir', 0, { 'evt.arg.path': at('made') }),
  row('rmdirat', 'rmdir', 'unlinkat', 0, { 'evt.arg.path': at('inside/made'), 'evt.arg.flags': 'AT_REMOVEDIR' }),
  row('mknod', 'mknod', 'mknod', 0, { 'evt.arg.path': at('fifo') }),
  row('chmod', 'chmod', 'chmod', 0, { 'evt.arg.filename': at('moded'), 'evt.arg.mode': /S_ISUID/ }),
  row('fchmod', 'chmod', 'fchmod', 0, { 'fd.name': at('moded'), 'evt.arg.mode': /S_ISGID/ }),
  row('fchmodat', 'chmod', 'fchmodat', 0, { 'evt.arg.filename': at('moded') }),
  row('chmod@32', 'chmod', 'chmod', 0, { 'evt.arg.filename': at('moded'), 'evt.arg.mode': /S_ISUID/ }),
  row('chown', 'chown', 'chown', 0, { 'evt.arg.path': at('owned'), 'evt.arg.uid': '4242' }),
  row('fchown', 'chown', 'fchown', 0, { 'fd.name': at('owned'), 'evt.arg.uid': 'root' }),
  row('truncate', 'truncate', 'truncate', 0, { 'fs.path.name': at('cut'), 'evt.arg.length': '10' }),
  row('ftruncate', 'truncate', 'ftruncate', 0, { 'fd.name': at('cut') }),
  row('mounts', 'mount', 'mount', 0, { 'evt.arg.dev': 'calls-tmpfs', 'evt.arg.dir': at('inside') }),
  row('mounts', 'umount', 'umount2', 0, { 'evt.arg.name': at('inside'), 'evt.arg.flags': 'DETACH' }),
  row('mount-refused', 'mount', 'mount', -2, { 'evt.arg.dir': at('nowhere') }),
  row('move_mount-refused', 'mount', 'move_mount', -2, { 'evt.arg.dir': at('inside') }),
  row('pivot_root-refused', 'pivotRoot', 'pivot_root', -2, { 'evt.arg.new_root': at('nowhere') }),
  row('memfd', 'memfd', 'memfd_create', 'any', { 'evt.arg.name': 'payload', 'fd.type': 'memfd' }),
  row('socket', 'socket', 'socket', 'any', { 'evt.arg.domain': 'AF_PACKET', 'evt.args': /domain=AF_PACKET/ }),
  row('socket-refused', 'socket', 'socket', -22, { 'evt.arg.domain': 'AF_INET' }),
  row('bind', 'bind', 'bind', 0, { 'fd.sport': 42611, 'fd.l4proto': 'udp', 'fd.name': '127.0.0.1:42611' }),
  row('unix', 'connectUnix', 'connect', 0, { 'fd.type': 'unix', 'fd.name': 'calls.sock' }),
  row('unix-abstract', 'connectUnix', 'connect', 0, { 'fd.name': '@calls.sock' }),
  row('connect@32', 'connectUnix', 'connect', -111, { 'fd.type': 'ipv4', 'fd.rport': 42614, 'evt.res': 'ECONNREFUSED' }),
  row('open-failed@32', 'openFailed', 'open', -2, { 'fd.name': at('nowhere/x') }),
  row('sendto', 'send', 'sendto', 5, { 'fd.rport': 42612, 'fd.type': 'ipv6', 'fd.l4proto': 'udp' }),
  row('sendmsg', 'receive', 'recvfrom', 5, { 'fd.type': 'ipv6', 'fd.lport': 42612, 'fd.l4proto': 'udp' }),
  row('dup', 'dup', 'dup2', 0, { 'evt.rawres': 0, 'fd.type': 'ipv4' }),
  row('bpf-refused', 'bpf', 'bpf', 'any', { 'evt.arg.cmd': 'BPF_PROG_LOAD', 'evt.rawarg.cmd': 5 }),
  row('init_module-refused', 'moduleLoad', 'init_module', 'any', { 'evt.arg.uargs': 'options=1' }),
  row('finit_module-refused', 'moduleLoad', 'finit_module', 'any', { 'fd.name': at('moded') }),
  row('delete_module-refused', 'moduleUnload', 'delete_module', 'any', { 'evt.arg.name': 'no_such_module' }),
  row('io_uring_setup', 'ioUring', 'io_uring_setup', 'any', { 'evt.arg.entries': '0' }),
  row('userfaultfd', 'userfaultfd', 'userfaultfd', 'any', { 'evt.arg.flags': 'UFFD_USER_MODE_ONLY' }),
  row('keyctl', 'keyctl', 'keyctl', 'any', { 'evt.arg.operation': 'KEYCTL_GET_KEYRING_ID' }),
];

before(async () => {
  mkdirSync(place, { recursive: true });
  recording = await Recording.start(cgroup);
  const acts = [...new Set(rows.map((one) => one.act))].filter((one) => process.arch === 'x64' || !one.endsWith('@32'));
  answers = await makeCalls(cgroup, place, [...acts, 'race', 'dns', ...(process.arch === 'x64' ? ['open@32'] : [])]);
  all = await recording.settle();
  events = all.filter((one): one is CallEvent => one.kind === 'call');
});
after(async () => {
  await recording.stop();
  cgroup.remove();
  rmSync(top, { recursive: true, force: true });
});

const supplied = suppliers({ hostname: 'here', userName: (uid) => (uid === 0 ? 'root' : null) });

function value(event: CallEvent, field: string): unknown {
  const eventClass = event.callKind === 'connectUnix' ? 'connect' : event.callKind;
  const subject: RuleSubject = { eventClass, event, number: 1, execution: executionOf({ workingDirectory: '/wrong' }), container: null, isContainerInit: false, wallOffsetNs: 0 };
  const derived: Readonly<Record<string, () => unknown>> = {
    'fd.sport': () => getterOf(supplied, 'fd.lport')(subject, null),
    'fd.typechar': () => getterOf(supplied, 'fd.type')(subject, null),
    'evt.failed': () => event.result < 0,
  };
  const made = derived[field];
  if (made !== undefined) return made();
  const argument = /^evt\.(arg|rawarg)\.(.+)$/.exec(field);
  if (argument !== null) return getterOf(supplied, `evt.${argument[1]}` as SuppliedField)(subject, argument[2] ?? '');
  return getterOf(supplied, field as SuppliedField)(subject, null);
}

function fits(event: CallEvent, wanted: Row): string | null {
  if (event.callKind !== wanted.kind || event.call !== wanted.call || event.is32Bit !== (wanted.is32Bit ?? false)) return 'another call';
  if (wanted.result !== 'any' && event.result !== wanted.result) return `it returned ${event.result}`;
  for (const [field, expected] of Object.entries(wanted.fields)) {
    const found = value(event, field);
    if (expected instanceof RegExp ? !expected.test(String(found)) : found !== expected) return `${field} is ${JSON.stringify(found)}`;
  }
  return null;
}

for (const wanted of rows) {
  test(`${wanted.act}: ${wanted.call} is reported as ${wanted.kind}`, { skip: process.arch !== 'x64' && wanted.is32Bit === true }, () => {
    const near = events.filter((one) => one.callKind === wanted.kind && one.call === wanted.call);
    assert.ok(near.some((one) => fits(one, wanted) === null), `made with ${answers.get(wanted.act)}; reported: ${near.map((one) => `${fits(one, wanted)} [${String(value(one, 'evt.args'))}]`).join(' · ') || 'nothing'}`);
  });
}

test('an open by the 32-bit interface is one like others, with what it was asked for', { skip: process.arch !== 'x64' }, () => {
  const opened = all.find((one) => one.kind === 'open-write' && one.path === at('opened-by-32'));
  assert.ok(opened?.kind === 'open-write');
  assert.deepEqual([opened.call, opened.askedFlags & 0o1100, opened.askedMode, opened.descriptor >= 0], ['open', 0o1100, 0o644, true]);
});

test('a path that another thread changes while the kernel works is told as it was at the entry and at the exit', (context) => {
  const raced = events.filter((one) => one.call === 'symlinkat' && one.texts[1].startsWith('race-'));
  assert.equal(raced.length, 4000);
  const changed = raced.filter((one) => one.changed);
  context.diagnostic(`${changed.length} of ${raced.length} calls were caught in the act`);
  for (const one of changed) assert.notEqual(one.textsAtEntry[1], null);
  assert.ok(raced.every((one) => one.changed || one.textsAtEntry[1] === null));
});

test('rules on calls fire, and are named with the call that it was', async () => {
  const rule = (name: string, condition: string) => `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "%evt.type %evt.args"\n  priority: NOTICE\n`;
  const text = [
    rule('sensitive symlink', 'evt.type in (symlink, symlinkat) and evt.arg.target in (/etc/shadow)'),
    rule('setuid', 'evt.type = setuid and evt.arg.uid = 4243'),
    rule('attach', 'evt.type = ptrace and evt.arg.request contains PTRACE_ATTACH'),
    rule('packet socket', 'evt.type = socket and evt.arg.domain contains AF_PACKET'),
    rule('stdin is a socket', 'evt.type in (dup, dup2, dup3) and evt.rawres in (0, 1, 2) and fd.type in (ipv4, ipv6)'),
    rule('removed', 'evt.type in (rmdir, unlink, unlinkat) and evt.arg.path endswith gone'),
    rule('failed', 'evt.type = open and fd.num = -1 and evt.res = ENOENT and fd.name = /etc/not-there'),
    rule('udp', 'evt.type in (sendto, sendmsg) and fd.l4proto = udp and fd.connected = false and fd.name_changed = true and fd.sport = 42612'),
    rule('named', 'evt.type = connect and fd.sip.name = api.shop.example and fd.sip = 127.0.0.9'),
    rule('moved', 'evt.type = chdir and proc.cwd startswith "' + at('inside') + '"'),
    rule('suid', 'evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISUID'),
  ].join('');
  const fired = new Map<string, string>();
  const summary = await replay(recording.file, {
    rules: [{ name: 'calls', text }], policies: [],
    onRecord: (json) => {
      const { detection } = json as { detection?: { rule: string; output: string } };
      if (detection !== undefined) fired.set(detection.rule, `${fired.get(detection.rule) ?? ''}${detection.output}\n`);
    },
  });
  assert.equal(summary.malformed, 0);
  assert.deepEqual([...fired.keys()].sort(), ['attach', 'failed', 'moved', 'named', 'packet socket', 'removed', 'sensitive symlink', 'setuid', 'stdin is a socket', 'suid', 'udp']);
  assert.match(fired.get('setuid') ?? '', /^setresuid /m);
});

test('every class has a hook on this machine, or a reason', () => {
  const hooks = all.filter((one) => one.kind === 'hook');
  for (const one of hooks) assert.ok(one.attached || one.reason !== '', one.eventClass);
  assert.deepEqual(hooks.filter((one) => !one.attached).map((one) => `${one.eventClass}: ${one.reason}`), []);
});
