/**
 * Intake by high-water mark, one transaction a batch: lock the mark, admit, apply the records, move the mark, commit,
 * then answer. A batch is therefore applied exactly once, whatever is doubled, late or cut off by a crash. A batch that
 * cannot be used is a counted rejection that moves the mark, so that it cannot block its stream; what the database
 * refuses for reasons of its own (away, full, deadlock) is not acknowledged, and the sensor sends it again.
 */
import { admit } from '@vedette/link/protocol/admit';
import { judgeDelivery, type SessionState } from '@vedette/link/protocol/hello';
import type { Batch, StreamName } from '@vedette/link/protocol/streams';
import type { LiveTopic } from '@vedette/model/api/table';
import { isDataError, isTransient, sqlState, type Database, type Transaction } from '../store/database.ts';
import { lockSpeakingSensor, speakingSensor, storeLinkState, touchSensors, type SpeakingSensor } from '../store/fleet.ts';
import { addGap, keepRejectedBatch, lockWatermark, moveWatermark, type StreamKey } from '../store/intake.ts';
import { dayOf } from '../store/partitions.ts';
import { applyPayload, readPayload, UnreadableBatch, type Applied } from './apply.ts';
import type { IntakeCounters } from './counters.ts';
import type { Origin } from './origin.ts';

export interface Delivery {
  readonly epoch: string;
  readonly session: string;
  readonly stream: StreamName;
  readonly batches: readonly Batch[];
}

export type DeliveryAnswer =
  | { readonly kind: 'accepted'; readonly watermark: number; readonly duplicates: number }
  | { readonly kind: 'gap'; readonly watermark: number; readonly reason: string }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'removed' };

export interface IntakeDoors {
  readonly database: Database;
  readonly now: () => Date;
  readonly counters: IntakeCounters;
  /** Called after the commit. */
  readonly changed: (topics: ReadonlySet<LiveTopic>, clusterId: string) => void;
  /** Likewise: what changed in containers of a node, for those who see only some namespaces. */
  readonly changedInContainers: (inContainers: Applied['inContainers'], where: { readonly clusterId: string; readonly nodeId: string }) => void;
  readonly log: (level: 'warn' | 'error', message: string, data: Readonly<Record<string, unknown>>) => void;
}

/** So long one delivery is worked at: what it holds beyond that is asked for again, well before the sensor takes the hub for silent. */
const deliveryMsMax = 5000;
/** A batch that the living database refuses this often is given up as rejected. */
const refusalsMax = 5;
const refusalsRemembered = 1000;
/** That a sensor lives is written at most this often; the command stream says it too. */
const heardEveryMs = 10_000;

type BatchOutcome =
  | { readonly kind: 'applied'; readonly applied: Applied | undefined; readonly sequence: number; readonly duplicates: number; readonly sensor: SpeakingSensor }
  | { readonly kind: 'nothing'; readonly watermark: number; readonly duplicates: number }
  | Exclude<DeliveryAnswer, { kind: 'accepted' }>;

export function makeIntake(doors: IntakeDoors): (sensorId: string, delivery: Delivery) => Promise<DeliveryAnswer> {
  const refusals = new Map<string, number>();
  const heardAt = new Map<string, number>();
  const heardFrom = async (sensorId: string): Promise<void> => {
    const now = doors.now();
    if (now.getTime() - (heardAt.get(sensorId) ?? 0) < heardEveryMs) return;
    heardAt.set(sensorId, now.getTime());
    await touchSensors(doors.database, [sensorId], now);
  };
  return async (sensorId, delivery) => {
    const untilMs = performance.now() + deliveryMsMax;
    let rest = delivery.batches;
    let duplicates: number | undefined;
    for (;;) {
      const outcome = await oneBatch(doors, refusals, sensorId, { ...delivery, batches: rest });
      if (outcome.kind === 'gap' || outcome.kind === 'stale' || outcome.kind === 'removed') {
        if (outcome.kind === 'gap') doors.counters.gaps += 1;
        return outcome;
      }
      duplicates ??= outcome.duplicates;
      if (outcome.kind === 'nothing') {
        doors.counters.duplicates += duplicates;
        await heardFrom(sensorId);
        return { kind: 'accepted', watermark: outcome.watermark, duplicates };
      }
      if (outcome.applied !== undefined) {
        doors.counters.applied(outcome.applied.recordsByKind, outcome.applied.refused);
        doors.changed(outcome.applied.topics, outcome.sensor.cluster_id);
        doors.changedInContainers(outcome.applied.inContainers, { clusterId: outcome.sensor.cluster_id, nodeId: outcome.sensor.node_id });
      }
      rest = rest.filter((batch) => batch.sequence > outcome.sequence);
      if (performance.now() > untilMs) return { kind: 'accepted', watermark: outcome.sequence, duplicates };
    }
  };
}

