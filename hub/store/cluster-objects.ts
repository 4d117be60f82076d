/**
 * What a cluster holds, as its cluster part says it: objects by kind with whole-list semantics, and the part's report.
 * A list comes in records of one id; when it ends, what was not in it (and has not changed since it began) is gone. A
 * list of which a part was lost removes nothing.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { placesIn, inScope } from './scope.ts';

export interface ObjectKind {
  readonly clusterId: string;
  readonly kind: string;
  readonly apiVersion: string;
}

export interface ObjectRow {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ownerKind: string;
  readonly ownerName: string;
  /** As text, free of what jsonb cannot hold. */
  readonly json: string;
}

const List = z.object({ list_id: z.string(), is_open: z.boolean(), objects: z.number() });

/** The list under which objects are written now: the named one, opened when it is new; else the last one. `objects` of it come now. */
export async function currentList(db: Transaction, of: ObjectKind, listId: string, objects: number, now: Date): Promise<string> {
  const held = await firstRow(db, List, 'select list_id, is_open, objects from cluster_list where cluster_id = $1 and kind = $2 and api_version = $3 for update', [of.clusterId, of.kind, of.apiVersion]);
  if (listId === '') return held?.list_id ?? '';
  const before = held?.list_id === listId && held.is_open ? held.objects : 0;
  await run(
    db,
    `insert into cluster_list (cluster_id, kind, api_version, list_id, is_open, objects, began_at) values ($1, $2, $3, $4, true, $5, $6)
     on conflict (cluster_id, kind, api_version) do update set list_id = excluded.list_id, is_open = true, objects = excluded.objects,
       began_at = case when cluster_list.list_id = excluded.list_id then cluster_list.began_at else excluded.began_at end`,
    [of.clusterId, of.kind, of.apiVersion, listId, before + objects, now],
  );
  return listId;
}

export async function putObjects(db: Transaction, of: ObjectKind, listId: string, objects: readonly ObjectRow[], now: Date): Promise<void> {
  if (objects.length === 0) return;
  await run(
    db,
    `insert into cluster_object (cluster_id, kind, api_version, list_id, namespace, name, uid, owner_kind, owner_name, json, since, changed_at)
     select $1, $2, $3, $4, o.namespace, o.name, o.uid, o.owner_kind, o.owner_name, o.json::jsonb, $11, $11
       from unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) as o(namespace, name, uid, owner_kind, owner_name, json)
     on conflict (cluster_id, kind, namespace, name, api_version) do update set list_id = excluded.list_id, uid = excluded.uid, owner_kind = excluded.owner_kind, owner_name = excluded.owner_name, json = excluded.json,
       since = case when cluster_object.uid = excluded.uid then cluster_object.since else excluded.since end,
       changed_at = case when cluster_object.json = excluded.json then cluster_object.changed_at else excluded.changed_at end`,
    [
      of.clusterId, of.kind, of.apiVersion, listId, objects.map((one) => one.namespace), objects.map((one) => one.name), objects.map((one) => one.uid),
      objects.map((one) => one.ownerKind), objects.map((one) => one.ownerName), objects.map((one) => one.json), now,
    ],
  );
}

export async function removeObjects(db: Transaction, of: ObjectKind, keys: readonly { readonly namespace: string; readonly name: string }[]): Promise<void> {
  if (keys.length === 0) return;
  await run(
    db,
    `delete from cluster_object o using unnest($4::text[], $5::text[]) as k(namespace, name)
      where o.cluster_id = $1 and o.kind = $2 and o.api_version = $3 and o.namespace = k.namespace and o.name = k.name`,
    [of.clusterId, of.kind, of.apiVersion, keys.map((one) => one.namespace), keys.map((one) => one.name)],
  );
}

const Held = z.object({ n: z.number() });

/** Ends the open list; false: fewer objects came than it has, so nothing is known to be gone. */
export async function endList(db: Transaction, of: ObjectKind, listId: string, objects: number, now: Date): Promise<boolean> {
  const place = [of.clusterId, of.kind, of.apiVersion, listId];
  const came = await firstRow(db, Held, 'update cluster_list set is_open = false, ended_at = $5 where cluster_id = $1 and kind = $2 and api_version = $3 and list_id = $4 returning objects as n', [...place, now]);
  if ((came?.n ?? 0) < objects) return false;
  await run(db, 'delete from cluster_object where cluster_id = $1 and kind = $2 and api_version = $3 and list_id <> $4', place);
  return true;
}

/** How many objects the cluster has here: the bound is the hub's, not the sender's. */
export async function countObjects(db: Db, clusterId: string): Promise<number> {
  return (await firstRow(db, Held, 'select count(*) as n from cluster_object where cluster_id = $1', [clusterId]))?.n ?? 0;
}

