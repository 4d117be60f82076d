/** The desk with a kernel of a few lines in memory, which outlives sensors that die at any point. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { EffectCommandSchema, type EffectCommand } from '@vedette/model/wire/generated/link_pb';
import type { EffectReport } from '@vedette/model/wire/generated/record_pb';
import fc from 'fast-check';
import { EffectDesk, effectOf } from './effect-desk.ts';
import type { EffectOrder } from './enforce/commands.ts';
import type { EffectEntry } from './enforce/effect-book.ts';
import type { EffectAnswer } from './enforce/loader.ts';
import { Pipeline } from './pipeline.ts';

type Kind = NonNullable<MessageInitShape<typeof EffectCommandSchema>['kind']>;
const isolate: Kind = { case: 'isolate', value: { containerId: 'c1', allowCidrs: ['10.0.0.0/8'] } };
const freeze: Kind = { case: 'freeze', value: { containerId: 'c1' } };
const kill: Kind = { case: 'kill', value: { containerId: 'c1', tgid: 0 } };

function command(kind: Kind, more: Partial<{ effectId: string; undo: boolean; dryRun: boolean; expiresAtMs: bigint }> = {}): EffectCommand {
  return create(EffectCommandSchema, { effectId: 'e1', kind, ...more });
}

/** What the loader and the kernel hold. Counts what really changed. */
class Kernel {
  isolated = false;
  frozen = false;
  processes = 3;
  changes: string[] = [];
  orders: EffectOrder[] = [];
  effect = async (order: EffectOrder): Promise<EffectAnswer> => {
    this.orders.push(order);
    return this.#answer(order);
  };

  #answer({ act, undo, dryRun }: EffectOrder): EffectAnswer {
    const done = (what: string, evidence = '{}'): EffectAnswer => {
      if (!dryRun) this.changes.push(what);
      return { errno: 0, evidence };
    };
    switch (act) {
      case 'kill':
        if (this.processes === 0) return { errno: 3, evidence: '{}' };
        if (!dryRun) this.processes = 0;
        return done('kill');
      case 'freeze':
        if (this.frozen === !undo) return { errno: 114, evidence: '{}' };
        if (!dryRun) this.frozen = !undo;
        return done(undo ? 'thaw' : 'freeze');
      case 'isolate': {
        const evidence = `{"bootNs":1,"before":{"isolated":${this.isolated},"programs":[]}}`;
        if (undo && !this.isolated) return { errno: 114, evidence };
        if (this.isolated === !undo) return { errno: 0, evidence };
        if (!dryRun) this.isolated = !undo;
        return done(undo ? 'release' : 'isolate', evidence);
      }
      default:
        return act satisfies never;
    }
  }
}

type Death = 'commit-1' | 'loader' | 'commit-2';

/** A sensor's life on the log of its predecessors. */
class Life {
  readonly pipeline: Pipeline;
  readonly desk: EffectDesk;
  readonly #stored: EffectEntry[];
  readonly reports: EffectReport[] = [];
  commits = 0;
  #isDead = false;

  constructor(kernel: Kernel, stored: EffectEntry[], options: { dies?: Death; without?: boolean; nowMs?: number } = {}) {
    this.#stored = stored;
    this.pipeline = new Pipeline({ host: { hostname: 'host', userName: () => null }, effects: { identify: () => undefined, command: () => undefined, kill: () => undefined, knownContainer: () => null } });
    for (const one of stored) this.pipeline.effectBook.restore(one);
    if (options.without !== true) this.start('c1');
    const commit = () => {
      this.commits += 1;
      if (options.dies === `commit-${this.commits}`) this.#isDead = true;
      this.store();
    };
    // a dead sensor sends nothing, and hears of nothing that it had sent
    const effect = async (order: EffectOrder) => {
      const answer = this.#isDead ? null : await kernel.effect(order);
      if (options.dies === 'loader') this.#isDead = true;
      return answer === null || this.#isDead ? await new Promise<never>(() => undefined) : answer;
    };
    this.desk = new EffectDesk({ pipeline: this.pipeline, loader: { effect }, commit, log: () => undefined, nowMs: () => options.nowMs ?? 1000 });
  }

