import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containersOf } from './pod-template.ts';
import { readReview } from './review.ts';
import { podReview, podSpec, reviewOf, templateReview } from './testing/reviews.ts';

function read(review: unknown): string {
  const found = readReview(typeof review === 'string' ? review : JSON.stringify(review));
  if (!found.ok) return `refused ${found.uid}: ${found.reason}`;
  const { review: one } = found;
  if (one.is === 'unchanged') return 'unchanged';
  if (one.is === 'session') return `${one.attach ? 'attach' : 'exec'} ${one.user} ${one.namespace}/${one.pod}/${one.container} ${one.command.join(' ')}`;
  return `${one.operation} ${one.kind} ${one.namespace}/${one.name}${one.owner === '' ? '' : ` of ${one.owner}`}${one.dryRun ? ' dry' : ''}: ${containersOf(one.template, one).map((container) => `${container.facts.containerType.is === 'known' ? container.facts.containerType.value : '?'} ${container.image}`).join(', ')}`;
}

const pod = (image: string, more = {}): object => ({ metadata: { name: 'cart' }, spec: podSpec(image), ...more });
const withDebugger = { metadata: { name: 'cart' }, spec: podSpec('shop/cart:1', { ephemeralContainers: [{ name: 'debug', image: 'busybox', targetContainerName: 'main' }] }) };

const rows: readonly (readonly [what: string, review: unknown, said: RegExp])[] = [
  ['a pod', podReview('shop/cart:1'), /^CREATE Pod shop\/cart: container shop\/cart:1$/],
  ['with init containers', podReview('shop/cart:1', { spec: { initContainers: [{ name: 'prepare', image: 'shop/init:1' }] } }), /: container shop\/cart:1, init shop\/init:1$/],
  ['without containers', reviewOf({ object: { metadata: {}, spec: {} } }), /^CREATE Pod shop\/cart: $/],
  ['a pod of a ReplicaSet', reviewOf({ name: '', object: { metadata: { generateName: 'cart-7d-', ownerReferences: [{ kind: 'ReplicaSet', name: 'cart-7d', uid: 'x', apiVersion: 'apps/v1', controller: true }] }, spec: podSpec('shop/cart:1') } }), /^CREATE Pod shop\/cart-7d- of ReplicaSet\/cart-7d/],
  ['dry run', podReview('shop/cart:1', { dryRun: true }), / dry: /],
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'ReplicationController'].map((kind) => [kind, templateReview(kind, 'shop/cart:1'), new RegExp(`^CREATE ${kind} shop/cart: container shop/cart:1$`)] as const),
  ['only labels', podReview('shop/cart:1', { operation: 'UPDATE', object: pod('shop/cart:1', { metadata: { name: 'cart', labels: { a: 'b' } } }), oldObject: pod('shop/cart:1') }), /^unchanged$/],
  ['only status', reviewOf({ operation: 'UPDATE', object: pod('shop/cart:1', { status: { phase: 'Running' } }), oldObject: pod('shop/cart:1') }), /^unchanged$/],
  ['only scale', templateReview('Deployment', 'shop/cart:1', { operation: 'UPDATE', object: { metadata: {}, spec: { replicas: 9, template: { spec: podSpec('shop/cart:1') } } }, oldObject: { metadata: {}, spec: { replicas: 1, template: { spec: podSpec('shop/cart:1') } } } }), /^unchanged$/],
  ['what is going', reviewOf({ operation: 'UPDATE', object: pod('other', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), oldObject: pod('shop/cart:1') }), /^unchanged$/],
  ['another image', reviewOf({ operation: 'UPDATE', object: pod('shop/cart:2'), oldObject: pod('shop/cart:1') }), /^UPDATE Pod shop\/cart: container shop\/cart:2$/],
  ['another image in a template', templateReview('Deployment', 'shop/cart:2', { operation: 'UPDATE', oldObject: { metadata: {}, spec: { template: { spec: podSpec('shop/cart:1') } } } }), /^UPDATE Deployment/],
  ['only what is new in a pod that runs', reviewOf({ operation: 'UPDATE', subResource: 'ephemeralcontainers', object: withDebugger, oldObject: pod('shop/cart:1') }), /^UPDATE Pod shop\/cart: ephemeral busybox$/],
  ['exec', reviewOf({ operation: 'CONNECT', kind: 'PodExecOptions', subResource: 'exec', object: { container: 'main', command: ['sh', '-c', 'id'], stdin: true } }), /^exec alice shop\/cart\/main sh -c id$/],
  ['attach', reviewOf({ operation: 'CONNECT', kind: 'PodAttachOptions', subResource: 'attach', object: { container: 'main' } }), /^attach alice shop\/cart\/main $/],
  ['exec into nothing', reviewOf({ operation: 'CONNECT', subResource: 'exec', name: '', object: {} }), /^refused u-1: nobody says which pod/],
  ['a tunnel', reviewOf({ operation: 'CONNECT', subResource: 'portforward', object: {} }), /^refused u-1: connecting to Pod portforward/],
  ['a deletion', podReview('x', { operation: 'DELETE' }), /^refused u-1: a deletion/],
  ['another kind', reviewOf({ kind: 'Secret', object: { metadata: {} } }), /^refused u-1: objects of the kind Secret/],
  ['the kind of somebody else', templateReview('Deployment', 'x', { group: 'example.com' }), /^refused u-1: objects of the kind Deployment/],
  ['no JSON', '{', /^refused : the body is not JSON/],
  ['no review', { hello: 1 }, /^refused : this is no AdmissionReview/],
  ['an older review', { ...podReview('x'), apiVersion: 'admission.k8s.io/v1beta1' }, /^refused u-1: this is no AdmissionReview/],
  ['null', 'null', /^refused : this is no AdmissionReview/],
  ['a pod that is a list', reviewOf({ object: [] }), /^refused u-1: this Pod has no form/],
  ['an image that is a number', reviewOf({ object: { metadata: {}, spec: { containers: [{ name: 'a', image: 7 }] } } }), /^refused u-1: this Pod has no form: spec\.containers\.0\.image/],
  ['a thousand containers', reviewOf({ object: { metadata: {}, spec: { containers: Array.from({ length: 1000 }, () => ({ name: 'a', image: 'b' })) } } }), /^refused u-1: this Pod has no form/],
  ['an endless name', podReview('x', { namespace: 'n'.repeat(300) }), /^refused u-1: this is no AdmissionReview/],
  ['deep nonsense', '['.repeat(200_000), /^refused : the body is not JSON/],
  ['deep JSON', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, /^refused : this is no AdmissionReview/],
];
for (const [what, review, said] of rows) test(`a review: ${what}`, () => assert.match(read(review), said));

