import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { type MemoryContent, memoryTree } from '../memory-tree.ts';
import { type ScanResult, scan } from '../scan.ts';
import { pathsOfList, pathsOfSums } from './packages.ts';

const release = { '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n' };

function scanned(contents: Record<string, MemoryContent>): ScanResult {
  return scan(memoryTree({ ...release, ...contents }), { clock: () => 0, budgetMs: 1000 });
}

function stanza(fields: Record<string, string>): string {
  const all = { Package: 'sample', Status: 'install ok installed', Version: '1.0-1', Architecture: 'amd64', ...fields };
  return Object.entries(all).map(([name, value]) => `${name}: ${value}\n`).join('');
}

test('what counts as installed', () => {
  const cases: [string, boolean, RegExp | null][] = [
    ['install ok installed', true, null],
    ['hold ok installed', true, null],
    ['deinstall ok installed', true, null],
    ['install ok triggers-pending', true, null],
    ['install ok triggers-awaited', true, null],
    ['deinstall ok config-files', false, null],
    ['unknown ok not-installed', false, null],
    ['install ok unpacked', false, /did not finish.*: 1, the first is "sample"/],
    ['install reinstreq half-installed', false, /did not finish/],
    ['install ok half-configured', false, /did not finish/],
    ['nonsense', false, /did not finish/],
    ['', false, /did not finish/],
  ];
  for (const [status, installed, problem] of cases) {
    const result = scanned({ '/var/lib/dpkg/status': stanza({ Status: status }), '/var/lib/dpkg/info/sample.list': '/usr/bin/sample\n' });
    assert.equal(result.packages.length, installed ? 1 : 0, status);
    if (problem === null) assert.deepEqual(result.problems, [], status);
    else assert.match(result.problems.join(), problem, status);
  }
});

test('source package and its version', () => {
  const cases: [string, string, string][] = [
    ['', '', ''],
    ['sample', '', ''],
    ['origin', 'origin', ''],
    ['origin (2:0.9-3)', 'origin', '2:0.9-3'],
    ['origin (1.0-1)', 'origin', ''],
    ['sample (1.0-1)', '', ''],
    ['sample (0.9-1)', '', '0.9-1'],
  ];
  for (const [source, name, version] of cases) {
    const result = scanned({ '/var/lib/dpkg/status': stanza(source === '' ? {} : { Source: source }) });
    assert.equal(result.packages[0]?.sourceName, name, source);
    assert.equal(result.packages[0]?.sourceVersion, version, source);
    assert.equal(result.packages[0]?.ecosystem, 'Debian:12');
  }
});

test('hostile entries are counted and cannot name a path', () => {
  const status = [
    stanza({ Package: '../../../../etc/passwd' }),
    stanza({ Package: '' }),
    stanza({ Package: 'noversion', Version: '' }),
    stanza({ Package: 'spaces', Version: '1.0 2.0' }),
    stanza({ Package: 'badsource', Source: '../x (1)' }),
    stanza({ Package: 'good' }),
    stanza({ Package: 'good' }),
    'Package without colon\n\0\0\0\n',
    `X-Long: ${'y'.repeat(100_000)}\n`,
  ].join('\n');
  const result = scanned({ '/var/lib/dpkg/status': status, '/var/lib/dpkg/info/good.list': '/usr/bin/good\n' });
  assert.deepEqual(result.packages.map((one) => one.name), ['good']);
  assert.deepEqual(result.problems, [
    'dpkg entries without a usable name: 2, the first is "../../../../etc/passwd"',
    'dpkg entries without a usable version: 2, the first is "noversion"',
    'dpkg entries without a usable source package: 1, the first is "badsource"',
  ]);
  assert.equal(result.truncated, false);
});

test('continuation lines, other cases and CRLF do not make fields', () => {
  const status = 'package: sample\r\nSTATUS: install ok installed\r\nDescription: text\n Version: 9\n .\n\tPackage: other\nVersion:1.0-1\n  \nPackage: second\nVersion: 2\nStatus: install ok installed';
  const result = scanned({ '/var/lib/dpkg/status': status });
  assert.deepEqual(result.packages.map((one) => `${one.name} ${one.version}`), ['sample 1.0-1', 'second 2']);
});

test('paths of a list: no directories, no documentation', () => {
  const list = [
    '/.', '/usr', '/usr/bin', '/usr/bin/tool', '/usr/lib', '/usr/lib/tool', '/usr/lib/tool/a.so', '/usr/lib/tool-data',
    '/usr/share', '/usr/share/doc', '/usr/share/doc/tool', '/usr/share/doc/tool/copyright', '/usr/share/man', '/usr/share/man/man1',
    '/usr/share/man/man1/tool.1.gz', '/usr/share/locale/de/LC_MESSAGES/tool.mo', '/usr/share/lintian/overrides/tool', '', 'relative',
  ].join('\n');
  assert.deepEqual(pathsOfList(list), ['/usr/bin/tool', '/usr/lib/tool/a.so', '/usr/lib/tool-data']);
});