  start(id: string): void {
    this.pipeline.containers.restore({ id, cgroupPath: `/${id}`, keys: new Set([5, -6]), startedBootNs: 1, seenFromStart: true, identity: null, rootFilesystem: 'overlay' });
  }

  /** What a commit stores: book and reports together. */
  store(): void {
    if (this.#isDead) return;
    this.#stored.push(...this.pipeline.effectBook.takeChanges());
    for (const one of this.pipeline.shipment.take([]).detections) if (one.kind.case === 'effect') this.reports.push(one.kind.value);
  }

  async told(): Promise<EffectReport[]> {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    this.store();
    return this.reports.splice(0);
  }
}

async function withLife<T>(life: Life, run: () => T): Promise<EffectReport[]> {
  run();
  return await life.told();
}

test('an effect is done once however often it is asked for, and told again each time', async () => {
  for (const [kind, change] of [[isolate, 'isolate'], [freeze, 'freeze'], [kill, 'kill']] as const) {
    const kernel = new Kernel();
    const life = new Life(kernel, []);
    life.desk.begin();
    const states: string[] = [];
    for (let time = 0; time < 3; time++) states.push(...(await withLife(life, () => life.desk.take([command(kind)]))).map((one) => one.state));
    assert.deepEqual(states, ['applied', 'applied', 'applied']);
    assert.deepEqual(kernel.changes, [change]);
    assert.deepEqual(kernel.orders[0]?.keyV1, 5);
    assert.deepEqual(kernel.orders[0]?.keyV2, -6);
  }
});

test('what is asked before the containers are known waits; a container that is not known is refused, not called done', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, [], { without: true });
  assert.deepEqual(await withLife(life, () => life.desk.take([command(isolate)])), []);
  const [report] = await withLife(life, () => life.desk.begin());
  assert.equal(report?.state, 'refused');
  assert.match(report?.detail ?? '', /no running container/);
});

test('taken back once, and not done again when it is asked for late', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, []);
  life.desk.begin();
  const commands = [command(isolate), command(isolate, { undo: true }), command(isolate, { undo: true }), command(isolate)];
  const reports = await withLife(life, () => life.desk.take(commands));
  assert.deepEqual(reports.map((one) => `${one.undo} ${one.state}`), ['false applied', 'true applied', 'true applied', 'false applied']);
  assert.deepEqual(kernel.changes, ['isolate', 'release']);
});

test('dry runs change nothing, expired ones are not begun, and what is no effect of a sensor is refused', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, [], { nowMs: 5000 });
  life.desk.begin();
  const reports = await withLife(life, () =>
    life.desk.take([
      command(isolate, { dryRun: true }),
      command(freeze, { effectId: 'late', expiresAtMs: 4999n }),
      command({ case: 'scale', value: {} }, { effectId: 'scale' }),
      command({ case: 'isolate', value: { containerId: 'c1', allowCidrs: ['10.0.0.0/33'] } }, { effectId: 'cidr' }),
      command(kill, { effectId: 'undo-kill', undo: true }),
    ]),
  );
  assert.deepEqual(Object.fromEntries(reports.map((one) => [one.effectId, one.state])), { e1: 'applied', late: 'refused', scale: 'refused', cidr: 'refused', 'undo-kill': 'refused' });
  assert.ok(reports.find((one) => one.effectId === 'e1')?.dryRun);
  assert.deepEqual(kernel.changes, []);
});

