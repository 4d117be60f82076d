import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { runtimeDouble } from './testing/runtime-double.ts';
import { ContainerdSource } from './containerd.ts';
import { Containers } from './wire/generated/containerd_pb.ts';
import { Content } from './wire/generated/containerd-content_pb.ts';
import { Images } from './wire/generated/containerd-images_pb.ts';
import { Namespaces } from './wire/generated/containerd-namespaces_pb.ts';

const digests = { index: `sha256:${'1d'.repeat(32)}`, amd64: `sha256:${'a6'.repeat(32)}`, arm64: `sha256:${'a8'.repeat(32)}`, attestation: `sha256:${'a7'.repeat(32)}` };
const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const name = 'registry.test/shop/cart:1.4';
const index = {
  manifests: [
    { digest: digests.attestation, platform: { os: 'unknown', architecture: 'unknown' } },
    { digest: digests.amd64, platform: { os: 'linux', architecture: 'amd64' } },
    { digest: digests.arm64, platform: { os: 'linux', architecture: 'arm64' } },
  ],
};

interface Scene {
  readonly containers?: Readonly<Record<string, { image?: string; labels?: Record<string, string>; spec?: unknown; metadata?: unknown }>>;
  readonly target?: { mediaType: string; digest: string } | null;
  readonly blob?: string | null;
}

/** Containers by "namespace/id"; every question with its namespace is noted. */
async function source(t: TestContext, scene: Scene, asked: string[] = []): Promise<ContainerdSource> {
  const { containers = { 'k8s.io/web': { image: name } }, target = { mediaType: indexType, digest: digests.index }, blob = JSON.stringify(index) } = scene;
  const socket = await runtimeDouble(t, (router) => {
    router.service(Namespaces, { list: () => ({ namespaces: [{ name: 'default' }, { name: 'k8s.io' }, { name: 'lab' }] }) });
    router.service(Containers, {
      get({ id }, { requestHeader }) {
        const namespace = requestHeader.get('containerd-namespace') ?? '';
        asked.push(namespace);
        const found = containers[`${namespace}/${id}`];
        if (found === undefined) throw new ConnectError(`container "${id}" in namespace "${namespace}": not found`, Code.NotFound);
        return { container: { id, image: found.image ?? '', labels: found.labels ?? {}, spec: { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from(JSON.stringify(found.spec ?? {})) }, extensions: found.metadata === undefined ? {} : { 'io.cri-containerd.container.metadata': { typeUrl: 'github.com/containerd/cri/pkg/store/container/Metadata', value: Buffer.from(JSON.stringify(found.metadata)) } } } };
      },
    });
    router.service(Images, {
      get({ name: wanted }) {
        if (target === null) throw new ConnectError(`image "${wanted}": not found`, Code.NotFound);
        return { image: { name: wanted, target } };
      },
    });
    router.service(Content, {
      async *read({ digest }) {
        if (blob === null) throw new ConnectError(`content ${digest}: not found`, Code.NotFound);
        // in pieces, as containerd sends it
        const bytes = Buffer.from(blob);
        for (let at = 0; at < bytes.length; at += 1 << 20) yield await Promise.resolve({ data: bytes.subarray(at, at + (1 << 20)) });
      },
    });
  });
  return new ContainerdSource(socket, 'x64');
}

test('the manifest that runs here is the one of the index for this machine', async (t) => {
  const found = await (await source(t, {})).identify('web', '/kubepods/pod1/web');
  assert.deepEqual([found?.runtime, found?.imageName, found?.indexDigest, found?.platformDigest, found?.imageReason], ['containerd', name, digests.index, digests.amd64, null]);
});

test('the namespace that the cgroup names is asked first, the others after it', async (t) => {
  const asked: string[] = [];
  const one = await source(t, { containers: { 'lab/web': { image: name } } }, asked);
  assert.equal((await one.identify('web', '/lab/web'))?.imageName, name);
  assert.deepEqual(asked, ['lab']);
  assert.equal((await one.identify('web', '/kubepods.slice/x'))?.imageName, name);
  assert.equal(await one.identify('nobody', '/lab/nobody'), null);
  assert.equal(asked.filter((namespace) => namespace === 'lab').length, 3);
});

