/** The counts and gaps that the Risk Summary and the coverage page are made of. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { hostInScope, inScope, placesIn } from './scope.ts';

const Counts = z.object({ hosts: z.number(), containers: z.number(), processes: z.number(), incidents: z.number() });

export async function countThings(db: Db, scope: Scope): Promise<z.infer<typeof Counts>> {
  const found = await firstRow(
    db,
    Counts,
    `select (select count(*) from node n where ${hostInScope('n.cluster_id', 'n.id')} and exists (select 1 from sensor s where s.node_id = n.id and s.removed_at is null)) as hosts,
        (select count(*) from container k where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.ended_at is null) as containers,
        (select count(*) from process_live p left join container k on k.node_id = p.node_id and k.container_id = p.container_id where ${inScope('p.cluster_id', 'k.pod_namespace')}) as processes,
        (select count(*) from incident x where ${inScope('x.cluster_id', 'x.namespace')} and x.state = 'open') as incidents`,
    [placesIn(scope)],
  );
  return found ?? { hosts: 0, containers: 0, processes: 0, incidents: 0 };
}

const ContainerStates = z.object({
  node_id: z.string(),
  hostname: z.string(),
  living: z.number(),
  pending: z.number(),
  image_unknown: z.number(),
  unscanned: z.number(),
  with_problems: z.number(),
  unwatched: z.number(),
  examples: z.array(z.string()),
});
export type ContainerStates = z.infer<typeof ContainerStates>;

/** What is missing of the living containers of each node. `unwatched`: scanned, but nothing was reported of loading. */
export async function containerStates(db: Db, scope: Scope): Promise<ContainerStates[]> {
  return rows(
    db,
    ContainerStates,
    `select k.node_id, n.hostname, count(*) as living, count(*) filter (where k.identity = 'pending') as pending, count(*) filter (where k.identity = 'image-unknown') as image_unknown,
        count(*) filter (where k.identity <> 'pending' and k.inventory_id is null) as unscanned, count(*) filter (where k.inventory_problems <> '{}') as with_problems,
        count(*) filter (where k.inventory_id is not null and o.container_pk is null) as unwatched,
        coalesce((array_agg(coalesce(nullif(k.name, ''), case when k.container_id ~ '^[0-9a-f]{64}$' then left(k.container_id, 12) else k.container_id end) order by k.started_at desc) filter (where k.identity <> 'pending' and k.inventory_id is null))[1:3], '{}') as examples
       from container k join node n on n.id = k.node_id left join observation o on o.container_pk = k.id
      where ${inScope('k.cluster_id', 'k.pod_namespace')} and k.ended_at is null group by k.node_id, n.hostname order by n.hostname limit 20000`,
    [placesIn(scope)],
  );
}

const UnfedShape = z.object({ ecosystem: z.string(), packages: z.number() });

/** Packages of what runs, by ecosystem: held against the feeds, it says which have none. */
export async function runningEcosystems(db: Db, scope: Scope): Promise<z.infer<typeof UnfedShape>[]> {
  return rows(
    db,
    UnfedShape,
    `select p.ecosystem, count(*) as packages from (
        select distinct unnest(i.packages) as package_id from inventory i
         where exists (select 1 from run r join workload w on w.id = r.workload_id where r.inventory_id = i.id and r.open and ${inScope('r.cluster_id', 'w.namespace')})) used
       join package p on p.id = used.package_id group by p.ecosystem order by packages desc limit 100`,
    [placesIn(scope)],
  );
}
