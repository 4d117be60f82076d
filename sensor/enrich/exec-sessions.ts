/**
 * Who came in by kubectl exec or attach, as the cluster part tells it before the process starts → the users of the process tree
 * that follows. The root of such a tree is the first program in the container whose parent is outside of it and that runs the
 * session's command. Several sessions for one command in one container at that moment cannot be told apart: each of them is a
 * candidate for each root, never a guess. Bounded in number and time. Pure: time is an argument.
 */
import type { Container } from '@vedette/model/container';
import type { Execution, KubernetesUser } from '@vedette/model/process';

export interface ExecSessionTold {
  readonly sessionId: string;
  readonly user: string;
  readonly podUid: string;
  /** Name in the pod. */
  readonly container: string;
  /** As the runtime calls it; empty: nobody knew it yet. */
  readonly containerId: string;
  readonly command: readonly string[];
  readonly attach: boolean;
  readonly admittedAtMs: number;
}

interface Waiting {
  readonly session: ExecSessionTold;
  readonly untilNs: number;
}

/** Sessions with one command in one container. */
interface Group {
  waiting: Waiting[];
  /** Trees that were bound to all of them. */
  roots: number;
}

const waitingMax = 1000;
/** An image that must be read from a slow disk; a session whose program does not exist ends by this. */
const waitsNs = 30e9;
/** Clocks of the cluster part and of this node may differ by so much. */
const skewMsMax = 2000;
const nameLabel = 'io.kubernetes.container.name';

export class ExecSessions {
  readonly #groups = new Map<string, Group>();
  #count = 0;
  /** Sessions that no process followed, or that had no room. */
  unbound = 0;

  get size(): number {
    return this.#count;
  }

  told(session: ExecSessionTold, nowBootNs: number): void {
    this.#expire(nowBootNs);
    if (this.#count >= waitingMax) {
      this.unbound += 1;
      return;
    }
    const key = JSON.stringify([session.containerId, session.podUid, session.container, session.command]);
    const group = this.#groups.get(key) ?? { waiting: [], roots: 0 };
    if (group.waiting.some((one) => one.session.sessionId === session.sessionId)) return;
    group.waiting.push({ session, untilNs: nowBootNs + waitsNs });
    this.#groups.set(key, group);
    this.#count += 1;
  }

  /** Who may have begun this tree; empty: nobody who was told. */
  bind(root: Execution, container: Container, at: { readonly bootNs: number; readonly wallMs: number }): KubernetesUser[] {
    if (this.#count === 0) return [];
    this.#expire(at.bootNs);
    for (const [key, group] of this.#groups) {
      const [first] = group.waiting;
      if (first === undefined || !isOf(first.session, container) || !runs(root, first.session.command)) continue;
      const candidates = group.waiting.filter(({ session }) => session.admittedAtMs <= at.wallMs + skewMsMax);
      if (candidates.length === 0) continue;
      group.roots += 1;
      if (group.roots >= group.waiting.length) this.#drop(key, group);
      return candidates.map(({ session: { sessionId, user } }) => ({ sessionId, user, attached: false }));
    }
    return [];
  }

  #expire(nowBootNs: number): void {
    for (const [key, group] of this.#groups) {
      const left = group.waiting.filter((one) => one.untilNs > nowBootNs);
      const gone = group.waiting.length - left.length;
      if (gone === 0) continue;
      this.#count -= gone;
      this.unbound += Math.max(0, gone - group.roots);
      group.waiting = left;
      // as many trees as sessions were seen: those that are left are among the candidates already
      if (group.roots >= left.length) this.#drop(key, group);
    }
  }

  #drop(key: string, group: Group): void {
    this.#groups.delete(key);
    this.#count -= group.waiting.length;
  }
}

/** Whether the session is for this container: by its id, or where nobody knew it, by pod and name. */
export function isOf(session: ExecSessionTold, { id, identity, pod }: Container): boolean {
  if (session.containerId !== '') return session.containerId === id;
  const podUid = identity?.podUid ?? pod?.uid ?? null;
  return podUid === session.podUid && identity?.labels[nameLabel] === session.container;
}

/** Whether the program was started from outside of the container: a runtime put it there. `before`: what the process ran until then. */
export function cameFromOutside(root: Execution, before: Execution | null, container: Container): boolean {
  // A runtime forks once more after it has joined the container, and opens files there: what it ran until then is its own program,
  // forked or not known at all. What a process of the container runs has a path.
  if (before !== null && !before.isFork && before.path !== '' && before.containerId === container.id && !before.inHostMounts) return false;
  // The kernel's word: a parent outside of the pid namespace has no number in it. A runtime's helper that has joined the cgroup already may stand in the table as
  // a process of the container; a container that shares its pid namespace has only the table.
  return root.parentPidInNamespace === 0 || (root.parent !== null && root.parent.containerId !== container.id);
}

/** The kernel's arguments are the session's; of a script they are its interpreter's, and end in the script's path and the rest. */
function runs({ arguments: found, argumentsTruncated }: Execution, command: readonly string[]): boolean {
  const same = (from: number, wanted: readonly string[]): boolean => {
    const rest = found.slice(from);
    if (!argumentsTruncated) return rest.length === wanted.length && rest.every((one, index) => one === wanted[index]);
    // the last one may be cut, and more may be missing
    return rest.length > 0 && rest.length <= wanted.length && rest.every((one, index) => (index === rest.length - 1 ? wanted[index]?.startsWith(one) === true : one === wanted[index]));
  };
  if (same(0, command)) return true;
  const [program = '', ...rest] = command;
  for (const at of [1, 2]) {
    const script = found[at];
    if (script !== undefined && (script === program || (!program.includes('/') && script.endsWith(`/${program}`))) && same(at + 1, rest)) return true;
  }
  return false;
}
