/**
 * *Loaded*, container by container: every file that a process executed, mapped or first opened, turned into bits of the
 * container's package list. What is used before the inventory is there is remembered by path (bounded) and looked up
 * when it arrives; what no longer fits is counted as lost, which makes the answer *unknown* instead of *not seen*. The
 * sensor reports the bits, never the files. Pure.
 */
import type { Reference } from '@vedette/model/event';
import type { LoadEvidence, LoadKind, LoadedReport } from '@vedette/model/exposure-evidence';

/** Answers which packages a file speaks for: none, one or two. */
export interface PackageLookup {
  owners(path: string): readonly number[];
}

interface Use {
  readonly kind: LoadKind;
  readonly readerPath: string;
  readonly reader: Reference;
  readonly atBootNs: number;
}

interface Watched {
  readonly id: string;
  readonly observedFromBootNs: number;
  readonly seenFromStart: boolean;
  waiting: Map<string, Use> | null;
  revision: string;
  index: PackageLookup | null;
  bits: Uint8Array;
  evidence: LoadEvidence[];
  lost: number;
  lostBefore: number;
  changed: boolean;
  bitsChanged: boolean;
  reportedUntilBootNs: number;
}

/**
 * What a later sensor process needs to go on where this one stopped, as small changes: applied in order they make the
 * same state. Bits are base64 and belong to a revision, whose index the successor reads again.
 */
export type ExposureChange =
  | { readonly is: 'watch'; readonly id: string; readonly from: number; readonly start: boolean }
  | { readonly is: 'use'; readonly id: string; readonly path: string; readonly use: Use }
  | { readonly is: 'bits'; readonly id: string; readonly revision: string; readonly bits: string }
  | { readonly is: 'lost'; readonly id: string; readonly lost: number; readonly before: number }
  | { readonly is: 'end'; readonly id: string };

const waitingMax = 32768;
/** An observation that brings no new bit is still reported this often, so that "not seen in N s" grows. */
const quietReportNs = 5e9;

export class ExposureTracker {
  readonly #watched = new Map<string, Watched>();
  #changes: ExposureChange[] = [];

