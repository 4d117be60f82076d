/**
 * What whole runs are played on: PostgreSQL that outlives the hub, the hub as a process that can be killed, the cluster part joined to it by the real link, the API server
 * behind a gate and with an audit log of its own, and the receivers of what the hub sends itself.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { readClusterConfig } from '@vedette/cluster/config';
import { startCluster } from '@vedette/cluster/main';
import { hashOf } from '@vedette/hub/api/sign-in';
import { addToken } from '@vedette/hub/store/access';
import { copyBinaries } from '@vedette/hub/store/postgres-binaries';
import { scratchBinaries, scratchDatabase, scratchUser, type Scratch } from '@vedette/hub/store/scratch';
import { ArtifactoryDouble } from '../artifactory/double.ts';
import type { ControlPlane } from '../kubernetes/control-plane.ts';
import type { LabRun } from '../lab.ts';
import { until } from '../until.ts';
import { openGate, type Passing } from './gate.ts';
import { freePort, KilledHub } from './hub.ts';
import { openMailbox, type Mailbox } from './mailbox.ts';
import { Strikes, type EffectKind, type OpenEffect } from './strikes.ts';

export const namespace = 'shop-killed';
export const partUser = 'vedette-part';
export const digestOf = (run: number): string => `sha256:${createHash('sha256').update(manifestOf(run)).digest('hex')}`;
const manifestOf = (run: number): string => JSON.stringify({ schemaVersion: 2, of: run });

export interface KilledScene {
  readonly scratch: Scratch;
  readonly hub: KilledHub;
  readonly strikes: Strikes;
  readonly artifactory: ArtifactoryDouble;
  readonly mailbox: Mailbox;
  /** By id, how often each came. */
  readonly events: Map<string, number>;
  /** By run, how often it was told. */
  readonly chats: Map<number, number>;
  readonly clusterId: string;
}

export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: [${partUser}]
    verbs: [create, patch, update, delete]
    namespaces: [${namespace}]
  - level: None
