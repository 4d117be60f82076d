/**
 * Nodes of a cluster, plain hosts, the components of the control plane and the cluster itself as subjects. What the kubelet and
 * sshd do is told from the arguments that a sensor sees: an argument overrides the configuration file, so one that is given is
 * known; one that is not given is unknown where there is such a file, because the file is not read.
 */
import { absent, known, unknown, type Fact, type FactValue } from '../vocabulary.ts';
import { listAt, mapAt, textAt, textsAt, type KubeObject } from './json.ts';
import { releaseOf } from './releases.ts';
import type { IndexedView, Facts, HostProcess, HostView, Subject } from './subject.ts';

const noSensor = 'no sensor watches this node, so its processes are not seen';

/** Flags that stand alone: the next argument is not their value. */
const switches: ReadonlySet<string> = new Set(['anonymous-auth', 'protect-kernel-defaults', 'make-iptables-util-chains', 'rotate-certificates', 'profiling', 'allow-privileged', 'enable-bootstrap-token-auth', 'service-account-lookup']);

export function flagsOf(args: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [index, argument] of args.entries()) {
    const match = /^--?([a-z][a-zA-Z0-9-]*)(?:=([\s\S]*))?$/.exec(argument);
    if (match === null) continue;
    const next = args[index + 1];
    flags.set(match[1]!, match[2] ?? (switches.has(match[1]!) || next === undefined || next.startsWith('-') ? 'true' : next));
  }
  return flags;
}

function programOf({ path }: HostProcess): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
}

export function nodesOf(view: IndexedView): Subject[] {
  const nodes = view.of('Node');
  const used = new Set<HostView>();
  const subjects = nodes.map((one) => {
    const host = view.hosts.find(({ hostname }) => hostname === one.name || hostname === mapAt(one.json, 'metadata', 'labels')['kubernetes.io/hostname']);
    if (host !== undefined) used.add(host);
    return kubernetesNode(view, one, host);
  });
  return [...subjects, ...view.hosts.filter((one) => !used.has(one)).map((one) => plainHost(one))];
}

