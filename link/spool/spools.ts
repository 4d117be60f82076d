/**
 * Everything a sensor keeps for the link in one directory: the spool of each stream and the link record. The owner
 * appends the batches of one commit to both, calls `mend`, writes its own commit record, then publishes; a crash in
 * between takes the batches back. A full disk or bound refuses telemetry first, because detections have the larger
 * reserve; what was refused is counted until the owner has reported it in a batch that fits.
 */
import type { LinkRecord, StreamName } from '../protocol/streams.ts';
import { freshLinkRecord, recordAtStart, streamNames } from '../protocol/streams.ts';
import type { SenderEffect, SenderEvent } from '../protocol/sender-words.ts';
import type { Disk, DiskFailure } from './disk.ts';
import { failed } from './disk.ts';
import type { RecordFile } from './record-file.ts';
import { openRecordFile } from './record-file.ts';
import type { Spool } from './spool.ts';
import { openSpool } from './spool.ts';

export interface SpoolBounds {
  readonly bytesMax: Readonly<Record<StreamName, number>>;
  readonly segmentBytesMax: number;
  readonly entryBytesMax: number;
  /** Synced at most this often against power failures; the death of the process needs no sync. 0: with every publish. */
  readonly syncMsMin: number;
}

export const spoolBounds: SpoolBounds = {
  bytesMax: { detection: 256 * 1024 * 1024, telemetry: 128 * 1024 * 1024 },
  segmentBytesMax: 4 * 1024 * 1024,
  entryBytesMax: 1024 * 1024,
  syncMsMin: 1000,
};

/** What a batch holds, so that its refusal can be told. Times are of the boot clock, as in the record's contract. */
export interface BatchContent {
  readonly records: number;
  readonly firstBootNs: bigint;
  readonly lastBootNs: bigint;
}

export interface TelemetryDrops extends BatchContent {
  readonly batches: number;
}

export interface SpoolsOptions {
  readonly disk: Disk;
  readonly bounds: SpoolBounds;
  /** The last commit that the owner's own log knows: entries above it are cut and will be produced again. */
  readonly lastCommit: number;
  /** 16 hex digits from a cryptographic source, used when there is no epoch yet. */
  readonly freshEpoch: string;
  /** Drops that were counted and not yet reported when the owner wrote its last commit. */
  readonly drops: TelemetryDrops | undefined;
}

export type SpoolOutcome =
  | { readonly kind: 'spooled'; readonly position: number }
  | { readonly kind: 'full'; readonly because: 'bound' | 'disk'; readonly reason: string }
  | { readonly kind: 'too-large'; readonly reason: string };

export function openSpools(options: SpoolsOptions): Spools | DiskFailure {
  const { disk, bounds, lastCommit } = options;
  const open = (name: StreamName) =>
    openSpool({ disk, name, bytesMax: bounds.bytesMax[name], segmentBytesMax: bounds.segmentBytesMax, entryBytesMax: bounds.entryBytesMax, lastCommit });
  const recordFile = openRecordFile(disk);
  if (failed(recordFile)) return recordFile;
  const detection = open('detection');
  if (failed(detection)) return closing([recordFile], detection);
  const telemetry = open('telemetry');
  if (failed(telemetry)) return closing([recordFile, detection], telemetry);
  const problems = [...detection.report.problems, ...telemetry.report.problems];
  let { record } = recordFile;
  if (record === undefined) {
    if (recordFile.broken) problems.push('The link record cannot be read: a new epoch begins.');
    for (const spool of [detection, telemetry]) {
      // Nobody can tell any more which of these were delivered, and none may be applied twice.
      if (spool.last > 0) problems.push('Batches of an epoch that is not known any more were given up.');
      const failure = spool.clear();
      if (failure !== undefined) return closing([recordFile, detection, telemetry], failure);
    }
    record = freshLinkRecord(options.freshEpoch);
  }
  record = recordAtStart(record, { detection: detection.last, telemetry: telemetry.last });
  const failure = recordFile.write(record);
  if (failure !== undefined) return closing([recordFile, detection, telemetry], failure);
  return new Spools(options, { recordFile, record, detection, telemetry, problems });
}

function closing(open: readonly { close(): void }[], failure: DiskFailure): DiskFailure {
  for (const one of open) one.close();
  return failure;
}

interface Opened {
  readonly recordFile: RecordFile;
  readonly record: LinkRecord;
  readonly detection: Spool;
  readonly telemetry: Spool;
  readonly problems: readonly string[];
}

export class Spools {
  /** The record that a sender starts from. */
  readonly record: LinkRecord;
  /** What recovery found, one sentence each. */
  readonly problems: readonly string[];
  readonly #bounds: SpoolBounds;
  readonly #recordFile: RecordFile;
  readonly #spools: Readonly<Record<StreamName, Spool>>;
  #drops: TelemetryDrops | undefined;
  #dropsPublished: TelemetryDrops | undefined;
  #syncedMs = Number.NEGATIVE_INFINITY;
  #onPublished: (stream: StreamName, last: number) => void = () => {};

