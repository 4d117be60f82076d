import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { hasEntered, proc, type ProcReader } from './entered.ts';

/** pid: parent, root, cgroups. */
type Table = Readonly<Record<number, readonly [number, string | null, string | null]>>;

function reader(table: Table, own: string): ProcReader {
  return {
    root: (tgid) => (tgid === 'self' ? own : (table[tgid]?.[1] ?? null)),
    parent: (tgid) => table[tgid]?.[0] ?? 0,
    cgroups: (tgid) => table[tgid]?.[2] ?? null,
  };
}

const host: Table = { 1: [0, 'host', '/init'], 20: [1, 'host', '/system/shim'], 30: [20, 'host', '/system/shim'] };
const node: Table = { 1: [0, null, null], 20: [1, 'host', '/system/shim'], 30: [20, 'host', '/system/shim'] };

const cases: readonly [string, Table, { readonly own: string; readonly ownIsHosts: boolean; readonly inside?: readonly number[] }, boolean][] = [
  ['in its own root, on a plain host', { ...host, 60: [30, 'web', '/web'] }, { own: 'host', ownIsHosts: true }, true],
  ['still in the root of the host', { ...host, 60: [30, 'host', '/web'] }, { own: 'host', ownIsHosts: true }, false],
  ['still in the root of the host, seen from a Pod', { ...host, 60: [30, 'host', '/web'] }, { own: 'pod', ownIsHosts: false }, false],
  ['the same, where the first process is out of reach', { ...node, 60: [30, 'host', '/web'] }, { own: 'pod', ownIsHosts: false }, false],
  ['the same, when who started it has ended', { ...node, 60: [20, 'host', '/web'] }, { own: 'pod', ownIsHosts: false }, false],
  ['a child of the runtime in between', { ...node, 60: [30, 'host', '/web'], 61: [60, 'host', '/web'] }, { own: 'pod', ownIsHosts: false }, false],
  ['in its own root, seen from a Pod', { ...node, 60: [30, 'web', '/web'] }, { own: 'pod', ownIsHosts: false }, true],
  ['a child of what has the same root inside', { ...node, 60: [30, 'web', '/web'], 61: [60, 'web', '/web'] }, { own: 'pod', ownIsHosts: false }, true],
  ['the parent in a cgroup below, known to be inside', { ...node, 59: [30, 'web', '/web/a'], 60: [59, 'web', '/web/b'] }, { own: 'pod', ownIsHosts: false, inside: [59] }, true],
  ["the sensor's own container", { ...node, 60: [30, 'pod', '/pod'] }, { own: 'pod', ownIsHosts: false }, true],
  ['a container in a container, still in the root of the outer one', { ...node, 50: [30, 'outer', '/outer'], 60: [50, 'outer', '/outer/inner'] }, { own: 'pod', ownIsHosts: false }, false],
  ['out of reach itself', { ...node, 60: [30, null, '/web'] }, { own: 'pod', ownIsHosts: false }, false],
  ['over already', node, { own: 'pod', ownIsHosts: false }, false],
  ['parents in a circle end', { 60: [61, 'web', '/web'], 61: [60, 'web', '/web'] }, { own: 'pod', ownIsHosts: false }, true],
];

for (const [name, table, { own, ownIsHosts, inside = [] }, expected] of cases) {
  test(`entered: ${name}`, () => assert.equal(hasEntered(60, (tgid) => inside.includes(tgid), ownIsHosts, reader(table, own)), expected));
}

test('a program started in a living container has not entered before its root is the container\'s', () => {
  const table: Table = { ...node, 60: [30, 'web', '/web'], 70: [30, 'host', '/web'] };
  assert.equal(hasEntered(70, () => false, false, reader(table, 'pod')), false);
});

test('a real child in the same root has not entered, and an ended one neither', async () => {
  const child = spawn('sleep', ['60']);
  try {
    assert.equal(proc.parent(child.pid!), process.pid);
    assert.equal(proc.root(child.pid!), proc.root('self'));
    assert.equal(proc.cgroups(child.pid!), proc.cgroups(process.pid));
    assert.equal(hasEntered(child.pid!, () => false, true), false);
  } finally {
    child.kill();
    await new Promise((resolve) => child.once('exit', resolve));
  }
  assert.equal(hasEntered(child.pid!, () => false, true), false);
});
