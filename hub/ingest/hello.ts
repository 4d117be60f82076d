/**
 * Joining and hello: who a sensor is, and whether it may speak for its epoch. The judgement is link/protocol's; here
 * it is made under a lock and its state kept. A new boot of the node ends what ran in the one before.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { judgeHello, type HelloJudgement, type SessionState } from '@vedette/link/protocol/hello';
import type { NodeFacts } from '@vedette/model/wire/generated/link_pb';
import { closeRunIfEmpty, endContainersOfOtherBoots, queueAssessment } from '../store/containers.ts';
import type { Database, Transaction } from '../store/database.ts';
import { addCertificate, addNode, addSensor, lockSpeakingSensor, storeHello, storeLinkState, storeNodeFacts, useJoinToken, type NodeRow } from '../store/fleet.ts';
import { watermarksOf } from '../store/intake.ts';
import { endProcessesOfOtherBoots } from '../store/processes.ts';
import { text } from './clean.ts';

export const schemaVersionMin = 1;

export interface Joined {
  readonly sensorId: string;
  readonly nodeId: string;
  readonly clusterId: string;
}

export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function nodeRow(id: string, clusterId: string, facts: NodeFacts | undefined): NodeRow {
  return {
    id,
    clusterId,
    hostname: text(facts?.hostname ?? '', 253) || 'unnamed',
    kernel: text(facts?.kernelRelease ?? '', 200),
    architecture: text(facts?.architecture ?? '', 32),
    distribution: text(facts?.distribution ?? '', 200),
    bootId: text(facts?.bootId ?? '', 64),
    machineId: text(facts?.machineId ?? '', 64),
    cgroupMode: text(facts?.cgroupMode ?? '', 16),
  };
}

export interface MadeCertificate {
  readonly serial: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface JoinClaim {
  readonly tokenSecret: string;
  readonly node: NodeFacts | undefined;
  readonly keyFingerprint: string;
}

/**
 * Uses a join token up and gives the sensor and its node their ids; the same key asking again gets the ids it had.
 * `certify` makes the certificate for the sensor's id; when it fails, the token is not used up.
 */
export async function joinSensor<T extends MadeCertificate>(database: Database, claim: JoinClaim, certify: (joined: Joined) => Promise<T>, now: Date): Promise<{ joined: Joined; made: T } | undefined> {
  return database.transaction(async (db) => {
    const fresh = { sensorId: randomUUID(), nodeId: randomUUID() };
    const use = await useJoinToken(db, hashOfSecret(claim.tokenSecret), fresh.sensorId, claim.keyFingerprint, now);
    if (use.kind === 'refused') return undefined;
    const joined: Joined = use.kind === 'again' ? { sensorId: use.sensorId, nodeId: use.nodeId, clusterId: use.clusterId } : { ...fresh, clusterId: use.clusterId };
    if (use.kind === 'fresh') {
      await addNode(db, nodeRow(joined.nodeId, joined.clusterId, claim.node), now);
      await addSensor(db, { id: joined.sensorId, clusterId: joined.clusterId, nodeId: joined.nodeId, version: text(claim.node?.sensorVersion ?? '', 100) }, now);
    }
    const made = await certify(joined);
    await addCertificate(db, { serial: made.serial, clusterId: joined.clusterId, sensorId: joined.sensorId, issuedAt: made.issuedAt, expiresAt: made.expiresAt });
    return { joined, made };
  });
}

export interface HelloSaid {
  readonly epoch: string;
  readonly session: string;
  readonly nonce: string;
  readonly schemaVersion: number;
  readonly node: NodeFacts | undefined;
  readonly sentAtMs: number;
}

export type HelloAnswer =
  | { readonly kind: 'accepted'; readonly session: string; readonly watermarks: readonly { stream: string; sequence: number }[] }
  | { readonly kind: 'epoch-conflict' | 'schema-too-old'; readonly reason: string }
  | { readonly kind: 'removed' };

export async function helloFrom(database: Database, sensorId: string, said: HelloSaid, now: Date): Promise<HelloAnswer> {
  return database.transaction(async (db) => {
    const sensor = await lockSpeakingSensor(db, sensorId, 'hello');
    if (sensor === undefined || sensor.removed) return { kind: 'removed' };
    const known = (sensor.link_state ?? undefined) as SessionState | undefined;
    const judgement: HelloJudgement = judgeHello(known, said, { schemaVersionMin, chance: randomBytes(16).toString('hex') });
    if (judgement.kind !== 'accepted') return judgement;
    await storeLinkState(db, sensorId, judgement.state);
    const skewMs = Number.isFinite(said.sentAtMs) ? said.sentAtMs - now.getTime() : 0;
    await storeHello(db, sensorId, { version: text(said.node?.sensorVersion ?? '', 100), clockSkewMs: skewMs }, now);
    if (said.node !== undefined && said.node.bootId !== '') await nodeSaid(db, nodeRow(sensor.node_id, sensor.cluster_id, said.node), sensor.boot_id, now);
    return { kind: 'accepted', session: judgement.session, watermarks: await watermarksOf(db, sensorId, said.epoch) };
  });
}

async function nodeSaid(db: Transaction, node: NodeRow, bootBefore: string, now: Date): Promise<void> {
  await storeNodeFacts(db, node);
  if (node.bootId === bootBefore) return;
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
