import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { type Match, type MatchInput, matchPackages } from './match.ts';
import { type AdvisoryStore, openStore } from './store.ts';
import { syncFrom } from './sync.ts';
import { about, debianRecords, npmRecords, record, writeExport } from './testing/export.ts';

let directory: string;
let store: AdvisoryStore;

before(async () => {
  directory = mkdtempSync(`${tmpdir()}/vedette-match-`);
  const more = [
    // A gathering record whose CVEs are called aliases, beside one that is about one of them alone.
    record('TEST-GATHERS', { aliases: ['CVE-2013-4939', 'CVE-2013-4940'], affected: [about('npm', 'yui', [{ introduced: '3.0.0' }, { last_affected: '3.10.2' }])] }),
    record('TEST-ALONE', { aliases: ['CVE-2013-4940'], affected: [about('npm', 'yui', [{ introduced: '3.0.0' }, { fixed: '3.9.0' }])] }),
    // The fix of one record lies in the range of another about the same vulnerability.
    record('TEST-FIX-A', { aliases: ['CVE-2026-1000'], affected: [about('npm', 'twice', [{ introduced: '0' }, { fixed: '1.5.0' }])] }),
    record('TEST-FIX-B', { aliases: ['CVE-2026-1000'], affected: [about('npm', 'twice', [{ introduced: '1.4.0' }, { fixed: '1.6.0' }])] }),
    record('TEST-OPEN', { aliases: ['CVE-2026-1000'], affected: [about('npm', 'thrice', [{ introduced: '0' }])] }),
    // The severity of a CVE that only another ecosystem's record knows.
    record('TEST-LENDS', { aliases: ['CVE-2022-1292'], database_specific: { severity: 'CRITICAL' }, affected: [about('npm', 'unrelated', [{ introduced: '0' }])] }),
  ];
  writeExport(directory, 'Debian', debianRecords, 'zip');
  writeExport(directory, 'npm', [...npmRecords, ...more], 'files');
  const storePath = `${directory}/store`;
  const result = await syncFrom({ kind: 'directory', path: directory }, { storePath, clock: () => 0 });
  assert.equal(result.outcome, 'synced', result.problems.join());
  const opened = openStore(storePath);
  assert.ok(!('problem' in opened));
  store = opened;
});

