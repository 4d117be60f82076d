import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FileIndexBuilder } from '@vedette/inventory/file-index';
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import { ContainerDesk } from './container-desk.ts';
import type { Inventory, ScanRequest } from './enrich/inventory/runner.ts';
import { Pipeline } from './pipeline.ts';
import { cgroupEvent, execEvent, exitEvent, helloEvent } from './testing/events.ts';
import { digest, identityOf } from './testing/things.ts';

const inWeb = { cgroupV1: 17, cgroupV2: 0 };

function inventoryOf(count: number, more: Partial<Inventory> = {}): Inventory {
  const packages = Array.from({ length: count }, (_, i) => ({ ecosystem: 'npm', name: `p${i}`, version: '1.0.0', sourceName: '', sourceVersion: '', path: `/srv/node_modules/p${i}`, loadedApplies: 'yes' as const }));
  return { revision: 'sha256:r', distribution: 'Debian', packages, problems: [], truncated: false, filesIndexed: count, durationMs: 5, index: new FileIndexBuilder().build(packages.map((_, i) => i)), fromCache: false, ...more };
}

interface Scene {
  readonly identify?: (id: string) => Promise<ContainerIdentity>;
  readonly scan?: (request: ScanRequest) => Promise<Inventory | { problem: string }>;
  readonly hasEntered?: (tgid: number) => boolean;
  readonly runcStates?: readonly string[];
}

interface Bench {
  readonly pipeline: Pipeline;
  readonly desk: ContainerDesk;
  readonly scans: ScanRequest[];
  /** Attends what the pipeline asks for, and settles when all of it is done. */
  readonly attended: () => Promise<unknown>;
  records(kind: NonNullable<WireRecord['kind']['case']>): WireRecord[];
}

function bench(scene: Scene = {}): Bench {
  const scans: ScanRequest[] = [];
  const running: Promise<void>[] = [];
  const { identify = async () => await Promise.resolve(identityOf({ mounts: [{ destination: '/data', source: '/srv', kind: 'bind', readOnly: false }] })), scan = async () => await Promise.resolve(inventoryOf(2)) } = scene;
  const pipeline = new Pipeline({
    host: { hostname: 'node-1', userName: () => null },
    effects: { identify: (one, hint) => void running.push(desk.attend(one, hint)), command: () => undefined, kill: () => undefined, knownContainer: (path, key) => desk.knownAt(path, key) },
  });
  const desk = new ContainerDesk({
    pipeline: () => pipeline,
    identifier: { identify },
    runner: {
      async scan(request) {
        scans.push(request);
        return await scan(request);
      },
    },
    runcStates: scene.runcStates ?? [],
    ownRootIsHosts: true,
    hasEntered: scene.hasEntered ?? (() => true),
  });
  pipeline.onEvent(helloEvent());
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  const records: Bench['records'] = (kind) => pipeline.shipment.take(pipeline.containers.takeChanged()).telemetry.filter((one) => one.kind.case === kind);
  return { pipeline, desk, scans, attended: async () => await Promise.all(running), records };
}

function start({ pipeline }: Bench, startBootNs = 700): Container {
  pipeline.onEvent(cgroupEvent({ timeBootNs: startBootNs, path: '/lab/web', cgroup: 17 }));
  pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: startBootNs + 10, tgid: 60, startBootNs, path: '/usr/bin/node' }));
  return pipeline.containers.get('web')!;
}

function stop({ pipeline }: Bench, startBootNs = 700): void {
  pipeline.onEvent(exitEvent({ ...inWeb, timeBootNs: startBootNs + 50, tgid: 60, startBootNs }));
  pipeline.onEvent(cgroupEvent({ kind: 'cgroup-remove', timeBootNs: startBootNs + 60, cgroup: 17 }));
}

test('first who it is, then what is installed in it', async () => {
  const one = bench();
  start(one);
  await one.attended();
  assert.equal(one.pipeline.containers.get('web')?.identity?.name, 'web');
  assert.deepEqual(one.scans.map((scan) => [scan.containerId, scan.platformDigest, scan.mounts, scan.witness()]), [['web', digest, ['/data'], 60]]);
  const [report] = one.records('inventory');
  assert.ok(report?.kind.case === 'inventory');
  assert.deepEqual([report.kind.value.packages.map((each) => each.name), report.kind.value.truncated, report.kind.value.platformDigest], [['p0', 'p1'], false, digest]);
  assert.ok(one.pipeline.exposure.hasInventory('web'));
});

test('its packages are read only when it has left the root of the host', async () => {
  let looks = 0;
  const one = bench({ hasEntered: () => ++looks >= 2 });
  start(one);
  await one.attended();
  assert.equal(looks, 2);
  assert.equal(one.scans.length, 1);
});

test('what has entered when its turn comes is read, and never what has not', async () => {
  const entered = new Set([61]);
  const one = bench({ hasEntered: (tgid) => entered.has(tgid) });
  start(one);
  one.pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: 720, tgid: 61, startBootNs: 700, path: '/usr/bin/node' }));
  await one.attended();
  assert.equal(one.scans[0]!.witness(), 61, 'another one than the first');
  entered.clear();
  assert.equal(one.scans[0]!.witness(), 0, 'a program of the runtime is the only one left');
});

