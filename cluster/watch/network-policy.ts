/**
 * Whether this cluster's network enforces NetworkPolicies, which the API never says: it takes whatever is written, and
 * without an agent on each node nothing comes of it. Told from the DaemonSets: a known agent that is ready on every node
 * enforces; a known plugin that has none does not; where nothing on the nodes could be such an agent, nothing enforces;
 * everything else is unknown, with what was found. Pure.
 */
import { isObject, type JsonObject } from './prune.ts';

export interface NetworkVerdict {
  readonly enforcement: 'enforced' | 'not-enforced' | 'unknown';
  /** One sentence. */
  readonly evidence: string;
}

/** What of a DaemonSet matters here. */
export interface AgentFacts {
  readonly namespace: string;
  readonly name: string;
  readonly images: readonly string[];
  readonly arguments: readonly string[];
  /** May change the node's network: in it, with the capability to. */
  readonly mayChangeNetwork: boolean;
  readonly isOurs: boolean;
  readonly desired: number;
  readonly ready: number;
}

interface KnownAgent {
  readonly plugin: string;
  readonly image: RegExp;
  /** Enforces only with one of these among its arguments. */
  readonly argument?: RegExp;
}

/** By the repository of an image, whatever registry it was copied to. */
const enforcing: readonly KnownAgent[] = [
  { plugin: 'Calico', image: /(^|\/)calico\/node(:|@|$)|(^|\/)calico-node(:|@|$)|(^|\/)(mirrored-)?calico-node(:|@|$)/ },
  { plugin: 'Cilium', image: /(^|\/)cilium(-ci)?(:|@|$)|(^|\/)cilium\/cilium(:|@|$)/ },
  { plugin: 'Antrea', image: /(^|\/)antrea-agent(-ubuntu|-ubi)?(:|@|$)|(^|\/)antrea-ubuntu(:|@|$)/ },
  { plugin: 'Weave Net', image: /(^|\/)weave-npc(:|@|$)/ },
  { plugin: 'kube-router', image: /(^|\/)kube-router(:|@|$)/, argument: /^--run-firewall(=true)?$/ },
  { plugin: 'OVN-Kubernetes', image: /(^|\/)ovn-kube(rnetes|-[a-z]+)?(:|@|$)|(^|\/)ovnkube[\w-]*(:|@|$)/ },
  { plugin: 'Kube-OVN', image: /(^|\/)kube-ovn(:|@|$)/ },
  { plugin: 'kube-network-policies', image: /(^|\/)kube-network-policies(:|@|$)/ },
  { plugin: 'Amazon VPC CNI with its network policy agent', image: /(^|\/)(amazon\/)?aws-network-policy-agent(:|@|$)/, argument: /^--enable-network-policy=true$/ },
  { plugin: 'Azure Network Policy Manager', image: /(^|\/)azure-npm(:|@|$)/ },
  { plugin: 'Romana', image: /(^|\/)romana-agent(:|@|$)/ },
];

/** Network plugins that connect pods and enforce nothing by themselves. */
const connecting: readonly KnownAgent[] = [
  { plugin: 'flannel', image: /(^|\/)(mirrored-)?flannel(-flannel)?(:|@|$)/ },
  { plugin: 'Amazon VPC CNI without its network policy agent', image: /(^|\/)amazon-k8s-cni(:|@|$)/ },
];

/** Distributions whose agent is part of their own binary and in no DaemonSet. */
const builtIn: readonly { readonly name: string; readonly version: RegExp; readonly why: string }[] = [
  { name: 'k3s', version: /\+k3s/, why: 'k3s enforces from within its own agent, unless that was switched off' },
  { name: 'k0s', version: /\+k0s/, why: 'k0s chooses its network in its own configuration' },
];

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) found = isObject(found) ? found[name] : undefined;
  return found;
}

function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Facts of a DaemonSet as it was pruned. */
export function agentFacts(set: JsonObject): AgentFacts {
  const spec = at(set, 'spec', 'template', 'spec');
  const containers = objects(at(spec, 'containers'));
  const all = [...containers, ...objects(at(spec, 'initContainers'))];
  const isPrivileged = containers.some((one) => {
    const added = strings(at(one, 'securityContext', 'capabilities', 'add')).map((name) => name.replace(/^CAP_/, ''));
    return at(one, 'securityContext', 'privileged') === true || added.includes('NET_ADMIN') || added.includes('ALL');
  });
  return {
    namespace: String(at(set, 'metadata', 'namespace') ?? ''),
    name: String(at(set, 'metadata', 'name') ?? ''),
    images: all.map((one) => one['image']).filter((image) => typeof image === 'string'),
    arguments: all.flatMap((one) => [...strings(one['command']), ...strings(one['args'])]),
    mayChangeNetwork: at(spec, 'hostNetwork') === true && isPrivileged,
    isOurs: at(set, 'metadata', 'labels', 'app.kubernetes.io/name') === 'vedette',
    desired: number(at(set, 'status', 'desiredNumberScheduled')),
    ready: number(at(set, 'status', 'numberReady')),
  };
}

function runs(agent: AgentFacts, known: KnownAgent): boolean {
  const { image, argument } = known;
  return agent.images.some((one) => image.test(one)) && (argument === undefined || agent.arguments.some((one) => argument.test(one)));
}

function nameOf(agent: AgentFacts): string {
  return `${agent.namespace}/${agent.name}`;
}

const harmless = /(^|\/)kube-proxy[\w-]*(:|@|$)/;

export function networkVerdict(agents: readonly AgentFacts[], nodes: number, kubernetesVersion: string): NetworkVerdict {
  if (nodes === 0) return { enforcement: 'unknown', evidence: 'The cluster has no node, or its nodes are not known.' };
  for (const known of enforcing) {
    const agent = agents.find((one) => runs(one, known));
    if (agent === undefined) continue;
    if (agent.ready >= nodes) return { enforcement: 'enforced', evidence: `${known.plugin} enforces them: ${nameOf(agent)} is ready on ${nodes === 1 ? 'the one node' : `all ${nodes} nodes`}.` };
    return { enforcement: 'unknown', evidence: `${known.plugin} enforces them where it runs: ${nameOf(agent)} is ready on ${agent.ready} of ${nodes} nodes.` };
  }
  const inside = builtIn.find((one) => one.version.test(kubernetesVersion));
  if (inside !== undefined) return { enforcement: 'unknown', evidence: `${inside.why}; the API does not show it.` };
  const plain = agents.flatMap((agent) => connecting.filter((known) => runs(agent, known)).map((known) => ({ agent, known })))[0];
  const unknown = agents.find((agent) => agent.mayChangeNetwork && !agent.isOurs && agent !== plain?.agent && !agent.images.some((image) => harmless.test(image)));
  if (unknown !== undefined) return { enforcement: 'unknown', evidence: `${nameOf(unknown)} may change the network of its nodes and is not known here (${unknown.images[0] ?? 'no image'}).` };
  if (plain !== undefined) return { enforcement: 'not-enforced', evidence: `The network is ${plain.known.plugin} (${nameOf(plain.agent)}), and no agent beside it enforces them.` };
  return { enforcement: 'not-enforced', evidence: 'No DaemonSet is an agent that enforces them, and none could be: none may change the network of the nodes.' };
}
