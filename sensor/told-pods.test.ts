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
import { identityOf } from './testing/things.ts';

const web = {
  uid: 'pod-1', namespace: 'shop', name: 'web-5d-x', workloadKind: 'Deployment', workloadName: 'web', serviceAccount: 'web', revision: '5d',
  labels: { app: 'web' }, containers: [{ name: 'main', containerId: 'c'.repeat(64) }, { name: 'not-started' }],
};
const told = toldPods(create(PodSetSchema, { generation: 1n, pods: [web] }));

/** A pipeline with one container in which a process runs. */
function running(): Pipeline {
  const pipeline = new Pipeline({ host: { hostname: 'n', userName: () => null }, effects: { identify: () => undefined, command: () => undefined, kill: () => undefined, knownContainer: () => null } });
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
