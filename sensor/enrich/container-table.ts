/**
 * The containers of this host from their cgroups to their end. A container is reported once a process of it was seen,
 * so that directories which a runtime makes on its way never look like one. What a runtime says arrives later and from
 * outside (`identified`); until then the container is pending. Pure.
 */
import type { Container, ContainerIdentity } from '@vedette/model/container';
import type { CgroupContainer } from './cgroup-table.ts';

interface Entry extends Container {
  identity: ContainerIdentity | null;
  rootFilesystem: string | null;
  /** A process of it that lived when last looked: where its root can be read. */
  witnessTgid: number;
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
  seen(cgroup: CgroupContainer, tgid: number, atBootNs: number, rootFilesystem: string | null): Container | null {
    const known = this.#containers.get(cgroup.id);
    if (known !== undefined) {
      if (known.rootFilesystem === null && rootFilesystem !== null) {
        known.rootFilesystem = rootFilesystem;
        this.#changed.add(known.id);
      }
      if (known.witnessTgid === 0) known.witnessTgid = tgid;
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
      witnessTgid: tgid,
    };
    this.#containers.set(made.id, made);
    this.#changed.add(made.id);
    return made;
  }

  /** A process through which the container's root can be read; 0 when none is known to live. */
  witness(id: string): number {
    return this.#containers.get(id)?.witnessTgid ?? 0;
  }

  setWitness(id: string, tgid: number): void {
    const known = this.#containers.get(id);
    if (known !== undefined) known.witnessTgid = tgid;
  }

  identified(id: string, identity: ContainerIdentity): Container | null {
    const known = this.#containers.get(id);
    if (known === undefined) return null;
    known.identity = identity;
    this.#changed.add(id);
    return known;
  }

  ended(id: string): Container | null {
    const known = this.#containers.get(id);
    this.#containers.delete(id);
    this.#changed.delete(id);
    return known ?? null;
  }

  restore(container: Container, witnessTgid: number): void {
    this.#containers.set(container.id, { ...container, witnessTgid });
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
