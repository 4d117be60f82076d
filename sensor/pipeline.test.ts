import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { ExecEvent, KernelEvent } from '@vedette/model/event';
import type { VerdictFound } from '@vedette/model/finding';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { Command } from './enforce/commands.ts';
import { Pipeline } from './pipeline.ts';
import { callEvent, cgroupEvent, execEvent, exitEvent, fileEvent, forkEvent, helloEvent } from './testing/events.ts';

const content = join(import.meta.dirname, '..', 'content');
const shellRule = { name: 'shell-in-container.yaml', text: readFileSync(join(content, 'rules/execution/shell-in-container.yaml'), 'utf8') };
const onlyFromImage = readFileSync(join(content, 'policies/only-from-image.yaml'), 'utf8');
const digest = `sha256:${'ab'.repeat(32)}`;

const identity: ContainerIdentity = {
  runtime: 'containerd', name: 'web', imageName: 'registry.test/shop/cart:1.4', indexDigest: null, platformDigest: digest, imageReason: null,
  labels: {}, mounts: [], podName: null, podNamespace: null, podUid: null, privileged: false,
};

interface Bench {
  readonly pipeline: Pipeline;
  readonly commands: Command[];
  readonly identified: Container[];
  readonly kills: VerdictFound[];
  take(): { detections: WireRecord[]; telemetry: WireRecord[] };
}

function bench(mode: 'off' | 'shadow' | 'enforce' = 'enforce', yaml = onlyFromImage): Bench {
  const commands: Command[] = [];
  const identified: Container[] = [];
  const kills: VerdictFound[] = [];
  const pipeline = new Pipeline({
    host: { hostname: 'node-1', userName: () => 'root' },
    effects: {
      identify: (one) => void identified.push(one),
      command: (one) => void commands.push(one),
      kill: (one) => void kills.push(one),
      knownContainer: () => null,
    },
  });
  pipeline.detector.load([shellRule]);
  pipeline.enforcer.setPolicies([{ name: 'only-from-image', yaml, mode }], 1);
  pipeline.onEvent(helloEvent());
  pipeline.onEvent(execEvent({ kind: 'process', tgid: 50, startBootNs: 5, path: '/usr/sbin/runc', command: 'runc', mountNamespace: 3, rootMagic: 0xef53 }));
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  return { pipeline, commands, identified, kills, take: () => pipeline.shipment.take(pipeline.containers.takeChanged()) };
}

const inWeb = { cgroupV1: 17, cgroupV2: -44 };
const runc = { tgid: 50, startBootNs: 5, execId: 2 };

/** runc makes the cgroup, passes through it, and starts the container's first process. */
function startContainer({ pipeline }: Bench): void {
  pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: '/lab/web', cgroup: 17, parentCgroup: 8 }));
  pipeline.onEvent(cgroupEvent({ timeBootNs: 701, path: '/lab/web', cgroup: -44, parentCgroup: -25 }));
  pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: 710, tgid: 60, startBootNs: 600, execId: 3, path: '/usr/sbin/runc', command: 'exe', inHostMounts: true, mountNamespace: 3, parent: runc, origin: 'host' }));
  pipeline.onEvent(entrypoint());
}

function entrypoint(): ExecEvent {
  return execEvent({ ...inWeb, timeBootNs: 720, tgid: 60, startBootNs: 600, execId: 4, path: '/usr/bin/node', arguments: ['node', '/srv/app/main.js'], command: 'node', pidInNamespace: 1, parentPidInNamespace: 0, parent: runc });
}

function shell(more: Partial<ExecEvent> = {}): ExecEvent {
  return execEvent({ ...inWeb, timeBootNs: 800, tgid: 70, startBootNs: 790, execId: 5, path: '/usr/bin/dash', arguments: ['sh', '-c', 'id'], command: 'sh', pidInNamespace: 13, parentPidInNamespace: 0, parent: runc, ...more });
}

function kinds(records: readonly WireRecord[]): string[] {
  return records.map((one) => one.kind.case ?? '');
}

test('a container is known at its first event, and its runtime is not taken for it', () => {
  const one = bench();
  startContainer(one);
  assert.deepEqual(one.identified.map((container) => [container.id, container.seenFromStart]), [['web', true]]);
  const { telemetry } = one.take();
  const counts = telemetry.flatMap((record) => (record.kind.case === 'executionCount' ? [record.kind.value] : []));
  assert.deepEqual(counts.map((count) => [count.containerId, count.path, Number(count.count), count.identityPending]), [['', '/usr/sbin/runc', 1, false], ['web', '/usr/bin/node', 1, true]]);
  assert.deepEqual(kinds(telemetry).slice(0, 2), ['containerSeen', 'liveProcesses']);
});

