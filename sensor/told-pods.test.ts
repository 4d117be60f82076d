import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { PodSetSchema } from '@vedette/model/wire/generated/link_pb';
import { Pipeline } from './pipeline.ts';
import { toldPods, ToldPodsFile } from './told-pods.ts';
import { cgroupEvent, execEvent, helloEvent } from './testing/events.ts';
import { digest, identityOf } from './testing/things.ts';
import type { Command } from './enforce/commands.ts';

const web = {
  uid: 'pod-1', namespace: 'shop', name: 'web-5d-x', workloadKind: 'Deployment', workloadName: 'web', serviceAccount: 'web', revision: '5d',
  labels: { app: 'web' }, containers: [{ name: 'main', containerId: 'c'.repeat(64), image: 'registry.test/mirror/cart:stable' }, { name: 'not-started' }],
};
const told = toldPods(create(PodSetSchema, { generation: 1n, pods: [web] }));

const policyFor = (images: string): string => `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: p }
spec:
  description: x
  severity: high
  scope: { containers: { images: ["${images}"] } }
  rules: [{ name: r, on: execution, when: 'execution.file.origin == "dropped"', actions: { run: kill } }]
`;
const commands: Command[] = [];

/** A pipeline with one container in which a process runs. */
function running(): Pipeline {
  const pipeline = new Pipeline({ host: { hostname: 'n', userName: () => null }, effects: { identify: () => undefined, command: (one) => commands.push(one), kill: () => undefined, knownContainer: () => null } });
  pipeline.onEvent(helloEvent());
  pipeline.onEvent({ kind: 'snapshot-end', timeBootNs: 600 });
  pipeline.onEvent(cgroupEvent({ timeBootNs: 700, path: `/kubepods/podx/${'d'.repeat(64)}`, cgroup: 17, parentCgroup: 8 }));
  pipeline.onEvent(execEvent({ timeBootNs: 720, tgid: 60, startBootNs: 600, execId: 1, cgroupV1: 17, cgroupV2: 0, mountNamespace: 9 }));
  return pipeline;
}

function seen(pipeline: Pipeline): string[] {
  const { telemetry } = pipeline.shipment.take(pipeline.containers.takeChanged());
  return telemetry.flatMap(({ kind }) => (kind.case === 'containerSeen' ? [`${kind.value.podName}|${kind.value.workloadKind}|${kind.value.workloadName}|${kind.value.podLabels['app'] ?? ''}`] : []));
}

test('a container is said again when its pod is told, whichever comes first, and not without news', () => {
  const pipeline = running();
  const [{ id } = { id: '' }] = [...pipeline.containers.all()];
  assert.notEqual(id, '');
  assert.deepEqual(seen(pipeline), ['|||']);
  pipeline.podsTold(told);
  assert.deepEqual(seen(pipeline), [], 'no pod of it is known yet');
  pipeline.identified(id, identityOf({ podUid: 'pod-1', podName: 'web-5d-x', podNamespace: 'shop' }));
  assert.deepEqual(seen(pipeline), ['web-5d-x|Deployment|web|web']);
  pipeline.podsTold(told);
  assert.deepEqual(seen(pipeline), []);
  pipeline.podsTold([{ ...told[0]!, workloadName: 'shop' }]);
  assert.deepEqual(seen(pipeline), ['web-5d-x|Deployment|shop|web']);
  pipeline.podsTold([]);
  assert.deepEqual(seen(pipeline), [], 'what was told holds on while the container runs');
});

test('a pod is found by the id of a container when no runtime has answered', () => {
  const pipeline = running();
  const [{ id } = { id: '' }] = [...pipeline.containers.all()];
  pipeline.podsTold([{ ...told[0]!, containerIds: [id] }]);
  assert.deepEqual(seen(pipeline), ['web-5d-x|Deployment|web|web']);
});

