/**
 * Who may do what: role × permission, and the scope in which rows are visible. Every read of placed rows takes a
 * Scope; content (images, packages, advisories) has no cluster and is visible only through a run in scope.
 */
export type Permission = 'view' | 'triage' | 'policy' | 'fleet' | 'admin';
export type Role = 'viewer' | 'analyst' | 'operator' | 'admin';

const granted: Record<Role, readonly Permission[]> = {
  viewer: ['view'],
  analyst: ['view', 'triage'],
  operator: ['view', 'triage', 'policy', 'fleet'],
  admin: ['view', 'triage', 'policy', 'fleet', 'admin'],
};

export const roles = Object.keys(granted) as readonly Role[];

export function permits(role: Role, permission: Permission): boolean {
  return granted[role].includes(permission);
}

/** Which placed rows a reader may see. `clusters` empty means none, never all. */
export type Scope = { readonly kind: 'all' } | { readonly kind: 'clusters'; readonly clusters: readonly string[] };

export const everything: Scope = { kind: 'all' };

export function scopeHolds(scope: Scope, clusterId: string): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'clusters':
      return scope.clusters.includes(clusterId);
    default:
      return scope satisfies never;
  }
}
