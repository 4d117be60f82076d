import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallEvent } from '@vedette/model/event';
import { callEvent, fileEvent } from '../testing/events.ts';
import { executionOf } from '../testing/things.ts';
import { openedByRing, PathAliases } from './path-aliases.ts';

const at = Object.assign(executionOf({ workingDirectory: '/run/goal' }), { containerId: 'one' });
const elsewhere = Object.assign(executionOf({ workingDirectory: '/run/goal' }), { containerId: 'two' });
const call = (callKind: CallEvent['callKind'], name: string, texts: readonly [string, string], more: Partial<CallEvent> = {}) => callEvent({ callKind, call: name, texts, paths: ['', ''], ...more });
const bindFlags = [0, 0, 0, 0x1000, 0, 0];

test('each way to make a further name of a file, and what is then asked', () => {
  const cases: [what: string, made: CallEvent[], then: CallEvent, asked: (readonly [string, string])[]][] = [
    ['a symbolic link to its directory', [call('symlink', 'symlink', ['/var/log', 'logs'])], call('unlink', 'unlink', ['logs/auth.log', '']), [['/var/log/auth.log', '']]],
    ['a relative one', [call('symlink', 'symlink', ['../../var/log', 'logs'])], call('unlink', 'unlink', ['/run/goal/logs/x', '']), [['/var/log/x', '']]],
    ['a link to a link', [call('symlink', 'symlink', ['/a', 'b']), call('symlink', 'symlink', ['/run/goal/b', 'c'])], call('truncate', 'truncate', ['c/x', '']), [['/run/goal/b/x', ''], ['/a/x', '']]],
    ['a loop ends', [call('symlink', 'symlink', ['/run/goal/b', 'a']), call('symlink', 'symlink', ['/run/goal/a', 'b'])], call('chmod', 'chmod', ['a', '']), Array.from({ length: 8 }, (_, n) => [n % 2 === 0 ? '/run/goal/b' : '/run/goal/a', ''] as const)],
    ['a hard link', [call('link', 'link', ['/etc/shadow', '/etc/x'])], call('rename', 'rename', ['/etc/x', '/tmp/x']), [['/etc/shadow', '/tmp/x']]],
    ['a bind mount', [call('mount', 'mount', ['/etc', '/mnt'], { argumentsLow: bindFlags })], call('chown', 'chown', ['/mnt/shadow', '']), [['/etc/shadow', '']]],
    ['another mount hides what was there', [call('symlink', 'symlink', ['/etc', 'x']), call('mount', 'mount', ['none', '/run/goal/x'])], call('unlink', 'unlink', ['x/a', '']), []],
    ['a tree that is moved', [call('mount', 'open_tree', ['/etc', ''], { result: 7 }), call('mount', 'move_mount', ['', '/mnt'], { argumentsLow: [7, 0, 0, 0, 0, 0] })], call('unlink', 'unlink', ['/mnt/a', '']), [['/etc/a', '']]],
    ['a link that was renamed', [call('symlink', 'symlink', ['/etc', 'x']), call('rename', 'rename', ['x', 'y'])], call('unlink', 'unlink', ['y/a', '']), [['/etc/a', '']]],
    ['a link that was removed', [call('symlink', 'symlink', ['/etc', 'x']), call('unlink', 'unlink', ['x', ''])], call('unlink', 'unlink', ['x/a', '']), []],
    ['a link that could not be made', [call('symlink', 'symlink', ['/etc', 'x'], { result: -17 })], call('unlink', 'unlink', ['x/a', '']), []],
  ];
  for (const [what, made, then, asked] of cases) {
    const aliases = new PathAliases();
    for (const one of made) aliases.call(one, at);
    assert.deepEqual(aliases.call(then, at).map((one) => one.texts), asked, what);
    assert.deepEqual(aliases.call(then, elsewhere), [], `${what}, seen from another container`);
  }
});