function kubernetesNode(view: IndexedView, { name, json }: KubeObject, host: HostView | undefined): Subject {
  const info = (field: string): string => textAt(json, 'status', 'nodeInfo', field);
  const release = releaseOf(info('kubeletVersion'));
  const server = view.kubernetesVersion.is === 'known' ? releaseOf(view.kubernetesVersion.value) : null;
  const labels = mapAt(json, 'metadata', 'labels');
  const controlPlane = Object.hasOwn(labels, 'node-role.kubernetes.io/control-plane');
  const ready = listAt(json, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  return {
    kind: 'node', type: 'Node', namespace: '', name, lists: {},
    facts: {
      name: known(name), isKubernetes: known(true), kubeletVersion: known(info('kubeletVersion')),
      minorsBehind: release === null ? unknown('the kubelet does not say its version') : server === null ? unknown('the version of the API server is not known') : known(server.minor - release.minor),
      supported: supportedFact(info('kubeletVersion'), view.nowMs), runtime: known(info('containerRuntimeVersion')), kernel: known(info('kernelVersion')), distribution: known(info('osImage')),
      hasSensor: known(host !== undefined && host.unseen === null), controlPlane: known(controlPlane),
      controlPlaneTainted: known(listAt(json, 'spec', 'taints').some((one) => textAt(one, 'key') === 'node-role.kubernetes.io/control-plane' && textAt(one, 'effect') !== 'PreferNoSchedule')),
      ready: ready === undefined ? unknown('the node has no condition Ready') : known(textAt(ready, 'status') === 'True'),
      ...kubeletFacts(host), ...hostFacts(host),
    },
  };
}

function plainHost(host: HostView): Subject {
  return {
    kind: 'node', type: 'host', namespace: '', name: host.hostname, lists: {},
    facts: { name: known(host.hostname), isKubernetes: known(false), kernel: known(host.kernel), distribution: known(host.distribution), hasSensor: known(host.unseen === null), controlPlane: known(false), ...hostFacts(host) },
  };
}

export function supportedFact(version: string, nowMs: number): Fact<boolean> {
  const release = releaseOf(version);
  if (release === null) return unknown('the version is not known');
  if (release.supportedUntil === null) return unknown(`version ${release.name} is not in the table of releases that this hub has`);
  return known(Date.parse(`${release.supportedUntil}T23:59:59Z`) >= nowMs);
}

const kubeletSettings: readonly (readonly [fact: string, flag: string, withoutFlag: string])[] = [
  ['anonymousAuth', 'anonymous-auth', 'true'], ['authorizationMode', 'authorization-mode', 'AlwaysAllow'], ['readOnlyPort', 'read-only-port', '10255'], ['clientCaFile', 'client-ca-file', ''],
  ['streamingIdleTimeout', 'streaming-connection-idle-timeout', '4h0m0s'], ['iptablesChains', 'make-iptables-util-chains', 'true'], ['rotateCertificates', 'rotate-certificates', 'false'],
  ['podPidsLimit', 'pod-max-pids', '-1'], ['protectKernelDefaults', 'protect-kernel-defaults', 'false'],
];

function kubeletFacts(host: HostView | undefined): Facts {
  const missing = host === undefined ? noSensor : host.unseen;
  const kubelet = host?.processes.find((one) => one.containerId === '' && programOf(one) === 'kubelet');
  const flags = flagsOf(kubelet?.arguments ?? []);
  const read = (flag: string, withoutFlag: string): Fact<FactValue> => {
    if (missing !== null) return unknown(missing);
    if (kubelet === undefined) return unknown('no process called kubelet runs on the node outside of containers');
    const given = flags.get(flag);
    if (given !== undefined) return known(given);
    if (kubelet.truncated) return unknown('the arguments of the kubelet are longer than what is kept of them');
    const file = flags.get('config') ?? flags.get('config-dir');
    return file === undefined ? known(withoutFlag) : unknown(`--${flag} is not given; it may be set in ${file}, which is not read`);
  };
  return Object.fromEntries(kubeletSettings.map(([fact, flag, withoutFlag]) => [fact, read(flag, withoutFlag)]));
}

const cleartextPorts: ReadonlySet<string> = new Set(['21', '23', '69', '110', '143', '389', '512', '513', '514', '873']);

function hostFacts(host: HostView | undefined): Facts {
  const missing = host === undefined ? noSensor : host.unseen;
  if (host === undefined || missing !== null) {
    return Object.fromEntries(['sshServer', 'sshRootLogin', 'sshPasswordLogin', 'exposed', 'cleartextExposed'].map((name) => [name, unknown(missing ?? noSensor)]));
  }
  const sshd = host.processes.filter((one) => one.containerId === '' && programOf(one) === 'sshd');
  const option = (name: string): Fact<string> => {
    if (sshd.length === 0) return absent;
    const given = sshd.flatMap(({ arguments: args }) => args.flatMap((one, index) => (one === '-o' ? [args[index + 1] ?? ''] : one.startsWith('-o') ? [one.slice(2)] : [])));
    const value = given.map((one) => one.toLowerCase().split(/[ =]+/)).find(([key]) => key === name)?.[1];
    return value === undefined ? unknown(`${name} is not among the arguments of sshd; it may be set in its configuration file, which is not read`) : known(value);
  };
  const exposed = host.listening.filter((one) => !/^(?:127\.|\[?::1\]?:)/.test(one));
  return {
    sshServer: known(sshd.length > 0), sshRootLogin: option('permitrootlogin'), sshPasswordLogin: option('passwordauthentication'),
    exposed: known(exposed), cleartextExposed: known(exposed.filter((one) => cleartextPorts.has(one.slice(one.lastIndexOf(':') + 1)))),
  };
}

const components: ReadonlySet<string> = new Set(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd']);

/** From their pods where the control plane runs in pods, and from processes where a sensor sees them outside. */
export function componentsOf(view: IndexedView): Subject[] {
  const found = new Map<string, Subject>();
  for (const one of view.of('Pod', 'kube-system')) {
    const name = mapAt(one.json, 'metadata', 'labels')['component'] ?? '';
    if (!components.has(name)) continue;
    const [container] = listAt(one.json, 'spec', 'containers');
    add(found, name, textAt(one.json, 'spec', 'nodeName'), [...textsAt(container, 'command'), ...textsAt(container, 'args')], null);
  }
  for (const host of view.hosts) {
    for (const one of host.unseen === null ? host.processes : []) {
      const name = programOf(one);
      if (components.has(name)) add(found, name, host.hostname, one.arguments, one.truncated ? 'its arguments are longer than what is kept of them' : null);
    }
  }
  return [...found.values()];
}

function add(found: Map<string, Subject>, name: string, node: string, args: readonly string[], cut: string | null): void {
  const key = `${name} on ${node}`;
  if (found.has(key)) return;
  const flags = flagsOf(args);
  const whole = <T extends FactValue>(value: T): Fact<T> => (cut === null ? known(value) : unknown(cut));
  const list = (flag: string): readonly string[] => (flags.get(flag) ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '');
  const modes = list('authorization-mode');
  const configured = flags.get('authorization-config');
  found.set(key, {
    kind: 'component', type: name, namespace: '', name: key, lists: {},
    facts: {
      name: known(name), node: known(node), apiServer: known(name === 'kube-apiserver'), arguments: whole(Object.fromEntries(flags)), admissionPlugins: whole(list('enable-admission-plugins')),
      authorizationModes: modes.length > 0 ? known(modes) : configured === undefined ? whole(['AlwaysAllow']) : unknown(`the modes are in ${configured}, which is not read`),
    },
  });
}

export function clusterOf(view: IndexedView, workloads: readonly Subject[]): Subject {
  const nodes = view.of('Node');
  const missing = view.incomplete('Node');
  const pods = view.incomplete('Pod');
  const watched = new Set(view.hosts.filter((one) => one.unseen === null).map((one) => one.hostname));
  const version = view.kubernetesVersion;
  return {
    kind: 'cluster', type: 'cluster', namespace: '', name: view.name, lists: {},
    facts: {
      isKubernetes: known(view.isKubernetes), version, supported: version.is === 'known' ? supportedFact(version.value, view.nowMs) : unknown('the version of Kubernetes is not known'),
      networkPolicies: view.networkPolicies, admission: view.admission,
      nodesWithoutSensor: missing === null ? known(nodes.filter((one) => !watched.has(one.name) && !watched.has(mapAt(one.json, 'metadata', 'labels')['kubernetes.io/hostname'] ?? '')).length) : unknown(missing),
      workloadsInDefault: pods === null ? known(workloads.filter((one) => one.namespace === 'default').length) : unknown(pods),
    },
  };
}
