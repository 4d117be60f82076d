/**
 * The durable queue of one stream: entries in, in order of position; out from any position; gone once released. It is
 * bounded in bytes, and an append that the bound or the disk refuses leaves nothing behind. Entries belong to a commit
 * of the owner and become visible to readers when that commit is published, so nothing is delivered that a crash could
 * still take back. Positions are never given to two entries that were both visible.
 */
import type { SpooledBatch } from '../protocol/streams.ts';
import type { Disk } from './disk.ts';
import { DiskFailure, failed } from './disk.ts';
import { decodeFrame, encodeFrame, frameHeaderBytes, segmentHeaderBytes } from './frame.ts';
import type { Recovered, RecoveryReport } from './recover.ts';
import { readAttemptsMax, recoverSpool, writeHeader } from './recover.ts';
import type { Segment } from './segment.ts';
import { endOfEntry, lastPosition, newSegment, segmentName } from './segment.ts';

export interface SpoolOptions {
  readonly disk: Disk;
  readonly name: string;
  readonly bytesMax: number;
  /** A segment is deleted as a whole once all of it is released; an entry longer than this gets one of its own. */
  readonly segmentBytesMax: number;
  readonly entryBytesMax: number;
  readonly lastCommit: number;
}

export type Appended =
  | { readonly kind: 'spooled'; readonly position: number }
  | { readonly kind: 'full'; readonly because: 'bound' | 'disk'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string };

export interface Loaded {
  /** The first position at or after the one asked for; beyond `last` when there is none. */
  readonly found: number;
  readonly batches: readonly SpooledBatch[];
}

export function openSpool(options: SpoolOptions): Spool | DiskFailure {
  const recovered = recoverSpool(options);
  if (failed(recovered)) return recovered;
  return new Spool(options, recovered);
}

export class Spool {
  readonly report: RecoveryReport;
  readonly #options: SpoolOptions;
  #segments: Segment[];
  #next: number;
  #commit: number;
  /** The last visible position. */
  #last: number;
  /** Appended and not yet visible: the last position of each commit, in order. */
  #unpublished: { readonly commit: number; readonly last: number }[] = [];
  #readFailures = 0;
  /** True at first: the process before may not have come to its sync. */
  #directoryDirty = true;
  /** Empty files of creations that failed, still to be removed. */
  #stale: readonly string[];
  /** A rollback failed: what it should have cut is still on the disk. */
  #rollbackDue = false;

  constructor(options: SpoolOptions, recovered: Recovered) {
    this.#options = options;
    this.#segments = recovered.segments;
    this.#next = recovered.next;
    this.#commit = recovered.commit;
    this.#stale = recovered.stale;
    this.#last = recovered.next - 1;
    this.report = recovered.report;
  }

  /** The last visible position, 0 when there never was one. */
  get last(): number {
    return this.#last;
  }

