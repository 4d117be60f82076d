/**
 * Joining: who gets a certificate, and as what. A sensor with a one-time token becomes a node of the token's cluster. A
 * cluster part with one becomes the part of the cluster whose kube-system UID it names: the same UID is the same cluster
 * whatever it is called, and a name that is another cluster's is refused. A sensor that a cluster part vouches for becomes
 * the sensor of that Kubernetes node, in place of the one before. What is refused leaves the token unused.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { ClusterFacts, NodeFacts } from '@vedette/model/wire/generated/link_pb';
import { addClusterPart, clusterOfPart, hasNodes, identifyCluster, lockCluster, lockClusterOfUid, moveJoinToken, nodeOfKubernetes, retireClusterParts } from '../store/clusters.ts';
import { retireNode } from '../store/containers.ts';
import type { Database, Transaction } from '../store/database.ts';
import { addCertificate, addNode, addSensor, useJoinToken, type NodeRow, type PartKind } from '../store/fleet.ts';
import { text } from './clean.ts';

export interface Joined {
  readonly sensorId: string;
  /** Empty for a cluster part. */
  readonly nodeId: string;
  readonly clusterId: string;
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
  readonly part?: PartKind;
  readonly cluster?: ClusterFacts | undefined;
  readonly vouched?: { readonly byPartId: string; readonly name: string; readonly uid: string } | undefined;
}

export interface JoinDone<T> {
  readonly joined: Joined;
  readonly made: T;
  /** Sensors or cluster parts whose place was taken. */
  readonly retired: readonly string[];
}

/** Rolls the transaction back, so that the token can be used again. */
class RefusedJoin extends Error {}

export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function nodeRow(id: string, clusterId: string, facts: NodeFacts | undefined): NodeRow {
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

/**
 * Gives the joiner its ids; the same key asking again with its token gets the ids it had. `certify` makes the certificate
 * for the joiner's id; when it fails, the token is not used up. Undefined: the token is no good.
 */
export async function joinPart<T extends MadeCertificate>(
  database: Database,
  claim: JoinClaim,
  certify: (joined: Joined) => Promise<T>,
  now: Date,
): Promise<JoinDone<T> | { readonly refused: string } | undefined> {
  try {
    return await database.transaction(async (db) => {
      const place = await placeFor(db, claim, now);
      if (place === undefined) return undefined;
      const { joined, retired } = place;
      const made = await certify(joined);
      await addCertificate(db, { serial: made.serial, clusterId: joined.clusterId, sensorId: joined.sensorId, issuedAt: made.issuedAt, expiresAt: made.expiresAt });
      return { joined, made, retired };
    });
  } catch (error) {
    if (error instanceof RefusedJoin) return { refused: error.message };
    throw error;
  }
}

type Place = { readonly joined: Joined; readonly retired: readonly string[] };

async function placeFor(db: Transaction, claim: JoinClaim, now: Date): Promise<Place | undefined> {
  if (claim.vouched !== undefined) return vouchedPlace(db, claim, claim.vouched, now);
  const part = claim.part ?? 'sensor';
  const sensorId = randomUUID();
  const secretHash = hashOfSecret(claim.tokenSecret);
  const use = await useJoinToken(db, secretHash, part, sensorId, claim.keyFingerprint, now);
  if (use.kind === 'refused') return undefined;
  if (use.kind === 'again') return { joined: { sensorId: use.sensorId, nodeId: use.nodeId, clusterId: use.clusterId }, retired: [] };
  if (part === 'cluster') return clusterPlace(db, claim, { sensorId, clusterId: use.clusterId, secretHash }, now);
  const joined: Joined = { sensorId, nodeId: randomUUID(), clusterId: use.clusterId };
  await addNode(db, nodeRow(joined.nodeId, joined.clusterId, claim.node), now);
  await addSensor(db, { id: sensorId, clusterId: joined.clusterId, nodeId: joined.nodeId, version: versionOf(claim) }, now);
  return { joined, retired: [] };
}

async function clusterPlace(db: Transaction, claim: JoinClaim, token: { sensorId: string; clusterId: string; secretHash: Buffer }, now: Date): Promise<Place> {
  const uid = text(claim.cluster?.uid ?? '', 64);
  if (!/^[0-9A-Za-z-]{8,64}$/.test(uid)) throw new RefusedJoin('A cluster part must say the UID of the namespace kube-system, by which its cluster is known.');
  const known = await lockClusterOfUid(db, uid);
  const named = await lockCluster(db, token.clusterId);
  if (known === undefined && named !== undefined) {
    if (named.uid !== null) throw new RefusedJoin(`The name "${named.name}" belongs to another cluster (kube-system ${named.uid}, this one is ${uid}): ask for a token with another name.`);
    if (named.kind === 'hosts' && (await hasNodes(db, named.id))) throw new RefusedJoin(`"${named.name}" is a group of plain hosts: ask for a token with another name.`);
  }
  const clusterId = known?.id ?? token.clusterId;
  if (clusterId !== token.clusterId) await moveJoinToken(db, token.secretHash, token.clusterId, clusterId);
  await identifyCluster(db, clusterId, uid, text(claim.cluster?.kubernetesVersion ?? '', 64));
  await addClusterPart(db, { id: token.sensorId, clusterId, version: versionOf(claim) }, now);
  const retired = await retireClusterParts(db, clusterId, token.sensorId, now);
  return { joined: { sensorId: token.sensorId, nodeId: '', clusterId }, retired };
}

async function vouchedPlace(db: Transaction, claim: JoinClaim, vouched: NonNullable<JoinClaim['vouched']>, now: Date): Promise<Place> {
  const clusterId = await clusterOfPart(db, vouched.byPartId);
  if (clusterId === undefined) throw new RefusedJoin('The cluster part that vouches for this sensor was removed from the fleet.');
  const kubernetes = { name: text(vouched.name, 253), uid: text(vouched.uid, 64) };
  if (kubernetes.name === '' || kubernetes.uid === '') throw new RefusedJoin('The cluster part does not say on which node this sensor runs.');
  const { nodeId, retired } = await nodeOfKubernetes(db, nodeRow(randomUUID(), clusterId, claim.node), kubernetes, now);
  const sensorId = randomUUID();
  if (retired.length > 0) await retireNode(db, nodeId, now);
  await addSensor(db, { id: sensorId, clusterId, nodeId, version: versionOf(claim) }, now);
  return { joined: { sensorId, nodeId, clusterId }, retired };
}

function versionOf(claim: JoinClaim): string {
  return text(claim.node?.sensorVersion ?? '', 100);
}
