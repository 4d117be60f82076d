/**
 * Effects of the cluster part against a real API server with its controllers: done however often, each is there once; taken back, nothing of it is left. The step is
 * asked as the hub asks it, without a hub.
 */
import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { ClusterEffects } from '@vedette/cluster/enforce/effects';
import { at } from '@vedette/cluster/enforce/orders';
import type { Kubernetes } from '@vedette/cluster/kubernetes/client';
import type { KubernetesObject } from '@vedette/cluster/kubernetes/objects';
import { EffectCommandSchema, type EffectCommand } from '@vedette/model/wire/generated/link_pb';
import type { LabReport } from '../report.ts';
import { until } from '../until.ts';

let kubernetes: Kubernetes;

async function soon(look: () => Promise<boolean>): Promise<void> {
  assert.ok((await until(look, 60_000)).value, 'it did not happen in time');
}

async function ok(call: ReturnType<Kubernetes['get']>): Promise<KubernetesObject> {
  const answer = await call;
  assert.equal(answer.kind, 'ok', JSON.stringify(answer));
  return answer.kind === 'ok' ? answer.value : assert.fail();
}

interface Said {
  readonly state: string;
  readonly detail: string;
  readonly evidence: Record<string, unknown> | null;
}

/** One life of the cluster part that is asked this set; what it reports. */
async function life(...effects: EffectCommand[]): Promise<Said[]> {
  const said: Said[] = [];
  const part = new ClusterEffects({
    kubernetes,
    network: () => ({ enforcement: 'not-enforced', evidence: 'There is no agent.' }),
    excludedNamespaces: ['kube-system', 'vedette'],
    nowMs: () => Date.now(),
    log: () => undefined,
    report: async ({ kind }) => {
      if (kind.case === 'effect') said.push({ state: kind.value.state, detail: kind.value.detail, evidence: JSON.parse(kind.value.evidenceJson) as Said['evidence'] });
    },
  });
  // The hub says the whole set again whenever it changes.
  part.take(effects);
  part.take(effects);
  await part.idle();
  return said;
}

type Kind = EffectCommand['kind'];
const asked = (effectId: string, kind: Kind, more: { undo?: boolean; dryRun?: boolean; expiresAtMs?: bigint } = {}): EffectCommand =>
  create(EffectCommandSchema, { effectId, expiresAtMs: BigInt(Date.now() + 60_000), kind, ...more } as EffectCommand);

const deployments = '/apis/apps/v1/namespaces/shop/deployments';
const deployment = (name: string, image: string, replicas = 3): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } } },
});
const imageOf = async (name: string): Promise<unknown> => at(await ok(kubernetes.get(`${deployments}/${name}`)), 'spec', 'template', 'spec', 'containers', 0, 'image');

async function podOf(name: string): Promise<KubernetesObject> {
  let found: KubernetesObject | undefined;
  await soon(async () => {
    const listed = await kubernetes.list('/api/v1/namespaces/shop/pods', { kind: 'Pod', query: { labelSelector: `app=${name}` } });
    found = listed.kind === 'ok' ? listed.value.items[0] : undefined;
    return found !== undefined;
  });
  return found!;
}

async function revisions(name: string, count: number): Promise<void> {
  await soon(async () => {
    const listed = await kubernetes.list('/apis/apps/v1/namespaces/shop/replicasets', { kind: 'ReplicaSet', query: { labelSelector: `app=${name}` } });
    return listed.kind === 'ok' && listed.value.items.filter((one) => one.metadata.annotations['deployment.kubernetes.io/revision'] !== undefined).length === count;
  });
}

