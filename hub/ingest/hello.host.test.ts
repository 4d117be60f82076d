/** Joining and hello against a real PostgreSQL. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { NodeFactsSchema } from '@vedette/model/wire/generated/link_pb';
import { sampleSensor } from '../sensor-sample.ts';
import { addJoinToken, clusterNamed } from '../store/fleet.ts';
import { scratchDatabase, type Scratch } from '../store/scratch.ts';
import { execution, payloadBytes, record } from '../wire-sample.ts';
import { Commands } from './commands.ts';
import { helloFrom, renewSensor } from './hello.ts';
import { hashOfSecret, joinPart } from './join.ts';

let scratch: Scratch;
before(async () => {
  scratch = await scratchDatabase();
});
after(() => scratch.end());

const node = create(NodeFactsSchema, { hostname: 'h', bootId: 'b1' });
const certify = async (): Promise<{ serial: string; issuedAt: Date; expiresAt: Date }> => ({ serial: randomUUID(), issuedAt: new Date(), expiresAt: new Date() });

async function token(validMs = 60_000): Promise<string> {
  const secret = randomBytes(16).toString('hex');
  const now = new Date();
  const clusterId = await clusterNamed(scratch.database, randomUUID(), 'hosts', now);
  await addJoinToken(scratch.database, { secretHash: hashOfSecret(secret), clusterId, createdBy: 't', createdAt: now, expiresAt: new Date(now.getTime() + validMs) });
  return secret;
}

test('a token joins one sensor; the same key may ask again, another may not', async () => {
  const tokenSecret = await token();
  const claim = { tokenSecret, node, keyFingerprint: 'k1' };
  const first = await joinPart(scratch.database, claim, certify, new Date());
  const again = await joinPart(scratch.database, claim, certify, new Date());
  assert.ok(first !== undefined && 'joined' in first && again !== undefined && 'joined' in again);
  assert.deepEqual(again.joined, first.joined);
  assert.equal(await joinPart(scratch.database, { ...claim, keyFingerprint: 'k2' }, certify, new Date()), undefined);
  assert.equal(await joinPart(scratch.database, { ...claim, tokenSecret: 'unknown' }, certify, new Date()), undefined);
  assert.equal(await joinPart(scratch.database, { ...claim, tokenSecret: await token(-1) }, certify, new Date()), undefined);
  assert.equal((await scratch.database.query('select 1 from sensor where id = $1', [first.joined.sensorId])).rowCount, 1);
});

test('a certificate that could not be made leaves the token unused', async () => {
  const claim = { tokenSecret: await token(), node, keyFingerprint: 'k' };
  await assert.rejects(joinPart(scratch.database, claim, () => Promise.reject(new Error('no')), new Date()), /no/);
  assert.ok(await joinPart(scratch.database, claim, certify, new Date()));
});

test('many joins with one token at the same time: one sensor', async () => {
  const tokenSecret = await token();
  const joins = await Promise.all(Array.from({ length: 8 }, (_, index) => joinPart(scratch.database, { tokenSecret, node, keyFingerprint: `k${index}` }, certify, new Date())));
  assert.equal(joins.filter((join) => join !== undefined).length, 1);
});

test('hello: watermarks, a stale copy, a new boot, a removed sensor', async () => {
  const sensor = await sampleSensor(scratch.database, { bootId: 'b1' });
  const say = (session: string, bootId = 'b1', nonce = randomBytes(16).toString('hex')): ReturnType<typeof helloFrom> =>
    helloFrom(scratch.database, sensor.sensorId, { epoch: sensor.epoch, session, nonce, schemaVersion: 1, node: create(NodeFactsSchema, { hostname: 'renamed', bootId }), sentAtMs: Date.now() - 4000 }, new Date());
  await sensor.deliver([{ sequence: 1, payload: payloadBytes([record.container(), record.started(execution({ containerId: 'c'.repeat(64) })), record.count()], { bootId: 'b1' }) }]);

  const next = await say(sensor.session);
  assert.equal(next.kind, 'accepted');
  assert.deepEqual(next.kind === 'accepted' && next.watermarks, [{ stream: 'telemetry', sequence: 1 }]);
  assert.equal((await sensor.deliver([{ sequence: 2, payload: payloadBytes([record.count()]) }])).kind, 'stale', 'while a newer hello is open');
  assert.equal((await say('')).kind, 'epoch-conflict', 'a copy that has no session');
  const skew = await scratch.database.query('select clock_skew_ms from sensor_report where sensor_id = $1', [sensor.sensorId]);
  assert.ok(Math.abs((skew.rows[0] as { clock_skew_ms: number }).clock_skew_ms + 4000) < 1000);

  assert.equal((await say(next.kind === 'accepted' ? next.session : '', 'b2')).kind, 'accepted');
  const living = await scratch.database.query("select (select count(*) from process_live where node_id = $1) as processes, (select count(*) from container where node_id = $1 and ended_at is null) as containers, (select count(*) from run where open) as runs, (select hostname from node where id = $1) as hostname", [sensor.nodeId]);
  assert.deepEqual(living.rows[0], { processes: 0, containers: 0, runs: 0, hostname: 'renamed' });

  assert.equal(await renewSensor(scratch.database, sensor.sensorId, certify), 'renewed');
  await scratch.database.query('update sensor set removed_at = now() where id = $1', [sensor.sensorId]);
  assert.equal((await say(sensor.session)).kind, 'removed');
  assert.equal(await renewSensor(scratch.database, sensor.sensorId, certify), 'removed');
});

test('an old schema is refused in words', async () => {
  const sensor = await sampleSensor(scratch.database);
  const answer = await helloFrom(scratch.database, sensor.sensorId, { epoch: 'e', session: '', nonce: 'n', schemaVersion: 0, node, sentAtMs: Number.NaN }, new Date());
  assert.equal(answer.kind, 'schema-too-old');
});

test('commands: whole sets at connect and on change, one stream a sensor, farewell', async () => {
  const sensor = await sampleSensor(scratch.database);
  await sensor.send([record.count()]);
  let changes = 0;
  const commands = new Commands({ database: scratch.database, now: () => new Date(), changed: () => (changes += 1) });
  const abort = new AbortController();
  const stream = commands.stream(sensor.sensorId, sensor.session, abort.signal);
  const kind = async (): Promise<string | undefined> => ((await stream.next()).value as { kind: { case?: string } } | undefined)?.kind.case;
  assert.deepEqual([await kind(), await kind(), await kind(), await kind()], ['policies', 'rules', 'imageVerdicts', 'baselines']);
  assert.deepEqual(commands.connected, [sensor.sensorId]);
  commands.policiesChanged();
  commands.policiesChanged();
  assert.equal(await kind(), 'policies');
  commands.imageVerdictsChanged([randomUUID()]);
  commands.imageVerdictsChanged([sensor.clusterId]);
  assert.equal(await kind(), 'imageVerdicts');

  const newer = commands.stream(sensor.sensorId, sensor.session, abort.signal);
  await newer.next();
  assert.equal((await stream.next()).done, true, 'the newer stream took its place');
  assert.deepEqual(commands.connected, [sensor.sensorId]);
  commands.removed(sensor.sensorId);
  assert.equal(((await newer.next()).value as { kind: { case?: string } }).kind.case, 'leave');
  assert.equal((await newer.next()).done, true);
  assert.deepEqual(commands.connected, []);
  assert.ok(changes >= 3);

  const stranger = commands.stream(sensor.sensorId, 'ff'.repeat(24), abort.signal);
  assert.equal((await stranger.next()).done, true, 'another session hears nothing');
  const aborted = commands.stream(sensor.sensorId, sensor.session, abort.signal);
  for (let said = 0; said < 4; said += 1) await aborted.next();
  const waiting = aborted.next();
  abort.abort();
  assert.equal((await waiting).done, true);
});