export const ClusterReportShape = z.object({
  uid: z.string(),
  kubernetesVersion: z.string(),
  watches: z.array(z.object({ kind: z.string(), synced: z.boolean(), problem: z.string().nullable(), syncedAt: z.string().nullable(), objects: z.number() })),
  nodesWithSensor: z.array(z.string()),
  admission: z.object({ state: z.enum(['off', 'registered', 'not-registered']), reason: z.string().nullable(), answered: z.number(), failedOpen: z.number() }),
  networkPolicy: z.object({ enforcement: z.enum(['enforced', 'not-enforced', 'unknown']), evidence: z.string().nullable() }),
  objectsDropped: z.number(),
});
export type ClusterReportShape = z.infer<typeof ClusterReportShape>;

export async function putClusterReport(db: Transaction, clusterId: string, report: ClusterReportShape, now: Date): Promise<void> {
  await run(db, 'insert into cluster_report (cluster_id, report, reported_at) values ($1, $2, $3) on conflict (cluster_id) do update set report = excluded.report, reported_at = excluded.reported_at', [clusterId, JSON.stringify(report), now]);
}

const RemovedCluster = z.object({ id: z.string(), name: z.string() });
const RemovedSender = z.object({ id: z.string(), node_id: z.string().nullable() });

/**
 * Its part and its sensors are refused from now on, and what it held is forgotten; what was seen there stays, and so does
 * the row: the same cluster that joins again is the same cluster. Undefined: there is none in scope.
 */
export async function removeCluster(db: Transaction, scope: Scope, id: string, now: Date): Promise<{ name: string; senders: { id: string; nodeId: string | null }[] } | undefined> {
  const cluster = await firstRow(db, RemovedCluster, `select c.id, c.name from cluster c where ${inScope('c.id')} and c.id::text = $2 and c.kind = 'kubernetes' for update`, [placesIn(scope), id]);
  if (cluster === undefined) return undefined;
  const senders = await rows(db, RemovedSender, 'update sensor set removed_at = $2, link_state = null where cluster_id = $1 and removed_at is null returning id, node_id', [cluster.id, now]);
  for (const table of ['pod', 'cluster_object', 'cluster_list', 'cluster_report']) await run(db, `delete from ${table} where cluster_id = $1`, [cluster.id]);
  await run(db, 'update join_token set expires_at = $2 where cluster_id = $1 and used_at is null and expires_at > $2', [cluster.id, now]);
  return { name: cluster.name, senders: senders.map((one) => ({ id: one.id, nodeId: one.node_id })) };
}

const ClusterObject = z.object({ cluster_id: z.string(), cluster_name: z.string(), api_version: z.string(), kind: z.string(), namespace: z.string(), name: z.string(), uid: z.string(), owner_kind: z.string(), owner_name: z.string(), json: z.unknown(), since: z.date(), changed_at: z.date() });
export type ClusterObjectShape = z.infer<typeof ClusterObject>;

export interface ObjectFilter {
  readonly kinds: readonly string[];
  readonly cluster?: string | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly name?: string | undefined;
}

/** A Namespace is its own place; what has none belongs to the cluster as a whole, and an empty name is in no scope but that. */
const objectNamespace = `case when o.kind = 'Namespace' then o.name else o.namespace end`;

/** Objects of some kinds, in the order of cluster, kind, namespace and name; `after` the last of the page before. */
export async function clusterObjects(db: Db, scope: Scope, filter: ObjectFilter, page: { readonly after?: ClusterObjectShape | undefined; readonly limit: number } = { limit: 50_000 }): Promise<ClusterObjectShape[]> {
  const { after } = page;
  return rows(
    db,
    ClusterObject,
    `select o.cluster_id, c.name as cluster_name, o.api_version, o.kind, o.namespace, o.name, o.uid, o.owner_kind, o.owner_name, o.json, o.since, o.changed_at
       from cluster_object o join cluster c on c.id = o.cluster_id
      where ${inScope('o.cluster_id', objectNamespace)} and o.kind = any($2) and ($3::text is null or o.cluster_id::text = $3) and ($4::text[] is null or o.namespace = any($4)) and ($5::text is null or o.name = $5)
        and ($6::uuid is null or (o.cluster_id, o.kind, o.namespace, o.name, o.api_version) > ($6::uuid, $7, $8, $9, $10))
      order by o.cluster_id, o.kind, o.namespace, o.name, o.api_version limit $11`,
    [placesIn(scope), filter.kinds, filter.cluster ?? null, filter.namespaces ?? null, filter.name ?? null, after?.cluster_id ?? null, after?.kind ?? null, after?.namespace ?? null, after?.name ?? null, after?.api_version ?? null, page.limit],
  );
}
