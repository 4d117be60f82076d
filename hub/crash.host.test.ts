/** Exactly once through kill -9: the process that applies batches is killed at random moments and the sensor sends again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { sampleSensor } from './sensor-sample.ts';
import { scratchDatabase, type Scratch } from './store/scratch.ts';

let scratch: Scratch;
before(async () => {
  scratch = await scratchDatabase();
});
after(() => scratch.end());

const batches = 400;
const executionsOfBatch = 40;

/** Runs the child until it is done or killed; the last watermark it was answered. */
async function deliver(task: object, killAfterMs: number | undefined): Promise<number> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'crash-child.ts'), Buffer.from(JSON.stringify(task)).toString('base64')], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    // From the first answer on, so that the kill falls into the middle of the work and not of the start.
    if (killAfterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return Number(text.trimEnd().split('\n').at(-1) ?? 0) || 0;
}

test('batches are applied exactly once although the hub is killed in the middle of them', async () => {
  const sensor = await sampleSensor(scratch.database);
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const chance = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  let answered = 0;
  let kills = 0;
  while (answered < batches) {
    // The sensor goes on after what it was answered: what was stored and not answered is sent again.
    const task = { host: scratch.postgres.connection.host, sensorId: sensor.sensorId, epoch: sensor.epoch, session: sensor.session, from: answered + 1, to: batches };
    const isLast = kills >= 6;
    const reached = await deliver(task, isLast ? undefined : 20 + chance() * 60);
    answered = Math.max(answered, reached);
    if (!isLast) kills += 1;
  }
  const { rows } = await scratch.database.query('select sum(count)::bigint as n from execution_hour where node_id = $1', [sensor.nodeId]);
  assert.equal((rows[0] as { n: number }).n, batches * executionsOfBatch, `seed ${seed}, ${kills} kills`);
  const mark = await scratch.database.query("select sequence from watermark where sensor_id = $1 and stream = 'telemetry'", [sensor.sensorId]);
  assert.deepEqual(mark.rows, [{ sequence: batches }]);
});