test('links that were there before are looked up once each, in the root that they lie in, and forgotten when they change', () => {
  const asked: string[] = [];
  const links: Record<string, string> = { '/var/run': '../run', '/logs': '/var/log', '/run/x': '/etc/x' };
  const aliases = new PathAliases((id, path) => {
    asked.push(`${id}:${path}`);
    return links[path] ?? null;
  });
  const names = (kind: CallEvent['callKind'], path: string) => aliases.call(call(kind, kind, [path, '']), at).map((one) => one.texts[0]);
  assert.deepEqual(names('unlink', '/var/run/x'), ['/run/x'], 'the last name is removed, not followed');
  assert.deepEqual(names('truncate', '/var/run/x'), ['/run/x', '/etc/x']);
  assert.deepEqual(names('unlink', '/logs/auth.log'), ['/var/log/auth.log']);
  assert.equal(asked.length, new Set(asked).size);
  assert.ok(asked.every((one) => one.startsWith('one:')));
  assert.deepEqual(names('unlink', '/logs'), []);
  delete links['/logs'];
  assert.deepEqual(names('unlink', '/logs/auth.log'), []);
  assert.deepEqual(aliases.call(call('unlink', 'unlink', ['/var/run/x', '']), at, false), [], 'nobody asks');
});

test('a file that was opened under a further name', () => {
  const aliases = new PathAliases();
  assert.deepEqual(aliases.file(fileEvent({ path: '/mnt/shadow' }), at), []);
  aliases.call(call('mount', 'mount', ['/etc', '/mnt'], { argumentsLow: bindFlags }), at);
  assert.deepEqual(aliases.file(fileEvent({ path: '/mnt/shadow' }), at).map((one) => one.path), ['/etc/shadow']);
  assert.deepEqual(aliases.file(fileEvent({ path: '/mntx/shadow' }), at), []);
});

test('never more names than the bound, and the oldest goes first', () => {
  const aliases = new PathAliases();
  for (let i = 0; i < 5000; i++) aliases.call(call('symlink', 'symlink', ['/etc', `/l${i}`]), at);
  assert.equal(aliases.size, 4096);
  assert.deepEqual(aliases.further('one', '/l0/x'), []);
  assert.deepEqual(aliases.further('one', '/l4999/x'), ['/etc/x']);
});

test('a directory that was walked through holds no name on the way until one is made, by its root', () => {
  const links = new Map<string, string>();
  const aliases = new PathAliases((id, path) => links.get(`${id}:${path}`) ?? null);
  const asked = (who: typeof at) => aliases.call(call('unlink', 'unlink', ['/a/b/c/x', '']), who).map((one) => one.texts[0]);
  links.set('two:/a', '/z');
  assert.deepEqual(asked(at), []);
  assert.deepEqual(asked(elsewhere), ['/z/b/c/x']);
  assert.deepEqual(asked(at), []);
  aliases.call(call('rename', 'rename', ['/a/b', '/a/old']), at);
  links.set('one:/a/b', '/etc');
  assert.deepEqual(asked(at), ['/etc/c/x'], 'what lies there now is looked up again');
  aliases.call(call('symlink', 'symlink', ['/var', '/a/b/c']), elsewhere);
  aliases.call(call('symlink', 'symlink', ['/var', '/a/b']), at);
  assert.deepEqual(asked(at), ['/var/c/x']);
  assert.deepEqual(aliases.further('one', '/var/c/x', 'directories'), []);
  aliases.call(call('symlink', 'symlink', ['/q', '/var/c/x']), at);
  assert.deepEqual(aliases.further('one', '/var/c/x', 'directories'), ['/q'], 'the last name is asked for each time');
});

test('an open by io_uring that nobody answered is the open that was asked for', () => {
  const asked = call('openFailed', 'openat', ['../../etc/shadow', ''], { byRing: true, argumentsLow: [0, 0, 0o101, 0o644, 0, 0], paths: ['/run/goal', ''] });
  const file = openedByRing(asked, at);
  assert.deepEqual([file?.kind, file?.path, file?.askedMode, file?.call], ['open-write', '/etc/shadow', 0o644, 'openat']);
  assert.equal(openedByRing({ ...asked, result: -2 }, at), null);
});
