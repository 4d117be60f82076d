import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { ClassInterest } from './interest.ts';
import { loadRules } from './ruleset.ts';

function entries(...conditions: readonly string[]): readonly ClassInterest[] {
  const text = conditions.map((condition, index) => `- rule: r${index}\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`).join('');
  return loadRules([{ name: 'f', text }]).interest().entries;
}

const all = { kind: 'all' } as const;
const paths = (exact: readonly string[], prefixes: readonly string[] = [], suffixes: readonly string[] = []) => ({ kind: 'paths', exact, prefixes, suffixes }) as const;
const open = (over: Partial<ClassInterest>): ClassInterest => ({ eventClass: 'open', paths: all, access: 'any', where: 'anywhere', ...over });

test('what a condition implies is asked for, and no less', () => {
  const rows: readonly (readonly [condition: string, entries: readonly ClassInterest[]])[] = [
    ['evt.type = open and fd.num = -1', [{ ...open({}), eventClass: 'openFailed' }]],
    ['evt.type = open and fd.num >= 0 and fd.name = /etc/shadow', [open({ paths: paths(['/etc/shadow']) })]],
    ['evt.type = open and fd.num >= 0 and fd.name in (/a, /b) and evt.is_open_read=true', [open({ paths: paths(['/a', '/b']), access: 'read' })]],
    ['evt.type = open and fd.num >= 0 and (fd.name startswith /etc/ or fd.directory = /root)', [open({ paths: paths([], ['/etc/', '/root/']) })]],
    ['evt.type = open and fd.num >= 0 and (fd.name = /etc/x or proc.name = y)', [open({})]],
    ['evt.type = open and fd.num >= 0 and not fd.name = /etc/x', [open({})]],
    ['evt.type = open and fd.num >= 0 and fd.name endswith .so and fd.name startswith /lib', [open({ paths: paths([], ['/lib']) })]],
    ['evt.type = open and fd.num >= 0 and fd.filename = id_rsa', [open({ paths: paths([], [], ['/id_rsa']) })]],
    ['evt.type = open and fd.num >= 0 and fd.name pmatch (/etc/ssl, /home/*/.ssh)', [open({ paths: paths([], ['/etc/ssl', '/home']) })]],
    ['evt.type = open and fd.num >= 0 and fd.name glob "/home/*/.ssh/*"', [open({ paths: paths([], ['/home/']) })]],
    ['evt.type = open and fd.num >= 0 and fd.name glob "*.pem"', [open({})]],
    ['evt.type = open and fd.num >= 0 and fd.name contains secret', [open({})]],
    ['evt.type = open and fd.num >= 0 and evt.is_open_write = true and container.id != host', [open({ access: 'write', where: 'containers' })]],
    ['evt.type = open and fd.num >= 0 and container.id = host', [open({ where: 'host' })]],
    ['evt.type = open and fd.num >= 0 and not container.id = host', [open({ where: 'containers' })]],
    ['evt.type = execve and proc.exepath = /bin/su', [{ eventClass: 'exec', paths: paths(['/bin/su']), access: 'any', where: 'anywhere' }]],
    ['evt.type = execve and basename(proc.exepath) = su', [{ eventClass: 'exec', paths: paths([], [], ['/su']), access: 'any', where: 'anywhere' }]],
    ['evt.type = execve and proc.pexepath = /bin/su', [{ eventClass: 'exec', paths: all, access: 'any', where: 'anywhere' }]],
    ['evt.type = connect and fd.sport = 22', [{ eventClass: 'connect', paths: all, access: 'any', where: 'anywhere' }]],
    ['evt.type = ptrace', [{ eventClass: 'ptrace', paths: all, access: 'any', where: 'anywhere' }]],
    ['evt.type = getpid', []],
  ];
  for (const [condition, expected] of rows) deepEqual(entries(condition), expected, condition);
});

test('rules are united, and what another covers is left out', () => {
  deepEqual(entries('evt.type = open and fd.num >= 0 and fd.name = /a', 'evt.type = open and fd.num >= 0 and fd.name = /b'), [open({ paths: paths(['/a', '/b']) })]);
  deepEqual(entries('evt.type = open and fd.num >= 0 and fd.name = /a and evt.is_open_read = true', 'evt.type = open and fd.num >= 0'), [open({})]);
  deepEqual(entries('evt.type = open and fd.num >= 0 and fd.name = /a and evt.is_open_read = true', 'evt.type = open and fd.num >= 0 and evt.is_open_write = true').length, 2);
});
