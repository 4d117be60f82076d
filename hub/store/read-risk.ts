/** The counts and gaps that the Risk Summary and the coverage page are made of. */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { clustersIn, inScope } from './scope.ts';

const Counts = z.object({ hosts: z.number(), containers: z.number(), processes: z.number(), incidents: z.number() });

export async function countThings(db: Db, scope: Scope): Promise<z.infer<typeof Counts>> {
  const found = await firstRow(
    db,
    Counts,
    `select (select count(*) from node n where ${inScope('n.cluster_id')} and exists (select 1 from sensor s where s.node_id = n.id and s.removed_at is null)) as hosts,
        (select count(*) from container where ${inScope('cluster_id')} and ended_at is null) as containers,
        (select count(*) from process_live where ${inScope('cluster_id')}) as processes,
        (select count(*) from incident where ${inScope('cluster_id')} and state = 'open') as incidents`,
    [clustersIn(scope)],
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
      where ${inScope('k.cluster_id')} and k.ended_at is null group by k.node_id, n.hostname order by n.hostname limit 20000`,
    [clustersIn(scope)],
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
         where exists (select 1 from run r where r.inventory_id = i.id and r.open and ${inScope('r.cluster_id')})) used
       join package p on p.id = used.package_id group by p.ecosystem order by packages desc limit 100`,
    [clustersIn(scope)],
  );
}
