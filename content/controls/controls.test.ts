import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { controlCategories } from '@vedette/model/control-words';
import { parseControls } from '@vedette/policy/posture/control';
import { judge } from '@vedette/policy/posture/judge';
import { vocabularies, type Facts, type Subject } from '@vedette/policy/posture/subject';
import { emptyValue, known, unknown, type FactValue } from '@vedette/policy/vocabulary';

const files = controlCategories.flatMap((folder) => readdirSync(join(import.meta.dirname, folder)).map((file) => ({ folder, file })));
const read = files.map(({ folder, file }) => ({ folder, file, ...parseControls(file, readFileSync(join(import.meta.dirname, folder, file), 'utf8')) }));
const controls = new Map(read.flatMap((one) => one.controls).map((one) => [one.control.metadata.name, one]));

test('each is read without a word, lies where it belongs, is called as its file, and says why and what to do', () => {
  ok(files.length >= 40, `${files.length} controls`);
  for (const { folder, file, controls: found, problems } of read) {
    deepEqual(problems, [], file);
    const [one] = found;
    equal(`${one?.control.metadata.name}.yaml`, file);
    equal(one?.control.spec.category, folder, file);
    ok(one.control.spec.why.length > 40 && one.control.spec.fix.length > 3, file);
  }
  equal(controls.size, files.length, 'no two have one name');
});

test('every framework is answered, and most controls answer one', () => {
  const all = [...controls.values()].map((one) => one.control.spec.mappings);
  for (const framework of ['cis-kubernetes-1.10', 'pss', 'nsa-cisa', 'nist-800-190', 'pci-dss-4.0'] as const) ok(all.filter((one) => one[framework] !== undefined).length >= 10, framework);
  ok(all.filter((one) => Object.keys(one).length === 0).length <= 2);
});

/** Facts that make a subject one that nothing is wrong with; everything else of it is empty or false. */
const right: Readonly<Record<string, Readonly<Record<string, FactValue>>>> = {
  workload: { namespace: 'shop', serviceAccount: 'cart', ingressRestricted: true, 'containers.role': 'container', 'containers.nonRootRequired': true, 'containers.capabilitiesDropped': ['ALL'], 'containers.seccomp': 'RuntimeDefault', 'containers.memoryLimit': '64Mi', 'containers.pinned': true },
  grant: { role: 'reader', roleType: 'ClusterRole', 'rules.apiGroups': ['apps'], 'rules.resources': ['deployments'], 'rules.verbs': ['get'], 'subjects.kind': 'User', 'subjects.name': 'ada' },
  'service-account': { name: 'cart', grants: ['reader'], workloads: 1 },
  namespace: { name: 'shop', podSecurity: 'restricted', deniesIngress: true, deniesEgress: true, networkPolicies: 2, workloads: 3, hasQuota: true, hasLimits: true },
  service: { type: 'ClusterIP' },
  ingress: { hosts: ['a.example'], hasTls: true },
  node: { isKubernetes: true, kubeletVersion: 'v1.34.1', supported: true, hasSensor: true, controlPlane: true, controlPlaneTainted: true, anonymousAuth: 'false', authorizationMode: 'Webhook', readOnlyPort: '0', clientCaFile: '/ca', streamingIdleTimeout: '5m', iptablesChains: 'true', rotateCertificates: 'true', podPidsLimit: '4096', protectKernelDefaults: 'true', sshServer: true, sshRootLogin: 'no', sshPasswordLogin: 'no' },
  component: { name: 'kube-apiserver', apiServer: true, authorizationModes: ['Node', 'RBAC'], admissionPlugins: ['NodeRestriction'], arguments: { 'anonymous-auth': 'false', profiling: 'false', 'audit-log-path': '/a', 'audit-log-maxage': '30', 'encryption-provider-config': '/e' } },
  cluster: { isKubernetes: true, supported: true, networkPolicies: 'enforced', admission: 'registered' },
};

type Change = Readonly<Record<string, FactValue>>;

/** A subject with one item in each list; `null` as a value of all facts: nothing is known of it. */
function subjectOf(control: string, change: Change, isKnown = true): Subject {
  const { subject: kind } = controls.get(control)!.control.spec;
  const given: Change = { ...right[kind], ...change };
  const { facts, lists, roots: [root = ''] } = vocabularies[kind];
  const short = (name: string): string => name.slice(root.length + 1);
  const factOf = (key: string, type: (typeof facts)[number]['type']) => (isKnown ? known(given[key] ?? emptyValue(type)) : unknown('it was not seen'));
  for (const key of Object.keys(change)) ok([...facts, ...lists.flatMap((one) => one.fields)].some(({ name }) => short(name) === key), `${key} is no fact of ${kind}`);
  return {
    kind, type: 'T', namespace: 'shop', name: 'x',
    facts: Object.fromEntries(facts.map(({ name, type }) => [short(name), factOf(short(name), type)])),
    lists: Object.fromEntries(lists.map((list) => {
      const fields: Facts = Object.fromEntries(list.fields.map(({ name, type }) => [name.slice(list.name.length + 1), factOf(short(name), type)]));
      return [short(list.name), { items: [{ sentence: 'one', facts: fields }], incomplete: isKnown ? null : 'it was not seen' }];
    })),
  };
}

