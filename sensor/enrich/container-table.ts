/**
 * The containers of this host from their cgroups to their end. A container is reported once a process of it was seen,
 * so that directories which a runtime makes on its way never look like one. What a runtime says arrives later and from
 * outside (`identified`); until then the container is pending. Pure.
 */
import type { Container, ContainerIdentity, PodFacts } from '@vedette/model/container';
import type { CgroupKey } from '@vedette/model/event';
import type { CgroupContainer } from './cgroup-table.ts';

interface Entry extends Container {
  identity: ContainerIdentity | null;
  rootFilesystem: string | null;
  pod?: PodFacts;
  keys: ReadonlySet<CgroupKey>;
}

export class ContainerTable {
  readonly #containers = new Map<string, Entry>();
  /** Containers whose state changed since `takeChanged`. */
  readonly #changed = new Set<string>();

  all(): IterableIterator<Container> {
    return this.#containers.values();
  }

  get(id: string): Container | null {
    return this.#containers.get(id) ?? null;
  }

  get pending(): number {
    let count = 0;
    for (const one of this.#containers.values()) if (one.identity === null) count += 1;
    return count;
  }

  /** A process of this container was seen. Returns the container when it is new. */
  seen(cgroup: CgroupContainer, atBootNs: number, rootFilesystem: string | null): Container | null {
    const known = this.#containers.get(cgroup.id);
    if (known !== undefined) {
      if (known.rootFilesystem === null && rootFilesystem !== null) {
        known.rootFilesystem = rootFilesystem;
        this.#changed.add(known.id);
      }
      // after a restart the cgroups are read anew and have a set of their own
      known.keys = cgroup.keys;
      return null;
    }
    const made: Entry = {
      id: cgroup.id,
      cgroupPath: cgroup.ownPath,
      keys: cgroup.keys,
      startedBootNs: cgroup.createdBootNs ?? atBootNs,
      seenFromStart: cgroup.createdBootNs !== null,
      identity: null,
      rootFilesystem,
    };
    this.#containers.set(made.id, made);
    this.#changed.add(made.id);
    return made;
  }

  identified(id: string, identity: ContainerIdentity): Container | null {
    const known = this.#containers.get(id);
    if (known === undefined) return null;
    known.identity = identity;
    this.#changed.add(id);
    return known;
  }

  /** Whether that is news. The first name that was asked for holds: a later one belongs to the container that comes after. */
  imageAsked(id: string, imageName: string): boolean {
    const known = this.#containers.get(id);
    if (known?.identity == null || known.identity.imageNameAsked === true) return false;
    const isNews = known.identity.imageName !== imageName;
    known.identity = { ...known.identity, imageName, imageNameAsked: true };
    if (isNews) this.#changed.add(id);
    return isNews;
  }

  /** Whether that is news. What was told once holds on when the pod is gone from the API server and its container is not. */
  podTold(id: string, pod: PodFacts): boolean {
    const known = this.#containers.get(id);
    if (known === undefined || JSON.stringify(known.pod) === JSON.stringify(pod)) return false;
    known.pod = pod;
    this.#changed.add(id);
    return true;
  }

  ended(id: string): Container | null {
    const known = this.#containers.get(id);
    this.#containers.delete(id);
    this.#changed.delete(id);
    return known ?? null;
  }

  restore(container: Container): void {
    this.#containers.set(container.id, { ...container });
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  takeChanged(): Container[] {
    const out: Container[] = [];
    for (const id of this.#changed) {
      const one = this.#containers.get(id);
      if (one !== undefined) out.push(one);
    }
    this.#changed.clear();
    return out;
  }
}
