/**
 * The whole road of a cluster's sensor: a real hub with its PostgreSQL, a cluster part with its relay, and a sensor's end of the
 * link, over mutual TLS; the API server is the small one that speaks its list and watch protocol. The hub is stopped and
 * started again in between.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { readClusterConfig } from '@vedette/cluster/config';
import { TestApiServer } from '@vedette/cluster/kubernetes/testing/api-server';
import { startCluster, type RunningCluster } from '@vedette/cluster/main';
import { sampleHub, type SampleHub } from '@vedette/hub/hub-sample';
import { payloadBytes, record, sampleBoot } from '@vedette/hub/wire-sample';
import { connectLink, createLinkClient, type LinkClient } from '@vedette/link/transport/client';
import type { Credentials } from '@vedette/link/transport/credentials';
import { joinThroughRelay, type JoinOutcome } from '@vedette/link/transport/join';
import { onBehalfHeader } from '@vedette/link/transport/routes';
import { Link, type Command, type PodSet } from '@vedette/model/wire/generated/link_pb';
import { RecordSchema } from '@vedette/model/wire/generated/record_pb';
import { readTrust } from '@vedette/sensor/trust';
import { startHub } from '@vedette/hub/main';
import { until as waited } from '../until.ts';

const node = { hostname: 'node-a', bootId: sampleBoot, kernelRelease: '6.18', architecture: 'x86_64', distribution: 'Debian', sensorVersion: '0.1.0', cgroupMode: 'v2', machineId: 'm' };
const uidOf = { alpha: 'a'.repeat(36), beta: 'b'.repeat(36) };
let directory: string;
let hub: SampleHub;
let admin: string;
const stops: (() => Promise<void> | void)[] = [];

interface Cluster {
  readonly api: TestApiServer;
  readonly running: RunningCluster;
  readonly trust: string;
  readonly state: string;
}

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'vedette-relay-'));
  hub = await sampleHub();
  admin = await hub.tokenFor('admin');
});
after(async () => {
  for (const stop of stops.reverse()) await stop();
  await hub.end();
  await rm(directory, { recursive: true, force: true });
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const { value } = await waited(async () => await holds(), 20_000, 20);
  assert.ok(value, `did not happen: ${what}`);
}

async function clusterToken(cluster: string): Promise<string> {
  const made = await hub.ask('POST', '/api/v1/join-tokens', { token: admin, body: { cluster, part: 'cluster' } });
  assert.equal(made.status, 201, made.text);
  assert.match(String(made.json['command']), /^vedette cluster --hub-token vdt1\./);
  return String(made.json['token']);
}

/** Tokens are `sensor@NODE`; the API server vouches for them as for the sensors' service account. */
function reviewOf(body: string): unknown {
  const { spec } = JSON.parse(body) as { spec: { token: string; audiences: string[] } };
  const [account = '', place = ''] = spec.token.split('.on.');
  const extra = { 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': ['u'], 'authentication.kubernetes.io/node-name': [place], 'authentication.kubernetes.io/node-uid': [`uid-of-${place}`] };
  const isGood = place !== '' && spec.audiences[0] === 'vedette';
  return { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, status: isGood ? { authenticated: true, audiences: ['vedette'], user: { username: `system:serviceaccount:vedette:${account}`, extra } } : { authenticated: false } };
}

async function cluster(name: keyof typeof uidOf, token: string, kubeUid = uidOf[name]): Promise<Cluster> {
  const api = new TestApiServer();
  const { server } = await api.start();
  const place = path.join(directory, `${name}-${randomUUID()}`);
  const trust = path.join(place, 'trust');
  mkdirSync(trust, { recursive: true });
  for (const one of ['/apis/apps/v1/replicasets', '/apis/batch/v1/jobs']) api.empty.add(one);
  api.answers.set('GET /api/v1/namespaces/kube-system', () => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: kubeUid } }));
  api.answers.set('GET /version', () => ({ gitVersion: 'v1.36.3' }));
  api.answers.set('POST /apis/authentication.k8s.io/v1/tokenreviews', reviewOf);
  api.answers.set('PATCH /api/v1/namespaces/vedette/configmaps/vedette-trust', (body) => {
    const { data } = JSON.parse(body) as { data: Record<string, string> };
    for (const [file, text] of Object.entries(data)) writeFileSync(path.join(trust, file), text);
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'vedette-trust' } };
  });
  const kubeconfig = path.join(place, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'x', 'contexts': [{ name: 'x', context: { cluster: 'x', user: 'x' } }], 'clusters': [{ name: 'x', cluster: { server } }], 'users': [{ name: 'x', user: { token: 'secret' } }] }));
  writeFileSync(path.join(place, 'token'), token);
  const state = path.join(place, 'state');
  const running = await startCluster(
    readClusterConfig({ stateDirectory: state, joinTokenFile: path.join(place, 'token'), kubeconfig, namespace: 'vedette', relay: { host: '127.0.0.1', port: 0 }, health: { host: '127.0.0.1', port: 0 } }),
  );
  assert.ok(running !== undefined);
  stops.push(() => api.stop(), () => running.stop());
  return { api, running, trust, state };
}

