/** Each effect once through kill -9: the engine is killed before, during and after every effect of a run, and the run ends as if it had not been. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { EffectReportSchema } from '@vedette/model/wire/generated/record_pb';
import { effectSetOf } from '../ingest/effects.ts';
import { sampleSensor, type SampleSensor } from '../sensor-sample.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { addResponseRun } from '../store/responses.ts';
import { readPlaybook } from './start.ts';
import { signature } from './calls.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const yaml = `apiVersion: vedette.dev/v1alpha1
kind: Playbook
metadata:
  name: four-steps
spec:
  description: All that can be done, one after another.
  mode: enforce
  trigger:
    on: incident
    when: incident.severity == "critical"
  steps:
    - {name: isolate, kind: isolate-pod}
    - {name: roll, kind: roll-back}
    - {name: mark, kind: artifactory-property, with: {integration: art, property: vedette.status, value: "quarantined"}}
    - {name: tell, kind: webhook, with: {integration: siem}}
    - {name: chat, kind: slack, continueOnFailure: true, with: {integration: chat, text: "{{ incident.title }}"}}
`;
const kinds = ['artifactory-property', 'webhook', 'slack'] as const;

interface Received {
  readonly events: Map<string, number>;
  chats: number;
  property: string[] | null;
  writes: number;
  readonly problems: string[];
}

let scratch: Scratch;
let part: SampleSensor;
let server: Server;
let base = '';
let received: Received;
/** Called with the kind when a request of it has arrived whole, before it is answered. */
let arrived: (kind: string) => void = () => undefined;

