import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { afterEach, test } from 'node:test';
import * as fc from 'fast-check';
import { type MemoryContent, memoryTree } from './memory-tree.ts';
import { type RootTree, type RootTreeOptions, openRootTree } from './root-tree.ts';
import { type FileTree, hasFailed } from './tree.ts';

const made: string[] = [];
const opened: RootTree[] = [];

afterEach(() => {
  for (const tree of opened.splice(0)) tree.close();
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A directory with a secret beside the root: reading the secret through the root is the failure that matters. */
function hostileRoot(contents: Record<string, MemoryContent>): { outside: string; root: string } {
  const outside = mkdtempSync(`${tmpdir()}/vedette-root-`);
  made.push(outside);
  writeFileSync(`${outside}/secret`, 'of the host');
  const root = `${outside}/root`;
  mkdirSync(root);
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(root + path), { recursive: true });
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(root + path, content);
    else if ('link' in content) symlinkSync(content.link, root + path);
    else if ('directory' in content) mkdirSync(root + path, { recursive: true });
    else throw new RangeError('a test makes devices by itself');
  }
  return { outside, root };
}

function open(path: string, options: RootTreeOptions = {}): RootTree {
  const tree = openRootTree(path, options);
  assert.ok(!hasFailed(tree), JSON.stringify(tree));
  opened.push(tree);
  return tree;
}

/** The text, or the kind of failure in angle brackets. */
function readText(tree: FileTree, path: string, bytesMax = 1 << 20): string {
  const result = tree.read(path, bytesMax);
  return hasFailed(result) ? `<${result.failed}>` : new TextDecoder().decode(result.bytes);
}

test('links stay inside the root', () => {
  const contents: Record<string, MemoryContent> = {
    '/etc/passwd': 'of the container',
    '/secret': 'of the container',
    '/a/b/c/file': 'deep',
    '/absolute': { link: '/etc/passwd' },
    '/relative': { link: 'etc/passwd' },
    '/up': { link: '../../../../../secret' },
    '/a/b/up': { link: '../../../../../../secret' },
    '/parent-of-link': { link: 'a/b/c/../../../../../secret' },
    '/a/to-root': { link: '/' },
    '/a/through': { link: 'to-root/../../secret' },
    '/dir-link': { link: '/a/b' },
    '/chain1': { link: 'chain2' },
    '/chain2': { link: './chain3' },
    '/chain3': { link: '/a/../chain4' },
    '/chain4': { link: 'secret' },
    '/loop1': { link: 'loop2' },
    '/loop2': { link: 'loop1' },
    '/self': { link: 'self' },
    '/dangling': { link: '/nothing/here' },
    '/dotdot/x': { link: '..' },
  };
  const cases: [string, string][] = [
    ['/absolute', 'of the container'],
    ['/relative', 'of the container'],
    ['/up', 'of the container'],
    ['/a/b/up', 'of the container'],
    ['/parent-of-link', 'of the container'],
    ['/a/through', 'of the container'],
    ['/dir-link/c/file', 'deep'],
    ['/dir-link/../../secret', 'of the container'],
    ['/dir-link/../b/c/file', 'deep'],
    ['/chain1', 'of the container'],
    ['/../../secret', 'of the container'],
    ['//secret', 'of the container'],
    ['/./a/./b/c/file', 'deep'],
    ['/dotdot/x/secret', 'of the container'],
    ['/loop1', '<too-many-links>'],
    ['/self', '<too-many-links>'],
    ['/dangling', '<absent>'],
    ['/etc/passwd/x', '<wrong-kind>'],
    ['/a/b', '<wrong-kind>'],
    ['secret', '<not-a-path>'],
    ['', '<not-a-path>'],
    ['/se\0cret', '<not-a-path>'],
    [`/${'x'.repeat(300)}`, '<not-a-path>'],
    [`/${'x/'.repeat(3000)}`, '<not-a-path>'],
  ];
  const { root } = hostileRoot(contents);
  const real = open(root);
  const memory = memoryTree(contents);
  for (const [path, expected] of cases) {
    assert.equal(readText(real, path), expected, path.slice(0, 50));
    if (path.length < 256) assert.equal(readText(memory, path), expected, `in memory: ${path}`);
  }
});

