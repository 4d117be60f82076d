import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { executionKey, lineage } from '@vedette/model/process';
import type { KernelEvent } from '@vedette/model/event';
import { Pipeline } from './pipeline.ts';
import { Recall, type Drops } from './recall.ts';
import type { StateLogEntry } from './ship/state-log.ts';
import { cgroupEvent, execEvent, exitEvent, fileEvent, forkEvent, helloEvent, ipv4, socketEvent } from './testing/events.ts';
import { identityOf } from './testing/things.ts';

const byImage = { name: 'by-image.yaml', text: '- rule: By image\n  desc: of a test\n  condition: evt.type = execve and container.image startswith registry.test\n  output: "%container.image"\n  priority: NOTICE\n' };
const inOrder = { name: 'in-order.yaml', text: `- rule: In order
  desc: of a test
  condition: evt.type = execve and proc.exepath = /usr/bin/last
  output: "%proc.exepath"
  priority: NOTICE
  vedette: { sequence: ["evt.type in (open, openat) and fd.name = /etc/first", "evt.type = execve and proc.exepath = /usr/bin/second"], within: 1h, by: [] }
` };
const inWeb = { cgroupV1: 17, cgroupV2: 0 };

/** One sensor process: a pipeline, its memory, and what its commits left in the log. */
class Life {
  readonly pipeline: Pipeline;
  readonly recall: Recall;
  readonly log: StateLogEntry[];
  drops: Drops | undefined;

  constructor(log: readonly StateLogEntry[] = [], sameBoot = true) {
    const nothing = () => undefined;
    this.pipeline = new Pipeline({ host: { hostname: 'node-1', userName: () => null }, effects: { identify: nothing, command: nothing, kill: nothing, knownContainer: () => null } });
    this.pipeline.detector.load([byImage, inOrder]);
    this.recall = new Recall(this.pipeline);
    this.log = [...log];
    this.drops = this.recall.restore(log, sameBoot).drops;
  }

  see(...events: KernelEvent[]): this {
    for (const one of events) this.pipeline.onEvent(one);
    return this;
  }

  commit(changes = this.#changes()): this {
    // what goes through the disk comes back as JSON
    this.log.push(JSON.parse(JSON.stringify({ commit: this.log.length + 1, ringEpoch: 1, ringPosition: 0, bootId: 'b', changes })) as StateLogEntry);
    return this;
  }

  #changes() {
    const containers = this.pipeline.containers.takeChanged();
    const { telemetry } = this.pipeline.shipment.take(containers);
    const ended = telemetry.flatMap(({ kind }) => (kind.case === 'containerEnded' ? [kind.value.containerId] : []));
    return this.recall.takeChanges(containers, ended, this.drops);
  }

  /** Everything that a successor must know, in an order that does not depend on how it came to know it. */
  state() {
    const { processes, containers, exposure, detector, coverage, inits } = this.pipeline;
    return {
      living: [...processes.living()].map((one) => lineage(one).map((each) => [executionKey(each), each.path, each.exitedBootNs, each.exitCode, each.containerId])).sort(),
      containers: [...containers.all()].map((one) => [one.id, one.identity?.name ?? null, one.seenFromStart, one.rootFilesystem, one.startedBootNs]).sort(),
      inits: [...inits].sort(),
      exposure: exposure.wholeState().map((one) => JSON.stringify(one)).sort(),
      held: detector.held.map((one) => [executionKey(one.subject.execution), one.subject.container?.id ?? null, [...one.rules], one.untilBootNs]),
      windows: detector.windows.whole(),
      losses: coverage.losses().sort((a, b) => (a.eventClass < b.eventClass ? -1 : 1)),
      drops: this.drops,
    };
  }
}

const start: KernelEvent[] = [
  helloEvent(),
  execEvent({ kind: 'process', tgid: 1, startBootNs: 1, execId: 1, path: '/sbin/init', parent: { tgid: 0, startBootNs: 0, execId: 0 } }),
  { kind: 'snapshot-end', timeBootNs: 600 },
];
const web: KernelEvent[] = [
  cgroupEvent({ timeBootNs: 700, path: '/lab/web', cgroup: 17 }),
  execEvent({ ...inWeb, timeBootNs: 720, tgid: 60, startBootNs: 700, path: '/usr/bin/node', pidInNamespace: 1 }),
  fileEvent({ ...inWeb, timeBootNs: 730, tgid: 60, startBootNs: 700, path: '/srv/app/main.js' }),
];
const lost: KernelEvent = { kind: 'tick', timeBootNs: 740, wallOffsetNs: 0, ringFillBytes: 0, ringFillBytesMax: 0, commandsRefused: 0, enforcementOff: false, eventsSeen: 9, losses: [{ eventClass: 'open-read', cause: 'share', count: 4 }] };