const isolated = async (): Promise<void> => {
  await ok(kubernetes.create(deployments, deployment('apart', 'r/apart:1', 2)));
  const pod = await podOf('apart');
  const id = 'a1'.repeat(16);
  const kind: Kind = { case: 'isolatePod', value: { $typeName: 'vedette.link.v1.IsolatePod', namespace: 'shop', pod: pod.metadata.name, podUid: pod.metadata.uid } };
  const policies = async (): Promise<readonly KubernetesObject[]> => {
    const listed = await kubernetes.list('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies', { kind: 'NetworkPolicy' });
    return listed.kind === 'ok' ? listed.value.items : [];
  };
  const [tried] = await life(asked(id, kind, { dryRun: true }));
  assert.equal(tried?.state, 'applied');
  assert.equal((await policies()).length, 0, 'a dry run writes nothing');
  for (let lives = 0; lives < 3; lives += 1) {
    const [said] = await life(asked(id, kind));
    assert.equal(said?.state, 'applied', said?.detail ?? '');
    assert.match(said?.detail ?? '', /^applied, not enforced/);
  }
  // After its time the end is still told: it was done.
  assert.equal((await life(asked(id, kind, { expiresAtMs: 1n })))[0]?.state, 'applied');
  const [policy, second] = await policies();
  assert.equal(second, undefined);
  assert.deepEqual(at(policy, 'spec'), { podSelector: { matchLabels: { 'vedette.dev/isolated': id } }, policyTypes: ['Ingress', 'Egress'] });
  assert.equal((await podOf('apart')).metadata.labels['vedette.dev/isolated'] ?? (await ok(kubernetes.get(`/api/v1/namespaces/shop/pods/${pod.metadata.name}`))).metadata.labels['vedette.dev/isolated'], id);
  const other = await life(asked('b2'.repeat(16), kind));
  assert.equal(other[0]?.state, 'not-needed');
  assert.equal((await life(asked(id, kind, { undo: true })))[0]?.state, 'applied');
  assert.equal((await policies()).length, 0);
  assert.equal((await ok(kubernetes.get(`/api/v1/namespaces/shop/pods/${pod.metadata.name}`))).metadata.labels['vedette.dev/isolated'], undefined);
  assert.equal((await life(asked(id, kind, { undo: true })))[0]?.state, 'not-needed');
};

const scaled = async (): Promise<void> => {
  await ok(kubernetes.create(deployments, deployment('scaled', 'r/scaled:1', 3)));
  const id = 'c3'.repeat(16);
  const kind: Kind = { case: 'scale', value: { $typeName: 'vedette.link.v1.ScaleWorkload', namespace: 'shop', workloadKind: 'Deployment', workload: 'scaled', replicas: 0 } };
  const replicas = async (): Promise<unknown> => at(await ok(kubernetes.get(`${deployments}/scaled`)), 'spec', 'replicas');
  for (let lives = 0; lives < 3; lives += 1) {
    const [said] = await life(asked(id, kind));
    assert.equal(said?.state, 'applied', said?.detail ?? '');
    assert.equal(said?.evidence?.['before'], 3);
    assert.equal(await replicas(), 0);
  }
  assert.equal((await life(asked('d4'.repeat(16), kind)))[0]?.state, 'not-needed');
  for (const expected of ['applied', 'not-needed']) assert.equal((await life(asked(id, kind, { undo: true })))[0]?.state, expected);
  assert.equal(await replicas(), 3);
  await life(asked(id, kind));
  await ok(kubernetes.patch(`${deployments}/scaled`, { spec: { replicas: 5 } }, 'merge'));
  const [stays] = await life(asked(id, kind, { undo: true }));
  assert.equal(stays?.state, 'not-needed');
  assert.equal(await replicas(), 5);
};

const bad = `sha256:${'ba'.repeat(32)}`;

