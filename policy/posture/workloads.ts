/**
 * Objects with a pod template → workloads as subjects. Each is reported once, under its topmost owner: the ReplicaSet of a
 * Deployment and the pods of both are the Deployment. Pods of an owner that is not among the objects stand together under its
 * name, so that nothing that runs is left out because what made it is of an unknown kind.
 */
import { known, unknown, type Fact, type FactValue } from '../vocabulary.ts';
import { at, boolAt, keysAt, listAt, mapAt, numberAt, selects, textAt, textsAt, type Json, type KubeObject } from './json.ts';
import { containersOf } from './containers.ts';
import { systemNamespaces, type IndexedView, type Facts, type Subject } from './subject.ts';

/** Of a ReplicaSet only its images leave the cluster: it leads to its owner, and what it runs is told by its pods. */
const carriers = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod'] as const;

/** Where the pod's specification lies, and its labels. */
function templateOf({ kind, json }: KubeObject): { readonly spec: Json; readonly metadata: Json } {
  if (kind === 'Pod') return { spec: at(json, 'spec'), metadata: at(json, 'metadata') };
  const base = kind === 'CronJob' ? at(json, 'spec', 'jobTemplate', 'spec', 'template') : at(json, 'spec', 'template');
  return { spec: at(base, 'spec'), metadata: at(base, 'metadata') };
}

interface Owner {
  readonly kind: string;
  readonly name: string;
}

function ownerOf({ json }: KubeObject): Owner | null {
  const owner = listAt(json, 'metadata', 'ownerReferences').find((one) => boolAt(one, 'controller') === true);
  return owner === undefined ? null : { kind: textAt(owner, 'kind'), name: textAt(owner, 'name') };
}

const key = (namespace: string, kind: string, name: string): string => `${namespace}\n${kind}\n${name}`;
const climbMax = 5;

export function workloadsOf(view: IndexedView): Subject[] {
  const candidates = carriers.flatMap((kind) => view.of(kind));
  const carried = new Set(candidates.map((one) => key(one.namespace, one.kind, one.name)));
  const byKey = new Map([...candidates, ...view.of('ReplicaSet')].map((one) => [key(one.namespace, one.kind, one.name), one]));
  const subjects = new Map<string, Subject>();
  for (const object of candidates) {
    // A pod that has ended is not what runs.
    if (object.kind === 'Pod' && ['Succeeded', 'Failed'].includes(textAt(object.json, 'status', 'phase'))) continue;
    const top = topOf(object, byKey);
    // A mirror pod is owned by its node: it is its own workload.
    const type = top.kind === 'Node' ? 'Pod' : top.kind;
    const name = top.kind === 'Node' ? object.name : top.name;
    const at = key(object.namespace, type, name);
    if (subjects.has(at) || (carried.has(at) && byKey.get(at) !== object)) continue;
    subjects.set(at, workload(view, object, type, name));
  }
  return [...subjects.values()];
}

function topOf(object: KubeObject, byKey: ReadonlyMap<string, KubeObject>): Owner {
  let now: KubeObject = object;
  for (let climbed = 0; climbed < climbMax; climbed += 1) {
    const owner = ownerOf(now);
    if (owner === null) break;
    const found = byKey.get(key(object.namespace, owner.kind, owner.name));
    if (found === undefined) return owner;
    now = found;
  }
  return { kind: now.kind, name: now.name };
}

