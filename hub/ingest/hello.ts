/**
 * Hello: whether a sensor or a cluster part may speak for its epoch. The judgement is link/protocol's; here
 * it is made under a lock and its state kept. A new boot of the node ends what ran in the one before.
 */
import { randomBytes } from 'node:crypto';
import { judgeHello, type HelloJudgement, type SessionState } from '@vedette/link/protocol/hello';
import type { NodeFacts } from '@vedette/model/wire/generated/link_pb';
import { beginContainers, closeRunIfEmpty, endContainersOfOtherBoots, queueAssessment } from '../store/containers.ts';
import type { Database, Transaction } from '../store/database.ts';
import { addCertificate, lockSpeakingSensor, storeHello, storeLinkState, storeNodeFacts, type NodeRow } from '../store/fleet.ts';
import { watermarksOf } from '../store/intake.ts';
import { endProcessesOfOtherBoots } from '../store/processes.ts';
import { text } from './clean.ts';
import { nodeRow, type MadeCertificate } from './join.ts';

export const schemaVersionMin = 1;

export interface HelloSaid {
  readonly epoch: string;
  readonly session: string;
  readonly nonce: string;
  readonly schemaVersion: number;
  readonly node: NodeFacts | undefined;
  readonly sentAtMs: number;
}

export type HelloAnswer =
  | { readonly kind: 'accepted'; readonly session: string; readonly watermarks: readonly { stream: string; sequence: number }[]; readonly kubernetesNode: string }
  | { readonly kind: 'epoch-conflict' | 'schema-too-old'; readonly reason: string }
  | { readonly kind: 'removed' };

export async function helloFrom(database: Database, sensorId: string, said: HelloSaid, now: Date): Promise<HelloAnswer> {
  return database.patient(async (db) => {
    const sensor = await lockSpeakingSensor(db, sensorId, 'hello');
    if (sensor === undefined || sensor.removed) return { kind: 'removed' };
    const known = (sensor.link_state ?? undefined) as SessionState | undefined;
    const judgement: HelloJudgement = judgeHello(known, said, { schemaVersionMin, chance: randomBytes(16).toString('hex') });
    if (judgement.kind !== 'accepted') return judgement;
    await storeLinkState(db, sensorId, judgement.state);
    const skewMs = Number.isFinite(said.sentAtMs) ? said.sentAtMs - now.getTime() : 0;
    await storeHello(db, sensorId, { version: text(said.node?.sensorVersion ?? '', 100), clockSkewMs: skewMs }, now);
    if (sensor.kind === 'sensor' && said.node !== undefined && said.node.bootId !== '') await nodeSaid(db, nodeRow(sensor.node_id, sensor.cluster_id, said.node), sensor.boot_id, now);
    return { kind: 'accepted', session: judgement.session, watermarks: await watermarksOf(db, sensorId, said.epoch), kubernetesNode: sensor.kubernetes_node };
  });
}

async function nodeSaid(db: Transaction, node: NodeRow, bootBefore: string, now: Date): Promise<void> {
  await storeNodeFacts(db, node);
  if (node.bootId === bootBefore) return;
  await beginContainers(db, node.clusterId, []);
  await endProcessesOfOtherBoots(db, node.id, node.bootId);
  for (const { workload_id: workloadId, image_id: imageId } of await endContainersOfOtherBoots(db, node.id, node.bootId, now)) {
    if (workloadId === null) continue;
    await closeRunIfEmpty(db, workloadId, imageId, now);
    await queueAssessment(db, 'workload', [workloadId]);
  }
}

/** A sensor that was removed may not renew; the new certificate is written down in the same transaction. */
export async function renewSensor(database: Database, sensorId: string, certify: () => Promise<MadeCertificate>): Promise<'renewed' | 'removed'> {
  return database.transaction(async (db) => {
    const sensor = await lockSpeakingSensor(db, sensorId, 'delivery');
    if (sensor === undefined || sensor.removed) return 'removed';
    await addCertificate(db, { ...(await certify()), clusterId: sensor.cluster_id, sensorId });
    return 'renewed';
  });
}
