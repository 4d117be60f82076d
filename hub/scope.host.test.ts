/**
 * Tenancy as a property: a hub holds two clusters whose every text carries its cluster's mark. A caller who may see
 * cluster A never gets a mark of B, whatever endpoint, filter or id is asked; what is B's is not found, and changes
 * nothing. Random asks, a printed seed.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { endpoints, type Endpoint, type EndpointName } from '@vedette/model/api/table';
import * as fc from 'fast-check';
import { Assessor } from './assess/assessor.ts';
import { Violations } from './assess/violations.ts';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleClusterPart, shopRecords } from './cluster-sample.ts';
import { sampleCheck } from './check-sample.ts';
import { listen, type Listening } from './live-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { readPolicy } from './policy-reader.ts';
import { clusterNamed } from './store/fleet.ts';
import { putPolicy } from './store/policies.ts';
import { execution, record } from './wire-sample.ts';

/** Every image that runs breaks it, so that there is a violation on both sides. */
const anyImage = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: any-image }
spec:
  description: x
  severity: high
  mode: shadow
  rules: [{ name: r, on: image, when: 'image.registry != ""', actions: { run: inform } }]
`;

const marks = { a: 'markalpha', b: 'markbravo' } as const;
type Side = keyof typeof marks;

let hub: SampleHub;
const sensors = {} as Record<Side, SampleSensor>;
const parts = {} as Record<Side, SampleSensor>;
const tokens = {} as Record<Side | 'none' | 'all', string>;
const ids = {} as Record<Side, string[]>;

function containerOf(side: Side): string {
  return `${side === 'a' ? 'a' : 'b'}`.repeat(60) + marks[side].slice(4, 8);
}

const checkIds = {} as Record<Side, string>;
const digestOf = (side: Side): string => `sha256:${(side === 'a' ? '1' : '2').repeat(64)}`;

/** What a pipeline says of the image that runs there, and nowhere else. */
function checkOf(side: Side, digest: string): ReturnType<typeof sampleCheck> {
  const mark = marks[side];
  const packages = [{ ecosystem: 'npm', name: `built-${mark}`, version: '1.0.0', sourceName: '', sourceVersion: '', path: `/srv/${mark}` }];
  return sampleCheck({ digest, run: mark, commit: mark, packages, image: { reference: `registry.example.com/${mark}:1`, indexDigest: `sha256:${(side === 'a' ? '3' : '4').repeat(64)}` } });
}

async function fill(side: Side): Promise<void> {
  const mark = marks[side];
  const part = await sampleClusterPart(hub.database, { cluster: `cluster-${mark}` });
  await part.send(shopRecords(mark));
  parts[side] = part;
  const sensor = await sampleSensor(hub.database, { cluster: `cluster-${mark}`, hostname: `host-${mark}` });
  sensors[side] = sensor;
  const containerId = containerOf(side);
  const platformDigest = digestOf(side);
  await sensor.send([
    record.container({ containerId, name: `web-${mark}`, imageName: `registry/${mark}`, platformDigest, labels: { owner: mark } }),
    record.coverage({ policyProblems: [`only-from-image: ${mark}`], losses: [{ eventClass: 'execution', cause: mark, count: 5n }] }),
    record.inventory({ containerId, platformDigest, revision: `sha256:${mark}`, packages: [{ ecosystem: 'npm', name: `lib-${mark}`, version: '1.0.0', path: `/app/${mark}` }, { ecosystem: 'npm', name: 'both', version: '1.0.0', path: `/both/${mark}` }] }),
    record.loaded(0b11, { containerId, revision: `sha256:${mark}`, evidence: [{ packageIndex: 0, kind: 3, path: `/app/${mark}/index.js`, readerPath: `/bin/${mark}`, atBootNs: 5n }] }),
    record.started(execution({ tgid: 10, path: `/bin/${mark}`, arguments: [mark], containerId })),
    record.count({ path: `/bin/${mark}`, parentPath: `/sbin/${mark}`, containerId }),
    record.forgotten(`things about ${mark}`, 3),
    record.flow({ containerId, processPath: `/bin/${mark}` }),
    record.behaviour({ containerId, behaviours: [{ kind: 'execution', path: `/bin/${mark}`, arguments: [mark], origin: 'image', program: `/bin/${mark}` }], recordsLost: 2n }),
  ]);
  const kept = await hub.ask('POST', '/api/v1/checks', { token: await hub.tokenFor('pipeline'), body: checkOf(side, platformDigest) });
  checkIds[side] = String(kept.json['id']);
  await sensor.send([record.detection({ rule: `Rule ${mark}`, output: mark, containerId }), record.verdict({ policy: 'only-from-image', containerId, tree: [execution({ path: `/tmp/${mark}` })] })], 'detection');
}

before(async () => {
  hub = await sampleHub();
  await fill('a');
  await fill('b');
  await hub.origin.tracer.readNames();
  const match = (name: string, id: string, index: number): object => ({ index, id, aliases: [], summary: id, details: null, severity: 'high', cvss: 8, malicious: false, exploited: null, fixedIn: '2.0.0', uncertain: null, published: null, modified: null, references: [], name });
  const source = {
    version: 'v1',
    advisories: 3,
    covers: () => true,
    feeds: () => [],
    match: (packages: readonly { name: string }[]) => packages.flatMap((one, index) => (one.name === 'both' ? [match(one.name, 'CVE-BOTH', index)] : [match(one.name, `CVE-${one.name}`, index)])) as never,
  };
  const doors = { database: hub.database, advisories: () => ({ source }), now: () => new Date(), log: () => undefined };
  const read = readPolicy(anyImage);
  assert.ok('policy' in read);
  await hub.database.transaction((db) => putPolicy(db, { ...read.policy, yaml: anyImage }, { actor: 'test', shipped: false }, new Date()));
  await new Assessor({ ...doors, violations: new Violations({ ...doors, bansChanged: () => undefined }), changed: () => undefined }).settle();
  for (const side of ['a', 'b'] as const) {
    const cluster = await clusterNamed(hub.database, sensors[side].clusterId, `cluster-${marks[side]}`, new Date());
    tokens[side] = await hub.tokenFor('admin', { kind: 'places', places: [{ cluster, namespaces: 'all' }] });
    const { rows } = await hub.database.query('select id from violation where cluster_id = $1 union all select id from incident where cluster_id = $1', [cluster]);
    const images = await hub.database.query('select id from origin_image where reference like $1', [`%${marks[side]}%`]);
    ids[side] = [
      containerOf(side), sensors[side].sensorId, sensors[side].nodeId, cluster, `CVE-lib-${marks[side]}`, 'CVE-BOTH', `host-${marks[side]}`, `registry/${marks[side]}`, marks[side], `${marks[side]}-node-a`, parts[side].sensorId, 'Deployment', 'web', 'only-from-image',
      digestOf(side), checkIds[side], `sha256:${(side === 'a' ? '3' : '4').repeat(64)}`,
      ...([...images.rows, ...rows] as { id: number }[]).map((row) => String(row.id)),
    ];
  }
  tokens.none = await hub.tokenFor('admin', { kind: 'places', places: [{ cluster: '00000000-0000-4000-8000-000000000000', namespaces: 'all' }] });
  tokens.all = await hub.tokenFor('viewer');
});
after(() => hub.end());

const other: Record<Side, Side> = { a: 'b', b: 'a' };

/**
 * A caller that asks for a mark is told so in an error, and on the first page of a report; the mark of its own question is not a leak. Every other
 * answer must do without it.
 */
function withoutQuestion(text: string, path: string, query: URLSearchParams, tellsQuestion: boolean): string {
  const values = tellsQuestion ? [...query.values()] : [];
  return [path, ...values].reduce((left, one) => left.replaceAll(one, ''), text);
}

const reading = (Object.entries(endpoints) as [EndpointName, Endpoint][]).filter(([, endpoint]) => endpoint.method === 'GET' && endpoint.permission !== 'public');

test('a reader of one cluster never sees the other, in any endpoint, with any filter', async () => {
  const anyId = fc.constantFrom(...ids.a, ...ids.b, 'host');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...reading), fc.constantFrom<Side>('a', 'b'), fc.array(fc.tuple(fc.nat(20), anyId), { maxLength: 3 }), anyId, async ([, endpoint], side, filters, id) => {
      const names = Object.keys(endpoint.query?.shape ?? {}).filter((name) => !['limit', 'cursor', 'from', 'to', 'severity', 'kind'].includes(name));
      const query = new URLSearchParams(filters.map(([pick, value]) => [names[pick % Math.max(1, names.length)] ?? 'x', value]));
      if (names.includes('state')) query.set('state', 'all');
      query.delete('loaded');
      query.delete('ended');
      const path = `${endpoint.path.replace(/\{\w+\}/, encodeURIComponent(id))}?${query.toString()}`;
      const answer = await hub.ask('GET', path, { token: tokens[side] });
      assert.ok(answer.status < 500, `${path}: ${answer.text}`);
      const foreign = marks[other[side]];
      const without = ({ status, text }: { readonly status: number; readonly text: string }): string => withoutQuestion(text, path, query, status >= 400 || endpoint.path.endsWith('/report'));
      assert.ok(!without(answer).includes(foreign), `${path} shows ${foreign}: ${answer.text.slice(0, 500)}`);
      const empty = await hub.ask('GET', path, { token: tokens.none });
      assert.ok(!/mark(alpha|bravo)/.test(without(empty)), `${path} shows something to a caller without clusters`);
    }),
    { numRuns: 400 },
  );
});

test('the marks are everywhere, so that not seeing them means something', async () => {
  for (const path of ['risk', 'coverage', 'nodes', 'containers', 'processes', 'executions', 'incidents', 'vulnerabilities', 'violations', 'sensors', 'policies', 'images', 'clusters', 'workloads', 'pods', `trace?container=${containerOf('a')}`, `containers/${containerOf('a')}/packages`, 'checks', `checks/${checkIds.a}`, `policies/only-from-image/explain?image=${digestOf('a')}`]) {
    const own = await hub.ask('GET', `/api/v1/${path}`, { token: tokens.a });
    assert.ok(own.text.includes(marks.a), `${path} has no mark: ${own.text.slice(0, 300)}`);
    const all = await hub.ask('GET', `/api/v1/${path}`, { token: tokens.all });
    assert.ok(path.includes(containerOf('a')) || /^checks\/|explain/.test(path) || all.text.includes(marks.b), `${path} as all`);
  }
});

test('shared content is counted only where it is in scope', async () => {
  for (const side of ['a', 'b'] as const) {
    const both = (await hub.ask('GET', '/api/v1/vulnerabilities/CVE-BOTH', { token: tokens[side] })).json;
    assert.equal(both['workloads'], 1);
    assert.equal((both['findings'] as unknown as unknown[]).length, 1);
    assert.equal((await hub.ask('GET', '/api/v1/vulnerabilities', { token: tokens[side] })).json['total'], 2);
    assert.equal((await hub.ask('GET', `/api/v1/vulnerabilities/CVE-lib-${marks[other[side]]}`, { token: tokens[side] })).status, 404);
  }
  assert.equal((await hub.ask('GET', '/api/v1/vulnerabilities/CVE-BOTH', { token: tokens.all })).json['workloads'], 2);
});

test('what is another cluster’s cannot be changed, and the whole hub not by someone who sees a part', async () => {
  const token = tokens.a;
  const foreign = ids.b.at(-1);
  assert.equal((await hub.ask('PATCH', `/api/v1/incidents/${foreign}`, { token, body: { state: 'closed' } })).status, 404);
  assert.equal((await hub.ask('DELETE', `/api/v1/sensors/${sensors.b.sensorId}`, { token })).status, 404);
  assert.equal((await hub.ask('POST', '/api/v1/join-tokens', { token, body: { cluster: `cluster-${marks.b}` } })).status, 403);
  assert.equal((await hub.ask('POST', '/api/v1/join-tokens', { token, body: { cluster: 'a new one' } })).status, 403);
  assert.equal((await hub.ask('POST', '/api/v1/join-tokens', { token, body: { cluster: `cluster-${marks.a}` } })).status, 201);
  for (const [method, path, body] of [
    ['PUT', '/api/v1/policies/only-from-image/mode', { mode: 'off' }], ['DELETE', '/api/v1/policies/only-from-image', undefined], ['POST', '/api/v1/tokens', { name: 'x', grants: [{ role: 'admin', place: 'all' }] }], ['GET', '/api/v1/tokens', undefined],
    ['POST', '/api/v1/advisories/reload', undefined],
  ] as const) {
    assert.equal((await hub.ask(method, path, { token, body })).status, 403, `${method} ${path}`);
  }
});

test('the live stream tells a change only to those who may see its cluster', async () => {
  const open = async (token: string): Promise<Listening> => await listen(hub.url, token);
  const [a, b] = [await open(tokens.a), await open(tokens.b)];
  await hub.ask('PATCH', `/api/v1/incidents/${ids.a.at(-1)}`, { token: tokens.a, body: { state: 'acknowledged' } });
  for (let waited = 0; !a.text().includes('incidents') && waited < 50; waited += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.match(a.text(), /incidents/);
  assert.doesNotMatch(b.text(), /incidents/);
  await Promise.all([a.end(), b.end()]);
});