  watch(id: string, fromBootNs: number, seenFromStart: boolean): void {
    if (this.#watched.has(id)) return;
    this.#watched.set(id, freshWatch(id, fromBootNs, seenFromStart));
    this.#changes.push({ is: 'watch', id, from: fromBootNs, start: seenFromStart });
  }

  unwatch(id: string): void {
    if (this.#watched.delete(id)) this.#changes.push({ is: 'end', id });
  }

  used(id: string, path: string, kind: LoadKind, readerPath: string, reader: Reference, atBootNs: number): void {
    const one = this.#watched.get(id);
    if (one === undefined) return;
    const { tgid, startBootNs, execId } = reader;
    // a reference and no more: what is handed in may be an execution with all of its ancestors
    const use: Use = { kind, readerPath, reader: { tgid, startBootNs, execId }, atBootNs };
    if (one.index !== null) {
      mark(one, path, use);
      return;
    }
    const waiting = (one.waiting ??= new Map());
    if (waiting.has(path)) return;
    if (waiting.size >= waitingMax) {
      this.#lose(one, 1);
      return;
    }
    waiting.set(path, use);
    this.#changes.push({ is: 'use', id, path, use });
  }

  /** The kernel's count of lost records of this container, since the ring was made. */
  recordsLost(id: string, total: number): void {
    const one = this.#watched.get(id);
    if (one === undefined || total === one.lostBefore) return;
    const more = Math.max(0, total - one.lostBefore);
    one.lostBefore = total;
    this.#lose(one, more);
  }

  #lose(one: Watched, count: number): void {
    one.lost += count;
    one.changed = true;
    this.#changes.push({ is: 'lost', id: one.id, lost: one.lost, before: one.lostBefore });
  }

  /** A package list for this container: from now on bits are of this revision. */
  inventory(id: string, revision: string, index: PackageLookup, packageCount: number): void {
    const one = this.#watched.get(id);
    if (one === undefined || (one.index !== null && one.revision === revision)) return;
    const bytes = Math.ceil(packageCount / 8);
    if (one.revision !== revision || one.bits.length !== bytes) {
      // what was looked up against another list was not kept by path: the new one starts without it, and says so
      if (one.revision !== '') this.#lose(one, 1);
      one.bits = new Uint8Array(bytes);
    }
    one.revision = revision;
    one.index = index;
    one.evidence = [];
    one.changed = true;
    one.bitsChanged = true;
    for (const [path, use] of one.waiting ?? []) mark(one, path, use);
    one.waiting = null;
  }

  /** Nobody watched for a while: everything short of *yes* is unknown from now on. */
  gap(): void {
    for (const one of this.#watched.values()) this.#lose(one, 1);
  }

  hasInventory(id: string): boolean {
    return this.#watched.get(id)?.index != null;
  }

  /** What has changed, or has been quiet long enough to be said again. */
  takeReports(nowBootNs: number): LoadedReport[] {
    const out: LoadedReport[] = [];
    for (const one of this.#watched.values()) {
      if (one.index === null) continue;
      if (!one.changed && nowBootNs - one.reportedUntilBootNs < quietReportNs) continue;
      out.push({
        containerId: one.id,
        revision: one.revision,
        loaded: one.bits.slice(),
        evidence: one.evidence,
        observedFromBootNs: one.observedFromBootNs,
        observedUntilBootNs: nowBootNs,
        seenFromStart: one.seenFromStart,
        recordsLost: one.lost,
      });
      one.evidence = [];
      one.changed = false;
      one.reportedUntilBootNs = nowBootNs;
    }
    return out;
  }

  /** Changes since the last call, for the state log. */
  takeChanges(): ExposureChange[] {
    for (const one of this.#watched.values()) {
      if (!one.bitsChanged) continue;
      one.bitsChanged = false;
      this.#changes.push({ is: 'bits', id: one.id, revision: one.revision, bits: Buffer.from(one.bits).toString('base64') });
    }
    const taken = this.#changes;
    this.#changes = [];
    return taken;
  }

  /** Changes that make the whole state from nothing. */
  wholeState(): ExposureChange[] {
    const out: ExposureChange[] = [];
    for (const one of this.#watched.values()) {
      out.push({ is: 'watch', id: one.id, from: one.observedFromBootNs, start: one.seenFromStart });
      for (const [path, use] of one.waiting ?? []) out.push({ is: 'use', id: one.id, path, use });
      if (one.revision !== '') out.push({ is: 'bits', id: one.id, revision: one.revision, bits: Buffer.from(one.bits).toString('base64') });
      if (one.lost > 0) out.push({ is: 'lost', id: one.id, lost: one.lost, before: one.lostBefore });
    }
    return out;
  }

  restore(change: ExposureChange): void {
    if (change.is === 'watch') {
      this.#watched.set(change.id, freshWatch(change.id, change.from, change.start));
      return;
    }
    const one = this.#watched.get(change.id);
    if (one === undefined) return;
    switch (change.is) {
      case 'use':
        one.waiting?.set(change.path, change.use);
        return;
      case 'bits':
        one.revision = change.revision;
        one.bits = new Uint8Array(Buffer.from(change.bits, 'base64'));
        one.waiting = new Map();
        return;
      case 'lost':
        one.lost = change.lost;
        one.lostBefore = change.before;
        return;
      case 'end':
        this.#watched.delete(change.id);
        return;
      default:
        change satisfies never;
    }
  }
}

function freshWatch(id: string, observedFromBootNs: number, seenFromStart: boolean): Watched {
  return {
    id,
    observedFromBootNs,
    seenFromStart,
    waiting: new Map(),
    revision: '',
    index: null,
    bits: new Uint8Array(0),
    evidence: [],
    lost: 0,
    lostBefore: 0,
    changed: true,
    bitsChanged: false,
    reportedUntilBootNs: 0,
  };
}

function mark(one: Watched, path: string, use: Use): void {
  for (const found of one.index!.owners(path)) {
    const byte = found >>> 3;
    const bit = 1 << (found & 7);
    if (byte >= one.bits.length || (one.bits[byte]! & bit) !== 0) continue;
    one.bits[byte]! |= bit;
    one.evidence.push({ packageIndex: found, path, ...use });
    one.changed = true;
    one.bitsChanged = true;
  }
}