after(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function npm(name: string, version: string): MatchInput {
  return { ecosystem: 'npm', name, version, sourceName: '', sourceVersion: '' };
}

function debian(release: number, name: string, version: string, sourceName = '', sourceVersion = ''): MatchInput {
  return { ecosystem: `Debian:${release}`, name, version, sourceName, sourceVersion };
}

function matchesOf(one: MatchInput): readonly Match[] {
  return matchPackages([one], store).matches;
}

/** `id fixedIn`, with a question mark before what is unknown. */
function briefly(one: MatchInput): string[] {
  return matchesOf(one).map((match) => `${match.kind === 'unknown' ? '?' : ''}${match.advisoryId} ${match.fixedIn ?? '-'}`);
}

test('packages and their findings', () => {
  const cases: [MatchInput, string[]][] = [
    [npm('lodash', '4.17.20'), ['CVE-2020-28500 4.17.21']],
    [npm('lodash', '4.17.21'), []],
    [npm('Lodash', '4.17.20'), []],
    [npm('lodash.trim', '4.5.1'), ['CVE-2020-28500 -']],
    [npm('lodash.trim', '4.5.2'), []],
    [npm('minimist', '1.2.5'), ['CVE-2021-44906 1.2.6']],
    [npm('minimist', '0.0.8'), ['CVE-2021-44906 0.2.4']],
    [npm('minimist', '0.2.4'), []],
    [npm('mustache', '2.2.0'), ['CVE-2015-8862 2.2.1']],
    [npm('mustache', '2.2.1'), []],
    [npm('evil', '6.6.6'), ['MAL-TEST-1 -']],
    [npm('evil', '6.6.7'), []],
    [npm('odd', '1.0.0'), ['?TEST-ODD -']],
    [npm('lodash', 'latest'), ['?CVE-2020-28500 -']],
    [npm('nothing-known', '1.0.0'), []],
    [npm('twice', '1.0.0'), ['CVE-2026-1000 1.6.0']],
    [npm('twice', '1.5.5'), ['CVE-2026-1000 1.6.0']],
    [npm('thrice', '9.0.0'), ['CVE-2026-1000 -']],
    [npm('yui', '3.8.0'), ['CVE-2013-4939 -', 'CVE-2013-4940 3.9.0']],
    [npm('yui', '3.10.0'), ['CVE-2013-4939 -']],
    [debian(11, 'openssl', '1.1.1n-0+deb11u1'), [
      'CVE-2022-1292 1.1.1n-0+deb11u2', 'CVE-2022-2097 1.1.1n-0+deb11u3', 'CVE-2022-4304 1.1.1n-0+deb11u4', 'CVE-2022-4450 1.1.1n-0+deb11u4',
      'CVE-2023-0215 1.1.1n-0+deb11u4', 'CVE-2023-0286 1.1.1n-0+deb11u4',
    ]],
    // The record about one vulnerability alone decides it, also against the advisory that gathers it.
    [debian(11, 'openssl', '1.1.1n-0+deb11u3'), ['CVE-2022-4304 1.1.1n-0+deb11u4', 'CVE-2022-4450 1.1.1n-0+deb11u4', 'CVE-2023-0215 1.1.1n-0+deb11u4', 'CVE-2023-0286 1.1.1n-0+deb11u4']],
    [debian(11, 'openssl', '1.1.1n-0+deb11u4'), []],
    [debian(10, 'openssl', '1.1.1n-0+deb10u1'), ['CVE-2022-1292 1.1.1n-0+deb10u2']],
    // By source package, and by the source's version.
    [debian(10, 'libssl1.1', '1.1.1n-0+deb10u1', 'openssl'), ['CVE-2022-1292 1.1.1n-0+deb10u2']],
    [debian(10, 'libssl1.1', '9:9', 'openssl', '1.1.1n-0+deb10u1'), ['CVE-2022-1292 1.1.1n-0+deb10u2']],
    [debian(10, 'libssl1.1', '1.1.1n-0+deb10u1'), []],
    [debian(10, 'openssl', 'not a version'), ['?CVE-2022-1292 -']],
    [debian(12, 'sample', '1'), ['TEST-DEBIAN-URGENCY -']],
  ];
  for (const [one, expected] of cases) assert.deepEqual(briefly(one), expected, JSON.stringify(one));
});

test('what a finding tells', () => {
  assert.deepEqual(matchesOf(npm('mustache', '1.0.0')), [
    {
      packageIndex: 0, kind: 'affected', reason: null, advisoryId: 'CVE-2015-8862', aliases: ['GHSA-w3w8-37jv-2c58', 'TEST-NSWG-62', 'TEST-RETIRE-w3w8'],
      records: ['TEST-NSWG-62', 'TEST-RETIRE-w3w8'], fixedIn: '2.2.1', severity: 'medium', cvss: 6.1, vector: 'CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N',
      severityFrom: 'cvss', urgency: null, malicious: false,
    },
  ]);
  const facts = (one: MatchInput): unknown[] => matchesOf(one).map((match) => [match.severity, match.severityFrom, match.urgency, match.malicious, match.reason]);
  assert.deepEqual(facts(npm('evil', '6.6.6')), [['critical', 'malicious', null, true, null]]);
  assert.deepEqual(facts(debian(12, 'sample', '1')), [['low', 'urgency', 'unimportant', false, null]]);
  assert.deepEqual(facts(debian(10, 'openssl', '1')), [['critical', 'source', null, false, null]], 'lent by the record of another ecosystem');
  assert.deepEqual(facts(npm('odd', '1.0.0')), [['unknown', 'nothing', null, false, 'the advisory’s version "next tuesday" cannot be compared']]);
});

test('what cannot be judged is counted, and is not clean', () => {
  const result = matchPackages(
    [npm('lodash', '4.17.20'), npm('lodash', 'x'), debian(13, 'openssl', '1'), debian(13, 'bash', '1'), { ...npm('x', '1'), ecosystem: '' }, { ...npm('musl', '1'), ecosystem: 'Alpine:v3.20' }],
    store,
  );
  assert.deepEqual([result.packages, result.judged, result.affected, result.unknown, result.problem], [6, 2, 1, 1, null]);
  assert.deepEqual(result.notJudged, [
    { ecosystem: 'Debian:13', reason: 'the advisory store holds nothing about Debian:13', packages: 2 },
    { ecosystem: '', reason: 'no advisories are known under any name for the distribution of these packages', packages: 1 },
    { ecosystem: 'Alpine:v3.20', reason: 'versions of Alpine cannot be compared yet', packages: 1 },
  ]);
  assert.deepEqual(result.matches.map((match) => match.packageIndex), [0, 1]);
});

test('advisories by any of their names', () => {
  const cases: [string, string | null, string[]][] = [
    ['CVE-2015-8862', 'CVE-2015-8862', ['TEST-NSWG-62', 'TEST-RETIRE-w3w8']],
    ['GHSA-w3w8-37jv-2c58', 'CVE-2015-8862', ['TEST-NSWG-62', 'TEST-RETIRE-w3w8']],
    ['TEST-NSWG-62', 'CVE-2015-8862', ['TEST-NSWG-62', 'TEST-RETIRE-w3w8']],
    ['CVE-2022-2097', 'CVE-2022-2097', ['DEBIAN-CVE-2022-2097', 'DSA-5343-1']],
    ['CVE-2022-4304', 'CVE-2022-4304', ['DSA-5343-1']],
    ['DSA-5343-1', 'DSA-5343-1', ['DSA-5343-1']],
    ['DSA-5139-1', 'CVE-2022-1292', ['DSA-5139-1', 'TEST-LENDS']],
    ['MAL-TEST-1', 'MAL-TEST-1', ['MAL-TEST-1']],
    ['TEST-DEBIAN-WITHDRAWN', null, []],
    ['CVE-0000-0000', null, []],
  ];
  for (const [name, id, records] of cases) {
    const advisory = store.advisory(name);
    assert.equal(advisory?.id ?? null, id, name);
    assert.deepEqual(advisory?.records ?? [], records, name);
  }
  const gathered = store.advisory('CVE-2022-2097');
  assert.equal(gathered?.summary, 'openssl: update for several vulnerabilities', 'lent by the gathering advisory');
  assert.equal(gathered?.details, 'Made up for this test: one of the five had been fixed earlier.');
  assert.deepEqual(gathered?.references, ['https://security-tracker.debian.org/tracker/DSA-5343-1']);
  assert.equal(gathered?.published, '2023-02-07T00:00:00.000Z');
  assert.equal(gathered?.modified, '2026-01-01T00:00:00.000Z');
  assert.equal(store.record('TEST-DEBIAN-WITHDRAWN')?.withdrawn, '2026-01-02T00:00:00.000Z');
  assert.equal(store.record('nothing'), null);
});

test('a store that fails while it is asked makes the result incomplete, not clean', () => {
  const failing: AdvisoryStore = {
    ...store,
    covers: () => true,
    find: () => {
      throw Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' });
    },
  };
  const result = matchPackages([npm('lodash', '1.0.0')], failing);
  assert.match(result.problem ?? '', /disk I\/O error/);
});
