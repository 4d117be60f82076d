/** Names for what the coverage page speaks of by id. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const Named = z.object({ container_id: z.string(), name: z.string() });

/** Of containers by the runtime's id; those without a name are left out. */
export async function containerNames(db: Db, scope: Scope, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const found = await rows(db, Named, `select k.container_id, max(k.name) as name from container k where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.container_id = any($2::text[]) and k.name <> '' group by k.container_id`, [placesIn(scope), ids]);
  return new Map(found.map((one) => [one.container_id, one.name]));
}
