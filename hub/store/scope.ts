/**
 * A reader's scope as an SQL argument. Every read of placed rows takes a Scope and compares `cluster_id` with this
 * argument: null sees all, an empty list nothing. `scope.test.ts` fails on a read in this folder that does not.
 */
import type { Scope } from '@vedette/model/access';

export function clustersIn(scope: Scope): readonly string[] | null {
  switch (scope.kind) {
    case 'all':
      return null;
    case 'clusters':
      return scope.clusters;
    default:
      return scope satisfies never;
  }
}

/** `$1` of nearly every read: `where ($1::uuid[] is null or x.cluster_id = any($1))`. */
export function inScope(column: string, parameter = '$1'): string {
  return `(${parameter}::uuid[] is null or ${column} = any(${parameter}::uuid[]))`;
}
