import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sender } from './sender.ts';
import { advance, senderView, startSender } from './sender.ts';
import type { SenderEffect, SenderEvent } from './sender-words.ts';
import { senderBounds } from './sender-words.ts';
import { freshLinkRecord } from './streams.ts';

const session = '0'.repeat(15) + '1' + 'e'.repeat(32);

/** Drives a sender by hand; the clock moves only when told. */
class Driver {
  readonly sender: Sender;
  nowMs = 0;

  constructor(last = { detection: 0, telemetry: 0 }) {
    this.sender = startSender({ record: freshLinkRecord('0123456789abcdef'), last, bounds: senderBounds });
  }

  send(event: SenderEvent): readonly SenderEffect[] {
    return advance(this.sender, event, { nowMs: this.nowMs, chance: 0.5 });
  }

  after(ms: number): readonly SenderEffect[] {
    this.nowMs += ms;
    return this.send({ kind: 'tick' });
  }

  /** Connects, is accepted at these watermarks and stores; yields what follows. */
  greet(watermarks = { detection: 0, telemetry: 0 }): readonly SenderEffect[] {
    this.send({ kind: 'tick' });
    const effects = this.send({ kind: 'hello-answered', connection: this.sender.connection, answer: { kind: 'accepted', session, watermarks } });
    return this.send({ kind: 'stored', request: one(effects, 'store').request });
  }

  loaded(effects: readonly SenderEffect[], stream: 'detection' | 'telemetry', found: number, positions: number[]): readonly SenderEffect[] {
    const load = all(effects, 'load').find((effect) => effect.stream === stream)!;
    const batches = positions.map((position) => ({ position, payload: new Uint8Array(1) }));
    return this.send({ kind: 'loaded', request: load.request, stream, found, batches });
  }
}

function all<K extends SenderEffect['kind']>(effects: readonly SenderEffect[], kind: K): Extract<SenderEffect, { kind: K }>[] {
  return effects.filter((effect): effect is Extract<SenderEffect, { kind: K }> => effect.kind === kind);
}

function one<K extends SenderEffect['kind']>(effects: readonly SenderEffect[], kind: K): Extract<SenderEffect, { kind: K }> {
  const found = all(effects, kind);
  assert.equal(found.length, 1, `one ${kind} among ${effects.map((effect) => effect.kind).join(' ')}`);
  return found[0]!;
}

const kinds = (effects: readonly SenderEffect[]) => effects.map((effect) => effect.kind).filter((kind) => kind !== 'wake');

test('nothing is delivered before the session is durable', () => {
  const driver = new Driver({ detection: 2, telemetry: 0 });
  assert.deepEqual(kinds(driver.send({ kind: 'tick' })), ['connect', 'hello']);
  const answer = { kind: 'accepted', session, watermarks: { detection: 0, telemetry: 0 } } as const;
  const effects = driver.send({ kind: 'hello-answered', connection: 1, answer });
  assert.deepEqual(kinds(effects), ['store']);
  assert.equal(one(effects, 'store').record.session, session);
  assert.ok(one(effects, 'store').record.delivering);
  assert.equal(driver.sender.session, '', 'until it is stored, the older session is the one to present');
  assert.deepEqual(kinds(driver.send({ kind: 'stored', request: one(effects, 'store').request })), ['open-commands', 'load']);
  assert.equal(driver.sender.session, session);
});

test('a session that could not be stored is not presented, and storing is tried again', () => {
  const driver = new Driver();
  driver.send({ kind: 'tick' });
  const answer = { kind: 'accepted', session, watermarks: { detection: 0, telemetry: 0 } } as const;
  const { request } = one(driver.send({ kind: 'hello-answered', connection: 1, answer }), 'store');
  const failedEffects = driver.send({ kind: 'store-failed', request, reason: 'no space' });
  assert.equal(one(failedEffects, 'wake').afterMs, 375);
  assert.equal(senderView(driver.sender).sentence, 'no space');
  assert.deepEqual(kinds(driver.after(375)), ['store']);
  assert.deepEqual(kinds(driver.send({ kind: 'connection-lost', connection: 1, reason: 'gone' })), ['disconnect']);
  assert.equal(one(driver.after(60_000), 'hello').session, '');
});

