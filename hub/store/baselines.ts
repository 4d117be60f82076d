/**
 * Baselines as rows: what a sensor has seen of a container is united with the baseline of its workload and image, in the transaction that moves
 * the watermark. While it learns, all of it belongs to the baseline; afterwards what the baseline does not hold is kept beside it as *outside*.
 * Uniting the same again changes nothing. The baseline's row is locked meanwhile, so that two sensors cannot each add the half of a fold.
 */
import { createHash } from 'node:crypto';
import { Behaviour } from '@vedette/model/baseline';
import type { BaselineState } from '@vedette/model/baseline-words';
import { Behaviours, behaviourKey } from '@vedette/policy/baseline/behaviours';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { nextGeneration } from './fleet.ts';

/** Behaviours outside of a baseline that are kept; what is seen beyond them is counted as cut. */
const outsideMax = 1000;

export interface SeenBehaviour {
  readonly behaviour: Behaviour;
  readonly program: string;
  readonly firstSeen: string;
}

export interface BaselinePlace {
  readonly clusterId: string;
  readonly workloadId: number;
  readonly imageId: number;
}

const Held = z.object({ id: z.number(), state: z.string(), watched_until: z.date().nullable() });
export type HeldBaseline = z.infer<typeof Held>;

export async function lockBaseline(db: Transaction, place: BaselinePlace, now: Date): Promise<HeldBaseline> {
  const known = 'select id, state, watched_until from baseline where workload_id = $1 and image_id = $2 for update';
  const found = await firstRow(db, Held, known, [place.workloadId, place.imageId]);
  if (found !== undefined) return found;
  const made = await run(db, `insert into baseline (cluster_id, workload_id, image_id, state_at, state_by, created_at, changed_at) values ($1, $2, $3, $4, 'the product', $4, $4) on conflict do nothing`, [place.clusterId, place.workloadId, place.imageId, now]);
  const locked = (await firstRow(db, Held, known, [place.workloadId, place.imageId]))!;
  if (made > 0) await run(db, `insert into baseline_state (baseline_id, at, state, actor, reason) values ($1, $2, 'learn', 'the product', 'a container of it was seen')`, [locked.id, now]);
  return locked;
}

const Row = z.object({ key: z.string(), behaviour: Behaviour, standing: z.string() });

export function keyOfBehaviour(behaviour: Behaviour): string {
  return createHash('sha256').update(behaviourKey(behaviour)).digest('hex');
}

/** Whether something was new. */
export async function uniteBehaviours(db: Transaction, baseline: HeldBaseline, seen: readonly SeenBehaviour[], from: { readonly nodeId: string; readonly containerId: string }, now: Date): Promise<boolean> {
  if (seen.length === 0) return false;
  const held = await rows(db, Row, `select encode(key, 'hex') as key, behaviour, standing from baseline_behaviour where baseline_id = $1`, [baseline.id]);
  const own = new Behaviours(held.flatMap((one) => (one.standing === 'outside' ? [] : [one.behaviour])));
  const isLearning = baseline.state === 'learn';
  const into = isLearning ? own : new Behaviours(held.flatMap((one) => (one.standing === 'outside' ? [one.behaviour] : [])), outsideMax);
  const facts = new Map<string, SeenBehaviour>();
  let news = 0;
  for (const one of seen) {
    if (!isLearning && own.has(one.behaviour)) continue;
    const added = into.add(one.behaviour);
    if (added === null) continue;
    news += 1;
    facts.set(keyOfBehaviour(added), { ...one, behaviour: added });
  }
  if (into.cut > 0) await run(db, 'update baseline set cut = cut + $2 where id = $1', [baseline.id, into.cut]);
  if (news === 0) return false;
  const standing = isLearning ? 'learned' : 'outside';
  const before = new Set(held.filter((one) => (one.standing === 'outside') === !isLearning).map((one) => one.key));
  await writeDifference(db, baseline.id, { before, after: [...into], standing, facts, from, now });
  if (isLearning) await run(db, 'update baseline set changed_at = $2, generation = generation + 1 where id = $1', [baseline.id, now]);
  return true;
}