test('how a container is set up, with what Kubernetes does where nothing is said', () => {
  const facts = (spec: object): Record<string, unknown> => {
    const found = readReview(JSON.stringify(podReview('x', { spec: spec as Record<string, unknown> })));
    assert.ok(found.ok && found.review.is === 'workload');
    const [first] = containersOf(found.review.template, found.review);
    return Object.fromEntries(Object.entries(first!.facts).map(([name, fact]) => [name, fact.is === 'known' ? fact.value : null]));
  };
  assert.deepEqual(facts({}), {
    kind: 'Pod', name: 'cart', namespace: 'shop', labels: {}, serviceAccount: 'default', container: 'main', containerType: 'container', privileged: false, allowPrivilegeEscalation: true, runAsNonRoot: false, runAsUser: -1,
    readOnlyRootFilesystem: false, capabilitiesAdded: [], capabilitiesDropped: [], seccomp: null, hostNetwork: false, hostPid: false, hostIpc: false, hostPaths: [], hostPorts: [], serviceAccountToken: true,
  });
  const hard = facts({
    hostNetwork: true, hostPID: true, serviceAccountName: 'robot', automountServiceAccountToken: false, volumes: [{ name: 'a', hostPath: { path: '/etc' } }, { name: 'b', emptyDir: {} }],
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 80, hostPort: 8080 }], securityContext: { allowPrivilegeEscalation: false, runAsUser: 0, capabilities: { add: ['CAP_SYS_ADMIN', 'net_raw'], drop: ['all'] } } }],
  });
  assert.deepEqual([hard['hostNetwork'], hard['hostPid'], hard['serviceAccount'], hard['serviceAccountToken'], hard['hostPaths'], hard['runAsNonRoot'], hard['runAsUser'], hard['seccomp'], hard['hostPorts'], hard['capabilitiesAdded'], hard['capabilitiesDropped'], hard['allowPrivilegeEscalation']],
    [true, true, 'robot', false, ['/etc'], true, 0, 'RuntimeDefault', ['8080/TCP'], ['SYS_ADMIN', 'NET_RAW'], ['ALL'], true]);
});
