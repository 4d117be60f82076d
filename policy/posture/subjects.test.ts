import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { known, unknown, type FactValue } from '../vocabulary.ts';
import type { KubeObject } from './json.ts';
import { selects } from './json.ts';
import { flagsOf, supportedFact } from './nodes.ts';
import { releaseOf } from './releases.ts';
import { vocabularies, type ClusterView, type HostView, type Subject } from './subject.ts';
import { subjectsOf } from './subjects.ts';

interface Given {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly json?: unknown;
}

const nowMs = Date.parse('2026-06-01T00:00:00Z');

function viewOf(objects: readonly Given[], over: Partial<ClusterView> = {}): ClusterView {
  const whole = objects.map((one): KubeObject => ({ apiVersion: 'v1', namespace: '', uid: one.name, json: {}, ...one }));
  return { name: 'paris', isKubernetes: true, objects: whole, incomplete: () => null, kubernetesVersion: known('v1.34.1'), networkPolicies: known('enforced'), admission: known('off'), hosts: [], nowMs, ...over };
}

function find(view: ClusterView, kind: Subject['kind'], name: string): Subject {
  const found = subjectsOf(view).all.filter((one) => one.kind === kind && one.name === name);
  equal(found.length, 1, `${kind} ${name}: ${subjectsOf(view).all.map((one) => `${one.kind} ${one.name}`).join(', ')}`);
  return found[0]!;
}

const owned = (kind: string, name: string): unknown => ({ ownerReferences: [{ controller: true, kind, name }] });
const pod = (containers: readonly unknown[], more: object = {}): object => ({ containers, ...more });
const deployment = (spec: object, name = 'cart', labels: object = { app: 'cart' }): Given => ({ kind: 'Deployment', namespace: 'shop', name, json: { spec: { template: { metadata: { labels }, spec } } } });
const containerFacts = (spec: object): Readonly<Record<string, unknown>> => Object.fromEntries(Object.entries(find(viewOf([deployment(spec)]), 'workload', 'cart').lists['containers']!.items[0]!.facts).map(([name, fact]) => [name, fact.is === 'known' ? fact.value : fact.is]));

test('a workload is reported once, under its topmost owner', () => {
  const view = viewOf([
    deployment(pod([])),
    { kind: 'ReplicaSet', namespace: 'shop', name: 'cart-1', json: { metadata: owned('Deployment', 'cart') } },
    { kind: 'Pod', namespace: 'shop', name: 'cart-1-a', json: { metadata: owned('ReplicaSet', 'cart-1') } },
    { kind: 'CronJob', namespace: 'shop', name: 'bill', json: { spec: { jobTemplate: { spec: { template: { spec: { hostPID: true } } } } } } },
    { kind: 'Job', namespace: 'shop', name: 'bill-1', json: { metadata: owned('CronJob', 'bill') } },
    { kind: 'Pod', namespace: 'shop', name: 'bill-1-a', json: { metadata: owned('Job', 'bill-1') } },
    { kind: 'Pod', namespace: 'shop', name: 'operated-0', json: { metadata: owned('Kafka', 'operated') } },
    { kind: 'Pod', namespace: 'shop', name: 'operated-1', json: { metadata: owned('Kafka', 'operated') } },
    { kind: 'Pod', namespace: 'shop', name: 'alone', json: {} },
    { kind: 'ReplicaSet', namespace: 'shop', name: 'old', json: { spec: { template: { spec: { containers: [{ name: 'a', image: 'x' }] } } } } },
    { kind: 'Pod', namespace: 'shop', name: 'old-x', json: { metadata: owned('ReplicaSet', 'old'), spec: { hostPID: true } } },
    { kind: 'ReplicaSet', namespace: 'shop', name: 'asleep', json: {} },
    { kind: 'Pod', namespace: 'shop', name: 'ended', json: { status: { phase: 'Succeeded' } } },
    { kind: 'Pod', namespace: 'kube-system', name: 'etcd-n1', json: { metadata: owned('Node', 'n1') } },
    { kind: 'Pod', namespace: 'other', name: 'cart', json: { metadata: owned('Deployment', 'cart') } },
  ]);
  const found = subjectsOf(view).all.filter((one) => one.kind === 'workload').map((one) => `${one.namespace}/${one.type}/${one.name}`);
  deepEqual(found.sort(), ['kube-system/Pod/etcd-n1', 'other/Deployment/cart', 'shop/CronJob/bill', 'shop/Deployment/cart', 'shop/Kafka/operated', 'shop/Pod/alone', 'shop/ReplicaSet/old']);
  deepEqual(find(view, 'workload', 'old').facts['hostPid'], known(true), 'a ReplicaSet is told without its settings: its pod has them');
  deepEqual(find(view, 'workload', 'bill').facts['hostPid'], known(true));
});

