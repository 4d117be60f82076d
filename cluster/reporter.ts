/**
 * What the cluster part has to tell the hub goes through here into its own spool, and from there exactly once to the hub,
 * as a sensor's records do. Records that are reported within a moment share a batch. A full spool makes the reporter's
 * callers wait, so that nothing is dropped: watches stand still and list anew later. Only a record that is too large for any
 * batch is refused, and counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { batchesOf, type BatchHead } from '@vedette/link/spool/batches';
import type { StreamName } from '@vedette/link/protocol/streams';
import type { Spools } from '@vedette/link/spool/spools';
import type { Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { Log } from './log.ts';

const fullWaitMsUsual = 500;

interface Waiting {
  readonly record: WireRecord;
  readonly stream: StreamName;
  readonly done: () => void;
}

export interface ReporterOptions {
  readonly spools: Pick<Spools, 'append' | 'mend' | 'publish' | 'rollback'>;
  readonly bootId: string;
  readonly nowMs: () => number;
  readonly log: Log;
  /** So long records are gathered. */
  readonly gatherMs?: number;
  /** How long to wait before a spool that was full is tried again. */
  readonly fullWaitMs?: number;
}

export class Reporter {
  readonly #options: ReporterOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #commit: number;
  #closed = false;
  /** Records that are too large for a batch. */
  tooLarge = 0;
  reported = 0;
  /** Why nothing can be stored just now. */
  problem: string | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    // above every commit of the process before, whatever the clock did since
    this.#commit = options.nowMs();
  }

  /** Resolves when it is in the spool for good (or too large and counted). */
  report(record: WireRecord, stream: StreamName): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ record, stream, done: resolve });
    this.#running ??= this.#run();
    return promise;
  }

  /** What is waiting is stored if the disk takes it; nothing is taken after. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await sleep(this.#options.gatherMs ?? 20);
    while (this.#waiting.length > 0) {
      const taken = this.#waiting;
      this.#waiting = [];
      while (!this.#store(taken)) {
        if (this.#closed) return;
        await sleep(this.#options.fullWaitMs ?? fullWaitMsUsual);
      }
      for (const one of taken) one.done();
    }
    this.#running = undefined;
  }

  #store(taken: readonly Waiting[]): boolean {
    const { spools, bootId, nowMs, log } = this.#options;
    const commit = this.#commit + 1;
    // records of a cluster part carry wall times of their own
    const head: BatchHead = { bootId, wallOffsetNs: 0, nowBootNs: nowMs() * 1e6 };
    let refusal: string | undefined;
    let tooLarge = 0;
    for (const stream of ['detection', 'telemetry'] as const) {
      for (const batch of batchesOf(head, taken.filter((one) => one.stream === stream).map((one) => one.record))) {
        const outcome = spools.append(stream, commit, batch.payload, batch);
        if (outcome.kind === 'full') refusal ??= outcome.reason;
        if (outcome.kind !== 'too-large') continue;
        tooLarge += batch.records;
      }
    }
    refusal ??= spools.mend()?.message;
    if (refusal === undefined) {
      spools.publish(commit);
      this.#commit = commit;
      this.reported += taken.length - tooLarge;
      this.tooLarge += tooLarge;
      if (tooLarge > 0) log('warn', 'records are too large to be sent', { records: tooLarge });
      this.problem = undefined;
      return true;
    }
    spools.rollback();
    if (this.problem === undefined) log('warn', 'nothing can be stored: the cluster part waits until its spool has room', { reason: refusal });
    this.problem = refusal;
    return false;
  }
}
