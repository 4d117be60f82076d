import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { PolicySetSchema, type ExecSession } from '@vedette/model/wire/generated/link_pb';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { z } from 'zod';
import { openKubernetes } from '../kubernetes/client.ts';
import type { KubernetesConfig } from '../kubernetes/config.ts';
import { TestApiServer } from '../kubernetes/testing/api-server.ts';
import { Admission, keepUnregistered } from './admission.ts';
import type { CertificateLives } from './certificates.ts';
import type { HubAnswers } from './image-knowledge.ts';
import type { AdmissionPlace } from './registration.ts';
import { answerOf, critical, imageFacts, podReview, policyYaml, reviewOf, templateReview } from './testing/reviews.ts';

const Answer = z.object({ response: z.object({ uid: z.string(), allowed: z.boolean(), status: z.object({ code: z.number(), message: z.string() }).optional(), warnings: z.array(z.string()).optional() }) });
const Configuration = z.object({
  webhooks: z.array(z.looseObject({
    name: z.string(), failurePolicy: z.string(), timeoutSeconds: z.number(), rules: z.array(z.looseObject({ operations: z.array(z.string()), resources: z.array(z.string()) })),
    clientConfig: z.object({ caBundle: z.string(), url: z.string().optional(), service: z.unknown().optional() }), namespaceSelector: z.looseObject({ matchExpressions: z.array(z.object({ values: z.array(z.string()) })).optional() }),
  })),
});
const configurationPath = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/vedette-cluster';

interface Bench {
  readonly admission: Admission;
  readonly api: TestApiServer;
  readonly kubernetesConfig: KubernetesConfig;
  readonly records: WireRecord[];
  readonly pushed: ExecSession[];
  readonly directory: string;
  nowMs: number;
  registered: z.output<typeof Configuration> | undefined;
  readonly bundles: string[];
  post(path: string, body: string, agent: Agent): Promise<{ status: number; text: string }>;
  ask(review: unknown, agent?: Agent): Promise<z.output<typeof Answer>['response']>;
}

async function bench(t: TestContext, place: Partial<AdmissionPlace> = {}, ask?: (references: readonly string[]) => Promise<HubAnswers>, lives?: CertificateLives, directory = mkdtempSync(join(tmpdir(), 'vedette-admission-'))): Promise<Bench> {
  const api = new TestApiServer();
  const kubernetesConfig = await api.start();
  const kubernetes = openKubernetes(kubernetesConfig);
  const records: WireRecord[] = [];
  const pushed: ExecSession[] = [];
  const agents = new Set<Agent>();
  const bad = (references: readonly string[]): HubAnswers => ({ kind: 'answered', images: references.map((one) => answerOf(imageFacts(one, one.includes('bad') ? { vulnerabilities: { items: [critical], incomplete: null } } : {}))) });
  const one: Bench = {
    api, kubernetesConfig, records, pushed, directory, nowMs: Date.now(), registered: undefined, bundles: [],
    admission: new Admission({
      place: { name: 'vedette-cluster', form: 'url', urlHost: '127.0.0.1', port: 0, namespace: 'vedette', failurePolicy: 'Ignore', timeoutSeconds: 5, excludedNamespaces: ['build'], ...place },
      listenHost: '127.0.0.1', stateDirectory: directory, kubernetes, ask: ask ?? (async (references) => bad(references)),
      pod: (_namespace, name) => (name === 'cart' ? { uid: 'p1', node: 'node-a', containers: [{ name: 'main', containerId: 'c1' }] } : undefined),
      push: async (node, session) => (node === 'node-a' && pushed.push(session) > 0), report: (record) => void records.push(record), log: () => undefined, nowMs: () => one.nowMs, ...(lives === undefined ? {} : { lives }),
    }),
    post(path, body, agent) {
      agents.add(agent);
      const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
      const sent = request({ host: '127.0.0.1', port: one.admission.port, method: 'POST', path, agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece)).on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', reject);
      });
      sent.on('error', reject).end(body);
      return promise;
    },
    async ask(review, agent = new Agent({ ca: one.admission.bundle })) {
      const { status, text } = await one.post(one.admission.workloadsPath, typeof review === 'string' ? review : JSON.stringify(review), agent);
      assert.equal(status, 200, text);
      return Answer.parse(JSON.parse(text)).response;
    },
  };
  api.answers.set(`PATCH ${configurationPath}`, (body) => {
    one.registered = Configuration.parse(JSON.parse(body));
    one.bundles.push(Buffer.from(one.registered.webhooks[0]!.clientConfig.caBundle, 'base64').toString());
    return { apiVersion: 'v1', kind: 'X', metadata: {} };
  });
  api.answers.set('GET /apis/rbac.authorization.k8s.io/v1/clusterroles/vedette-cluster', () => ({ apiVersion: 'v1', kind: 'ClusterRole', metadata: { name: 'vedette-cluster', uid: 'role-1' } }));
  t.after(async () => {
    for (const agent of agents) agent.destroy();
    await one.admission.stop();
    kubernetes.close();
    await api.stop();
  });
  return one;
}

