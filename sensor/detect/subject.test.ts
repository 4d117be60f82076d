import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FileEvent } from '@vedette/model/event';
import { getterOf } from '@vedette/rules/subject';
import { suppliedFields } from '@vedette/rules/fields';
import { execEvent, fileEvent, socketEvent } from '../testing/events.ts';
import { containerOf, executionOf, identityOf } from '../testing/things.ts';
import { commandLine, suppliers, type RuleSubject } from './subject.ts';

const supplied = suppliers({ hostname: 'node-1', userName: (uid) => (uid === 1000 ? 'ada' : null) });
const ancestors = [
  { path: '/sbin/init', command: 'systemd', arguments: ['/sbin/init'] },
  { path: '/usr/bin/runc', command: 'runc', arguments: ['runc', 'exec', 'web'] },
];
const shell = { path: '/usr/bin/dash', command: 'sh', arguments: ['sh', '-c', 'id'], filename: '/bin/sh', uid: 1000, workingDirectory: '/srv/app', pidInNamespace: 13, parentPidInNamespace: 0, terminal: 34816, sessionId: 12, capEffectiveLow: 0x21, capEffectiveHigh: 0x80 };

function subject(more: Partial<RuleSubject> = {}): RuleSubject {
  const execution = executionOf(shell, ancestors);
  return { eventClass: 'exec', event: execEvent(shell), number: 7, execution, container: null, isContainerInit: false, wallOffsetNs: 1_795_393_082_000_000_000, ...more };
}

function value(name: string, of: RuleSubject, argument: number | string | null = null): unknown {
  return getterOf(supplied, name)(of, argument);
}

function file(more: Partial<FileEvent>): RuleSubject {
  return subject({ eventClass: 'open', event: fileEvent(more) });
}

const mounts = [
  { destination: '/host', source: '/', kind: 'bind', readOnly: true },
  { destination: '/data', source: '/srv/data-1.2', kind: 'bind', readOnly: false },
];
const pod = { uid: 'p', namespace: 'shop', name: 'web-5d-x', workloadKind: 'Deployment', workloadName: 'web', serviceAccount: 'web', revision: '5d', labels: { app: 'web', tier: 'front' } };
const inPod = subject({ container: containerOf({ pod }) });
const inContainer = subject({ container: containerOf({ identity: identityOf({ privileged: true, mounts, podName: 'web-1', podNamespace: 'shop' }) }) });
const pending = subject({ container: containerOf({ identity: null }) });

