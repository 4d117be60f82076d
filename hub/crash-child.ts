/**
 * A hub's intake in a process of its own, for the test that kills it: delivers the batches it is told to, each counting
 * 10 executions of one path by 40 records, and says each watermark it was answered. Not part of the product.
 */
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { IntakeCounters } from './ingest/counters.ts';
import { makeIntake } from './ingest/deliver.ts';
import { openDatabase } from './store/database.ts';
import { payloadBytes, record } from './wire-sample.ts';

interface Task {
  readonly host: string;
  readonly sensorId: string;
  readonly epoch: string;
  readonly session: string;
  readonly from: number;
  readonly to: number;
}

const task = JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString('utf8')) as Task;
const database = await openDatabase({ host: task.host, database: 'vedette', user: 'vedette' });
const intake = makeIntake({ database, now: () => new Date(), counters: new IntakeCounters(), changed: () => undefined, changedInContainers: () => undefined, log: () => undefined });
const payload = payloadBytes(Array.from({ length: 40 }, (_, index) => record.count({ path: `/bin/p${index % 4}`, count: 1n })));
for (let sequence = task.from; sequence <= task.to; sequence += 1) {
  const answer = await intake(task.sensorId, { epoch: task.epoch, session: task.session, stream: 'telemetry', batches: [{ sequence, payload }] });
  if (answer.kind !== 'accepted') throw new Error(JSON.stringify(answer));
  process.stdout.write(`${answer.watermark}\n`);
}
await database.close();
