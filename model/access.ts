/**
 * Who may do what, where. A grant gives a role in a place: the whole hub, a cluster, or namespaces of a cluster. A
 * permission holds in the places of all grants whose role has it: that is a Scope, and every read and write of placed
 * rows takes one. A row with a namespace (a pod's) is in the scope of its namespace and of its cluster; a row of a
 * cluster as a whole (a node, a process of the host) only in that of the cluster. Content (images, packages,
 * advisories) has no place and is visible only through a run in scope.
 */
export type Permission = 'view' | 'triage' | 'policy' | 'fleet' | 'check' | 'admin';
export type Role = 'viewer' | 'analyst' | 'operator' | 'admin' | 'pipeline';

const granted: Record<Role, readonly Permission[]> = {
  viewer: ['view'],
  analyst: ['view', 'triage'],
  operator: ['view', 'triage', 'policy', 'fleet'],
  admin: ['view', 'triage', 'policy', 'fleet', 'check', 'admin'],
  pipeline: ['check'],
};

export const roles = Object.keys(granted) as readonly Role[];

export function permits(role: Role, permission: Permission): boolean {
  return granted[role].includes(permission);
}

/** A cluster, or some namespaces of it. No namespaces means none, never all. */
export interface Place {
  readonly cluster: string;
  readonly namespaces: 'all' | readonly string[];
}

/** Which placed rows a caller may see or change. No places means none, never all. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'places'; readonly places: readonly Place[] };

export const everything: Scope = { kind: 'all' };
export const nothing: Scope = { kind: 'places', places: [] };

export interface Grant {
  readonly role: Role;
  readonly place: 'all' | Place;
}

/** Where a permission holds. */
export function scopeFor(grants: readonly Grant[], permission: Permission): Scope {
  const places: Place[] = [];
  for (const { role, place } of grants) {
    if (!permits(role, permission)) continue;
    if (place === 'all') return everything;
    places.push(place);
  }
  return { kind: 'places', places };
}

/** Whether the permission holds anywhere; where, says the scope. */
export function permitsSomewhere(grants: readonly Grant[], permission: Permission): boolean {
  return grants.some(({ role }) => permits(role, permission));
}

/** Whether a whole cluster is seen somewhere: without, there are no hosts and sensors to look at. */
export function seesWholeCluster(scope: Scope): boolean {
  return scope.kind === 'all' || scope.places.some(({ namespaces }) => namespaces === 'all');
}

/** Whether a row is in scope; without a namespace it is one of its cluster as a whole. */
export function scopeHolds(scope: Scope, clusterId: string, namespace?: string | null): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'places':
      return scope.places.some(({ cluster, namespaces }) => cluster === clusterId && (namespaces === 'all' || (typeof namespace === 'string' && namespace !== '' && namespaces.includes(namespace))));
    default:
      return scope satisfies never;
  }
}