const table: readonly (readonly [field: string, of: RuleSubject, expected: unknown, argument?: number | string])[] = [
  ['evt.num', subject(), 7],
  ['evt.type', subject(), 'execve'],
  ['evt.hostname', subject(), 'node-1'],
  ['evt.time', subject({ wallOffsetNs: 0, event: execEvent({ timeBootNs: 1_500_000_000 }) }), '1970-01-01T00:00:01.500000000Z'],
  ['evt.arg', subject(), '/bin/sh', 'filename'],
  ['evt.arg', subject({ execution: executionOf({ path: '/bin/x', filename: '/bin/x' }) }), '/bin/x', 'filename'],
  ['evt.arg', file({ openFlags: 0o100001 }), 'O_WRONLY|O_LARGEFILE', 'flags'],
  ['evt.arg', subject(), null, 'flags'],
  ['evt.is_open_read', subject(), null],
  ['evt.is_open_read', file({ openFlags: 0 }), true],
  ['evt.is_open_read', file({ openFlags: 1 }), false],
  ['evt.is_open_read', file({ openFlags: 2 }), true],
  ['evt.is_open_write', file({ openFlags: 0 }), false],
  ['evt.is_open_write', file({ openFlags: 1 }), true],
  ['evt.is_open_write', file({ openFlags: 2 }), true],
  ['evt.res', subject(), null],
  ['evt.res', subject({ eventClass: 'connect', event: socketEvent({ result: 0 }) }), 'SUCCESS'],
  ['evt.res', subject({ eventClass: 'connect', event: socketEvent({ result: -111 }) }), 'ECONNREFUSED'],
  ['evt.res', subject({ eventClass: 'connect', event: socketEvent({ result: -4095 }) }), 'E4095'],
  ['evt.rawres', subject({ eventClass: 'connect', event: socketEvent({ result: -111 }) }), -111],
  ['proc.aname', subject(), 'sh', 0],
  ['proc.aname', subject(), 'runc', 1],
  ['proc.aname', subject(), 'systemd', 2],
  ['proc.aname', subject(), null, 3],
  ['proc.aexepath', subject(), '/usr/bin/runc', 1],
  ['proc.aexe', subject(), 'runc', 1],
  ['proc.acmdline', subject(), 'runc exec web', 1],
  ['proc.acmdline', subject(), null, 9],
  ['proc.apid', subject(), 10, 2],
  ['proc.args', subject(), '-c id'],
  ['proc.args', subject(), '-c', 0],
  ['proc.args', subject(), null, 9],
  ['proc.vpid', subject(), 13],
  ['proc.pvpid', subject(), 0],
  ['proc.sid', subject(), 12],
  ['proc.tty', subject(), 34816],
  ['proc.cwd', subject(), '/srv/app/'],
  ['proc.cwd', subject({ execution: executionOf({ workingDirectory: '/' }) }), '/'],
  ['proc.cwd', subject({ execution: executionOf({ workingDirectory: '' }) }), ''],
  ['proc.duration', subject({ event: execEvent({ timeBootNs: 1000 }) }), 100],
  ['proc.duration', subject({ event: execEvent({ timeBootNs: 1 }) }), 0],
  ['proc.is_exe_upper_layer', subject({ execution: executionOf({ origin: 'dropped' }) }), true],
  ['proc.is_exe_upper_layer', subject({ execution: executionOf({ origin: 'modified' }) }), true],
  ['proc.is_exe_upper_layer', subject({ execution: executionOf({ origin: 'volume' }) }), false],
  ['proc.is_exe_from_memfd', subject({ execution: executionOf({ origin: 'memory', path: '/memfd:x' }) }), true],
  ['proc.is_exe_from_memfd', subject({ execution: executionOf({ origin: 'memory', path: '/tmp/deleted' }) }), false],
  ['proc.is_exe_from_memfd', subject({ execution: executionOf({ origin: 'host', path: '/memfd:x' }) }), true],
  ['proc.is_container_init', subject({ isContainerInit: true }), true],
  ['thread.cap_effective', subject(), 'CAP_CHOWN CAP_KILL CAP_BPF'],
  ['user.uid', subject(), 1000],
  ['user.name', subject(), 'ada'],
  ['user.name', inContainer, null],
  ['user.name', { ...inContainer, execution: executionOf({ uid: 0 }) }, 'root'],
  ['user.loginuid', subject(), -1],
  ['user.loginuid', subject({ execution: executionOf({ loginUid: 0 }) }), 0],
  ['fd.name', subject(), null],
  ['fd.name', file({ path: '/etc/shadow' }), '/etc/shadow'],
  ['fd.name', subject({ eventClass: 'connect', event: socketEvent() }), '10.0.0.2:40001->192.0.2.7:443'],
  ['fd.name', subject({ eventClass: 'accept', event: socketEvent({ kind: 'accept' }) }), '192.0.2.7:443->10.0.0.2:40001'],
  ['fd.name', subject({ eventClass: 'listen', event: socketEvent({ kind: 'listen' }) }), '10.0.0.2:40001'],
  ['fd.name', subject({ eventClass: 'listen', event: socketEvent({ kind: 'listen', localAddress: Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) }) }), '2001:db8:0:0:1:::40001'],
  ['fd.type', file({ path: '/memfd:x' }), 'memfd'],
  ['fd.type', file({}), 'file'],
  ['fd.type', subject({ eventClass: 'connect', event: socketEvent({ family: 10 }) }), 'ipv6'],
  ['fd.rport', subject({ eventClass: 'connect', event: socketEvent() }), 443],
  ['fd.l4proto', subject({ eventClass: 'connect', event: socketEvent({ protocol: 262 }) }), 'tcp'],
  ['fd.l4proto', subject({ eventClass: 'connect', event: socketEvent({ protocol: 17 }) }), 'udp'],
  ['fd.l4proto', subject({ eventClass: 'connect', event: socketEvent({ protocol: 132 }) }), null],
  ['container.id', subject(), 'host'],
  ['container.id', inContainer, 'c0dec0dec0de'],
  ['container.name', subject(), 'host'],
  ['container.name', pending, null],
  ['container.image', subject(), null],
  ['container.image', inContainer, 'registry.test/shop/cart:1.4'],
  ['container.privileged', inContainer, true],
  ['container.privileged', pending, null],
  ['container.mounts', inContainer, '/:/host,/srv/data-1.2:/data'],
  ['container.mount.dest', inContainer, '/data', '/srv/data*'],
  ['container.mount.dest', inContainer, null, '/srv/data-1x2'],
  ['container.mount.dest', inContainer, null, `${'*a'.repeat(40)}b`],
  ['container.mount.dest', inContainer, '/host', '0'],
  ['container.mount.dest', inContainer, null, '2'],
  ['container.mount.dest', subject(), null, '/srv/data*'],
  ['k8s.ns.name', inContainer, 'shop'],
  ['k8s.pod.name', subject(), null],
  ['k8s.deployment.name', inPod, 'web'],
  ['k8s.rs.name', inPod, 'web-5d'],
  ['k8s.rc.name', inPod, null],
  ['k8s.pod.labels', inPod, 'app:web, tier:front'],
  ['k8s.pod.label', inPod, 'front', 'tier'],
  ['k8s.pod.label', inPod, null, 'other'],
  ['k8s.deployment.name', inContainer, null],
];