test('a successor in the same boot goes on with processes, containers, what is held, exposure and losses', () => {
  const first = new Life().see(...start, ...web, lost);
  first.drops = { batches: 2, records: 70, firstBootNs: 2n ** 60n, lastBootNs: 2n ** 60n + 1n };
  first.commit();
  const second = new Life(first.log);
  assert.deepEqual(second.state(), first.state());
  assert.equal(second.state().held.length, 1, 'the rule still waits for the identity');
  assert.ok(first.state().exposure.every((one) => !one.includes('arguments')), 'a use names its reader and does not carry it');
  second.pipeline.identified('web', identityOf());
  assert.deepEqual(second.pipeline.detector.held, []);
  const { detections } = second.pipeline.shipment.take([]);
  assert.deepEqual(detections.map(({ kind }) => (kind.case === 'detection' ? kind.value.output : kind.case)), ['registry.test/shop/cart:1.4']);
});

test('a sequence that began before a sensor died is completed after it', () => {
  const second = new Life(new Life().see(...start, ...web, fileEvent({ ...inWeb, timeBootNs: 800, tgid: 60, startBootNs: 700, path: '/etc/first' })).commit().log);
  second.see(execEvent({ timeBootNs: 900, tgid: 70, startBootNs: 850, path: '/usr/bin/second' })).commit();
  const whole = new Life().commit(JSON.parse(JSON.stringify(second.recall.whole(undefined)))).log;
  for (const log of [second.log, whole]) {
    const third = new Life(log).see(execEvent({ timeBootNs: 950, tgid: 71, startBootNs: 940, path: '/usr/bin/last' }));
    const { detections } = third.pipeline.shipment.take([]);
    const rules = detections.flatMap(({ kind }) => (kind.case === 'detection' ? [kind.value.rule] : []));
    assert.deepEqual(rules, ['In order']);
  }
});

test('what is held of a process that came and went within one commit is held on', () => {
  const short = { ...inWeb, tgid: 61, startBootNs: 750, execId: 7 };
  const first = new Life().see(...start, ...web).commit().see(execEvent({ ...short, timeBootNs: 760, path: '/usr/bin/id' }), exitEvent({ ...short, timeBootNs: 770 })).commit();
  assert.equal(first.state().held.length, 2);
  assert.deepEqual(new Life(first.log).state(), first.state());
  const anew = new Life().commit(JSON.parse(JSON.stringify(first.recall.whole(undefined))));
  assert.deepEqual(new Life(anew.log).state(), first.state());
});

test('an execution that the snapshot had and the ring reports again is one, alive, with its children', () => {
  const snapshot = execEvent({ kind: 'process', tgid: 60, startBootNs: 500, execId: 3, path: '/bin/sh', origin: 'none' });
  const child = execEvent({ timeBootNs: 610, tgid: 61, startBootNs: 605, execId: 4, parent: { tgid: 60, startBootNs: 500, execId: 3 } });
  const first = new Life().see(start[0]!, start[1]!, snapshot, start[2]!, child).commit();
  first.see(execEvent({ timeBootNs: 620, tgid: 60, startBootNs: 500, execId: 3, path: '/bin/sh', arguments: ['sh', '-c', 'id'] })).commit();
  const [, again] = new Life(first.log).pipeline.processes.living();
  assert.deepEqual([again?.arguments, again?.exitedBootNs], [['sh', '-c', 'id'], 0]);
  assert.equal(first.pipeline.processes.current(61, 605)?.parent?.exitedBootNs, 0, 'the parent that its child shows has not ended');
  assert.deepEqual(new Life(first.log).state(), first.state());
});

test('of another boot only losses and drops are left', () => {
  const first = new Life().see(...start, ...web, lost);
  first.drops = { batches: 1, records: 1, firstBootNs: 1n, lastBootNs: 2n };
  const { living, containers, inits, exposure, held, losses, drops } = new Life(first.commit().log, false).state();
  assert.deepEqual([living, containers, inits, exposure, held], [[], [], [], [], []]);
  assert.deepEqual(losses, [{ eventClass: 'open-read', cause: 'share', count: 4 }]);
  assert.deepEqual(drops, first.drops);
});

test('a commit without changes writes nothing', () => {
  const life = new Life().see(...start, ...web, lost).commit().commit();
  assert.equal(life.log[1]!.changes.length, 1, 'what is held is said as long as something is held');
  life.pipeline.identified('web', identityOf());
  life.commit().commit().commit();
  assert.deepEqual(life.log.slice(3).map((one) => one.changes), [[], []]);
});

test('a container that ended is not there for the successor, nor is what was held for it', () => {
  const first = new Life().see(...start, ...web).commit().see(exitEvent({ ...inWeb, timeBootNs: 800, tgid: 60, startBootNs: 700 }), cgroupEvent({ kind: 'cgroup-remove', timeBootNs: 810, cgroup: 17 })).commit();
  const second = new Life(first.log);
  assert.deepEqual(second.state(), first.state());
  assert.deepEqual(second.state().containers, []);
  assert.deepEqual(second.state().held, []);
});

test('what the log says that is not so any more: an unknown execution is not held for', () => {
  const first = new Life().see(...start, ...web).commit();
  const entry = first.log[0]!;
  const changes = (entry.changes as { of: string }[]).filter((one) => one.of !== 'started');
  assert.deepEqual(new Life([{ ...entry, changes }]).state().held, []);
});

