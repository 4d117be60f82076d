/**
 * A round of canaries from the wire to what is kept of the sensor: of each class how it fared, since when, and when it was last seen. The round
 * is counted here and goes no further: a canary is no detection, execution or incident.
 */
import { z } from 'zod';
import type { CanaryRound } from '@vedette/model/wire/generated/record_pb';
import { lastCanaries, putCanaries } from '../store/coverage.ts';
import type { Transaction } from '../store/database.ts';
import { list, RefusedRecord, text, textOrNull } from './clean.ts';
import type { Origin } from './origin.ts';

const outcomes = ['seen', 'missing', 'impossible'] as const;
const Kept = z.object({ classes: z.array(z.object({ eventClass: z.string(), outcome: z.enum(outcomes), since: z.string(), seenAt: z.string().nullable() })) });
const classesMax = 200;

export async function canariesCame(db: Transaction, record: CanaryRound, origin: Origin): Promise<void> {
  const before = Kept.safeParse(await lastCanaries(db, origin.sensorId));
  const known = new Map((before.success ? before.data.classes : []).map((one) => [one.eventClass, one]));
  const at = origin.receivedAt.toISOString();
  const classes = list(record.classes, classesMax, 'classes of canaries').map((one) => {
    const eventClass = text(one.eventClass, 100);
    const outcome = outcomes.find((word) => word === one.outcome);
    if (outcome === undefined) throw new RefusedRecord('a canary with an outcome that is not known');
    const then = known.get(eventClass);
    return { eventClass, outcome, reason: textOrNull(one.reason, 500), since: then?.outcome === outcome ? then.since : at, seenAt: outcome === 'seen' ? at : (then?.seenAt ?? null) };
  });
  // a round that could not be done says nothing of its classes: what was known of them stays, and grows old
  const kept = classes.length === 0 && before.success ? before.data.classes : classes;
  await putCanaries(db, origin.sensorId, { intervalMs: record.intervalMs, problem: textOrNull(record.problem, 500), classes: kept }, origin.receivedAt);
}
