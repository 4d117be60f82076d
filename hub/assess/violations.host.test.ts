/** From a feed that changes to a violation and back, against a real PostgreSQL. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everything } from '@vedette/model/access';
import { sampleSensor, type SampleSensor } from '../sensor-sample.ts';
import { record } from '../wire-sample.ts';
import { putPolicy, setPolicyMode } from '../store/policies.ts';
import { facetsOfViolations, listViolations, violationById, type ViolationFilter, type ViolationShape } from '../store/read-violations.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { bannedImages } from '../store/violations.ts';
import { readPolicy } from '../policy-reader.ts';
import type { Advisories, AdvisoryMatch } from './advisories.ts';
import { Assessor } from './assessor.ts';
import { imageFactsOf } from './image-facts.ts';
import { Violations } from './violations.ts';

let scratch: Scratch;
let sensor: SampleSensor;
let advisories: Advisories;
let assessor: Assessor;
const told: string[][] = [];
let now = new Date();

const bad: Omit<AdvisoryMatch, 'index'> = {
  id: 'CVE-2026-0001', aliases: [], summary: 'x', details: null, severity: 'critical', cvss: 9.8, malicious: false, exploited: null, uncertain: null, fixedIn: '9.9.9', published: null, modified: null, references: [],
};

function store(version: string, byPackage: Record<string, Omit<AdvisoryMatch, 'index'>[]>): Advisories {
  const ecosystems = ['Debian:12', 'npm'];
  return {
    source: {
      version,
      advisories: 10,
      covers: (ecosystem) => ecosystems.includes(ecosystem),
      match: (packages) => packages.flatMap((one, index) => (byPackage[one.name] ?? []).map((match) => ({ ...match, index }))),
      feeds: () => ecosystems.map((ecosystem) => ({ ecosystem, advisories: 5, newest: null, syncedAt: now.toISOString(), rejected: 0, ageSeconds: 60 })),
    },
  };
}

function policy(name: string, when: string, action: string, more = ''): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${name} }
spec:
  description: x
  severity: critical
  mode: enforce
${more}  rules:
    - { name: r, on: image, when: ${JSON.stringify(when)}, actions: { run: ${action} } }
`;
}

async function put(yaml: string): Promise<void> {
  const read = readPolicy(yaml);
  assert.ok('policy' in read, JSON.stringify(read));
  await scratch.database.transaction((db) => putPolicy(db, { ...read.policy, yaml }, { actor: 'test', shipped: false }, now));
}

const open: ViolationFilter = { state: 'open', policy: undefined, severity: undefined, verdict: undefined, image: undefined, search: undefined };
const list = async (filter: Partial<ViolationFilter> = {}): Promise<ViolationShape[]> => listViolations(scratch.database, everything, { ...open, ...filter }, { after: undefined, limit: 50 });
const short = (found: readonly ViolationShape[]): string[] => found.map((one) => `${one.workload} ${one.policy} ${one.verdict} ${one.state}`);

const badDigest = `sha256:${'a'.repeat(64)}`;
const twinDigest = `sha256:${'b'.repeat(64)}`;

before(async () => {
  scratch = await scratchDatabase();
  sensor = await sampleSensor(scratch.database);
  advisories = store('v0', {});
  const doors = { database: scratch.database, advisories: () => advisories, now: () => now, log: (_level: string, message: string, data: unknown) => void (/failed/.test(message) && assert.fail(`${message} ${JSON.stringify(data)}`)) };
  const violations = new Violations({ ...doors, bansChanged: (clusters) => told.push([...clusters]) });
  assessor = new Assessor({ ...doors, violations, changed: () => undefined });
  await sensor.send([record.container({ indexDigest: `sha256:${'e'.repeat(64)}` }), record.inventory(), record.loaded(0b001)]);
  const twin = { containerId: 'd'.repeat(64), platformDigest: twinDigest };
  await sensor.send([
    record.container({ ...twin, name: 'twin', imageName: 'registry.example/shop/twin:1' }),
    record.inventory({ ...twin, revision: 'sha256:r2', packages: [{ ecosystem: 'npm', name: 'good', version: '1.0.0' }] }),
  ]);
  await put(policy('no-critical-in-use', 'image.vulnerabilities.exists(v, v.severity == "critical" && v.loaded == "yes")', 'kill'));
  await assessor.settle();
});
after(() => scratch.end());

test('before the feed changes nothing is wrong', async () => {
  assert.deepEqual(short(await list()), []);
});

test('a feed that turns a loaded package critical opens a violation of its workload and bans its image, and not the twin', async () => {
  advisories = store('v1', { openssl: [bad] });
  await assessor.settle();
  assert.deepEqual(short(await list()), ['web no-critical-in-use violated open']);
  const detail = await violationById(scratch.database, everything, (await list())[0]!.id);
  assert.equal(detail?.reason, 'CVE-2026-0001 (critical) in openssl 3.0.1-1, fixed in 9.9.9.');
  assert.equal(detail?.fix, 'upgrade openssl 3.0.1-1 to 9.9.9');
  assert.deepEqual([detail?.mode, detail?.action, detail?.reference, detail?.containers, detail?.hostnames], ['enforce', 'kill', 'registry.example/shop/web:1', 1, ['host-1']]);
  assert.deepEqual((await bannedImages(scratch.database, sensor.clusterId)).map((one) => [one.platform_digest, one.index_digest, one.policy, one.mode, one.references]), [
    [badDigest, `sha256:${'e'.repeat(64)}`, 'no-critical-in-use', 'enforce', ['registry.example/shop/web:1']],
  ]);
  assert.deepEqual(told, [[sensor.clusterId]]);
  const { total, facets } = await facetsOfViolations(scratch.database, everything, open);
  assert.deepEqual([total, facets.severity.critical, facets.state.open, facets.verdict.violated, facets.policies], [1, 1, 1, 1, [{ policy: 'no-critical-in-use', count: 1 }]]);
});

test('nothing is written and nobody is told when nothing has changed', async () => {
  advisories = store('v1b', { openssl: [bad] });
  const before = await scratch.database.query('select id, xmin from violation');
  await assessor.settle();
  assert.deepEqual((await scratch.database.query('select id, xmin from violation')).rows, before.rows);
  assert.equal(told.length, 1);
});

test('an approved exception accepts it until it expires', async () => {
  const spec = { scope: { policies: ['no-critical-in-use'], vulnerabilities: ['CVE-2026-0001'] }, reason: 'not reached', owner: 'team shop', expiresAt: new Date(now.getTime() + 3_600_000).toISOString() };
  await scratch.database.query(`insert into exception (name, spec, author, created_at, updated_at, approved_by, approved_at) values ('e', $1, 'alice', $2, $2, 'carol', $2)`, [JSON.stringify(spec), new Date(now.getTime() - 1000)]);
  await assessor.settle();
  assert.deepEqual(short(await list()), []);
  const [accepted] = await list({ state: 'accepted' });
  assert.equal(accepted?.accepted_by[0]?.exception, 'e');
  assert.deepEqual(await bannedImages(scratch.database, sensor.clusterId), []);
  now = new Date(now.getTime() + 3_600_001);
  await assessor.settle();
  assert.deepEqual(short(await list()), ['web no-critical-in-use violated open']);
  assert.equal((await bannedImages(scratch.database, sensor.clusterId)).length, 1);
});

test('a policy that is switched to shadow and off is followed', async () => {
  await scratch.database.transaction((db) => setPolicyMode(db, 'no-critical-in-use', 'shadow', 'test', now));
  await assessor.settle();
  assert.deepEqual((await bannedImages(scratch.database, sensor.clusterId)).map((one) => one.mode), ['shadow']);
  await scratch.database.transaction((db) => setPolicyMode(db, 'no-critical-in-use', 'off', 'test', now));
  await assessor.settle();
  assert.deepEqual((await list({ state: 'closed' })).map((one) => one.closed_reason), ['the policy is off or was removed']);
  assert.deepEqual(await bannedImages(scratch.database, sensor.clusterId), []);
  await scratch.database.transaction((db) => setPolicyMode(db, 'no-critical-in-use', 'enforce', 'test', now));
  await assessor.settle();
});

test('a feed that takes it back closes the violation and lifts the ban', async () => {
  advisories = store('v2', {});
  await assessor.settle();
  assert.deepEqual(short(await list()), []);
  assert.deepEqual((await list({ state: 'closed' })).map((one) => one.closed_reason), ['the rule is kept now', 'the policy is off or was removed']);
  assert.deepEqual(await bannedImages(scratch.database, sensor.clusterId), []);
});

test('what is not known is a violation of its own kind and bans nothing', async () => {
  await put(policy('not-root', 'image.runsAsRoot', 'kill'));
  await assessor.settle();
  assert.deepEqual(short(await list()).sort(), ['twin not-root unknown open', 'web not-root unknown open']);
  assert.match((await list())[0]!.reason, /^Not known: image\.runsAsRoot \(the image was not checked in a pipeline/);
  assert.deepEqual(await bannedImages(scratch.database, sensor.clusterId), []);
  await scratch.database.transaction((db) => setPolicyMode(db, 'not-root', 'off', 'test', now));
});

test('a malicious package is a fact', async () => {
  await put(policy('no-malicious-package', 'image.vulnerabilities.exists(v, v.malicious)', 'kill', '  scope: { images: { excludeNames: ["registry.example/shop/web*"] } }\n'));
  advisories = store('v3', { good: [{ ...bad, id: 'MAL-2026-1', malicious: true, fixedIn: null }], openssl: [{ ...bad, id: 'MAL-2026-2', malicious: true }] });
  await assessor.settle();
  assert.deepEqual((await list({ policy: 'no-malicious-package' })).map((one) => one.workload), ['twin'], 'web is out of scope');
  assert.deepEqual((await bannedImages(scratch.database, sensor.clusterId)).map((one) => one.platform_digest).sort(), [badDigest, twinDigest], 'web by the rule about critical ones');
});

test('the same facts for others: by digest, by index digest, of an image that nobody has seen', async () => {
  const sources = { advisories: () => advisories, now: () => now };
  const known = await imageFactsOf(scratch.database, { digest: badDigest, reference: 'registry.example/shop/web:1' }, sources);
  assert.deepEqual([known.facts.registry, known.facts.packages.items.length, known.facts.vulnerabilities.items[0]?.loaded, known.facts.endOfLife.is], [{ is: 'known', value: 'registry.example' }, 3, { is: 'known', value: 'yes' }, 'unknown']);
  assert.equal((await imageFactsOf(scratch.database, { digest: `sha256:${'e'.repeat(64)}`, reference: null }, sources)).facts.vulnerabilities.items.length, known.facts.vulnerabilities.items.length);
  const unseen = await imageFactsOf(scratch.database, { digest: `sha256:${'f'.repeat(64)}`, reference: 'nginx' }, sources);
  assert.equal(unseen.imageId, null);
  assert.match(unseen.facts.packages.incomplete ?? '', /^this hub has not seen the image yet: check it/);
});

test('the sandbox of a pod is in no violation and bans nothing, whoever says so first; the same image run by the workload itself is', async () => {
  const digest = `sha256:${'9'.repeat(64)}`;
  const pod = { podName: 'cart-1', podNamespace: 'shop', workloadKind: 'Deployment', workloadName: 'cart', imageName: 'registry.k8s.io/pause:3.9', platformDigest: digest };
  const sandbox = { ...pod, containerId: '9'.repeat(64), name: 'pod sandbox' };
  await put(policy('from-us', 'image.registry != "registry.example"', 'kill'));
  // by a sensor of an earlier version, which does not say it
  await sensor.send([record.container(sandbox)]);
  await assessor.settle();
  assert.deepEqual(short(await list({ policy: 'from-us' })), ['cart from-us violated open']);
  await sensor.send([record.container({ ...sandbox, podSandbox: true })]);
  await assessor.settle();
  assert.deepEqual(short(await list({ policy: 'from-us' })), []);
  assert.match((await list({ policy: 'from-us', state: 'closed' }))[0]?.closed_reason ?? '', /^it runs only as the sandbox of pods/);
  assert.ok(!(await bannedImages(scratch.database, sensor.clusterId)).some((one) => one.platform_digest === digest));
  await sensor.send([record.container({ ...pod, containerId: '8'.repeat(64), name: 'app' })]);
  await assessor.settle();
  assert.deepEqual(short(await list({ policy: 'from-us' })), ['cart from-us violated open'], 'a container of the workload runs it too');
  await sensor.send([record.containerEnded('8'.repeat(64)), record.containerEnded('9'.repeat(64))]);
  await scratch.database.transaction((db) => setPolicyMode(db, 'from-us', 'off', 'test', now));
  await assessor.settle();
});

test('when the workload ends its violations close', async () => {
  await sensor.send([record.containerEnded('c'.repeat(64)), record.containerEnded('d'.repeat(64))]);
  await assessor.settle();
  assert.deepEqual(short(await list({ state: 'open' })), []);
  assert.equal((await list({ state: 'closed' }))[0]?.closed_reason, 'it no longer runs');
});
