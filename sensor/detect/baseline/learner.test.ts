import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BaselineInForce } from '@vedette/model/baseline';
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { Command } from '../../enforce/commands.ts';
import { Pipeline } from '../../pipeline.ts';
import { callEvent, cgroupEvent, execEvent, fileEvent, helloEvent, socketEvent } from '../../testing/events.ts';
import { behaviourText } from '@vedette/policy/baseline/nearby';
import { networkOf, socketAct } from './acts.ts';
import { unseenKinds, type LearnedReport } from './learner.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const identity: ContainerIdentity = { runtime: 'containerd', name: 'web', imageName: 'registry.test/shop/cart:1.4', indexDigest: null, platformDigest: digest, imageReason: null, labels: {}, mounts: [], podName: null, podNamespace: null, podUid: null, privileged: false };
const inWeb = { cgroupV1: 17, cgroupV2: -44 };

function bench(): { pipeline: Pipeline; commands: Command[]; detections: () => WireRecord[] } {
  const commands: Command[] = [];
  const pipeline = new Pipeline({ host: { hostname: 'node-1', userName: () => 'root' }, effects: { identify: () => undefined, command: (one) => void commands.push(one), kill: () => undefined, knownContainer: () => null } });
  pipeline.onEvent(helloEvent());
  pipeline.onEvent(execEvent({ kind: 'process', tgid: 50, startBootNs: 5, path: '/usr/sbin/runc', command: 'runc', mountNamespace: 3, rootMagic: 0xef53 }));
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: '/lab/web', cgroup: 17, parentCgroup: 8 }));
  pipeline.onEvent(cgroupEvent({ timeBootNs: 701, path: '/lab/web', cgroup: -44, parentCgroup: -25 }));
  pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: 720, tgid: 60, startBootNs: 600, execId: 4, path: '/usr/bin/node', arguments: ['node', '--port=8080'], command: 'node', pidInNamespace: 1, parent: { tgid: 50, startBootNs: 5, execId: 2 }, capEffectiveLow: 1 }));
  return { pipeline, commands, detections: () => pipeline.shipment.take(pipeline.containers.takeChanged()).detections.filter((one) => one.kind.case === 'detection') };
}

const app = { ...inWeb, tgid: 60, startBootNs: 600, execId: 4 };
const child = (path: string, more: Parameters<typeof execEvent>[0] = {}) => execEvent({ ...inWeb, timeBootNs: 800, tgid: 70, startBootNs: 790, execId: 5, path, arguments: [path], parent: { tgid: 60, startBootNs: 600, execId: 4 }, ...more });
/** As the session does it. */
function load({ learner: { watch }, enforcer }: Pipeline, inForce: readonly BaselineInForce[], generation: number): boolean {
  const concernsKernel = watch.replace(inForce, generation);
  if (concernsKernel) enforcer.setDrift(watch.drift);
  return concernsKernel;
}

const texts = (reports: readonly LearnedReport[]): string[] => reports.flatMap(({ seen }) => seen.map(({ behaviour }) => behaviourText(behaviour)));