test('owners that own each other end', () => {
  const view = viewOf([{ kind: 'ReplicaSet', namespace: 'a', name: 'x', json: { metadata: owned('ReplicaSet', 'y') } }, { kind: 'ReplicaSet', namespace: 'a', name: 'y', json: { metadata: owned('ReplicaSet', 'x') } }]);
  ok(subjectsOf(view).all.length < 5);
});

test('settings of a container: its own, then the pod’s, then what Kubernetes does', () => {
  const bare = containerFacts(pod([{ name: 'a', image: 'nginx' }]));
  deepEqual([bare['privileged'], bare['mayEscalate'], bare['runsAsRoot'], bare['nonRootRequired'], bare['writableRoot'], bare['seccomp'], bare['tag'], bare['pinned']], [false, true, 'unknown', false, true, '', '', false]);
  const cases: readonly (readonly [spec: object, fact: string, value: unknown])[] = [
    [pod([{ securityContext: { runAsUser: 0 } }], { securityContext: { runAsUser: 5 } }), 'runsAsRoot', true],
    [pod([{}], { securityContext: { runAsUser: 5 } }), 'runsAsRoot', false],
    [pod([{}], { securityContext: { runAsNonRoot: true } }), 'runsAsRoot', false],
    [pod([{ securityContext: { runAsNonRoot: false } }], { securityContext: { runAsNonRoot: true } }), 'nonRootRequired', false],
    [pod([{}], { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }), 'seccomp', 'RuntimeDefault'],
    [pod([{ securityContext: { seccompProfile: { type: 'Unconfined' } } }], { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }), 'seccomp', 'Unconfined'],
    [pod([{ securityContext: { allowPrivilegeEscalation: false } }]), 'mayEscalate', false],
    [pod([{ securityContext: { allowPrivilegeEscalation: false, privileged: true } }]), 'mayEscalate', true],
    [pod([{ securityContext: { capabilities: { add: ['CAP_SYS_ADMIN', 'chown'], drop: ['all'] } } }]), 'capabilitiesDangerous', ['SYS_ADMIN']],
    [pod([{ securityContext: { capabilities: { drop: ['all'] } } }]), 'capabilitiesDropped', ['ALL']],
    [pod([{ ports: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }] }]), 'hostPorts', ['80/TCP']],
    [pod([{ env: [{ name: 'DB_PASSWORD' }, { name: 'TOKENIZER' }, { name: 'SECRET_FILE' }, { name: 'API_KEY', valueFrom: { secretKeyRef: {} } }] }]), 'secretNames', ['DB_PASSWORD']],
    [pod([{ env: [{ name: 'A', valueFrom: { secretKeyRef: {} } }] }]), 'secretsInEnvironment', true],
    [pod([{ envFrom: [{ secretRef: { name: 'x' } }] }]), 'secretsInEnvironment', true],
    [pod([{ volumeMounts: [{ name: 'h' }, { name: 'r', readOnly: true }, { name: 'e' }] }], { volumes: [{ name: 'h', hostPath: { path: '/etc' } }, { name: 'r', hostPath: { path: '/var' } }, { name: 'e', emptyDir: {} }] }), 'mountsWritableHostPaths', ['/etc']],
    [pod([{ image: 'r:5000/a@sha256:x' }]), 'pinned', true],
  ];
  for (const [spec, fact, value] of cases) deepEqual(containerFacts(spec)[fact], value, `${fact} of ${JSON.stringify(spec)}`);
});