test('a sensor killed at any point: one change in the kernel, one end told, and what holds stays', async () => {
  const points = fc.record({ kind: fc.constantFrom<Kind>(isolate, freeze, kill), deaths: fc.array(fc.constantFrom<Death>('commit-1', 'loader', 'commit-2'), { maxLength: 4 }), undo: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(points, async ({ kind, deaths, undo }) => {
      const kernel = new Kernel();
      const stored: EffectEntry[] = [];
      const live = async (wanted: EffectCommand, dies?: Death): Promise<string[]> => {
        const life = new Life(kernel, stored, dies === undefined ? {} : { dies });
        life.desk.begin();
        await life.told();
        return (await withLife(life, () => life.desk.take([wanted]))).map((one) => one.state);
      };
      for (const death of deaths) await live(command(kind), death);
      assert.deepEqual(await live(command(kind)), ['applied']);
      const name = kind.case;
      assert.deepEqual(kernel.changes, [name]);
      if (!undo || name === 'kill') return;
      for (const death of deaths) await live(command(kind, { undo: true }), death);
      const [end] = await live(command(kind, { undo: true }));
      assert.ok(end === 'applied' || end === 'not-needed');
      assert.ok(!kernel.isolated && !kernel.frozen);
    }),
    { numRuns: 150 },
  );
});

test('the loader was started anew: what holds is put in force again and told; a sensor alone changes nothing', async () => {
  const kernel = new Kernel();
  const stored: EffectEntry[] = [];
  const first = new Life(kernel, stored);
  first.desk.begin();
  await withLife(first, () => first.desk.take([command(isolate)]));
  const second = new Life(kernel, stored);
  assert.deepEqual(await withLife(second, () => second.desk.begin()), []);
  kernel.isolated = false;
  const third = new Life(kernel, stored);
  const [report] = await withLife(third, () => third.desk.begin());
  assert.equal(kernel.isolated, true);
  assert.match(report?.detail ?? '', /again: the loader was started anew/);
  assert.deepEqual(kernel.orders.at(-1)?.allowed.map((one) => one.prefixBits), [104]);
});

test('the container ended: told once; one of its id that is started again is cut off again', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, []);
  life.desk.begin();
  await withLife(life, () => life.desk.take([command(isolate)]));
  life.pipeline.containers.ended('c1');
  kernel.isolated = false;
  const [gone, ...more] = await withLife(life, () => (life.desk.watch(), life.desk.watch()));
  assert.equal(gone?.state, 'not-needed');
  assert.equal(more.length, 0);
  life.start('c1');
  await withLife(life, () => life.desk.containerSeen(life.pipeline.containers.get('c1')!));
  assert.equal(kernel.isolated, true);
});

test('two effects hold one container: taking one back leaves it cut off with the other\'s list', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, []);
  life.desk.begin();
  const other: Kind = { case: 'isolate', value: { containerId: 'c1', allowCidrs: [] } };
  await withLife(life, () => life.desk.take([command(isolate), command(other, { effectId: 'e2' }), command(isolate, { undo: true })]));
  assert.equal(kernel.isolated, true);
  assert.deepEqual(kernel.orders.at(-1)?.allowed, []);
  await withLife(life, () => life.desk.take([command(other, { effectId: 'e2', undo: true })]));
  assert.equal(kernel.isolated, false);
});

test('the dead man ended it: told as failed, and it does not hold any more', async () => {
  const kernel = new Kernel();
  const life = new Life(kernel, []);
  life.desk.begin();
  await withLife(life, () => life.desk.take([command(freeze)]));
  life.pipeline.coverage.enforcementOff = true;
  const [report] = await withLife(life, () => life.desk.watch());
  assert.equal(report?.state, 'failed');
  assert.deepEqual(life.pipeline.effectBook.holding(), []);
});

test('a freeze that somebody else made is not ours to take back', async () => {
  const kernel = new Kernel();
  kernel.frozen = true;
  const life = new Life(kernel, []);
  life.desk.begin();
  const reports = await withLife(life, () => life.desk.take([command(freeze), command(freeze, { undo: true })]));
  assert.deepEqual(reports.map((one) => one.state), ['not-needed', 'not-needed']);
  assert.equal(kernel.frozen, true);
});

test('ids are bounded', () => {
  assert.ok('problem' in effectOf(command(isolate, { effectId: '' })));
  assert.ok('problem' in effectOf(command(isolate, { effectId: 'x'.repeat(201) })));
});
