/** A round of canaries on its way through intake: kept of the sensor, and nowhere else; what it said before stays where a later round says nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CanaryWatch } from '../assess/canary-watch.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { sampleSensor } from '../sensor-sample.ts';
import { record } from '../wire-sample.ts';

let scratch: Scratch;

before(async () => void (scratch = await scratchDatabase()));
after(async () => await scratch.end());

interface Kept {
  readonly problem: string | null;
  readonly classes: readonly { readonly eventClass: string; readonly outcome: string; readonly since: string; readonly seenAt: string | null }[];
}

async function kept(sensorId: string): Promise<Kept> {
  const { rows } = await scratch.database.query('select canaries from sensor_report where sensor_id = $1', [sensorId]);
  return (rows[0] as { canaries: Kept }).canaries;
}

test('a class is missing since it went missing, and was last seen when it last came', async () => {
  const sensor = await sampleSensor(scratch.database);
  const round = (outcome: string) => record.canaries({ classes: [{ eventClass: 'exec', outcome: 'seen', reason: '' }, { eventClass: 'open-write', outcome, reason: outcome === 'seen' ? '' : 'no hook told of it' }] });
  await sensor.send([round('seen')]);
  const first = await kept(sensor.sensorId);
  await sensor.send([round('missing')]);
  await sensor.send([round('missing')]);
  const now = await kept(sensor.sensorId);
  const of = (one: Kept) => one.classes.find(({ eventClass }) => eventClass === 'open-write');
  assert.deepEqual([of(first)?.outcome, of(now)?.outcome], ['seen', 'missing']);
  assert.equal(of(now)?.seenAt, of(first)?.seenAt);
  const { rows } = await scratch.database.query('select (select count(*) from incident) as incidents, (select count(*) from execution_hour) as executions, (select count(*) from process_live) as processes');
  assert.deepEqual(rows, [{ incidents: 0, executions: 0, processes: 0 }]);
  await sensor.send([record.canaries({ classes: [], problem: 'the loader did not do it' })]);
  const silent = await kept(sensor.sensorId);
  assert.equal(silent.problem, 'the loader did not do it');
  assert.deepEqual(silent.classes.map((one) => one.outcome), ['seen', 'missing']);
});

test('an outcome that nobody knows is refused', async () => {
  const sensor = await sampleSensor(scratch.database);
  await sensor.send([record.canaries({ classes: [{ eventClass: 'exec', outcome: 'sung', reason: '' }] })]);
  const { rows } = await scratch.database.query("select what from coverage_gap where sensor_id = $1 and kind = 'record-rejected'", [sensor.sensorId]);
  assert.equal(rows.length, 1);
});

test('the watch says when a class begins to be missed, when rounds stay away, and when they are back', async () => {
  const hostname = 'canary-host';
  const sensor = await sampleSensor(scratch.database, { hostname });
  const said: string[] = [];
  let nowMs = Date.now();
  const watch = new CanaryWatch({ database: scratch.database, now: () => new Date(nowMs), graceMs: 15_000, changed: () => undefined, log: (level, message, fields) => void (JSON.stringify(fields).includes(hostname) && said.push(`${level} ${message} ${String(fields?.['classes'])}`)) });
  const send = async (outcome: string) => {
    await sensor.send([record.coverage({ canaryIntervalMs: 60_000 }), record.canaries({ classes: [{ eventClass: 'dns', outcome, reason: '' }] })]);
    await watch.look();
  };
  await send('seen');
  assert.deepEqual(said, []);
  await send('missing');
  assert.ok((watch.missed.get('dns') ?? 0) >= 1);
  await send('missing');
  await send('seen');
  assert.deepEqual(said, ['warn canaries do not arrive dns', 'info canaries arrive again dns']);
  nowMs += 600_000;
  await watch.look();
  assert.equal(said.at(-1), 'warn canaries do not arrive all');
  nowMs -= 600_000;
  await send('seen');
  assert.equal(said.at(-1), 'info canaries arrive again all');
});
