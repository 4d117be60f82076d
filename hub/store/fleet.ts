/**
 * Clusters, nodes, sensors, certificates and join tokens: what joining, hello and removal write, and the look-ups the
 * link needs about the one sensor that is speaking. People's views of the fleet are in read-fleet.ts.
 */
import type { Scope } from '@vedette/model/access';
import { z } from 'zod';
import { firstRow, rows, run, type Db, type Transaction } from './database.ts';
import { inScope, placesIn } from './scope.ts';

export type PartKind = 'sensor' | 'cluster';

export interface NodeRow {
  readonly id: string;
  readonly clusterId: string;
  readonly hostname: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly distribution: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly cgroupMode: string;
}

const ClusterId = z.object({ id: z.string() });

/** The cluster of that name; made when there is none. */
export async function clusterNamed(db: Db, id: string, name: string, now: Date): Promise<string> {
  await run(db, 'insert into cluster (id, name, created_at) values ($1, $2, $3) on conflict (name) do nothing', [id, name, now]);
  const found = await firstRow(db, ClusterId, 'select id from cluster where name = $1', [name]);
  return found?.id ?? id;
}

export async function addNode(db: Db, node: NodeRow, now: Date): Promise<void> {
  await run(
    db,
    `insert into node (id, cluster_id, hostname, kernel, architecture, distribution, boot_id, machine_id, cgroup_mode, joined_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [node.id, node.clusterId, node.hostname, node.kernel, node.architecture, node.distribution, node.bootId, node.machineId, node.cgroupMode, now],
  );
}

export async function addSensor(db: Db, sensor: { id: string; clusterId: string; nodeId: string; version: string }, now: Date): Promise<void> {
  await run(db, 'insert into sensor (id, cluster_id, node_id, version, joined_at) values ($1, $2, $3, $4, $5)', [sensor.id, sensor.clusterId, sensor.nodeId, sensor.version, now]);
  await run(db, 'insert into sensor_report (sensor_id, cluster_id) values ($1, $2)', [sensor.id, sensor.clusterId]);
}

export async function addCertificate(db: Db, certificate: { serial: string; clusterId: string; sensorId: string; issuedAt: Date; expiresAt: Date }): Promise<void> {
  await run(db, 'insert into certificate (serial, cluster_id, sensor_id, issued_at, expires_at) values ($1, $2, $3, $4, $5) on conflict (serial) do nothing', [
    certificate.serial,
    certificate.clusterId,
    certificate.sensorId,
    certificate.issuedAt,
    certificate.expiresAt,
  ]);
}

export async function addJoinToken(db: Db, token: { secretHash: Buffer; clusterId: string; createdBy: string; createdAt: Date; expiresAt: Date; part?: PartKind }): Promise<void> {
  await run(db, 'insert into join_token (secret_hash, cluster_id, created_by, created_at, expires_at, part) values ($1, $2, $3, $4, $5, $6)', [
    token.secretHash,
    token.clusterId,
    token.createdBy,
    token.createdAt,
    token.expiresAt,
    token.part ?? 'sensor',
  ]);
}

const UsedToken = z.object({ cluster_id: z.string() });
const JoinedBefore = z.object({ sensor_id: z.string(), node_id: z.string().nullable(), cluster_id: z.string() });

export type TokenUse =
  | { readonly kind: 'fresh'; readonly clusterId: string }
  /** The same key asks again: its answer was lost. */
  | { readonly kind: 'again'; readonly sensorId: string; readonly nodeId: string; readonly clusterId: string }
  | { readonly kind: 'refused' };

/** Uses the token up; refused when it is unknown, too old, or was used by another key. */
export async function useJoinToken(db: Transaction, secretHash: Buffer, part: PartKind, sensorId: string, keyFingerprint: string, now: Date): Promise<TokenUse> {
  const used = await firstRow(
    db,
    UsedToken,
    'update join_token set used_at = $3, used_by = $2, used_key = $4 where secret_hash = $1 and used_at is null and expires_at > $3 and part = $5 returning cluster_id',
    [secretHash, sensorId, now, keyFingerprint, part],
  );
  if (used !== undefined) return { kind: 'fresh', clusterId: used.cluster_id };
  const before = await firstRow(
    db,
    JoinedBefore,
    `select s.id as sensor_id, s.node_id, s.cluster_id from join_token t join sensor s on s.id = t.used_by
      where t.secret_hash = $1 and t.used_key = $2 and t.expires_at > $3 and t.part = $4 and s.removed_at is null`,
    [secretHash, keyFingerprint, now, part],
  );
  return before === undefined ? { kind: 'refused' } : { kind: 'again', sensorId: before.sensor_id, nodeId: before.node_id ?? '', clusterId: before.cluster_id };
}

const Speaking = z.object({
  id: z.string(),
  cluster_id: z.string(),
  /** Empty, as what follows from it, for a cluster part: it is on no node. */
  node_id: z.string(),
  boot_id: z.string(),
  hostname: z.string(),
  kubernetes_node: z.string(),
  kind: z.enum(['sensor', 'cluster']),
  removed: z.boolean(),
  link_state: z.unknown(),
});
export type SpeakingSensor = z.infer<typeof Speaking>;

const speaking = `select s.id, s.cluster_id, s.kind, coalesce(s.node_id::text, '') as node_id, coalesce(n.boot_id, '') as boot_id, coalesce(n.hostname, '') as hostname,
    coalesce(n.kubernetes_name, '') as kubernetes_node, s.removed_at is not null as removed, s.link_state from sensor s left join node n on n.id = s.node_id where s.id = $1`;

/** The sensor that speaks now, by the id in its certificate. */
export async function speakingSensor(db: Db, sensorId: string): Promise<SpeakingSensor | undefined> {
  return firstRow(db, Speaking, speaking, [sensorId]);
}

/** The same, locked until the transaction ends: `hello` excludes everything else of the sensor, `delivery` only hellos. */
export async function lockSpeakingSensor(db: Transaction, sensorId: string, what: 'hello' | 'delivery'): Promise<SpeakingSensor | undefined> {
  return firstRow(db, Speaking, `${speaking} for ${what === 'hello' ? 'update' : 'share'} of s`, [sensorId]);
}

export async function storeLinkState(db: Transaction, sensorId: string, state: unknown): Promise<void> {
  await run(db, 'update sensor set link_state = $2 where id = $1', [sensorId, JSON.stringify(state)]);
}

export async function storeHello(db: Transaction, sensorId: string, said: { version: string; clockSkewMs: number }, now: Date): Promise<void> {
  await run(db, 'update sensor set version = $2 where id = $1', [sensorId, said.version]);
  await run(db, 'update sensor_report set clock_skew_ms = $2, last_seen_at = $3 where sensor_id = $1', [sensorId, said.clockSkewMs, now]);
}

/** What the node says of itself may change between two hellos: a new kernel, a new boot. */
export async function storeNodeFacts(db: Transaction, node: NodeRow): Promise<void> {
  await run(
    db,
    `update node set hostname = $2, kernel = $3, architecture = $4, distribution = $5, boot_id = $6, machine_id = $7, cgroup_mode = $8
      where id = $1 and (hostname, kernel, architecture, distribution, boot_id, machine_id, cgroup_mode) is distinct from ($2, $3, $4, $5, $6, $7, $8)`,
    [node.id, node.hostname, node.kernel, node.architecture, node.distribution, node.bootId, node.machineId, node.cgroupMode],
  );
}

export async function touchSensors(db: Db, sensorIds: readonly string[], now: Date): Promise<void> {
  // what somebody is writing just now is of a sensor that is heard: waiting for it would hold the rows of the others
  await run(
    db,
    `update sensor_report set last_seen_at = $2 where sensor_id in (
       select sensor_id from sensor_report where sensor_id = any($1::uuid[]) and (last_seen_at is null or last_seen_at < $2) order by sensor_id for update skip locked)`,
    [sensorIds, now],
  );
}

const Removed = z.object({ cluster_id: z.string(), node_id: z.string().nullable() });

/** Its certificate is refused from now on; where it was, or undefined when there is none (left). */
export async function markSensorRemoved(db: Transaction, scope: Scope, sensorId: string, now: Date): Promise<{ clusterId: string; nodeId: string | null } | undefined> {
  const removed = await firstRow(
    db,
    Removed,
    `update sensor s set removed_at = $3, link_state = null where s.id = $2 and s.removed_at is null and ${inScope('s.cluster_id')} returning s.cluster_id, s.node_id`,
    [placesIn(scope), sensorId, now],
  );
  return removed === undefined ? undefined : { clusterId: removed.cluster_id, nodeId: removed.node_id };
}

const Generation = z.object({ value: z.number() });

/** Sets that are pushed to sensors as wholes. */
export type PushedSet = 'policies' | 'rules' | 'image-verdicts' | 'baselines';

/** One number for the whole set; it only grows. */
export async function nextGeneration(db: Transaction, kind: PushedSet): Promise<number> {
  const found = await rows(db, Generation, 'update generation set value = value + 1 where kind = $1 returning value', [kind]);
  return found[0]?.value ?? 0;
}

export async function currentGeneration(db: Db, kind: PushedSet): Promise<number> {
  return (await firstRow(db, Generation, 'select value from generation where kind = $1', [kind]))?.value ?? 0;
}

const Usual = z.object({ architecture: z.string() });

/** As most nodes of the cluster have it; undefined: none is known. */
export async function usualArchitecture(db: Db, clusterId: string): Promise<string | undefined> {
  return (await firstRow(db, Usual, 'select architecture from node where cluster_id = $1 group by architecture order by count(*) desc, architecture limit 1', [clusterId]))?.architecture;
}
