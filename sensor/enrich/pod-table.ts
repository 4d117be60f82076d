/**
 * The pods of this node as the cluster part has told them, always the whole set: by the pod's UID, which runtimes tell of a
 * container, and by the id of each container. A pod that the runtime knows and nobody has told is found later. What image a
 * container is asked to run stands here under its name. Pure.
 */
import type { ContainerIdentity, PodFacts } from '@vedette/model/container';
import { fullImageName } from '@vedette/policy/image-facts';

export interface ToldPod extends PodFacts {
  readonly containerIds: readonly string[];
  /** Name of a container → its image as the pod's specification names it. */
  readonly images: Readonly<Record<string, string>>;
}

/** By which the kubelet tells a runtime the container's name in its pod. */
const nameLabel = 'io.kubernetes.container.name';

export class PodTable {
  readonly #byUid = new Map<string, ToldPod>();
  readonly #byContainer = new Map<string, ToldPod>();

  get size(): number {
    return this.#byUid.size;
  }

  replace(pods: readonly ToldPod[]): void {
    this.#byUid.clear();
    this.#byContainer.clear();
    for (const pod of pods) {
      this.#byUid.set(pod.uid, pod);
      for (const id of pod.containerIds) this.#byContainer.set(id, pod);
    }
  }

  /** `podUid`: as the runtime says; null when it says none. */
  of(containerId: string, podUid: string | null): PodFacts | null {
    const found = this.#find(containerId, podUid);
    if (found === undefined) return null;
    const { containerIds: _ids, images: _images, ...facts } = found;
    return facts;
  }

  /**
   * The image that the pod's specification asks for, with its full name; null: nobody has told, or the name is pinned to
   * another image than the one that runs: the specification was changed meanwhile.
   */
  askedImage(containerId: string, identity: ContainerIdentity): string | null {
    const pod = this.#find(containerId, identity.podUid);
    const name = identity.labels[nameLabel];
    const image = pod === undefined || name === undefined ? null : fullImageName(pod.images[name] ?? '');
    const pinned = image?.split('@')[1];
    const runs = [identity.indexDigest, identity.platformDigest].filter((one) => one !== null);
    return pinned === undefined || runs.length === 0 || runs.includes(pinned) ? image : null;
  }

  #find(containerId: string, podUid: string | null): ToldPod | undefined {
    return (podUid === null ? undefined : this.#byUid.get(podUid)) ?? this.#byContainer.get(containerId);
  }
}
