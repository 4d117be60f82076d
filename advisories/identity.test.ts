import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalOf, claimsOf, groupByNames } from './identity.ts';

test('the canonical name', () => {
  const cases: [string[], string][] = [
    [['GHSA-aaaa-bbbb-cccc', 'CVE-2024-1234'], 'CVE-2024-1234'],
    [['TEST-1', 'GHSA-aaaa-bbbb-cccc'], 'GHSA-aaaa-bbbb-cccc'],
    [['B-1', 'A-1'], 'A-1'],
    [['CVE-2007-01-09', 'GHSA-aaaa-bbbb-cccc'], 'GHSA-aaaa-bbbb-cccc'],
    [['CVE-2024-2', 'A-1'], 'A-1'],
    [['CVE-2024-9999', 'CVE-2023-0001'], 'CVE-2023-0001'],
  ];
  for (const [names, expected] of cases) {
    assert.equal(canonicalOf(names), expected);
    assert.equal(canonicalOf(names.reverse()), expected);
  }
});

test('what a record claims', () => {
  const cases: [string, string[], string[], [string[], boolean][]][] = [
    ['GHSA-1', ['CVE-2024-0001'], [], [[['GHSA-1', 'CVE-2024-0001'], true]]],
    ['DEBIAN-CVE-2024-0001', [], ['CVE-2024-0001'], [[['DEBIAN-CVE-2024-0001', 'CVE-2024-0001'], true]]],
    ['DSA-1-1', [], ['CVE-2024-0001', 'CVE-2024-0002'], [[['CVE-2024-0001'], false], [['CVE-2024-0002'], false]]],
    ['DSA-2-1', [], [], [[['DSA-2-1'], true]]],
    ['NSWG-1', ['CVE-2024-0001', 'CVE-2024-0002'], [], [[['CVE-2024-0001'], false], [['CVE-2024-0002'], false]]],
    ['X-1', ['X-1', 'Y-1'], ['Y-1'], [[['X-1', 'Y-1'], true]]],
  ];
  for (const [id, aliases, upstream, expected] of cases) {
    assert.deepEqual(claimsOf({ id, aliases, upstream }).map(({ names, precise }) => [names, precise]), expected, id);
  }
});

test('groups: whatever shares a name, through any number of others, in one', () => {
  const name = fc.nat(12).map((number) => `N${number}`);
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), { maxLength: 10 }), (items) => {
      const groups = groupByNames(items, (names) => names);
      assert.deepEqual(groups.flatMap((group) => group.items).length, items.length);
      for (const [at, group] of groups.entries()) {
        assert.deepEqual([...group.names].sort(), [...new Set(group.items.flat())].sort());
        for (const other of groups.slice(at + 1)) assert.ok([...other.names].every((one) => !group.names.has(one)), 'groups share no name');
        const reached = new Set(group.items[0]);
        for (let round = 0; round < group.items.length; round += 1) {
          for (const names of group.items) if (names.some((one) => reached.has(one))) names.forEach((one) => reached.add(one));
        }
        assert.equal(reached.size, group.names.size, 'and hold together');
      }
    }),
  );
});
