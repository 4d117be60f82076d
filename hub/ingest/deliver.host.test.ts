/** Intake against a real PostgreSQL: exactly once, nothing blocks, nothing is silent. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { BatchPayloadSchema, RecordSchema } from '@vedette/model/wire/generated/record_pb';
import * as fc from 'fast-check';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { sampleSensor } from '../sensor-sample.ts';
import { execution, payloadBytes, record, sampleBoot, seconds } from '../wire-sample.ts';

let scratch: Scratch;
before(async () => {
  scratch = await scratchDatabase();
});
after(() => scratch.end());

async function one(text: string, values: unknown[] = []): Promise<Record<string, unknown>> {
  const { rows } = await scratch.database.query(text, values);
  return (rows[0] ?? {}) as Record<string, unknown>;
}

async function executionsOf(nodeId: string): Promise<number> {
  return Number((await one('select coalesce(sum(count), 0)::bigint as n from execution_hour where node_id = $1', [nodeId])).n);
}

test('a fold of 10,000 executions adds up, over batches and within them', async () => {
  const sensor = await sampleSensor(scratch.database);
  for (let batch = 0; batch < 10; batch += 1) {
    const records = Array.from({ length: 1000 }, (_, index) => record.count({ path: `/bin/p${index % 37}`, uid: index % 3, count: 1n }));
    assert.equal((await sensor.send(records)).kind, 'accepted');
  }
  assert.equal(await executionsOf(sensor.nodeId), 10_000);
  assert.equal((await one('select count(*) as n from execution_hour where node_id = $1', [sensor.nodeId])).n, 111);
});

test('doubled, late and gapped batches are applied exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 12 }), async (deliveries) => {
      const sensor = await sampleSensor(scratch.database);
      // Batch n counts 10^n executions, so the sum tells which were applied and how often.
      const batch = (sequence: number): { sequence: number; payload: Uint8Array } => ({ sequence, payload: payloadBytes([record.count({ count: 10n ** BigInt(sequence) })]) });
      let expected = 0;
      for (const [first, length] of deliveries) {
        const sequences = Array.from({ length }, (_, index) => first + index);
        const answer = await sensor.deliver(sequences.map(batch));
        if (first > expected + 1) {
          assert.equal(answer.kind, 'gap');
        } else {
          expected = Math.max(expected, first + length - 1);
          assert.deepEqual(answer.kind === 'accepted' ? answer.watermark : answer, expected);
        }
      }
      let sum = 0;
      for (let sequence = 1; sequence <= expected; sequence += 1) sum += 10 ** sequence;
      assert.equal(await executionsOf(sensor.nodeId), sum);
    }),
    { numRuns: 25 },
  );
});

test('two deliveries of the same batches at the same time', async () => {
  const sensor = await sampleSensor(scratch.database);
  await sensor.send([record.count()]);
  const batches = [2, 3, 4, 5].map((sequence) => ({ sequence, payload: payloadBytes([record.count({ count: 10n ** BigInt(sequence) })]) }));
  const answers = await Promise.all(Array.from({ length: 6 }, () => sensor.deliver(batches)));
  for (const answer of answers) assert.equal(answer.kind === 'accepted' ? answer.watermark : answer.kind, 5);
  assert.equal(await executionsOf(sensor.nodeId), 111_101);
});

test('a batch that cannot be read is counted, kept and does not block its stream', async () => {
  const sensor = await sampleSensor(scratch.database);
  const answer = await sensor.deliver([
    { sequence: 1, payload: payloadBytes([record.count()]) },
    { sequence: 2, payload: Uint8Array.of(0xff, 0xff, 0xff, 0xff) },
    { sequence: 3, payload: payloadBytes([record.count()]) },
  ]);
  assert.deepEqual(answer, { kind: 'accepted', watermark: 3, duplicates: 0 });
  assert.equal(await executionsOf(sensor.nodeId), 2);
  assert.equal(sensor.counters.batchesRejected, 1);
  assert.equal((await one("select count from coverage_gap where sensor_id = $1 and kind = 'batch-rejected'", [sensor.sensorId])).count, 1);
  assert.match(String((await one('select reason from rejected_batch where sensor_id = $1', [sensor.sensorId])).reason), /not Protobuf/);
});

test('records that break a bound are refused and counted, the rest of the batch is applied', async () => {
  const sensor = await sampleSensor(scratch.database);
  await sensor.send([
    record.count(),
    record.flow({ address: new Uint8Array(4) }),
    record.containerEnded('never-seen'),
    record.container({ containerId: 'a/b' }),
    record.detection({ detectionId: '' }),
    record.loaded(1, { containerId: 'never-seen' }),
    record.count({ count: 2n ** 60n }),
    record.started({ path: '/x' }),
  ]);
  assert.equal(await executionsOf(sensor.nodeId), 1);
  const { rows } = await scratch.database.query("select what, count from coverage_gap where sensor_id = $1 and kind = 'record-rejected'", [sensor.sensorId]);
  assert.equal(rows.length, 7);
});

test('hostile texts and times are stored as what can be stored', async () => {
  const sensor = await sampleSensor(scratch.database);
  const answer = await sensor.send([
    record.count({ path: `/tmp/\0${'x'.repeat(10_000)}`, firstBootNs: 2n ** 63n, lastBootNs: 0n, hourStartMs: 2n ** 62n, sample: execution({ path: '/\0' }) }),
    record.container({ name: '\0', labels: { '\0': '\0' }, startedBootNs: 2n ** 63n }),
    record.started(execution({ arguments: Array.from({ length: 5000 }, () => 'a'.repeat(100)) })),
  ]);
  assert.equal(answer.kind, 'accepted');
  assert.equal(sensor.counters.batchesRejected, 0);
  assert.equal(await executionsOf(sensor.nodeId), 1);
  assert.equal((await one('select arguments_truncated as t from process_live where node_id = $1', [sensor.nodeId])).t, true);
});

test('a kind that this hub does not know is kept opaque and counted', async () => {
  const sensor = await sampleSensor(scratch.database);
  const record77 = Uint8Array.of(0xea, 0x04, 0x02, 0x08, 0x2a); // field 77, length-delimited
  const known = toBinary(BatchPayloadSchema, create(BatchPayloadSchema, { bootId: sampleBoot, records: [create(RecordSchema, record.count())] }));
  const bytes = new Uint8Array([...known, 0x1a, record77.length, ...record77]);
  assert.equal((await sensor.deliver([{ sequence: 1, payload: bytes }])).kind, 'accepted');
  const unknown = await one('select field, count, sample from unknown_record where sensor_id = $1', [sensor.sensorId]);
  assert.deepEqual({ field: unknown.field, count: unknown.count }, { field: 77, count: 1 });
  assert.equal(await executionsOf(sensor.nodeId), 1);
});

test('live processes: a new program replaces the old one, an end removes, a snapshot removes what it does not name', async () => {
  const sensor = await sampleSensor(scratch.database);
  const pids = async (): Promise<unknown> => (await one("select string_agg(tgid || ':' || exec_id || ':' || path, ' ' order by tgid, exec_id) as s from process_live where node_id = $1", [sensor.nodeId])).s;
  await sensor.send([record.started(execution({ tgid: 10, path: '/bin/sh' })), record.started(execution({ tgid: 11 })), record.started(execution({ tgid: 12 }))]);
  await sensor.send([record.started(execution({ tgid: 10, execId: 2, path: '/bin/ls' })), record.ended(11)]);
  assert.equal(await pids(), '10:2:/bin/ls 12:1:/usr/bin/node');
  await sensor.send([record.started(execution({ tgid: 13, startedS: 500 })), record.live(400, [{ tgid: 12, startedS: 1 }])]);
  assert.equal(await pids(), '12:1:/usr/bin/node 13:1:/usr/bin/node');
  // What an earlier boot spooled is counted, but nothing of it is alive.
  await sensor.deliver([{ sequence: 4, payload: payloadBytes([record.started(execution({ tgid: 99 })), record.count()], { bootId: '11111111-0000-4000-8000-000000000000' }) }]);
  assert.equal(await pids(), '12:1:/usr/bin/node 13:1:/usr/bin/node');
  assert.equal(await executionsOf(sensor.nodeId), 1);
});

test('detections fold by rule and container, verdicts by outcome, the same act only once', async () => {
  const sensor = await sampleSensor(scratch.database);
  const inA = { containerId: 'a'.repeat(64) };
  await sensor.send([record.detection({ ...inA, detectionId: 'x1' }), record.detection({ ...inA, detectionId: 'x2', priority: 'Critical', atBootNs: seconds(20) }), record.detection({ ...inA, detectionId: 'x1' })], 'detection');
  await sensor.send([record.detection({ containerId: 'b'.repeat(64), detectionId: 'x3' }), record.verdict(), record.verdict({ verdictId: 'v2', mode: 'shadow', applied: false }), record.verdict({ verdictId: 'v3', applied: false })], 'detection');
  const { rows } = await scratch.database.query('select kind, source, severity, count, outcome, title, attack from incident where node_id = $1 order by id', [sensor.nodeId]);
  const found = rows as { kind: string; severity: string; count: number; outcome: string; title: string; attack: string[] }[];
  assert.deepEqual(found.map((row) => [row.kind, row.severity, row.count, row.outcome]), [
    ['detection', 'critical', 2, 'seen'],
    ['detection', 'medium', 1, 'seen'],
    ['verdict', 'high', 1, 'killed'],
    ['verdict', 'high', 1, 'would-have-killed'],
    ['verdict', 'high', 1, 'kill-failed'],
  ]);
  assert.deepEqual(found[0]?.attack, ['T1059']);
  assert.equal(found[2]?.title, '/tmp/x was killed by policy only-from-image');
  assert.equal((await one("select sum(count)::bigint as n from event_hour where source in ('Terminal shell in container', 'only-from-image')")).n, 6);
});

test('coverage: intervals of one state, losses counted by difference', async () => {
  const sensor = await sampleSensor(scratch.database);
  const report = (atS: number, lost: bigint): Promise<unknown> => sensor.send([record.coverage({ atBootNs: seconds(atS), losses: [{ eventClass: 'execution', cause: 'ring full', count: lost }] })]);
  await report(60, 0n);
  await report(120, 0n);
  await report(180, 7n);
  await report(240, 9n);
  await report(240 + 3600 / 2, 9n);
  const { rows } = await scratch.database.query("select lost, extract(epoch from until - since)::int as s from coverage_interval where sensor_id = $1 and event_class = 'execution' order by id", [sensor.sensorId]);
  assert.deepEqual(rows, [{ lost: 0, s: 60 }, { lost: 9, s: 60 }, { lost: 0, s: 0 }]);
});

test('a sensor that was removed, or that nobody knows, delivers nothing', async () => {
  const sensor = await sampleSensor(scratch.database);
  await scratch.database.query('update sensor set removed_at = now() where id = $1', [sensor.sensorId]);
  assert.equal((await sensor.send([record.count()])).kind, 'removed');
  assert.equal(await executionsOf(sensor.nodeId), 0);
});
