import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectRoot } from '@vedette/cli/build';
import { closureOf, readLock } from './closure.ts';

const none = new Set<string>();
const entry = (dependencies: Record<string, string> = {}, more: object = {}) => ({ dependencies, optionalDependencies: {}, peerDependencies: {}, ...more });

test('what a part needs is found as Node looks for it: nearest first, links followed, no development', () => {
  const packages = {
    'hub': entry({ 'a': '1', '@vedette/model': '1' }),
    'model': entry({ z: '1' }),
    'node_modules/@vedette/model': entry({}, { link: true, resolved: 'model' }),
    'node_modules/a': entry({ b: '1' }),
    'node_modules/a/node_modules/b': entry({ z: '1' }),
    'node_modules/b': entry(),
    'node_modules/z': entry(),
    'node_modules/unwanted': entry(),
  };
  assert.deepEqual(closureOf(packages, ['hub'], none), { workspaces: ['hub', 'model'], modules: ['node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/z'] });
});

const cases: readonly { name: string; packages: Parameters<typeof closureOf>[0]; left?: string; expected: readonly string[] | RegExp }[] = [
  { name: 'an optional module that is not there', packages: { p: entry({}, { optionalDependencies: { gone: '1' } }) }, expected: [] },
  { name: 'a module that must be there', packages: { p: entry({ gone: '1' }) }, expected: /has no gone, which p needs/ },
  { name: 'another system', packages: { p: entry({ m: '1' }), 'node_modules/m': entry({}, { os: ['plan9'] }) }, expected: [] },
  { name: 'what is left out on purpose', packages: { p: entry({ m: '1' }), 'node_modules/m': entry({ n: '1' }), 'node_modules/n': entry() }, left: 'm', expected: [] },
  { name: 'modules that need each other', packages: { p: entry({ m: '1' }), 'node_modules/m': entry({ n: '1' }), 'node_modules/n': entry({ m: '1' }) }, expected: ['node_modules/m', 'node_modules/n'] },
  { name: 'a part that is not there', packages: {}, expected: /has no p$/ },
];
for (const { name, packages, left, expected } of cases) {
  test(`closure: ${name}`, () => {
    const find = () => closureOf(packages, ['p'], new Set(left === undefined ? [] : [left]));
    if (expected instanceof RegExp) assert.throws(find, expected);
    else assert.deepEqual(find().modules, expected);
  });
}

test('the hub of this lock file needs a database driver and no browser, compiler or linter', () => {
  const { workspaces, modules } = closureOf(readLock(projectRoot), ['hub'], none);
  assert.ok(workspaces.includes('hub') && workspaces.includes('model'));
  assert.ok(modules.includes('node_modules/pg'));
  for (const one of ['react', 'typescript', 'vite', 'oxlint', 'playwright-core']) assert.ok(!modules.includes(`node_modules/${one}`), one);
});
