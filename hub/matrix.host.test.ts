/**
 * The matrix of access: every endpoint of the table × callers of every role and scope × every id that the hub hands out.
 * A hub holds two clusters with two namespaces each; every text in a place carries the place's mark. What a caller may
 * not see must not be in any answer, whatever id or filter is asked; an id of elsewhere is answered as one that does
 * not exist; what happens elsewhere changes no answer, so no count of it leaks. Ids are gathered from the answers and
 * endpoints from the table: what is added to either is covered without a change here, but for the body of a new write.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { permitsSomewhere, scopeFor, scopeHolds, type Grant } from '@vedette/model/access';
import type { EndpointName } from '@vedette/model/api/table';
import { Assessor } from './assess/assessor.ts';
import { sampleCheck, sampleException } from './check-sample.ts';
import { sampleHub, samplePlaybook, samplePolicy, type Answer, type SampleHub } from './hub-sample.ts';
import { listen, type Listening } from './live-sample.ts';
import { addressOf, gather, lists, madeUp, sameBut, still, table, textFilters, wide, withId } from './matrix-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { execution, record } from './wire-sample.ts';

/** What is sent to the endpoints that take a body: harmless, and in the right form. A new one fails the first test. */
const bodies: Partial<Record<EndpointName, unknown>> = {
  putIntegration: { kind: 'registry', settings: { host: 'r.example' } },
  signIn: { user: 'nobody', password: 'x' },
  changePassword: { current: 'x', next: 'a long new password' },
  createToken: { name: 'made', grants: [{ role: 'viewer', place: 'all' }] },
  createPerson: { name: 'made', grants: [] },
  updatePerson: { disabled: true },
  updateIncident: { assignee: 'somebody' },
  putPolicy: { yaml: samplePolicy('made') },
  setPolicyMode: { mode: 'off' },
  createJoinToken: { cluster: 'cluster-b' },
  recordCheck: sampleCheck(),
  putPlaybook: { yaml: samplePlaybook('made') },
  setPlaybookMode: { mode: 'off' },
  tryPlaybook: { yaml: samplePlaybook('made') },
  startResponse: { playbook: 'tell', event: '1' },
  decideStep: { decision: 'approved' },
  putException: { yaml: sampleException('made') },
  setBaselineState: { state: 'watch' }, acceptBehaviours: { keys: 'all' }, putBaseline: { yaml: 'apiVersion: vedette.dev/v1alpha1\nkind: Baseline\nmetadata: { name: made }\nspec: {}\n' },
  setNoiseBudget: { perDay: 100 },
  putRuleFile: { yaml: '- list: made\n  items: [a]\n' },
  approveException: { updatedAt: new Date(0).toISOString() },
};

const places = ['a/', 'a/shop', 'a/pay', 'b/', 'b/shop', 'b/pay'] as const;
type PlaceName = (typeof places)[number];
const marks: Record<PlaceName, string> = { 'a/': 'ashmark', 'a/shop': 'oakmark', 'a/pay': 'elmmark', 'b/': 'boxmark', 'b/shop': 'firmark', 'b/pay': 'yewmark' };
const clusters = {} as Record<'a' | 'b', string>;
const sensors = {} as Record<'a' | 'b', SampleSensor>;

interface TestCaller {
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly token: string;
}
let hub: SampleHub;
let callers: TestCaller[] = [];
let assessor: Assessor;

function containerOf(place: PlaceName, serial: number): string {
  return `${places.indexOf(place)}${serial}`.padEnd(64, '7');
}