test('the image: what cannot be said is said with its reason', async (t) => {
  const cases: [what: string, scene: Scene, index: string | null, platform: string | null, reason: RegExp | null][] = [
    ['a manifest without an index', { target: { mediaType: manifestType, digest: digests.amd64 } }, null, digests.amd64, null],
    ['an index for another machine', { blob: JSON.stringify({ manifests: [index.manifests[2]] }) }, digests.index, null, /no manifest for linux\/amd64/],
    ['an index of one without platform', { blob: JSON.stringify({ manifests: [{ digest: digests.arm64 }] }) }, digests.index, digests.arm64, null],
    ['an index of two without platform', { blob: JSON.stringify({ manifests: [{ digest: digests.arm64 }, { digest: digests.amd64 }] }) }, digests.index, null, /no manifest/],
    ['an index that is none', { blob: '[]' }, digests.index, null, /no manifest/],
    ['an index that is no JSON', { blob: '{' }, null, null, /could not be read/],
    ['an index that was removed', { blob: null }, null, null, /was removed from containerd/],
    ['an index without end', { blob: ' '.repeat(5 << 20) }, null, null, /larger than 4194304 bytes/],
    ['an image that was removed', { target: null }, null, null, /was removed from containerd/],
    ['no image at all', { containers: { 'k8s.io/web': {} } }, null, null, /made without an image/],
  ];
  for (const [what, scene, indexDigest, platformDigest, reason] of cases) {
    const found = await (await source(t, scene)).identify('web', '/x');
    assert.deepEqual([found?.indexDigest, found?.platformDigest], [indexDigest, platformDigest], what);
    if (reason === null) assert.equal(found?.imageReason, null, what);
    else assert.match(found?.imageReason ?? '', reason, what);
  }
});

test('names of Kubernetes come from labels and annotations; the sandbox is named by its pod', async (t) => {
  const labels = { 'io.kubernetes.container.name': 'cart', 'io.kubernetes.pod.name': 'cart-7d9', 'io.kubernetes.pod.namespace': 'shop', 'io.kubernetes.pod.uid': 'uid-1' };
  const sandbox = { annotations: { 'io.kubernetes.cri.sandbox-name': 'cart-7d9', 'io.kubernetes.cri.sandbox-namespace': 'shop', 'io.kubernetes.cri.sandbox-uid': 'uid-1', 'io.kubernetes.cri.container-type': 'sandbox' } };
  const one = await source(t, { containers: { 'k8s.io/web': { labels }, 'k8s.io/pause': { spec: sandbox }, 'default/made': { labels: { 'nerdctl/name': 'shop-cart' } }, 'default/claims': { labels: { 'io.cri-containerd.kind': 'sandbox' } }, 'k8s.io/labelled': { labels: { ...labels, 'io.cri-containerd.kind': 'container', 'io.kubernetes.cri.container-type': 'sandbox' } } } });
  for (const [id, expected] of [['web', 'cart'], ['pause', 'pod sandbox'], ['made', 'shop-cart']] as const) assert.equal((await one.identify(id, '/'))?.name, expected);
  for (const [id, isSandbox] of [['web', false], ['pause', true], ['made', false], ['claims', false], ['labelled', false]] as const) assert.equal((await one.identify(id, '/'))?.podSandbox, isSandbox, id);
  for (const id of ['web', 'pause']) {
    const found = await one.identify(id, '/');
    assert.deepEqual([found?.podName, found?.podNamespace, found?.podUid], ['cart-7d9', 'shop', 'uid-1'], id);
  }
});

test('of several names of the image a pod\'s container bears the one that was asked for, where containerd remembers it', async (t) => {
  const remembered = (image: unknown): unknown => ({ Version: 'v1', Metadata: { ID: 'web', Config: { metadata: { name: 'cart' }, image } } });
  const cases: [metadata: unknown, name: string, asked: true | undefined][] = [
    [undefined, name, undefined],
    [remembered({ image: digests.amd64 }), name, undefined],
    [remembered({ image: digests.amd64, user_specified_image: 'registry.test/mirror/cart:stable' }), 'registry.test/mirror/cart:stable', true],
    [remembered({ image: digests.amd64, user_specified_image: 'nginx' }), 'docker.io/library/nginx:latest', true],
    [remembered({ user_specified_image: 'No Name' }), name, undefined],
    ['{', name, undefined],
  ];
  for (const [metadata, expected, asked] of cases) {
    const found = await (await source(t, { containers: { 'k8s.io/web': { image: name, metadata } } })).identify('web', '/');
    assert.deepEqual([found?.imageName, found?.imageNameAsked, found?.platformDigest], [expected, asked, digests.amd64], JSON.stringify(metadata));
  }
});

test('a containerd that cannot be asked is an error, not an unknown container', async (t) => {
  const socket = await runtimeDouble(t, (router) => router.service(Namespaces, { list: () => Promise.reject(new ConnectError('shutting down', Code.Unavailable)) }));
  await assert.rejects(new ContainerdSource(socket).identify('web', '/'), /shutting down/);
});
