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

/** Of one report, each class once. `lost` is what was lost since the report before. An interval that lost nothing does not take up one that did. */
export async function extendIntervals(db: Transaction, reporter: Reporter, classes: readonly { eventClass: string; attached: boolean; lost: number }[], at: Date): Promise<void> {
  await run(
    db,
    `with said as materialized (select event_class, attached, lost from jsonb_to_recordset($2::jsonb) r(event_class text, attached boolean, lost bigint)),
       latest as materialized (select s.event_class, s.attached, s.lost, i.id from said s
         cross join lateral (select id from coverage_interval where sensor_id = $1 and event_class = s.event_class order by until desc limit 1) i),
       extended as (
         update coverage_interval i set until = greatest(i.until, $3), lost = i.lost + l.lost from latest l
          where i.id = l.id and i.attached = l.attached and (i.lost > 0) = (l.lost > 0) and i.until >= $3::timestamptz - make_interval(mins => $4) and i.since >= date_trunc('day', $3::timestamptz)
         returning i.event_class)
     insert into coverage_interval (cluster_id, node_id, sensor_id, event_class, attached, since, until, lost)
     select $5, $6, $1, event_class, attached, $3, $3, lost from said where event_class not in (select event_class from extended) order by event_class`,
    [reporter.sensorId, JSON.stringify(classes.map((one) => ({ event_class: one.eventClass, attached: one.attached, lost: one.lost }))), at, coverageSilenceMinutes, reporter.clusterId, reporter.nodeId],
  );
}

/** The round before and when it was received; absent where there was none. */
const PreviousRound = z.object({ canaries: z.unknown() });

export async function lastCanaries(db: Transaction, sensorId: string): Promise<unknown> {
  return (await firstRow(db, PreviousRound, 'select canaries from sensor_report where sensor_id = $1 for update', [sensorId]))?.canaries ?? undefined;
}

export async function putCanaries(db: Transaction, sensorId: string, canaries: unknown, receivedAt: Date): Promise<void> {
  await run(db, 'update sensor_report set canaries = $2, canaries_at = $3 where sensor_id = $1', [sensorId, JSON.stringify(canaries), receivedAt]);
}