/** A pod (or, without a namespace, a container and processes of the host) with everything that is reported of one. */
async function fill(place: PlaceName, serial: number): Promise<void> {
  const [cluster, namespace] = place.split('/') as ['a' | 'b', string];
  const sensor = sensors[cluster];
  const mark = `${marks[place]}${serial}`;
  const containerId = containerOf(place, serial);
  const platformDigest = `sha256:${containerId.slice(0, 2).padEnd(64, '3')}`;
  const revision = `sha256:${mark}`;
  await sensor.send([
    record.container({
      containerId, platformDigest, name: `web-${mark}`, imageName: `registry/${mark}`, labels: { owner: mark },
      ...(namespace === '' ? {} : { podName: `pod-${mark}`, podNamespace: namespace, podUid: mark }),
    }),
    record.inventory({ containerId, platformDigest, revision, packages: [{ ecosystem: 'npm', name: `lib-${mark}`, version: '1.0.0', path: `/app/${mark}` }, { ecosystem: 'npm', name: 'both', version: '1.0.0', path: `/both/${mark}` }] }),
    record.loaded(0b11, { containerId, revision, evidence: [{ packageIndex: 0, kind: 3, path: `/app/${mark}/index.js`, readerPath: `/bin/${mark}`, atBootNs: 5n }] }),
    record.started(execution({ tgid: 1000 * (serial + 1) + places.indexOf(place), path: `/bin/${mark}`, arguments: [mark], containerId: namespace === '' ? '' : containerId })),
    record.count({ path: `/bin/${mark}`, parentPath: `/sbin/${mark}`, containerId: namespace === '' ? '' : containerId }),
    record.flow({ containerId, processPath: `/bin/${mark}` }),
    record.behaviour({ containerId, behaviours: [{ kind: 'execution', path: `/bin/${mark}`, arguments: [mark], origin: 'image', program: `/bin/${mark}` }], recordsLost: 2n }),
    ...(namespace === '' ? [record.coverage({ policyProblems: [`only-from-image: ${mark}`], losses: [{ eventClass: 'execution', cause: mark, count: 5n }] }), record.forgotten(`things about ${mark}`, 3)] : []),
  ]);
  await sensor.send(
    [
      record.detection({ detectionId: `d-${mark}`, rule: `Rule ${mark}`, output: mark, containerId: namespace === '' ? '' : containerId, tree: [execution({ path: `/bin/${mark}` })] }),
      record.verdict({ verdictId: `v-${mark}`, policy: 'only-from-image', containerId, tree: [execution({ path: `/tmp/${mark}` })] }),
    ],
    'detection',
  );
}

const source = {
  version: 'v1',
  advisories: 3,
  covers: () => true,
  feeds: () => [],
  match: (packages: readonly { name: string }[]) =>
    packages.map(({ name }, index) => ({ index, id: name === 'both' ? 'CVE-BOTH' : `CVE-${name}`, aliases: [], summary: name, details: null, severity: 'high', cvss: 8, exploited: null, fixedIn: '2.0.0', uncertain: null, published: null, modified: null, references: [] })) as never,
};

before(async () => {
  hub = await sampleHub();
  for (const name of ['a', 'b'] as const) {
    sensors[name] = await sampleSensor(hub.database, { cluster: `cluster-${name}`, hostname: `host-${name}` });
    clusters[name] = ((await hub.database.query('select id from cluster where name = $1', [`cluster-${name}`])).rows[0] as { id: string }).id;
  }
  assessor = new Assessor({ database: hub.database, advisories: () => ({ source }), now: () => new Date(), changed: () => undefined, log: () => undefined });
  for (const place of places) await fill(place, 1);
  await assessor.settle();
  const [a, b] = [clusters.a, clusters.b];
  const whole = (cluster: string) => ({ cluster, namespaces: 'all' }) as const;
  const grants: Record<string, readonly Grant[]> = {
    'viewer of all': [{ role: 'viewer', place: 'all' }],
    'viewer of a': [{ role: 'viewer', place: whole(a) }],
    'operator of b': [{ role: 'operator', place: whole(b) }],
    'admin of a': [{ role: 'admin', place: whole(a) }],
    'viewer of a/shop': [{ role: 'viewer', place: { cluster: a, namespaces: ['shop'] } }],
    'admin of a/pay': [{ role: 'admin', place: { cluster: a, namespaces: ['pay'] } }],
    'analyst of a/shop and b/pay': [{ role: 'analyst', place: { cluster: a, namespaces: ['shop'] } }, { role: 'analyst', place: { cluster: b, namespaces: ['pay'] } }],
    'analyst of a/shop, viewer of b': [{ role: 'analyst', place: { cluster: a, namespaces: ['shop'] } }, { role: 'viewer', place: whole(b) }],
    'analyst of a namespace that is not there': [{ role: 'analyst', place: { cluster: a, namespaces: ['none'] } }],
    'nobody': [],
  };
  callers = await Promise.all(Object.entries(grants).map(async ([name, given]) => ({ name, grants: given, token: await hub.tokenWith(given) })));
});
after(() => hub.end());

