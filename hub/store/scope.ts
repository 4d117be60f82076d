/**
 * A reader's scope as one SQL argument, and the comparison of rows with it. Every read of placed rows takes a Scope,
 * hands `placesIn(scope)` to the query and compares with `inScope`: null sees all, no places nothing. A row of a cluster
 * as a whole names its cluster only; a row that has a namespace, or a container or workload that has one, names both.
 * An unknown namespace is in no scope but that of the whole cluster. `scope.test.ts` fails on a read in this folder
 * that does not.
 */
import type { Scope } from '@vedette/model/access';

/** JSON of three lists (migration 0011 reads them): whole clusters, clusters seen in part, and their namespaces. */
export function placesIn(scope: Scope): string | null {
  switch (scope.kind) {
    case 'all':
      return null;
    case 'places': {
      const whole: string[] = [];
      const part: string[] = [];
      const namespaces: string[] = [];
      for (const place of scope.places) {
        if (place.namespaces === 'all') {
          whole.push(place.cluster);
          continue;
        }
        const named = place.namespaces.filter((name) => name !== '');
        if (named.length > 0) part.push(place.cluster);
        namespaces.push(...named.map((name) => `${place.cluster}/${name}`));
      }
      return JSON.stringify({ whole, part, namespaces });
    }
    default:
      return scope satisfies never;
  }
}

/** For `$1` of nearly every read: `where ${inScope('x.cluster_id', 'x.namespace')}`. */
export function inScope(cluster: string, namespace?: string, parameter = '$1'): string {
  const scope = `${parameter}::jsonb`;
  const isWhole = `${scope} is null or ${cluster} = any(scope_whole(${scope}))`;
  if (namespace === undefined) return `(${isWhole})`;
  return `(${isWhole} or (${cluster} = any(scope_part(${scope})) and ${cluster}::text || '/' || ${namespace} = any(scope_namespaces(${scope}))))`;
}

/** Clusters of which the reader may see something, be it one namespace: for their names, and to reach rows by an index. */
export function touchesScope(cluster: string, parameter = '$1'): string {
  const scope = `${parameter}::jsonb`;
  return `(${scope} is null or ${cluster} = any(scope_whole(${scope})) or ${cluster} = any(scope_part(${scope})))`;
}

/** A host of a cluster in scope, or one on which something in scope runs now. */
export function hostInScope(cluster: string, node: string): string {
  return `(${inScope(cluster)} or exists (select 1 from container h where h.node_id = ${node} and h.ended_at is null and ${inScope('h.cluster_id', 'h.pod_namespace')}))`;
}
