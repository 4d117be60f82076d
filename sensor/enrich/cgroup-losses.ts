/**
 * Whose records were lost, of which class and why, since the kernel programs were loaded: the kernel's counts by cgroup, told again whenever
 * something was lost, under the name that the cgroup had when it first lost something. The kernel forgets a count that has not moved for
 * long when its table is full; what it had said before is kept here. Bounded: beyond the bound new rows are refused and counted. Pure.
 */
import type { CgroupKey, CgroupLossEvent } from '@vedette/model/event';

export interface Whose {
  /** Empty: the host's. */
  readonly containerId: string;
  /** Empty: not known. */
  readonly cgroupPath: string;
}

export interface OwnedLoss extends Whose {
  readonly eventClass: string;
  readonly cause: string;
  readonly count: number;
}

interface Count {
  readonly whose: Whose;
  readonly eventClass: string;
  readonly cause: string;
  /** What the kernel had counted when it forgot. */
  before: number;
  now: number;
}

export const lossRowsMax = 8192;
const others: Whose = { containerId: '', cgroupPath: '…' };

export class CgroupLosses {
  readonly #counts = new Map<string, Count>();
  readonly #byContainer = new Map<string, number>();
  /** Reports that found no row: what they say is in the sums by class alone. */
  refused = 0;

  get rows(): number {
    return this.#counts.size;
  }

  /** `entry`: what is known of the cgroup. Returns whose container it is (empty: the host's), and all that this one has lost. */
  told({ cgroup, lost, of }: CgroupLossEvent, entry: { readonly path: string; readonly container: { readonly id: string } | null } | null): [containerId: string, total: number] {
    const whose: Whose = { containerId: entry?.container?.id ?? '', cgroupPath: entry?.path ?? '' };
    this.#count(cgroup, of?.eventClass ?? 'all', of?.cause ?? 'unknown', lost, whose);
    return [whose.containerId, this.totalOf(whose.containerId)];
  }

  #count(cgroup: CgroupKey, eventClass: string, cause: string, lost: number, whose: Whose): void {
    const key = `${cgroup}\0${eventClass}\0${cause}`;
    const known = this.#counts.get(key);
    if (known === undefined && this.#counts.size >= lossRowsMax) {
      this.refused += 1;
      return;
    }
    const count = known ?? { whose, eventClass, cause, before: 0, now: 0 };
    this.#counts.set(key, count);
    if (lost < count.now) count.before += count.now;
    const more = lost < count.now ? lost : lost - count.now;
    count.now = lost;
    const { containerId } = count.whose;
    if (containerId !== '' && more > 0) this.#byContainer.set(containerId, (this.#byContainer.get(containerId) ?? 0) + more);
  }

  totalOf(containerId: string): number {
    return this.#byContainer.get(containerId) ?? 0;
  }

  /** By container or cgroup, class and cause; the largest first, and the rest as one row a class and cause. */
  largest(rowsMax: number): OwnedLoss[] {
    const sums = new Map<string, OwnedLoss>();
    for (const { whose, eventClass, cause, before, now } of this.#counts.values()) {
      const key = `${whose.containerId === '' ? whose.cgroupPath : whose.containerId}\0${eventClass}\0${cause}`;
      sums.set(key, { ...whose, eventClass, cause, count: (sums.get(key)?.count ?? 0) + before + now });
    }
    const sorted = [...sums.values()].sort((a, b) => b.count - a.count);
    const rest = new Map<string, OwnedLoss>();
    for (const one of sorted.slice(rowsMax)) {
      const key = `${one.eventClass}\0${one.cause}`;
      rest.set(key, { ...one, ...others, count: (rest.get(key)?.count ?? 0) + one.count });
    }
    return [...sorted.slice(0, rowsMax), ...rest.values()];
  }

  /** A new ring: the kernel counts from nothing again. */
  newRing(): void {
    for (const one of this.#counts.values()) {
      one.before += one.now;
      one.now = 0;
    }
  }
}