test('a token is mounted unless the pod or its account refuses; an account that is not seen leaves it open', () => {
  const account = (automount?: boolean): Given => ({ kind: 'ServiceAccount', namespace: 'shop', name: 'default', json: automount === undefined ? {} : { automountServiceAccountToken: automount } });
  const of = (spec: object, ...more: Given[]) => find(viewOf([deployment(pod([], spec)), ...more]), 'workload', 'cart').facts['tokenMounted'];
  deepEqual(of({}, account()), known(true));
  deepEqual(of({}, account(false)), known(false));
  deepEqual(of({ automountServiceAccountToken: true }, account(false)), known(true));
  equal(of({})?.is, 'unknown');
});

test('policies select by labels; while some are not known, a pod that none selects may still be selected', () => {
  const policy = (podSelector: object, more: object = {}): Given => ({ kind: 'NetworkPolicy', namespace: 'shop', name: 'p', json: { spec: { podSelector, ...more } } });
  const of = (one: Given, incomplete: string | null = null) => find(viewOf([deployment(pod([])), one], { incomplete: (kind) => (kind === 'NetworkPolicy' ? incomplete : null) }), 'workload', 'cart').facts;
  deepEqual(of(policy({}))['ingressRestricted'], known(true));
  deepEqual(of(policy({}))['egressRestricted'], known(false));
  deepEqual(of(policy({}, { policyTypes: ['Egress'] }))['ingressRestricted'], known(false));
  deepEqual(of(policy({ matchLabels: { app: 'other' } }))['ingressRestricted'], known(false));
  deepEqual(of(policy({ matchLabels: { app: 'other' } }), 'not synced')['ingressRestricted'], unknown('not synced'));
  deepEqual(of(policy({ matchLabels: { app: 'cart' } }), 'not synced')['ingressRestricted'], known(true));
  const expressions: readonly (readonly [string, readonly string[], boolean])[] = [['In', ['cart'], true], ['NotIn', ['cart'], false], ['Exists', [], true], ['DoesNotExist', [], false], ['Sounds', [], false]];
  for (const [operator, values, selected] of expressions) equal(selects({ matchExpressions: [{ key: 'app', operator, values }] }, { app: 'cart' }), selected, operator);
});

test('default deny: for all pods, and nothing allowed', () => {
  const space: Given = { kind: 'Namespace', name: 'shop' };
  const of = (spec: object) => find(viewOf([space, { kind: 'NetworkPolicy', namespace: 'shop', name: 'p', json: { spec } }]), 'namespace', 'shop').facts['deniesIngress'];
  deepEqual(of({ podSelector: {} }), known(true));
  deepEqual(of({ podSelector: {}, ingress: [{}] }), known(false), 'an empty rule allows everything');
  deepEqual(of({ podSelector: { matchLabels: { a: 'b' } } }), known(false));
  deepEqual(of({ podSelector: {}, policyTypes: ['Egress'] }), known(false));
});

