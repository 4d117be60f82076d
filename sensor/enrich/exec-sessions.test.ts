import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '@vedette/model/container';
import type { Execution } from '@vedette/model/process';
import { cameFromOutside, ExecSessions, type ExecSessionTold } from './exec-sessions.ts';
import { ProcessTable } from './process-table.ts';
import { execEvent } from '../testing/events.ts';

const container = { id: 'c1', identity: null, pod: null } as unknown as Container;
const now = { bootNs: 1e9, wallMs: 100_000 };

function session(user: string, more: Partial<ExecSessionTold> = {}): ExecSessionTold {
  return { sessionId: `s-${user}`, user, podUid: 'p1', container: 'web', containerId: 'c1', command: ['sh', '-c', 'id'], attach: false, admittedAtMs: 99_000, ...more };
}

function root(args: readonly string[] = ['sh', '-c', 'id'], truncated = false): Execution {
  return new ProcessTable().exec(execEvent({ arguments: [...args], argumentsTruncated: truncated }));
}

function users(sessions: ExecSessions, one = root(), at = now): string {
  return sessions.bind(one, container, at).map(({ user }) => user).join(' or ');
}

test('one session is bound once, to its own command in its own container', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice'), 0);
  sessions.told(session('alice'), 0);
  assert.equal(users(sessions, root(['sh'])), '');
  assert.deepEqual(sessions.bind(root(), { ...container, id: 'c2' }, now), []);
  assert.equal(users(sessions), 'alice');
  assert.equal(users(sessions), '');
  assert.equal(sessions.size, 0);
});

test('sessions that cannot be told apart are candidates for each of their trees, and for no more', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice'), 0);
  sessions.told(session('bob'), 0);
  sessions.told(session('carol', { command: ['ls'] }), 0);
  assert.deepEqual([users(sessions), users(sessions), users(sessions)], ['alice or bob', 'alice or bob', '']);
  assert.equal(users(sessions, root(['ls'])), 'carol');
});

test('one after the other they are told apart', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice'), 0);
  assert.equal(users(sessions), 'alice');
  sessions.told(session('bob'), 0);
  assert.equal(users(sessions), 'bob');
});

test('a session that no process followed ends, and until then it is a candidate', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice'), 0);
  sessions.told(session('bob'), 20e9);
  assert.equal(users(sessions, root(), { bootNs: 25e9, wallMs: now.wallMs }), 'alice or bob');
  sessions.told(session('dave'), 31e9);
  assert.equal(users(sessions, root(), { bootNs: 32e9, wallMs: now.wallMs }), 'dave', 'alice has ended, and with her one tree was seen for two: bob is done');
  assert.equal(sessions.size, 0);
});

test('what began before the session was admitted is not of it', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice', { admittedAtMs: 103_000 }), 0);
  assert.equal(users(sessions), '');
});

test('a container whose id nobody knew is found by pod and name', () => {
  const sessions = new ExecSessions();
  sessions.told(session('alice', { containerId: '' }), 0);
  const named = { id: 'c9', pod: null, identity: { podUid: 'p1', labels: { 'io.kubernetes.container.name': 'web' } } } as unknown as Container;
  assert.deepEqual(sessions.bind(root(), { ...named, identity: { ...named.identity!, labels: { 'io.kubernetes.container.name': 'side' } } }, now), []);
  assert.equal(sessions.bind(root(), named, now)[0]?.user, 'alice');
});

const commands: readonly (readonly [what: string, found: readonly string[], truncated: boolean, command: readonly string[], isIt: boolean])[] = [
  ['the same', ['ls', '-l'], false, ['ls', '-l'], true],
  ['another', ['ls', '-l'], false, ['ls'], false],
  ['cut', ['sh', '-c', 'aaa'], true, ['sh', '-c', 'aaabbb', 'ccc'], true],
  ['cut, and another', ['sh', '-c', 'aab'], true, ['sh', '-c', 'aaabbb'], false],
  ['a script by its path', ['/bin/sh', '/srv/job', 'x'], false, ['/srv/job', 'x'], true],
  ['a script by its name', ['/bin/sh', '-e', '/usr/bin/job', 'x'], false, ['job', 'x'], true],
  ['a script with other arguments', ['/bin/sh', '/usr/bin/job', 'y'], false, ['job', 'x'], false],
];
for (const [what, found, truncated, command, isIt] of commands) {
  test(`the command of a session: ${what}`, () => {
    const sessions = new ExecSessions();
    sessions.told(session('alice', { command }), 0);
    assert.equal(users(sessions, root(found, truncated)) === 'alice', isIt);
  });
}

test('from outside is what a runtime put there', () => {
  const inside = { ...root(), containerId: 'c1' };
  const outside = { ...root(), containerId: null };
  assert.equal(cameFromOutside({ ...root(), parent: outside }, outside, container), true);
  assert.equal(cameFromOutside({ ...root(), parent: inside, parentPidInNamespace: 1 }, null, container), false);
  assert.equal(cameFromOutside({ ...root(), parent: outside }, inside, container), false, 'it executed something else');
  assert.equal(cameFromOutside({ ...root(), parent: null, parentPidInNamespace: 0 }, null, container), true);
  assert.equal(cameFromOutside({ ...root(), parent: null, parentPidInNamespace: 0 }, { ...inside, isFork: true }, container), true, 'runc forks inside, and executes nothing there before');
  assert.equal(cameFromOutside({ ...root(), parent: null, parentPidInNamespace: 0 }, { ...inside, path: '' }, container), true, 'runc opened a file inside: its program is not known');
  assert.equal(cameFromOutside({ ...root(), parent: null, parentPidInNamespace: 7 }, null, container), false);
  assert.equal(cameFromOutside({ ...root(), parent: { ...inside, path: '' }, parentPidInNamespace: 0 }, { ...inside, path: '', isFork: true }, container), true, 'the helper of the runtime was heard of in the cgroup first');
  assert.equal(cameFromOutside({ ...root(), parent: inside, parentPidInNamespace: 7 }, { ...inside, isFork: true }, container), false);
});
