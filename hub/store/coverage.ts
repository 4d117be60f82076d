/**
 * What a sensor says it sees. The last report is kept whole; beside it, intervals per event class in which the answer
 * was the same, so that every zero of the past can be read together with what was seen at that time.
 */
import { z } from 'zod';
import { firstRow, run, type Transaction } from './database.ts';
import type { Reporter } from './intake.ts';

/** A silence longer than this between two reports ends an interval. */
export const coverageSilenceMinutes = 10;

const Previous = z.object({ coverage: z.unknown() });

/** Stores the report and answers the one before it. What its rules cannot do is told only when that has changed. */
export async function putCoverage(db: Transaction, reporter: Reporter, coverage: unknown, rulesTold: boolean, at: Date): Promise<unknown> {
  const previous = await firstRow(db, Previous, 'select coverage from sensor_report where sensor_id = $1 for update', [reporter.sensorId]);
  await run(db, `update sensor_report set coverage = $2::jsonb || case when $4 or coverage -> 'ruleReach' is null then '{}'::jsonb else jsonb_build_object('ruleReach', coverage -> 'ruleReach') end, reported_at = $3 where sensor_id = $1`, [reporter.sensorId, JSON.stringify(coverage), at, rulesTold]);
  return previous?.coverage ?? undefined;
}

/** `lost` is what was lost since the report before. An interval that lost nothing does not take up one that did. */
export async function extendInterval(db: Transaction, reporter: Reporter, one: { eventClass: string; attached: boolean; lost: number }, at: Date): Promise<void> {
  const extended = await run(
    db,
    `update coverage_interval set until = greatest(until, $4), lost = lost + $5
      where id = (select id from coverage_interval where sensor_id = $1 and event_class = $2 order by until desc limit 1)
        and attached = $3 and (lost > 0) = ($5 > 0) and until >= $4::timestamptz - make_interval(mins => $6) and since >= date_trunc('day', $4::timestamptz)`,
    [reporter.sensorId, one.eventClass, one.attached, at, one.lost, coverageSilenceMinutes],
  );
  if (extended > 0) return;
  await run(db, 'insert into coverage_interval (cluster_id, node_id, sensor_id, event_class, attached, since, until, lost) values ($1, $2, $3, $4, $5, $6, $6, $7)', [
    reporter.clusterId,
    reporter.nodeId,
    reporter.sensorId,
    one.eventClass,
    one.attached,
    at,
    one.lost,
  ]);
}

/** The round before and when it was received; absent where there was none. */
const PreviousRound = z.object({ canaries: z.unknown() });

export async function lastCanaries(db: Transaction, sensorId: string): Promise<unknown> {
  return (await firstRow(db, PreviousRound, 'select canaries from sensor_report where sensor_id = $1 for update', [sensorId]))?.canaries ?? undefined;
}

export async function putCanaries(db: Transaction, sensorId: string, canaries: unknown, receivedAt: Date): Promise<void> {
  await run(db, 'update sensor_report set canaries = $2, canaries_at = $3 where sensor_id = $1', [sensorId, JSON.stringify(canaries), receivedAt]);
}
