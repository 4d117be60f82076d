import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { runtimeDouble } from './testing/runtime-double.ts';
import { Identifier, type RuntimePlaces } from './identify.ts';
import { RuntimeService } from './wire/generated/cri_pb.ts';

const id = 'c0de'.repeat(16);

interface Host extends RuntimePlaces {
  readonly place: string;
  write(name: string, content: unknown): void;
}

/** A host of which nothing is known but what the test writes. */
function host(t: TestContext, more: Partial<RuntimePlaces> = {}): Host {
  const place = mkdtempSync(join(tmpdir(), 'vedette-host-'));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  return {
    place, containerdSockets: [], crioSocket: join(place, 'crio.sock'), podmanStorages: [join(place, 'storage')], runcStates: [join(place, 'runc'), join(place, 'crun')], ...more,
    write(name, content) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), JSON.stringify(content));
    },
  };
}

const state = { cgroup_paths: { '': `/sys/fs/cgroup/lab/${id}` }, config: { labels: [] } };
const gone = () => false;

test('nobody knows it: the answer is an unknown image with the reason, never nothing', async (t) => {
  const found = await new Identifier(host(t)).identify(id, `/lab/${id}`, 'docker', gone);
  assert.deepEqual([found.runtime, found.name, found.imageName, found.platformDigest, found.imageReason], ['docker', id, null, null, 'no container runtime on this host knows this container']);
});

test('runtimes that could not be asked are named, each once', async (t) => {
  const crioSocket = await runtimeDouble(t, (router) => router.service(RuntimeService, { containerStatus: () => Promise.reject(new ConnectError('shutting down', Code.Unavailable)) }));
  const found = await new Identifier(host(t, { crioSocket })).identify(id, '/x', null, gone);
  assert.match(found.imageReason!, /^crio could not be asked \(Unavailable: shutting down\)$/);
});

test('one runtime that fails does not hide what another knows', async (t) => {
  const crioSocket = await runtimeDouble(t, (router) => router.service(RuntimeService, { containerStatus: () => Promise.reject(new ConnectError('broken', Code.Internal)) }));
  const one = host(t, { crioSocket });
  one.write(`runc/${id}/state.json`, state);
  assert.equal((await new Identifier(one).identify(id, `/lab/${id}`, 'crio', gone)).runtime, 'runc');
});

test('the runtime that the cgroup names is asked first', async (t) => {
  const one = host(t);
  one.write(`runc/${id}/state.json`, state);
  one.write('storage/overlay-containers/containers.json', [{ id }]);
  const identifier = new Identifier(one);
  assert.equal((await identifier.identify(id, `/lab/${id}`, 'podman', gone)).runtime, 'podman');
  assert.equal((await identifier.identify(id, `/lab/${id}`, 'runc', gone)).runtime, 'runc');
});

test('a runtime that writes its state after it made the cgroup is asked again', async (t) => {
  const one = host(t);
  setTimeout(() => one.write(`crun/${id}/status`, { 'cgroup-path': `/lab/${id}`, 'bundle': '' }), 150);
  const found = await new Identifier(one).identify(id, `/lab/${id}`, null, () => true);
  assert.equal(found.runtime, 'runc');
});