test('magic links of /proc are read as text, never followed', () => {
  const { outside } = hostileRoot({});
  const tree = open('/proc');
  // /proc/self/cwd is "/somewhere" by its text, which does not exist below /proc.
  assert.equal(readText(tree, `/${process.pid}/cwd/package.json`), '<absent>');
  assert.equal(readText(tree, `/${process.pid}/root${outside}/secret`), '<absent>');
  const link = tree.readLink(`/${process.pid}/root`);
  assert.ok(!hasFailed(link));
  assert.equal(link.target, '/');
});

test('a file of /proc has no size and is still bounded', () => {
  const tree = open('/proc');
  assert.match(readText(tree, `/${process.pid}/status`), /^Name:/);
  assert.equal(readText(tree, `/${process.pid}/status`, 100), '<too-large>');
});

test('devices, fifos and sockets are never opened', { timeout: 10_000 }, async () => {
  const devices = open('/dev');
  for (const name of ['/null', '/zero', '/full']) {
    assert.equal(readText(devices, name), '<wrong-kind>', name);
    const stat = devices.stat(name);
    assert.ok(!hasFailed(stat) && stat.kind === 'other', name);
  }
  const { root } = hostileRoot({ '/link-to-fifo': { link: 'fifo' } });
  assert.equal(spawnSync('mkfifo', [`${root}/fifo`]).status, 0);
  const server = createServer();
  await new Promise<void>((done) => server.listen(`${root}/socket`, done));
  const tree = open(root);
  for (const name of ['/fifo', '/link-to-fifo', '/socket']) assert.equal(readText(tree, name), '<wrong-kind>', name);
  const listing = tree.list('/', 10);
  assert.ok(!hasFailed(listing));
  assert.deepEqual(listing.entries, [
    { name: 'fifo', kind: 'other' },
    { name: 'link-to-fifo', kind: 'link' },
    { name: 'socket', kind: 'other' },
  ]);
  server.close();
});

test('a large file is refused by its size, before it is read', () => {
  const { root } = hostileRoot({ '/package.json': '' });
  truncateSync(`${root}/package.json`, 2 ** 40);
  const tree = open(root);
  assert.equal(readText(tree, '/package.json'), '<too-large>');
  const stat = tree.stat('/package.json');
  assert.ok(!hasFailed(stat) && stat.sizeBytes === 2 ** 40);
});

test('a directory with many entries is listed to the bound only', () => {
  const { root } = hostileRoot(Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`/many/${n}`, 'x'])));
  const tree = open(root);
  const some = tree.list('/many', 100);
  assert.ok(!hasFailed(some));
  assert.equal(some.entries.length, 100);
  assert.equal(some.truncated, true);
  const all = tree.list('/many', 700);
  assert.ok(!hasFailed(all));
  assert.equal(all.truncated, false);
  assert.deepEqual(all.entries.map((entry) => entry.name), Array.from({ length: 700 }, (_, n) => String(n)).sort());
});

test('a directory moved out of the root while it is open leads nowhere new', () => {
  const { outside, root } = hostileRoot({ '/in/deep/inner/file': 'inside', '/in/deep/inner/climb': { link: '../../../secret' } });
  const tree = open(root);
  assert.equal(readText(tree, '/in/deep/inner/file'), 'inside');
  // The kernel's ".." of `deep` is now the directory with the secret; ours is the way we came.
  renameSync(`${root}/in/deep`, `${outside}/deep`);
  assert.equal(readText(tree, '/in/deep/inner/climb'), '<absent>');
  assert.equal(readText(tree, '/in/deep/../../secret'), '<absent>');
});

test('a component that becomes a link between two calls is resolved anew, inside', () => {
  const { outside, root } = hostileRoot({ '/dir/file': 'inside' });
  const tree = open(root, { directoriesOpenMax: 0 });
  assert.equal(readText(tree, '/dir/file'), 'inside');
  rmSync(`${root}/dir`, { recursive: true });
  symlinkSync(outside, `${root}/dir`);
  assert.equal(readText(tree, '/dir/secret'), '<absent>');
});

