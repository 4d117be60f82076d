/** From reports to findings against a real PostgreSQL, with advisories made by hand. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everything } from '@vedette/model/access';
import { sampleSensor, type SampleSensor } from '../sensor-sample.ts';
import { record, seconds } from '../wire-sample.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { containerById, containerPackages, listContainers, observationOf } from '../store/read-containers.ts';
import { listVulnerabilities } from '../store/read-vulnerabilities.ts';
import type { Advisories, AdvisoryMatch } from './advisories.ts';
import { Assessor } from './assessor.ts';
import { coverage, riskSummary, vulnerabilityDetail } from './risk.ts';

let scratch: Scratch;
let sensor: SampleSensor;
let advisories: Advisories;
let assessor: Assessor;

function advisory(id: string, index: number, more: Partial<AdvisoryMatch> = {}): AdvisoryMatch {
  return {
    id, index, aliases: [], summary: `About ${id}`, details: null, severity: 'high', cvss: 7.5, malicious: false, exploited: null, uncertain: null, fixedIn: '9.9.9', published: null, modified: null, references: [], ...more,
  };
}

function store(version: string, byPackage: Record<string, Omit<AdvisoryMatch, 'index'>[]>, ecosystems: readonly string[] = ['Debian:12', 'npm']): Advisories {
  return {
    source: {
      version,
      advisories: 10,
      covers: (ecosystem) => ecosystems.includes(ecosystem),
      match: (packages) => packages.flatMap((one, index) => (byPackage[`${one.name}@${one.version}`] ?? []).map((match) => ({ ...match, index }))),
      feeds: () => ecosystems.map((ecosystem) => ({ ecosystem, advisories: 5, newest: null, syncedAt: new Date().toISOString(), rejected: 0, ageSeconds: 60 })),
    },
  };
}

const openssl = advisory('CVE-2026-0001', 0, { cvss: 9.8, severity: 'critical' });
const leftPad = advisory('CVE-2026-0002', 0, { cvss: null, severity: 'unknown', fixedIn: null });

before(async () => {
  scratch = await scratchDatabase();
  sensor = await sampleSensor(scratch.database, { bootedAt: new Date(Date.now() - 2 * 86_400_000) });
  advisories = { source: undefined, problem: 'No advisory store was made yet.' };
  assessor = new Assessor({ database: scratch.database, advisories: () => advisories, now: () => new Date(), changed: () => undefined, log: () => undefined });
  await sensor.send([record.container(), record.coverage(), record.inventory()]);
});
after(() => scratch.end());

const doors = (): Parameters<typeof coverage>[0] => ({ database: scratch.database, advisories: () => advisories, now: () => new Date(), canaryGraceMs: 15_000 });
const all = { severity: undefined, loaded: undefined, search: undefined };
const page = { after: undefined, limit: 50 };

test('without advisories nothing is called clean', async () => {
  await assessor.settle();
  const container = await containerById(scratch.database, everything, 'c'.repeat(64));
  assert.equal(container?.packages, 3);
  assert.equal(container?.severities, null);
  const summary = await riskSummary(doors(), everything);
  assert.ok(summary.cards.some((card) => card.title === 'No vulnerabilities are known'));
  assert.match(summary.sentence, /need/);
  assert.ok(summary.coverage.percent < 100);
});

test('a store that appears is matched against what is there, and counted by place', async () => {
  advisories = store('v1', { 'openssl@3.0.1-1': [openssl], 'left-pad@1.0.0': [leftPad] });
  await assessor.settle();
  const container = await containerById(scratch.database, everything, 'c'.repeat(64));
  assert.deepEqual(container?.severities, [1, 0, 0, 0, 1]);
  const found = await listVulnerabilities(scratch.database, everything, all, page);
  assert.deepEqual(found.map((one) => [one.name, one.workloads, one.loaded_unknown, one.packages]), [
    ['CVE-2026-0001', 1, 1, ['openssl 3.0.1-1']],
    ['CVE-2026-0002', 1, 1, ['left-pad 1.0.0']],
  ]);
  // 9.8 × 4 and loading that was not watched.
  assert.equal(found[0]?.score, 39.2 + 12);
  const detail = await vulnerabilityDetail(doors(), everything, 'CVE-2026-0002');
  assert.equal(detail?.findings.length, 2);
  assert.deepEqual(detail?.findings.map((one) => one.path), ['/app/node_modules/left-pad', '/opt/node_modules/left-pad']);
  assert.equal(detail?.findings[0]?.linked, 'not-applicable');
});

test('loaded is exact by position and changes the counts; watched long enough becomes no', async () => {
  await sensor.send([record.loaded(0b010, { evidence: [{ packageIndex: 1, kind: 3, path: '/app/node_modules/left-pad/index.js', readerPath: '/usr/bin/node', atBootNs: seconds(50) }] })]);
  await assessor.settle();
  const detail = await vulnerabilityDetail(doors(), everything, 'CVE-2026-0002');
  assert.deepEqual(detail?.loaded, { yes: 1, notSeen: 0, no: 0, unknown: 0 });
  const [loaded, other] = detail?.findings ?? [];
  assert.equal(loaded?.loaded.state === 'yes' && loaded.loaded.evidence, '/app/node_modules/left-pad/index.js was opened by /usr/bin/node');
  assert.deepEqual(other?.loaded, { state: 'not-seen', observedSeconds: 600 });
  assert.deepEqual((await vulnerabilityDetail(doors(), everything, 'CVE-2026-0001'))?.loaded, { yes: 0, notSeen: 1, no: 0, unknown: 0 });

  await sensor.send([record.loaded(0b010, { observedUntilBootNs: seconds(25 * 3600 + 1) })]);
  await assessor.settle();
  assert.deepEqual((await vulnerabilityDetail(doors(), everything, 'CVE-2026-0001'))?.loaded, { yes: 0, notSeen: 0, no: 1, unknown: 0 });

  await sensor.send([record.loaded(0b010, { recordsLost: 3n })]);
  await assessor.settle();
  assert.deepEqual((await vulnerabilityDetail(doors(), everything, 'CVE-2026-0001'))?.loaded, { yes: 0, notSeen: 0, no: 0, unknown: 1 });
});

test('a new bit on a later day splits the run, so that the day can be asked', async () => {
  sensor.clock = new Date(Date.now() + 86_400_000);
  await sensor.send([record.loaded(0b011)]);
  const { rows } = await scratch.database.query('select open, loaded::text as bits, inventory_id is not null as listed from run order by id');
  assert.deepEqual(rows, [{ open: false, bits: null, listed: true }, { open: false, bits: '010', listed: true }, { open: true, bits: '110', listed: true }]);
  await sensor.send([record.loaded(0b111)]);
  assert.equal((await scratch.database.query('select 1 from run')).rowCount, 3);
  sensor.clock = undefined;
});

test('a better scan is a new revision; the open run carries its bits over by package and path', async () => {
  await sensor.send([
    record.inventory({
      revision: 'sha256:r2',
      packages: [
        { ecosystem: 'Debian:12', name: 'bash', version: '5.2' },
        { ecosystem: 'Debian:12', name: 'openssl', version: '3.0.1-1' },
        { ecosystem: 'npm', name: 'left-pad', version: '1.0.0', path: '/opt/node_modules/left-pad' },
      ],
    }),
  ]);
  const { rows } = await scratch.database.query('select loaded::text as bits from run where open');
  assert.deepEqual(rows, [{ bits: '011' }]);
  await assessor.settle();
  const container = (await containerById(scratch.database, everything, 'c'.repeat(64)))!;
  assert.equal(await observationOf(scratch.database, everything, container.pk), undefined, 'the report was about the old list');
  const packages = await containerPackages(scratch.database, everything, container.pk, { loaded: undefined, search: undefined }, page);
  assert.deepEqual(packages.map((one) => [one.name, one.vulnerabilities]), [['bash', []], ['openssl', ['CVE-2026-0001']], ['left-pad', ['CVE-2026-0002']]]);
});

test('a feed change writes only differences', async () => {
  advisories = store('v2', { 'openssl@3.0.1-1': [openssl, advisory('CVE-2026-0003', 0, { exploited: true })], 'bash@5.2': [advisory('CVE-2026-0004', 0, { cvss: 3 })] });
  await assessor.settle();
  const names = (await listVulnerabilities(scratch.database, everything, all, page)).map((one) => one.name);
  assert.deepEqual(names, ['CVE-2026-0003', 'CVE-2026-0001', 'CVE-2026-0004']);
  const { rows } = await scratch.database.query("select v.name, m.until is null as current from match m join vuln v on v.id = m.vuln_id order by v.name");
  assert.deepEqual(rows, [
    { name: 'CVE-2026-0001', current: true }, { name: 'CVE-2026-0002', current: false }, { name: 'CVE-2026-0003', current: true }, { name: 'CVE-2026-0004', current: true },
  ]);
});

test('a package that no feed covers is a gap, not a clean package', async () => {
  await sensor.send([
    record.container({ containerId: 'd'.repeat(64), name: 'job', platformDigest: `sha256:${'b'.repeat(64)}` }),
    record.inventory({ containerId: 'd'.repeat(64), platformDigest: `sha256:${'b'.repeat(64)}`, revision: 'sha256:r9', packages: [{ ecosystem: 'Alpine:v3.19', name: 'musl', version: '1.2' }] }),
  ]);
  await assessor.settle();
  const found = await coverage(doors(), everything);
  assert.ok(found.gaps.some((gap) => gap.why === 'No feed covers Alpine:v3.19.'), JSON.stringify(found.gaps));
  const container = (await listContainers(scratch.database, everything, { node: undefined, image: undefined, search: 'job', ended: false, sandboxes: 'include' }, page))[0];
  assert.equal(container?.unfed, 1);
});

test('the summary ranks what is loaded and exploited first and says what is not seen', async () => {
  await sensor.send([record.verdict(), record.detection({ containerId: 'c'.repeat(64) })], 'detection');
  const summary = await riskSummary(doors(), everything);
  assert.equal(summary.counts.incidentsOpen, 2);
  assert.equal(summary.counts.vulnerabilitiesLoaded, 2);
  const first = summary.cards.find((card) => card.kind === 'vulnerability');
  assert.match(first?.title ?? '', /^CVE-2026-000[13] in openssl 3\.0\.1-1 is loaded in web$/);
  assert.match(first?.why ?? '', /[^.]\. This package has 1 more vulnerability\.$/);
  assert.deepEqual(summary.cards.map((card) => card.score), summary.cards.map((card) => card.score).sort((a, b) => b - a));
  assert.match(summary.sentence, /% of what the hooks can see is seen\./);
});

test('a list that cannot be assessed does not keep the others from it', async () => {
  const before = advisories;
  const logged: string[] = [];
  const failing: Advisories = {
    source: {
      ...(before as { source: NonNullable<Advisories['source']> }).source,
      match(packages) {
        if (packages.some((one) => one.name === 'poison')) throw new Error('this package breaks the matcher');
        return packages.flatMap((one, index) => (one.name === 'good' ? [{ ...openssl, id: 'CVE-2026-0009', index }] : []));
      },
    },
  };
  const own = new Assessor({ database: scratch.database, advisories: () => failing, now: () => new Date(), changed: () => undefined, log: (_level, message) => logged.push(message) });
  for (const [name, letter] of [['poison', 'e'], ['good', 'f']] as const) {
    const containerId = letter.repeat(64);
    await sensor.send([record.container({ containerId, name, platformDigest: '' }), record.inventory({ containerId, platformDigest: '', revision: `sha256:${name}`, packages: [{ ecosystem: 'npm', name, version: '1.0.0' }] })]);
  }
  await own.settle();
  await own.settle();
  assert.ok(own.failures > 0 && logged.includes('a stage of assessment failed'));
  assert.ok((await listVulnerabilities(scratch.database, everything, { ...all, search: 'CVE-2026-0009' }, page)).length === 1);
  assert.equal((await containerById(scratch.database, everything, 'e'.repeat(64)))?.severities, null, 'what could not be assessed is not clean');
  await sensor.send([record.containerEnded('e'.repeat(64)), record.containerEnded('f'.repeat(64))]);
});

test('when its containers end, a run closes and leaves the lists', async () => {
  await sensor.send([record.containerEnded('c'.repeat(64)), record.containerEnded('d'.repeat(64))]);
  await assessor.settle();
  assert.deepEqual(await listVulnerabilities(scratch.database, everything, all, page), []);
  assert.equal(await vulnerabilityDetail(doors(), everything, 'CVE-2026-0001'), undefined);
});
