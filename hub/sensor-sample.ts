/** A joined sensor for tests, with a session that may deliver, and numbering of its own. */
import { randomBytes, randomUUID } from 'node:crypto';
import { addJoinToken, clusterNamed } from './store/fleet.ts';
import type { Database } from './store/database.ts';
import { create } from '@bufbuild/protobuf';
import { ClusterFactsSchema, NodeFactsSchema } from '@vedette/model/wire/generated/link_pb';
import type { StreamName } from '@vedette/link/protocol/streams';
import { IntakeCounters } from './ingest/counters.ts';
import { makeIntake, type DeliveryAnswer, type IntakeDoors } from './ingest/deliver.ts';
import { helloFrom } from './ingest/hello.ts';
import { hashOfSecret, joinPart, type Joined } from './ingest/join.ts';
import { payloadBytes, sampleBoot, type RecordInit } from './wire-sample.ts';

export interface SampleSensor extends Joined {
  readonly epoch: string;
  readonly session: string;
  readonly counters: IntakeCounters;
  readonly topics: string[];
  readonly logged: string[];
  /** Sends records as the next batch of the stream. */
  send(records: readonly RecordInit[], stream?: StreamName): Promise<DeliveryAnswer>;
  /** Sends bytes under given sequences. */
  deliver(batches: readonly { sequence: number; payload: Uint8Array }[], stream?: StreamName): Promise<DeliveryAnswer>;
  clock: Date | undefined;
}

export async function sampleSensor(database: Database, options: { cluster?: string; hostname?: string; bootId?: string; bootedAt?: Date; part?: 'sensor' | 'cluster' } = {}): Promise<SampleSensor> {
  const now = new Date();
  const secret = randomBytes(16).toString('hex');
  const clusterId = await clusterNamed(database, randomUUID(), options.cluster ?? 'hosts', now);
  await addJoinToken(database, { secretHash: hashOfSecret(secret), clusterId, createdBy: 'test', createdAt: now, expiresAt: new Date(now.getTime() + 60_000), part: options.part ?? 'sensor' });
  const node = create(NodeFactsSchema, {
    hostname: options.hostname ?? 'host-1',
    kernelRelease: '6.18.0',
    architecture: 'x86_64',
    distribution: 'Debian GNU/Linux 12',
    bootId: options.bootId ?? sampleBoot,
    machineId: 'm',
    sensorVersion: '0.1.0',
    cgroupMode: 'v2',
  });
  const answer = await joinPart(
    database,
    { tokenSecret: secret, node, keyFingerprint: randomUUID(), ...(options.part === 'cluster' ? { part: 'cluster', cluster: create(ClusterFactsSchema, { uid: `uid-of-${clusterId}`, kubernetesVersion: 'v1.36.3' }) } : {}) },
    async () => ({ serial: randomUUID(), issuedAt: now, expiresAt: new Date(now.getTime() + 86_400_000) }),
    now,
  );
  const joined = answer !== undefined && 'joined' in answer ? answer.joined : undefined;
  if (joined === undefined) throw new Error('the sample sensor could not join');
  const epoch = randomBytes(8).toString('hex');
  const hello = await helloFrom(database, joined.sensorId, { epoch, session: '', nonce: randomBytes(8).toString('hex'), schemaVersion: 1, node, sentAtMs: now.getTime() }, now);
  if (hello.kind !== 'accepted') throw new Error(`the sample sensor was not accepted: ${JSON.stringify(hello)}`);

  const counters = new IntakeCounters();
  const [topics, logged]: [string[], string[]] = [[], []];
  const sequences: Record<StreamName, number> = { detection: 0, telemetry: 0 };
  const sensor: SampleSensor = {
    ...joined,
    epoch,
    session: hello.session,
    counters,
    topics,
    logged,
    clock: undefined,
    send(records, stream = 'telemetry') {
      sequences[stream] += 1;
      return sensor.deliver([{ sequence: sequences[stream], payload: payloadBytes(records, options) }], stream);
    },
    deliver: (batches, stream = 'telemetry') => intake(joined.sensorId, { epoch, session: hello.session, stream, batches }),
  };
  const doors: IntakeDoors = {
    database,
    counters,
    now: () => sensor.clock ?? new Date(),
    changed: (changed) => topics.push(...changed),
    changedInContainers: () => undefined,
    log: (level, message, data) => logged.push(`${level} ${message} ${JSON.stringify(data)}`),
  };
  const intake = makeIntake(doors);
  return sensor;
}