const noCritical = policyYaml('no-critical', { when: 'image.vulnerabilities.exists(v, v.severity == "critical")' });
const policies = create(PolicySetSchema, { policies: [{ name: 'a', yaml: noCritical, mode: 'enforce' }] });

async function ready(one: Bench): Promise<void> {
  one.admission.setPolicies(policies);
  await one.admission.round();
  assert.equal(one.admission.state.state, 'registered');
}

test('registered only when it can judge; with everything that it says of itself', async (t) => {
  const one = await bench(t);
  await one.admission.round();
  assert.deepEqual([one.admission.state.state, one.registered], ['not-registered', undefined]);
  await ready(one);
  const [workloads, sessions] = one.registered!.webhooks;
  assert.deepEqual(workloads!.namespaceSelector.matchExpressions?.[0]?.values, ['kube-system', 'kube-public', 'kube-node-lease', 'vedette', 'build']);
  assert.equal(workloads!.clientConfig.url, `https://127.0.0.1:${one.admission.port}${one.admission.workloadsPath}`);
  assert.deepEqual([workloads!.failurePolicy, workloads!.timeoutSeconds, sessions!.failurePolicy, sessions!.timeoutSeconds, sessions!.rules[0]!.operations, sessions!.rules[0]!.resources], ['Ignore', 5, 'Ignore', 2, ['CONNECT'], ['pods/exec', 'pods/attach']]);
  assert.match(one.api.bodies.at(-1)!, /"ownerReferences":\[\{[^}]*"kind":"ClusterRole"[^}]*"uid":"role-1"/);
  assert.equal(statSync(join(one.directory, 'admission-certificates.json')).mode & 0o777, 0o600);
});

test('a Service is named by its own name', async (t) => {
  const one = await bench(t, { form: 'service', failurePolicy: 'Fail' });
  await ready(one);
  assert.deepEqual(one.registered!.webhooks[0]!.clientConfig.service, { namespace: 'vedette', name: 'vedette-cluster', path: one.admission.workloadsPath, port: 443 });
  assert.deepEqual(one.registered!.webhooks.map((hook) => hook.failurePolicy), ['Fail', 'Ignore']);
});

test('answers: denied, allowed, remembered, folded; a dry run leaves no trace', async (t) => {
  const one = await bench(t);
  await ready(one);
  const denied = await one.ask(templateReview('Deployment', 'registry.test/bad:1'));
  assert.deepEqual([denied.allowed, denied.status?.code, denied.uid], [false, 403, 'u-1']);
  assert.match(denied.status?.message ?? '', /^Vedette refuses Deployment shop\/cart\. .*no-critical/);
  assert.equal((await one.ask(podReview('registry.test/bad:1', { dryRun: true }))).allowed, false);
  assert.equal((await one.ask(podReview('registry.test/good:1'))).allowed, true);
  for (const uid of ['u-2', 'u-3']) await one.ask(templateReview('Deployment', 'registry.test/bad:1', { uid }));
  one.admission.decisions.tell();
  const said = one.records.flatMap(({ kind }) => (kind.case === 'admission' ? [`${kind.value.requestUid} ${kind.value.kind} ${kind.value.allowed} ${kind.value.repeats} ${kind.value.images[0]?.findings.map((found) => `${found.policy}/${found.rule} ${found.verdict}`).join() ?? ''}`] : []));
  assert.deepEqual(said, ['u-1 Deployment false 0 no-critical/rule violated', 'u-1 Pod true 0 ', 'u-1 Deployment false 2 no-critical/rule violated']);
  assert.equal(one.admission.decisions.answered, 4);
});