for (const [field, of, expected, argument] of table) {
  test(`${field}${argument === undefined ? '' : `[${argument}]`} is ${JSON.stringify(expected)}`, () => assert.deepEqual(value(field, of, argument), expected));
}

test('a command line is the name and what follows, and bounded', () => {
  assert.equal(commandLine(executionOf({ command: 'true', arguments: ['/bin/true'] })), 'true');
  assert.equal(commandLine(executionOf({ command: 'true', arguments: [] })), 'true');
  assert.equal(commandLine(executionOf({ command: 'x', arguments: ['x', 'y'.repeat(9000)] })).length, 4096);
});

test('a container is pending until its runtime has answered, and the host never is', () => {
  assert.deepEqual([subject(), pending, inContainer].map((one) => supplied.identityPending(one)), [false, true, false]);
});

test('a chain of ancestors that is too long is counted to its bound', () => {
  assert.equal(supplied.ancestors(subject()), 2);
  const deep = executionOf({}, Array.from({ length: 200 }, () => ({})));
  assert.equal(supplied.ancestors(subject({ execution: deep })), 64);
});

test('no getter throws, whatever the event', () => {
  const subjects = [subject(), file({}), pending, inContainer, ...(['connect', 'accept', 'listen'] as const).map((kind) => subject({ eventClass: kind, event: socketEvent({ kind }) }))];
  const argumentsOf: Record<string, readonly (number | string | null)[]> = { 'ancestor': [0, 1, 63], 'index': [null, 0, 99], 'key': ['0', '99', '*', '['], 'optional-key': [null, 'x'], 'event-argument': ['flags', 'filename'] };
  for (const [name, spec] of Object.entries(suppliedFields)) {
    for (const of of subjects) for (const argument of argumentsOf['argument' in spec ? spec.argument : ''] ?? [null]) assert.doesNotThrow(() => value(name, of, argument), name);
  }
});
