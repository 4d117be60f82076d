import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { create } from '@bufbuild/protobuf';
import { runtimeDouble } from './testing/runtime-double.ts';
import { CriSource } from './cri.ts';
import { ContainerStatusResponseSchema, ContainerStatusSchema, ImageService, RuntimeService } from './wire/generated/cri_pb.ts';

const id = 'c0de'.repeat(16);
const imageId = '97662d24'.repeat(8);
const digest = `sha256:${'9e'.repeat(32)}`;

/** As CRI-O answers: the labels are the kubelet's, the reference is the image by digest. */
const status = {
  id,
  metadata: { name: 'cart', attempt: 2 },
  image: { image: 'registry.test/shop/cart:1.4' },
  imageRef: `registry.test/shop/cart@${digest}`,
  labels: { 'io.kubernetes.container.name': 'cart', 'io.kubernetes.pod.name': 'cart-7d9', 'io.kubernetes.pod.namespace': 'shop', 'io.kubernetes.pod.uid': 'uid-1' },
  mounts: [{ containerPath: '/etc/hosts', hostPath: '/var/lib/kubelet/pods/uid-1/etc-hosts' }, { containerPath: '/data', hostPath: '/srv/data', readonly: true }],
};

interface Scene {
  readonly status?: { imageRef?: string; image?: { image: string; userSpecifiedImage?: string }; metadata?: { name: string } };
  readonly info?: Record<string, string>;
  readonly failsOnVerbose?: boolean;
  readonly repoDigests?: readonly string[];
}

async function source(t: TestContext, scene: Scene = {}): Promise<CriSource> {
  const socket = await runtimeDouble(t, (router) => {
    router.service(RuntimeService, {
      containerStatus({ containerId, verbose }) {
        if (containerId !== id) throw new ConnectError(`could not find container "${containerId}": container with ID starting with ${containerId} not found: ID does not exist`, Code.NotFound);
        if (verbose && scene.failsOnVerbose === true) throw new ConnectError('creating container info: getting container metadata: container not known', Code.Unknown);
        return create(ContainerStatusResponseSchema, { status: create(ContainerStatusSchema, { ...status, ...scene.status }), info: verbose ? (scene.info ?? {}) : {} });
      },
    });
    router.service(ImageService, {
      // an image that is not there is no error but an answer without an image
      imageStatus: ({ image }) => (image?.image === imageId && scene.repoDigests !== undefined ? { image: { id: imageId, repoDigests: [...scene.repoDigests] } } : {}),
    });
  });
  return new CriSource(socket, 'crio');
}

test('who a container is, by its id', async (t) => {
  const found = await (await source(t)).identify(id);
  assert.ok(found);
  assert.deepEqual([found.runtime, found.name, found.imageName, found.platformDigest, found.imageReason], ['crio', 'cart', 'registry.test/shop/cart:1.4', digest, null]);
  assert.deepEqual([found.podName, found.podNamespace, found.podUid], ['cart-7d9', 'shop', 'uid-1']);
  assert.deepEqual(found.mounts[1], { destination: '/data', source: '/srv/data', kind: 'bind', readOnly: true });
});

test('a runtime that says what the pod asked for is believed about the name', async (t) => {
  const found = await (await source(t, { status: { image: { image: imageId, userSpecifiedImage: 'registry.test/mirror/cart:stable' } } })).identify(id);
  assert.deepEqual([found?.imageName, found?.imageNameAsked, found?.platformDigest], ['registry.test/mirror/cart:stable', true, digest]);
});

test('the sandbox of a pod is no container to CRI', async (t) => {
  assert.equal(await (await source(t)).identify('beef'.repeat(16)), null);
});

test('the image: whatever form the reference has, only a digest of a manifest is one', async (t) => {
  const cases: [what: string, scene: Scene, platformDigest: string | null, reason: RegExp | null][] = [
    ['an image id, looked up', { status: { imageRef: imageId }, repoDigests: [`registry.test/shop/cart@${digest}`] }, digest, null],
    ['the first of several', { status: { imageRef: imageId }, repoDigests: ['odd', `registry.test/shop/cart@${digest}`, `registry.test/other@sha256:${'00'.repeat(32)}`] }, digest, null],
    ['an image that was never in a registry', { status: { imageRef: imageId }, repoDigests: [] }, null, new RegExp(imageId)],
    ['an image that was removed', { status: { imageRef: imageId } }, null, /not a manifest digest/],
    ['nothing', { status: { imageRef: '' } }, null, /by nothing/],
    ['a digest of another kind', { status: { imageRef: 'registry.test/shop/cart@sha512:abc' } }, null, /sha512/],
  ];
  for (const [what, scene, platformDigest, reason] of cases) {
    const found = await (await source(t, scene)).identify(id);
    assert.equal(found?.platformDigest, platformDigest, what);
    if (reason !== null) assert.match(found?.imageReason ?? '', reason, what);
  }
});

test('a container pulled by digest has that as its name, and one without a name has none', async (t) => {
  assert.equal((await (await source(t, { status: { image: { image: `registry.test/shop/cart@${digest}` } } })).identify(id))?.imageName, `registry.test/shop/cart@${digest}`);
  const found = await (await source(t, { status: { image: { image: '' }, metadata: { name: 'x' } } })).identify(id);
  assert.deepEqual([found?.imageName, found?.name], [null, 'x']);
});

test('privileged comes from the verbose answer alone, and a runtime that fails on it is asked plainly', async (t) => {
  const all = { process: { capabilities: { effective: ['CAP_SYS_ADMIN', 'CAP_SYS_MODULE'] } }, linux: { resources: { devices: [{ allow: true, access: 'rwm' }] } } };
  const cases: [what: string, scene: Scene, privileged: boolean][] = [
    ['said so', { info: { info: JSON.stringify({ sandboxID: 'x', pid: 7, runtimeSpec: {}, privileged: true }) } }, true],
    ['said not', { info: { info: JSON.stringify({ privileged: false }) } }, false],
    ['by the specification', { info: { info: JSON.stringify({ runtimeSpec: all }) } }, true],
    ['text that is no JSON', { info: { info: '{' } }, false],
    ['nothing', {}, false],
    ['it fails', { failsOnVerbose: true }, false],
  ];
  for (const [what, scene, privileged] of cases) assert.equal((await (await source(t, scene)).identify(id))?.privileged, privileged, what);
});

test('a runtime that does not answer is an error in time, not an unknown container', async (t) => {
  const socket = await runtimeDouble(t, (router) => router.service(RuntimeService, { containerStatus: async () => await new Promise(() => undefined) }));
  const begun = performance.now();
  await assert.rejects(new CriSource(socket, 'crio').identify(id), /deadline/i);
  assert.ok(performance.now() - begun < 6000);
  await assert.rejects(new CriSource('/nowhere/crio.sock', 'crio').identify(id), /ENOENT/);
});
