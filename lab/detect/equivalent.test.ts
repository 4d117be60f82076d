/** The table of operations against the program that carries them out, and each gap against what the hooks say and people read. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../borders/borders.ts';
import { operations } from './equivalent-operations.ts';

const folder = join(import.meta.dirname, 'equivalent');
const tables = readdirSync(folder).filter((one) => one.endsWith('.c')).flatMap((one) => readFileSync(join(folder, one), 'utf8').split('const struct operation ')[1] ?? []);
const known = tables.flatMap((one) => [...one.matchAll(/\{ "([a-z0-9-]+)", \w+ \}/g)].map(([, name = '']) => name));
const hooks = readFileSync(join(projectRoot(), 'sensor', 'probe', 'loader', 'hooks.c'), 'utf8');
const opensMiss = /opens_miss\[\] =\s*"([^"]*)"/.exec(hooks)?.[1] ?? '';
const told = [
  ...[...hooks.matchAll(/VD_THROUGH\(VD_\w+, "([a-z0-9-]+)", "([^"]*)"\)/g)].map(([, eventClass = '', misses = '']) => ({ eventClass, misses })),
  ...[...hooks.matchAll(/\.event_class = "([a-z0-9-]+)"[^}]*?\.misses = (?:"([^"]*)"|opens_miss)/g)].map(([, eventClass = '', misses]) => ({ eventClass, misses: misses ?? opensMiss })),
];

test('every operation of the program is in the table once, and the other way round', () => {
  assert.deepEqual(operations.map((one) => one.name).sort(), known.toSorted());
  assert.equal(new Set(known).size, known.length);
  assert.equal(new Set(operations.map((one) => `${one.goal}: ${one.way}`)).size, operations.length);
});

test('what the goals demand is there, and at most four ways are not seen', () => {
  const names = new Set(operations.filter((one) => one.gap === undefined && one.refused === undefined).map((one) => one.name));
  const demanded = ['openat2', 'execveat-descriptor', 'execve-clone-into-cgroup', 'execve-symlink', 'open-symlink', 'open-hard-link', 'open-proc-root', 'execve-renamed', 'execve-memfd', 'execve-script-no-head', 'ring-open', 'ring-connect', 'open-race',
    'execve-race', 'unlink-race', 'open-double-slash', 'open-relative', 'open-chroot', 'execve-vfork', 'open-int-0x80', 'open-bind-mount', 'execve-loader', 'execve-proc-fd', 'open-path-descriptor'];
  assert.deepEqual(demanded.filter((one) => !names.has(one)), []);
  assert.ok(operations.filter((one) => one.gap !== undefined).length <= 4);
  for (const { name, gap } of operations) if (gap !== undefined) assert.doesNotMatch(name, /exec|openat2|symlink|memfd|race/);
});

for (const { name, way, gap } of operations) {
  if (gap === undefined) continue;
  test(`${name}: that it is not seen (${way}) is what the hook of ${gap.eventClass} says`, () => {
    const mine = told.filter((one) => one.eventClass === gap.eventClass);
    assert.ok(mine.some((one) => gap.says.test(one.misses)), JSON.stringify(mine));
  });
}