test('while links and directories change places, nothing of the host is ever read', { timeout: 30_000 }, async () => {
  const { outside, root } = hostileRoot({ '/app/secret': 'inside' });
  const flipper = `
    const { renameSync, symlinkSync } = require('node:fs');
    const root = ${JSON.stringify(root)};
    symlinkSync(${JSON.stringify(outside)}, root + '/link');
    process.stdout.write('ready');
    const end = Date.now() + 20_000;
    while (Date.now() < end) {
      renameSync(root + '/app', root + '/kept'); renameSync(root + '/link', root + '/app');
      renameSync(root + '/app', root + '/link'); renameSync(root + '/kept', root + '/app');
    }`;
  const child = spawn(process.execPath, ['-e', flipper], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const seen = new Map<string, number>();
  const tree = open(root, { directoriesOpenMax: 0 });
  const until = performance.now() + 1000;
  let naiveReadHost = 0;
  while (performance.now() < until) {
    const text = readText(tree, '/app/secret');
    seen.set(text, (seen.get(text) ?? 0) + 1);
    if (naiveRead(`${root}/app/secret`) === 'of the host') naiveReadHost += 1;
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(naiveReadHost > 0, 'the trap must catch an ordinary read, or this test proves nothing');
  assert.equal(seen.get('of the host'), undefined, JSON.stringify([...seen]));
  assert.ok((seen.get('inside') ?? 0) > 0, JSON.stringify([...seen]));
});

function naiveRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

test('other filesystems are refused when told', () => {
  const inside = open('/', { crossFilesystems: false });
  const listing = inside.list('/proc', 10);
  assert.ok(hasFailed(listing) && listing.failed === 'other-filesystem');
  assert.equal(readText(inside, '/proc/self/status'), '<other-filesystem>');
  assert.ok(!hasFailed(open('/').list('/proc', 10)));
});

test('descriptors are bounded and given back', () => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const { root } = hostileRoot(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`/d${n}/e/f/file`, 'x'])));
  const before = count();
  const tree = openRootTree(root, { directoriesOpenMax: 10 });
  assert.ok(!hasFailed(tree));
  for (let n = 0; n < 60; n += 1) {
    assert.equal(readText(tree, `/d${n}/e/f/file`), 'x');
    assert.equal(readText(tree, `/d${n}/e/f/nothing`), '<absent>');
    assert.equal(readText(tree, `/d${n}/e/f/file/x`), '<wrong-kind>');
  }
  assert.ok(count() - before <= 11, `${count() - before} descriptors`);
  tree.close();
  tree.close();
  assert.equal(count(), before);
});

test('a root that is not there is a value', () => {
  for (const path of ['/proc/4194305/root', '/etc/passwd']) {
    const tree = openRootTree(path);
    assert.ok(hasFailed(tree), path);
  }
});

test('agrees with the tree in memory on random trees of links', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const target = fc.tuple(fc.boolean(), fc.array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 6 }))
    .map(([absolute, parts]) => (absolute ? '/' : '') + parts.join('/'));
  const content = fc.oneof(target.map((link) => ({ link })), fc.constant('text'), fc.constant({ directory: true } as const));
  fc.assert(
    fc.property(fc.array(fc.tuple(path, content), { maxLength: 12 }), fc.array(path, { maxLength: 8 }), (wanted, asked) => {
      const contents: Record<string, MemoryContent> = {};
      for (const [place, what] of wanted) {
        const taken = Object.keys(contents).some((other) => other === place || other.startsWith(`${place}/`) || place.startsWith(`${other}/`));
        if (!taken) contents[place] = typeof what === 'string' ? `content of ${place}` : what;
      }
      const { root } = hostileRoot(contents);
      const real = open(root, { directoriesOpenMax: 2 });
      const memory = memoryTree(contents);
      for (const place of [...asked, ...Object.keys(contents)]) {
        assert.equal(readText(real, place), readText(memory, place), place);
        for (const call of ['realPath', 'readLink', 'stat'] as const) {
          const [a, b] = [real[call](place), memory[call](place)];
          if (hasFailed(a) || hasFailed(b)) assert.equal(hasFailed(a) && a.failed, hasFailed(b) && b.failed, `${call} ${place}`);
          else if (call !== 'stat') assert.deepEqual(a, b, `${call} ${place}`);
        }
        assert.deepEqual(pick(real.list(place, 10)), pick(memory.list(place, 10)), place);
      }
    }),
    { numRuns: 200 },
  );
});

function pick(listing: ReturnType<FileTree['list']>): unknown {
  return hasFailed(listing) ? listing.failed : listing;
}