const rolledBack = async (): Promise<void> => {
  await ok(kubernetes.create(deployments, deployment('rolled', 'r/rolled:1', 1)));
  await revisions('rolled', 1);
  for (const [index, image] of [`r/rolled@${bad}`, 'r/rolled:2', 'r/rolled:3'].entries()) {
    await ok(kubernetes.patch(`${deployments}/rolled`, [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }], 'json'));
    await revisions('rolled', index + 2);
  }
  // What runs under the names :2 and :3 is the bad image, as a pod of it says.
  for (const image of ['r/rolled:3']) {
    let pod: KubernetesObject | undefined;
    await soon(async () => {
      const listed = await kubernetes.list('/api/v1/namespaces/shop/pods', { kind: 'Pod', query: { labelSelector: 'app=rolled' } });
      pod = listed.kind === 'ok' ? listed.value.items.find((one) => at(one, 'spec', 'containers', 0, 'image') === image) : undefined;
      return pod !== undefined;
    });
    await ok(kubernetes.patch(`/api/v1/namespaces/shop/pods/${pod!.metadata.name}/status`, { status: { containerStatuses: [{ name: 'main', image, imageID: `r/rolled@${bad}`, ready: false, restartCount: 0, state: {} }] } }, 'merge'));
  }
  const id = 'e5'.repeat(16);
  const kind: Kind = { case: 'rollBack', value: { $typeName: 'vedette.link.v1.RollBackWorkload', namespace: 'shop', workloadKind: 'Deployment', workload: 'rolled', badDigests: [bad] } };
  assert.equal((await life(asked(id, kind, { dryRun: true })))[0]?.state, 'applied');
  assert.equal(await imageOf('rolled'), 'r/rolled:3');
  for (let lives = 0; lives < 3; lives += 1) {
    const [said] = await life(asked(id, kind));
    assert.equal(said?.state, 'applied', said?.detail ?? '');
    assert.equal(await imageOf('rolled'), 'r/rolled:2', said?.detail ?? '');
  }
  for (const expected of ['applied', 'not-needed']) assert.equal((await life(asked(id, kind, { undo: true })))[0]?.state, expected);
  assert.equal(await imageOf('rolled'), 'r/rolled:3');
};

const onlyBad = async (): Promise<void> => {
  await ok(kubernetes.create(deployments, deployment('only-bad', `r/x@${bad}`, 1)));
  await revisions('only-bad', 1);
  const [said] = await life(asked('f6'.repeat(16), { case: 'rollBack', value: { $typeName: 'vedette.link.v1.RollBackWorkload', namespace: 'shop', workloadKind: 'Deployment', workload: 'only-bad', badDigests: [bad] } }));
  assert.equal(said?.state, 'refused');
  assert.match(said?.detail ?? '', /no revision that Kubernetes keeps is without a bad image/);
};

const statefulSet = async (): Promise<void> => {
  const sets = '/apis/apps/v1/namespaces/shop/statefulsets';
  const set = deployment('kept', 'r/kept:1', 1) as { kind: string; spec: object };
  await ok(kubernetes.create(sets, { ...set, kind: 'StatefulSet', spec: { ...set.spec, serviceName: 'kept' } }));
  const listed = async (): Promise<number> => {
    const found = await kubernetes.list('/apis/apps/v1/namespaces/shop/controllerrevisions', { kind: 'ControllerRevision', query: { labelSelector: 'app=kept' } });
    return found.kind === 'ok' ? found.value.items.length : 0;
  };
  await soon(async () => (await listed()) === 1);
  await ok(kubernetes.patch(`${sets}/kept`, [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: `r/kept@${bad}` }], 'json'));
  await soon(async () => (await listed()) === 2);
  const kind: Kind = { case: 'rollBack', value: { $typeName: 'vedette.link.v1.RollBackWorkload', namespace: 'shop', workloadKind: 'StatefulSet', workload: 'kept', badDigests: [bad] } };
  const image = async (): Promise<unknown> => at(await ok(kubernetes.get(`${sets}/kept`)), 'spec', 'template', 'spec', 'containers', 0, 'image');
  const [said] = await life(asked('a7'.repeat(16), kind));
  assert.equal(said?.state, 'applied', said?.detail ?? '');
  assert.equal(await image(), 'r/kept:1');
  assert.equal((await life(asked('a7'.repeat(16), kind, { undo: true })))[0]?.state, 'applied');
  assert.equal(await image(), `r/kept@${bad}`);
};

