import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type MemoryContent, memoryTree } from '../memory-tree.ts';
import { type ScanResult, scan } from '../scan.ts';
import { manifestOf } from './manifest.ts';

function scanned(contents: Record<string, MemoryContent>): ScanResult {
  return scan(memoryTree(contents), { clock: () => 0, budgetMs: 1000 });
}

function manifest(name: string, version: string): string {
  return JSON.stringify({ name, version, main: 'index.js' });
}

test('every installed package, wherever node_modules lies', () => {
  const result = scanned({
    '/app/package.json': manifest('the-application', '1.0.0'),
    '/app/node_modules/express/package.json': manifest('express', '4.19.2'),
    '/app/node_modules/express/node_modules/debug/package.json': manifest('debug', '2.6.9'),
    '/app/node_modules/debug/package.json': manifest('debug', '4.3.4'),
    '/app/node_modules/@babel/core/package.json': manifest('@babel/core', '7.24.0'),
    '/app/node_modules/glob/dist/esm/package.json': '{"type":"module"}',
    '/app/node_modules/glob/package.json': manifest('glob', '10.4.5'),
    '/app/node_modules/.bin/glob': { link: '../glob/bin.js' },
    '/app/node_modules/.package-lock.json': '{}',
    '/app/node_modules/.cache/x/package.json': manifest('no', '1.0.0'),
    '/app/node_modules/workspace-member': { link: '../packages/member' },
    '/app/node_modules/empty/readme': '',
    '/app/packages/member/package.json': manifest('member', '0.0.0'),
    '/app/node_modules/alias/package.json': manifest('real-name', '2.0.0'),
    '/srv/pnpm/node_modules/.pnpm/ms@2.1.3/node_modules/ms/package.json': manifest('ms', '2.1.3'),
    '/srv/pnpm/node_modules/.pnpm/debug@4.3.7/node_modules/debug/package.json': manifest('debug', '4.3.7'),
    '/srv/pnpm/node_modules/.pnpm/debug@4.3.7/node_modules/ms': { link: '../../ms@2.1.3/node_modules/ms' },
    '/srv/pnpm/node_modules/debug': { link: '.pnpm/debug@4.3.7/node_modules/debug' },
    '/usr/local/lib/node_modules/npm/package.json': manifest('npm', '10.9.0'),
    '/usr/local/lib/node_modules/npm/node_modules/ip-address/package.json': manifest('ip-address', '9.0.5'),
    '/proc/1/root/node_modules/hidden/package.json': manifest('hidden', '1.0.0'),
  });
  assert.deepEqual(result.packages.map((one) => `${one.name}@${one.version} ${one.path}`), [
    '@babel/core@7.24.0 /app/node_modules/@babel/core',
    'debug@2.6.9 /app/node_modules/express/node_modules/debug',
    'debug@4.3.4 /app/node_modules/debug',
    'debug@4.3.7 /srv/pnpm/node_modules/.pnpm/debug@4.3.7/node_modules/debug',
    'express@4.19.2 /app/node_modules/express',
    'glob@10.4.5 /app/node_modules/glob',
    'ip-address@9.0.5 /usr/local/lib/node_modules/npm/node_modules/ip-address',
    'ms@2.1.3 /srv/pnpm/node_modules/.pnpm/ms@2.1.3/node_modules/ms',
    'npm@10.9.0 /usr/local/lib/node_modules/npm',
    'real-name@2.0.0 /app/node_modules/alias',
  ]);
  assert.deepEqual(result.problems, []);

  const owner = (path: string): string | undefined => {
    const at = result.index.folderOwner(path);
    return at < 0 ? undefined : `${result.packages[at]!.name}@${result.packages[at]!.version}`;
  };
  const cases: [string, string | undefined][] = [
    ['/app/node_modules/express/lib/router.js', 'express@4.19.2'],
    ['/app/node_modules/express/node_modules/debug/src/index.js', 'debug@2.6.9'],
    ['/app/node_modules/debug/src/index.js', 'debug@4.3.4'],
    ['/app/node_modules/@babel/core/lib/index.js', '@babel/core@7.24.0'],
    ['/app/node_modules/@babel/other/lib/index.js', undefined],
    ['/app/node_modules/@babel', undefined],
    ['/app/node_modules/glob/dist/esm/index.js', 'glob@10.4.5'],
    ['/app/node_modules/glob', undefined],
    ['/app/node_modules/glob/node_modules/unknown/x.js', 'glob@10.4.5'],
    ['/app/node_modules/alias/x.js', 'real-name@2.0.0'],
    ['/srv/pnpm/node_modules/.pnpm/debug@4.3.7/node_modules/debug/src/x.js', 'debug@4.3.7'],
    ['/usr/local/lib/node_modules/npm/lib/cli.js', 'npm@10.9.0'],
    ['/app/index.js', undefined],
    ['/node_modules/', undefined],
    ['', undefined],
  ];
  for (const [path, expected] of cases) assert.equal(owner(path), expected, path);
});

test('package.json files that cannot be used are counted', () => {
  const folder = '/app/node_modules';
  const result = scanned({
    [`${folder}/broken/package.json`]: '{"name": "broken",',
    [`${folder}/array/package.json`]: '[]',
    [`${folder}/null/package.json`]: 'null',
    [`${folder}/noname/package.json`]: '{"version":"1.0.0"}',
    [`${folder}/noversion/package.json`]: '{"name":"noversion"}',
    [`${folder}/number/package.json`]: '{"name":"number","version":1}',
    [`${folder}/control/package.json`]: JSON.stringify({ name: 'a\u001b[31mred', version: '1.0.0' }),
    [`${folder}/longname/package.json`]: manifest('x'.repeat(215), '1.0.0'),
    [`${folder}/large/package.json`]: ' '.repeat(2 ** 20 + 1),
    [`${folder}/device/package.json`]: { other: true },
    [`${folder}/directory/package.json/x`]: '',
    [`${folder}/loop/package.json`]: { link: 'package.json' },
    [`${folder}/bom/package.json`]: `\ufeff${manifest('bom', ' 1.0.0 ')}`,
  });
  assert.deepEqual(result.packages.map((one) => `${one.name}@${one.version}`), ['bom@1.0.0']);
  assert.deepEqual(result.problems, [
    'package.json files without a name: 4, the first is "/app/node_modules/array/package.json"',
    'package.json files not JSON: 2, the first is "/app/node_modules/broken/package.json"',
    'package.json files that could not be read: 4, the first is "/app/node_modules/device/package.json"',
    'package.json files without a version: 2, the first is "/app/node_modules/noversion/package.json"',
  ]);
});

test('packages in archives are said to be unread', () => {
  const result = scanned({ '/app/.pnp.cjs': '', '/app/.yarn/cache/x.zip': '' });
  assert.match(result.problems.join(), /Yarn's Plug'n'Play.*"\/app"/);
});

test('any text is a manifest or a refusal', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.record({ name: fc.anything(), version: fc.anything() }).map((value) => JSON.stringify(value) ?? '')), (text) => {
      const manifest = manifestOf(text);
      if (typeof manifest !== 'string') assert.ok(manifest.name.length > 0 && manifest.version.length > 0);
    }),
  );
});
