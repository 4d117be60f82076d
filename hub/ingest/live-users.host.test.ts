/** Who came in by exec or attach, from the sensor's word about a living process to the list that people see. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { processView } from '../api/views.ts';
import { sampleSensor, type SampleSensor } from '../sensor-sample.ts';
import { listProcesses } from '../store/read-processes.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { execution, record } from '../wire-sample.ts';

let scratch: Scratch;
let sensor: SampleSensor;
before(async () => {
  scratch = await scratchDatabase();
  sensor = await sampleSensor(scratch.database);
});
after(async () => await scratch.end());

async function seen(search?: string): Promise<Record<string, string[]>> {
  const rows = await listProcesses(scratch.database, { kind: 'all' }, { node: undefined, container: undefined, search, key: undefined }, { after: undefined, limit: 10 });
  return Object.fromEntries(rows.map(processView).map((one) => [one.pid, (one.kubernetesUsers ?? []).map(({ user, attached }) => `${user}${attached ? ' attached' : ''}`)]));
}

test('a living process says who began it, also when that is told after it was', async () => {
  const user = (name: string, attached = false) => ({ sessionId: name, user: name, attached });
  await sensor.send([record.started(execution({ tgid: 70, kubernetesUsers: [user('alice'), user('bob')] })), record.started(execution({ tgid: 60 }))]);
  assert.deepEqual(await seen(), { 60: [], 70: ['alice', 'bob'] });
  await sensor.send([record.started(execution({ tgid: 60, kubernetesUsers: [user('carol', true)] }))]);
  assert.deepEqual(await seen(), { 60: ['carol attached'], 70: ['alice', 'bob'] });
  assert.deepEqual(await seen('Alice'), { 70: ['alice', 'bob'] });
});
