/**
 * What is known of *loaded*: observations of containers, and the bitmap of their run. A run's bits only ever grow.
 * When a bit is new and the run began on an earlier day, the run is closed and a copy with the bit is opened, so that
 * the validity of the row is the validity of its facts, exact to the day. Bits belong to one package list; when a run
 * takes over another list, its bits are carried over by package and path.
 */
import { z } from 'zod';
import { firstRow, run, type Transaction } from './database.ts';
import { listOf } from './inventories.ts';
import { dayOf } from './partitions.ts';

export interface Observed {
  readonly containerPk: number;
  readonly clusterId: string;
  readonly inventoryId: number;
  /** '0' and '1' by position. */
  readonly bits: string;
  readonly from: Date;
  readonly until: Date;
  readonly seenFromStart: boolean;
  readonly recordsLost: number;
}

/** Replaces what was reported of this container before. */
export async function putObservation(db: Transaction, observed: Observed, now: Date): Promise<void> {
  await run(
    db,
    `insert into observation (container_pk, cluster_id, inventory_id, loaded, observed_from, observed_until, seen_from_start, records_lost, reported_at)
     values ($1, $2, $3, $4::varbit, $5, $6, $7, $8, $9)
     on conflict (container_pk) do update set inventory_id = excluded.inventory_id, loaded = excluded.loaded, observed_from = excluded.observed_from,
       observed_until = excluded.observed_until, seen_from_start = excluded.seen_from_start, records_lost = excluded.records_lost, reported_at = excluded.reported_at`,
    [observed.containerPk, observed.clusterId, observed.inventoryId, observed.bits, observed.from, observed.until, observed.seenFromStart, observed.recordsLost, now],
  );
}

const OpenRun = z.object({ id: z.number(), inventory_id: z.number().nullable(), first_seen: z.date(), bits: z.string().nullable() });

async function lockOpenRun(db: Transaction, workloadId: number, imageId: number | null): Promise<z.infer<typeof OpenRun> | undefined> {
  return firstRow(db, OpenRun, 'select id, inventory_id, first_seen, loaded::text as bits from run where workload_id = $1 and image_id is not distinct from $2 and open for update', [workloadId, imageId]);
}

export interface RunKey {
  readonly workloadId: number;
  readonly imageId: number | null;
}

/** Unites a container's bits with its run; answers whether a bit was new. */
export async function loadIntoRun(db: Transaction, key: RunKey, inventoryId: number, bits: string, now: Date): Promise<boolean> {
  const open = await lockOpenRun(db, key.workloadId, key.imageId);
  if (open === undefined) return false;
  if (open.inventory_id === null) await run(db, 'update run set inventory_id = $2 where id = $1', [open.id, inventoryId]);
  const reported = open.inventory_id === null || open.inventory_id === inventoryId ? bits : await carriedOver(db, bits, inventoryId, open.inventory_id);
  const united = unite(open.bits ?? '', reported);
  if (united === open.bits) {
    await run(db, `update run set last_seen = $2 where id = $1 and last_seen < $2::timestamptz - interval '1 hour'`, [open.id, now]);
    return false;
  }
  if (dayOf(open.first_seen) >= dayOf(now) || !united.includes('1')) {
    await run(db, 'update run set loaded = $2::varbit, last_seen = greatest(last_seen, $3) where id = $1', [open.id, united, now]);
  } else {
    await run(
      db,
      `with closed as (update run set open = false, last_seen = greatest(last_seen, $3) where id = $1 returning *)
       insert into run (cluster_id, workload_id, image_id, inventory_id, since, first_seen, last_seen, open, loaded, unloaded, unloaded_reason, observed_seconds, points, parts)
       select cluster_id, workload_id, image_id, inventory_id, since, $3, $3, true, $2::varbit, unloaded, unloaded_reason, observed_seconds, points, parts from closed`,
      [open.id, united, now],
    );
  }
  return true;
}

/** A run takes over another list; only the open row, closed ones keep the list they were written with. */
export async function setRunInventory(db: Transaction, key: RunKey, inventoryId: number): Promise<boolean> {
  const open = await lockOpenRun(db, key.workloadId, key.imageId);
  if (open === undefined || open.inventory_id === inventoryId) return false;
  const bits = open.inventory_id === null || open.bits === null ? open.bits : await carriedOver(db, open.bits, open.inventory_id, inventoryId);
  await run(db, 'update run set inventory_id = $2, loaded = $3::varbit where id = $1', [open.id, inventoryId, bits]);
  if (open.inventory_id !== null) await carryEvidence(db, key.workloadId, open.inventory_id, inventoryId);
  return true;
}

/** The united bitmap; the longer one's length, since a report may be shorter than its list. */
export function unite(a: string, b: string): string {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  let united = '';
  for (let index = 0; index < short.length; index += 1) united += long[index] === '1' || short[index] === '1' ? '1' : '0';
  return united + long.slice(short.length);
}

async function positions(db: Transaction, from: number, to: number): Promise<{ moved: (number | undefined)[]; length: number }> {
  const [old, next] = [await listOf(db, from), await listOf(db, to)];
  const where = new Map(next.packages.map((one, index) => [`${one} ${next.paths[index]}`, index]));
  return { moved: old.packages.map((one, index) => where.get(`${one} ${old.paths[index]}`)), length: next.packages.length };
}

/** What is in both lists keeps its bit; a package that the new list does not have has nothing to say in it. */
async function carriedOver(db: Transaction, bits: string, from: number, to: number): Promise<string> {
  const { moved, length } = await positions(db, from, to);
  const carried = Array.from({ length }, () => '0');
  for (let index = 0; index < bits.length; index += 1) {
    const position = moved[index];
    if (bits[index] === '1' && position !== undefined) carried[position] = '1';
  }
  return carried.join('');
}

export interface EvidenceFact {
  readonly kind: string;
  readonly path: string;
  readonly reader: string;
  readonly at: string;
}

const Facts = z.object({ facts: z.record(z.string(), z.object({ kind: z.string(), path: z.string(), reader: z.string(), at: z.string() })) });

/** The first evidence of a position stays. */
export async function addEvidence(db: Transaction, place: { clusterId: string; workloadId: number; inventoryId: number }, facts: Readonly<Record<string, EvidenceFact>>): Promise<void> {
  if (Object.keys(facts).length === 0) return;
  await run(
    db,
    `insert into load_evidence (workload_id, inventory_id, cluster_id, facts) values ($1, $2, $3, $4)
     on conflict (workload_id, inventory_id) do update set facts = excluded.facts || load_evidence.facts`,
    [place.workloadId, place.inventoryId, place.clusterId, JSON.stringify(facts)],
  );
}

async function carryEvidence(db: Transaction, workloadId: number, from: number, to: number): Promise<void> {
  const held = await firstRow(db, Facts.extend({ cluster_id: z.string() }), 'select facts, cluster_id from load_evidence where workload_id = $1 and inventory_id = $2', [workloadId, from]);
  if (held === undefined) return;
  const { moved } = await positions(db, from, to);
  const carried: Record<string, EvidenceFact> = {};
  for (const [position, fact] of Object.entries(held.facts)) {
    const next = moved[Number(position)];
    if (next !== undefined) carried[String(next)] = fact;
  }
  await addEvidence(db, { clusterId: held.cluster_id, workloadId, inventoryId: to }, carried);
}
