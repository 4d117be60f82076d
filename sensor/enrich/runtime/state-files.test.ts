import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { podmanIdentity, runcContainers, runcIdentity } from './state-files.ts';

const id = 'c0de'.repeat(16);
const imageId = '97662d24'.repeat(8);
const digest = `sha256:${'9e'.repeat(32)}`;

/** A folder with these files; what is no text is written as JSON. */
function folder(t: TestContext, files: Readonly<Record<string, unknown>>): string {
  const place = mkdtempSync(join(tmpdir(), 'vedette-state-'));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(place, name)), { recursive: true });
    writeFileSync(join(place, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return place;
}

/** As podman writes it. */
const podmanContainer = {
  id, names: ['quirky_curie'], image: imageId, layer: 'feed'.repeat(16),
  metadata: JSON.stringify({ 'image-name': 'registry.test/library/nginx:1.27', 'image-id': imageId, 'name': 'web', 'created-at': 1795393082 }),
  created: '2026-11-23T06:19:50.000Z', flags: { MountLabel: '', ProcessLabel: '' },
};
const images = [{ id: imageId, digest, names: ['registry.test/library/nginx:1.27'], layer: 'beef'.repeat(16), metadata: '{}', 'big-data-names': ['manifest'], created: '2026-11-01T00:00:00Z' }];
const spec = {
  annotations: { 'io.container.manager': 'libpod' },
  mounts: [{ destination: '/data', type: 'bind', source: '/srv/data', options: ['rbind', 'ro'] }, { destination: '/proc', type: 'proc', source: 'proc' }],
};
const everything = { process: { capabilities: { effective: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_SYS_MODULE'] } }, linux: { resources: { devices: [{ allow: true, access: 'rwm' }] } } };

test('podman: name, image, digest, mounts from its storage', async (t) => {
  const storage = folder(t, { 'overlay-containers/containers.json': [{ id: 'other' }, podmanContainer], 'overlay-images/images.json': images, [`overlay-containers/${id}/userdata/config.json`]: spec });
  const found = await podmanIdentity(storage, id);
  assert.ok(found);
  assert.deepEqual([found.runtime, found.name, found.imageName, found.platformDigest, found.imageReason, found.privileged], ['podman', 'web', 'registry.test/library/nginx:1.27', digest, null, false]);
  assert.deepEqual(found.mounts, [{ destination: '/data', source: '/srv/data', kind: 'bind', readOnly: true }, { destination: '/proc', source: 'proc', kind: 'proc', readOnly: false }]);
  assert.equal(await podmanIdentity(storage, 'beef'.repeat(16)), null);
});

test('podman run --rm: such containers are in a list of their own', async (t) => {
  const storage = folder(t, { 'overlay-containers/containers.json': [], 'overlay-containers/volatile-containers.json': [podmanContainer], 'overlay-images/images.json': images });
  assert.equal((await podmanIdentity(storage, id))?.platformDigest, digest);
  const only = folder(t, { 'overlay-containers/volatile-containers.json': [podmanContainer], 'overlay-images/images.json': images });
  assert.equal((await podmanIdentity(only, id))?.name, 'web');
});

test('another storage driver, and several at once', async (t) => {
  const storage = folder(t, { 'overlay-containers/containers.json': [], 'btrfs-containers/containers.json': [podmanContainer], 'btrfs-images/images.json': images });
  assert.equal((await podmanIdentity(storage, id))?.platformDigest, digest);
});

test('podman: what is missing or broken is said, or counts as absent', async (t) => {
  const list = 'overlay-containers/containers.json';
  const cases: [what: string, files: Record<string, unknown>, expected: [name: string, reason: RegExp] | null][] = [
    ['no storage', {}, null],
    ['a list that is no list', { [list]: { id } }, null],
    ['a list that is no JSON', { [list]: '[{' }, null],
    ['a list of nonsense', { [list]: [null, 7, 'x', [id]] }, null],
    ['no images', { [list]: [podmanContainer] }, ['web', /no digest for the image registry\.test\/library\/nginx:1\.27/]],
    ['an image that was removed', { [list]: [podmanContainer], 'overlay-images/images.json': [] }, ['web', /no digest/]],
    ['a digest that is none', { [list]: [podmanContainer], 'overlay-images/images.json': [{ id: imageId, digest: 'latest' }] }, ['web', /no digest/]],
    ['metadata that is no JSON', { [list]: [{ ...podmanContainer, metadata: '{' }] }, ['quirky_curie', new RegExp(imageId)]],
    ['no names at all', { [list]: [{ id }] }, [id, /no digest/]],
  ];
  for (const [what, files, expected] of cases) {
    const found = await podmanIdentity(folder(t, files), id);
    if (expected === null) assert.equal(found, null, what);
    else {
      assert.equal(found?.name, expected[0], what);
      assert.match(found.imageReason ?? '', expected[1], what);
      assert.equal(found.platformDigest, null, what);
    }
  }
});

test('the same storage used by CRI-O: the pod sandbox, which CRI does not name, is not called podman', async (t) => {
  const metadata = { 'pod-name': 'k8s_web-1_shop_uid_0', 'pod-id': id, 'image-name': 'registry.test/pause:3.9', 'image-id': imageId, 'name': 'k8s_POD_web-1_shop_uid_0', 'metadata-name': 'web-1', 'created-at': 1, 'pod': true, 'privileged': true };
  const annotations = { 'io.kubernetes.pod.name': 'web-1', 'io.kubernetes.pod.namespace': 'shop', 'io.kubernetes.pod.uid': 'uid' };
  const storage = folder(t, { 'overlay-containers/volatile-containers.json': [{ ...podmanContainer, metadata: JSON.stringify(metadata) }], 'overlay-images/images.json': images, [`overlay-containers/${id}/userdata/config.json`]: { annotations } });
  const found = await podmanIdentity(storage, id);
  assert.deepEqual([found?.runtime, found?.name, found?.podName, found?.podNamespace, found?.podUid, found?.privileged, found?.podSandbox], ['crio', 'web-1', 'web-1', 'shop', 'uid', true, true]);
});

const annotations = { 'org.opencontainers.image.ref.name': 'registry.test/shop/cart:1.4', 'vedette.dev/image-digest': digest, 'vedette.dev/image-index-digest': `sha256:${'1d'.repeat(32)}` };

function runcState(bundle: string, labels: Readonly<Record<string, string>> = {}) {
  return { id: 'web', init_process_pid: 7, cgroup_paths: { pids: '/sys/fs/cgroup/pids/lab/web', memory: '/sys/fs/cgroup/memory/lab/web', '': '/sys/fs/cgroup/unified/lab/web' }, config: { labels: [`bundle=${bundle}`, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)] } };
}

test('runc: the annotations of the bundle, by its state', async (t) => {
  const bundle = folder(t, { 'config.json': { ...everything, annotations, mounts: spec.mounts } });
  const state = folder(t, { 'web/state.json': runcState(bundle, { 'org.opencontainers.image.ref.name': 'of the state', 'equals': 'a=b' }) });
  const found = await runcIdentity(state, 'web', '/lab/web');
  assert.ok(found);
  assert.deepEqual([found.runtime, found.name, found.imageName, found.platformDigest, found.indexDigest, found.imageReason, found.privileged], ['runc', 'web', 'of the state', digest, annotations['vedette.dev/image-index-digest'], null, true]);
  assert.equal(found.labels['equals'], 'a=b');
  assert.equal(found.mounts.length, 2);
});

test('runc: a container of the same id in another cgroup is another one', async (t) => {
  const state = folder(t, { 'web/state.json': runcState('/nowhere') });
  assert.equal(await runcIdentity(state, 'web', '/other/web'), null);
  assert.equal(await runcIdentity(state, 'other', '/lab/web'), null);
  for (const path of ['/web', '/pids/lab/web', '/unified/lab/web', 'web', '/', '']) assert.equal(await runcIdentity(state, 'web', path), null, path);
  assert.equal((await runcIdentity(state, 'web', '/lab/web'))?.imageReason, "the bundle's annotations name no image digest (vedette.dev/image-digest or org.opencontainers.image.digest)");
});

test('runc on a host with only the unified hierarchy names one path', async (t) => {
  const state = folder(t, { 'web/state.json': { ...runcState('/nowhere'), cgroup_paths: { '': '/sys/fs/cgroup/lab/web' } }, 'old/state.json': { ...runcState('/nowhere'), cgroup_paths: '/sys/fs/cgroup/lab/old' } });
  assert.equal((await runcIdentity(state, 'web', '/lab/web'))?.runtime, 'runc');
  assert.equal((await runcIdentity(state, 'old', '/lab/old'))?.runtime, 'runc');
});

test('the place of a cgroup within its hierarchy, on hosts of v1, of v2 and of both', async (t) => {
  const both = { pids: '/sys/fs/cgroup/pids/a', '': '/sys/fs/cgroup/unified/b' };
  const cases: [paths: unknown, v1: string | null, v2: string | null][] = [
    [{ cpu: '/sys/fs/cgroup/cpu,cpuacct/lab/web', pids: '/sys/fs/cgroup/pids/lab/web', 'name=systemd': '/sys/fs/cgroup/systemd/lab/web' }, '/lab/web', null],
    [{ cpu: '/sys/fs/cgroup/cpu/lab/web' }, null, null],
    [{ pids: '/sys/fs/cgroup/pids,rdma/system.slice/runc-web.scope' }, '/system.slice/runc-web.scope', null],
    [{ '': '/sys/fs/cgroup/lab/web' }, null, '/lab/web'],
    // only beside v1 is the unified hierarchy mounted below /unified: alone it is a cgroup that is called so
    [{ '': '/sys/fs/cgroup/unified/web' }, null, '/unified/web'],
    [both, '/a', '/b'],
    ['/sys/fs/cgroup/lab/web', null, '/lab/web'],
    [{ pids: '/sys/fs/cgroup/pids', '': '/sys/fs/cgroup/unified' }, null, null],
    [{ '': '/sys/fs/cgroup' }, null, null],
    [{ '': '/sys/fs/cgroup/' }, null, null],
    [{ '': '/sys/fs/cgroups/x' }, null, null],
    [{ '': 7, pids: ['/sys/fs/cgroup/pids/x'] }, null, null],
    [null, null, null],
    [undefined, null, null],
  ];
  for (const [paths, v1, v2] of cases) {
    const state = folder(t, { 'web/state.json': { cgroup_paths: paths } });
    assert.deepEqual(await runcContainers(state), [{ id: 'web', places: { v1, v2 } }], JSON.stringify(paths));
  }
});

test('crun keeps its state under another name, and its annotations only in the bundle', async (t) => {
  const bundle = folder(t, { 'config.json': { annotations } });
  const status = { 'pid': 7, 'process-start-time': 99, 'cgroup-path': '/lab/web', 'scope': '', 'rootfs': `${bundle}/rootfs`, 'systemd-cgroup': false, bundle, 'created': '2026-11-23T06:19:50.000Z', 'detached': true, 'external_descriptors': '["/dev/null"]' };
  const state = folder(t, { 'web/status': status, 'bare/status': { ...status, 'cgroup-path': 'lab/bare' } });
  const found = await runcIdentity(state, 'web', '/lab/web');
  assert.deepEqual([found?.imageName, found?.platformDigest], [annotations['org.opencontainers.image.ref.name'], digest]);
  assert.equal((await runcIdentity(state, 'bare', '/lab/bare'))?.platformDigest, digest, 'a place without a leading slash');
  assert.equal(await runcIdentity(state, 'web', '/lab/other'), null);
  assert.deepEqual((await runcContainers(state)).map((one) => [one.id, one.places]).sort(), [['bare', { v1: '/lab/bare', v2: '/lab/bare' }], ['web', { v1: '/lab/web', v2: '/lab/web' }]]);
});

test('which containers were there before: those with a state that can be read', async (t) => {
  const state = folder(t, { 'web/state.json': runcState('/nowhere'), 'broken/state.json': '{', 'empty/something': '', 'a-file': '', 'no-paths/state.json': {} });
  assert.deepEqual((await runcContainers(state)).sort((a, b) => (a.id < b.id ? -1 : 1)), [
    { id: 'no-paths', places: { v1: null, v2: null } },
    { id: 'web', places: { v1: '/lab/web', v2: '/lab/web' } },
  ]);
  assert.deepEqual(await runcContainers(join(state, 'nowhere')), []);
});

test('whatever a runtime wrote, the answer is a value', async (t) => {
  const place = folder(t, { 'overlay-containers/x': '', 'overlay-images/x': '', [`overlay-containers/${id}/userdata/x`]: '', 'web/x': '' });
  const some = fc.oneof(fc.json(), fc.json().map((one) => `[{"id":"${id}","metadata":${JSON.stringify(one)},"names":${one},"image":${one}}]`), fc.string());
  await fc.assert(
    fc.asyncProperty(some, some, some, async (a, b, c) => {
      for (const [name, content] of [['overlay-containers/containers.json', a], ['overlay-images/images.json', b], [`overlay-containers/${id}/userdata/config.json`, c], ['web/state.json', a], ['web/status', b]] as const) writeFileSync(join(place, name), content);
      await podmanIdentity(place, id);
      await runcIdentity(place, 'web', '/web');
      await runcContainers(place);
    }),
  );
});
