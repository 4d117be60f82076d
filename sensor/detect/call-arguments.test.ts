import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callKinds, type CallEvent } from '@vedette/model/event';
import { classShapes, eventClasses } from '@vedette/rules/events';
import { callEvent, ipv4 } from '../testing/events.ts';
import { executionOf } from '../testing/things.ts';
import { allArguments, argument, rawArgument, rawValue } from './call-arguments.ts';
import { absolute, normalised, pathOf } from './call-paths.ts';

const execution = executionOf({ workingDirectory: '/srv/app' });
const context = (more: Partial<CallEvent>) => {
  const event = callEvent(more);
  return { event, eventClass: event.callKind === 'connectUnix' ? 'connect' as const : event.callKind, execution, userName: (uid: number) => (uid === 33 ? 'www-data' : null) };
};

const rows: readonly (readonly [event: Partial<CallEvent>, name: string, expected: string | null, raw?: string | null])[] = [
  [{ texts: ['/etc//shadow', 'a/../link'] }, 'linkpath', '/srv/app/link', 'a/../link'],
  [{ texts: ['/etc//shadow', 'link'] }, 'target', '/etc/shadow', '/etc//shadow'],
  [{ texts: ['../../etc/shadow', '/srv/x/link'] }, 'target', '/etc/shadow', '../../etc/shadow'],
  [{ call: 'symlinkat', texts: ['x', 'link'], paths: ['', '/made/here'] }, 'linkpath', '/made/here/link'],
  [{ callKind: 'link', call: 'link', texts: ['/proc/self/root/etc/shadow', 'x'] }, 'oldpath', '/etc/shadow', '/proc/self/root/etc/shadow'],
  [{ callKind: 'link', call: 'link', texts: ['/proc/self/root/proc/self/root/etc/shadow', 'x'] }, 'oldpath', '/etc/shadow'],
  [{ callKind: 'link', call: 'linkat', texts: ['', 'x'], paths: ['/etc/shadow', ''], arguments: [3, 0, 4294967196, 0, 0x1000, 0] }, 'oldpath', '/etc/shadow', ''],
  [{ callKind: 'unlink', call: 'unlink', texts: ['', ''], textMissing: true, result: -14 }, 'path', null, null],
  [{ callKind: 'unlink', call: 'unlink', texts: ['', ''], textMissing: true, result: -14 }, 'res', 'EFAULT', '-14'],
  [{ callKind: 'setuid', call: 'setuid', arguments: [33, 0, 0, 0, 0, 0] }, 'uid', 'www-data', '33'],
  [{ callKind: 'setuid', call: 'setresuid', arguments: [4294967295, 33, 4294967295, 0, 0, 0] }, 'suid', '-1', '-1'],
  [{ callKind: 'chmod', call: 'chmod', texts: ['x', ''], arguments: [0, 0o4755, 0, 0, 0, 0] }, 'mode', 'S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID', '2541'],
  [{ callKind: 'chmod', call: 'fchmod', mode: 0o100644, paths: ['/etc/x', ''], arguments: [3, 0o755, 0, 0, 0, 0] }, 'filename', null],
  [{ callKind: 'ptrace', call: 'ptrace', arguments: [16, 7, 0, 0, 0, 0] }, 'request', 'PTRACE_ATTACH', '16'],
  [{ callKind: 'ptrace', call: 'ptrace', arguments: [99999, 7, 0, 0, 0, 0] }, 'request', '99999'],
  [{ callKind: 'bpf', call: 'bpf', result: 9 }, 'fd', '9'],
  [{ callKind: 'connectUnix', call: 'connect', family: 1, given: { family: 1, address: null, port: 0, path: '/run/x.sock' } }, 'addr', '/run/x.sock'],
  [{ callKind: 'send', call: 'sendto', family: 2, localAddress: ipv4(10, 0, 0, 1), localPort: 5, given: { family: 2, address: ipv4(192, 0, 2, 1), port: 53, path: '' } }, 'tuple', '10.0.0.1:5->192.0.2.1:53'],
  [{ callKind: 'umount', call: 'umount', texts: ['/mnt', ''] }, 'flags', null],
  [{ callKind: 'kill', call: 'tgkill', arguments: [1, 2, 9, 0, 0, 0] }, 'sig', 'SIGKILL'],
];