test('bindings are joined with their roles; a role that is not seen grants what nobody knows', () => {
  const role: Given = { kind: 'Role', namespace: 'shop', name: 'r', json: { rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] } };
  const binding = (subjects: readonly object[], more: object = {}): Given => ({ kind: 'RoleBinding', namespace: 'shop', name: 'b', json: { roleRef: { kind: 'Role', name: 'r' }, subjects, ...more } });
  const of = (...objects: Given[]): Subject => find(viewOf(objects), 'grant', 'b');
  deepEqual(of(role, binding([])).lists['rules']!.items.map((one) => one.sentence), ['Role r: get on secrets']);
  equal(of(binding([])).lists['rules']!.incomplete, 'the Role r does not exist, so the binding grants nothing until somebody makes it');
  const whose = (subject: object, more: object = {}): unknown => {
    const fact = of(role, binding([subject], more)).facts['ofKubernetes'];
    return fact?.is === 'known' ? fact.value : fact?.is;
  };
  equal(whose({ kind: 'User', name: 'ada' }), false);
  equal(whose({ kind: 'User', name: 'system:kube-scheduler' }), true);
  equal(whose({ kind: 'Group', name: 'system:authenticated' }), false);
  equal(whose({ kind: 'Group', name: 'system:masters' }), false);
  equal(whose({ kind: 'ServiceAccount', namespace: 'kube-system', name: 'coredns' }), true);
  equal(whose({ kind: 'ServiceAccount', namespace: 'kube-system', name: 'default' }), false);
  equal(whose({ kind: 'User', name: 'ada' }, { metadata: { labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } } }), true);
});

const host = (args: readonly string[], over: Partial<HostView> = {}): HostView => ({ hostname: 'n1', kernel: '6.1', distribution: 'Debian', unseen: null, processes: [{ path: '/usr/bin/kubelet', arguments: args, truncated: false, containerId: '' }], listening: [], ...over });
const node: Given = { kind: 'Node', name: 'n1', json: { status: { nodeInfo: { kubeletVersion: 'v1.31.4' } } } };
const kubelet = (one: HostView | null, fact: string) => find(viewOf([node], { hosts: one === null ? [] : [one] }), 'node', 'n1').facts[fact];

test('the kubelet by its arguments: one that is given is known, one that a file may set is not', () => {
  deepEqual(kubelet(host(['kubelet', '--anonymous-auth=false', '--config=/c.yaml']), 'anonymousAuth'), known('false'));
  deepEqual(kubelet(host(['kubelet', '--config', '/c.yaml']), 'anonymousAuth'), unknown('--anonymous-auth is not given; it may be set in /c.yaml, which is not read'));
  deepEqual(kubelet(host(['kubelet']), 'authorizationMode'), known('AlwaysAllow'), 'without a file the default of the flag holds');
  equal(kubelet(null, 'anonymousAuth')?.is, 'unknown');
  deepEqual(kubelet(host([], { unseen: 'away' }), 'anonymousAuth'), unknown('away'));
  equal(kubelet(host([], { processes: [] }), 'anonymousAuth')?.is, 'unknown');
  equal(kubelet(host([], { processes: [{ path: '/usr/bin/kubelet', arguments: ['--anonymous-auth=false'], truncated: false, containerId: 'c1' }] }), 'anonymousAuth')?.is, 'unknown', 'a kubelet in a container is not the node’s');
  deepEqual([kubelet(host([]), 'minorsBehind'), kubelet(host([]), 'hasSensor'), kubelet(null, 'hasSensor')], [known(3), known(true), known(false)]);
  deepEqual([...flagsOf(['x', '--a=1', '--b', '2', '--profiling', 'x', '-v', '--c'])], [['a', '1'], ['b', '2'], ['profiling', 'true'], ['v', 'true'], ['c', 'true']]);
});

test('versions: supported, past their end, or not in the table', () => {
  equal(releaseOf('v1.33.2+k3s1')?.name, '1.33');
  equal(releaseOf('banana'), null);
  deepEqual(supportedFact('v1.34.0', nowMs), known(true));
  deepEqual(supportedFact('v1.32.9', nowMs), known(false));
  equal(supportedFact('v1.99.0', nowMs).is, 'unknown');
});