interface Difference {
  readonly before: ReadonlySet<string>;
  readonly after: readonly Behaviour[];
  readonly standing: 'learned' | 'written' | 'outside';
  readonly facts: ReadonlyMap<string, SeenBehaviour>;
  readonly from: { readonly nodeId: string | null; readonly containerId: string | null };
  readonly now: Date;
}

async function writeDifference(db: Transaction, baselineId: number, { before, after, standing, facts, from, now }: Difference): Promise<void> {
  const keyed = new Map(after.map((one) => [keyOfBehaviour(one), one]));
  const gone = [...before].filter((key) => !keyed.has(key));
  const fresh = [...keyed].filter(([key]) => !before.has(key)).map(([key, behaviour]) => ({ key, kind: behaviour.kind, behaviour, program: facts.get(key)?.program ?? '', first_seen: facts.get(key)?.firstSeen ?? now.toISOString() }));
  if (gone.length > 0) await run(db, `delete from baseline_behaviour where baseline_id = $1 and key in (select decode(jsonb_array_elements_text($2::jsonb), 'hex'))`, [baselineId, JSON.stringify(gone)]);
  if (fresh.length === 0) return;
  await run(
    db,
    `insert into baseline_behaviour (baseline_id, key, kind, behaviour, standing, program, node_id, container_id, first_seen)
     select $1, decode(key, 'hex'), kind, behaviour, $3, program, $4, $5, first_seen from jsonb_to_recordset($2::jsonb) r(key text, kind text, behaviour jsonb, program text, first_seen timestamptz)
     on conflict (baseline_id, key) do update set standing = excluded.standing`,
    [baselineId, JSON.stringify(fresh), standing, from.nodeId, from.containerId],
  );
}

export interface WatchedTime {
  readonly until: Date;
  readonly seconds: number;
  readonly isNews: boolean;
  readonly wholeStart: boolean;
}

/** Time is counted once, however many containers were watched in it. */
export async function addWatchedTime(db: Transaction, baselineId: number, { until, seconds, isNews, wholeStart }: WatchedTime): Promise<void> {
  await run(
    db,
    `update baseline set watched_seconds = watched_seconds + $3, quiet_seconds = case when $4 then 0 else quiet_seconds + $3 end, watched_until = greatest(watched_until, $2),
       whole_start = whole_start or $5 where id = $1`,
    [baselineId, until, seconds, isNews && true, wholeStart],
  );
}

/** By person or rule. What was outside stays outside until somebody accepts it; back in learning, it is learned. */
export async function setBaselineState(db: Transaction, id: number, state: BaselineState, by: string, reason: string, now: Date): Promise<number> {
  await run(db, 'update baseline set state = $2, state_at = $3, state_by = $4, quiet_seconds = case when $2 = \'learn\' then 0 else quiet_seconds end where id = $1', [id, state, now, by]);
  await run(db, 'insert into baseline_state (baseline_id, at, state, actor, reason) values ($1, $2, $3, $4, $5)', [id, now, state, by, reason]);
  return nextGeneration(db, 'baselines');
}

const Moved = z.object({ moved: z.string() });

/** What was seen outside becomes part of the baseline; how many did. */
export async function acceptBehaviours(db: Transaction, id: number, keys: readonly string[] | 'all', now: Date): Promise<number> {
  const moved = await rows(
    db,
    Moved,
    `update baseline_behaviour set standing = 'learned' where baseline_id = $1 and standing = 'outside' and ($2::jsonb is null or encode(key, 'hex') in (select jsonb_array_elements_text($2::jsonb))) returning encode(key, 'hex') as moved`,
    [id, keys === 'all' ? null : JSON.stringify(keys)],
  );
  if (moved.length === 0) return 0;
  // what was accepted may make a fold with what was there
  const held = await rows(db, Row, `select encode(key, 'hex') as key, behaviour, standing from baseline_behaviour where baseline_id = $1 and standing <> 'outside'`, [id]);
  const united = new Behaviours(held.map((one) => one.behaviour));
  await writeDifference(db, id, { before: new Set(held.map((one) => one.key)), after: [...united], standing: 'learned', facts: new Map(), from: { nodeId: null, containerId: null }, now });
  await dropOutsideThatIsHeld(db, id, united);
  await baselineChanged(db, id, now);
  return moved.length;
}