async function joins(from: Cluster, token: string): Promise<JoinOutcome> {
  await until('the trust is written', () => readTrust(from.trust) !== undefined);
  const trust = readTrust(from.trust);
  assert.ok(trust !== undefined);
  return joinThroughRelay({ ...trust, relayUrl: trust.relayUrl.replace(/\/\/[^:]+:/, '//127.0.0.1:'), token, node });
}

async function joined(from: Cluster, token: string): Promise<Credentials> {
  const outcome = await joins(from, token);
  assert.ok(outcome.kind === 'joined', JSON.stringify(outcome));
  return outcome.credentials;
}

function open(credentials: Credentials): LinkClient {
  const client = createLinkClient(credentials);
  stops.push(() => client.close());
  return client;
}

const epoch = randomBytes(8).toString('hex');
async function greet(client: LinkClient, session = '', of = epoch): Promise<string> {
  const hello = await client.hello({ epoch: of, session, nonce: randomBytes(16).toString('hex'), schemaVersion: 1, sentAtMs: Date.now() }, node);
  assert.ok(hello.kind === 'accepted', JSON.stringify(hello));
  return hello.session;
}

const pod = (name: string, on: string) => ({ spec: { nodeName: on, serviceAccountName: 'web', containers: [{ name: 'main', image: 'shop:1' }] }, status: { phase: 'Running', containerStatuses: [{ name: 'main', containerID: `containerd://${name.padEnd(64, '0')}`, imageID: 'x' }] } });

let alpha: Cluster;
let credentials: Credentials;
let client: LinkClient;
let session: string;
const heard: Command[] = [];
const podSets = (): PodSet[] => heard.flatMap(({ kind }) => (kind.case === 'pods' ? [kind.value] : []));
const podNames = (): string => (podSets().at(-1)?.pods ?? []).map((one) => one.name).toSorted().join(' ');

test('a cluster part joins with its token; the same cluster again is the same row, another one under its name is refused', async () => {
  alpha = await cluster('alpha', await clusterToken('alpha'));
  await until('the relay listens', () => alpha.running.relay()?.isListening === true);
  const rows = await hub.database.query("select name, kind, uid, kubernetes_version from cluster where kind = 'kubernetes'", []);
  assert.deepEqual(rows.rows, [{ name: 'alpha', kind: 'kubernetes', uid: uidOf.alpha, kubernetes_version: 'v1.36.3' }]);
});

test('a sensor joins by its service-account token, and is on the node that the API server names', async () => {
  credentials = await joined(alpha, 'vedette-sensor.on.node-a');
  const other = await joins(alpha, 'default.on.node-a');
  assert.ok(other.kind === 'refused' && /Only pods of the service account/.test(other.reason), JSON.stringify(other));
  const forged = await joins(alpha, 'nonsense');
  assert.ok(forged.kind === 'refused' && /does not accept this token/.test(forged.reason), JSON.stringify(forged));
  const rows = await hub.database.query('select n.kubernetes_name, n.kubernetes_uid, s.kind from node n join sensor s on s.node_id = n.id', []);
  assert.deepEqual(rows.rows, [{ kubernetes_name: 'node-a', kubernetes_uid: 'uid-of-node-a', kind: 'sensor' }]);
});

