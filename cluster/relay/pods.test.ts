import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSet } from '@vedette/model/wire/generated/link_pb';
import { KubernetesObject } from '../kubernetes/objects.ts';
import { PodDirectory } from './pods.ts';

interface Wish {
  readonly node?: string;
  readonly owner?: readonly [kind: string, name: string, uid: string];
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly phase?: string;
  readonly started?: boolean;
}

const owners = (owner: Wish['owner']) => (owner === undefined ? [] : [{ apiVersion: 'x/v1', kind: owner[0], name: owner[1], uid: owner[2], controller: true }]);

function pod(name: string, { node = 'n1', owner, labels = {}, annotations = {}, phase = 'Running', started = true }: Wish = {}): KubernetesObject {
  return KubernetesObject.parse({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels, annotations, ownerReferences: owners(owner) },
    spec: { nodeName: node, serviceAccountName: 'web', containers: [{ name: 'main', image: 'shop:1' }], initContainers: [{ name: 'first', image: 'init:1' }] },
    status: { phase, ...(started ? { containerStatuses: [{ name: 'main', containerID: 'containerd://abc', imageID: 'sha256:1' }] } : {}) },
  });
}

const owned = (kind: string, name: string, uid: string, owner?: Wish['owner']): KubernetesObject => KubernetesObject.parse({ apiVersion: 'x/v1', kind, metadata: { name, uid, ownerReferences: owners(owner) } });
const names = (set: PodSet): string[] => set.pods.map((one) => `${one.name}=${one.workloadKind}/${one.workloadName}`).toSorted();

test('who a pod belongs to, from the topmost owner', () => {
  const cases: [title: string, wish: Wish, above: [kind: 'ReplicaSet' | 'Job', object: KubernetesObject][], expected: string][] = [
    ['nobody', {}, [], 'p=Pod/p'],
    ['a DaemonSet', { owner: ['DaemonSet', 'd', 'd1'] }, [], 'p=DaemonSet/d'],
    ['a ReplicaSet of nobody', { owner: ['ReplicaSet', 'r', 'r1'] }, [['ReplicaSet', owned('ReplicaSet', 'r', 'r1')]], 'p=ReplicaSet/r'],
    ['a Deployment', { owner: ['ReplicaSet', 'web-1', 'r1'] }, [['ReplicaSet', owned('ReplicaSet', 'web-1', 'r1', ['Deployment', 'web', 'd1'])]], 'p=Deployment/web'],
    ['a CronJob', { owner: ['Job', 'j', 'j1'] }, [['Job', owned('Job', 'j', 'j1', ['CronJob', 'nightly', 'c1'])]], 'p=CronJob/nightly'],
    ['a controller of somebody else above a ReplicaSet', { owner: ['ReplicaSet', 'r', 'r1'] }, [['ReplicaSet', owned('ReplicaSet', 'r', 'r1', ['Rollout', 'ro', 'x'])]], 'p=Rollout/ro'],
    ['its node: a static pod', { owner: ['Node', 'n1', 'x'] }, [], 'p=Pod/p'],
  ];
  for (const [title, wish, above, expected] of cases) {
    const pods = new PodDirectory();
    pods.handler('Pod').listed([pod('p', wish)]);
    for (const [kind, object] of above) pods.handler(kind).changed(object);
    assert.deepEqual(names(pods.set('n1')), [expected], title);
  }
});

test('what is told of a pod; a static pod has the UID that its kubelet runs it under', () => {
  const pods = new PodDirectory();
  pods.handler('Pod').listed([pod('p', { labels: { app: 'web', 'pod-template-hash': '5d' }, annotations: { 'kubernetes.io/config.mirror': 'static' } })]);
  const [told] = pods.set('n1').pods;
  assert.deepEqual([told?.uid, told?.namespace, told?.serviceAccount, told?.revision, told?.labels['app']], ['static', 'shop', 'web', '5d', 'web']);
  assert.deepEqual(told?.containers.map(({ name, image, containerId }) => [name, image, containerId]), [['main', 'shop:1', 'abc'], ['first', 'init:1', '']]);
});

test('pods that are done, not scheduled, gone or malformed are not told', () => {
  const pods = new PodDirectory();
  const handler = pods.handler('Pod');
  handler.listed([pod('a'), pod('b'), pod('waiting', { node: '' }), KubernetesObject.parse({ metadata: { name: 'bad', uid: 'bad' } })]);
  assert.deepEqual([names(pods.set('n1')).length, pods.malformed], [2, 1]);
  handler.changed(pod('a', { phase: 'Succeeded' }));
  handler.removed(pod('b'));
  assert.equal(pods.set('n1').pods.length, 0);
  handler.listed([pod('c')]);
  handler.listed([pod('d', { node: 'n2' })]);
  assert.deepEqual([pods.set('n1').pods.length, names(pods.set('n2'))], [0, ['d=Pod/d']]);
});

test('a set at once and after each change of its node only; none before pods were listed', async () => {
  const pods = new PodDirectory(1);
  const stop = new AbortController();
  const sets = pods.sets('n1', stop.signal);
  const first = sets.next();
  pods.handler('Pod').listed([pod('a', { owner: ['ReplicaSet', 'web-1', 'r1'] })]);
  assert.deepEqual(names((await first).value), ['a=ReplicaSet/web-1']);
  const second = sets.next();
  pods.handler('Pod').changed(pod('elsewhere', { node: 'n2' }));
  pods.handler('ReplicaSet').listed([owned('ReplicaSet', 'web-1', 'r1', ['Deployment', 'web', 'd1'])]);
  const told: PodSet = (await second).value;
  assert.deepEqual(names(told), ['a=Deployment/web']);
  const third = sets.next();
  pods.handler('Pod').changed(pod('a', { owner: ['ReplicaSet', 'web-1', 'r1'] }));
  pods.handler('Pod').changed(pod('b', { started: false }));
  const last: PodSet = (await third).value;
  assert.deepEqual(names(last), ['a=Deployment/web', 'b=Pod/b']);
  assert.ok(last.generation > told.generation);
  const end = sets.next();
  stop.abort();
  assert.equal((await end).done, true);
});