function workload(view: IndexedView, object: KubeObject, type: string, name: string): Subject {
  const { spec, metadata } = templateOf(object);
  const { namespace } = object;
  const labels = mapAt(metadata, 'labels');
  const facts: Facts = {
    type: known(type), name: known(name), namespace: known(namespace), ofSystem: known(systemNamespaces.has(namespace)), labels: known(labels),
    replicas: known(numberAt(object.json, 'spec', 'replicas') ?? 1), serviceAccount: known(accountOf(spec)), tokenMounted: tokenMounted(view, namespace, spec),
    hostNetwork: known(boolAt(spec, 'hostNetwork') ?? false), hostPid: known(boolAt(spec, 'hostPID') ?? false), hostIpc: known(boolAt(spec, 'hostIPC') ?? false),
    sharesProcesses: known(boolAt(spec, 'shareProcessNamespace') ?? false),
    ...volumeFacts(spec),
    unsafeSysctls: known(listAt(spec, 'securityContext', 'sysctls').map((one) => textAt(one, 'name')).filter((one) => !safeSysctls.has(one))),
    seLinuxCustom: known(seLinuxOf(spec)),
    ingressRestricted: restricted(view, namespace, labels, 'Ingress'), egressRestricted: restricted(view, namespace, labels, 'Egress'),
    runsOnControlPlane: known(toleratesControlPlane(spec)),
  };
  return { kind: 'workload', type, namespace, name, facts, lists: { containers: { items: containersOf(spec, metadata), incomplete: null } } };
}

function accountOf(spec: Json): string {
  return textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount') || 'default';
}

/** The pod decides before the account, and the account before the default, which is yes. */
function tokenMounted(view: IndexedView, namespace: string, spec: Json): Fact<boolean> {
  const own = boolAt(spec, 'automountServiceAccountToken');
  if (own !== undefined) return known(own);
  const name = accountOf(spec);
  const account = view.of('ServiceAccount', namespace).find((one) => one.name === name);
  if (account === undefined) return unknown(view.incomplete('ServiceAccount') ?? `the service account ${name} is not among the objects`);
  return known(boolAt(account.json, 'automountServiceAccountToken') ?? true);
}

const volumesOfRestricted: ReadonlySet<string> = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret']);

function volumeFacts(spec: Json): Record<'hostPaths' | 'volumeTypes' | 'volumesBeyondRestricted', Fact<FactValue>> {
  const volumes = listAt(spec, 'volumes');
  const types = [...new Set(volumes.flatMap((one) => keysAt(one).filter((name) => name !== 'name')))];
  const hostPaths = volumes.filter((one) => at(one, 'hostPath') !== undefined).map((one) => textAt(one, 'hostPath', 'path'));
  return { hostPaths: known(hostPaths), volumeTypes: known(types), volumesBeyondRestricted: known(types.filter((one) => !volumesOfRestricted.has(one))) };
}

/** Those that the baseline level allows: they are separate for each pod. */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes',
]);

const seLinuxTypes: ReadonlySet<string> = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);

function seLinuxOf(spec: Json): readonly string[] {
  const contexts = [at(spec, 'securityContext'), ...['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => listAt(spec, list).map((one) => at(one, 'securityContext')))];
  const found = contexts.flatMap((one) => {
    const type = textAt(one, 'seLinuxOptions', 'type');
    return [textAt(one, 'seLinuxOptions', 'user'), textAt(one, 'seLinuxOptions', 'role'), seLinuxTypes.has(type) ? '' : type].filter((value) => value !== '');
  });
  return [...new Set(found)];
}

export function policyTypesOf(policy: Json): readonly string[] {
  const given = textsAt(policy, 'spec', 'policyTypes');
  if (given.length > 0) return given;
  return at(policy, 'spec', 'egress') === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
}

/** While not every policy is known, a pod that none of the known ones selects may still be selected. */
function restricted(view: IndexedView, namespace: string, labels: Readonly<Record<string, string>>, direction: 'Ingress' | 'Egress'): Fact<boolean> {
  const found = view.of('NetworkPolicy', namespace).some((one) => policyTypesOf(one.json).includes(direction) && selects(at(one.json, 'spec', 'podSelector'), labels));
  const missing = view.incomplete('NetworkPolicy');
  return found || missing === null ? known(found) : unknown(missing);
}

function toleratesControlPlane(spec: Json): boolean {
  return listAt(spec, 'tolerations').some((one) => {
    const key = textAt(one, 'key');
    const effect = textAt(one, 'effect');
    return (key === '' ? textAt(one, 'operator') === 'Exists' : key === 'node-role.kubernetes.io/control-plane') && (effect === '' || effect === 'NoSchedule');
  });
}