test('a shell from outside is a detection with its tree, while the entrypoint is none', () => {
  const one = bench();
  startContainer(one);
  assert.deepEqual(kinds(one.take().detections), []);
  one.pipeline.identified('web', identity);
  one.pipeline.onEvent(shell());
  const { detections } = one.take();
  assert.deepEqual(kinds(detections), ['containerSeen', 'detection']);
  const found = detections[1]!.kind;
  assert.ok(found.case === 'detection');
  assert.equal(found.value.rule, 'Shell in a container');
  assert.deepEqual(found.value.tree.map((execution) => execution.path), ['/usr/sbin/runc', '/usr/bin/dash']);
  assert.match(found.value.output, /Shell in container web \(registry\.test\/shop\/cart:1\.4\): sh -c id/);
  assert.equal(found.value.identityPending, false);
});

test('the decision is armed before the first process, for both hierarchies and again with the identity', () => {
  const one = bench();
  assert.deepEqual([...new Set(one.commands.map((command) => command.do))], ['setPending', 'setInterests']);
  startContainer(one);
  const set = one.commands.filter((command) => command.do === 'setCgroup');
  assert.deepEqual(set.map((command) => command.key).sort((a, b) => a - b), [-44, 17]);
  assert.deepEqual(Object.keys(set[0]!.decision.kill).sort(), ['dropped', 'memory', 'modified']);
  one.pipeline.identified('web', identity);
  assert.equal(one.commands.filter((command) => command.do === 'setCgroup').length, 4);
});

test('what the kernel killed becomes a verdict with policy, rule and tree', () => {
  const one = bench();
  startContainer(one);
  const decided = one.commands.find((command) => command.do === 'setCgroup');
  assert.ok(decided?.do === 'setCgroup');
  one.pipeline.onEvent(shell({ path: '/tmp/x', command: 'x', arguments: ['/tmp/x'], origin: 'dropped', verdict: 'killed', rule: decided.decision.kill.dropped!, policyGeneration: 1 }));
  const found = one.take().detections.find((record) => record.kind.case === 'verdict')?.kind;
  assert.ok(found?.case === 'verdict');
  const { policy, mode, action, applied, identityPending, tree } = found.value;
  assert.deepEqual([policy, mode, action, applied, identityPending], ['only-from-image', 'enforce', 'kill', true, true]);
  assert.equal(tree.at(-1)?.path, '/tmp/x');
  assert.equal(tree.at(-1)?.origin, 4);
});

test('what ran while the container was not known is judged again when it is', () => {
  const scoped = onlyFromImage.replace(/  scope:.*\n(    .*\n)*/, '').replace('spec:\n', 'spec:\n  scope: { containers: { images: ["registry.test/*"] } }\n');
  const one = bench('enforce', scoped);
  startContainer(one);
  one.pipeline.onEvent(shell({ path: '/tmp/x', command: 'x', origin: 'dropped' }));
  assert.equal(one.kills.length, 0);
  one.pipeline.identified('web', identity);
  assert.deepEqual(one.kills.map((kill) => [kill.execution.path, kill.origin, kill.mode]), [['/tmp/x', 'dropped', 'enforce']]);
  one.pipeline.verdictComplete({ ...one.kills[0]!, applied: true });
  assert.ok(kinds(one.take().detections).includes('verdict'));
});

const inUse = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: no-critical-in-use }
spec:
  description: x
  severity: critical
  rules: [{ name: loaded, on: image, when: 'image.vulnerabilities.exists(v, v.severity == "critical")', actions: { run: kill } }]