const pod = (namespace: string): Kind => ({ case: 'isolatePod', value: { $typeName: 'vedette.link.v1.IsolatePod', namespace, pod: 'none', podUid: '' } });
const refusals = [
  { name: 'the namespaces of the system', effect: () => asked('a8'.repeat(16), pod('kube-system')), expected: /nothing is ever changed in the namespace kube-system/ },
  { name: 'our own namespace', effect: () => asked('a9'.repeat(16), pod('vedette')), expected: /nothing is ever changed/ },
  { name: 'a pod that is gone', effect: () => asked('aa'.repeat(16), pod('shop')), expected: /the pod is gone/ },
  { name: 'an id that is none', effect: () => asked('../x', pod('shop')), expected: /no id of an effect/ },
  { name: 'what is a sensor’s', effect: () => asked('ab'.repeat(16), { case: 'freeze', value: { $typeName: 'vedette.link.v1.FreezeContainer', containerId: 'c' } }), expected: /a sensor does this/ },
].map(({ name, effect, expected }) => ({
  name: `refused: ${name}`,
  act: async (): Promise<void> => {
    const [said] = await life(effect());
    assert.equal(said?.state, 'refused');
    assert.match(said?.detail ?? '', expected);
  },
}));

/** A controller writes the status of a workload all the time while it rolls out; here somebody writes for sure between what is read and what is written. */
const disturbed = async (): Promise<void> => {
  await ok(kubernetes.create(deployments, deployment('busy', 'r/busy:1', 1)));
  await revisions('busy', 1);
  await ok(kubernetes.patch(`${deployments}/busy`, [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: `r/busy@${bad}` }], 'json'));
  await revisions('busy', 2);
  let disturbances = 0;
  const calm = kubernetes;
  kubernetes = {
    ...calm,
    patch: async (path, patch, kind, query) => {
      if (disturbances < 3 && path === `${deployments}/busy`) {
        disturbances += 1;
        await ok(calm.patch(path, { metadata: { annotations: { 'test/disturbed': String(disturbances) } } }, 'merge'));
      }
      return calm.patch(path, patch, kind, query);
    },
  };
  try {
    const [said] = await life(asked('ad'.repeat(16), { case: 'rollBack', value: { $typeName: 'vedette.link.v1.RollBackWorkload', namespace: 'shop', workloadKind: 'Deployment', workload: 'busy', badDigests: [bad] } }));
    assert.equal(said?.state, 'applied', said?.detail ?? '');
    assert.equal(disturbances, 3);
  } finally {
    kubernetes = calm;
  }
  assert.equal(await imageOf('busy'), 'r/busy:1');
};

const late = async (): Promise<void> => {
  const [said] = await life(asked('ac'.repeat(16), { case: 'scale', value: { $typeName: 'vedette.link.v1.ScaleWorkload', namespace: 'shop', workloadKind: 'Deployment', workload: 'apart', replicas: 0 } }, { expiresAtMs: 1n }));
  assert.deepEqual([said?.state, /too late/.test(said?.detail ?? '')], ['refused', true]);
};

const acts: readonly { readonly name: string; readonly act: () => Promise<void> }[] = [
  { name: 'a pod apart: one NetworkPolicy however often it is asked, read back, not enforced and said so; taken back whole', act: isolated },
  { name: 'scaled to zero once, the former number kept; taken back; what somebody set since stays', act: scaled },
  { name: 'rolled back to the last revision without the bad image, once; taken back', act: rolledBack },
  { name: 'with only bad revisions nothing is rolled back, and it says so', act: onlyBad },
  { name: 'a StatefulSet goes back by its ControllerRevisions', act: statefulSet },
  { name: 'asked for too late, and not begun: refused', act: late },
  { name: 'rolled back while somebody else writes the workload', act: disturbed },
  ...refusals,
];

export const enforceRows: number = acts.length;

export async function enforceActs(report: LabReport, given: Kubernetes): Promise<void> {
  kubernetes = given;
  report.say('Each effect once, however often it is asked, and taken back whole');
  await ok(kubernetes.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }));
  for (const { name, act } of acts) {
    const problem = await act().then(() => '', (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)));
    report.row(name, 'holds', problem === '' ? 'holds' : problem.slice(0, 300), problem);
  }
}