`;

type Stops = (() => Promise<void> | void)[];

/** Which effect a request to the API server belongs to: by the object's name, and for a workload by the kind of the patch. */
function clusterWrite({ method, url, contentType }: Passing): OpenEffect | undefined {
  const policy = /\/networkpolicies\/vedette-isolate-/.test(url.pathname);
  const workload = /\/deployments\/web-(\d+)$/.exec(url.pathname);
  if (method !== 'PATCH' || policy || workload === null) return undefined;
  return { kind: contentType.startsWith('application/json-patch') ? 'roll-back' : 'scale-to-zero', run: Number(workload[1]) };
}

/** What is read before is struck before; writes are struck on their way; what follows to read them back is when they are done and nobody knows. */
async function apiGate(plane: ControlPlane, strikes: Strikes, stops: Stops): Promise<string> {
  const certificate = await plane.certificate({ name: partUser, groups: ['system:masters'], usage: 'client' });
  const unread = new Map<string, OpenEffect>();
  const writing = async (passing: Passing): Promise<void> => {
    const workload = clusterWrite(passing);
    const pod = passing.method === 'PATCH' ? /\/pods\/pod-(\d+)$/.exec(passing.url.pathname) : null;
    const effect: OpenEffect | undefined = pod === null ? workload : { kind: 'isolate-pod', run: Number(pod[1]) };
    if (effect !== undefined) {
      await strikes.arrived(effect.kind, effect.run, false);
      unread.set(passing.url.pathname, effect);
      return;
    }
    if (passing.method !== 'GET') return;
    const done = unread.get(passing.url.pathname);
    if (done === undefined) {
      const [, what, run] = /\/(pod|web)-(\d+)$/.exec(passing.url.pathname) ?? [];
      if (what === 'pod') await strikes.looked(['isolate-pod'], Number(run));
      if (what === 'web') await strikes.looked(['roll-back', 'scale-to-zero'], Number(run));
      return;
    }
    unread.delete(passing.url.pathname);
    await strikes.done(done.kind, done.run, false);
  };
  const gate = await openGate({ target: plane.apiServerUrl, tls: { ca: plane.authorityPem, cert: certificate.certificatePem, key: certificate.privateKeyPem }, arrived: writing, answered: async () => undefined });
  stops.push(() => gate.close());
  return gate.url;
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({ 'current-context': 'one', contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }], clusters: [{ name: 'one', cluster: { server } }], users: [{ name: 'one', user: { token: 'of-the-gate' } }] });
}

type Receivers = Pick<KilledScene, 'artifactory' | 'mailbox' | 'events' | 'chats'> & { readonly integrations: Readonly<Record<string, object>> };

const runIn = (text: string): number => Number(/run (\d+)/.exec(text)?.[1] ?? -1);

async function openReceivers(strikes: Strikes, twice: boolean, stops: Stops): Promise<Receivers> {
  const artifactory = await new ArtifactoryDouble().start();
  stops.push(() => artifactory.close());
  artifactory.content.repository('docker-local');
  const events = new Map<string, number>();
  const chats = new Map<number, number>();
  const property = (passing: Passing): number | undefined => (passing.method === 'PUT' ? Number(/\/web-(\d+)\//.exec(passing.url.pathname)?.[1] ?? -1) : undefined);
  const store = await openGate({
    target: artifactory.url,
    twice,
    connected: () => strikes.connected('artifactory-property'),
    arrived: async (passing) => void (property(passing) === undefined || (await strikes.arrived('artifactory-property', property(passing)!, true))),
    answered: async (passing) => void (property(passing) === undefined || (await strikes.done('artifactory-property', property(passing)!, true))),
  });
  const sink = await sinkServer();
  const told = (kind: EffectKind, count: (passing: Passing, run: number) => void) =>
    openGate({
      target: sink.url,
      ...(kind === 'webhook' ? { connected: () => strikes.connected(kind) } : {}),
      arrived: async (passing) => {
        count(passing, runIn(passing.body));
        await strikes.arrived(kind, runIn(passing.body), true);
      },
      answered: (passing) => strikes.done(kind, runIn(passing.body), true),
    });
  const siem = await told('webhook', ({ body }) => {
    const { id } = JSON.parse(body) as { id: string };
    events.set(id, (events.get(id) ?? 0) + 1);
  });
  const chat = await told('slack', (_, run) => chats.set(run, (chats.get(run) ?? 0) + 1));
  const mailbox = await openMailbox({ connected: async () => undefined, arrived: (mail) => strikes.arrived('email', runIn(mail), true), answered: async () => undefined });
  stops.push(() => sink.close(), () => store.close(), () => siem.close(), () => chat.close(), () => mailbox.close());
  return {
    artifactory, mailbox, events, chats,
    integrations: {
      art: { kind: 'artifactory', settings: { url: store.url }, secret: 'admin-token' },
      siem: { kind: 'webhook', settings: { url: `${siem.url}/events` }, secret: 'shared' },
      chat: { kind: 'slack', settings: {}, secret: `${chat.url}/chat` },
      mail: { kind: 'smtp', settings: { host: '127.0.0.1', port: mailbox.port, security: 'none', user: null, from: 'vedette@lab.test' } },
    },
  };
}

/** What stands behind the gates of receivers that take everything. */
async function sinkServer(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void request.resume().once('end', () => response.writeHead(202).end('{}')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function openKilledScene({ place, sabotage }: LabRun, plane: ControlPlane, runs: readonly number[], stops: Stops): Promise<KilledScene> {
  const scratch = await scratchDatabase();
  stops.push(() => scratch.end());
  const { host, database, user } = scratch.postgres.connection;
  const state = join(scratch.directory, 'hub');
  const content = join(scratch.directory, 'content');
  for (const one of [state, join(content, 'policies'), join(content, 'rules')]) mkdirSync(one, { recursive: true });
  const [api, link] = [await freePort(), await freePort()];
  const hub = new KilledHub({ stateDirectory: state, contentDirectory: content, databaseUrl: `postgresql://${user}@${encodeURIComponent(host)}/${database}`, logLevel: 'error', api: { port: api }, link: { port: link } }, scratchUser);
  stops.push(() => hub.kill());
  await copyBinaries(scratchBinaries);
  await hub.start();
  const open = async (): Promise<readonly OpenEffect[]> => {
    const { rows } = await scratch.database.query(`select e.kind, r.trigger_id::int as run from response_effect e join response_run r on r.id = e.run_id where e.state in ('wanted', 'asked') and e.report is null`, []);
    return rows as OpenEffect[];
  };
  const strikes = new Strikes(hub, open);
  const { integrations, ...receivers } = await openReceivers(strikes, sabotage === 'once', stops);
  for (const run of runs) receivers.artifactory.content.put('docker-local', `web-${run}/1`, 'manifest.json', manifestOf(run), { 'vedette.status': 'former' });
  const token = 'vdk_lab_respond_0123456789';
  await addToken(scratch.database, { name: 'lab', grants: [{ role: 'admin', place: 'all' }], tokenHash: hashOf(token), createdBy: 'lab', expiresAt: null }, new Date());
  const ask = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://127.0.0.1:${api}${path}`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
  for (const [name, one] of Object.entries(integrations)) await ask('PUT', `/api/v1/integrations/${name}`, one);
  const made = await ask('POST', '/api/v1/join-tokens', { cluster: 'lab', part: 'cluster' });
  await plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'vedette' } });
  const directory = join(place, 'part');
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o700);
  writeFileSync(join(directory, 'token'), String(made['token']));
  writeFileSync(join(directory, 'kubeconfig'), kubeconfigFor(await apiGate(plane, strikes, stops)));
  const part = await startCluster(readClusterConfig({ stateDirectory: join(directory, 'state'), joinTokenFile: join(directory, 'token'), kubeconfig: join(directory, 'kubeconfig'), namespace: 'vedette', relay: { host: '127.0.0.1', port: 0 }, health: { host: '127.0.0.1', port: 0 } }));
  stops.push(async () => part?.stop());
  const joined = await until(async () => (await scratch.database.query(`select c.id from cluster c join sensor s on s.cluster_id = c.id where c.name = 'lab'`, [])).rows[0] as { id: string } | undefined, 60_000, 200);
  if (joined.value === null) throw new Error('the cluster part did not join');
  return { scratch, hub, strikes, ...receivers, clusterId: joined.value.id };
}

/** What the API server has written down of the cluster part's writes that it took. */
export function auditedWrites(path: string): { readonly resource: string; readonly name: string; readonly code: number }[] {
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { objectRef?: { resource?: string; name?: string }; responseStatus?: { code?: number } })
    .map(({ objectRef, responseStatus }) => ({ resource: objectRef?.resource ?? '', name: objectRef?.name ?? '', code: responseStatus?.code ?? 0 })).filter(({ code }) => code >= 200 && code <= 299);
}
