/** A run under crashes at every point, on a seed: what is stored survives, everything else is forgotten. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stepKinds, stepNatures, type PlaybookStep, type StepKind } from '@vedette/model/playbook';
import { advance, isOpen, settled, type Change, type Effect, type Outcome, type Run, type Step } from './machine.ts';

const stepOf = (kind: StepKind, more: object = {}): PlaybookStep => ({ name: kind, kind, approval: null, timeout: 300, retry: { times: 2, backoff: 1 }, continueOnFailure: false, dryRun: false, with: {}, ...more }) as unknown as PlaybookStep;

interface Stored {
  run: { state: Run['state'] };
  steps: Step[];
  effects: (Effect & { expiresAtMs: number })[];
}

/** The world outside: knows ids again where the kind says so. */
class World {
  readonly acts = new Map<string, number>();

  act(id: string, kind: StepKind): void {
    if (stepNatures[kind].again === 'repeat') this.acts.set(id, 1);
    else this.acts.set(id, (this.acts.get(id) ?? 0) + 1);
  }
}

function apply(stored: Stored, change: Change, life: string, nowMs: number): void {
  const setStep = (number: number, to: Partial<Step>): void => {
    stored.steps = stored.steps.map((one) => (one.number === number ? { ...one, ...to } : one));
  };
  switch (change.kind) {
    case 'wait':
      setStep(change.step, { state: 'waiting', deadlineMs: change.deadlineMs });
      stored.run.state = 'waiting';
      return;
    case 'plan':
      setStep(change.step, { state: 'running', deadlineMs: change.deadlineMs });
      stored.run.state = 'running';
      stored.effects.push({ id: `e${change.step}`, undo: false, step: change.step, state: 'wanted', detail: null, attempts: 0, nextAtMs: null, askedBy: null, expiresAtMs: change.deadlineMs });
      return;
    case 'step':
      return setStep(change.step, { state: change.state });
    case 'run':
      stored.run.state = change.state;
      return;
    case 'effect':
      stored.effects = stored.effects.map((one) => (one.id !== change.id ? one : { ...one, state: change.state, nextAtMs: change.nextAtMs, ...(change.state === 'asked' ? { askedBy: life, attempts: one.attempts + 1 } : {}) }));
      return;
    default:
      change satisfies never;
  }
  void nowMs;
}

test('whatever is killed whenever: what can be done only once is done at most once, the rest by one id, and every run ends', () => {
  const kindArbitrary = fc.constantFrom(...stepKinds);
  fc.assert(
    fc.property(fc.array(kindArbitrary, { minLength: 1, maxLength: 5 }), fc.infiniteStream(fc.nat(9)), (kinds, chance) => {
      const steps = kinds.map((kind, index) => stepOf(kind, { name: `s${index}` }));
      const stored: Stored = { run: { state: 'running' }, steps: steps.map((_, number) => ({ number, state: 'pending', decision: null, decidedBy: null, deadlineMs: null })), effects: [] };
      const world = new World();
      const next = (): number => chance.next().value;
      let [life, nowMs, turns] = [0, 0, 0];
      while (stored.run.state === 'running' || stored.effects.some((one) => isOpen(one.state))) {
        turns += 1;
        assert.ok(turns < 5000, `it does not end: ${JSON.stringify(stored)}`);
        nowMs += 500;
        const { changes, ask } = advance({ state: stored.run.state, dryRun: false, steps: stored.steps, effects: stored.effects }, steps, nowMs, `life ${life}`, () => false);
        if (turns < 200 && next() === 0) {
          life += 1; // before it was stored
          continue;
        }
        for (const change of changes) apply(stored, change, `life ${life}`, nowMs);
        const reports = stored.effects.filter((one) => one.state === 'asked' && stepNatures[kinds[one.step]!].doer !== 'hub').map((one) => ({ id: one.id, undo: false }));
        for (const one of [...ask, ...reports]) {
          const effect = stored.effects.find((held) => held.id === one.id)!;
          assert.equal(effect.state, 'asked', 'asked for before it was stored as asked');
          if (turns < 200 && next() === 1) { life += 1; break; } // before the call
          const luck = turns < 200 ? next() : 9;
          const kind: Outcome['kind'] = luck === 2 ? 'failed' : luck === 3 ? 'unanswered' : luck === 4 ? 'refused' : 'applied';
          if (kind === 'applied' || kind === 'unanswered') world.act(one.id, kinds[effect.step]!);
          if (turns < 200 && next() === 5) { life += 1; break; } // after the call, before its end was stored
          const end = settled({ kind, detail: '', evidence: null }, steps[effect.step]!, effect, nowMs);
          stored.effects = stored.effects.map((held) => (held.id === one.id ? { ...held, state: end.state, nextAtMs: end.nextAtMs } : held));
        }
      }
      for (const [id, times] of world.acts) assert.equal(times, 1, `${id} happened ${times} times`);
      for (const effect of stored.effects) {
        const { again } = stepNatures[kinds[effect.step]!];
        if (effect.state === 'applied') assert.equal(world.acts.get(effect.id), 1);
        if (effect.state === 'undecided') assert.equal(again, 'once', 'undecided only where nobody can be asked');
      }
      assert.ok(['done', 'failed'].includes(stored.run.state));
    }),
    { numRuns: 500 },
  );
});

