import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HelloJudgement, SessionState } from './hello.ts';
import { holdsSession, judgeDelivery, judgeHello } from './hello.ts';

const epochA = 'a'.repeat(16);
const epochB = 'b'.repeat(16);

/** A hub with one sensor: each call is one transaction. */
class Hub {
  state: SessionState | undefined;
  #chance = 0;

  judge(session: string, nonce: string, epoch = epochA, schemaVersion = 1): HelloJudgement {
    this.#chance += 1;
    const given = { schemaVersionMin: 1, chance: this.#chance.toString(16).padStart(32, '0') };
    const judgement = judgeHello(this.state, { epoch, session, nonce, schemaVersion }, given);
    if (judgement.kind === 'accepted') this.state = judgement.state;
    return judgement;
  }

  hello(session: string, nonce: string, epoch = epochA): string {
    const judgement = this.judge(session, nonce, epoch);
    assert.ok(judgement.kind === 'accepted', judgement.kind === 'accepted' ? '' : judgement.reason);
    return judgement.session;
  }

  delivers(session: string, epoch = epochA): boolean {
    const judgement = judgeDelivery(this.state, { epoch, session });
    if (judgement.kind === 'ours') this.state = judgement.state;
    return judgement.kind === 'ours';
  }
}

test('a sensor that connects, delivers and connects again', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(hub.delivers(first));
  const second = hub.hello(first, 'n2');
  assert.notEqual(first, second);
  assert.ok(hub.delivers(second));
  assert.ok(hub.delivers(second));
});

test('the answer was lost: the same nonce is the same hello', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  const state = hub.state;
  assert.equal(hub.hello('', 'n1'), first);
  assert.equal(hub.state, state);
});

test('the sensor died between the answer and storing it: it presents the older session and is welcome', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(hub.delivers(first));
  for (let crash = 0; crash < 10; crash += 1) hub.hello(first, `crash ${crash}`);
  const last = hub.hello(first, 'n2');
  assert.ok(hub.delivers(last));
});

test('the sensor died between storing and the first delivery: it presents the offered session and is welcome', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  const second = hub.hello(first, 'n2');
  assert.ok(hub.delivers(second));
});

test('while an offer is open the used session does not deliver: the answered watermark must still hold', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(hub.delivers(first));
  const second = hub.hello(first, 'n2');
  assert.ok(!hub.delivers(first), 'a late delivery from before the hello');
  assert.ok(hub.delivers(second));
  assert.ok(!hub.delivers(first));
});

test('a copied state directory: whoever delivers first goes on, the other one is refused', () => {
  for (const winner of ['original', 'copy']) {
    const hub = new Hub();
    const shared = hub.hello('', 'n1');
    assert.ok(hub.delivers(shared));
    const original = hub.hello(shared, 'original');
    const copy = hub.hello(shared, 'copy');
    const [wins, loses] = winner === 'original' ? [original, copy] : [copy, original];
    assert.ok(hub.delivers(wins));
    assert.ok(!hub.delivers(loses));
    assert.equal(hub.judge(loses, 'again').kind, 'epoch-conflict');
    assert.equal(hub.judge(shared, 'again').kind, 'epoch-conflict');
    assert.ok(hub.delivers(wins), 'a refused hello must not disturb the winner');
  }
});

test('a template machine that was copied before its first hello', () => {
  const hub = new Hub();
  const sessions = ['n1', 'n2', 'n3'].map((nonce) => hub.hello('', nonce));
  assert.ok(hub.delivers(sessions[1]!));
  assert.deepEqual(sessions.map((session) => hub.judge(session, 'again').kind), ['epoch-conflict', 'accepted', 'epoch-conflict']);
  assert.equal(hub.judge('', 'n4').kind, 'epoch-conflict');
});

test('a hub restored from a backup takes the session it has forgotten, and then no older one', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(hub.delivers(first));
  const backup = hub.state;
  const second = hub.hello(first, 'n2');
  assert.ok(hub.delivers(second));
  const third = hub.hello(second, 'n3');
  assert.ok(hub.delivers(third));
  hub.state = backup;
  assert.ok(!hub.delivers(third));
  const judgement = hub.judge(third, 'n4');
  assert.equal(judgement.kind === 'accepted' ? judgement.because : '', 'hub-set-back');
  assert.equal(hub.judge(first, 'n5').kind, 'epoch-conflict');
});

test('a new epoch takes over with its first delivery, not with its hello', () => {
  const hub = new Hub();
  const old = hub.hello('', 'n1');
  assert.ok(hub.delivers(old));
  const fresh = hub.hello('', 'n2', epochB);
  assert.equal(hub.hello('', 'n2', epochB), fresh);
  assert.ok(!hub.delivers(fresh, epochA), 'the session belongs to the other epoch');
  const again = hub.hello(old, 'n3');
  assert.ok(hub.delivers(again), 'the old epoch is still alive');
  const second = hub.hello('', 'n4', epochB);
  assert.ok(hub.delivers(second, epochB));
  assert.equal(hub.judge(again, 'n5').kind, 'epoch-conflict');
  assert.ok(!hub.delivers(again));
});

test('what was never handed out is refused', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(hub.delivers(first));
  for (const session of ['', 'x', first.slice(2), first.toUpperCase() + '0', 'f'.repeat(48), '0'.repeat(48)]) {
    assert.equal(hub.judge(session, 'n2').kind, 'epoch-conflict', session);
    assert.ok(!hub.delivers(session), session);
    assert.ok(!holdsSession(hub.state, session), session);
  }
  assert.ok(!hub.delivers(first, epochB));
  assert.equal(judgeDelivery(undefined, { epoch: epochA, session: first }).kind, 'stale');
  assert.ok(!holdsSession(undefined, first));
});

test('a sensor that is too old is told so and nothing changes', () => {
  const hub = new Hub();
  const judgement = hub.judge('', 'n1', epochA, 0);
  assert.equal(judgement.kind, 'schema-too-old');
  assert.equal(hub.state, undefined);
});

test('commands are for the used session and those on offer', () => {
  const hub = new Hub();
  const first = hub.hello('', 'n1');
  assert.ok(holdsSession(hub.state, first));
  assert.ok(hub.delivers(first));
  const second = hub.hello(first, 'n2');
  assert.ok(holdsSession(hub.state, first));
  assert.ok(hub.delivers(second));
  assert.ok(!holdsSession(hub.state, first));
});

test('the state stays small however often a sensor says hello', () => {
  const hub = new Hub();
  for (let i = 0; i < 100; i += 1) assert.ok(hub.delivers(hub.hello('', `n${i}`, i.toString(16).padStart(16, '0')), i.toString(16).padStart(16, '0')));
  for (let i = 0; i < 100; i += 1) hub.hello(hub.state?.used ?? '', `m${i}`, hub.state?.epoch);
  assert.ok(JSON.stringify(hub.state).length < 2000);
});
