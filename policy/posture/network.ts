/** Namespaces, services and ingresses as subjects: what may reach what. A policy that is not among the objects may still exist, so "no policy" is only said while all of them are known. */
import { known, unknown, type Fact, type FactValue } from '../vocabulary.ts';
import { at, keysAt, listAt, mapAt, textAt, textsAt, type Json, type KubeObject } from './json.ts';
import { systemNamespaces, type IndexedView, type Subject } from './subject.ts';
import { policyTypesOf } from './workloads.ts';

export function namespacesOf(view: IndexedView, workloads: readonly Subject[]): Subject[] {
  const counts = Map.groupBy(workloads, (one) => one.namespace);
  return view.of('Namespace').map((one) => namespace(view, one, counts.get(one.name)?.length ?? 0));
}

function namespace(view: IndexedView, { name, json }: KubeObject, workloads: number): Subject {
  const labels = mapAt(json, 'metadata', 'labels');
  const inside = (kind: string): readonly KubeObject[] => view.of(kind, name);
  const policies = inside('NetworkPolicy');
  const has = (kind: string): Fact<boolean> => positive(inside(kind).length > 0, view.incomplete(kind));
  const podProblem = view.incomplete('Pod');
  const policyProblem = view.incomplete('NetworkPolicy');
  return {
    kind: 'namespace', type: 'Namespace', namespace: name, name, lists: {},
    facts: {
      name: known(name), labels: known(labels), ofSystem: known(systemNamespaces.has(name)), podSecurity: known(labels['pod-security.kubernetes.io/enforce'] ?? ''),
      deniesIngress: positive(policies.some(({ json: policy }) => deniesAll(policy, 'Ingress')), policyProblem), deniesEgress: positive(policies.some(({ json: policy }) => deniesAll(policy, 'Egress')), policyProblem),
      networkPolicies: policyProblem === null ? known(policies.length) : unknown(policyProblem), workloads: podProblem === null ? known(workloads) : unknown(podProblem),
      hasQuota: has('ResourceQuota'), hasLimits: has('LimitRange'),
    },
  };
}

/** What was found is there, whatever else is not known. */
function positive(found: boolean, problem: string | null): Fact<boolean> {
  return found || problem === null ? known(found) : unknown(problem);
}

/** For all pods, and with nothing that it allows. */
function deniesAll(policy: Json, direction: 'Ingress' | 'Egress'): boolean {
  const selector = at(policy, 'spec', 'podSelector');
  const isForAll = keysAt(selector, 'matchLabels').length === 0 && listAt(selector, 'matchExpressions').length === 0;
  return isForAll && policyTypesOf(policy).includes(direction) && listAt(policy, 'spec', direction === 'Ingress' ? 'ingress' : 'egress').length === 0;
}

const internal: readonly (readonly [annotation: string, value: RegExp])[] = [
  ['networking.gke.io/load-balancer-type', /^internal$/i],
  ['cloud.google.com/load-balancer-type', /^internal$/i],
  ['service.beta.kubernetes.io/azure-load-balancer-internal', /^true$/i],
  ['service.beta.kubernetes.io/aws-load-balancer-scheme', /^internal$/i],
  ['service.beta.kubernetes.io/aws-load-balancer-internal', /^(?:true|0\.0\.0\.0\/0)$/i],
];

export function servicesOf(view: IndexedView): Subject[] {
  return view.of('Service').map(({ name, namespace: where, json }): Subject => {
    const annotations = mapAt(json, 'metadata', 'annotations');
    const ports = (field: string): Fact<FactValue> => known(listAt(json, 'spec', 'ports').flatMap((port) => (textAt(port, field) === '' ? [] : [`${textAt(port, field)}/${textAt(port, 'protocol') || 'TCP'}`])));
    return {
      kind: 'service', type: 'Service', namespace: where, name, lists: {},
      facts: {
        name: known(name), namespace: known(where), type: known(textAt(json, 'spec', 'type') || 'ClusterIP'), ports: ports('port'), nodePorts: ports('nodePort'), externalIps: known(textsAt(json, 'spec', 'externalIPs')),
        sourceRanges: known(textsAt(json, 'spec', 'loadBalancerSourceRanges')), internal: known(internal.some(([annotation, value]) => value.test(annotations[annotation] ?? ''))),
      },
    };
  });
}

export function ingressesOf(view: IndexedView): Subject[] {
  return view.of('Ingress').map(({ name, namespace: where, json }): Subject => {
    const hosts = listAt(json, 'spec', 'rules').map((rule) => textAt(rule, 'host'));
    const entries = listAt(json, 'spec', 'tls');
    const covered = entries.flatMap((one) => textsAt(one, 'hosts'));
    // An entry without hosts is for every host that no other entry names.
    const forAll = entries.some((one) => textsAt(one, 'hosts').length === 0);
    const isCovered = (host: string): boolean => forAll || covered.some((one) => one === host || (one.startsWith('*.') && host.endsWith(one.slice(1)) && !host.slice(0, -one.length + 1).includes('.')));
    return {
      kind: 'ingress', type: 'Ingress', namespace: where, name, lists: {},
      facts: {
        name: known(name), namespace: known(where), class: known(textAt(json, 'spec', 'ingressClassName') || (mapAt(json, 'metadata', 'annotations')['kubernetes.io/ingress.class'] ?? '')), hosts: known(hosts),
        hostsWithoutTls: known(hosts.filter((host) => !isCovered(host)).map((host) => (host === '' ? '(every host)' : host))), hasTls: known(entries.length > 0),
        anyHost: known(hosts.some((host) => host === '' || host.startsWith('*')) || (at(json, 'spec', 'defaultBackend') !== undefined && hosts.length === 0)),
      },
    };
  });
}
