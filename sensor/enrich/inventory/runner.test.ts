import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { InventoryRunner, type Inventory, type ScanRequest } from './runner.ts';

const double = join(import.meta.dirname, 'testing', 'scanner-double.ts');
const digest = `sha256:${'ab'.repeat(32)}`;

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-inventory-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function request(more: Partial<ScanRequest> = {}): ScanRequest {
  return { containerId: 'web', platformDigest: digest, mounts: [], witness: () => 4711, ...more };
}

async function scanned(runner: InventoryRunner, more: Partial<ScanRequest> = {}): Promise<Inventory> {
  const found = await runner.scan(request(more));
  assert.ok(!('problem' in found), JSON.stringify(found));
  return found;
}

test('the root of a living process is read, without what is mounted into it', async (t) => {
  const found = await scanned(new InventoryRunner(place(t), double), { mounts: ['/', '/proc', '/data'] });
  assert.deepEqual([found.packages[0]?.name, found.packages[0]?.path, found.fromCache], ['/proc/4711/root', '/proc,/data', false]);
});

test('an image is read once, also by the next sensor process; two at the same time wait for each other', async (t) => {
  const directory = place(t);
  const runner = new InventoryRunner(directory, double);
  const [first, second] = await Promise.all([scanned(runner), scanned(runner, { containerId: 'other' })]);
  assert.deepEqual([first.fromCache, second.fromCache, second.revision], [false, true, first.revision]);
  assert.equal((await scanned(new InventoryRunner(directory, double), { witness: () => 0 })).fromCache, true, 'and needs no living process');
});

test('a container whose image is not known is read each time: people use names again', async (t) => {
  const runner = new InventoryRunner(place(t), double);
  const first = await scanned(runner, { platformDigest: null });
  const second = await scanned(runner, { platformDigest: null });
  assert.deepEqual([second.fromCache, first.revision === second.revision], [false, false]);
});

test('names never lead out of the directory', async (t) => {
  const outer = place(t);
  const runner = new InventoryRunner(join(outer, 'inventories'), double);
  for (const name of ['../../escape', '/etc/x', 'a/b']) await scanned(runner, { platformDigest: null, containerId: name });
  for (const platformDigest of ['..', '.']) await scanned(runner, { platformDigest });
  assert.deepEqual(readdirSync(outer), ['inventories']);
  assert.equal(readdirSync(join(outer, 'inventories')).length, 5);
});

test('what goes wrong is a sentence, and the next one is read all the same', async (t) => {
  const directory = place(t);
  const runner = new InventoryRunner(directory, double);
  const cases: [what: string, more: Partial<ScanRequest>, problem: RegExp][] = [
    ['nobody lives in it', { witness: () => 0 }, /^the container ended before its packages could be read$/],
    ['the scanner cannot read it', { platformDigest: 'fails' }, /^the packages could not be read: the root is no directory$/],
    ['the scanner is killed', { platformDigest: 'killed' }, /it was ended by SIGKILL/],
    ['the scanner leaves nothing', { platformDigest: 'silent' }, /^the scanner left no result$/],
    ['the scanner leaves garbage', { platformDigest: 'garbage' }, /^the scanner left no result$/],
    ['the asking itself throws', { witness: () => { throw new Error('no such thing'); } }, /^no such thing$/],
  ];
  for (const [what, more, problem] of cases) {
    const found = await runner.scan(request(more));
    assert.ok('problem' in found, what);
    assert.match(found.problem, problem, what);
  }
  assert.equal((await scanned(runner)).fromCache, false);
});

test('what another version left in the cache is read anew', async (t) => {
  const directory = place(t);
  const runner = new InventoryRunner(directory, double);
  const first = await scanned(runner);
  const [name] = readdirSync(directory);
  for (const [file, content] of [['packages.json', '{'], ['files.index', 'VDFI but cut']] as const) {
    writeFileSync(join(directory, name!, file), content);
    const again = await scanned(runner);
    assert.deepEqual([again.fromCache, again.revision === first.revision], [false, false], file);
  }
});

test('the least recently used inventories go', async (t) => {
  const directory = place(t);
  for (let i = 0; i < 210; i++) {
    mkdirSync(join(directory, `old-${i}`));
    utimesSync(join(directory, `old-${i}`), 1000 + i, 1000 + i);
  }
  await scanned(new InventoryRunner(directory, double));
  const left = readdirSync(directory);
  assert.equal(left.length, 200);
  assert.ok(!existsSync(join(directory, 'old-10')) && existsSync(join(directory, 'old-11')));
});

const child = join(import.meta.dirname, 'child.ts');

test('the scanner itself: packages of a root, skipping what it is told to', (t) => {
  const root = place(t);
  const files = {
    'etc/os-release': 'ID=debian\nVERSION_ID=12\n',
    'var/lib/dpkg/status': 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n',
    'var/lib/dpkg/info/bash.list': '/usr/bin/bash\n',
    'srv/node_modules/lodash/package.json': '{"name":"lodash","version":"4.17.15"}',
    'data/node_modules/elsewhere/package.json': '{"name":"elsewhere","version":"1.0.0"}',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  const out = join(place(t), 'out');
  execFileSync(process.execPath, [child, root, out, '/data']);
  const summary = JSON.parse(execFileSync('cat', [join(out, 'packages.json')], { encoding: 'utf8' })) as { distribution: string; packages: { name: string }[] };
  assert.deepEqual([summary.distribution, summary.packages.map((one) => one.name)], ['Debian:12', ['bash', 'lodash']]);
  assert.deepEqual(readdirSync(out).sort(), ['files.index', 'packages.json']);
});

test('the scanner says in a sentence what it cannot do', (t) => {
  const out = join(place(t), 'out');
  const nothing = spawnSync(process.execPath, [child, '/nowhere/at/all', out], { encoding: 'utf8' });
  assert.equal(nothing.status, 1);
  assert.ok(nothing.stderr.trim() !== '' && !nothing.stderr.includes('\n    at '), nothing.stderr);
  assert.equal(spawnSync(process.execPath, [child], { encoding: 'utf8' }).status, 2);
  assert.ok(!existsSync(out));
});
