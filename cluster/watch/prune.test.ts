import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { watchedKinds } from './kinds.ts';
import { isObject, keep, prune, type Shape } from './prune.ts';

function shapeOf(kind: string): Shape {
  const found = watchedKinds.find((one) => one.kind === kind);
  assert.ok(found, kind);
  return found.shape;
}

const secret = 'hunter2-never-leaves';

test('what carries secrets stays in the cluster, its name leaves', () => {
  const container = {
    name: 'web', image: 'shop/web:1', securityContext: { privileged: true },
    env: [{ name: 'PASSWORD', value: secret }, { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'api', key: 'token' } } }],
    livenessProbe: { httpGet: { path: '/', port: 80, httpHeaders: [{ name: 'Authorization', value: secret }] } },
    lifecycle: { preStop: { httpGet: { port: 80, httpHeaders: [{ name: 'X-Key', value: secret }] } } },
  };
  const volumes = [{ name: 'a', csi: { driver: 'x', volumeAttributes: { password: secret } } }, { name: 'b', flexVolume: { driver: 'y', options: { key: secret } } }, { name: 'c', gitRepo: { repository: `https://u:${secret}@x` } }, { name: 'd', hostPath: { path: '/' } }];
  const spec = { containers: [container], initContainers: [container], volumes };
  const metadata = { name: 'p', namespace: 'shop', uid: 'u', resourceVersion: '5', managedFields: [{ v: secret }], annotations: { 'kubectl.kubernetes.io/last-applied-configuration': secret, owner: 'team', long: secret.repeat(100) } };
  for (const [kind, object] of [['Pod', { spec }], ['Deployment', { spec: { template: { metadata, spec } } }], ['CronJob', { spec: { jobTemplate: { spec: { template: { spec } } } } }]] as const) {
    const pruned = prune({ apiVersion: 'v1', kind, metadata, ...object, data: { key: secret } }, shapeOf(kind));
    const text = JSON.stringify(pruned);
    if (kind !== 'Deployment') assert.ok(!text.includes(secret), `${kind}: ${text}`);
    for (const name of ['PASSWORD', 'TOKEN', 'Authorization', '"api"', 'hostPath', 'gitRepo', '"driver":"x"', 'privileged', '"owner":"team"', '"long":""']) assert.ok(text.includes(name), `${kind} lost ${name}: ${text}`);
  }
});

test('annotations of a pod template obey the same rules as those of an object', () => {
  const pruned = JSON.stringify(prune({ metadata: {}, spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': secret, a: secret.repeat(100), note: 'kept' } } } } }, shapeOf('Deployment')));
  assert.ok(!pruned.includes(secret) && pruned.includes('kept'), pruned);
});

test('the metadata that every object has keeps its form, if empty', () => {
  const pruned = prune({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: {}, annotations: {}, ownerReferences: [] } }, shapeOf('Pod'));
  assert.deepEqual(pruned['metadata'], { name: 'p', labels: {}, annotations: {}, ownerReferences: [] });
});

test('what changes without meaning is not told', () => {
  const pod = (restarts: number, ready: boolean): object => prune({ metadata: { name: 'p', managedFields: restarts }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: String(ready), lastProbeTime: restarts }], containerStatuses: [{ name: 'web', ready, restartCount: restarts, imageID: 'x@sha256:1', state: { running: { startedAt: restarts } } }] } }, shapeOf('Pod'));
  assert.deepEqual(pod(1, true), pod(2, false));
  const node = (heartbeat: string): object => prune({ metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: heartbeat }], images: [heartbeat] } }, shapeOf('Node'));
  assert.deepEqual(node('1'), node('2'));
});

test('no kind that holds secrets or configuration is watched, and nothing through the kubelet', () => {
  assert.ok(watchedKinds.length > 15);
  for (const { kind, path: resource, apiVersion } of watchedKinds) {
    assert.doesNotMatch(`${kind} ${resource}`, /secret|configmap|proxy/i);
    assert.ok(resource.startsWith(apiVersion === 'v1' ? '/api/v1/' : `/apis/${apiVersion}/`), resource);
  }
});

test('whatever the object is, only what the shape names is kept', () => {
  const shape: Shape = { a: true, b: [{ c: true }], d: { e: true }, f: {} };
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const kept = keep(value, shape);
      if (!isObject(value)) return assert.equal(kept, undefined);
      assert.ok(isObject(kept));
      for (const name of Object.keys(kept)) assert.ok(['a', 'b', 'd', 'f'].includes(name));
    }),
  );
  assert.deepEqual(keep({ a: 1, b: [{ c: 2, x: 3 }, 4, null], d: { e: null }, f: { g: 1 } }, shape), { a: 1, b: [{ c: 2 }], d: {}, f: {} });
});

test('the chart lets the cluster part list and watch what is watched here', () => {
  const chart = readFileSync(path.join(import.meta.dirname, '..', '..', 'deploy', 'chart', 'templates', 'cluster.yaml'), 'utf8');
  const granted = new Set<string>();
  for (const [, group = '', resources = ''] of chart.matchAll(/- apiGroups: \[([^\]]*)\]\s+resources: \[([^\]]*)\]\s+verbs: \[get, list, watch\]/g)) {
    for (const resource of resources.split(', ')) granted.add(`${group.replaceAll('"', '')}/${resource}`);
  }
  assert.ok(granted.size > 10, 'the rules of the chart were not found');
  for (const { apiVersion, path: resource } of watchedKinds) assert.ok(granted.has(`${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${resource.split('/').at(-1)}`), `${resource} is watched and not granted`);
});
