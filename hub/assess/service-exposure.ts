/**
 * Whether a workload can be reached from outside of its cluster, from Services, Ingresses and what its pods take of their
 * hosts. Pure. "No" is said only when Services and Ingresses are known; that something outside of Kubernetes (a mesh, a
 * gateway of its own, a load balancer on pod addresses) leads in is not seen.
 */
import type { ExposureView } from '@vedette/model/api/cluster-views';
import type { ExposedWorkload, RoutingObject } from '../store/read-clusters.ts';

type Json = Readonly<Record<string, unknown>>;

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

/** A Service without selector leads to no pod that we could name. */
function selects(service: Json, labelSets: ExposedWorkload['labelSets']): boolean {
  const wanted = Object.entries(object(object(service['spec'])['selector']));
  return wanted.length > 0 && labelSets.some((labels) => wanted.every(([name, value]) => labels[name] === value));
}

function waysOf(service: Json, name: string): string[] {
  const spec = object(service['spec']);
  const type = spec['type'];
  const ways = type === 'LoadBalancer' || type === 'NodePort' ? [`Service ${name} (${type})`] : [];
  if (Array.isArray(spec['externalIPs']) && spec['externalIPs'].length > 0) ways.push(`Service ${name} (external addresses)`);
  return ways;
}

/** Names of the Services that an Ingress leads to, with the host that leads there. */
function backendsOf(ingress: Json): Map<string, string> {
  const spec = object(ingress['spec']);
  const found = new Map<string, string>();
  const add = (backend: unknown, host: string): void => {
    const name = object(object(backend)['service'])['name'];
    if (typeof name === 'string' && !found.has(name)) found.set(name, host);
  };
  add(spec['defaultBackend'], 'any host');
  for (const rule of objects(spec['rules'])) {
    const host = typeof rule['host'] === 'string' ? rule['host'] : 'any host';
    for (const path of objects(object(rule['http'])['paths'])) add(path['backend'], host);
  }
  return found;
}

/** `unseen`: why Services or Ingresses are not known; null: they are. */
export function serviceExposure(workload: ExposedWorkload, routing: readonly RoutingObject[], unseen: string | null): ExposureView {
  const own = routing.filter((one) => one.namespace === workload.namespace);
  const services = own.filter((one) => one.kind === 'Service' && selects(object(one.json), workload.labelSets));
  const names = new Set(services.map((one) => one.name));
  const by = services.flatMap((one) => waysOf(object(one.json), one.name));
  for (const ingress of own.filter((one) => one.kind === 'Ingress')) {
    for (const [service, host] of backendsOf(object(ingress.json))) if (names.has(service)) by.push(`Ingress ${ingress.name} (${host})`);
  }
  if (workload.hostNetwork) by.push('the network of its nodes');
  else if (workload.hostPorts.length > 0) by.push(`host port ${workload.hostPorts.join(', ')}`);
  const inside = [...names].sort();
  if (by.length > 0) return { state: 'yes', by, inside, reason: null };
  return unseen === null ? { state: 'no', by, inside, reason: null } : { state: 'unknown', by, inside, reason: unseen };
}