test('a container is learned: programs, capabilities, files, peers; each is told once', () => {
  const { pipeline } = bench();
  pipeline.onEvent(child('/usr/bin/id'));
  pipeline.onEvent(child('/usr/bin/id', { tgid: 71, timeBootNs: 810 }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-write', timeBootNs: 820, path: '/var/log/app-1.log' }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-write', timeBootNs: 821, path: '/var/log/app-2.log' }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-write', timeBootNs: 822, path: '/dev/null', mode: 0o020666 }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-read', timeBootNs: 823, path: '/etc/passwd' }));
  pipeline.onEvent(callEvent({ ...app, callKind: 'mkdir', call: 'mkdir', timeBootNs: 824, texts: ['cache', ''], paths: ['/srv', ''] }));
  pipeline.onEvent(callEvent({ ...app, callKind: 'mkdir', call: 'mkdir', timeBootNs: 825, texts: ['/srv/no', ''], result: -13 }));
  pipeline.onEvent(socketEvent({ ...app, timeBootNs: 830 }));
  pipeline.onEvent(socketEvent({ ...app, kind: 'listen', timeBootNs: 831, localAddress: new Uint8Array(16), localPort: 8080 }));
  pipeline.onEvent(callEvent({ ...app, callKind: 'bind', call: 'bind', timeBootNs: 832, family: 2, protocol: 17, given: { family: 2, address: new Uint8Array(16), port: 53, path: '' } }));
  pipeline.onEvent(callEvent({ ...app, callKind: 'bind', call: 'bind', timeBootNs: 833, family: 2, protocol: 17, given: { family: 2, address: new Uint8Array(16), port: 0, path: '' } }));
  const reports = pipeline.learner.takeReports(900);
  assert.deepEqual(texts(reports), [
    '/usr/bin/node --port=<n> as user 0', 'CAP_CHOWN', '/usr/bin/id by /usr/bin/node as user 0', '/var/log/app-<n>.log', '/srv/cache', 'to 192.0.2.7 tcp/443', 'listens on tcp/8080 (any)', 'listens on udp/53 (any)',
  ]);
  const [report] = reports;
  assert.deepEqual([report?.containerId, report?.session, report?.fromBootNs, report?.seenFromStart, report?.recordsLost], ['web', 77, 700, true, 0]);
  assert.deepEqual(pipeline.learner.takeReports(901), []);
  pipeline.onEvent({ kind: 'cgroup-loss', timeBootNs: 910, cgroup: 17, lost: 3, of: null });
  assert.deepEqual(pipeline.learner.takeReports(911).map(({ recordsLost, seen }) => [recordsLost, seen.length]), [[3, 0]]);
  assert.equal(pipeline.learner.takeReports(20e9).length, 1, 'that it is watched is said again');
});

test('what a runtime makes before the first program, and on behalf of an exec, is not learned', () => {
  const pipeline = new Pipeline({ host: { hostname: 'node-1', userName: () => 'root' }, effects: { identify: () => undefined, command: () => undefined, kill: () => undefined, knownContainer: () => null } });
  pipeline.onEvent(helloEvent());
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: '/lab/web', cgroup: 17, parentCgroup: 8 }));
  // in a node that is a container itself, its mounts are not the host's either
  pipeline.onEvent(execEvent({ tgid: 60, startBootNs: 590, execId: 3, timeBootNs: 595, path: '/usr/sbin/runc', command: 'runc' }));
  const runtime = { ...inWeb, tgid: 60, startBootNs: 590, execId: 3 };
  pipeline.onEvent(callEvent({ ...runtime, callKind: 'mkdir', call: 'mkdir', timeBootNs: 710, texts: ['/dev/pts', ''] }));
  pipeline.onEvent(fileEvent({ ...runtime, kind: 'open-write', timeBootNs: 711, path: '/etc/hostname' }));
  pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: 720, tgid: 60, startBootNs: 590, execId: 4, path: '/usr/bin/node', arguments: ['node'], command: 'node', pidInNamespace: 1 }));
  pipeline.onEvent(execEvent({ tgid: 80, startBootNs: 800, execId: 5, timeBootNs: 801, path: '/usr/sbin/runc', command: 'runc', inHostMounts: true }));
  pipeline.onEvent(callEvent({ ...inWeb, tgid: 80, startBootNs: 800, execId: 5, callKind: 'symlink', call: 'symlink', timeBootNs: 810, texts: ['x', '/dev/fd'] }));
  pipeline.onEvent(callEvent({ ...inWeb, tgid: 60, startBootNs: 590, execId: 4, callKind: 'mkdir', call: 'mkdir', timeBootNs: 820, texts: ['/srv/cache', ''] }));
  assert.deepEqual(texts(pipeline.learner.takeReports(900)), ['/usr/bin/node as user 0', '/srv/cache']);
});

