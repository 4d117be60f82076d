/**
 * Effects between the store and the wire: what a sensor or a cluster part is asked to do, as the whole set of what it has not reported, and its reports. A
 * report counts only from whoever was asked; what came of it is the step respond's to say. What is said of it after that (its container is gone, it
 * ended by itself) is kept beside it and written into the audit; it changes nothing of the run, which has ended with the first word.
 */
import { create } from '@bufbuild/protobuf';
import { EffectCommandSchema, type EffectCommand } from '@vedette/model/wire/generated/link_pb';
import type { EffectReport } from '@vedette/model/wire/generated/record_pb';
import { reportedState } from '@vedette/model/playbook-words';
import { z } from 'zod';
import { addAudit } from '../store/access.ts';
import type { Db, Transaction } from '../store/database.ts';
import { effectsAskedOf, laterReportsMax, reportResponseEffect, type ResponseEffectRow } from '../store/responses.ts';
import { plausible, RefusedRecord, text } from './clean.ts';
import type { Origin } from './origin.ts';

export interface Receiver {
  readonly kind: 'sensor' | 'cluster';
  readonly clusterId: string;
  /** Empty for a cluster part. */
  readonly nodeId: string;
}

const containerId = z.string();
const workload = { namespace: z.string(), workloadKind: z.string(), workload: z.string() };

/** As hub/respond/plan.ts writes them. */
const Order = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kill'), containerId, tgid: z.number(), startBootNs: z.string() }),
  z.object({ kind: z.literal('freeze'), containerId }),
  z.object({ kind: z.literal('isolate-container'), containerId, allowCidrs: z.array(z.string()) }),
  z.object({ kind: z.literal('isolate-pod'), namespace: z.string(), pod: z.string(), podUid: z.string() }),
  z.object({ kind: z.literal('scale-to-zero'), ...workload }),
  z.object({ kind: z.literal('roll-back'), ...workload, badDigests: z.array(z.string()) }),
]);

function kindOf(order: z.infer<typeof Order>): EffectCommand['kind'] {
  switch (order.kind) {
    case 'kill':
      return { case: 'kill', value: { $typeName: 'vedette.link.v1.KillProcesses', containerId: order.containerId, tgid: order.tgid, startBootNs: BigInt(order.startBootNs) } };
    case 'freeze':
      return { case: 'freeze', value: { $typeName: 'vedette.link.v1.FreezeContainer', containerId: order.containerId } };
    case 'isolate-container':
      return { case: 'isolate', value: { $typeName: 'vedette.link.v1.IsolateContainer', containerId: order.containerId, allowCidrs: order.allowCidrs } };
    case 'isolate-pod':
      return { case: 'isolatePod', value: { $typeName: 'vedette.link.v1.IsolatePod', namespace: order.namespace, pod: order.pod, podUid: order.podUid } };
    case 'scale-to-zero':
      return { case: 'scale', value: { $typeName: 'vedette.link.v1.ScaleWorkload', namespace: order.namespace, workloadKind: order.workloadKind, workload: order.workload, replicas: 0 } };
    case 'roll-back':
      return { case: 'rollBack', value: { $typeName: 'vedette.link.v1.RollBackWorkload', namespace: order.namespace, workloadKind: order.workloadKind, workload: order.workload, badDigests: order.badDigests } };
    default:
      return order satisfies never;
  }
}

export function effectCommand(row: Pick<ResponseEffectRow, 'id' | 'undo' | 'dry_run' | 'expires_at' | 'run_id' | 'command'>): EffectCommand {
  return create(EffectCommandSchema, { effectId: row.id, undo: row.undo, dryRun: row.dry_run, expiresAtMs: BigInt(row.expires_at.getTime()), reason: `response ${row.run_id}`, kind: kindOf(Order.parse(row.command)) });
}

export async function effectSetOf(db: Db, receiver: Receiver): Promise<EffectCommand[]> {
  return (await effectsAskedOf(db, receiver)).map(effectCommand);
}

const evidenceCharactersMax = 65_536;

function evidenceOf(json: string): unknown {
  if (json === '') return null;
  if (json.length > evidenceCharactersMax) return { problem: 'the evidence was too large and is not kept' };
  try {
    const parsed: unknown = JSON.parse(json.replaceAll('\\u0000', ''));
    return parsed;
  } catch {
    return { problem: 'the evidence could not be read' };
  }
}

export async function effectReported(db: Transaction, record: EffectReport, origin: Origin): Promise<void> {
  const report = { state: text(record.state, 32), detail: text(record.detail, 1000), evidence: evidenceOf(record.evidenceJson), at: plausible(Number(record.atMs), origin.receivedAt).toISOString() };
  const found = await reportResponseEffect(db, { kind: origin.part, clusterId: origin.clusterId, nodeId: origin.nodeId }, { id: text(record.effectId, 64), undo: record.undo }, report);
  if (found === undefined) throw new RefusedRecord('a report of an effect that nobody asked this sender for');
  if (!found.is_later || found.later_before >= laterReportsMax) return;
  const change = `${found.kind} of ${found.target}${record.undo ? ', taken back' : ''}, later: ${reportedState(report.state)}${report.detail === '' ? '' : ` (${report.detail})`}`;
  await addAudit(db, { actor: 'Vedette', action: record.undo ? 'response.undo' : 'response.effect', object: `response:${found.run_id}`, change, clusterId: found.cluster_id, namespace: found.namespace, detail: { effect: record.effectId } }, origin.receivedAt);
}