/** In place of all that belongs to it; what stays keeps its history. */
export async function replaceBehaviours(db: Transaction, id: number, behaviours: readonly Behaviour[], now: Date): Promise<void> {
  const held = await rows(db, Row, `select encode(key, 'hex') as key, behaviour, standing from baseline_behaviour where baseline_id = $1 and standing <> 'outside'`, [id]);
  const united = new Behaviours(behaviours);
  await writeDifference(db, id, { before: new Set(held.map((one) => one.key)), after: [...united], standing: 'written', facts: new Map(), from: { nodeId: null, containerId: null }, now });
  await dropOutsideThatIsHeld(db, id, united);
  await baselineChanged(db, id, now);
}

async function dropOutsideThatIsHeld(db: Transaction, id: number, united: Behaviours): Promise<void> {
  const outside = await rows(db, Row, `select encode(key, 'hex') as key, behaviour, standing from baseline_behaviour where baseline_id = $1 and standing = 'outside'`, [id]);
  const gone = outside.filter((one) => united.has(one.behaviour)).map((one) => one.key);
  if (gone.length > 0) await run(db, `delete from baseline_behaviour where baseline_id = $1 and key in (select decode(jsonb_array_elements_text($2::jsonb), 'hex'))`, [id, JSON.stringify(gone)]);
}

async function baselineChanged(db: Transaction, id: number, now: Date): Promise<void> {
  await run(db, 'update baseline set changed_at = $2, generation = generation + 1 where id = $1', [id, now]);
  await nextGeneration(db, 'baselines');
}

const Ended = z.object({ id: z.number(), learn_hours: z.number(), cluster_id: z.string(), namespace: z.string() });

/** Learning that has ended by its rule. Without having seen one start whole, nothing ends by itself. */
export async function endLearning(db: Transaction, now: Date): Promise<z.infer<typeof Ended>[]> {
  const due = await rows(
    db,
    Ended,
    `select b.id, b.learn_hours, b.cluster_id, w.namespace from baseline b join workload w on w.id = b.workload_id where b.state = 'learn' and b.whole_start and b.quiet_seconds >= b.learn_hours * 3600 order by b.id limit 200 for update of b skip locked`,
  );
  for (const one of due) await setBaselineState(db, one.id, 'watch', 'the product', `nothing new in ${one.learn_hours} h of watching`, now);
  return due;
}

const Sent = z.object({ platform_digest: z.string(), namespace: z.string(), workload_kind: z.string(), workload: z.string(), state: z.string(), behaviours: z.array(Behaviour) });

/** For the sensor of this node: baselines that are watched or enforced, of its own workloads and of those of its cluster. */
export async function baselinesInForce(db: Db, clusterId: string, nodeId: string, max: number): Promise<z.infer<typeof Sent>[]> {
  return rows(
    db,
    Sent,
    `select i.digest as platform_digest, w.namespace, w.kind as workload_kind, w.name as workload, b.state,
        coalesce((select jsonb_agg(h.behaviour) from baseline_behaviour h where h.baseline_id = b.id and h.standing <> 'outside'), '[]') as behaviours
       from baseline b join workload w on w.id = b.workload_id join image i on i.id = b.image_id
      where b.cluster_id = $1 and b.state <> 'learn' and (w.node_id is null or w.node_id = $2) order by b.watched_until desc nulls last, b.id limit $3`,
    [clusterId, nodeId, max],
  );
}
