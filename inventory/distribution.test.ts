import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { parseOsRelease, readDistribution } from './distribution.ts';
import { memoryTree } from './memory-tree.ts';

test('os-release values', () => {
  const cases: [string, string | undefined][] = [
    ['ID=debian', 'debian'],
    ['ID="debian"', 'debian'],
    ["ID='debian'", 'debian'],
    ['  ID=debian  ', 'debian'],
    ['ID=', ''],
    ['ID="a\\"b\\$c"', 'a"b$c'],
    ["ID='a\\\"b'", 'a\\"b'],
    ['# ID=debian', undefined],
    ['id=debian', undefined],
    ['ID=one\nID=two', 'two'],
    ['ID="', '"'],
  ];
  for (const [text, expected] of cases) assert.equal(parseOsRelease(text).get('ID'), expected, text);
});

test('distribution and its ecosystem', () => {
  const cases: [string, string | null, string][] = [
    ['ID=debian\nVERSION_ID="12"', 'debian', 'Debian:12'],
    ['ID=debian\nVERSION_ID="9.13"', 'debian', 'Debian:9'],
    ['ID=debian\nVERSION_ID="6.0"', 'debian', 'Debian:6.0'],
    ['ID=debian\nPRETTY_NAME="Debian GNU/Linux trixie/sid"', 'debian', ''],
    ['ID=debian\nVERSION_ID="rolling"', 'debian', ''],
    ['ID=ubuntu\nVERSION_ID="24.04"\nID_LIKE=debian', 'ubuntu', ''],
    ['ID=raspbian\nVERSION_ID="12"\nID_LIKE=debian', 'raspbian', ''],
    ['ID=alpine\nVERSION_ID=3.20.1', 'alpine', ''],
    ['VERSION_ID=12', null, ''],
    ['ID="../../x"', null, ''],
    ['', null, ''],
  ];
  for (const [text, id, ecosystem] of cases) {
    const { distribution } = readDistribution(memoryTree({ '/etc/os-release': text }));
    assert.equal(distribution?.id ?? null, id, text);
    assert.equal(distribution?.ecosystem ?? '', ecosystem, text);
  }
});

test('a Debian without a release number says so', () => {
  const { problem } = readDistribution(memoryTree({ '/etc/os-release': 'ID=debian\nPRETTY_NAME="Debian GNU/Linux forky/sid"' }));
  assert.equal(problem, '"Debian GNU/Linux forky/sid" has no release number, so its packages cannot be matched with advisories');
});

test('found behind a link, in the second place, or not at all', () => {
  const linked = memoryTree({ '/etc/os-release': { link: '../usr/lib/os-release' }, '/usr/lib/os-release': 'ID=debian\nVERSION_ID=11' });
  assert.equal(readDistribution(linked).distribution?.ecosystem, 'Debian:11');
  const second = memoryTree({ '/usr/lib/os-release': 'ID=debian\nVERSION_ID=11' });
  assert.equal(readDistribution(second).distribution?.ecosystem, 'Debian:11');
  assert.deepEqual(readDistribution(memoryTree({})), { distribution: null, problem: null });
  const large = memoryTree({ '/etc/os-release': 'x'.repeat(70_000) });
  assert.equal(readDistribution(large).problem, 'the distribution is not known: "/etc/os-release" is too large (70000 bytes)');
});