test('hello, delivery, commands of the hub and pods of the cluster part through the relay', async () => {
  client = open(credentials);
  session = await greet(client);
  assert.deepEqual(await client.deliver({ epoch, session, stream: 'telemetry', batches: [{ sequence: 1, payload: payloadBytes([record.count({ count: 5n })]) }] }), { kind: 'accepted', watermark: 1, duplicates: 0, reason: '' });
  alpha.api.put('web-1', pod('web-1', 'node-a'), { labels: { app: 'web' }, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 's', controller: true }] });
  alpha.api.put('elsewhere', pod('elsewhere', 'node-b'));
  void client.commands(session, (command) => heard.push(command));
  await until('the hub is heard', () => heard.some(({ kind }) => kind.case === 'policies') && heard.some(({ kind }) => kind.case === 'rules'));
  await until('the pods are told', () => podNames() === 'web-1');
  const [told] = podSets().at(-1)!.pods;
  assert.deepEqual([told?.workloadKind, told?.workloadName, told?.labels['app'], told?.containers[0]?.containerId], ['StatefulSet', 'web', 'web', 'web-1'.padEnd(64, '0')]);
  assert.deepEqual(alpha.running.relay()?.nodesWithSensor, ['node-a']);
});

test('while the hub is away the sensor hears so, keeps its commands and is told its pods; afterwards all goes on', async () => {
  const linkPort = Number(hub.linkAddress.split(':').at(-1));
  const heardBefore = heard.length;
  await hub.stop();
  const answer = await client.deliver({ epoch, session, stream: 'telemetry', batches: [{ sequence: 2, payload: payloadBytes([record.count()]) }] });
  assert.ok(answer.kind === 'failed' && answer.scope === 'request', JSON.stringify(answer));
  assert.match(answer.reason, /The cluster part has no hub at the moment/);
  alpha.api.put('web-2', pod('web-2', 'node-a'));
  await until('the new pod is told', () => podNames() === 'web-1 web-2');
  const again = await startHub({ ...hub.startedWith, link: { port: linkPort } });
  Object.assign(hub, { url: again.url, database: again.database, stop: () => again.stop(), linkAddress: again.linkAddress });
  await until('the delivery goes on', async () => {
    const now = await client.deliver({ epoch, session, stream: 'telemetry', batches: [{ sequence: 2, payload: payloadBytes([record.count({ count: 7n })]) }] });
    return now.kind === 'accepted' && now.watermark === 2;
  });
  await until('the hub is heard again on the same stream', () => heard.slice(heardBefore).some(({ kind }) => kind.case === 'policies'));
  assert.equal((await hub.ask('GET', '/api/v1/executions', { token: admin })).json['sum'], 12);
});

test('what the part itself reports arrives; a sensor may not report of the cluster, nor the part of a node', async () => {
  const { reporter } = alpha.running;
  const report = create(RecordSchema, { kind: { case: 'clusterReport', value: { clusterUid: uidOf.alpha, kubernetesVersion: 'v1.36.3', atMs: BigInt(Date.now()) } } });
  await Promise.all([reporter.report(report, 'telemetry'), reporter.report(create(RecordSchema, { kind: { case: 'coverage', value: {} } }), 'telemetry')]);
  const partId = alpha.running.credentials()!.sensorId;
  // The two may travel in one batch or in two, so it is waited for what the second leaves behind.
  await until('the part has delivered both', async () => (await hub.database.query("select 1 from coverage_gap where sensor_id = $1 and kind = 'record-rejected'", [partId])).rowCount === 1);
  const sent = await client.deliver({ epoch, session, stream: 'telemetry', batches: [{ sequence: 3, payload: payloadBytes([{ kind: { case: 'clusterReport', value: {} } }, record.container({ podName: 'web-1', podNamespace: 'shop', podUid: 'u', workloadKind: 'Deployment', workloadName: 'web' })]) }] });
  assert.ok(sent.kind === 'accepted' && sent.watermark === 3, JSON.stringify(sent));
  const refused = await hub.database.query("select sensor_id, what from coverage_gap where kind = 'record-rejected' and what like '%may not report it%' order by what", []);
  assert.deepEqual(refused.rows, [
    { sensor_id: credentials.sensorId, what: 'a record of the kind clusterReport from a sensor, which may not report it' },
    { sensor_id: partId, what: 'a record of the kind coverage from a cluster part, which may not report it' },
  ]);
  assert.deepEqual((await hub.database.query('select namespace, kind, name from workload', [])).rows, [{ namespace: 'shop', kind: 'Deployment', name: 'web' }]);
});

