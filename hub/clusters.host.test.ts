/** What cluster parts send, through intake and PostgreSQL to the API: whole lists, changes, hostile content, what is shown. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everything } from '@vedette/model/access';
import * as fc from 'fast-check';
import { changesOf, listOf, podOf, reportOf, sampleClusterPart, shopRecords, webDigest, type ObjectInit } from './cluster-sample.ts';
import { sampleHub, type SampleHub } from './hub-sample.ts';
import { sampleSensor, type SampleSensor } from './sensor-sample.ts';
import { clusterObjects } from './store/cluster-objects.ts';
import { listPods } from './store/pods.ts';
import { record } from './wire-sample.ts';

let hub: SampleHub;
let token: string;
before(async () => {
  hub = await sampleHub();
  token = await hub.tokenFor('viewer');
});
after(() => hub.end());

async function names(part: SampleSensor, kind: string): Promise<string[]> {
  return (await clusterObjects(hub.database, everything, { kinds: [kind], cluster: part.clusterId })).map((one) => one.name);
}

async function get(path: string, as = token): Promise<Record<string, unknown> & { items: Record<string, unknown>[] }> {
  const answer = await hub.ask('GET', `/api/v1/${path}`, { token: as });
  assert.equal(answer.status, 200, answer.text);
  return answer.json as never;
}

test('a place to give a role in is every namespace that the cluster part watches, also where nothing has run, within the scope', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'places' });
  await part.send([listOf('Namespace', [{ name: 'shop' }, { name: 'empty' }, { name: 'gone' }])]);
  const sensor = await sampleSensor(hub.database, { cluster: 'places', hostname: 'places-node' });
  await sensor.send([record.container({ containerId: 'd'.repeat(64), podName: 'old-1', podNamespace: 'former' })]);
  await part.send([listOf('Namespace', [{ name: 'shop' }, { name: 'empty' }])]);
  const of = async (as?: string): Promise<unknown> => (await get('places', as)).items.find((one) => one['name'] === 'places')?.['namespaces'];
  assert.deepEqual(await of(), ['empty', 'former', 'shop'], 'what ran in a namespace stays readable when it is gone');
  assert.deepEqual(await of(await hub.tokenWith([{ role: 'viewer', place: { cluster: part.clusterId, namespaces: ['empty', 'other'] } }])), ['empty']);
});

test('a finished list takes away what was not in it, an unfinished or broken one nothing', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'lists' });
  const a = (name: string): ObjectInit => ({ name, namespace: 'n' });
  await part.send([listOf('Role', [a('a'), a('b'), a('c')])]);
  await part.send([changesOf('Role', [a('d')], [a('b')])]);
  assert.deepEqual(await names(part, 'Role'), ['a', 'c', 'd']);
  await part.send([changesOf('Role', [a('a')], [], { listId: 'two' })]);
  assert.deepEqual(await names(part, 'Role'), ['a', 'c', 'd'], 'not finished');
  await part.send([changesOf('Role', [a('late')])]);
  await part.send([changesOf('Role', [a('e')], [], { listId: 'two', listEnds: true, listObjects: 2 })]);
  assert.deepEqual(await names(part, 'Role'), ['a', 'e', 'late'], 'what changed while the list came stays');
  await part.send([changesOf('Role', [a('f')], [], { listId: 'three', listEnds: true, listObjects: 2 })]);
  assert.deepEqual(await names(part, 'Role'), ['a', 'e', 'f', 'late'], 'a part of the list was lost');
  await part.send([changesOf('Role', [], [], { listId: 'four', listEnds: true, listObjects: 0 })]);
  assert.deepEqual(await names(part, 'Role'), []);
});

test('any interleaving of lists and changes, in any batches, ends in what the cluster holds', async () => {
  const step = fc.oneof(fc.record({ kind: fc.constant('put' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }), fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c', 'd') }), fc.record({ kind: fc.constant('list' as const), bites: fc.integer({ min: 1, max: 3 }) }));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 25 }), async (steps) => {
      const part = await sampleClusterPart(hub.database, { cluster: `interleaving-${(run += 1)}` });
      const held = new Map<string, ObjectInit>();
      let batch = [listOf('Pod', [])];
      for (const [index, [one, sends]] of steps.entries()) {
        if (one.kind === 'put') {
          const pod = podOf(one.name, { image: `image:${index}` });
          held.set(one.name, pod);
          batch.push(changesOf('Pod', [pod]));
        } else if (one.kind === 'remove') {
          batch.push(changesOf('Pod', [], [podOf(one.name)]));
          held.delete(one.name);
        } else {
          const all = [...held.values()];
          const size = Math.ceil(all.length / one.bites) || 1;
          const bites = Array.from({ length: Math.max(1, Math.ceil(all.length / size)) }, (_, bite) => all.slice(bite * size, (bite + 1) * size));
          for (const [at, bite] of bites.entries()) {
            const listEnds = at === bites.length - 1;
            batch.push(changesOf('Pod', bite, [], { listId: `list-${index}`, listEnds, listObjects: listEnds ? all.length : 0 }));
            if (sends) batch = (await part.send(batch)) && [];
          }
        }
        if (sends) batch = (await part.send(batch)) && [];
      }
      await part.send(batch);
      const expected = [...held.values()].map((pod) => [pod.name, (pod['spec'] as { containers: { image: string }[] }).containers[0]?.image]).sort();
      const objects = await clusterObjects(hub.database, everything, { kinds: ['Pod'], cluster: part.clusterId });
      assert.deepEqual(objects.map((one) => [one.name, (one.json as { spec: { containers: { image: string }[] } }).spec.containers[0]?.image]), expected);
      const pods = await listPods(hub.database, everything, { cluster: part.clusterId }, { after: undefined, limit: 100 });
      assert.deepEqual(pods.map((pod) => [pod.name, pod.containers[0]?.image]), expected);
      assert.equal(part.counters.batchesRejected, 0, part.logged.join('\n'));
    }),
    { numRuns: 25 },
  );
});

test('a sensor cannot say what a cluster holds, and hostile objects are refused alone', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'hostile' });
  const sensor = await sampleSensor(hub.database, { cluster: 'hostile', hostname: 'h' });
  await sensor.send([listOf('Pod', [podOf('p')]), reportOf()]);
  assert.deepEqual(await names(sensor, 'Pod'), []);
  assert.deepEqual([...sensor.counters.refusedByReason.keys()], ['a record of the kind clusterObjects from a sensor, which may not report it', 'a record of the kind clusterReport from a sensor, which may not report it']);
  const raw = (name: string, text: string): object => ({ namespace: 'n', name, uid: name, resourceVersion: '1', json: new TextEncoder().encode(text) });
  const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
  const changed = [raw('ok', '{"a":"\\u0000 \\ud800","\\u0000":1,"metadata":[1],"spec":7}'), raw('list', '[1]'), raw('text', 'not json'), raw('deep', deep), raw('large', JSON.stringify({ a: 'x'.repeat(300_000) })), raw('', '{}')];
  await part.send([{ kind: { case: 'clusterObjects', value: { apiVersion: 'v1', kind: 'Pod', changed: changed as never, listId: 'l', listEnds: true, listObjects: 6 } } }]);
  assert.deepEqual(await names(part, 'Pod'), ['ok']);
  assert.equal([...part.counters.refusedByReason.values()].reduce((sum, one) => sum + one, 0), 5);
  await part.send([{ kind: { case: 'clusterObjects', value: { apiVersion: 'v1', kind: "Pod'; drop", changed: [] } } }]);
  assert.equal(part.counters.batchesRejected, 0, part.logged.join('\n'));
});

test('a cluster is shown with what is seen of it and what is not', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'east' });
  await sampleSensor(hub.database, { cluster: 'east', hostname: 'shop-node-a' });
  const find = async (): Promise<Record<string, unknown>> => (await get('clusters')).items.find((one) => one['name'] === 'east') ?? {};
  assert.deepEqual([(await find())['state'], (await find())['kind'], (await find())['pods']], ['never', 'kubernetes', null]);
  await part.send([...shopRecords(), reportOf({ watches: [{ kind: 'Pod', synced: true, syncedAtMs: BigInt(Date.now()), objects: 4 }, { kind: 'Role', synced: false, problem: 'forbidden: no' }] })]);
  const east = await find();
  assert.deepEqual([east['state'], east['version'], east['nodes'], east['nodesWithoutSensor'], east['pods'], east['sensors']], ['connected', 'v1.36.3', 2, 1, 4, 1]);
  assert.deepEqual(east['networkPolicy'], { enforcement: 'not-enforced', evidence: 'No DaemonSet is an agent that enforces them.' });
  assert.equal((east['watches'] as { problem: string }[])[1]?.problem, 'forbidden: no');
  const detail = await get(`clusters/${part.clusterId}`);
  assert.deepEqual((detail['namespaceList'] as { name: string; pods: number; podSecurity: string | null }[]).map((one) => [one.name, one.pods, one.podSecurity]), [['kube-system', 1, null], ['shop', 3, 'baseline']]);
  assert.deepEqual((detail['nodesUnwatched'] as { name: string }[]).map((one) => one.name), ['shop-node-b']);
  const hosts = await get(`nodes?cluster=${part.clusterId}`);
  assert.deepEqual(hosts.items.map((one) => [one['hostname'], one['state'], one['kernel'], one['architecture']]), [['shop-node-a', 'connected', '6.18.0', 'x86_64'], ['shop-node-b', 'no-sensor', '6.18.0', 'x86_64']]);
  assert.equal(hosts['total'], 2);
  for (const [which, host] of [['with', 'shop-node-a'], ['without', 'shop-node-b']]) {
    const some = await get(`nodes?cluster=${part.clusterId}&sensor=${which}`);
    assert.deepEqual([some.items.map((one) => one['hostname']), some['total']], [[host], 1]);
  }
  await part.send([reportOf({ nodesWithSensor: ['shop-node-b'] })]);
  assert.equal((await find())['nodesWithoutSensor'], 0);
  await hub.database.query("update cluster_report set reported_at = now() - interval '10 minutes' where cluster_id = $1", [part.clusterId]);
  assert.equal((await find())['state'], 'silent');
  assert.ok(!(await get('sensors')).items.some((one) => one['id'] === part.sensorId), 'a cluster part is no sensor');
});

test('workloads: owners, images, privileges, and how they can be reached', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'west' });
  await part.send(shopRecords());
  const list = await get(`workloads?cluster=${part.clusterId}`);
  const words = list.items.map((one) => `${String(one['namespace'])}/${String(one['kind'])}/${String(one['name'])} ${String(one['pods'])} ${(one['exposed'] as { state: string }).state}${one['privileged'] === true ? ' privileged' : ''}`);
  assert.deepEqual(words, ['kube-system/Pod/etcd 1 no', 'shop/Pod/debug 1 no privileged', 'shop/Deployment/idle 0 no', 'shop/Deployment/web 2 yes']);
  assert.equal(list['total'], 4);
  const web = list.items[3] ?? {};
  assert.deepEqual([web['replicas'], web['images'], web['digests'], (web['exposed'] as { by: string[] }).by], [2, ['registry.example/shop/web:1'], [webDigest], ['Service front (LoadBalancer)']]);
  const first = await get(`workloads?cluster=${part.clusterId}&limit=3`);
  const second = await get(`workloads?cluster=${part.clusterId}&limit=3&cursor=${encodeURIComponent(String(first['next']))}`);
  assert.deepEqual([...first.items, ...second.items], list.items);
  const pods = await get(`pods?cluster=${part.clusterId}&workloadKind=Deployment&workload=web`);
  assert.deepEqual(pods.items.map((one) => [one['name'], one['node']]), [['web-1-a', 'shop-node-a'], ['web-1-b', 'shop-node-b']]);
  for (const filter of [`digest=${webDigest}`, `node=shop-node-b`, `container=${'web-1-b'.padEnd(64, '0')}`, 'search=WEB-1-b', 'namespace=shop']) assert.ok((await get(`pods?cluster=${part.clusterId}&${filter}`)).items.some((one) => one['name'] === 'web-1-b'), filter);
  await part.send([reportOf({ watches: [{ kind: 'Service', synced: false, problem: 'forbidden: x' }] })]);
  const unseen = (await get(`workloads?cluster=${part.clusterId}&name=idle`)).items[0]?.['exposed'] as { state: string; reason: string };
  assert.deepEqual([unseen.state, unseen.reason], ['unknown', 'No Service of this cluster is known: forbidden: x.']);
});

test('who may see one namespace sees what is in it, and nothing of the rest or of the cluster as a whole', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'shared' });
  await sampleSensor(hub.database, { cluster: 'shared', hostname: 'shop-node-a' });
  await part.send([...shopRecords(), listOf('Secretive', [{ name: 'x' }])]);
  const as = await hub.tokenFor('viewer', { kind: 'places', places: [{ cluster: part.clusterId, namespaces: ['shop'] }] });
  const { items } = await get('clusters', as);
  assert.equal(items.length, 1);
  const [shared] = items;
  assert.deepEqual([shared?.['name'], shared?.['state'], shared?.['pods'], shared?.['namespaces'], shared?.['nodes'], shared?.['nodesWithoutSensor'], shared?.['sensors'], shared?.['watches'], shared?.['admission']], ['shared', 'connected', 3, 1, null, 0, 0, [], null]);
  assert.deepEqual(((await get(`clusters/${part.clusterId}`, as))['namespaceList'] as { name: string }[]).map((one) => one.name), ['shop']);
  assert.deepEqual(new Set((await get('workloads', as)).items.map((one) => one['namespace'])), new Set(['shop']));
  assert.deepEqual((await get('pods', as)).items.map((one) => one['name']), ['debug', 'web-1-a', 'web-1-b']);
  assert.equal((await get('pods', as))['total'], 3);
  assert.deepEqual([(await get('nodes', as)).items, (await get('nodes', as))['total']], [[], 0]);
  const scope = { kind: 'places', places: [{ cluster: part.clusterId, namespaces: ['shop'] }] } as const;
  const objects = await clusterObjects(hub.database, scope, { kinds: ['Node', 'Namespace', 'Secretive', 'Deployment'] });
  assert.deepEqual(objects.map((one) => `${one.kind} ${one.namespace} ${one.name}`), ['Deployment shop idle', 'Deployment shop web', 'Namespace  shop']);
});

test('a cluster that is removed is gone from the fleet with its sensors, and comes back when its part joins again', async () => {
  const part = await sampleClusterPart(hub.database, { cluster: 'gone' });
  const sensor = await sampleSensor(hub.database, { cluster: 'gone', hostname: 'gone-node-a' });
  await part.send(shopRecords('gone'));
  await sensor.send([record.container()]);
  const foreign = await hub.tokenFor('operator', { kind: 'places', places: [{ cluster: part.clusterId, namespaces: ['gone'] }] });
  const remove = async (as: string): Promise<number> => (await hub.ask('DELETE', `/api/v1/clusters/${part.clusterId}`, { token: as })).status;
  assert.equal(await remove(foreign), 404, 'who sees a namespace cannot remove the cluster');
  assert.equal(await remove(token), 403);
  assert.equal(await remove(await hub.tokenFor('operator')), 204);
  assert.ok(!(await get('clusters')).items.some((one) => one['name'] === 'gone'));
  assert.deepEqual([await names(part, 'Pod'), (await get(`pods?cluster=${part.clusterId}`)).items, (await get(`nodes?cluster=${part.clusterId}`)).items], [[], [], []]);
  assert.deepEqual([(await part.send([reportOf()])).kind, (await sensor.send([record.container()])).kind], ['removed', 'removed']);
  const again = await sampleClusterPart(hub.database, { cluster: 'gone' });
  await again.send(shopRecords('gone'));
  assert.equal(again.clusterId, part.clusterId);
  assert.ok((await get('clusters')).items.some((one) => one['name'] === 'gone' && one['pods'] === 4));
});
