/**
 * Package lists: immutable, stored once by content, taken over by containers. Content (package, inventory) has no
 * cluster; who uses which list is placed, and a cluster takes over lists only from its own sensors.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';

export interface PackageWords {
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly source_name: string;
  readonly source_version: string;
}

export interface PackageList {
  readonly revision: string;
  readonly distribution: string;
  readonly packages: readonly PackageWords[];
  readonly paths: readonly string[];
}

const Id = z.object({ id: z.number() });
const Keyed = z.object({ id: z.number(), key: z.string() });

function keyOf(one: PackageWords): string {
  return createHash('sha256').update(JSON.stringify([one.ecosystem, one.name, one.version, one.source_name, one.source_version])).digest('hex');
}

/** The list's id; stored on its first sight. Bit n of every bitmap over it speaks of its n-th package. */
export async function inventoryOf(db: Transaction, list: PackageList): Promise<{ id: number; isNew: boolean }> {
  const keys = list.packages.map(keyOf);
  const content = createHash('sha256').update(JSON.stringify([list.revision, list.distribution, keys, list.paths])).digest();
  const known = await firstRow(db, Id, 'select id from inventory where content = $1', [content]);
  if (known !== undefined) return { id: known.id, isNew: false };

  const unique = new Map(list.packages.map((one, index) => [keys[index]!, one]));
  const wanted = [...unique].map(([key, one]) => ({ key, ...one })).sort((a, b) => (a.key < b.key ? -1 : 1));
  await run(
    db,
    `insert into package (key, ecosystem, name, version, source_name, source_version)
     select decode(key, 'hex'), ecosystem, name, version, source_name, source_version
       from jsonb_to_recordset($1::jsonb) r(key text, ecosystem text, name text, version text, source_name text, source_version text)
      where not exists (select 1 from package p where p.key = decode(r.key, 'hex'))
      order by key on conflict do nothing`,
    [JSON.stringify(wanted)],
  );
  const stored = await rows(db, Keyed, `select id, encode(key, 'hex') as key from package where key = any(select decode(unnest($1::text[]), 'hex'))`, [[...unique.keys()]]);
  const ids = new Map(stored.map((row) => [row.key, row.id]));
  await run(
    db,
    'insert into inventory (content, revision, distribution, packages, paths) values ($1, $2, $3, $4, $5) on conflict do nothing',
    [content, list.revision, list.distribution, keys.map((key) => ids.get(key)), list.paths],
  );
  return { id: (await rows(db, Id, 'select id from inventory where content = $1', [content]))[0]!.id, isNew: true };
}

const List = z.object({ packages: z.array(z.number()), paths: z.array(z.string()) });

/** The packages and paths of a list by position. */
export async function listOf(db: Db, inventoryId: number): Promise<{ packages: number[]; paths: string[] }> {
  return (await firstRow(db, List, 'select packages, paths from inventory where id = $1', [inventoryId])) ?? { packages: [], paths: [] };
}

export interface InventoryUse {
  readonly inventoryId: number;
  readonly revision: string;
  readonly problems: readonly string[];
  readonly at: Date;
}

/** The list that was read from this container's own root. */
export async function setOwnInventory(db: Transaction, containerPk: number, use: InventoryUse): Promise<void> {
  await run(db, 'update container set inventory_id = $2, inventory_own = true, inventory_revision = $3, inventory_problems = $4, inventory_at = $5 where id = $1', [
    containerPk,
    use.inventoryId,
    use.revision,
    use.problems,
    use.at,
  ]);
}

const Taken = z.object({ workload_id: z.number().nullable(), image_id: z.number().nullable() });

/** Hands the list to the image in this cluster and to its living containers whose own root was not read; the runs that changed. */
export async function setImageInventory(db: Transaction, clusterId: string, imageId: number, use: InventoryUse): Promise<{ workload_id: number | null; image_id: number | null }[]> {
  await run(
    db,
    `insert into image_inventory (cluster_id, image_id, inventory_id, revision, problems, scanned_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (cluster_id, image_id) do update set inventory_id = excluded.inventory_id, revision = excluded.revision, problems = excluded.problems, scanned_at = excluded.scanned_at`,
    [clusterId, imageId, use.inventoryId, use.revision, use.problems, use.at],
  );
  return rows(
    db,
    Taken,
    `update container set inventory_id = $3, inventory_revision = $4, inventory_problems = $5, inventory_at = $6
      where image_id = $2 and cluster_id = $1 and ended_at is null and not inventory_own and inventory_id is distinct from $3
     returning workload_id, image_id`,
    [clusterId, imageId, use.inventoryId, use.revision, use.problems, use.at],
  );
}

/** A new container of an image takes over what its cluster knows of the image. */
export async function takeImageInventory(db: Transaction, containerPk: number): Promise<number | undefined> {
  const taken = await firstRow(
    db,
    z.object({ inventory_id: z.number() }),
    `update container c set inventory_id = i.inventory_id, inventory_revision = i.revision, inventory_problems = i.problems, inventory_at = i.scanned_at
       from image_inventory i where c.id = $1 and i.cluster_id = c.cluster_id and i.image_id = c.image_id and not c.inventory_own
     returning c.inventory_id`,
    [containerPk],
  );
  return taken?.inventory_id;
}

const Found = z.object({ id: z.number() });

/** The list that a sensor means by a revision: the container's, else any of that name that its cluster uses. */
export async function inventoryNamed(db: Db, containerPk: number, clusterId: string, revision: string): Promise<number | undefined> {
  const own = await firstRow(db, Found, 'select inventory_id as id from container where id = $1 and inventory_revision = $2 and inventory_id is not null', [containerPk, revision]);
  if (own !== undefined) return own.id;
  const other = await firstRow(
    db,
    Found,
    `select i.inventory_id as id from container c join image_inventory i on i.image_id = c.image_id and i.cluster_id = c.cluster_id
      where c.id = $1 and c.cluster_id = $2 and i.revision = $3
     union all
     select o.inventory_id from container c join container o on o.node_id = c.node_id and o.inventory_revision = $3 and o.inventory_id is not null
      where c.id = $1 and c.cluster_id = $2
     limit 1`,
    [containerPk, clusterId, revision],
  );
  return other?.id;
}