for (const [event, name, expected, raw] of rows) {
  test(`${event.call ?? 'symlink'}: ${name} is ${expected}`, () => {
    assert.equal(argument(context(event), name), expected);
    if (raw !== undefined) assert.equal(rawArgument(context(event), name), raw);
  });
}

test('every argument that the table lists for a class is one of some call of it', () => {
  const rich = { texts: ['/a', '/b'], shortText: 'tmpfs', paths: ['/a', '/b'], family: 2, given: { family: 2, address: ipv4(192, 0, 2, 1), port: 53, path: '' } } as const;
  for (const eventClass of eventClasses) {
    const callKind = callKinds.find((one) => one === (eventClass === 'connect' ? 'connectUnix' : eventClass));
    if (callKind === undefined) continue;
    const shape = classShapes[eventClass];
    for (const name of shape.arguments) assert.ok(shape.names.some((call) => argument(context({ ...rich, callKind, call }), name) !== null), `${eventClass} ${name}`);
  }
});

test('a raw argument has the type that the language gives its name', () => {
  const rows = [['uid', '33', 33], ['res', '-2', -2], ['cmd', '5', 5], ['target', '/etc/shadow', '/etc/shadow'], ['target', '5', '5'], ['dev', '/dev/sda1', null], ['uid', null, null]] as const;
  for (const [name, text, expected] of rows) assert.equal(rawValue(name, text), expected, name);
});

test('all arguments in the order of the table, and what was there at the entry', () => {
  assert.equal(allArguments(context({ texts: ['/etc/shadow', '/tmp/x'] })), 'res=SUCCESS target=/etc/shadow linkpath=/tmp/x');
  assert.equal(allArguments(context({ texts: ['/etc/shadow', '/tmp/x'], changed: true, textsAtEntry: ['/etc/hosts', null] })), 'res=SUCCESS target=/etc/shadow linkpath=/tmp/x at_entry=/etc/hosts,');
});

test('ways back to what the process itself holds, and the end of a text that was too long', () => {
  const path = (more: Partial<CallEvent>) => pathOf(callEvent({ callKind: 'unlink', call: 'unlink', ...more }), 0, execution);
  assert.equal(path({ texts: ['/proc/self/fd/7/x', ''], paths: ['/var/log', ''] }), '/var/log/x');
  assert.equal(path({ texts: ['/dev/fd/7', ''], paths: ['/etc/made', ''] }), '/etc/made');
  assert.equal(path({ texts: ['/proc/self/fd/7/x', ''] }), '/proc/self/fd/7/x', 'the kernel did not say');
  assert.equal(path({ texts: ['//proc/thread-self/./cwd/x', ''] }), '/srv/app/x');
  assert.equal(path({ texts: [`${'./'.repeat(250)}var/log/x`.padStart(511, 'y'), ''], textTruncated: true }), '/var/log/x');
});

test('an operation of io_uring says so', () => {
  assert.equal(allArguments(context({ texts: ['/etc/shadow', '/tmp/x'], byRing: true })), 'res=SUCCESS target=/etc/shadow linkpath=/tmp/x by=io_uring');
});

test('paths are made absolute without leaving the root', () => {
  const paths = ['/a/./b//c', '/../../x', '/', '/proc/self/root', '/proc/self/rooted'].map(normalised);
  assert.deepEqual(paths, ['/a/b/c', '/x', '/', '/', '/proc/self/rooted']);
  assert.deepEqual([absolute('x', ''), absolute('', '/a'), absolute('../x', '/a/b')], ['x', '', '/a/x']);
});