function foreignMarks(caller: TestCaller): string[] {
  const scope = scopeFor(caller.grants, 'view');
  return places.filter((place) => {
    const [cluster, namespace] = place.split('/') as ['a' | 'b', string];
    return !scopeHolds(scope, clusters[cluster], namespace);
  }).map((place) => marks[place]);
}

function assertNoForeign(caller: TestCaller, what: string, answer: Answer, question: string): void {
  assert.ok(answer.status < 500, `${caller.name}: ${what}: ${answer.text}`);
  const text = answer.text.replaceAll(question, '').replaceAll(encodeURIComponent(question), '');
  for (const mark of foreignMarks(caller)) assert.ok(!text.includes(mark), `${caller.name} sees ${mark} by ${what}: ${excerpt(text, mark)}`);
  if (!caller.grants.some(({ place }) => place === 'all' || place.cluster === clusters.b)) assert.ok(!/cluster-b|host-b/.test(text), `${caller.name} sees a name of b by ${what}`);
}

function excerpt(text: string, mark: string): string {
  const at = text.indexOf(mark);
  return text.slice(Math.max(0, at - 300), at + 100);
}

/** All ids that a caller is told of by lists. */
async function idsFor(token: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const [, endpoint] of lists) gather((await hub.ask('GET', wide(endpoint), { token })).json, found);
  return found;
}

test('every endpoint that takes a body has one here, of its form', () => {
  for (const [name, endpoint] of table) {
    if (endpoint.body === undefined) continue;
    const parsed = endpoint.body.safeParse(bodies[name]);
    assert.ok(parsed.success, `give ${name} a body in hub/matrix.host.test.ts: ${parsed.error?.message ?? ''}`);
  }
});

test('the marks are there for who may see them', async () => {
  for (const caller of callers.slice(0, 8)) {
    const own = places.map((place) => marks[place]).filter((mark) => !foreignMarks(caller).includes(mark));
    const text = (await Promise.all(['containers', 'processes', 'executions', 'incidents?state=all', 'vulnerabilities', 'risk'].map((path) => hub.ask('GET', `/api/v1/${path}`, { token: caller.token })))).map((answer) => answer.text).join('');
    for (const mark of own) assert.ok(text.includes(mark), `${caller.name} does not see ${mark}`);
  }
});

test('no list shows anything of elsewhere, and a role that does not permit is refused', async () => {
  for (const caller of callers) {
    for (const [name, endpoint] of lists) {
      const answer = await hub.ask('GET', wide(endpoint), { token: caller.token });
      assertNoForeign(caller, name, answer, wide(endpoint));
      const may = endpoint.permission === 'self' || endpoint.permission === 'public' || permitsSomewhere(caller.grants, endpoint.permission);
      if (!may) assert.equal(answer.status, 403, `${name} as ${caller.name}`);
      // a trace is of something that is named, and so is a proposal
      else assert.ok(answer.status === 200 || answer.status === 403 || ((name === 'trace' || name === 'proposeExceptions') && answer.status === 400), `${name} as ${caller.name}: ${answer.text}`);
    }
  }
});

