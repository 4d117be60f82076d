import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type OsvRecord, readOsv } from './osv.ts';

const least = { id: 'TEST-1', modified: '2026-01-02T03:04:05Z' };

function accepted(value: object): OsvRecord {
  const record = readOsv(JSON.stringify({ ...least, ...value }));
  assert.ok(!('rejected' in record), JSON.stringify(record));
  return record;
}

function withRange(range: object): object {
  return { affected: [{ package: { ecosystem: 'npm', name: 'x' }, ranges: [range] }] };
}

test('the least record, and what may be absent or null', () => {
  const expected = {
    id: 'TEST-1', modified: '2026-01-02T03:04:05.000Z', published: null, withdrawn: null, aliases: [], upstream: [], summary: '', details: '',
    references: [], severity: [], severityWord: null, affected: [],
  };
  assert.deepEqual(accepted({}), expected);
  const nulls = Object.fromEntries(['published', 'withdrawn', 'aliases', 'upstream', 'related', 'summary', 'details', 'references', 'severity', 'affected', 'database_specific'].map((name) => [name, null]));
  assert.deepEqual(accepted(nulls), expected);
  assert.deepEqual(accepted({ schema_version: '9.9', credits: 7, unheard_of: { of: [] } }), expected);
});

test('what a record says', () => {
  const record = accepted({
    published: '2026-01-01T00:00:00+02:00',
    withdrawn: '2026-02-01T00:00:00.123456Z',
    aliases: ['CVE-2026-0001', 'TEST-1'],
    summary: 's'.repeat(2000),
    details: 'd'.repeat(50_000),
    references: [{ type: 'WEB', url: 'https://example.org/a' }, { url: 'https://example.org/a' }, { url: 'javascript:alert(1)' }],
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N' }],
    database_specific: { severity: 'MODERATE', other: [1] },
    affected: [
      {
        package: { ecosystem: 'npm', name: '@scope/x', purl: 'pkg:npm/x' },
        ranges: [
          { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.0.0' }, { introduced: '2.0.0', last_affected: '2.5.0' }], database_specific: {} },
          { type: 'GIT', repo: 'https://example.org/x', events: [{ introduced: '0' }, { fixed: 'abcdef' }] },
        ],
        versions: ['0.9.0'],
        ecosystem_specific: { urgency: 'low' },
      },
      { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] },
      { package: { ecosystem: 'npm', name: 'only-commits' }, ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] },
    ],
  });
  assert.equal(record.published, '2025-12-31T22:00:00.000Z');
  assert.equal(record.withdrawn, '2026-02-01T00:00:00.123Z');
  assert.deepEqual(record.aliases, ['CVE-2026-0001']);
  assert.deepEqual([record.summary.length, record.details.length], [500, 16_000]);
  assert.deepEqual(record.references, ['https://example.org/a']);
  assert.equal(record.severityWord, 'MODERATE');
  assert.deepEqual(record.affected, [
    {
      ecosystem: 'npm', package: '@scope/x', versions: ['0.9.0'], urgency: 'low', severity: [],
      ranges: [[
        { kind: 'introduced', version: '0' }, { kind: 'fixed', version: '1.0.0' }, { kind: 'introduced', version: '2.0.0' }, { kind: 'last_affected', version: '2.5.0' },
      ]],
    },
    { ecosystem: 'npm', package: 'only-commits', versions: [], urgency: null, severity: [], ranges: [] },
  ]);
});

test('a Debian advisory of the older export names its vulnerabilities as related', () => {
  const related = ['CVE-2026-0001', 'GHSA-aaaa-bbbb-cccc', 'CVE-2026-0002'];
  assert.deepEqual(accepted({ id: 'DSA-1-1', related }).upstream, ['CVE-2026-0001', 'CVE-2026-0002']);
  assert.deepEqual(accepted({ id: 'DSA-1-1', related, upstream: ['CVE-2026-0003'] }).upstream, ['CVE-2026-0003']);
  assert.deepEqual(accepted({ id: 'GHSA-1', related }).upstream, []);
});

test('Debian’s enumeration of versions is left out only where a range says the same', () => {
  const one = { package: { ecosystem: 'Debian:12', name: 'x' }, versions: ['1', '2'] };
  assert.deepEqual(accepted({ affected: [{ ...one, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] }] }).affected[0]?.versions, []);
  assert.deepEqual(accepted({ affected: [one] }).affected[0]?.versions, ['1', '2']);
});

test('what does not fit is refused, with the place', () => {
  const cases: [string | object, RegExp][] = [
    ['', /^is not JSON/],
    ['{"id":', /^is not JSON/],
    ['[]', /^the record: /],
    ['null', /^the record: /],
    [{ id: undefined }, /^id: /],
    [{ id: '' }, /^id: /],
    [{ id: 7 }, /^id: /],
    [{ id: 'x'.repeat(300) }, /^id: /],
    [{ id: 'A\u0000B' }, /^id: has characters/],
    [{ id: 'A\u001b[2J' }, /^id: has characters/],
    [{ modified: undefined }, /^modified: /],
    [{ modified: 'yesterday' }, /^modified: is not a time/],
    [{ modified: '2026-13-40T00:00:00Z' }, /^modified: is not a time/],
    [{ aliases: 'CVE-2026-0001' }, /^aliases: /],
    [{ aliases: Array.from({ length: 2000 }, (_, at) => `A-${at}`) }, /^aliases: /],
    [{ affected: {} }, /^affected: /],
    [{ affected: [{ package: { ecosystem: 'npm' } }] }, /^affected\.package\.name: /],
    [withRange({ type: 'SEMVER', events: [{}] }), /^affected\.ranges\.events: says nothing/],
    [withRange({ type: 'SEMVER', events: [{ introduced: 0 }] }), /^affected\.ranges\.events\.introduced: /],
    [withRange({ type: 'SEMVER', events: [{ introduced: 'x'.repeat(600) }] }), /^affected\.ranges\.events\.introduced: /],
    [withRange({ type: 'SEMVER' }), /^affected\.ranges\.events: /],
    [{ affected: [{ package: { ecosystem: 'npm', name: 'x' }, versions: [1] }] }, /^affected\.versions: /],
  ];
  for (const [value, reason] of cases) {
    const result = readOsv(typeof value === 'string' ? value : JSON.stringify({ ...least, ...value }));
    assert.ok('rejected' in result, JSON.stringify(value).slice(0, 80));
    assert.match(result.rejected, reason);
  }
});

test('any JSON is read or refused', () => {
  fc.assert(fc.property(fc.json(), (text) => assert.equal(typeof readOsv(text), 'object')));
  const shape = fc.record({ id: fc.anything(), modified: fc.anything(), affected: fc.anything(), severity: fc.anything(), database_specific: fc.anything() });
  fc.assert(fc.property(shape, (value) => assert.equal(typeof readOsv(JSON.stringify({ ...least, ...value }, (_, item: unknown) => (typeof item === 'bigint' ? 0 : item))), 'object')));
  assert.ok('rejected' in readOsv('['.repeat(500_000)));
});