test('one delivery a stream is under way; detections do not wait for telemetry', () => {
  const driver = new Driver({ detection: 0, telemetry: 5 });
  const effects = driver.greet();
  const first = one(driver.loaded(effects, 'telemetry', 1, [1, 2]), 'deliver');
  assert.deepEqual([first.stream, first.batches.map(({ sequence }) => sequence)], ['telemetry', [1, 2]]);
  assert.deepEqual(kinds(driver.send({ kind: 'spooled', stream: 'telemetry', last: 6 })), []);
  const load = driver.send({ kind: 'spooled', stream: 'detection', last: 1 });
  assert.deepEqual(kinds(load), ['load']);
  assert.equal(one(driver.loaded(load, 'detection', 1, [1]), 'deliver').stream, 'detection');
  const answered = driver.send({
    kind: 'deliver-answered', request: first.request, stream: 'telemetry', answer: { kind: 'accepted', watermark: 2, duplicates: 0, reason: '' },
  });
  assert.deepEqual(answered.filter(({ kind }) => kind !== 'wake'), [
    { kind: 'release', stream: 'telemetry', through: 2 },
    { kind: 'load', request: driver.sender.request, stream: 'telemetry', from: 3, bytesMax: senderBounds.deliverBytesMax, batchesMax: senderBounds.deliverBatchesMax },
  ]);
});

test('detection is loaded before telemetry', () => {
  const driver = new Driver({ detection: 1, telemetry: 1 });
  assert.deepEqual(all(driver.greet(), 'load').map(({ stream }) => stream), ['detection', 'telemetry']);
});

test('a hub that stored more goes ahead, one that stored less is sent the rest', () => {
  const driver = new Driver({ detection: 9, telemetry: 9 });
  const loads = all(driver.greet({ detection: 0, telemetry: 0 }), 'load');
  assert.deepEqual(loads.map(({ from }) => from), [1, 1]);
  const again = new Driver({ detection: 9, telemetry: 9 });
  again.sender.lanes.detection.stream = { ...again.sender.lanes.detection.stream, offered: 9 };
  assert.deepEqual(all(again.greet({ detection: 4, telemetry: 0 }), 'load').map(({ from }) => from), [5, 1]);
});

test('what the spool does not have any more is counted, and the new numbering stored before it is used', () => {
  const driver = new Driver({ detection: 30, telemetry: 0 });
  const effects = driver.greet();
  const held = driver.loaded(effects, 'detection', 21, [21, 22]);
  const store = one(held, 'store');
  assert.deepEqual(store.record.streams.detection, { shift: -20, from: 21, offered: 20, lost: 20 });
  const deliver = one(driver.send({ kind: 'stored', request: store.request }), 'deliver');
  assert.deepEqual(deliver.batches.map(({ sequence }) => sequence), [1, 2]);
  assert.equal(senderView(driver.sender).streams.detection.lost, 20);
});

test('time-outs, and answers that come too late', () => {
  const driver = new Driver({ detection: 1, telemetry: 0 });
  const deliver = one(driver.loaded(driver.greet(), 'detection', 1, [1]), 'deliver');
  assert.deepEqual(kinds(driver.after(senderBounds.deliverMsMax)), ['disconnect']);
  const late = { kind: 'accepted', watermark: 1, duplicates: 0, reason: '' } as const;
  assert.deepEqual(kinds(driver.send({ kind: 'deliver-answered', request: deliver.request, stream: 'detection', answer: late })), []);
  assert.match(senderView(driver.sender).sentence ?? '', /did not answer a detection delivery/);
  assert.deepEqual(kinds(driver.after(senderBounds.backoff.delayMsMax)), ['connect', 'hello']);
  assert.deepEqual(kinds(driver.after(senderBounds.helloMsMax)), ['disconnect']);
  assert.equal(one(driver.after(senderBounds.backoff.delayMsMax), 'hello').again, true);
});

