/**
 * The pods of this node as the cluster part has told them, always the whole set: by the pod's UID, which runtimes tell of a
 * container, and by the id of each container. A pod that the runtime knows and nobody has told is found later. Pure.
 */
import type { PodFacts } from '@vedette/model/container';

export interface ToldPod extends PodFacts {
  readonly containerIds: readonly string[];
}

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
    const found = (podUid === null ? undefined : this.#byUid.get(podUid)) ?? this.#byContainer.get(containerId);
    if (found === undefined) return null;
    const { containerIds: _ids, ...facts } = found;
    return facts;
  }
}