const baseline: BaselineInForce = {
  platformDigest: digest, namespace: '', workloadKind: '', workload: 'web', state: 'watch',
  behaviours: [
    { kind: 'execution', path: '/usr/bin/node', arguments: ['--port=<n>'], parent: '', user: 0, origin: 'image' },
    { kind: 'capability', capability: 'CAP_CHOWN' },
    { kind: 'peer', direction: 'out', protocol: 'tcp', port: 443, name: null, address: '192.0.2.*' },
    { kind: 'file', path: '/var/log/**' },
  ],
};

test('what a baseline does not hold is told, with what it expected; also what was done before anybody knew the container', () => {
  const { pipeline, detections } = bench();
  load(pipeline, [baseline], 1);
  pipeline.onEvent(child('/usr/bin/id'));
  assert.deepEqual(detections(), [], 'nobody knows yet whose container it is');
  pipeline.identified('web', identity);
  pipeline.onEvent(child('/usr/bin/id', { tgid: 72, timeBootNs: 811 }));
  pipeline.onEvent(child('/usr/bin/node', { tgid: 73, timeBootNs: 812, arguments: ['node', '-e', 'x'] }));
  pipeline.onEvent(child('/tmp/x', { tgid: 74, timeBootNs: 813, origin: 'dropped' }));
  pipeline.onEvent(socketEvent({ ...app, timeBootNs: 830 }));
  pipeline.onEvent(socketEvent({ ...app, timeBootNs: 831, remotePort: 4444 }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-write', timeBootNs: 840, path: '/var/log/other/deep' }));
  pipeline.onEvent(fileEvent({ ...app, kind: 'open-write', timeBootNs: 841, path: '/etc/cron.d/x' }));
  const found = detections().flatMap(({ kind }) => (kind.case === 'detection' ? [kind.value] : []));
  assert.deepEqual(found.map(({ rule }) => rule), ['First seen: program', 'First seen: arguments, parent or user of a program', 'Drift: program not from the image', 'First seen: peer', 'First seen: written file']);
  assert.match(found[3]?.output ?? '', /connected to 192\.0\.2\.7 tcp\/4444, which the baseline of web does not hold\. Learned nearby: to 192\.0\.2\.\* tcp\/443/);
  assert.ok(found.every(({ tags }) => tags.includes('baseline')));
});

test('enforced, the kernel is told to stop what did not come with the image, in the containers of the baseline alone', () => {
  const { pipeline, commands } = bench();
  const decisions = (): unknown[] => commands.splice(0).flatMap((one) => (one.do === 'setCgroup' ? [Object.keys(one.decision.kill).sort()] : []));
  decisions();
  load(pipeline, [baseline], 1);
  pipeline.identified('web', identity);
  assert.deepEqual(decisions(), [[], []], 'watched, nothing is stopped');
  assert.equal(load(pipeline, [{ ...baseline, state: 'enforce' }], 2), true);
  pipeline.armKernel();
  assert.deepEqual(decisions(), [['dropped', 'memory', 'modified'], ['dropped', 'memory', 'modified']]);
  const used: BaselineInForce = { ...baseline, state: 'enforce', behaviours: [...baseline.behaviours, { kind: 'execution', path: '/tmp/own', arguments: null, parent: '', user: 0, origin: 'dropped' }] };
  load(pipeline, [used], 3);
  pipeline.armKernel();
  assert.deepEqual(decisions(), [['memory', 'modified'], ['memory', 'modified']], 'what the baseline knows is not stopped');
  load(pipeline, [], 4);
  pipeline.armKernel();
  assert.deepEqual(decisions(), [[], []]);
});

test('another image, another workload, and no digest are not judged', () => {
  for (const other of [{ ...identity, platformDigest: `sha256:${'00'.repeat(32)}` }, { ...identity, name: 'other' }, { ...identity, platformDigest: null }]) {
    const { pipeline, detections } = bench();
    load(pipeline, [baseline], 1);
    pipeline.identified('web', other);
    pipeline.onEvent(child('/usr/bin/id'));
    assert.deepEqual(detections(), []);
  }
});

test('a pod is judged by the workload that owns it, as soon as somebody says which', () => {
  const { pipeline, detections } = bench();
  load(pipeline, [{ ...baseline, namespace: 'shop', workloadKind: 'Deployment', workload: 'cart' }], 1);
  pipeline.identified('web', { ...identity, podName: 'cart-7d9', podNamespace: 'shop', podUid: 'u-1' });
  pipeline.onEvent(child('/usr/bin/id'));
  assert.deepEqual(detections(), [], 'nobody has said whose pod it is');
  pipeline.podsTold([{ uid: 'u-1', namespace: 'shop', name: 'cart-7d9', workloadKind: 'Deployment', workloadName: 'cart', serviceAccount: 'default', revision: '1', labels: {}, containerIds: ['web'], images: {} }]);
  pipeline.onEvent(child('/usr/bin/whoami', { tgid: 75, timeBootNs: 812 }));
  assert.deepEqual(detections().flatMap(({ kind }) => (kind.case === 'detection' ? [/\/usr\/bin\/\w+/.exec(kind.value.output)?.[0]] : [])), ['/usr/bin/id', '/usr/bin/whoami']);
});

test('a session is one ring: what was there before it is watched from then on', () => {
  const { pipeline } = bench();
  const old = { ...pipeline.containers.get('web')!, id: 'old', startedBootNs: 100, seenFromStart: true } satisfies Container;
  pipeline.learner.began(old);
  const report = pipeline.learner.takeReports(800).find(({ containerId }) => containerId === 'old');
  assert.deepEqual([report?.fromBootNs, report?.seenFromStart], [500, false]);
});

test('networks of who connects, and kinds without a hook', () => {
  const v4 = (...bytes: number[]): Uint8Array => Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]);
  const rows: readonly (readonly [Uint8Array, string])[] = [
    [v4(127, 0, 0, 9), 'loopback'], [v4(10, 1, 2, 3), 'private'], [v4(172, 31, 0, 1), 'private'], [v4(172, 32, 0, 1), 'public'], [v4(192, 168, 1, 1), 'private'], [v4(100, 64, 0, 1), 'private'], [v4(169, 254, 1, 1), 'link-local'],
    [v4(8, 8, 8, 8), 'public'], [Uint8Array.from([...Array.from({ length: 15 }, () => 0), 1]), 'loopback'], [Uint8Array.from([0xfd, ...Array.from({ length: 15 }, () => 1)]), 'private'], [Uint8Array.from([0xfe, 0x80, ...Array.from({ length: 14 }, () => 1)]), 'link-local'],
  ];
  for (const [address, wanted] of rows) assert.equal(networkOf(address), wanted);
  assert.deepEqual(socketAct(socketEvent({ kind: 'accept', localPort: 80, remoteAddress: v4(10, 0, 0, 9) }), null), { kind: 'peer', direction: 'in', protocol: 'tcp', port: 80, name: null, address: 'private' });
  assert.deepEqual(socketAct(socketEvent({ remotePort: 443 }), 'api.example.com'), { kind: 'peer', direction: 'out', protocol: 'tcp', port: 443, name: 'api.example.com', address: null });
  const hook = (eventClass: string, attached = true) => ({ kind: 'hook' as const, timeBootNs: 1, eventClass, hook: 'x', attached, reason: '', misses: '' });
  assert.deepEqual(unseenKinds(['exec', 'connect', 'accept', 'listen'].map((one) => hook(one)).concat(hook('open', false))), ['file']);
  assert.deepEqual(unseenKinds([]), ['execution', 'file', 'peer', 'capability']);
});