  /** Bytes of the files. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.size, 0);
  }

  get dirty(): boolean {
    return this.#directoryDirty || this.#segments.some((segment) => segment.dirty);
  }

  append(commit: number, payload: Uint8Array): Appended {
    if (commit < this.#commit || !Number.isSafeInteger(commit)) throw new RangeError(`commit ${commit} after commit ${this.#commit}`);
    if (payload.length > this.#options.entryBytesMax) {
      return { kind: 'too-large', reason: `The batch has ${payload.length} bytes, ${this.#options.entryBytesMax} are taken.` };
    }
    const unmended = this.mend();
    if (unmended !== undefined) return { kind: 'full', because: 'disk', reason: unmended.message };
    const frame = encodeFrame({ position: this.#next, commit, payload });
    const segment = this.#segmentFor(frame.length);
    const added = frame.length + (segment === undefined ? segmentHeaderBytes : 0);
    if (this.bytes + added > this.#options.bytesMax) return { kind: 'full', because: 'bound', reason: 'The spool has reached its bound.' };
    const target = segment ?? this.#createSegment();
    if (failed(target)) return { kind: 'full', because: 'disk', reason: target.message };
    const written = target.file.write(target.size, frame);
    if (written !== frame.length) {
      // What stands behind `size` must not be taken for an entry later.
      target.cutDue = target.file.truncate(target.size) !== undefined;
      return { kind: 'full', because: 'disk', reason: failed(written) ? written.message : 'The disk took only a part of the batch.' };
    }
    target.offsets.push(target.size);
    target.size += frame.length;
    target.dirty = true;
    this.#commit = commit;
    const position = this.#next;
    this.#next += 1;
    if (this.#unpublished.at(-1)?.commit === commit) this.#unpublished.pop();
    this.#unpublished.push({ commit, last: position });
    return { kind: 'spooled', position };
  }

  /**
   * Cuts what an append or a rollback could not cut off. While it fails, nothing is appended, and the owner must not
   * record a commit: what is still on the disk would then be taken for a part of it.
   */
  mend(): DiskFailure | undefined {
    if (this.#rollbackDue) return this.rollback();
    const active = this.#segments.at(-1);
    if (active === undefined || !active.cutDue) return undefined;
    const failure = active.file.truncate(active.size);
    active.cutDue = failure !== undefined;
    return failure;
  }

  /** The owner's record of this commit is written: its entries may be delivered. */
  publish(commit: number): void {
    while (this.#unpublished[0] !== undefined && this.#unpublished[0].commit <= commit) {
      this.#last = this.#unpublished[0].last;
      this.#unpublished.shift();
    }
  }

  /** The owner gave its commit up: removes what is not visible. When it fails, see `mend`. */
  rollback(): DiskFailure | undefined {
    const active = this.#segments.at(-1);
    if (this.#unpublished.length === 0 && !this.#rollbackDue && active?.cutDue !== true) return undefined;
    this.#rollbackDue = true;
    this.#unpublished = [];
    // Synced at once: otherwise a power failure could bring the entries back when their commit has been recorded.
    const failure = this.#cutBehind(this.#last) ?? this.sync();
    if (failure !== undefined) return failure;
    this.#next = this.#last + 1;
    this.#rollbackDue = false;
    return undefined;
  }

  read(from: number, bytesMax: number, batchesMax: number): Loaded | DiskFailure {
    for (const [index, segment] of this.#segments.entries()) {
      if (lastPosition(segment) < from || segment.offsets.length === 0) continue;
      const found = Math.max(from, segment.first);
      if (found > this.#last) break;
      const batches: SpooledBatch[] = [];
      const failure = this.#readInto(batches, index, found, bytesMax, batchesMax);
      if (failure !== undefined && batches.length === 0) {
        this.#readFailures += 1;
        if (this.#readFailures < readAttemptsMax && failure.code !== 'BROKEN') return failure;
        this.#giveUp(segment, found);
        return this.read(from, bytesMax, batchesMax);
      }
      this.#readFailures = 0;
      return { found, batches };
    }
    return { found: Math.max(from, this.#last + 1), batches: [] };
  }

  /** Forgets everything through this position; bytes are freed by whole segments. */
  release(through: number): void {
    const visible = Math.min(through, this.#last);
    while (this.#segments.length > 1 && Math.max(lastPosition(this.#segments[0]!), this.#segments[0]!.claimed) <= visible) {
      if (!this.#removeFirst()) return;
    }
    const only = this.#segments[0];
    if (this.#segments.length !== 1 || only === undefined || lastPosition(only) > visible || this.#unpublished.length > 0) return;
    // The last file tells the next position, so its successor must exist before it goes.
    if (only.size * 2 > this.#options.segmentBytesMax && !failed(this.#createSegment())) this.#removeFirst();
  }

  /** Everything is gone, positions begin anew. Only for a spool whose epoch is not known any more. */
  clear(): DiskFailure | undefined {
    for (const segment of this.#segments.toReversed()) {
      const failure = this.#options.disk.remove(segment.name);
      if (failure !== undefined) return failure;
      segment.file.close();
      this.#segments.pop();
    }
    this.#next = 1;
    this.#last = 0;
    return undefined;
  }

  /** Makes everything appended so far survive a power failure. */
  sync(): DiskFailure | undefined {
    for (const segment of this.#segments) {
      const failure = segment.dirty ? segment.file.sync() : undefined;
      if (failure !== undefined) return failure;
      segment.dirty = false;
    }
    const failure = this.#directoryDirty ? this.#options.disk.syncDirectory() : undefined;
    this.#directoryDirty = failure !== undefined;
    return failure;
  }

  /** As `sync`, without making the process wait. What is appended meanwhile stays dirty. */
  async syncLater(): Promise<DiskFailure | undefined> {
    const dirty = this.#segments.filter((segment) => segment.dirty);
    for (const segment of dirty) segment.dirty = false;
    const outcomes = await Promise.all(dirty.map((segment) => segment.file.syncLater()));
    let failure: DiskFailure | undefined;
    for (const [index, outcome] of outcomes.entries()) {
      const segment = dirty[index]!;
      // One that was released meanwhile is closed, and nobody needs it any more.
      if (outcome === undefined || !this.#segments.includes(segment)) continue;
      segment.dirty = true;
      failure = outcome;
    }
    if (failure !== undefined || !this.#directoryDirty) return failure;
    const unsynced = this.#options.disk.syncDirectory();
    this.#directoryDirty = unsynced !== undefined;
    return unsynced;
  }

  close(): void {
    for (const segment of this.#segments) segment.file.close();
    this.#segments = [];
  }

  #cutBehind(keep: number): DiskFailure | undefined {
    for (;;) {
      const segment = this.#segments.at(-1);
      if (segment === undefined) return undefined;
      const entries = Math.max(0, Math.min(segment.offsets.length, keep - segment.first + 1));
      const size = segment.offsets[entries] ?? segment.size;
      const uncut = size === segment.size && !segment.cutDue ? undefined : segment.file.truncate(size);
      if (uncut !== undefined) return uncut;
      segment.cutDue = false;
      segment.offsets.length = entries;
      segment.size = size;
      segment.dirty = true;
      if (entries > 0 || segment.first <= keep + 1) return undefined;
      const unremoved = this.#options.disk.remove(segment.name);
      if (unremoved !== undefined) return unremoved;
      segment.file.close();
      this.#segments.pop();
      this.#directoryDirty = true;
    }
  }

  /** The segment that takes an entry of this length, or undefined when a new one must be made. */
  #segmentFor(frameBytes: number): Segment | undefined {
    const active = this.#segments.at(-1);
    if (active === undefined || active.sealed || lastPosition(active) + 1 !== this.#next) return undefined;
    return active.offsets.length > 0 && active.size + frameBytes > this.#options.segmentBytesMax ? undefined : active;
  }

  #createSegment(): Segment | DiskFailure {
    const name = segmentName(this.#options.name, this.#next);
    this.#dropEmpty(name);
    const file = this.#options.disk.open(name);
    if (failed(file)) return file;
    const failure = file.truncate(0);
    if (failure !== undefined || !writeHeader(file, { first: this.#next, voidFrom: this.#next })) {
      file.close();
      this.#stale = [...new Set([...this.#stale, name])];
      return failure ?? new DiskFailure('ENOSPC', 'The disk has no room for a new segment.');
    }
    const segment = newSegment(name, file, this.#next);
    this.#segments.push(segment);
    this.#stale = this.#stale.filter((stale) => stale !== name);
    this.#directoryDirty = true;
    return segment;
  }

  /** A sealed segment without entries would have the name of its successor. */
  #dropEmpty(name: string): void {
    const active = this.#segments.at(-1);
    if (active?.name !== name) return;
    active.file.close();
    this.#segments.pop();
  }

  #removeFirst(): boolean {
    // Were a stale file left alone with its lower position, recovery would begin there.
    this.#stale = this.#stale.filter((name) => !isGone(this.#options.disk.remove(name)));
    if (this.#stale.length > 0) return false;
    const segment = this.#segments[0]!;
    if (this.#options.disk.remove(segment.name) !== undefined) return false;
    segment.file.close();
    this.#segments.shift();
    this.#directoryDirty = true;
    return true;
  }

  #readInto(batches: SpooledBatch[], index: number, found: number, bytesMax: number, batchesMax: number): DiskFailure | undefined {
    let bytes = 0;
    let position = found;
    for (const segment of this.#segments.slice(index)) {
      if (segment.offsets.length > 0 && segment.first > position) return undefined;
      for (; position <= Math.min(lastPosition(segment), this.#last); position += 1) {
        const entry = position - segment.first;
        const start = segment.offsets[entry]!;
        const length = endOfEntry(segment, entry) - start;
        bytes += length - frameHeaderBytes;
        if (batches.length >= batchesMax || (batches.length > 0 && bytes > bytesMax)) return undefined;
        const raw = segment.file.read(start, length);
        if (failed(raw)) return raw;
        const frame = decodeFrame(raw, 0);
        if (frame === undefined || frame.position !== position) {
          return new DiskFailure('BROKEN', `${segment.name}: the entry at ${start} is broken`);
        }
        batches.push({ position, payload: frame.payload });
      }
    }
    return undefined;
  }

  #giveUp(segment: Segment, position: number): void {
    const lost = lastPosition(segment) - position + 1;
    this.report.entriesLost += lost;
    this.report.problems.push(`${segment.name}: entry ${position} cannot be read; it and what follows in this file are lost, ${lost} in all.`);
    segment.size = segment.offsets[position - segment.first]!;
    segment.offsets.length = position - segment.first;
    segment.sealed = true;
    this.#readFailures = 0;
  }
}

function isGone(removal: DiskFailure | undefined): boolean {
  return removal === undefined || removal.code === 'ENOENT';
}