test('a plain host: sshd and what it listens on', () => {
  const sshd = { path: '/usr/sbin/sshd', arguments: ['sshd', '-o', 'PermitRootLogin no'], truncated: false, containerId: '' };
  const { facts } = find(viewOf([], { isKubernetes: false, hosts: [host([], { processes: [sshd], listening: ['0.0.0.0:22', '127.0.0.1:25', '10.0.0.1:23', '::1:631'] })] }), 'node', 'n1');
  deepEqual([facts['sshRootLogin'], facts['exposed'], facts['cleartextExposed']], [known('no'), known(['0.0.0.0:22', '10.0.0.1:23']), known(['10.0.0.1:23'])]);
  equal(facts['sshPasswordLogin']?.is, 'unknown');
});

test('an ingress: which hosts no TLS entry names', () => {
  const of = (spec: object): unknown => {
    const fact = find(viewOf([{ kind: 'Ingress', namespace: 'a', name: 'i', json: { spec } }]), 'ingress', 'i').facts['hostsWithoutTls'];
    return fact?.is === 'known' ? fact.value : fact?.is;
  };
  deepEqual(of({ rules: [{ host: 'a.example' }, { host: 'b.example' }], tls: [{ hosts: ['a.example'] }] }), ['b.example']);
  deepEqual(of({ rules: [{ host: 'x.a.example' }, { host: 'y.x.a.example' }], tls: [{ hosts: ['*.a.example'] }] }), ['y.x.a.example']);
  deepEqual(of({ rules: [{ host: 'a.example' }], tls: [{ secretName: 's' }] }), []);
  deepEqual(of({ rules: [{}] }), ['(every host)']);
});

test('whatever the JSON, subjects are made, and every fact is one of the vocabulary and of its type', () => {
  const kinds = ['Deployment', 'Pod', 'CronJob', 'RoleBinding', 'ClusterRoleBinding', 'Role', 'ServiceAccount', 'Namespace', 'NetworkPolicy', 'Service', 'Ingress', 'Node'];
  const keys = ['spec', 'metadata', 'template', 'containers', 'securityContext', 'capabilities', 'labels', 'rules', 'subjects', 'kind', 'name', 'volumes', 'hostPath', 'tls', 'hosts', 'taints', 'status', '__proto__'];
  const json = fc.letrec<{ value: unknown }>((tie) => ({ value: fc.oneof({ maxDepth: 5 }, fc.constant(null), fc.boolean(), fc.integer(), fc.string(), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 4 })) })).value;
  const object = fc.record({ kind: fc.constantFrom(...kinds), namespace: fc.constantFrom('', 'shop'), name: fc.constantFrom('a', 'b'), json });
  const isOf = (type: string, value: FactValue): boolean => (type === 'list<string>' ? Array.isArray(value) && value.every((one) => typeof one === 'string') : type === 'map<string, string>' ? typeof value === 'object' && Object.values(value).every((one) => typeof one === 'string') : type === 'int' ? Number.isSafeInteger(value) : typeof value === (type === 'bool' ? 'boolean' : type));
  fc.assert(fc.property(fc.array(object, { maxLength: 6 }), (objects) => {
    for (const subject of subjectsOf(viewOf(objects)).all) {
      const { facts, lists, roots } = vocabularies[subject.kind];
      const check = (prefix: string, entries: readonly { readonly name: string; readonly type: string }[], given: Subject['facts']): void => {
        for (const [name, fact] of Object.entries(given)) {
          const entry = entries.find((one) => one.name === `${prefix}.${name}`);
          ok(entry !== undefined, `${prefix}.${name}`);
          ok(fact.is !== 'known' || isOf(entry.type, fact.value), `${prefix}.${name} is ${JSON.stringify(fact)}`);
        }
      };
      check(roots[0]!, facts, subject.facts);
      for (const list of lists) for (const item of subject.lists[list.name.slice(roots[0]!.length + 1)]!.items) check(list.name, list.fields, item.facts);
    }
  }), { numRuns: 300 });
});
