/**
 * Identity from containerd: container → image name → target descriptor → platform manifest. The image service gives the
 * digest that the name points to, which is an index for most published images; the manifest that runs here is the one of
 * the index whose platform is this machine's. Works for `ctr`, nerdctl and Kubernetes (namespace k8s.io) alike.
 * A container of a pod bears the name that the pod's specification asks for: containerd's own record has the first of all
 * names that the image happens to have. containerd 2 keeps the asked one beside the container; older ones do not, and
 * there it comes with the pod from the cluster part (enrich/pod-table.ts).
 */
import type { ContainerIdentity } from '@vedette/model/container';
import { Containers } from './wire/generated/containerd_pb.ts';
import { Content } from './wire/generated/containerd-content_pb.ts';
import { Images } from './wire/generated/containerd-images_pb.ts';
import { Namespaces } from './wire/generated/containerd-namespaces_pb.ts';
import { fullImageName } from '@vedette/policy/image-facts';
import { field, parsed, specFacts, text } from './oci-spec.ts';
import { isNotFound, runtimeClient, sentenceOf } from './socket-client.ts';

const indexTypes = new Set(['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']);
const manifestBytesMax = 4 << 20;
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

interface Digests {
  readonly index: string | null;
  readonly platform: string | null;
  readonly reason: string | null;
}

export class ContainerdSource {
  readonly #containers;
  readonly #images;
  readonly #content;
  readonly #namespaces;
  readonly #architecture: string;

  constructor(socketPath: string, architecture: string = process.arch) {
    this.#containers = runtimeClient(Containers, socketPath);
    this.#images = runtimeClient(Images, socketPath);
    this.#content = runtimeClient(Content, socketPath);
    this.#namespaces = runtimeClient(Namespaces, socketPath);
    this.#architecture = architectures[architecture] ?? architecture;
  }

  /** null: containerd does not know this container. Throws when it cannot be asked. */
  async identify(id: string, cgroupPath: string): Promise<ContainerIdentity | null> {
    for (const namespace of await this.#candidates(cgroupPath)) {
      const headers = { 'containerd-namespace': namespace };
      try {
        const { container } = await this.#containers.get({ id }, { headers });
        if (container === undefined) continue;
        const digests = container.image === '' ? noImage : await this.#digests(container.image, headers);
        const spec = specFacts(new TextDecoder().decode(container.spec?.value ?? new Uint8Array()));
        const asked = askedName(container.extensions[criExtension]?.value);
        const podSandbox = namespace === criNamespace && isSandbox(container.labels, spec.annotations);
        const identity = { ...identityOf(id, container.image, container.labels, spec, digests), podSandbox };
        return asked === null ? identity : { ...identity, imageName: asked, imageNameAsked: true };
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return null;
  }

  /** `ctr` names the cgroup /<namespace>/<id>; Kubernetes uses k8s.io; the rest is asked for. */
  async #candidates(cgroupPath: string): Promise<string[]> {
    const { namespaces } = await this.#namespaces.list({});
    const names = namespaces.map((one) => one.name);
    const [, first] = cgroupPath.split('/');
    return names.sort((a, b) => Number(b === first) - Number(a === first));
  }

  async #digests(image: string, headers: Record<string, string>): Promise<Digests> {
    try {
      const { image: found } = await this.#images.get({ name: image }, { headers });
      const target = found?.target;
      if (target === undefined) return { index: null, platform: null, reason: `containerd has no target for the image ${image}` };
      if (!indexTypes.has(target.mediaType)) return { index: null, platform: target.digest, reason: null };
      const platform = this.#platformManifest(await this.#blob(target.digest, headers));
      return { index: target.digest, platform, reason: platform === null ? `the index of ${image} has no manifest for linux/${this.#architecture}` : null };
    } catch (error) {
      const why = isNotFound(error) ? 'it was removed from containerd while the container runs' : sentenceOf(error);
      return { index: null, platform: null, reason: `the image ${image} could not be read: ${why}` };
    }
  }

  async #blob(digest: string, headers: Record<string, string>): Promise<string> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const { data } of this.#content.read({ digest }, { headers })) {
      bytes += data.length;
      if (bytes > manifestBytesMax) throw new RangeError(`the manifest ${digest} is larger than ${manifestBytesMax} bytes`);
      pieces.push(data);
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  #platformManifest(index: string): string | null {
    const manifests = field(JSON.parse(index), 'manifests');
    if (!Array.isArray(manifests)) return null;
    const fitting = manifests.filter((one: unknown) => {
      const platform = field(one, 'platform');
      // an index without platforms has one image; attestations name the platform unknown/unknown
      return platform === undefined ? manifests.length === 1 : field(platform, 'os') === 'linux' && field(platform, 'architecture') === this.#architecture;
    });
    const digest = text(field(fitting[0], 'digest'));
    return digest === '' ? null : digest;
  }
}

const criExtension = 'io.cri-containerd.container.metadata';

/** What the kubelet passed on from the pod's specification, as CRI's part of containerd remembers it. */
function askedName(metadata: Uint8Array | undefined): string | null {
  if (metadata === undefined) return null;
  const config = field(field(parsed(new TextDecoder().decode(metadata)), 'Metadata'), 'Config');
  return fullImageName(text(field(field(config, 'image'), 'user_specified_image')));
}

const noImage: Digests = { index: null, platform: null, reason: 'the container was made without an image' };

/** Where CRI keeps all of its own; in any other namespace an image's labels, which become the container's, could claim anything. */
const criNamespace = 'k8s.io';

/** The one that holds a pod's namespaces; CRI gives it no name. CRI writes both marks last, over what an image or a pod says. */
function isSandbox(labels: Readonly<Record<string, string>>, annotations: Readonly<Record<string, string>>): boolean {
  return (labels['io.cri-containerd.kind'] ?? annotations['io.kubernetes.cri.container-type']) === 'sandbox';
}

function identityOf(
  id: string,
  image: string,
  labels: Readonly<Record<string, string>>,
  spec: ReturnType<typeof specFacts>,
  digests: Digests,
): ContainerIdentity {
  const all = { ...spec.annotations, ...labels };
  return {
    runtime: 'containerd',
    name: all['io.kubernetes.container.name'] ?? all['nerdctl/name'] ?? (isSandbox(labels, spec.annotations) ? 'pod sandbox' : id),
    imageName: image === '' ? null : image,
    indexDigest: digests.index,
    platformDigest: digests.platform,
    imageReason: digests.reason,
    labels,
    mounts: spec.mounts,
    podName: all['io.kubernetes.pod.name'] ?? all['io.kubernetes.cri.sandbox-name'] ?? null,
    podNamespace: all['io.kubernetes.pod.namespace'] ?? all['io.kubernetes.cri.sandbox-namespace'] ?? null,
    podUid: all['io.kubernetes.pod.uid'] ?? all['io.kubernetes.cri.sandbox-uid'] ?? null,
    privileged: spec.privileged,
  };
}