const rules = (resources: readonly string[], verbs: readonly string[], apiGroups: readonly string[] = ['']): Change => ({ 'rules.resources': resources, 'rules.verbs': verbs, 'rules.apiGroups': apiGroups });
const api = (change: Readonly<Record<string, string>>, without = ''): Change => ({ arguments: Object.fromEntries(Object.entries({ ...(right['component']!['arguments'] as Record<string, string>), ...change }).filter(([key]) => key !== without)) });
const etcd: Change = { name: 'etcd', apiServer: false };

/** What makes it fail, and near misses that do not. What is right passes everywhere; where nothing is known there is no data. */
const rows: readonly (readonly [control: string, failing: readonly Change[], passing?: readonly Change[]])[] = [
  ['no-privileged-container', [{ 'containers.privileged': true }]],
  ['no-host-process-namespace', [{ hostPid: true }]],
  ['no-host-ipc-namespace', [{ hostIpc: true }]],
  ['no-host-network', [{ hostNetwork: true }]],
  ['no-host-port', [{ 'containers.hostPorts': ['80/TCP'] }]],
  ['no-host-path', [{ hostPaths: ['/var/log'] }]],
  ['no-runtime-socket', ['/', '/run', '/var/run/', '/var/run/docker.sock', '/run/containerd/containerd.sock', '/run/crio/crio.sock', '/run/containerd'].map((one) => ({ hostPaths: [one] })), [{ hostPaths: ['/var/log', '/run/secrets', '/srv/docker.sock.d'] }]],
  ['no-writable-host-path', [{ 'containers.mountsWritableHostPaths': ['/etc'] }]],
  ['no-privilege-escalation', [{ 'containers.mayEscalate': true }]],
  ['no-root-user', [{ 'containers.runsAsRoot': true }]],
  ['non-root-required', [{ 'containers.nonRootRequired': false }]],
  ['read-only-root', [{ 'containers.writableRoot': true }]],
  ['no-dangerous-capability', [{ 'containers.capabilitiesDangerous': ['SYS_ADMIN'] }], [{ 'containers.capabilitiesAdded': ['NET_BIND_SERVICE'] }]],
  ['capabilities-dropped', [{ 'containers.capabilitiesDropped': [] }, { 'containers.capabilitiesDropped': ['NET_RAW'] }]],
  ['no-raw-network', [{ 'containers.capabilitiesDropped': [] }, { 'containers.capabilitiesAdded': ['NET_RAW'] }], [{ 'containers.capabilitiesDropped': ['NET_RAW'] }]],
  ['seccomp-profile-set', [{ 'containers.seccomp': '' }, { 'containers.seccomp': 'Unconfined' }], [{ 'containers.seccomp': 'Localhost' }]],
  ['seccomp-not-off', [{ 'containers.seccomp': 'Unconfined' }], [{ 'containers.seccomp': '' }]],
  ['apparmor-not-off', [{ 'containers.appArmor': 'Unconfined' }]],
  ['selinux-type-allowed', [{ seLinuxCustom: ['spc_t'] }]],
  ['proc-masked', [{ 'containers.procMount': 'Unmasked' }], [{ 'containers.procMount': 'Default' }]],
  ['no-unsafe-sysctl', [{ unsafeSysctls: ['kernel.msgmax'] }]],
  ['no-windows-host-process', [{ 'containers.hostProcess': true }]],
  ['volume-kinds-restricted', [{ volumesBeyondRestricted: ['nfs'] }]],
  ['memory-limited', [{ 'containers.memoryLimit': '' }], [{ 'containers.memoryLimit': '', 'containers.role': 'init' }]],
  ['no-secret-in-specification', [{ 'containers.secretNames': ['DB_PASSWORD'] }]],
  ['secrets-as-files', [{ 'containers.secretsInEnvironment': true }]],
  ['image-by-digest', [{ 'containers.pinned': false }]],
  ['no-latest-tag', [{ 'containers.pinned': false }, { 'containers.pinned': false, 'containers.tag': 'latest' }], [{ 'containers.pinned': false, 'containers.tag': '1.4' }]],
  ['default-account-not-used', [{ serviceAccount: 'default' }]],
  ['default-token-not-mounted', [{ serviceAccount: 'default', tokenMounted: true }], [{ serviceAccount: 'default' }, { tokenMounted: true }]],
  ['not-in-default-namespace', [{ namespace: 'default' }]],
  ['no-shared-process-namespace', [{ sharesProcesses: true }]],
  ['not-on-control-plane', [{ runsOnControlPlane: true }]],

  ['no-cluster-admin', [{ role: 'cluster-admin' }], [{ role: 'admin' }]],
  ['no-wildcard-right', [{ 'rules.verbs': ['*'] }, { 'rules.resources': ['*'] }]],
  ['few-read-secrets', [rules(['secrets'], ['list']), rules(['*'], ['get']), rules(['secrets'], ['*'], ['*'])], [{ ...rules(['secrets'], ['get']), 'rules.resourceNames': ['mine'] }, rules(['secrets'], ['create']), rules(['secrets'], ['get'], ['example.com'])]],
  ['few-create-pods', [rules(['pods'], ['create']), rules(['*'], ['*'])], [rules(['pods'], ['get', 'list'])]],
  ['few-exec-into-pods', [rules(['pods/exec'], ['create']), rules(['pods/attach'], ['get'])], [rules(['pods'], ['create']), rules(['pods/log'], ['get'])]],
  ['no-escalation-right', [rules(['roles'], ['escalate']), rules(['clusterroles'], ['bind']), rules(['users'], ['impersonate']), rules(['*'], ['*'])], [rules(['roles'], ['create'])]],
  ['few-change-rights', [rules(['rolebindings'], ['create'], ['rbac.authorization.k8s.io']), rules(['*'], ['*'], ['*'])], [rules(['roles'], ['get'], ['rbac.authorization.k8s.io']), rules(['roles'], ['create'], ['example.com'])]],
  ['few-create-volumes', [rules(['persistentvolumes'], ['create'])], [rules(['persistentvolumeclaims'], ['create'])]],
  ['no-node-proxy', [rules(['nodes/proxy'], ['get'])], [rules(['nodes/metrics'], ['get'])]],
  ['few-approve-certificates', [rules(['certificatesigningrequests/approval'], ['update'], ['certificates.k8s.io'])], [rules(['certificatesigningrequests'], ['create'], ['certificates.k8s.io'])]],
  ['few-change-webhooks', [rules(['validatingwebhookconfigurations'], ['delete'], ['admissionregistration.k8s.io'])], [rules(['validatingwebhookconfigurations'], ['get'])]],
  ['few-make-tokens', [rules(['serviceaccounts/token'], ['create'])], [rules(['serviceaccounts'], ['create'])]],
  ['no-right-for-everyone', [{ 'subjects.everyone': true }]],
  ['no-masters-group', [{ 'subjects.kind': 'Group', 'subjects.name': 'system:masters' }], [{ 'subjects.name': 'system:masters' }]],
  ['no-right-for-default-account', [{ 'subjects.kind': 'ServiceAccount', 'subjects.name': 'default' }], [{ 'subjects.name': 'default' }]],
  ['default-account-without-token', [{ isDefault: true, mountsToken: true }], [{ isDefault: true }]],
  ['no-token-without-right', [{ mountsToken: true, grants: [] }], [{ mountsToken: true }]],

  ['ingress-denied-by-default', [{ deniesIngress: false }]],
  ['egress-denied-by-default', [{ deniesEgress: false }]],
  ['namespace-has-policies', [{ networkPolicies: 0 }]],
  ['workload-ingress-restricted', [{ ingressRestricted: false }]],
  ['pod-security-enforced', [{ podSecurity: '' }, { podSecurity: 'privileged' }], [{ podSecurity: 'baseline' }]],
  ['namespace-has-quota', [{ hasQuota: false }]],
  ['namespace-has-limits', [{ hasLimits: false }]],
  ['no-node-port', [{ type: 'NodePort' }], [{ type: 'LoadBalancer' }]],
  ['load-balancer-restricted', [{ type: 'LoadBalancer' }], [{ type: 'LoadBalancer', internal: true }, { type: 'LoadBalancer', sourceRanges: ['192.0.2.0/24'] }]],
  ['no-external-address', [{ externalIps: ['192.0.2.1'] }]],
  ['ingress-encrypted', [{ hostsWithoutTls: ['a.example'] }, { hasTls: false }]],
  ['ingress-names-hosts', [{ anyHost: true }]],
  ['network-policies-take-effect', [{ networkPolicies: 'not-enforced' }]],

  ['kubelet-refuses-anonymous', [{ anonymousAuth: 'true' }]],
  ['kubelet-authorizes', [{ authorizationMode: 'AlwaysAllow' }]],
  ['kubelet-checks-clients', [{ clientCaFile: '' }]],
  ['kubelet-no-read-only-port', [{ readOnlyPort: '10255' }]],
  ['kubelet-ends-idle-streams', [{ streamingIdleTimeout: '0' }, { streamingIdleTimeout: '0s' }]],
  ['kubelet-keeps-iptables', [{ iptablesChains: 'false' }]],
  ['kubelet-rotates-certificate', [{ rotateCertificates: 'false' }]],
  ['kubelet-bounds-processes', [{ podPidsLimit: '-1' }, { podPidsLimit: '0' }]],
  ['kubelet-protects-kernel-defaults', [{ protectKernelDefaults: 'false' }]],
  ['kubelet-near-server', [{ minorsBehind: 4 }, { minorsBehind: -1 }], [{ minorsBehind: 3 }]],
  ['kubelet-supported', [{ supported: false }]],
  ['node-is-watched', [{ hasSensor: false }, { hasSensor: false, isKubernetes: false }]],
  ['control-plane-is-tainted', [{ controlPlaneTainted: false }]],
  ['ssh-no-root', [{ sshRootLogin: 'yes' }], [{ sshRootLogin: 'prohibit-password' }]],
  ['ssh-no-password', [{ sshPasswordLogin: 'yes' }]],
  ['no-cleartext-service', [{ cleartextExposed: ['0.0.0.0:23'] }], [{ exposed: ['0.0.0.0:22'] }]],
  ['cluster-supported', [{ supported: false }]],
  ['admission-is-registered', [{ admission: 'off' }, { admission: 'not-registered' }]],
  ['api-server-refuses-anonymous', [api({ 'anonymous-auth': 'true' }), api({}, 'anonymous-auth')]],
  ['api-server-no-token-file', [api({ 'token-auth-file': '/t' })]],
  ['api-server-authorizes', [{ authorizationModes: ['AlwaysAllow'] }]],
  ['api-server-uses-rbac', [{ authorizationModes: ['Node'] }]],
  ['api-server-narrows-nodes', [{ authorizationModes: ['RBAC'] }]],
  ['api-server-restricts-nodes', [{ admissionPlugins: ['PodSecurity'] }]],
  ['api-server-no-profiling', [api({}, 'profiling'), api({ profiling: 'true' })]],
  ['api-server-audits', [api({}, 'audit-log-path')], [{ arguments: { 'audit-webhook-config-file': '/w' } }]],
  ['audit-log-is-kept', [api({ 'audit-log-maxage': '29' }), api({}, 'audit-log-maxage'), api({ 'audit-log-maxage': '3' })], [api({ 'audit-log-maxage': '365' })]],
  ['secrets-encrypted-at-rest', [api({}, 'encryption-provider-config')]],
  ['etcd-checks-clients', [etcd, { ...etcd, arguments: { 'client-cert-auth': 'false' } }], [{ ...etcd, arguments: { 'client-cert-auth': 'true' } }]],
];

