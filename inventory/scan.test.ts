import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type MemoryContent, memoryTree } from './memory-tree.ts';
import { type Package, type PackageIdentity, loadedApplies } from './package-list.ts';
import { openRootTree } from './root-tree.ts';
import { type ScanOptions, revisionOf, scan } from './scan.ts';
import { type FileTree, failure, hasFailed } from './tree.ts';

const still: ScanOptions = { clock: () => 0, budgetMs: 1000 };

function npm(folder: string, name: string, version = '1.0.0'): Record<string, MemoryContent> {
  return { [`${folder}/node_modules/${name}/package.json`]: JSON.stringify({ name, version }) };
}

const sample: Record<string, MemoryContent> = {
  '/etc/os-release': 'ID=debian\nVERSION_ID=12\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  '/var/lib/dpkg/status': ['zlib1g', 'bash', 'libc6'].map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 1\n`).join('\n'),
  '/var/lib/dpkg/info/zlib1g.list': '/usr/lib/libz.so.1\n',
  '/var/lib/dpkg/info/bash.list': '/usr/bin/bash\n',
  '/var/lib/dpkg/info/libc6.list': '/usr/lib/libc.so.6\n',
  ...npm('/b', 'left-pad'),
  ...npm('/a', 'left-pad'),
};

test('one root, one result', () => {
  const result = scan(memoryTree(sample), still);
  assert.deepEqual(result.distribution, { id: 'debian', version: '12', name: 'Debian GNU/Linux 12 (bookworm)', ecosystem: 'Debian:12' });
  assert.deepEqual(result.packages.map((one) => `${one.ecosystem} ${one.name} ${one.path}`), [
    'Debian:12 bash ',
    'Debian:12 libc6 ',
    'Debian:12 zlib1g ',
    'npm left-pad /a/node_modules/left-pad',
    'npm left-pad /b/node_modules/left-pad',
  ]);
  assert.equal(result.filesIndexed, 3);
  assert.deepEqual(result.index.owners('/usr/lib/libz.so.1'), [2]);
  assert.deepEqual(result.index.owners('/b/node_modules/left-pad/index.js'), [4]);
  assert.deepEqual(result.problems, []);
  assert.equal(result.truncated, false);
  const reversed = scan(memoryTree(Object.fromEntries(Object.entries(sample).reverse())), still);
  assert.deepEqual(reversed, result);
});

test('the revision covers what travels, and nothing else', () => {
  const text = fc.string({ maxLength: 4 });
  const identity = fc.record({ ecosystem: text, name: text, version: text, sourceName: text, sourceVersion: text, path: text });
  fc.assert(
    fc.property(fc.array(identity, { maxLength: 6 }), fc.nat(5), fc.constantFrom(...(['name', 'version', 'path', 'sourceVersion'] as const)), (list, at, field) => {
      const revision = revisionOf(list);
      assert.match(revision, /^sha256:[0-9a-f]{64}$/);
      assert.equal(revisionOf([...list].reverse()), revision);
      assert.notEqual(revisionOf([...list, { ecosystem: '', name: 'one more', version: '', sourceName: '', sourceVersion: '', path: '' }]), revision);
      if (at >= list.length) return;
      const changed = list.map((one, place): PackageIdentity => (place === at ? { ...one, [field]: `${one[field]}x` } : one));
      const same = JSON.stringify([...changed].map((one) => JSON.stringify(one)).sort()) === JSON.stringify([...list].map((one) => JSON.stringify(one)).sort());
      assert.equal(revisionOf(changed) === revision, same);
    }),
  );
  const { packages } = scan(memoryTree(sample), still);
  const extra = packages.map((one): Package => ({ ...one, files: 99, architecture: 'arm64' }));
  assert.equal(revisionOf(extra), revisionOf(packages));
});

test('each bound is a sentence, and the result is truncated', () => {
  let now = 0;
  const cases: [string, ScanOptions, RegExp][] = [
    ['packages', { ...still, bounds: { packagesMax: 2 } }, /^more than 2 packages/],
    ['files', { ...still, bounds: { filesMax: 1 } }, /^more than 1 files/],
    ['entries', { ...still, bounds: { entriesMax: 5 } }, /^more than 5 directory entries/],
    ['bytes', { ...still, bounds: { bytesMax: 100 } }, /bytes to read/],
    ['depth', { ...still, depthMax: 1 }, /^directories deeper than 1 /],
    ['time', { clock: () => (now += 100), budgetMs: 1000 }, /^the scan took longer than 1000 ms/],
  ];
  for (const [name, options, sentence] of cases) {
    const result = scan(memoryTree(sample), options);
    assert.equal(result.truncated, true, name);
    assert.match(result.problems.join('\n'), new RegExp(sentence.source, 'm'), name);
    assert.ok(result.packages.length < 5 || name === 'files', name);
  }
  const files = scan(memoryTree(sample), { ...still, bounds: { filesMax: 1 } });
  for (const one of files.packages) assert.equal(loadedApplies(one), one.owned === 'unknown' ? 'unknown' : 'yes');
  assert.equal(files.packages.filter((one) => one.owned === 'unknown').length, 2);
});