  constructor(options: SpoolsOptions, opened: Opened) {
    this.#bounds = options.bounds;
    this.record = opened.record;
    this.problems = opened.problems;
    this.#recordFile = opened.recordFile;
    this.#spools = { detection: opened.detection, telemetry: opened.telemetry };
    this.#drops = options.drops;
    this.#dropsPublished = options.drops;
  }

  /** The last position of each stream that may be delivered. */
  last(): Record<StreamName, number> {
    return { detection: this.#spools.detection.last, telemetry: this.#spools.telemetry.last };
  }

  bytes(stream: StreamName): number {
    return this.#spools[stream].bytes;
  }

  /** Entries that recovery or reading found broken, so far. Some of them may have been delivered before. */
  entriesBroken(stream: StreamName): number {
    return this.#spools[stream].report.entriesLost;
  }

  /** Refused telemetry is counted here; a refused detection stays with the owner, who tries again. */
  append(stream: StreamName, commit: number, payload: Uint8Array, content: BatchContent): SpoolOutcome {
    const outcome = this.#spools[stream].append(commit, payload);
    if (outcome.kind !== 'spooled' && stream === 'telemetry') this.#drops = addDrop(this.#drops, content);
    return outcome;
  }

  /** Telemetry that was refused and not reported yet. The owner keeps it in its commit record. */
  drops(): TelemetryDrops | undefined {
    return this.#drops;
  }

  /** These drops went into a batch of the present commit that was spooled. */
  dropsReported(): void {
    this.#drops = undefined;
  }

  /** To call before the owner records its commit: on failure it must not, but roll back and try again later. */
  mend(): DiskFailure | undefined {
    return this.#spools.detection.mend() ?? this.#spools.telemetry.mend();
  }

  /** The owner has recorded this commit. */
  publish(commit: number): void {
    this.#dropsPublished = this.#drops;
    for (const name of streamNames) {
      const spool = this.#spools[name];
      const before = spool.last;
      spool.publish(commit);
      if (spool.last > before) this.#onPublished(name, spool.last);
    }
    if (this.#bounds.syncMsMin === 0) this.sync();
  }

  /** The owner gave up the commit it was writing. */
  rollback(): DiskFailure | undefined {
    this.#drops = this.#dropsPublished;
    const failure = this.#spools.detection.rollback();
    return this.#spools.telemetry.rollback() ?? failure;
  }

  /** One listener: the sender. */
  onPublished(listener: (stream: StreamName, last: number) => void): void {
    this.#onPublished = listener;
  }

  /** Does what the sender asks of the disk, and yields the event that answers. */
  perform(effect: Extract<SenderEffect, { kind: 'store' | 'load' | 'release' }>): SenderEvent | undefined {
    switch (effect.kind) {
      case 'store': {
        const failure = this.#recordFile.write(effect.record);
        const { request } = effect;
        return failure === undefined ? { kind: 'stored', request } : { kind: 'store-failed', request, reason: `The link record cannot be written: ${failure.message}` };
      }
      case 'load': {
        const { request, stream, from, bytesMax, batchesMax } = effect;
        const loaded = this.#spools[stream].read(from, bytesMax, batchesMax);
        if (failed(loaded)) return { kind: 'load-failed', request, stream, reason: `The ${stream} spool cannot be read: ${loaded.message}` };
        return { kind: 'loaded', request, stream, found: loaded.found, batches: loaded.batches };
      }
      case 'release':
        this.#spools[effect.stream].release(effect.through);
        return undefined;
      default:
        return effect satisfies never;
    }
  }

  sync(): DiskFailure | undefined {
    return this.#spools.detection.sync() ?? this.#spools.telemetry.sync();
  }

  /** Starts a sync when there is something to sync and the last one is long enough ago. */
  async syncWhenDue(nowMs: number): Promise<DiskFailure | undefined> {
    const { detection, telemetry } = this.#spools;
    // A clock that ran backwards must not put the sync off.
    if (Math.abs(nowMs - this.#syncedMs) < this.#bounds.syncMsMin || !(detection.dirty || telemetry.dirty)) return undefined;
    this.#syncedMs = nowMs;
    const [first, second] = await Promise.all([detection.syncLater(), telemetry.syncLater()]);
    return first ?? second;
  }

  close(): void {
    for (const name of streamNames) this.#spools[name].close();
    this.#recordFile.close();
  }
}

function addDrop(drops: TelemetryDrops | undefined, content: BatchContent): TelemetryDrops {
  if (drops === undefined) return { batches: 1, ...content };
  return {
    batches: drops.batches + 1,
    records: drops.records + content.records,
    firstBootNs: content.firstBootNs < drops.firstBootNs ? content.firstBootNs : drops.firstBootNs,
    lastBootNs: content.lastBootNs > drops.lastBootNs ? content.lastBootNs : drops.lastBootNs,
  };
}