test('a process whose fork is told twice, and that ends before the next commit, has ended for the successor', () => {
  const who = { tgid: 61, startBootNs: 750, execId: 1, parent: { tgid: 60, startBootNs: 700, execId: 3 } };
  const first = new Life().see(...start, ...web, forkEvent({ ...who, timeBootNs: 751 })).commit();
  first.see(forkEvent({ ...who, timeBootNs: 751 }), exitEvent({ ...who, timeBootNs: 760 })).commit();
  assert.deepEqual(new Life(first.log).state(), first.state());
});

const act = fc.record({ what: fc.constantFrom('fork', 'exec', 'again', 'exit', 'open', 'make', 'remove', 'identify'), tgid: fc.integer({ min: 2, max: 6 }), start: fc.integer({ min: 1, max: 3 }), exec: fc.integer({ min: 1, max: 3 }), place: fc.integer({ min: 17, max: 19 }) });

function perform(life: Life, one: { what: string; tgid: number; start: number; exec: number; place: number }, at: number): void {
  const who = { timeBootNs: at, tgid: one.tgid, startBootNs: 700 + one.start, execId: 1, cgroupV1: one.place, cgroupV2: 0 };
  const parent = { tgid: 1, startBootNs: 1, execId: 1 };
  if (one.what === 'fork') life.see(forkEvent({ ...who, parent }));
  else if (one.what === 'exec') life.see(execEvent({ ...who, execId: at, parent }));
  else if (one.what === 'again') life.see(execEvent({ ...who, execId: life.pipeline.processes.current(who.tgid, who.startBootNs)?.execId ?? at, parent }));
  else if (one.what === 'exit') life.see(exitEvent(who));
  else if (one.what === 'open') life.see(fileEvent({ ...who, path: `/f${one.exec}` }));
  else if (one.what === 'make') life.see(cgroupEvent({ timeBootNs: at, path: `/lab/c${one.place}`, cgroup: one.place }));
  else if (one.what === 'remove') life.see(cgroupEvent({ kind: 'cgroup-remove', timeBootNs: at, cgroup: one.place }));
  else life.pipeline.identified(`c${one.place}`, identityOf());
}

test('whatever happened between whichever commits, the successor knows it; and so from the whole state written anew', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(act, fc.boolean()), { maxLength: 60 }), (acts) => {
      const life = new Life().see(...start);
      const over = new Set<string>();
      acts.forEach(([one, commits], index) => {
        const [who, cgroup] = [`${one.tgid}-${one.start}`, `cgroup ${one.place}`];
        // the kernel forks no process and makes no cgroup after its end: neither id comes again
        if (!(one.what === 'fork' && over.has(who)) && !(one.what === 'make' && over.has(cgroup))) perform(life, one, 1000 + index);
        if (one.what === 'exit') over.add(who);
        if (one.what === 'remove') over.add(cgroup);
        if (commits) life.commit();
      });
      life.commit();
      assert.deepEqual(new Life(life.log).state(), life.state());
      const anew = new Life();
      anew.commit(JSON.parse(JSON.stringify(life.recall.whole(life.drops))));
      assert.deepEqual(new Life(anew.log).state(), life.state());
    }),
  );
});

test('the address of a connection that was held is an address again in the successor', () => {
  const byPeer = { name: 'peer.yaml', text: '- rule: By peer\n  desc: of a test\n  condition: evt.type = connect and container.image startswith registry.test and fd.rip = 192.0.2.7\n  output: "%fd.rip"\n  priority: NOTICE\n' };
  const first = new Life();
  first.pipeline.detector.load([byPeer]);
  first.see(...start, ...web, socketEvent({ ...inWeb, timeBootNs: 750, tgid: 60, startBootNs: 700, remoteAddress: ipv4(192, 0, 2, 7) })).commit();
  const second = new Life(first.log);
  second.pipeline.detector.load([byPeer]);
  assert.deepEqual(second.pipeline.detector.held.map((one) => ({ ...one.subject.event }) as { remoteAddress?: unknown }).map((one) => one.remoteAddress), [ipv4(192, 0, 2, 7)]);
  second.pipeline.identified([...second.pipeline.containers.all()][0]!.id, identityOf());
  const found = second.pipeline.shipment.take([]).detections;
  assert.deepEqual(found.map(({ kind }) => (kind.case === 'detection' ? kind.value.output : '')), ['192.0.2.7']);
});

test('a ring that outlives the sensor was watched from its begin, by whatever process of the sensor', () => {
  const first = new Life().see(helloEvent({ timeBootNs: 500, ringEpoch: 9 }), cgroupEvent({ timeBootNs: 700 }), execEvent({ ...inWeb, timeBootNs: 720 })).commit();
  const same = new Life(first.log).see(helloEvent({ timeBootNs: 900, ringEpoch: 9 }));
  assert.deepEqual(same.pipeline.learner.watching, { id: 9, fromBootNs: 500 });
  const other = new Life(first.log).see(helloEvent({ timeBootNs: 950, ringEpoch: 10 }));
  assert.deepEqual(other.pipeline.learner.watching, { id: 10, fromBootNs: 950 });
});