test('who comes in is told to the sensor of the node and to the hub, and always let in', async (t) => {
  const one = await bench(t);
  await ready(one);
  const sessions = one.admission.workloadsPath.replace('workloads', 'sessions');
  const agent = new Agent({ ca: one.admission.bundle });
  const exec = (more: object): Promise<{ status: number; text: string }> => one.post(sessions, JSON.stringify(reviewOf({ operation: 'CONNECT', kind: 'PodExecOptions', subResource: 'exec', object: { command: ['sh'] }, ...more })), agent);
  for (const more of [{ uid: 's1' }, { uid: 's2', name: 'unknown-pod' }, { uid: 's3', subResource: 'attach' }, { uid: 's4', object: 7 }, { uid: 's5', dryRun: true }]) {
    const { status, text } = await exec(more);
    assert.deepEqual([status, Answer.parse(JSON.parse(text)).response.allowed], [200, true]);
  }
  assert.equal((await one.post(sessions, 'nonsense', agent)).status, 200);
  assert.deepEqual(one.pushed.map(({ sessionId, user, container, containerId, command, attach }) => [sessionId, user, container, containerId, command, attach]), [['s1', 'alice', 'main', 'c1', ['sh'], false], ['s3', 'alice', 'main', 'c1', ['sh'], true]]);
  assert.deepEqual(one.records.flatMap(({ kind }) => (kind.case === 'execSession' ? [kind.value.sessionId] : [])), ['s1', 's2', 's3']);
});

test('what cannot be read follows the choice; what is too large, for nobody, or no post is refused shortly', async (t) => {
  const open = await bench(t);
  await ready(open);
  const closed = await bench(t, { failurePolicy: 'Fail' });
  await ready(closed);
  for (const body of ['{', 'null', '[]', JSON.stringify(podReview('x', { operation: 'DELETE' })), JSON.stringify(reviewOf({ object: { spec: 7 } }))]) {
    const let_in = await open.ask(body);
    assert.deepEqual([let_in.allowed, let_in.warnings?.length], [true, 1]);
    const refused = await closed.ask(body);
    assert.deepEqual([refused.allowed, refused.status?.code], [false, 400]);
  }
  assert.deepEqual([open.admission.malformed, open.admission.decisions.failedOpen, closed.admission.decisions.failedOpen], [5, 5, 0]);
  const agent = new Agent({ ca: open.admission.bundle });
  const filled = (bytes: number): object => podReview('registry.test/bad:1', { object: { metadata: { name: 'cart', annotations: { filler: 'x'.repeat(bytes) } }, spec: { containers: [{ name: 'main', image: 'registry.test/bad:1' }] } } });
  assert.equal((await open.ask(filled(3 << 20))).allowed, false, 'the largest object that the API server takes');
  assert.equal((await open.post(open.admission.workloadsPath, JSON.stringify(filled(8 << 20)), new Agent({ ca: open.admission.bundle })).catch(() => ({ status: 413 }))).status, 413);
  assert.equal((await open.post('/admit/guess/workloads', '{}', agent)).status, 404);
});

test('an image that is not known in time: open with a warning, or closed', async (t) => {
  const never = (): Promise<HubAnswers> => new Promise(() => undefined);
  const open = await bench(t, { timeoutSeconds: 2 }, never);
  await ready(open);
  const let_in = await open.ask(podReview('registry.test/bad:1'));
  assert.deepEqual([let_in.allowed, open.admission.decisions.failedOpen], [true, 1]);
  assert.match(let_in.warnings?.[0] ?? '', /^vedette no-critical: container main: Not known: image\.vulnerabilities \(the hub did not answer in time\)/);
  const closed = await bench(t, { timeoutSeconds: 2, failurePolicy: 'Fail' }, async () => ({ kind: 'unanswered', reason: 'away' }));
  await ready(closed);
  assert.match((await closed.ask(podReview('registry.test/bad:1'))).status?.message ?? '', /not known/i);
});

