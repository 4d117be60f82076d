/**
 * A thread of the recording and what it carries: identity, program, directory, rights, and, where it leads its group, the
 * descriptors of all of them. Threads that were never introduced are stand-ins, whose names read `<NA>`.
 */
import type { Descriptor } from './descriptor.ts';

/** More than a process may hold open by default; what goes beyond is counted and not kept. */
const descriptorsMax = 16_384;

/** Shared between a process and those it forked, until one of them changes it. */
export class DescriptorTable {
  #map: Map<number, Descriptor>;
  #shared: boolean;

  constructor(map: Map<number, Descriptor> = new Map(), shared = false) {
    this.#map = map;
    this.#shared = shared;
  }

  get(fd: number): Descriptor | null {
    return this.#map.get(fd) ?? null;
  }

  get size(): number {
    return this.#map.size;
  }

  values(): IterableIterator<Descriptor> {
    return this.#map.values();
  }

  entries(): IterableIterator<[number, Descriptor]> {
    return this.#map.entries();
  }

  /** False: the table is full. */
  set(fd: number, descriptor: Descriptor): boolean {
    if (this.#map.size >= descriptorsMax && !this.#map.has(fd)) return false;
    this.#own();
    this.#map.set(fd, descriptor);
    return true;
  }

  delete(fd: number): void {
    if (!this.#map.has(fd)) return;
    this.#own();
    this.#map.delete(fd);
  }

  fork(): DescriptorTable {
    this.#shared = true;
    return new DescriptorTable(this.#map, true);
  }

  #own(): void {
    if (!this.#shared) return;
    this.#map = new Map(this.#map);
    this.#shared = false;
  }
}

export interface ExeFlags {
  readonly writable: boolean;
  readonly upperLayer: boolean;
  readonly lowerLayer: boolean;
  readonly fromMemfd: boolean;
}

export interface Capabilities {
  readonly inheritable: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
}

export const noExeFlags: ExeFlags = { writable: false, upperLayer: false, lowerLayer: false, fromMemfd: false };
export const noCapabilities: Capabilities = { inheritable: 0n, permitted: 0n, effective: 0n };

export const noId = 0xffffffff;

export class Thread {
  readonly tid: number;
  pid: number;
  ptid = -1;
  sid = -1;
  vpgid = -1;
  pgid = -1;
  vtid = -1;
  vpid = -1;
  comm = '<NA>';
  exe = '<NA>';
  exepath = '';
  args: readonly string[] = [];
  env: readonly string[] = [];
  /** Empty: not known. */
  cwd = '';
  root = '/';
  cgroups: readonly string[] = [];
  /** Of the cgroups: found when it is asked for; undefined until then, null for the host. */
  containerId: string | null | undefined = undefined;
  uid = noId;
  gid = noId;
  loginuid = noId;
  tty = 0;
  fdLimit = -1;
  exeFlags: ExeFlags = noExeFlags;
  capabilities: Capabilities = noCapabilities;
  exeInode = 0;
  exeCtimeNs = 0;
  exeMtimeNs = 0;
  pidnsStartNs = 0;
  vmSizeKib = 0;
  vmResidentKib = 0;
  vmSwapKib = 0;
  majorFaults = 0;
  minorFaults = 0;
  cloneFlags = 0;
  /** 0: it was there before the recording. */
  cloneNs = 0;
  cloneExactNs = 0n;
  /** The child was introduced by its own event before its parent's. */
  isInverted = false;
  isReaper = false;
  /** What a call of execveat asked for that has not returned yet. */
  askedProgram: string | null = null;
  threads = 1;
  readonly descriptors: DescriptorTable;

  /** The enter event that waits for its exit. The buffer is kept and written over. */
  enterCode = -1;
  enter: Buffer | null = null;
  enterLength = 0;

  constructor(tid: number, pid: number, descriptors: DescriptorTable = new DescriptorTable()) {
    this.tid = tid;
    this.pid = pid;
    this.descriptors = descriptors;
  }

  /** Nothing is known of it but that it did something. */
  get isStandIn(): boolean {
    return this.pid < 0;
  }

  get leads(): boolean {
    return this.tid === this.pid;
  }
}
