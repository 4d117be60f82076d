/**
 * Whether a process of a container has the container's root already. A runtime puts its process into the container's
 * cgroup first and changes its root afterwards: whoever reads /proc/PID/root in between reads the host, and would say of
 * an image that everything on the host is in it. Where the host's root is cannot be asked of one place: a sensor in a Pod
 * has a root of its own, and the first process may be out of reach. So the process is compared with all that is certainly
 * outside: its ancestors up to the first process, and on a plain host the sensor itself. One root in common says no.
 * What cannot be looked at says no as well, for a process; an ancestor that is out of reach says nothing.
 */
import { readFileSync, statSync } from 'node:fs';

/** What is asked of /proc; in a test, a table. */
export interface ProcReader {
  /** Device and inode of the root directory; null: not to be seen. */
  root(tgid: number | 'self'): string | null;
  parent(tgid: number): number;
  /** All cgroups of it as one text; null: not to be seen. */
  cgroups(tgid: number): string | null;
}

const generationsMax = 64;

export const proc: ProcReader = {
  root(tgid) {
    try {
      const { dev, ino } = statSync(`/proc/${tgid}/root/`);
      return `${dev}:${ino}`;
    } catch {
      return null;
    }
  },
  parent(tgid) {
    try {
      return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${tgid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  },
  cgroups(tgid) {
    try {
      return readFileSync(`/proc/${tgid}/cgroup`, 'utf8');
    } catch {
      return null;
    }
  },
};

/** `isInside`: of a process that is known to live in the same container, perhaps in a cgroup below. `ownRootIsHosts`: not in a Pod. */
export function hasEntered(tgid: number, isInside: (tgid: number) => boolean, ownRootIsHosts: boolean, reader: ProcReader = proc): boolean {
  const root = reader.root(tgid);
  const cgroups = reader.cgroups(tgid);
  if (root === null || cgroups === null || (ownRootIsHosts && root === reader.root('self'))) return false;
  let ancestor = reader.parent(tgid);
  for (let generation = 0; ancestor > 0 && generation < generationsMax; generation++) {
    if (!isInside(ancestor) && reader.cgroups(ancestor) !== cgroups && reader.root(ancestor) === root) return false;
    ancestor = reader.parent(ancestor);
  }
  return true;
}
