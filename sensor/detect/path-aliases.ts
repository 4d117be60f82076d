/**
 * Further names of files: what links and mounts lead to. A call that is given a path is told by that text, and a file that was opened by the
 * name that it was opened under; where such a name lies behind a symbolic link, or a hard link or a bind mount that was seen being made, rules
 * are asked about what it leads to as well. Symbolic links that were there before are looked up in the root of the container, or of the host,
 * once each. Kept for each container, at most 4,096 names and as many look-ups in all, the oldest forgotten first. Not known: hard links and
 * mounts made before the sensor; links in mounts of a process's own; and mounts of one namespace of the host are taken for those of all.
 */
import type { CallEvent, FileEvent } from '@vedette/model/event';
import type { Execution } from '@vedette/model/process';
import { absolute, directoryOf, pathOf } from './call-paths.ts';

const namesMax = 4096;
const followedMax = 8;
const bind = 0x1000;
const move = 0x2000;
const O_ACCMODE = 3;
/** Classes whose texts are paths, and which of the two. */
const pathsOf: Readonly<Partial<Record<CallEvent['callKind'], readonly (0 | 1)[]>>> = {
  openFailed: [0], rename: [0, 1], link: [0, 1], symlink: [1], unlink: [0], rmdir: [0], mkdir: [0], mknod: [0], chmod: [0], chown: [0], truncate: [0], mount: [0, 1], umount: [0],
};

const learnt: ReadonlySet<CallEvent['callKind']> = new Set(['symlink', 'link', 'mount', 'rename', 'unlink', 'umount', 'rmdir']);

/** Most events have no further name, and pay for no list. */
const none: readonly never[] = [];

/** Of those the last name is followed too. */
const followed: ReadonlySet<CallEvent['callKind']> = new Set(['openFailed', 'chmod', 'chown', 'truncate', 'mount', 'umount']);

/** What a symbolic link says; null: there is none. '': of the host. */
export type ReadLink = (containerId: string, path: string) => string | null;
/** Only names that were seen being made; also links on the way; also a link at the end. */
type Look = 'made' | 'directories' | 'all';

export class PathAliases {
  /** By container and path, what it leads to. */
  readonly #targets = new Map<string, string>();
  /** By container, how many of its names have each length: most beginnings of a path need no look-up. */
  readonly #lengths = new Map<string, Map<number, number>>();
  /** By container and path, what a symbolic link that lies there says; null: it is none. */
  readonly #links = new Map<string, string | null>();
  /** The directory that was walked through last, and held no further name on the way: calls come many to a directory. */
  #straight = '';
  #straightRoot = '';
  readonly #readLink: ReadLink;
  /** Of trees that open_tree made and nobody has mounted yet, by process and descriptor. */
  readonly #trees = new Map<string, string>();

  constructor(readLink: ReadLink = () => null) {
    this.#readLink = readLink;
  }

  get size(): number {
    return this.#targets.size;
  }