`;
const everyFile = ['dropped', 'image', 'memory', 'modified', 'unjudged', 'volume'];

function turnBad({ pipeline }: Bench, mode: 'shadow' | 'enforce' = 'enforce', platformDigest = digest): void {
  const verdict = { platformDigest, indexDigest: null, policy: 'no-critical-in-use', rule: 'loaded', mode, reason: 'CVE-1 (critical) in lodash 4.17.15', images: ['registry.test/shop/cart:1.4'], namespaces: [] };
  pipeline.enforcer.setImages({ generation: 7, verdicts: [verdict] });
  pipeline.armKernel();
}

test('an image that turns bad: what runs goes on, what is executed next is killed and says why', () => {
  const one = bench('enforce', inUse);
  startContainer(one);
  one.pipeline.identified('web', identity);
  one.commands.length = 0;
  turnBad(one);
  const set = one.commands.filter((command) => command.do === 'setCgroup');
  assert.deepEqual(set.map((command) => command.key).sort((a, b) => a - b), [-44, 17]);
  assert.deepEqual(Object.keys(set[0]!.decision.kill).sort(), everyFile);
  const pending = one.commands.find((command) => command.do === 'setPending');
  assert.deepEqual(pending?.do === 'setPending' ? pending.decision.kill : null, {}, 'a container of which nothing is known is let run');
  assert.deepEqual(one.kills, []);
  one.pipeline.onEvent(shell({ verdict: 'killed', rule: set[0]!.decision.kill.image!, policyGeneration: 1 }));
  const found = one.take().detections.find((record) => record.kind.case === 'verdict')?.kind;
  assert.ok(found?.case === 'verdict');
  const { policy, rule, mode, applied, reason, generation } = found.value;
  assert.deepEqual([policy, rule, mode, applied, reason, generation], ['no-critical-in-use', 'loaded', 'enforce', true, 'CVE-1 (critical) in lodash 4.17.15', 7n]);
  one.pipeline.enforcer.setImages({ generation: 8, verdicts: [] });
  one.commands.length = 0;
  one.pipeline.armKernel();
  const [lifted] = one.commands.filter((command) => command.do === 'setCgroup');
  assert.deepEqual(lifted?.decision.kill, {});
});

test('a new container of a bad image is stopped when it is known, and the twin of another image never', () => {
  const one = bench('enforce', inUse);
  turnBad(one);
  startContainer(one);
  one.pipeline.identified('web', identity);
  assert.deepEqual(one.kills.map((kill) => [kill.execution.path, kill.rule, kill.reason]), [['/usr/bin/node', 'loaded', 'CVE-1 (critical) in lodash 4.17.15']]);
  const twin = bench('enforce', inUse);
  turnBad(twin);
  startContainer(twin);
  twin.pipeline.identified('web', { ...identity, platformDigest: `sha256:${'cd'.repeat(32)}` });
  assert.deepEqual([twin.kills, twin.commands.filter((command) => command.do === 'setCgroup').flatMap((command) => Object.keys(command.decision.kill))], [[], []]);
});

test('in shadow, by its policy or by the verdict, nothing is killed for an image', () => {
  for (const [ofPolicy, ofVerdict] of [['shadow', 'enforce'], ['enforce', 'shadow'], ['off', 'enforce']] as const) {
    const one = bench(ofPolicy, inUse);
    turnBad(one, ofVerdict);
    startContainer(one);
    one.pipeline.identified('web', identity);
    const last = one.commands.filter((command) => command.do === 'setCgroup').at(-1);
    assert.deepEqual([one.kills, Object.keys(last!.decision.kill), Object.keys(last!.decision.shadow).sort()], [[], [], ofPolicy === 'off' ? [] : everyFile], `${ofPolicy} ${ofVerdict}`);
  }
});

test('files that the container uses become bits, and those of its runtime do not', () => {
  const one = bench();
  startContainer(one);
  one.pipeline.onEvent(fileEvent({ ...inWeb, tgid: 60, startBootNs: 600, execId: 4, path: '/srv/app/node_modules/lodash/lodash.js' }));
  one.pipeline.onEvent(fileEvent({ ...inWeb, tgid: 61, path: '/srv/app/node_modules/minimist/index.js', mountNamespace: 3 }));
  one.pipeline.inventory('web', 'sha256:r', { owners: (path) => (path.includes('lodash') ? [0] : path.includes('minimist') ? [1] : []) }, 2);
  const [report] = one.pipeline.exposure.takeReports(1000);
  assert.deepEqual([...report!.loaded], [1]);
  assert.equal(report!.evidence[0]!.readerPath, '/usr/bin/node');
});

test('processes that come and go within a commit are counted and never listed', () => {
  const one = bench();
  startContainer(one);
  one.take();
  for (let i = 0; i < 50; i++) {
    const subject = { tgid: 1000 + i, startBootNs: 1000 + i };
    one.pipeline.onEvent(forkEvent({ ...inWeb, ...subject, execId: 4, parent: { tgid: 60, startBootNs: 600, execId: 4 } }));
    one.pipeline.onEvent(execEvent({ ...inWeb, ...subject, execId: 5, arguments: ['true', String(i)], parent: { tgid: 60, startBootNs: 600, execId: 4 } }));
    one.pipeline.onEvent(exitEvent({ ...inWeb, ...subject, execId: 5 }));
  }
  const { telemetry } = one.take();
  const [count] = telemetry.flatMap((record) => (record.kind.case === 'executionCount' ? [record.kind.value] : []));
  assert.equal(Number(count?.count), 50);
  assert.deepEqual(kinds(telemetry).filter((kind) => kind.startsWith('process')), []);
});

test('the end of the last cgroup is the end of the container', () => {
  const one = bench();
  startContainer(one);
  one.pipeline.onEvent(cgroupEvent({ kind: 'cgroup-remove', cgroup: -44, parentCgroup: -25 }));
  assert.ok(!kinds(one.take().telemetry).includes('containerEnded'));
  one.pipeline.onEvent(cgroupEvent({ kind: 'cgroup-remove', cgroup: 17 }));
  assert.ok(kinds(one.take().telemetry).includes('containerEnded'));
});

/** A process that the hub was told of, whose exit record was lost; `again` is the first record of the next owner of its pid. */
function whenUsedAgain(again: KernelEvent): { ended: string[]; remembered: string[]; living: string[] } {
  const one = bench();
  startContainer(one);
  one.pipeline.onEvent(execEvent({ timeBootNs: 800, tgid: 70, startBootNs: 790, execId: 5, path: '/usr/bin/first' }));
  one.take();
  one.pipeline.memory.take();
  one.pipeline.onEvent(again);
  const ended = one.take().telemetry.flatMap(({ kind }) => (kind.case === 'processEnded' ? [`${kind.value.ref?.tgid}:${kind.value.ref?.startBootNs} at ${kind.value.endedBootNs}`] : []));
  const remembered = one.pipeline.memory.take().flatMap((change) => (change.of === 'exited' ? [change.key] : []));
  return { ended, remembered, living: [...one.pipeline.processes.living()].filter((execution) => execution.tgid === 70).map((execution) => `${execution.tgid}:${execution.startBootNs}`) };
}

test('a pid that is used again ends its former owner, whose exit was lost, by whatever record it is heard of', () => {
  const again = { timeBootNs: 9000, tgid: 70, startBootNs: 8900, execId: 9 };
  const cases: [what: string, event: KernelEvent][] = [
    ['exec', execEvent({ ...again, path: '/usr/bin/second' })],
    ['fork', forkEvent({ ...again, parent: { tgid: 50, startBootNs: 5, execId: 2 } })],
    ['a snapshot', execEvent({ ...again, kind: 'process' })],
    ['a file that it opens, when its fork and exec were lost too', fileEvent({ ...again, ...inWeb })],
  ];
  for (const [what, event] of cases) {
    const found = whenUsedAgain(event);
    assert.deepEqual(found.ended, ['70:790 at 8900'], what);
    assert.deepEqual(found.remembered, ['70-790-5'], what);
    assert.deepEqual(found.living, ['70:8900'], what);
  }
});

test('late records of an earlier owner of a pid end nobody, and make no process that never ends', () => {
  const one = bench();
  startContainer(one);
  one.pipeline.onEvent(execEvent({ timeBootNs: 9000, tgid: 70, startBootNs: 8900, execId: 9, path: '/usr/bin/living' }));
  one.take();
  const before = { timeBootNs: 9100, tgid: 70, startBootNs: 790, execId: 5 };
  for (const late of [fileEvent({ ...before, ...inWeb }), forkEvent(before), execEvent(before), exitEvent(before)]) one.pipeline.onEvent(late);
  const { telemetry } = one.take();
  assert.deepEqual(kinds(telemetry).filter((kind) => kind.startsWith('process')), []);
  assert.deepEqual(telemetry.flatMap(({ kind }) => (kind.case === 'executionCount' ? [kind.value.path] : [])), ['/usr/bin/true'], 'but it ran, and is counted');
});

test('processes that the full table cannot hold are counted and never shown as living', () => {
  const one = bench();
  const max = one.pipeline.processes.sizeMax;
  for (let i = 0; i < max + 50; i++) one.pipeline.onEvent(forkEvent({ tgid: 1000 + i, startBootNs: 1000 + i }));
  const shown = one.take().telemetry.filter(({ kind }) => kind.case === 'processStarted').length;
  assert.equal(shown, max, 'runc of the bench among them');
  assert.equal(one.pipeline.processes.forgotten, 51);
});

test('who came in by exec is in the tree of what follows, and of nothing else', () => {
  const one = bench();
  startContainer(one);
  const told = { podUid: 'p', container: 'web', containerId: 'web', command: ['sh', '-c', 'id'], admittedAtMs: 0 };
  one.pipeline.sessionTold({ ...told, sessionId: 's1', user: 'alice', attach: false });
  one.pipeline.onEvent(shell());
  one.pipeline.onEvent(forkEvent({ ...inWeb, timeBootNs: 810, tgid: 71, startBootNs: 805, execId: 5, parent: { tgid: 70, startBootNs: 790, execId: 5 }, pidInNamespace: 14 }));
  one.pipeline.onEvent(execEvent({ ...inWeb, timeBootNs: 820, tgid: 71, startBootNs: 805, execId: 6, path: '/usr/bin/id', arguments: ['id'], command: 'id', pidInNamespace: 14, parentPidInNamespace: 13, parent: { tgid: 70, startBootNs: 790, execId: 5 } }));
  one.pipeline.onEvent(shell({ timeBootNs: 900, tgid: 80, startBootNs: 890, execId: 7, pidInNamespace: 20 }));
  const usersOf = (tgid: number): string[] => [...one.pipeline.processes.living()].find((execution) => execution.tgid === tgid)?.kubernetesUsers?.map(({ user, attached }) => `${user} ${attached}`) ?? [];
  assert.deepEqual([usersOf(60), usersOf(70), usersOf(71), usersOf(80)], [[], ['alice false'], ['alice false'], []]);
  one.pipeline.identified('web', identity);
  const { detections } = one.take();
  const trees = detections.flatMap((record) => (record.kind.case === 'detection' ? [record.kind.value.tree.at(-1)?.kubernetesUsers.map(({ sessionId, user }) => `${sessionId} ${user}`) ?? []] : []));
  assert.deepEqual(trees, [['s1 alice'], []]);
  one.pipeline.sessionTold({ ...told, sessionId: 's2', user: 'bob', attach: true });
  one.pipeline.onEvent(forkEvent({ ...inWeb, timeBootNs: 950, tgid: 90, startBootNs: 940, execId: 4, parent: { tgid: 60, startBootNs: 600, execId: 4 }, pidInNamespace: 30 }));
  assert.deepEqual([usersOf(60), usersOf(90), usersOf(70)], [['bob true'], ['bob true'], ['alice false']]);
  const told60 = one.take().telemetry.flatMap(({ kind }) => (kind.case === 'processStarted' && kind.value.execution?.ref?.tgid === 60 ? [kind.value.execution.kubernetesUsers.map(({ user }) => user).join()] : []));
  assert.deepEqual(told60, ['bob'], 'the hub, which knows the process, is told again');
  one.pipeline.sessionTold({ ...told, sessionId: 's3', user: 'carol', attach: true });
  one.pipeline.onEvent(exitEvent({ ...inWeb, timeBootNs: 960, tgid: 60, startBootNs: 600, execId: 4 }));
  const ended = one.take().telemetry.flatMap(({ kind }) => (kind.case === 'processEnded' ? [kind.value.ref?.tgid] : []));
  assert.deepEqual(ended, [60], 'also when it ends before it was told again');
});

test('a process that makes a user namespace is asked about with the capabilities from before, and has those of after it', () => {
  const one = bench();
  startContainer(one);
  one.pipeline.identified('web', identity);
  const rule = '- rule: more rights\n  desc: d\n  condition: evt.type = unshare and not thread.cap_permitted contains CAP_SYS_ADMIN\n  output: "%proc.exepath"\n  priority: NOTICE\n';
  one.pipeline.detector.load([{ name: 'rights', text: rule }]);
  one.take();
  const all = { capPermittedLow: 0xffffffff, capEffectiveLow: 0xffffffff };
  const unshare = callEvent({ ...inWeb, ...all, callKind: 'unshare', call: 'unshare', timeBootNs: 900, tgid: 60, tid: 60, startBootNs: 600, execId: 4 });
  one.pipeline.onEvent(unshare);
  one.pipeline.onEvent({ ...unshare, timeBootNs: 901 });
  assert.deepEqual(one.take().detections.map(({ kind }) => kind.case), ['detection'], 'the first, and not the second');
});
