/**
 * What is stored of an image, for whoever makes facts of it: where it runs in scope, its package list with what is wrong with it, what a
 * pipeline said of its configuration. Lists, findings and checks are content: whoever asks for a reader has looked first whether the
 * reader may see the image.
 */
import type { Scope } from '@vedette/model/access';
import { StoredFact } from '@vedette/model/api/checks';
import { z } from 'zod';
import { firstRow, rows, type Db } from './database.ts';
import { inScope, placesIn } from './scope.ts';

const Named = z.object({ id: z.number(), digest: z.string(), index_digest: z.string().nullable() });

/** The image of this digest: of a platform, or of an index under which exactly one platform is known here. */
export async function imageByDigest(db: Db, digest: string): Promise<{ id: number; digest: string; indexDigest: string | null } | undefined> {
  const found = await rows(
    db,
    Named,
    `select i.id, i.digest, (select k.index_digest from container k where k.image_id = i.id and k.index_digest is not null order by k.started_at desc limit 1) as index_digest
       from image i where i.digest = $1
     union
     select i.id, i.digest, $1 from image i where i.id in (
       select k.image_id from container k where k.index_digest = $1 union select c.image_id from image_check c where c.index_digest = $1) and i.digest <> $1`,
    [digest],
  );
  const [only, other] = found;
  return only === undefined || other !== undefined ? undefined : { id: only.id, digest: only.digest, indexDigest: only.index_digest };
}

const ImageRun = z.object({
  run_id: z.number(),
  cluster_id: z.string(),
  workload_id: z.number(),
  namespace: z.string(),
  inventory_id: z.number().nullable(),
  bits: z.string().nullable(),
  unloaded: z.enum(['not-seen', 'no', 'unknown']),
  unloaded_reason: z.string().nullable(),
  observed_seconds: z.number(),
  names: z.array(z.string()),
  index_digest: z.string().nullable(),
  problems: z.array(z.string()),
  read_at: z.date().nullable(),
  /** Each living container of it only holds a pod's namespaces. */
  only_sandboxes: z.boolean(),
});
export type ImageRun = z.infer<typeof ImageRun>;

/** Open runs of the image in scope, with the names and problems of their living containers; whose packages were read last is the last. */
export async function openRunsOfImage(db: Db, scope: Scope, imageId: number): Promise<ImageRun[]> {
  return rows(
    db,
    ImageRun,
    `select r.id as run_id, r.cluster_id, r.workload_id, w.namespace, r.inventory_id, r.loaded::text as bits, r.unloaded, r.unloaded_reason, r.observed_seconds,
        coalesce(k.names, '{}') as names, k.index_digest, coalesce(k.problems, '{}') as problems, k.read_at, coalesce(k.only_sandboxes, false) as only_sandboxes
       from run r join workload w on w.id = r.workload_id
       left join lateral (
         select array_agg(distinct k.image_name) filter (where k.image_name is not null) as names, max(k.index_digest) as index_digest, max(k.inventory_at) as read_at, bool_and(k.pod_sandbox) as only_sandboxes,
             array_agg(distinct p.one) filter (where p.one is not null) as problems
           from container k left join lateral unnest(k.inventory_problems) p(one) on true
          where k.workload_id = r.workload_id and k.image_id = r.image_id and k.ended_at is null) k on true
      where r.open and r.image_id = $2 and ${inScope('r.cluster_id', 'w.namespace')} order by k.read_at nulls first, r.id`,
    [placesIn(scope), imageId],
  );
}

const Listed = z.object({ inventory_id: z.number(), problems: z.array(z.string()), at: z.date(), source: z.enum(['sensor', 'check']) });
export type ListedInventory = z.infer<typeof Listed>;

/** The package list of an image that was read last, by a sensor of a cluster in scope or by a pipeline, whose clock is not asked. */
export async function inventoryOfImage(db: Db, scope: Scope, imageId: number): Promise<ListedInventory | undefined> {
  return firstRow(
    db,
    Listed,
    `select inventory_id, problems, at, source from (
       select i.inventory_id, i.problems, i.scanned_at as at, 'sensor' as source from image_inventory i where i.image_id = $2 and ($1::jsonb is null or exists (
         select 1 from run r join workload w on w.id = r.workload_id where r.image_id = i.image_id and r.cluster_id = i.cluster_id and ${inScope('r.cluster_id', 'w.namespace')}))
       union all
       select c.inventory_id, case when c.packages_incomplete is null then '{}'::text[] else array[c.packages_incomplete] end, c.received_at, 'check' from image_check c where c.image_id = $2) x
      order by at desc, source desc limit 1`,
    [placesIn(scope), imageId],
  );
}

const Stat = z.object({ distribution: z.string(), unfed: z.number().nullable(), assessed_at: z.date().nullable() });

export async function inventoryState(db: Db, inventoryId: number): Promise<z.infer<typeof Stat> | undefined> {
  return firstRow(db, Stat, 'select i.distribution, t.unfed, t.assessed_at from inventory i left join inventory_stat t on t.inventory_id = i.id where i.id = $1', [inventoryId]);
}

const ListedPackage = z.object({ ecosystem: z.string(), name: z.string(), version: z.string(), path: z.string() });
export type ListedPackage = z.infer<typeof ListedPackage>;

export async function packagesOfInventory(db: Db, inventoryId: number): Promise<ListedPackage[]> {
  return rows(
    db,
    ListedPackage,
    `select p.ecosystem, p.name, p.version, i.paths[u.place::int] as path from inventory i cross join lateral unnest(i.packages) with ordinality as u(package_id, place)
       join package p on p.id = u.package_id where i.id = $1 order by u.place`,
    [inventoryId],
  );
}

const ListedFinding = z.object({
  position: z.number(),
  name: z.string(),
  aliases: z.array(z.string()),
  severity: z.string(),
  cvss: z.number().nullable(),
  malicious: z.boolean(),
  fixed_in: z.string().nullable(),
  uncertain: z.string().nullable(),
});
export type ListedFinding = z.infer<typeof ListedFinding>;

export async function findingsOfInventory(db: Db, inventoryId: number): Promise<ListedFinding[]> {
  return rows(
    db,
    ListedFinding,
    `select f.position, v.name, v.aliases, v.severity, v.cvss, v.malicious, f.fixed_in, f.uncertain from inventory_finding f join vuln v on v.id = f.vuln_id
      where f.inventory_id = $1 order by f.position, v.name`,
    [inventoryId],
  );
}

const Checked = z.object({ facts: z.record(z.string(), StoredFact), at: z.date() });
export type CheckedImage = z.infer<typeof Checked>;

/** What the newest check in a pipeline said of the configuration. */
export async function newestCheckOf(db: Db, imageId: number): Promise<CheckedImage | undefined> {
  return firstRow(db, Checked, 'select facts, at from image_check where image_id = $1 order by received_at desc, id desc limit 1', [imageId]);
}
