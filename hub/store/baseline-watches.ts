/**
 * How well containers were watched: a row for each ring of the kernel through which one was, and every interval in which something that it did may
 * not have been seen, with its reason. An interval goes on when its reason does. It is of the container until somebody knows where that belongs, and
 * of the baseline from then on.
 */
import type { BlindReason } from '@vedette/model/baseline-words';
import { z } from 'zod';
import { firstRow, rows, run, type Transaction } from './database.ts';
import type { SeenBehaviour } from './baselines.ts';

const Watch = z.object({ since: z.date(), until: z.date(), lost: z.number(), cut: z.number() });
export type HeldWatch = z.infer<typeof Watch>;

export interface WatchFacts {
  readonly containerPk: number;
  readonly clusterId: string;
  readonly session: string;
  readonly since: Date;
  readonly until: Date;
  readonly seenFromStart: boolean;
  readonly lost: number;
  readonly cut: number;
}

/** The watch as it was before, of this session and of the one before it. */
export async function putWatch(db: Transaction, facts: WatchFacts): Promise<{ readonly before: HeldWatch | undefined; readonly last: HeldWatch | undefined }> {
  const before = await firstRow(db, Watch, 'select since, until, lost, cut from baseline_watch where container_pk = $1 and session = $2', [facts.containerPk, facts.session]);
  const last = before === undefined ? await firstRow(db, Watch, 'select since, until, lost, cut from baseline_watch where container_pk = $1 order by until desc limit 1', [facts.containerPk]) : undefined;
  await run(
    db,
    `insert into baseline_watch (container_pk, session, cluster_id, since, until, seen_from_start, lost, cut) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (container_pk, session) do update set since = least(baseline_watch.since, excluded.since), until = greatest(baseline_watch.until, excluded.until),
       seen_from_start = baseline_watch.seen_from_start or excluded.seen_from_start, lost = greatest(baseline_watch.lost, excluded.lost), cut = greatest(baseline_watch.cut, excluded.cut)`,
    [facts.containerPk, facts.session, facts.clusterId, facts.since, facts.until, facts.seenFromStart, facts.lost, facts.cut],
  );
  return { before, last };
}

export interface Blind {
  readonly containerPk: number;
  readonly baselineId: number | null;
  readonly reason: BlindReason;
  readonly since: Date;
  readonly until: Date;
  readonly count: number;
  readonly detail: string;
}

/** `goesOn`: an interval of the same reason that ends where this one begins is the same. */
export async function addBlind(db: Transaction, blind: Blind): Promise<void> {
  const longer = await run(
    db,
    `update baseline_blind set until = greatest(until, $4), count = count + $5 where id =
       (select id from baseline_blind where container_pk = $1 and reason = $2 and detail = $6 and until >= $3 and since <= $4 order by until desc limit 1)`,
    [blind.containerPk, blind.reason, blind.since, blind.until, blind.count, blind.detail],
  );
  if (longer > 0) return;
  await run(db, 'insert into baseline_blind (baseline_id, container_pk, reason, since, until, count, detail) values ($7, $1, $2, $3, $4, $5, $6)', [blind.containerPk, blind.reason, blind.since, blind.until, blind.count, blind.detail, blind.baselineId]);
}

/** Now it is known where the container belongs. */
export async function placeBlind(db: Transaction, containerPk: number, baselineId: number): Promise<void> {
  await run(db, 'update baseline_blind set baseline_id = $2 where container_pk = $1 and baseline_id is null', [containerPk, baselineId]);
}

const Pk = z.object({ container_pk: z.number(), baseline_id: z.number().nullable() });

/** A sensor has dropped what it could not store: containers of its node that were watched then. */
export async function watchedOnNode(db: Transaction, nodeId: string, since: Date): Promise<{ readonly container_pk: number; readonly baseline_id: number | null }[]> {
  return rows(
    db,
    Pk,
    `select c.id as container_pk, b.id as baseline_id from container c left join baseline b on b.workload_id = c.workload_id and b.image_id = c.image_id
      where c.node_id = $1 and (c.ended_at is null or c.ended_at >= $2) and exists (select 1 from baseline_watch w where w.container_pk = c.id)`,
    [nodeId, since],
  );
}

const Waiting = z.object({ seen: z.array(z.unknown()), whole_start: z.boolean() });
const waitingMax = 4000;

/** Kept until it is known where the container belongs; answers how many did not fit. */
export async function keepWaiting(db: Transaction, containerPk: number, seen: readonly SeenBehaviour[], wholeStart: boolean): Promise<number> {
  const held = await firstRow(db, Waiting, 'select seen, whole_start from baseline_waiting where container_pk = $1', [containerPk]);
  const room = Math.max(0, waitingMax - (held?.seen.length ?? 0));
  await run(
    db,
    'insert into baseline_waiting (container_pk, seen, whole_start) values ($1, $2, $3) on conflict (container_pk) do update set seen = baseline_waiting.seen || excluded.seen, whole_start = baseline_waiting.whole_start or excluded.whole_start',
    [containerPk, JSON.stringify(seen.slice(0, room)), wholeStart],
  );
  return Math.max(0, seen.length - room);
}

export async function takeWaiting(db: Transaction, containerPk: number): Promise<SeenBehaviour[]> {
  const found = await firstRow(db, Waiting, 'delete from baseline_waiting where container_pk = $1 returning seen, whole_start', [containerPk]);
  return (found?.seen ?? []) as SeenBehaviour[];
}
