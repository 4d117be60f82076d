/**
 * A small export in OSV's layout for tests. The facts (ids, versions, dates, vectors) are those of public records, named
 * beside each; the words are ours. Made-up records carry ids that no feed uses (TEST-…).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { zipOf } from './zip.ts';

export interface OsvJson {
  readonly id: string;
  readonly [field: string]: unknown;
}

type Events = readonly Record<string, string>[];

export function about(ecosystem: string, name: string, ...ranges: Events[]): object {
  const type = ecosystem === 'npm' ? 'SEMVER' : 'ECOSYSTEM';
  return { package: { ecosystem, name }, ranges: ranges.map((events) => ({ type, events })) };
}

export function record(id: string, fields: Record<string, unknown>): OsvJson {
  return { schema_version: '1.6.0', id, modified: '2026-01-01T00:00:00Z', ...fields };
}

export const debianRecords: readonly OsvJson[] = [
  // Debian's DSA-5139-1 of 2022-05-17: one vulnerability, two releases.
  record('DSA-5139-1', {
    modified: '2022-05-17T00:00:00Z', published: '2022-05-17T00:00:00Z', upstream: ['CVE-2022-1292'], summary: 'openssl: update for one vulnerability',
    affected: [
      about('Debian:10', 'openssl', [{ introduced: '0' }, { fixed: '1.1.1n-0+deb10u2' }]),
      about('Debian:11', 'openssl', [{ introduced: '0' }, { fixed: '1.1.1n-0+deb11u2' }]),
    ],
  }),
  // Debian's DSA-5343-1 of 2023-02-07: five vulnerabilities in one update.
  record('DSA-5343-1', {
    modified: '2023-02-07T00:00:00Z', published: '2023-02-07T00:00:00Z', summary: 'openssl: update for several vulnerabilities',
    upstream: ['CVE-2022-2097', 'CVE-2022-4304', 'CVE-2022-4450', 'CVE-2023-0215', 'CVE-2023-0286'],
    references: [{ type: 'ADVISORY', url: 'https://security-tracker.debian.org/tracker/DSA-5343-1' }],
    affected: [about('Debian:11', 'openssl', [{ introduced: '0' }, { fixed: '1.1.1n-0+deb11u4' }])],
  }),
  record('DEBIAN-CVE-2022-2097', {
    upstream: ['CVE-2022-2097'], details: 'Made up for this test: one of the five had been fixed earlier.',
    affected: [about('Debian:11', 'openssl', [{ introduced: '0' }, { fixed: '1.1.1n-0+deb11u3' }])],
  }),
  record('TEST-DEBIAN-URGENCY', {
    affected: [{ ...about('Debian:12', 'sample', [{ introduced: '0' }]), ecosystem_specific: { urgency: 'unimportant' } }],
  }),
  record('TEST-DEBIAN-WITHDRAWN', {
    withdrawn: '2026-01-02T00:00:00Z', affected: [about('Debian:12', 'sample', [{ introduced: '0' }])],
  }),
];

export const npmRecords: readonly OsvJson[] = [
  // GitHub's GHSA-29mw-wpgm-hmr9 of 2022-01-06: one record, several packages.
  record('GHSA-29mw-wpgm-hmr9', {
    modified: '2023-09-05T22:58:25Z', published: '2022-01-06T20:30:46Z', aliases: ['CVE-2020-28500'], summary: 'lodash: long strings of spaces take very long to trim',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L' }],
    database_specific: { severity: 'MODERATE' },
    affected: [
      about('npm', 'lodash', [{ introduced: '0' }, { fixed: '4.17.21' }]),
      about('npm', 'lodash-es', [{ introduced: '0' }, { fixed: '4.17.21' }]),
      about('npm', 'lodash.trim', [{ introduced: '0' }, { last_affected: '4.5.1' }]),
    ],
  }),
  // GitHub's GHSA-xvch-5gv4-984h: two lines of one package, as two statements.
  record('GHSA-xvch-5gv4-984h', {
    aliases: ['CVE-2021-44906'], summary: 'minimist: arguments can change prototypes',
    severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
    affected: [about('npm', 'minimist', [{ introduced: '1.0.0' }, { fixed: '1.2.6' }]), about('npm', 'minimist', [{ introduced: '0' }, { fixed: '0.2.4' }])],
  }),
  // The Node.js working group's NSWG-ECO-62 and Retire.js's entry: one vulnerability of mustache under two ids.
  record('TEST-NSWG-62', {
    aliases: ['CVE-2015-8862'], severity: [{ type: 'CVSS_V3', score: 'CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N' }],
    affected: [about('npm', 'mustache', [{ introduced: '0' }, { last_affected: '2.2.0' }])],
  }),
  record('TEST-RETIRE-w3w8', {
    aliases: ['GHSA-w3w8-37jv-2c58', 'CVE-2015-8862'], database_specific: { severity: 'MODERATE' },
    affected: [about('npm', 'mustache', [{ introduced: '0' }, { fixed: '2.2.1' }])],
  }),
  record('MAL-TEST-1', { affected: [{ package: { ecosystem: 'npm', name: 'evil' }, versions: ['6.6.6'] }] }),
  record('TEST-ODD', { affected: [about('npm', 'odd', [{ introduced: '0' }, { fixed: 'next tuesday' }])] }),
];

/** `zip`: as OSV publishes it; `files`: one file a record. */
export function writeExport(path: string, ecosystem: string, records: readonly OsvJson[], form: 'zip' | 'files'): void {
  mkdirSync(`${path}/${ecosystem}`, { recursive: true });
  if (form === 'zip') {
    writeFileSync(`${path}/${ecosystem}/all.zip`, zipOf(records.map((one) => ({ name: `${one.id}.json`, content: JSON.stringify(one) }))));
    return;
  }
  for (const one of records) writeFileSync(`${path}/${ecosystem}/${one.id}.json`, JSON.stringify(one));
}