test('a part that starts while the hub is away judges by what it knew, and says how old that is', async (t) => {
  const before = await bench(t);
  await ready(before);
  assert.equal((await before.ask(podReview('registry.test/bad:1'))).allowed, false);
  await before.admission.stop();
  const after = await bench(t, {}, async () => ({ kind: 'unanswered', reason: 'the hub is away' }), undefined, before.directory);
  after.nowMs += 20 * 60_000;
  await ready(after);
  const denied = await after.ask(podReview('registry.test/bad:1'));
  assert.match(denied.status?.message ?? '', /no-critical.*This is what the hub said 20 minutes ago: it does not answer now\./);
  const said = after.records.flatMap(({ kind }) => (kind.case === 'admission' ? kind.value.images.map((one) => one.factsAgeSeconds) : []));
  assert.ok(said.length === 1 && said[0]! >= 1200 && said[0]! < 1300, String(said));
  assert.match((await after.ask(podReview('registry.test/new:1'))).warnings?.[0] ?? '', /Not known: image\.vulnerabilities \(the hub did not answer: the hub is away\)/);
});

test('certificates are replaced under load, with connections that are kept, and never one that was not told', async (t) => {
  // seconds for months: TLS asks the real clock whether a certificate is valid
  const one = await bench(t, {}, undefined, { authorityMs: 60_000, servingMs: 20_000 });
  await ready(one);
  const kept = Array.from({ length: 20 }, () => new Agent({ ca: one.admission.bundle, keepAlive: true, maxSockets: 1 }));
  const review = podReview('registry.test/good:1');
  let answered = 0;
  const done = new AbortController();
  const load = kept.map(async (agent) => {
    while (!done.signal.aborted) {
      assert.equal((await one.ask(review, agent)).allowed, true);
      answered += 1;
    }
  });
  // at each step somebody connects anew who believes only what the API server was told last
  const fresh = async (): Promise<void> => {
    const agent = new Agent({ ca: one.bundles.at(-1)! });
    assert.equal((await one.ask(review, agent)).allowed, true);
    agent.destroy();
  };
  const secret = one.admission.workloadsPath;
  const authorities = new Set<string>();
  for (let step = 0; step < 45; step += 1) {
    one.nowMs += 2000;
    // the API server is away now and then: what it was not told is not shown to it
    if (step % 5 === 4) one.api.refusals.push({ status: 503, reason: 'ServiceUnavailable' });
    await one.admission.round();
    await fresh();
    for (const pem of one.bundles.at(-1)!.split(/(?=-----BEGIN)/)) authorities.add(pem.trim());
  }
  done.abort();
  await Promise.all(load);
  assert.ok(answered > 100);
  assert.ok(authorities.size >= 3, `authorities overlapped and went: ${authorities.size}`);
  assert.ok(one.bundles.some((bundle) => bundle.split('BEGIN').length === 3), 'two at once');
  assert.ok(one.bundles.every((bundle) => bundle.split('BEGIN').length <= 3));
  assert.equal(one.admission.workloadsPath, secret);
  assert.ok(kept.every((agent) => Object.keys(agent.sockets).length + Object.keys(agent.freeSockets).length === 1));
});

test('the same authority and certificate after a restart; admission that is off takes its registration away', async (t) => {
  const one = await bench(t);
  await ready(one);
  const before = readFileSync(join(one.directory, 'admission-certificates.json'), 'utf8');
  await one.admission.round();
  assert.equal(readFileSync(join(one.directory, 'admission-certificates.json'), 'utf8'), before);
  const removed = Promise.withResolvers<void>();
  one.api.answers.set(`DELETE ${configurationPath}`, () => (removed.resolve(), {}));
  one.api.refusals.push({ status: 503, reason: 'ServiceUnavailable' });
  const kubernetes = openKubernetes(one.kubernetesConfig);
  const stop = keepUnregistered(kubernetes, 'vedette-cluster', () => undefined);
  await removed.promise;
  await stop();
  kubernetes.close();
});
