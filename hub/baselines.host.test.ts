/** Baselines from a sensor's reports to what people read, promote and edit, on a real database and the real API. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BaselineDetailView, BaselineView } from '@vedette/model/api/baselines';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { record, seconds, type RecordInit } from './wire-sample.ts';

type Wire = NonNullable<Extract<NonNullable<RecordInit['kind']>, { case: 'behaviour' }>['value']['behaviours']>[number];

const digest = `sha256:${'ba'.repeat(32)}`;
const container = 'ba5e'.repeat(16);
const other = 'ba5f'.repeat(16);
let hub: SampleHub;
let one: SampleSensor;
let two: SampleSensor;
let operator: string;
before(async () => {
  hub = await sampleHub();
  one = await sampleSensor(hub.database);
  two = await sampleSensor(hub.database, { hostname: 'host-2' });
  operator = await hub.tokenFor('operator');
});
after(() => hub.end());

const inPod = { imageName: 'registry.test/shop/cart:1.4', platformDigest: digest, podName: 'cart-7d9', podNamespace: 'shop', podUid: 'u-1', workloadKind: 'Deployment', workloadName: 'cart', seenFromStart: true, startedBootNs: seconds(10) };
const ran = (path: string, list: string[] = ['-x']): Wire => ({ kind: 'execution', path, arguments: list, parent: '/bin/sh', origin: 'image', firstBootNs: seconds(11), program: path });
const wrote = (path: string): Wire => ({ kind: 'file', path, firstBootNs: seconds(12), program: '/bin/app' });
const connected = (name: string, port = 443): Wire => ({ kind: 'peer', direction: 'out', protocol: 'tcp', port, name, firstBootNs: seconds(12), program: '/bin/app' });

interface Report {
  readonly containerId?: string;
  readonly session?: bigint;
  readonly from?: number;
  readonly until: number;
  readonly lost?: bigint;
  readonly whole?: boolean;
  readonly seen?: readonly Wire[];
  readonly unseen?: string[];
}

function behaviour({ containerId = container, session = 1n, from = 10, until, lost = 0n, whole = true, seen = [], unseen = [] }: Report): RecordInit {
  return { kind: { case: 'behaviour', value: { containerId, session, observedFromBootNs: seconds(from), observedUntilBootNs: seconds(until), seenFromStart: whole, recordsLost: lost, behaviours: [...seen], unseen } } };
}

async function only(): Promise<BaselineDetailView> {
  const { items } = (await hub.ask('GET', '/api/v1/baselines?workload=cart', { token: operator })).json as unknown as { items: BaselineView[] };
  assert.equal(items.length, 1);
  return (await hub.ask('GET', `/api/v1/baselines/${items[0]?.id}`, { token: operator })).json as unknown as BaselineDetailView;
}

const texts = (all: readonly { readonly text: string }[]): string[] => all.map(({ text }) => text).sort();

test('two sensors learn one baseline; telling it again changes nothing', async () => {
  await one.send([record.container({ containerId: container, ...inPod }), behaviour({ until: 20, seen: [ran('/bin/app'), wrote('/var/log/app.log')] })]);
  await two.send([record.container({ containerId: other, ...inPod, podName: 'cart-8e0', podUid: 'u-2' }), behaviour({ containerId: other, until: 30, seen: [ran('/bin/app'), connected('db.shop', 5432)] })]);
  const first = await only();
  assert.deepEqual(texts(first.behaviours), ['/bin/app -x by /bin/sh as user 0', '/var/log/app.log', 'to db.shop tcp/5432']);
  assert.equal(first.state, 'learn');
  assert.equal(first.wholeStart, true);
  assert.deepEqual([first.namespace, first.workload, first.platformDigest, first.runs], ['shop', 'cart', digest, 2]);
  await one.send([behaviour({ until: 40, seen: [ran('/bin/app'), wrote('/var/log/app.log')] })]);
  const again = await only();
  assert.equal(again.generation, first.generation);
  assert.deepEqual(again.behaviours.map(({ key }) => key), first.behaviours.map(({ key }) => key));
  assert.ok(again.watchedSeconds > first.watchedSeconds && again.quietSeconds > 0);
});

test('what was done before anybody knew whose container it is waits, and is learned then', async () => {
  const late = 'ba60'.repeat(16);
  await one.send([record.container({ containerId: late, identity: 1, name: '', platformDigest: '', imageName: '', seenFromStart: true }), behaviour({ containerId: late, until: 41, seen: [ran('/bin/early')] })]);
  assert.ok(!texts((await only()).behaviours).some((text) => text.startsWith('/bin/early')));
  await one.send([record.container({ containerId: late, ...inPod, podName: 'cart-9f1', podUid: 'u-3' }), behaviour({ containerId: late, until: 42 })]);
  assert.ok(texts((await only()).behaviours).some((text) => text.startsWith('/bin/early')));
});

test('where nobody looked is marked', async () => {
  await one.send([behaviour({ until: 50, lost: 7n })]);
  await one.send([behaviour({ session: 2n, from: 200, until: 210, whole: false, unseen: ['peer'] })]);
  await one.send([record.container({ containerId: 'ba61'.repeat(16), ...inPod, podName: 'cart-af2', podUid: 'u-4', seenFromStart: false, startedBootNs: seconds(100) }), behaviour({ containerId: 'ba61'.repeat(16), from: 200, until: 210, whole: false })]);
  await one.send([{ kind: { case: 'telemetryDropped', value: { batches: 1n, records: 30n, firstBootNs: seconds(201), lastBootNs: seconds(202) } } }]);
  const { blindIntervals, blind } = await only();
  const found = new Map(blindIntervals.map((interval) => [interval.reason, Math.round((Date.parse(interval.until) - Date.parse(interval.since)) / 1000)]));
  assert.deepEqual([...found.keys()].sort(), ['hook-missing', 'not-watched', 'records-lost', 'started-before', 'telemetry-dropped']);
  assert.equal(found.get('not-watched'), 150);
  assert.equal(found.get('records-lost'), 10);
  assert.equal(found.get('started-before'), 100);
  assert.equal(blindIntervals.find(({ reason }) => reason === 'records-lost')?.count, 7);
  assert.equal(blind.reasons.length, 5);
});

test('watched, the baseline stays as it is, and what it does not hold stands outside with what was expected', async () => {
  const { id, generation } = await only();
  const refused = await hub.ask('PUT', `/api/v1/baselines/${id}/state`, { token: operator, body: { state: 'enforce' } });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /still learns/);
  assert.equal((await hub.ask('PUT', `/api/v1/baselines/${id}/state`, { token: operator, body: { state: 'watch' } })).status, 200);
  await two.send([behaviour({ containerId: other, until: 300, seen: [ran('/bin/nc', ['-l']), ran('/bin/app'), connected('evil.example', 5432)] })]);
  const now = await only();
  assert.deepEqual(texts(now.outsideBehaviours), ['/bin/nc -l by /bin/sh as user 0', 'to evil.example tcp/5432']);
  assert.equal(now.generation, generation);
  assert.match(now.outsideBehaviours.find(({ behaviour: { kind } }) => kind === 'peer')?.expected ?? '', /to db\.shop tcp\/5432/);
  const taken = (await hub.ask('POST', `/api/v1/baselines/${id}/accept`, { token: operator, body: { keys: now.outsideBehaviours.filter(({ behaviour: { kind } }) => kind === 'peer').map(({ key }) => key) } })).json as unknown as BaselineDetailView;
  assert.deepEqual(texts(taken.outsideBehaviours), ['/bin/nc -l by /bin/sh as user 0']);
  assert.ok(texts(taken.behaviours).includes('to evil.example tcp/5432'));
});

test('exported, edited and put back; a stale copy and another image are refused', async () => {
  const { id } = await only();
  const yaml = (await hub.ask('GET', `/api/v1/baselines/${id}/export`, { token: operator })).text;
  assert.match(yaml, /^# Learned behaviour of shop\/cart/);
  assert.match(yaml, /# Not seen from .* 7 records of the container were lost/);
  const generation = Number(/generation: (\d+)/.exec(yaml)?.[1]);
  const edited = yaml.replace(/ {4}- .*evil\.example.*\n/, '').replace('writes:\n', 'writes:\n    - "/var/cache/**"\n');
  const put = await hub.ask('PUT', `/api/v1/baselines/${id}`, { token: operator, body: { yaml: edited, generation } });
  assert.equal(put.status, 200, put.text);
  const found = texts((put.json as unknown as BaselineDetailView).behaviours);
  assert.ok(found.includes('/var/cache/**') && !found.some((text) => text.includes('evil')));
  assert.equal((await hub.ask('PUT', `/api/v1/baselines/${id}`, { token: operator, body: { yaml: edited, generation } })).status, 409);
  assert.match((await hub.ask('PUT', `/api/v1/baselines/${id}`, { token: operator, body: { yaml: edited.replace(digest, `sha256:${'00'.repeat(32)}`) } })).text, /baseline is of/);
  assert.match((await hub.ask('PUT', `/api/v1/baselines/${id}`, { token: operator, body: { yaml: 'nonsense: [' } })).text, /not YAML/);
});

test('enforced, it says what it stops; a baseline that is used to drift is refused by name', async () => {
  const { id } = await only();
  assert.equal((await hub.ask('PUT', `/api/v1/baselines/${id}/state`, { token: operator, body: { state: 'enforce' } })).status, 200);
  const { enforcement, history } = await only();
  assert.equal(enforcement.stops.length, 3);
  assert.ok(enforcement.cannotStop.some(({ missing }) => /no atom/.test(missing)));
  assert.deepEqual(history.map(({ state }) => state), ['enforce', 'watch', 'learn']);
  const yaml = (await hub.ask('GET', `/api/v1/baselines/${id}/export`, { token: operator })).text;
  const drifting = yaml.replace('executions:\n', `executions:\n${['dropped', 'modified', 'memory'].map((origin) => `    - { path: /tmp/x, arguments: any, user: 0, origin: ${origin} }\n`).join('')}`);
  const refused = await hub.ask('PUT', `/api/v1/baselines/${id}`, { token: operator, body: { yaml: drifting } });
  assert.equal(refused.status, 422);
  assert.match(refused.text, /no atom for the path/);
});

test('learning ends by itself after watched time without anything new, and only when a start was seen whole', async () => {
  const quiet = `sha256:${'0b'.repeat(32)}`;
  const place = { ...inPod, platformDigest: quiet, podName: 'quiet-1', podUid: 'u-9', workloadName: 'quiet' };
  const id = 'ba62'.repeat(16);
  await one.send([record.container({ containerId: id, ...place }), behaviour({ containerId: id, until: 20, seen: [ran('/bin/q')] })]);
  const of = async (): Promise<BaselineView> => ((await hub.ask('GET', `/api/v1/baselines?workload=quiet`, { token: operator })).json as unknown as { items: BaselineView[] }).items[0]!;
  await hub.database.query('update baseline set learn_hours = 0.01');
  await one.send([behaviour({ containerId: id, until: 40 })]);
  assert.equal((await of()).state, 'learn');
  await one.send([behaviour({ containerId: id, until: 100 })]);
  while ((await of()).state === 'learn') await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual([(await of()).state, (await of()).stateBy], ['watch', 'the product']);
});

test('who sees one namespace sees its baselines alone', async () => {
  const cluster = (await only()).cluster;
  const token = async (namespace: string): Promise<string> => hub.tokenFor('viewer', { kind: 'places', places: [{ cluster, namespaces: [namespace] }] });
  const listed = async (namespace: string): Promise<number> => ((await hub.ask('GET', '/api/v1/baselines', { token: await token(namespace) })).json as unknown as { items: unknown[] }).items.length;
  assert.deepEqual([await listed('shop'), await listed('bank')], [2, 0]);
});