before(async () => {
  scratch = await scratchDatabase();
  part = await sampleSensor(scratch.database, { cluster: 'k', part: 'cluster' });
  server = createServer((request, response) => {
    void textOf(request).then((text) => {
      const { status, body, kind } = answer(request, text);
      if (kind !== null) arrived(kind);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await scratch.end();
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** A webhook that checks signature and id, a chat, and the few calls of Artifactory that a property needs. */
function answer(request: IncomingMessage, text: string): { status: number; body: unknown; kind: string | null } {
  const url = new URL(request.url ?? '/', 'http://receiver');
  if (url.pathname === '/events') {
    const event = JSON.parse(text) as { id: string; specversion: string; time: string };
    if (event.id !== request.headers['idempotency-key'] || event.specversion !== '1.0') received.problems.push('no CloudEvent with its id');
    if (request.headers['vedette-signature'] !== signature('shared', Math.floor(Date.parse(event.time) / 1000), text)) received.problems.push('not signed');
    received.events.set(event.id, (received.events.get(event.id) ?? 0) + 1);
    return { status: 202, body: {}, kind: 'webhook' };
  }
  if (url.pathname === '/chat') {
    received.chats += 1;
    return { status: 200, body: {}, kind: 'slack' };
  }
  if (url.pathname.endsWith('/aql')) return { status: 200, body: { results: [{ repo: 'docker', path: 'shop/1.0', name: 'manifest.json' }] }, kind: null };
  if (request.method === 'PUT') {
    received.property = [(/vedette\.status=([^&]*)/.exec(decodeURIComponent(url.search)) ?? [])[1] ?? ''];
    received.writes += 1;
    return { status: 204, body: {}, kind: 'artifactory-property' };
  }
  return received.property === null ? { status: 404, body: {}, kind: null } : { status: 200, body: { properties: { 'vedette.status': received.property } }, kind: null };
}

let runs = 0;
async function newRun(): Promise<number> {
  runs += 1;
  received = { events: new Map(), chats: 0, property: ['former'], writes: 0, problems: [] };
  const checked = readPlaybook(yaml);
  assert.ok('playbook' in checked, JSON.stringify(checked));
  const subject = {
    clusterId: part.clusterId, clusterName: 'k', isKubernetes: true, namespace: 'shop', workload: { kind: 'Deployment', name: 'web' }, process: null, image: { reference: 'r/shop:1.0', digests: [digest] },
    containers: [{ nodeId: '00000000-0000-4000-8000-000000000001', hostname: 'n', containerId: 'c1', name: 'web', namespace: 'shop', pod: 'web-1', podUid: 'uid-1' }],
  };
  const id = await scratch.database.transaction((db) =>
    addResponseRun(db, { dedupe: `run ${runs}`, playbook: 'four-steps', yaml, clusterId: part.clusterId, namespace: 'shop', triggerKind: 'incident', triggerId: String(runs), title: 'a title', facts: { 'incident.title': 'a title' }, subject, dryRun: false, startedBy: 'test', stopped: null, steps: checked.playbook.spec.steps.map((step) => ({ name: step.name, kind: step.kind, approver: null })) }, new Date()),
  );
  assert.ok(id !== undefined);
  return id;
}

const integrations = () => ({
  art: { kind: 'artifactory', settings: { url: base }, secret: 't', problem: null },
  siem: { kind: 'webhook', settings: { url: `${base}/events` }, secret: 'shared', problem: null },
  chat: { kind: 'slack', settings: {}, secret: `${base}/chat`, problem: null },
});

const children = new Set<ChildProcess>();

async function life(kill: { kind: string; at: 'before' | 'after' } | null, started: (child: ChildProcess) => void = () => undefined): Promise<number | null> {
  const task = { host: 'host' in scratch.postgres.connection ? scratch.postgres.connection.host : '', integrations: integrations(), kill };
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'crash-child.ts'), Buffer.from(JSON.stringify(task)).toString('base64')], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.stdout.once('data', () => started(child));
  const code = await new Promise<number | null>((resolve) => child.once('close', (one) => resolve(one)));
  children.delete(child);
  return code;
}

/** The cluster part: does each id once, however often it is asked, and reports again what it is asked again. */
function clusterPart(): { readonly done: Map<string, number>; stop(): Promise<void> } {
  const done = new Map<string, number>();
  const until = new AbortController();
  const work = async (): Promise<void> => {
    while (!until.signal.aborted) {
      const asked = await effectSetOf(scratch.database, { kind: 'cluster', clusterId: part.clusterId, nodeId: '' });
      for (const effect of asked) {
        if (!done.has(effect.effectId)) done.set(effect.effectId, 1);
        const answered = await part.send([{ kind: { case: 'effect', value: create(EffectReportSchema, { effectId: effect.effectId, undo: effect.undo, state: 'applied', detail: 'done', evidenceJson: '{"read":"back"}', atMs: 1n }) } } as never], 'detection');
        assert.equal(answered.kind, 'accepted');
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const running = work();
  return {
    done,
    async stop() {
      until.abort();
      await running;
    },
  };
}

async function expectWhole(id: number, what: string, slackKilled: boolean): Promise<void> {
  const { rows: effects } = await scratch.database.query('select kind, state, attempts, evidence from response_effect where run_id = $1 order by step', [id]);
  const states = Object.fromEntries((effects as { kind: string; state: string }[]).map((one) => [one.kind, one.state]));
  assert.deepEqual(received.problems, [], what);
  assert.deepEqual({ ...states, slack: '' }, { 'isolate-pod': 'applied', 'roll-back': 'applied', 'artifactory-property': 'applied', webhook: 'applied', slack: '' }, what);
  assert.ok(slackKilled ? ['applied', 'undecided'].includes(states['slack'] ?? '') : states['slack'] === 'applied', `${what}: slack ${states['slack']}`);
  assert.equal(received.events.size, 1, `${what}: events by id`);
  assert.ok(received.chats <= 1, `${what}: the chat was told ${received.chats} times`);
  assert.deepEqual(received.property, ['quarantined'], what);
  const property = (effects as { kind: string; evidence: unknown }[]).find((one) => one.kind === 'artifactory-property');
  assert.deepEqual(property?.evidence, { places: [{ place: 'docker/shop/1.0/manifest.json', before: ['former'] }] }, `${what}: what stood there before`);
}

test('a killed engine goes on: before, during and after each effect, each once', async () => {
  for (const kind of kinds) {
    for (const at of ['before', 'during', 'after'] as const) {
      const id = await newRun();
      const cluster = clusterPart();
      if (at === 'during') {
        arrived = (one) => {
          if (one === kind) for (const child of children) child.kill('SIGKILL');
        };
        assert.equal(await life(null), null, `${kind} ${at}`);
        arrived = () => undefined;
      } else {
        assert.equal(await life({ kind, at }), null, `${kind} ${at}: it was to be killed`);
      }
      assert.equal(await life(null), 0, `${kind} ${at}: the second life`);
      await cluster.stop();
      assert.equal(cluster.done.size, 2, `${kind} ${at}: effects in the cluster by id`);
      await expectWhole(id, `${kind} ${at}`, kind === 'slack');
      if (kind === 'slack' && at === 'before') assert.equal(received.chats, 0);
    }
  }
});

test('killed at random moments', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const chance = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 4; round += 1) {
    const id = await newRun();
    const cluster = clusterPart();
    for (let kills = 0; kills < 3; kills += 1) await life(null, (child) => setTimeout(() => child.kill('SIGKILL'), chance() * 60));
    assert.equal(await life(null), 0);
    await cluster.stop();
    assert.equal(cluster.done.size, 2, `seed ${seed}`);
    await expectWhole(id, `seed ${seed}, round ${round}`, true);
  }
});
