/**
 * Which container each cgroup belongs to, by the kernel's key, so that a process's container is known at its first
 * record. Filled from creation records, which the loader also makes for the cgroups that were there before; a cgroup made
 * inside a container belongs to it. Keys and cgroup.procs are the kernel's; names decide nothing once a key is known.
 */
import type { CgroupEvent, CgroupKey } from '@vedette/model/event';
import type { RuntimeName } from '@vedette/model/container';
import { containerOfCgroupPath } from './cgroup-name.ts';

export interface CgroupEntry {
  readonly key: CgroupKey;
  readonly path: string;
  /** null: host. */
  readonly container: CgroupContainer | null;
}

/** A container as far as its cgroup tells. One object for all cgroups of the container. */
export interface CgroupContainer {
  readonly id: string;
  readonly runtime: RuntimeName | null;
  readonly ownPath: string;
  /** Seen when it was made; else the sensor found it already there. */
  readonly createdBootNs: number | null;
  /** The container's own cgroup in each hierarchy, and every one below it. */
  readonly keys: Set<CgroupKey>;
}

export const cgroupsMax = 65536;

export class CgroupTable {
  readonly #entries = new Map<CgroupKey, CgroupEntry>();
  readonly #containers = new Map<string, CgroupContainer>();
  readonly #disclaimed: CgroupKey[] = [];
  /** Entries refused because the table was full. */
  refused = 0;

  get size(): number {
    return this.#entries.size;
  }

  containers(): IterableIterator<CgroupContainer> {
    return this.#containers.values();
  }

  container(id: string): CgroupContainer | null {
    return this.#containers.get(id) ?? null;
  }

  /** undefined: this key is not known; null: it is the host's. */
  containerOf(v1: CgroupKey, v2: CgroupKey): CgroupContainer | null | undefined {
    const first = v1 === 0 ? undefined : this.#entries.get(v1);
    if (first?.container) return first.container;
    const second = v2 === 0 ? undefined : this.#entries.get(v2);
    if (second?.container) return second.container;
    return first === undefined && second === undefined && !isRoot(v1) && !isRoot(v2) ? undefined : null;
  }

  entry(key: CgroupKey): CgroupEntry | null {
    return this.#entries.get(key) ?? null;
  }

  /**
   * A cgroup that was made now, or was there before. `known`: a container that a runtime's own state places here, for
   * names that people chose. Returns the container when this cgroup is a new one's own.
   */
  created(event: CgroupEvent, known: { id: string; runtime: RuntimeName } | null = null): CgroupContainer | null {
    const inherited = this.#entries.get(event.parentCgroup)?.container ?? null;
    const named = known === null ? containerOfCgroupPath(event.path) : { ...known, ownPath: event.path };
    if (inherited !== null && !event.takenForContainer) {
      this.#add(event.cgroup, event.path, inherited);
      return null;
    }
    // a runtime makes the directories above a container's cgroup on its way: those are no containers
    if (inherited !== null && inherited.id !== named?.id) this.#disclaim(inherited);
    const identity = named ?? (event.takenForContainer ? byPersonsName(event) : null);
    if (identity === null) {
      this.#add(event.cgroup, event.path, null);
      return null;
    }
    const isNew = !this.#containers.has(identity.id);
    this.#add(event.cgroup, event.path, this.#containerFor(identity, event.presentAtStart ? null : event.timeBootNs));
    return isNew ? (this.#containers.get(identity.id) ?? null) : null;
  }

  /** Returns the container when its last cgroup is gone. */
  removed(key: CgroupKey): CgroupContainer | null {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    const container = entry?.container ?? null;
    if (container === null) return null;
    container.keys.delete(key);
    if (container.keys.size > 0) return null;
    this.#containers.delete(container.id);
    return container;
  }

  /** Keys that the kernel armed for what turned out to be no container. */
  takeDisclaimed(): CgroupKey[] {
    return this.#disclaimed.splice(0);
  }

  /** It was taken for a container's and is not one (a parent directory that the runtime made on its way). */
  #disclaim(container: CgroupContainer): void {
    this.#containers.delete(container.id);
    this.#disclaimed.push(...container.keys);
    for (const key of container.keys) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#entries.set(key, { ...entry, container: null });
    }
  }

  #containerFor(identity: { id: string; runtime: RuntimeName | null; ownPath: string }, createdBootNs: number | null): CgroupContainer {
    const known = this.#containers.get(identity.id);
    if (known !== undefined) return known;
    const made: CgroupContainer = { ...identity, createdBootNs, keys: new Set() };
    this.#containers.set(made.id, made);
    return made;
  }

  #add(key: CgroupKey, path: string, container: CgroupContainer | null): void {
    if (this.#entries.size >= cgroupsMax && !this.#entries.has(key)) {
      this.refused += 1;
      return;
    }
    container?.keys.add(key);
    this.#entries.set(key, { key, path, container });
  }
}

/** The root of a hierarchy has id 1 and is nobody's container. */
function isRoot(key: CgroupKey): boolean {
  return key === 1 || key === -1;
}

/** A name that a person chose: the last component, without the systemd driver's dressing. */
function byPersonsName(event: CgroupEvent): { id: string; runtime: RuntimeName | null; ownPath: string } | null {
  const last = event.path.slice(event.path.lastIndexOf('/') + 1);
  const id = last.replace(/\.scope$/, '').replace(/^runc-/, '');
  return id === '' ? null : { id, runtime: null, ownPath: event.path };
}