/** Whatever is right is passed, but for what does not apply to it. */
const notApplicableWhenRight = new Set(['default-account-without-token', 'load-balancer-restricted', 'etcd-checks-clients']);

test('every control fails, passes and has no data where it should', () => {
  for (const [name, failing, passing = []] of rows) {
    const control = controls.get(name);
    ok(control !== undefined, name);
    const stateOf = (change: Change): string => judge(control, subjectOf(name, change)).state;
    ok(failing.length > 0, name);
    for (const change of failing) equal(stateOf(change), 'failed', `${name} with ${JSON.stringify(change)}`);
    for (const change of passing) equal(stateOf(change), 'passed', `${name} with ${JSON.stringify(change)}`);
    equal(stateOf({}), notApplicableWhenRight.has(name) ? 'not-applicable' : 'passed', name);
    const nothing = judge(control, subjectOf(name, {}, false));
    equal(nothing.state, 'no-data', name);
    ok(nothing.reason.startsWith('it was not seen'), name);
    const [first = {}] = failing;
    const failed = judge(control, subjectOf(name, first));
    ok(failed.reason.length > 2 && !failed.reason.includes('{{') && !failed.reason.includes('(unknown)') && failed.evidence.length > 0, `${name}: ${failed.reason}`);
  }
  deepEqual(rows.map(([name]) => name).sort(), [...controls.keys()].sort(), 'every control has its row');
});

test('what came with Kubernetes, and the namespaces of Kubernetes, are left to it where a control says so', () => {
  const applies = (name: string, change: Change): string => judge(controls.get(name)!, subjectOf(name, change)).state;
  equal(applies('no-cluster-admin', { role: 'cluster-admin', ofKubernetes: true }), 'not-applicable');
  equal(applies('read-only-root', { 'containers.writableRoot': true, ofSystem: true }), 'not-applicable');
  equal(applies('no-privileged-container', { 'containers.privileged': true, ofSystem: true }), 'failed', 'what is dangerous is said everywhere');
});