/** Containers that are said, by the names of their images; and the commands to the kernel. */
function named(pipeline: Pipeline): string[] {
  const { telemetry } = pipeline.shipment.take(pipeline.containers.takeChanged());
  return telemetry.flatMap(({ kind }) => (kind.case === 'containerSeen' ? [kind.value.imageName] : []));
}

test('a container of a pod bears the image that the pod asks for, not another name of the same image; the first one that was told holds', () => {
  const inPod = { podUid: 'pod-1', labels: { 'io.kubernetes.container.name': 'main' } };
  const other = `sha256:${'e'.repeat(64)}`;
  const asking = (image: string) => [{ ...told[0]!, images: { main: image } }];
  for (const first of ['pods', 'runtime']) {
    const pipeline = running();
    const [{ id } = { id: '' }] = [...pipeline.containers.all()];
    if (first === 'pods') pipeline.podsTold(told);
    pipeline.identified(id, identityOf(inPod));
    if (first === 'runtime') assert.deepEqual(named(pipeline), ['registry.test/shop/cart:1.4']);
    pipeline.podsTold(told);
    assert.deepEqual(named(pipeline), ['registry.test/mirror/cart:stable'], first);
    pipeline.podsTold(asking('registry.test/shop/next:2'));
    assert.deepEqual(named(pipeline), [], 'a changed specification is of the container that comes next');
  }
  const cases: [what: string, image: string, identity: Parameters<typeof identityOf>[0], expected: string][] = [
    ['short', 'nginx', inPod, 'docker.io/library/nginx:latest'],
    ['pinned to what runs', `r.test/a@${digest}`, inPod, `r.test/a@${digest}`],
    ['pinned to something else', `r.test/a@${other}`, inPod, 'registry.test/shop/cart:1.4'],
    ['another container of the pod', 'r.test/a:1', { podUid: 'pod-1', labels: { 'io.kubernetes.container.name': 'side' } }, 'registry.test/shop/cart:1.4'],
    ['the sandbox', 'r.test/a:1', { podUid: 'pod-1' }, 'registry.test/shop/cart:1.4'],
    ['the runtime knew it', 'r.test/a:1', { ...inPod, imageName: 'r.test/b:1', imageNameAsked: true }, 'r.test/b:1'],
    ['not a name', 'No Name', inPod, 'registry.test/shop/cart:1.4'],
  ];
  for (const [what, image, identity, expected] of cases) {
    const pipeline = running();
    const [{ id } = { id: '' }] = [...pipeline.containers.all()];
    pipeline.podsTold(asking(image));
    pipeline.identified(id, identityOf(identity));
    assert.deepEqual(named(pipeline), [expected], what);
  }
});

test('a policy that chooses by the image speaks about the name that the pod asks for', () => {
  const pipeline = running();
  const [{ id } = { id: '' }] = [...pipeline.containers.all()];
  pipeline.enforcer.setPolicies([{ name: 'p', mode: 'enforce', yaml: policyFor('registry.test/mirror/*') }], 1);
  pipeline.identified(id, identityOf({ podUid: 'pod-1', labels: { 'io.kubernetes.container.name': 'main' } }));
  commands.length = 0;
  pipeline.podsTold(told);
  assert.deepEqual(commands.map((one) => (one.do === 'setCgroup' ? Object.keys(one.decision.kill) : one.do)), [['dropped']]);
  commands.length = 0;
  pipeline.podsTold(told);
  assert.deepEqual(commands, [], 'not without news');
});

test('what was told is there for the next process; a file that is not ours is nothing', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-pods-'));
  t.after(() => rmSync(directory, { recursive: true }));
  assert.deepEqual(new ToldPodsFile(directory).read(), []);
  new ToldPodsFile(directory).keep(told);
  assert.deepEqual(new ToldPodsFile(directory).read(), told);
  assert.deepEqual(told[0]?.containerIds, ['c'.repeat(64)]);
  for (const text of ['{', '[{"uid":1}]', '"x"']) {
    writeFileSync(join(directory, 'pods.json'), text);
    assert.deepEqual(new ToldPodsFile(directory).read(), [], text);
  }
});