/** Applies the first batch of the delivery that is not applied yet. */
async function oneBatch(doors: IntakeDoors, refusals: Map<string, number>, sensorId: string, delivery: Delivery): Promise<BatchOutcome> {
  const refusalKey = `${sensorId} ${delivery.epoch} ${delivery.stream}`;
  try {
    const outcome = await doors.database.patient((db) => inTransaction(doors, db, sensorId, delivery, (refusals.get(refusalKey) ?? 0) >= refusalsMax));
    refusals.delete(refusalKey);
    return outcome;
  } catch (error) {
    // that others are in the way says nothing of the batch
    if (sqlState(error) !== undefined && !isTransient(error) && refusals.size < refusalsRemembered) refusals.set(refusalKey, (refusals.get(refusalKey) ?? 0) + 1);
    throw error;
  }
}

async function inTransaction(doors: IntakeDoors, db: Transaction, sensorId: string, delivery: Delivery, giveUp: boolean): Promise<BatchOutcome> {
  const judged = await holdSession(db, sensorId, delivery);
  if (judged.kind !== 'ours') return judged;
  const { sensor } = judged;
  const now = doors.now();
  const key: StreamKey = { sensorId, clusterId: sensor.cluster_id, epoch: delivery.epoch, stream: delivery.stream };
  const watermark = await lockWatermark(db, key, now);
  const admission = admit(watermark, delivery.batches);
  if (admission.kind === 'gap') return { kind: 'gap', watermark, reason: `Expected batch ${admission.expected}, found ${admission.found}.` };
  const batch = admission.apply[0];
  if (batch === undefined) return { kind: 'nothing', watermark, duplicates: admission.duplicates };
  const applied = giveUp ? new Error('the database refused it repeatedly') : await applyGuarded(db, batch, sensor, now);
  if (applied instanceof Error) await reject(doors, db, key, sensor, batch, applied, now);
  await moveWatermark(db, key, batch.sequence, now);
  return { kind: 'applied', applied: applied instanceof Error ? undefined : applied, sequence: batch.sequence, duplicates: admission.duplicates, sensor };
}

/** Whether this session may deliver; the first delivery under an offered session uses the offer up, in this transaction. */
async function holdSession(db: Transaction, sensorId: string, delivery: Delivery): Promise<{ kind: 'ours'; sensor: SpeakingSensor } | { kind: 'stale'; reason: string } | { kind: 'removed' }> {
  const glance = await speakingSensor(db, sensorId);
  const usesOffer = glance !== undefined && judgementOf(glance, delivery).changes;
  const sensor = await lockSpeakingSensor(db, sensorId, usesOffer ? 'hello' : 'delivery');
  if (sensor === undefined || sensor.removed) return { kind: 'removed' };
  const { judgement, changes } = judgementOf(sensor, delivery);
  if (judgement.kind === 'stale') return judgement;
  if (changes) await storeLinkState(db, sensorId, judgement.state);
  return { kind: 'ours', sensor };
}

function judgementOf(sensor: SpeakingSensor, delivery: Delivery): { judgement: ReturnType<typeof judgeDelivery>; changes: boolean } {
  const known = (sensor.link_state ?? undefined) as SessionState | undefined;
  const judgement = judgeDelivery(known, delivery);
  return { judgement, changes: judgement.kind === 'ours' && judgement.state !== known };
}

/** The error is a value when the batch itself is at fault; everything else is thrown. */
async function applyGuarded(db: Transaction, batch: Batch, sensor: SpeakingSensor, now: Date): Promise<Applied | Error> {
  try {
    const payload = readPayload(batch.payload);
    const origin: Origin = {
      sensorId: sensor.id,
      clusterId: sensor.cluster_id,
      part: sensor.kind,
      nodeId: sensor.node_id,
      hostname: sensor.hostname,
      bootId: payload.bootId,
      wallOffsetNs: payload.wallOffsetNs,
      receivedAt: now,
      day: dayOf(now),
      isCurrentBoot: payload.bootId === sensor.boot_id,
    };
    return await db.savepoint(() => applyPayload(db, payload, origin));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof UnreadableBatch || isDataError(error) || sqlState(error) === undefined) return error;
    throw error;
  }
}

async function reject(doors: IntakeDoors, db: Transaction, key: StreamKey, sensor: SpeakingSensor, batch: Batch, error: Error, now: Date): Promise<void> {
  const reason = error instanceof UnreadableBatch ? error.message : isDataError(error) ? 'content that cannot be stored' : 'content that the hub could not apply';
  await keepRejectedBatch(db, key, batch.sequence, `${reason}: ${error.message}`.replaceAll('\0', '').slice(0, 1000), batch.payload, now);
  await addGap(db, { sensorId: sensor.id, clusterId: sensor.cluster_id, nodeId: sensor.node_id }, 'batch-rejected', reason, 1, now);
  doors.counters.batchesRejected += 1;
  const isOurFault = !(error instanceof UnreadableBatch) && !isDataError(error);
  doors.log(isOurFault ? 'error' : 'warn', 'a batch was rejected', { sensor: key.sensorId, stream: key.stream, sequence: batch.sequence, reason, error: isOurFault ? (error.stack ?? error.message) : error.message });
}