  /** Learns from a call, and says what else it was about, or may have been where another thread changed its texts. */
  call(event: CallEvent, execution: Execution, isWanted = true): readonly CallEvent[] {
    const root = execution.containerId ?? '';
    const further = isWanted ? this.#further(event, execution, root) : none;
    if (event.result >= 0 && learnt.has(event.callKind)) this.#learn(event, execution, root);
    if (!event.changed) return further;
    // the program handed over something else at first: whichever of the two the kernel took, a rule on either must see it
    const first = { ...event, texts: [event.textsAtEntry[0] ?? event.texts[0], event.textsAtEntry[1] ?? event.texts[1]] as const, given: event.givenAtEntry ?? event.given };
    return [...further, first, ...this.#further(first, execution, root)];
  }

  file(event: FileEvent, execution: Execution): readonly FileEvent[] {
    if (this.#targets.size === 0 && event.inodeLow !== 0) return none;
    // the kernel has followed the symbolic links, unless it is an open that only was asked for
    return this.further(execution.containerId ?? '', event.path, event.inodeLow === 0 && event.inodeHigh === 0 ? 'all' : 'made').map((path) => ({ ...event, path }));
  }

  /** The further names of what the path leads to, as far as they are known, in the order in which one leads to the next. */
  further(root: string, path: string, look: Look = 'made'): readonly string[] {
    let now = this.#step(root, path, look);
    if (now === null) return none;
    const found: string[] = [];
    for (; now !== null && found.length < followedMax; now = this.#step(root, now, look)) found.push(now);
    return found;
  }

  #step(root: string, path: string, look: Look): string | null {
    const lengths = this.#lengths.get(root);
    if (lengths === undefined && look === 'made') return null;
    const last = path.lastIndexOf('/');
    const isStraight = last > 0 && this.#straightRoot === root && this.#straight.length === last && path.startsWith(this.#straight);
    for (let slash = isStraight ? -1 : path.indexOf('/', 1); ; slash = path.indexOf('/', slash + 1)) {
      const isMade = lengths !== undefined && lengths.has(slash < 0 ? path.length : slash);
      const isLink = look === 'all' || (look === 'directories' && slash >= 0);
      const head = slash < 0 ? path : isMade || isLink ? path.slice(0, slash) : '';
      const target = (isMade ? this.#targets.get(`${root}\0${head}`) : undefined) ?? (isLink ? this.#link(root, head) : undefined);
      if (target !== undefined) return absolute(`${target}${path.slice(head.length)}`, '/');
      if (slash < 0) break;
    }
    if (last > 0 && look !== 'made') {
      this.#straightRoot = root;
      this.#straight = path.slice(0, last);
    }
    return null;
  }

  #link(root: string, path: string): string | undefined {
    const key = `${root}\0${path}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known ?? undefined;
    const text = this.#readLink(root, path);
    const target = text === null ? null : absolute(text, directoryOf(path));
    this.#links.set(key, target);
    bounded(this.#links);
    return target ?? undefined;
  }

  #further(event: CallEvent, execution: Execution, root: string): readonly CallEvent[] {
    const which = pathsOf[event.callKind];
    if (which === undefined) return none;
    const look = followed.has(event.callKind) ? 'all' : 'directories';
    const namesOf = (one: 0 | 1): readonly string[] => {
      const path = which.includes(one) ? pathOf(event, one, execution) : '';
      return path.startsWith('/') ? this.further(root, path, look) : none;
    };
    const first = namesOf(0);
    const second = namesOf(1);
    if (first.length === 0 && second.length === 0) return none;
    const textTruncated = false; // these are whole
    return Array.from({ length: Math.max(first.length, second.length) }, (_, at) => ({
      ...event, textTruncated, texts: [first[at] ?? first.at(-1) ?? event.texts[0], second[at] ?? second.at(-1) ?? event.texts[1]] as const,
    }));
  }

  #learn(event: CallEvent, execution: Execution, root: string): void {
    const first = pathOf(event, 0, execution);
    const second = pathOf(event, 1, execution);
    switch (event.callKind) {
      case 'symlink':
        return this.#add(root, second, absolute(event.texts[0], directoryOf(second)));
      case 'link':
        return this.#add(root, second, first);
      case 'mount':
        if (event.call === 'mount') return (event.argumentsLow[3]! & (bind | move)) === 0 ? this.#forget(root, second) : this.#add(root, second, first);
        if (event.call === 'move_mount') return this.#moved(event, root, first, second);
        return this.#opened(event, first);
      case 'rename': {
        const known = this.#targets.size === 0 ? undefined : this.#targets.get(`${root}\0${first}`);
        this.#forget(root, first);
        return known === undefined ? this.#forget(root, second) : this.#add(root, second, known);
      }
      case 'unlink':
      case 'umount':
      case 'rmdir':
        return this.#forget(root, first);
    }
  }

  #opened(event: CallEvent, path: string): void {
    this.#trees.set(`${event.tgid}:${event.result}`, path);
    bounded(this.#trees);
  }

  #moved(event: CallEvent, root: string, first: string, second: string): void {
    const tree = `${event.tgid}:${event.argumentsLow[0]! | 0}`;
    const from = event.texts[0] === '' ? this.#trees.get(tree) : first;
    this.#trees.delete(tree);
    if (from !== undefined) this.#add(root, second, from);
  }

  #add(root: string, path: string, target: string): void {
    this.#forget(root, path);
    if (!path.startsWith('/') || !target.startsWith('/') || path === target) return;
    this.#targets.set(`${root}\0${path}`, target);
    this.#count(root, path.length, 1);
    if (this.#targets.size > namesMax) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#targets.keys()) {
      const rootLength = key.indexOf('\0');
      this.#targets.delete(key);
      this.#count(key.slice(0, rootLength), key.length - rootLength - 1, -1);
      return;
    }
  }

  #count(root: string, length: number, more: 1 | -1): void {
    const lengths = this.#lengths.get(root) ?? new Map<number, number>();
    const count = (lengths.get(length) ?? 0) + more;
    if (count > 0) lengths.set(length, count);
    else lengths.delete(length);
    if (lengths.size > 0) this.#lengths.set(root, lengths);
    else this.#lengths.delete(root);
  }

  #forget(root: string, path: string): void {
    if (this.#straight.startsWith(path)) this.#straight = '';
    const isMade = this.#lengths.get(root)?.has(path.length) === true;
    if (!isMade && this.#links.size === 0) return;
    const key = `${root}\0${path}`;
    if (isMade && this.#targets.delete(key)) this.#count(root, path.length, -1);
    this.#links.delete(key);
  }
}

function bounded(names: Map<string, unknown>): void {
  if (names.size <= namesMax) return;
  for (const oldest of names.keys()) {
    names.delete(oldest);
    return;
  }
}

/** An open by io_uring whose file could not be looked at: the file that was asked for. null: the event is no such thing. */
export function openedByRing(event: CallEvent, execution: Execution): FileEvent | null {
  if (event.callKind !== 'openFailed' || event.result < 0) return null;
  const flags = event.argumentsLow[2]!;
  return {
    kind: (flags & O_ACCMODE) === 0 ? 'open-read' : 'open-write',
    timeBootNs: event.timeBootNs, tgid: event.tgid, tid: event.tid, startBootNs: event.startBootNs, execId: event.execId, uid: event.uid, cgroupV1: event.cgroupV1, cgroupV2: event.cgroupV2,
    path: pathOf(event, 0, execution), pathTruncated: event.textTruncated, inodeHigh: 0, inodeLow: 0, device: 0, filesystemMagic: 0, openFlags: flags, mode: 0, mountNamespace: 0,
    askedFlags: flags, askedMode: event.argumentsLow[3]!, descriptor: event.result, call: event.call,
  };
}