test('an id of elsewhere is answered as one that does not exist, by every endpoint that takes one', async () => {
  const all = [...(await idsFor(await hub.tokenFor('admin')))];
  assert.ok(all.length > 60, `${all.length} ids`);
  for (const [row, caller] of callers.entries()) {
    const own = await idsFor(caller.token);
    const foreign = all.filter((id) => !own.has(id));
    for (const [column, [name, endpoint]] of withId.entries()) {
      // Every id meets every endpoint and every caller, but not in every combination: those would be a hundred thousand questions.
      for (const id of foreign.filter((_, index) => (index + row + column) % 3 === 0)) {
        const ask = (which: string): Promise<Answer> => hub.ask(endpoint.method, addressOf(endpoint, which), { token: caller.token, body: endpoint.body === undefined ? undefined : bodies[name] });
        const answer = await ask(id);
        assertNoForeign(caller, `${name} ${id}`, answer, id);
        const other = madeUp(id);
        const unknown = await ask(other);
        assert.equal(sameBut(answer, id, other), sameBut(unknown, id, other), `${caller.name}: ${name} ${id}`);
      }
    }
  }
});

test('a filter by what is elsewhere answers as one by what does not exist', async () => {
  const all = [...(await idsFor(await hub.tokenFor('admin')))];
  for (const caller of callers.filter(({ grants }) => grants.length > 0 && grants.every(({ place }) => place !== 'all'))) {
    const own = await idsFor(caller.token);
    const foreign = all.filter((id) => !own.has(id) && !/^\d{1,3}$/.test(id)).filter((_, index) => index % 5 === 0);
    for (const [name, endpoint] of lists) {
      for (const key of textFilters(endpoint)) {
        for (const id of foreign) {
          const ask = (which: string): Promise<Answer> => hub.ask('GET', `${endpoint.path}?${new URLSearchParams({ [key]: which }).toString()}`, { token: caller.token });
          const other = madeUp(id);
          const [answer, unknown] = [still(await ask(id)), still(await ask(other))];
          assertNoForeign(caller, `${name} ${key}=${id}`, answer, id);
          assert.equal(sameBut(answer, id, other), sameBut(unknown, id, other), `${caller.name}: ${name} by ${key}=${id}`);
        }
      }
    }
  }
});

test('what happens elsewhere changes no answer: no count, order or share of it leaks', async () => {
  const watchers = callers.filter(({ name }) => ['viewer of a/shop', 'admin of a/pay', 'analyst of a/shop and b/pay', 'analyst of a namespace that is not there', 'nobody'].includes(name));
  const snapshot = async (): Promise<Map<string, string>> => {
    const found = new Map<string, string>();
    for (const caller of watchers) for (const [name, endpoint] of lists) found.set(`${caller.name}: ${name}`, sameBut(still(await hub.ask('GET', wide(endpoint), { token: caller.token }))));
    return found;
  };
  // Whether the hosts under one's pods are seen is told, and the sensors of this test do not keep in touch by themselves.
  await hub.database.query("update sensor_report set last_seen_at = now() + interval '1 hour'");
  const before = await snapshot();
  for (const place of ['a/', 'b/', 'b/shop'] as const) for (const serial of [2, 3]) await fill(place, serial);
  await assessor.settle();
  const afterwards = await snapshot();
  for (const [what, text] of before) assert.equal(afterwards.get(what), text, what);
});