test('packages that could not be read are a report too, with the reason', async () => {
  const one = bench({ scan: async () => await Promise.resolve({ problem: 'the packages could not be read: permission denied' }) });
  start(one);
  await one.attended();
  const [report] = one.records('inventory');
  assert.ok(report?.kind.case === 'inventory');
  assert.deepEqual([report.kind.value.problems, report.kind.value.truncated], [['the packages could not be read: permission denied'], true]);
  assert.ok(!one.pipeline.exposure.hasInventory('web'));
});

test('more packages than fit are cut and said', async () => {
  const one = bench({ scan: async () => await Promise.resolve(inventoryOf(4100)) });
  start(one);
  await one.attended();
  const [report] = one.records('inventory');
  assert.ok(report?.kind.case === 'inventory');
  assert.deepEqual([report.kind.value.packages.length, report.kind.value.truncated, report.kind.value.problems], [4000, true, ['100 packages are not reported: at most 4000 fit into a report']]);
});

test('answers about a container that has ended are nobody’s, even when another has its name by then', async () => {
  const answers: ((identity: ContainerIdentity) => void)[] = [];
  const one = bench({ identify: async () => await new Promise((resolve) => answers.push(resolve)) });
  start(one);
  stop(one);
  const second = start(one, 900);
  answers[0]!(identityOf({ imageName: 'the first' }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(second.identity, null);
  answers[1]!(identityOf({ imageName: 'the second' }));
  await one.attended();
  assert.equal(one.pipeline.containers.get('web')?.identity?.imageName, 'the second');
  assert.equal(one.scans.length, 1);
});

test('packages of a container that ended while they were read are not reported', async () => {
  const answers: ((found: Inventory) => void)[] = [];
  const one = bench({ scan: async () => await new Promise((resolve) => answers.push(resolve)) });
  start(one);
  await new Promise((resolve) => setTimeout(resolve, 5));
  stop(one);
  answers[0]!(inventoryOf(1));
  await one.attended();
  assert.equal(one.records('inventory').length, 0);
});

test('a container that was identified before the sensor came is only read', async () => {
  let asked = 0;
  const one = bench({ identify: async () => await Promise.resolve((asked += 1, identityOf())) });
  const container = start(one);
  await one.attended();
  await one.desk.attend(container, null);
  assert.deepEqual([asked, one.scans.length], [1, 2]);
});

function stateFolder(t: TestContext, cgroupPaths: unknown): string {
  const place = mkdtempSync(join(tmpdir(), 'vedette-desk-'));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  mkdirSync(join(place, 'web'));
  writeFileSync(join(place, 'web', 'state.json'), JSON.stringify({ cgroup_paths: cgroupPaths, config: { labels: [] } }));
  return place;
}

test('a container that was there before, under a name that a person chose, is found by its runtime’s state', async (t) => {
  const one = bench({ runcStates: [stateFolder(t, { pids: '/sys/fs/cgroup/pids/lab/web' })] });
  await one.desk.prepare();
  one.pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: '/web', cgroup: 16, presentAtStart: true, takenForContainer: false }));
  one.pipeline.onEvent(execEvent({ cgroupV1: 16, cgroupV2: 0, kind: 'process', tgid: 59, startBootNs: 500 }));
  assert.equal(one.pipeline.containers.get('web'), null, 'a cgroup of the host that is called the same');
  one.pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: '/lab/web', cgroup: 17, presentAtStart: true, takenForContainer: false }));
  one.pipeline.onEvent(execEvent({ ...inWeb, kind: 'process', tgid: 60, startBootNs: 500 }));
  await one.attended();
  assert.deepEqual([one.pipeline.containers.get('web')?.seenFromStart], [false]);
});

test('its cgroup is the one at the whole path in the same hierarchy, on hosts of v1, of v2 and of both', async (t) => {
  const paths = ['/lab/web', '/web', '/pids/lab/web', '/unified/lab/web', '/lab', '/lab/web/inner', '/sys/fs/cgroup/lab/web', '/sys/fs/cgroup/pids/lab/web', 'lab/web', '/', ''];
  const hosts: [what: string, cgroupPaths: unknown, found: readonly string[]][] = [
    ['v1', { pids: '/sys/fs/cgroup/pids/lab/web', memory: '/sys/fs/cgroup/memory/other' }, ['v1 /lab/web']],
    ['v2', { '': '/sys/fs/cgroup/lab/web' }, ['v2 /lab/web']],
    ['both', { pids: '/sys/fs/cgroup/pids/lab/web', '': '/sys/fs/cgroup/unified/lab/web' }, ['v1 /lab/web', 'v2 /lab/web']],
    ['both, in different places', { pids: '/sys/fs/cgroup/pids/lab/web', '': '/sys/fs/cgroup/unified/web' }, ['v1 /lab/web', 'v2 /web']],
  ];
  for (const [what, cgroupPaths, expected] of hosts) {
    const one = bench({ runcStates: [stateFolder(t, cgroupPaths)] });
    await one.desk.prepare();
    const found = [17, -17].flatMap((key) => paths.flatMap((path) => (one.desk.knownAt(path, key)?.id === 'web' ? [`${key > 0 ? 'v1' : 'v2'} ${path}`] : [])));
    assert.deepEqual(found, expected, what);
  }
});

test('a container that the sensor before knew is found by its cgroup, without any state', () => {
  const one = bench();
  start(one);
  assert.deepEqual(one.desk.knownAt('/lab/web', 17), { id: 'web', runtime: 'runc' });
  assert.equal(one.desk.knownAt('/lab/other', 17), null);
});
