/**
 * Who writes at the same time, on a real PostgreSQL: sensors of one cluster that say the same things in opposite orders, and assessment beside them, never
 * stand in each other's way for longer than one statement; what they do when they are is done again, and counted.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Assessor } from './assess/assessor.ts';
import { sampleSensor } from './sensor-sample.ts';
import { takeQueued } from './store/assessing.ts';
import { scratchDatabase, type Scratch } from './store/scratch.ts';
import { execution, record, seconds, type RecordInit } from './wire-sample.ts';

let scratch: Scratch;
before(async () => {
  scratch = await scratchDatabase();
});
after(() => scratch.end());

async function number(text: string, values: unknown[] = []): Promise<number> {
  const { rows } = await scratch.database.query(text, values);
  return Number((rows[0] as { n: unknown }).n);
}

const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;

/** A pod of a workload that runs on several nodes. */
function pod(node: string, n: number): RecordInit {
  const containerId = `${node}${n.toString(16)}`.padStart(64, 'c');
  return record.container({ containerId, name: `app-${n}`, platformDigest: digest(n), podName: `app-${n}-${node}`, podNamespace: 'shop', podUid: `${node}-${n}`, workloadKind: 'DaemonSet', workloadName: `app-${n}` });
}

test('nodes of a cluster that start the same workloads in opposite orders never wait for each other in a circle', async () => {
  const [a, b] = [await sampleSensor(scratch.database, { hostname: 'node-a' }), await sampleSensor(scratch.database, { hostname: 'node-b' })];
  for (let round = 0; round < 5; round += 1) {
    const numbers = Array.from({ length: 40 }, (_, at) => round * 40 + at);
    const answers = await Promise.all([a.send(numbers.map((n) => pod('a', n))), b.send(numbers.toReversed().map((n) => pod('b', n))), a.send(numbers.map((n) => pod('a', n)), 'detection')]);
    assert.deepEqual(answers.map((one) => one.kind), ['accepted', 'accepted', 'accepted']);
  }
  assert.deepEqual([...scratch.database.again], []);
  assert.equal(await number("select count(*) as n from run r join workload w on w.id = r.workload_id where r.open and w.namespace = 'shop'"), 200);
});

test('nor do nodes whose rules match in opposite orders', async () => {
  const [a, b] = [await sampleSensor(scratch.database, { hostname: 'node-a' }), await sampleSensor(scratch.database, { hostname: 'node-b' })];
  const rules = Array.from({ length: 60 }, (_, n) => `Rule of writers ${n}`);
  for (let round = 0; round < 4; round += 1) {
    const found = (node: string, names: readonly string[]): RecordInit[] =>
      names.map((rule) => record.detection({ detectionId: `${node} ${rule} ${round}`, rule, containerId: '', atBootNs: seconds(10 + round), tree: [execution({ tgid: 300, path: '/bin/job' })] }));
    await Promise.all([a.send(found('a', rules), 'detection'), b.send(found('b', rules.toReversed()), 'detection')]);
  }
  assert.deepEqual([...scratch.database.again], []);
  assert.equal(await number("select sum(count)::bigint as n from event_hour where source like 'Rule of writers %'"), 60 * 4 * 2);
});

test('a report does not wait for assessment that has taken the same work and is not done', async () => {
  const sensor = await sampleSensor(scratch.database, { hostname: 'node-q' });
  await sensor.send([record.container(), record.inventory()]);
  await scratch.database.transaction(async (db) => {
    const [taken] = [await takeQueued(db, 'inventory', 100), await takeQueued(db, 'workload', 1000)];
    assert.ok(taken.length > 0);
    assert.equal((await sensor.send([record.container(), record.inventory()])).kind, 'accepted');
  });
  assert.deepEqual([...scratch.database.again], []);
  // what came meanwhile is still to be done, once
  assert.equal((await scratch.database.transaction((db) => takeQueued(db, 'inventory', 100))).length, 1);
  assert.equal(await number("select count(*) as n from assess_queue where kind = 'inventory'"), 0);
});

test('assessment does not wait for a run that intake is changing, and judges it later', async () => {
  const sensor = await sampleSensor(scratch.database, { hostname: 'node-r' });
  const logged: unknown[] = [];
  const assessor = new Assessor({ database: scratch.database, advisories: () => ({ source: undefined, problem: 'none' }), now: () => new Date(), changed: () => undefined, log: (...words) => logged.push(words) });
  await assessor.settle();
  const containerId = 'r'.padStart(64, 'f');
  await sensor.send([record.container({ containerId, name: 'judged-later', privileged: true })]);
  const points = "select points as n from run r join workload w on w.id = r.workload_id where w.name = 'judged-later'";
  const unjudged = await number(points);
  await scratch.database.transaction(async (db) => {
    await db.query("select 1 from run r join workload w on w.id = r.workload_id where w.name = 'judged-later' for update of r");
    await assessor.settle();
    assert.equal(await number(points), unjudged);
  });
  await assessor.settle();
  assert.notEqual(await number(points), unjudged);
  assert.deepEqual([assessor.failures, logged], [0, []]);
  assert.equal(await number("select count(*) as n from assess_queue where kind = 'workload'"), 0);
});

test('work in whose way others stand is done again and counted, and is not lost when it is not done at last', async () => {
  let attempts = 0;
  const done = await scratch.database.patient(async (db) => {
    attempts += 1;
    if (attempts < 3) await db.query("do $$ begin raise exception using errcode = '40P01'; end $$");
    return 'done';
  });
  assert.deepEqual([done, attempts, scratch.database.again.get('40P01')], ['done', 3, 2]);
  await assert.rejects(scratch.database.patient((db) => db.query("do $$ begin raise exception using errcode = '40001'; end $$")), { code: '40001' });
  assert.equal(scratch.database.again.get('40001'), 4);
  attempts = 0;
  await assert.rejects(scratch.database.patient(async (db) => {
    attempts += 1;
    await db.query('select 1 / 0');
  }), { code: '22012' });
  assert.equal(attempts, 1);
});
