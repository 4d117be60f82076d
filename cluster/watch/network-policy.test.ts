import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentFacts, networkVerdict, type AgentFacts } from './network-policy.ts';

function agent(name: string, image: string, more: Partial<AgentFacts> = {}): AgentFacts {
  return { namespace: 'kube-system', name, images: [image], arguments: [], mayChangeNetwork: true, isOurs: false, desired: 3, ready: 3, ...more };
}

const proxy = agent('kube-proxy', 'registry.k8s.io/kube-proxy:v1.36.3');
const ours = agent('vedette-sensor', 'registry.test:5000/vedette/sensor:0.2', { isOurs: true });

const table: readonly (readonly [what: string, agents: readonly AgentFacts[], nodes: number, version: string, enforcement: string, evidence: RegExp])[] = [
  ['nothing but what is always there', [proxy, ours], 3, 'v1.36.3', 'not-enforced', /No DaemonSet/],
  ['Calico everywhere', [proxy, agent('calico-node', 'docker.io/calico/node:v3.29.0')], 3, 'v1.36.3', 'enforced', /Calico.*ready on all 3 nodes/],
  ['Calico from a mirror', [agent('canal', 'mirror.example/rancher/mirrored-calico-node:v3')], 3, 'v1.36.3', 'enforced', /Calico/],
  ['Calico on two of three', [agent('calico-node', 'calico/node@sha256:1', { ready: 2 })], 3, 'v1.36.3', 'unknown', /2 of 3/],
  ['Cilium on one node', [agent('cilium', 'quay.io/cilium/cilium:v1.16')], 1, 'v1.36.3', 'enforced', /the one node/],
  ['an operator of Cilium is no agent', [agent('x', 'quay.io/cilium/operator-generic:v1.16', { mayChangeNetwork: false })], 3, 'v1.36.3', 'not-enforced', /No DaemonSet/],
  ['kube-router without its firewall', [agent('kube-router', 'cloudnativelabs/kube-router:v2')], 3, 'v1.36.3', 'unknown', /kube-router may change/],
  ['kube-router with it', [agent('kube-router', 'cloudnativelabs/kube-router:v2', { arguments: ['--run-firewall=true'] })], 3, 'v1.36.3', 'enforced', /kube-router/],
  ['flannel', [proxy, agent('kube-flannel-ds', 'docker.io/flannel/flannel:v0.25.1')], 3, 'v1.36.3', 'not-enforced', /flannel/],
  ['flannel with a controller beside it', [agent('kube-flannel-ds', 'flannel/flannel:v0.25.1'), agent('netpol', 'registry.k8s.io/networking/kube-network-policies:v0.6')], 3, 'v1.36.3', 'enforced', /kube-network-policies/],
  ['Amazon without policies', [agent('aws-node', 'x.amazonaws.com/amazon-k8s-cni:v1.18', { images: ['x/amazon-k8s-cni:v1', 'x/amazon/aws-network-policy-agent:v1'], arguments: ['--enable-network-policy=false'] })], 3, 'v1.36.3-eks-1', 'not-enforced', /Amazon/],
  ['Amazon with', [agent('aws-node', '', { images: ['x/amazon-k8s-cni:v1', 'x/amazon/aws-network-policy-agent:v1'], arguments: ['--enable-network-policy=true'] })], 3, 'v1.36.3-eks-1', 'enforced', /Amazon/],
  ['an agent nobody knows', [proxy, agent('mesh', 'corp/mesh:1')], 3, 'v1.36.3', 'unknown', /kube-system\/mesh may change/],
  ['k3s', [], 3, 'v1.36.3+k3s1', 'unknown', /k3s/],
  ['no node', [agent('cilium', 'cilium/cilium:1')], 0, 'v1.36.3', 'unknown', /no node/],
];

for (const [what, agents, nodes, version, enforcement, evidence] of table) {
  test(`network policies: ${what}`, () => {
    const verdict = networkVerdict(agents, nodes, version);
    assert.equal(verdict.enforcement, enforcement, verdict.evidence);
    assert.match(verdict.evidence, evidence);
  });
}

test('facts of a DaemonSet', () => {
  const set = (spec: object): AgentFacts => agentFacts({ metadata: { namespace: 'n', name: 'd', labels: { 'app.kubernetes.io/name': 'vedette' } }, spec: { template: { spec } }, status: { desiredNumberScheduled: 2, numberReady: 1 } });
  assert.deepEqual(set({ hostNetwork: true, containers: [{ image: 'a', args: ['--x'], securityContext: { capabilities: { add: ['NET_ADMIN'] } } }], initContainers: [{ image: 'b' }] }), { namespace: 'n', name: 'd', images: ['a', 'b'], arguments: ['--x'], mayChangeNetwork: true, isOurs: true, desired: 2, ready: 1 });
  assert.equal(set({ hostNetwork: true, containers: [{ image: 'a' }] }).mayChangeNetwork, false);
  assert.equal(set({ containers: [{ securityContext: { privileged: true } }] }).mayChangeNetwork, false);
  assert.deepEqual(agentFacts({ metadata: 1, spec: [], status: 'x' }).images, []);
});
