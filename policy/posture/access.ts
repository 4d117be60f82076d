/**
 * Roles and bindings joined → grants: who gets which rules, and where. A binding whose role is not among the objects has rules
 * that nobody knows, which is not the same as none. Service accounts come from here too, with what is granted to them by name.
 */
import { known, unknown, type OpenList } from '../vocabulary.ts';
import { boolAt, listAt, mapAt, textAt, textsAt, type Json, type KubeObject } from './json.ts';
import { systemNamespaces, type IndexedView, type Item, type Subject } from './subject.ts';

const everyone: ReadonlySet<string> = new Set(['system:anonymous', 'system:unauthenticated', 'system:authenticated', 'system:serviceaccounts']);
const shipped = 'kubernetes.io/bootstrapping';

export function grantsOf(view: IndexedView): Subject[] {
  const roles = new Map([...view.of('Role'), ...view.of('ClusterRole')].map((one) => [`${one.kind}\n${one.namespace}\n${one.name}`, one]));
  return [...view.of('RoleBinding'), ...view.of('ClusterRoleBinding')].map((one) => grant(view, one, roles));
}

function grant(view: IndexedView, binding: KubeObject, roles: ReadonlyMap<string, KubeObject>): Subject {
  const roleType = textAt(binding.json, 'roleRef', 'kind');
  const role = textAt(binding.json, 'roleRef', 'name');
  const found = roles.get(`${roleType}\n${roleType === 'Role' ? binding.namespace : ''}\n${role}`);
  const subjects = listAt(binding.json, 'subjects').map((one) => whom(one, binding.namespace));
  const isShipped = Object.hasOwn(mapAt(binding.json, 'metadata', 'labels'), shipped);
  // kubeadm and the controllers bring bindings without that label: they name nobody but parts of Kubernetes.
  const onlyKubernetes = subjects.length > 0 && subjects.every((one) => one.facts['ofKubernetes']?.is === 'known' && one.facts['ofKubernetes'].value === true);
  return {
    kind: 'grant', type: binding.kind, namespace: binding.namespace, name: binding.name,
    facts: { type: known(binding.kind), name: known(binding.name), namespace: known(binding.namespace), role: known(role), roleType: known(roleType), wholeCluster: known(binding.kind === 'ClusterRoleBinding'), ofKubernetes: known(isShipped || onlyKubernetes) },
    lists: { rules: rulesOf(view, roleType, role, found), subjects: { items: subjects, incomplete: null } },
  };
}

function rulesOf(view: IndexedView, roleType: string, role: string, found: KubeObject | undefined): OpenList<Item> {
  if (found === undefined) return { items: [], incomplete: view.incomplete(roleType) ?? `the ${roleType} ${role} does not exist, so the binding grants nothing until somebody makes it` };
  return {
    incomplete: null,
    items: listAt(found.json, 'rules').map((one) => {
      const [groups, resources, verbs] = [textsAt(one, 'apiGroups'), textsAt(one, 'resources'), textsAt(one, 'verbs')];
      const urls = textsAt(one, 'nonResourceURLs');
      return { sentence: `${roleType} ${role}: ${verbs.join(', ')} on ${[...resources, ...urls].join(', ')}`, facts: { apiGroups: known(groups), resources: known(resources), verbs: known(verbs), resourceNames: known(textsAt(one, 'resourceNames')), urls: known(urls) } };
    }),
  };
}

function whom(one: Json, bindingNamespace: string): Item {
  const kind = textAt(one, 'kind');
  const name = textAt(one, 'name');
  const namespace = kind === 'ServiceAccount' ? textAt(one, 'namespace') || bindingNamespace : '';
  const ofKubernetes = kind === 'ServiceAccount' ? namespace === 'kube-system' && name !== 'default' : name.startsWith('system:') && !everyone.has(name) && name !== 'system:masters';
  return {
    sentence: `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`,
    facts: { kind: known(kind), name: known(name), namespace: known(namespace), everyone: known(kind !== 'ServiceAccount' && everyone.has(name)), ofKubernetes: known(ofKubernetes) },
  };
}

export function accountsOf(view: IndexedView, workloads: readonly Subject[]): Subject[] {
  const grants = new Map<string, string[]>();
  for (const one of [...view.of('RoleBinding'), ...view.of('ClusterRoleBinding')]) {
    for (const subject of listAt(one.json, 'subjects')) {
      if (textAt(subject, 'kind') !== 'ServiceAccount') continue;
      const key = `${textAt(subject, 'namespace') || one.namespace}/${textAt(subject, 'name')}`;
      grants.set(key, [...(grants.get(key) ?? []), textAt(one.json, 'roleRef', 'name')]);
    }
  }
  const users = new Map<string, number>();
  for (const { namespace, facts } of workloads) {
    const account = facts['serviceAccount'];
    if (account?.is !== 'known') continue;
    const key = `${namespace}/${String(account.value)}`;
    users.set(key, (users.get(key) ?? 0) + 1);
  }
  const missing = view.incomplete('RoleBinding') ?? view.incomplete('ClusterRoleBinding');
  const pods = view.incomplete('Pod');
  return view.of('ServiceAccount').map((one): Subject => {
    const key = `${one.namespace}/${one.name}`;
    const given = grants.get(key) ?? [];
    return {
      kind: 'service-account', type: 'ServiceAccount', namespace: one.namespace, name: one.name, lists: {},
      facts: {
        name: known(one.name), namespace: known(one.namespace), isDefault: known(one.name === 'default'), ofSystem: known(systemNamespaces.has(one.namespace)), mountsToken: known(boolAt(one.json, 'automountServiceAccountToken') ?? true),
        grants: missing === null ? known(given) : unknown(missing), workloads: pods === null ? known(users.get(key) ?? 0) : unknown(pods),
      },
    };
  });
}