test('a busy hub is asked again later on the same connection', () => {
  const driver = new Driver({ detection: 1, telemetry: 0 });
  const deliver = one(driver.loaded(driver.greet(), 'detection', 1, [1]), 'deliver');
  assert.deepEqual(kinds(driver.send({ kind: 'deliver-failed', request: deliver.request, stream: 'detection', reason: 'busy' })), []);
  assert.deepEqual(kinds(driver.after(400)), ['load']);
});

for (const [what, answer] of [
  ['a stale session', { kind: 'stale', reason: 'stale' }],
  ['a watermark beyond what was delivered', { kind: 'accepted', watermark: 7, duplicates: 0, reason: '' }],
  ['a watermark below what was confirmed', { kind: 'accepted', watermark: -1, duplicates: 0, reason: '' }],
] as const) {
  test(`${what} is cleared up by a new hello`, () => {
    const driver = new Driver({ detection: 1, telemetry: 0 });
    const deliver = one(driver.loaded(driver.greet(), 'detection', 1, [1]), 'deliver');
    assert.deepEqual(kinds(driver.send({ kind: 'deliver-answered', request: deliver.request, stream: 'detection', answer })), ['disconnect']);
    assert.deepEqual(kinds(driver.after(1000)), ['connect', 'hello']);
  });
}

test('a copy stops, says so, and asks again rarely', () => {
  const driver = new Driver({ detection: 1, telemetry: 0 });
  driver.send({ kind: 'tick' });
  const refused = { kind: 'refused', refusal: 'epoch-conflict', reason: 'copied' } as const;
  assert.deepEqual(kinds(driver.send({ kind: 'hello-answered', connection: 1, answer: refused })), ['disconnect']);
  assert.deepEqual([senderView(driver.sender).refusal, senderView(driver.sender).sentence], ['epoch-conflict', 'copied']);
  assert.deepEqual(kinds(driver.after(senderBounds.refusedRetryMs / 4)), []);
  assert.deepEqual(kinds(driver.after(senderBounds.refusedRetryMs)), ['connect', 'hello']);
});

test('commands: silence ends the connection, an end opens them again, a stale session says hello', () => {
  const driver = new Driver();
  assert.deepEqual(kinds(driver.greet()), ['open-commands']);
  assert.deepEqual(kinds(driver.after(senderBounds.commandSilenceMsMax - 1)), []);
  driver.send({ kind: 'commands-heard', connection: 1 });
  assert.deepEqual(kinds(driver.after(senderBounds.commandSilenceMsMax - 1)), []);
  driver.send({ kind: 'commands-ended', connection: 1, reason: 'hub restarts', stale: false });
  assert.deepEqual(kinds(driver.after(1000)), ['open-commands']);
  assert.deepEqual(kinds(driver.after(senderBounds.commandSilenceMsMax)), ['disconnect']);
  driver.after(60_000);
  const { connection } = driver.sender;
  driver.greet();
  assert.deepEqual(kinds(driver.send({ kind: 'commands-ended', connection, reason: 'stale', stale: true })), ['disconnect']);
});

test('a clock that runs backwards stands still, one that jumps ahead costs a reconnection', () => {
  const driver = new Driver();
  driver.greet();
  driver.nowMs -= 3_600_000;
  assert.deepEqual(kinds(driver.send({ kind: 'tick' })), []);
  assert.deepEqual(kinds(driver.after(senderBounds.commandSilenceMsMax - 1)), []);
  assert.deepEqual(kinds(driver.after(3_600_000)), ['disconnect']);
});

test('a renewed certificate reconnects at once; a stopped sender does nothing more', () => {
  const driver = new Driver();
  driver.greet();
  assert.deepEqual(kinds(driver.send({ kind: 'credentials-renewed' })), ['disconnect', 'connect', 'hello']);
  assert.deepEqual(kinds(driver.send({ kind: 'stopped', reason: 'removed from the fleet' })), ['disconnect']);
  assert.deepEqual(driver.after(1e9), []);
  assert.equal(senderView(driver.sender).phase, 'stopped');
});
