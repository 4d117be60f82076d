/**
 * Identity from a runtime that speaks Kubernetes' CRI and nothing else that we know (CRI-O). The contract itself does not
 * say whether a container is privileged; CRI-O says it in the text that comes with a verbose answer, together with the
 * whole specification. The image is named as the pod asks for it, where the runtime knows that. A runtime that fails on verbose questions is asked the plain one.
 */
import type { ContainerIdentity, RuntimeName } from '@vedette/model/container';
import { fullImageName } from '@vedette/policy/image-facts';
import { factsOf, field, parsed } from './oci-spec.ts';
import { ImageService, RuntimeService, type ContainerStatusResponse } from './wire/generated/cri_pb.ts';
import { isNotFound, runtimeClient } from './socket-client.ts';

const digestInReference = /(sha256:[0-9a-f]{64})$/;

export class CriSource {
  readonly #containers;
  readonly #images;
  readonly #runtime: RuntimeName;

  constructor(socketPath: string, runtime: RuntimeName) {
    this.#containers = runtimeClient(RuntimeService, socketPath);
    this.#images = runtimeClient(ImageService, socketPath);
    this.#runtime = runtime;
  }

  /** null: the runtime does not know this container. Throws when it cannot be asked. */
  async identify(id: string): Promise<ContainerIdentity | null> {
    try {
      const { status, info } = await this.#ask(id);
      if (status === undefined) return null;
      const verbose = parsed(info['info'] ?? '');
      const asked = fullImageName(status.image?.userSpecifiedImage ?? '');
      const imageName = asked ?? status.image?.image ?? '';
      const digest = await this.#digest(status.imageRef);
      return {
        runtime: this.#runtime,
        name: status.metadata?.name ?? id,
        imageName: imageName === '' ? null : imageName,
        ...(asked === null ? {} : { imageNameAsked: true }),
        indexDigest: null,
        platformDigest: digest,
        imageReason: digest === null ? `the runtime names the image by ${status.imageRef || 'nothing'}, which is not a manifest digest` : null,
        labels: status.labels,
        mounts: status.mounts.map((one) => ({ destination: one.containerPath, source: one.hostPath, kind: 'bind', readOnly: one.readonly })),
        podName: status.labels['io.kubernetes.pod.name'] ?? null,
        podNamespace: status.labels['io.kubernetes.pod.namespace'] ?? null,
        podUid: status.labels['io.kubernetes.pod.uid'] ?? null,
        privileged: field(verbose, 'privileged') === true || factsOf(field(verbose, 'runtimeSpec')).privileged,
      };
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  async #ask(id: string): Promise<ContainerStatusResponse> {
    try {
      return await this.#containers.containerStatus({ containerId: id, verbose: true });
    } catch (error) {
      if (isNotFound(error)) throw error;
      return await this.#containers.containerStatus({ containerId: id });
    }
  }

  /** A reference by digest says it itself; a bare image id is looked up, since an id is not a manifest's digest. */
  async #digest(reference: string): Promise<string | null> {
    if (reference.includes('@')) return digestInReference.exec(reference)?.[1] ?? null;
    const { image } = await this.#images.imageStatus({ image: { image: reference } });
    for (const one of image?.repoDigests ?? []) {
      const found = digestInReference.exec(one);
      if (found !== null) return found[1]!;
    }
    return null;
  }
}