test('a package with nothing but documentation has no file that could be loaded', () => {
  const result = scanned({
    '/var/lib/dpkg/status': stanza({ Package: 'meta' }),
    '/var/lib/dpkg/info/meta.list': '/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/meta\n/usr/share/doc/meta/copyright\n',
  });
  assert.deepEqual(result.packages.map(({ owned, files }) => ({ owned, files })), [{ owned: 'files', files: 0 }]);
});

test('one list for each architecture', () => {
  const result = scanned({
    '/var/lib/dpkg/status': [stanza({ Package: 'libx', Architecture: 'i386' }), stanza({ Package: 'libx' }), stanza({ Package: 'liby' })].join('\n'),
    '/var/lib/dpkg/info/libx:amd64.list': '/usr/lib/x86_64-linux-gnu/libx.so\n',
    '/var/lib/dpkg/info/libx:i386.list': '/usr/lib/i386-linux-gnu/libx.so\n',
  });
  assert.deepEqual(result.packages.map((one) => `${one.name} ${one.architecture} ${one.owned}`), ['libx amd64 files', 'libx i386 files', 'liby amd64 unknown']);
  assert.deepEqual(result.index.owners('/usr/lib/i386-linux-gnu/libx.so'), [1]);
  assert.deepEqual(result.problems, [
    'packages without a file list, whose loading cannot be recognised: 1, the first is "/var/lib/dpkg/info/liby.list"',
  ]);
});

test('merged /usr: the list says /lib, the kernel says /usr/lib', () => {
  const status = { '/var/lib/dpkg/status': stanza({}), '/var/lib/dpkg/info/sample.list': '/lib/libsample.so\n/sbin/sample\n/opt/sample\n' };
  const merged = scanned({ ...status, '/lib': { link: 'usr/lib' }, '/sbin': { link: '/usr/sbin' }, '/usr/lib/libsample.so': '', '/usr/sbin/sample': '' });
  assert.deepEqual(['/usr/lib/libsample.so', '/usr/sbin/sample', '/opt/sample', '/lib/libsample.so'].map((path) => merged.index.fileOwner(path)), [0, 0, 0, -1]);
  const apart = scanned({ ...status, '/lib/libsample.so': '' });
  assert.deepEqual(['/lib/libsample.so', '/usr/lib/libsample.so'].map((path) => apart.index.fileOwner(path)), [0, -1]);
});

test('images built without dpkg: status.d with checksums', () => {
  const result = scanned({
    '/var/lib/dpkg/status.d/base': 'Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\n',
    '/var/lib/dpkg/status.d/libssl3': 'Package: libssl3\nVersion: 3.0.15-1~deb12u1\nSource: openssl\nArchitecture: amd64\n',
    '/var/lib/dpkg/status.d/libssl3.md5sums': `${'0a'.repeat(16)}  usr/lib/x86_64-linux-gnu/libssl.so.3\n${'0b'.repeat(16)}  usr/share/doc/libssl3/copyright\nbroken line\n`,
  });
  assert.deepEqual(result.packages.map((one) => `${one.name} ${one.sourceName} ${one.owned} ${one.files}`), ['base-files  unknown null', 'libssl3 openssl files 1']);
  assert.deepEqual(result.index.owners('/usr/lib/x86_64-linux-gnu/libssl.so.3'), [1]);
});

test('checksum lines', () => {
  const sum = 'd41d8cd98f00b204e9800998ecf8427e';
  assert.deepEqual(pathsOfSums(`${sum}  usr/bin/a b\n${sum} *usr/bin/c\n${sum}  ./usr/bin/d\n${sum}\nx  usr/bin/e\n`), ['/usr/bin/a b', '/usr/bin/c', '/usr/bin/d']);
});

test('a database that cannot be read is said, and the result is incomplete', () => {
  const unreadable = scanned({ '/var/lib/dpkg/status': { other: true } });
  assert.equal(unreadable.truncated, true);
  assert.match(unreadable.problems[0]!, /dpkg's packages are not listed/);
  const without = scan(memoryTree({ '/var/lib/dpkg/status': stanza({}) }), { clock: () => 0, budgetMs: 1000 });
  assert.equal(without.packages[0]?.ecosystem, '');
  assert.match(without.problems.join(), /no os-release/);
});