test('nobody changes what is elsewhere: neither a row nor the audit log', async () => {
  const admin = await hub.tokenFor('admin');
  const rowsOf = async (): Promise<string> => {
    const { rows } = await hub.database.query('select cluster_id, namespace, state, assignee, title from incident order by id');
    return JSON.stringify([rows, (await hub.database.query('select id from sensor where removed_at is not null')).rows, (await hub.database.query('select name, mode from policy order by name')).rows]);
  };
  const all = [...(await idsFor(admin))];
  const before = await rowsOf();
  const audited = (await hub.ask('GET', '/api/v1/audit', { token: admin })).text;
  for (const caller of callers.filter(({ name }) => name === 'viewer of all' || name.includes('not there') || name === 'nobody')) {
    for (const [name, endpoint] of table) {
      if (endpoint.method === 'GET' || endpoint.permission === 'public' || endpoint.permission === 'self') continue;
      for (const id of endpoint.path.includes('{') ? all : ['']) {
        const { status } = await hub.ask(endpoint.method, addressOf(endpoint, id), { token: caller.token, body: endpoint.body === undefined ? undefined : bodies[name] });
        // what only needs to be seen may be asked by POST too; that it changes nothing is compared below
        assert.ok(status === 403 || status === 404 || status === 400 || (status === 200 && (endpoint.permission === 'view' || name === 'tryPlaybook')), `${caller.name}: ${name} ${id} answered ${status}`);
      }
    }
  }
  assert.equal(await rowsOf(), before);
  assert.equal((await hub.ask('GET', '/api/v1/audit', { token: admin })).text, audited);
});

test('an incident is triaged where its place grants it, and only seen where it is only seen', async () => {
  const caller = callers.find(({ name }) => name === 'analyst of a/shop, viewer of b')!;
  const { rows } = await hub.database.query("select id, cluster_id, coalesce(namespace, '') as namespace from incident order by id");
  for (const row of rows as { id: number; cluster_id: string; namespace: string }[]) {
    const { status } = await hub.ask('PATCH', `/api/v1/incidents/${row.id}`, { token: caller.token, body: { assignee: 'ada' } });
    const expected = row.cluster_id === clusters.b ? 403 : row.namespace === 'shop' ? 200 : 404;
    assert.equal(status, expected, `${row.cluster_id === clusters.b ? 'b' : 'a'}/${row.namespace}`);
  }
});

test('a container that becomes known takes what was found in it into its namespace', async () => {
  const containerId = 'e'.repeat(64);
  const viewer = callers.find(({ name }) => name === 'viewer of a/shop')!;
  const sees = async (): Promise<boolean> => (await hub.ask('GET', '/api/v1/incidents?state=all&limit=200', { token: viewer.token })).text.includes('Rule latecomer');
  await sensors.a.send([record.container({ containerId, identity: 1, name: '', imageName: '', platformDigest: '' })]);
  await sensors.a.send([record.detection({ detectionId: 'late', rule: 'Rule latecomer', containerId })], 'detection');
  assert.equal(await sees(), false);
  await sensors.a.send([record.container({ containerId, name: 'late', podName: 'late', podNamespace: 'shop' })]);
  assert.equal(await sees(), true);
});

test('the live stream tells of a namespace only those who may see it', async () => {
  const open = async (token: string): Promise<Listening> => await listen(hub.url, token);
  const named = (name: string): TestCaller => callers.find((caller) => caller.name === name)!;
  const streams = { shop: await open(named('viewer of a/shop').token), pay: await open(named('admin of a/pay').token), a: await open(named('viewer of a').token) };
  const { rows } = await hub.database.query("select id from incident where cluster_id = $1 and namespace = 'shop' order by id limit 1", [clusters.a]);
  await hub.ask('PATCH', `/api/v1/incidents/${(rows[0] as { id: number }).id}`, { token: await hub.tokenFor('analyst'), body: { state: 'acknowledged' } });
  for (let waited = 0; !(streams.shop.text().includes('incidents') && streams.a.text().includes('incidents')) && waited < 200; waited += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  // What comes after it in the same stream has been sent after it: policies concern everyone.
  await hub.ask('PUT', '/api/v1/policies/only-from-image/mode', { token: await hub.tokenFor('admin'), body: { mode: 'off' } });
  for (let waited = 0; !streams.pay.text().includes('policies') && waited < 200; waited += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.match(streams.pay.text(), /policies/);
  assert.doesNotMatch(streams.pay.text(), /incidents/);
  assert.match(streams.shop.text(), /incidents/);
  assert.match(streams.a.text(), /incidents/);
  await Promise.all(Object.values(streams).map((stream) => stream.end()));
});