test('what no reader reads is said', () => {
  const cases: [Record<string, MemoryContent>, RegExp][] = [
    [{ '/lib/apk/db/installed': 'P:musl\n' }, /databases of apk, whose packages are not read yet: 1/],
    [{ '/usr/lib/apk/db/installed': 'P:musl\n', '/lib': { link: 'usr/lib' } }, /databases of apk, whose packages are not read yet: 1,/],
    [{ '/usr/lib/sysimage/rpm/rpmdb.sqlite': '', '/var/lib/rpm': { link: '../../usr/lib/sysimage/rpm' } }, /databases of rpm, whose packages are not read yet: 1,/],
    [{ '/usr/local/lib/python3.12/site-packages/requests-2.31.0.dist-info/METADATA': '' }, /Python packages, which are not read yet: 1/],
    [{ '/srv/app.jar': '' }, /Java archives, which are not read yet: 1/],
  ];
  for (const [contents, problem] of cases) {
    const result = scan(memoryTree(contents), still);
    assert.match(result.problems.join(), problem);
    assert.equal(result.truncated, false);
  }
  const none = { '/var/lib/rpm': { directory: true }, '/usr/lib/python3/dist-packages/x-1.dist-info/M': '', '/usr/share/java/x.jar': '' } as const;
  assert.deepEqual(scan(memoryTree(none), still).problems, []);
});

test('what is not entered', () => {
  const contents = {
    ...npm('/proc/1/root', 'a'), ...npm('/sys', 'b'), ...npm('/dev/shm', 'c'), ...npm('/mnt/volume', 'd'),
    ...npm('/var/lib/docker/overlay2/x/diff', 'e'), ...npm('/var/lib/docker-compose', 'f'),
  };
  const result = scan(memoryTree(contents), { ...still, skip: ['/mnt/volume'] });
  assert.deepEqual(result.packages.map((one) => one.name), ['f']);
  assert.deepEqual(result.problems, ['directories with the roots of containers, which are not entered: 1, the first is "/var/lib/docker"']);
});

test('an empty root has nothing and no problem', () => {
  const result = scan(memoryTree({}), still);
  assert.deepEqual([result.distribution, result.packages, result.problems, result.truncated], [null, [], [], false]);
});

test('a root that fails everywhere is described, not thrown', () => {
  const broken = (path: string): ReturnType<typeof failure> => failure('unreadable', path, 'EIO');
  const tree: FileTree = { list: broken, read: broken, readLink: broken, stat: broken, realPath: broken };
  const result = scan(tree, still);
  assert.equal(result.packages.length, 0);
  assert.equal(result.truncated, true);
  assert.match(result.problems.join(), /dpkg's packages are not listed/);
  assert.match(result.problems.join(), /directories that could not be listed: 1, the first is "\/"/);
  assert.match(result.problems.join(), /the distribution is not known: "\/etc\/os-release" could not be read \(EIO\)/);
});

test('names from the root cannot forge the report', () => {
  const evil = 'x"\n\u001b[2J\u202etxt';
  const result = scan(memoryTree({ [`/app/node_modules/${evil}/package.json`]: '{' }), still);
  assert.equal(result.problems.length, 1);
  for (const character of '\n\u001b\u202e') assert.ok(!result.problems[0]!.includes(character));
});

test('a real directory: the packages of this repository', { timeout: 60_000 }, () => {
  const tree = openRootTree(`${import.meta.dirname}/..`);
  assert.ok(!hasFailed(tree));
  using open = tree;
  const result = scan(open, { clock: () => performance.now(), budgetMs: 50_000 });
  assert.equal(result.truncated, false, result.problems.join());
  const owners = (path: string): string[] => result.index.owners(path).map((at) => result.packages[at]!.name);
  assert.deepEqual(owners('/node_modules/zod/index.js'), ['zod']);
  assert.deepEqual(owners('/node_modules/@types/node/index.d.ts'), ['@types/node']);
  assert.deepEqual(owners('/inventory/scan.ts'), []);
});