test('who may say what for whom', async () => {
  const beta = await cluster('beta', await clusterToken('beta'));
  const foreign = await joined(beta, 'vedette-sensor.on.node-a');
  const part = (one: Cluster): Credentials => one.running.credentials()!;
  const hubUrl = part(alpha).hubUrl;
  const call = async (as: Credentials, at: string, onBehalf: string | undefined): Promise<string> => {
    const connection = connectLink({ ...as, hubUrl: at });
    try {
      const answer = await createClient(Link, connection.transport).hello(
        { epoch: 1n, nonce: randomBytes(16), schemaVersion: 1, sentAtMs: 0n },
        { timeoutMs: 5000, ...(onBehalf === undefined ? {} : { headers: { [onBehalfHeader]: onBehalf } }) },
      );
      return String(answer.disposition);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      connection.close();
    }
  };
  const sensorAtHub = (of: Credentials): Credentials => {
    const { serverName: _relay, ...rest } = of;
    return rest;
  };
  assert.match(await call(sensorAtHub(foreign), hubUrl, credentials.sensorId), /Only a cluster part may speak for others/);
  assert.match(await call(part(beta), hubUrl, credentials.sensorId), /not one of the cluster part/);
  assert.match(await call(part(beta), hubUrl, part(alpha).sensorId), /not one of the cluster part/);
  assert.match(await call(part(beta), hubUrl, 'x'), /does not have its form/);
  assert.equal(await call(part(beta), hubUrl, foreign.sensorId), '1');
  assert.match(await call(credentials, credentials.hubUrl, foreign.sensorId), /speaks for itself only/);
  assert.match(await call({ ...part(alpha), serverName: credentials.serverName! }, credentials.hubUrl, undefined), /Only sensors are passed on/);
  // the relay of another cluster is not mistaken for one's own, nor the hub for a relay
  assert.match(await call(credentials, foreign.hubUrl, undefined), /altname|Hostname/i);
  assert.match(await call(credentials, hubUrl, undefined), /altname|Hostname/i);
});

test('a pod that lost its state is again the sensor of its node; the one before may not speak', async () => {
  const again = await joined(alpha, 'vedette-sensor.on.node-a');
  assert.equal(again.nodeId, credentials.nodeId);
  assert.notEqual(again.sensorId, credentials.sensorId);
  await until('it was told to leave', () => heard.some(({ kind }) => kind.case === 'leave'));
  const answer = await client.deliver({ epoch, session, stream: 'telemetry', batches: [] });
  assert.ok(answer.kind === 'failed' && answer.scope === 'admission', JSON.stringify(answer));
  await greet(open(again), '', randomBytes(8).toString('hex'));
});

test('another cluster under a known name is refused and its token stays good; a known cluster under another name is itself', async () => {
  const token = await clusterToken('alpha');
  const wrong = await cluster('beta', token, 'c'.repeat(36));
  await until('the refusal', async () => (await hub.database.query('select 1 from join_token where used_at is null', [])).rowCount === 1 && wrong.running.relay() === undefined);
  const moved = await cluster('alpha', await clusterToken('renamed'));
  await until('it joined', () => moved.running.relay()?.isListening === true);
  const rows = await hub.database.query("select c.name, count(*) filter (where s.removed_at is null)::int as parts from cluster c join sensor s on s.cluster_id = c.id and s.kind = 'cluster' group by 1 order by 1", []);
  assert.deepEqual(rows.rows, [{ name: 'alpha', parts: 1 }, { name: 'beta', parts: 1 }]);
  await until('the former part knows', () => alpha.running.relay() === undefined);
});