const base: Run = { state: 'running', dryRun: false, steps: [{ number: 0, state: 'pending', decision: null, decidedBy: null, deadlineMs: null }, { number: 1, state: 'pending', decision: null, decidedBy: null, deadlineMs: null }], effects: [] };
const approving = stepOf('isolate-pod', { approval: { by: 'operator', notStarter: true, timeout: 60 } });
const none = (): boolean => false;
const withStep = (to: Partial<Step>): Run => ({ ...base, steps: [{ ...base.steps[0]!, ...to }, base.steps[1]!] });
const effect = (state: Effect['state']): Effect => ({ id: 'e', undo: false, step: 0, state, detail: 'why', attempts: 1, nextAtMs: null, askedBy: 'me' });

for (const { name, run, steps, expected } of [
  { name: 'a step that needs approval waits', run: base, steps: [approving, stepOf('webhook')], expected: ['wait'] },
  { name: 'a dry run needs nobody’s word', run: { ...base, dryRun: true }, steps: [approving, stepOf('webhook')], expected: ['plan'] },
  { name: 'approved, it begins', run: { ...withStep({ state: 'waiting', decision: 'approved', decidedBy: 'ada' }), state: 'waiting' as const }, steps: [approving, stepOf('webhook')], expected: ['plan'] },
  { name: 'rejected, it ends', run: { ...withStep({ state: 'waiting', decision: 'rejected', decidedBy: 'ada' }), state: 'waiting' as const }, steps: [approving, stepOf('webhook')], expected: ['step rejected'] },
  { name: 'nobody approved it in time', run: { ...withStep({ state: 'waiting', deadlineMs: 5 }), state: 'waiting' as const }, steps: [approving, stepOf('webhook')], expected: ['step timed-out'] },
  { name: 'after a rejected step the rest is skipped', run: withStep({ state: 'rejected', decidedBy: 'ada' }), steps: [approving, stepOf('webhook')], expected: ['step skipped', 'run cancelled'] },
  { name: 'a failed step ends the run', run: withStep({ state: 'failed' }), steps: [approving, stepOf('webhook')], expected: ['step skipped', 'run failed'] },
  { name: 'or does not, where the playbook says so', run: withStep({ state: 'failed' }), steps: [stepOf('kill', { continueOnFailure: true }), stepOf('webhook')], expected: ['plan'] },
  { name: 'what is refused fails the step', run: { ...withStep({ state: 'running' }), effects: [effect('refused')] }, steps: [stepOf('kill'), stepOf('webhook')], expected: ['step failed'] },
  { name: 'nothing to act on is no success', run: withStep({ state: 'running' }), steps: [stepOf('kill'), stepOf('webhook')], expected: ['step failed'] },
  { name: 'a step whose time is over ends, what was asked stays awaited', run: { ...withStep({ state: 'running', deadlineMs: 5 }), effects: [effect('asked')] }, steps: [stepOf('kill'), stepOf('webhook')], expected: ['step timed-out'] },
]) {
  test(name, () => {
    const { changes } = advance(run, steps, 10, 'me', none);
    assert.deepEqual(changes.map((one) => ('state' in one ? `${one.kind} ${one.state}` : one.kind)), expected);
  });
}

test('an e-mail that another life of the hub was sending is undecided and not sent again; a webhook is', () => {
  const asked = { ...effect('asked'), askedBy: 'another life' };
  assert.deepEqual(advance({ ...withStep({ state: 'running' }), effects: [asked] }, [stepOf('email'), stepOf('kill')], 10, 'me', none).ask, []);
  assert.equal(advance({ ...withStep({ state: 'running' }), effects: [asked] }, [stepOf('webhook'), stepOf('kill')], 10, 'me', none).ask.length, 1);
  assert.equal(advance({ ...withStep({ state: 'running' }), effects: [asked] }, [stepOf('webhook'), stepOf('kill')], 10, 'me', () => true).ask.length, 0);
});
