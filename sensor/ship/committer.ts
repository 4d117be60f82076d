/**
 * One commit: what the pipeline gathered goes into the spools, what a successor must remember goes into the state log,
 * and only then the loader is told that the ring up to here is stored. A crash at any point leaves either all of it or
 * nothing: batches above the last logged commit are cut at the next start and produced again from the ring. When the
 * disk takes nothing, nothing is given up: the commit stays in memory, the ring is not acknowledged, and the kernel counts
 * what no longer fits.
 */
import { create } from '@bufbuild/protobuf';
import { batchesOf } from '@vedette/link/spool/batches';
import type { Spools } from '@vedette/link/spool/spools';
import { RecordSchema, TelemetryDroppedSchema, type Record as WireRecord } from '@vedette/model/wire/generated/record_pb';
import type { StateLog } from './state-log.ts';

export interface CommitContent {
  readonly bootId: string;
  readonly wallOffsetNs: number;
  readonly ringEpoch: number;
  readonly ringPosition: number;
  readonly nowBootNs: number;
  readonly detections: readonly WireRecord[];
  readonly telemetry: readonly WireRecord[];
  readonly changes: readonly unknown[];
}

export type CommitOutcome = { readonly kind: 'committed'; readonly ringPosition: number } | { readonly kind: 'blocked'; readonly reason: string };

export class Committer {
  readonly #spools: Spools;
  readonly #log: StateLog;
  #last: number;
  #waiting: CommitContent | null = null;

  constructor(spools: Spools, log: StateLog, lastCommit: number) {
    this.#spools = spools;
    this.#log = log;
    this.#last = lastCommit;
  }

  /** What a commit that did not go through still holds; the next one takes it along. */
  get isBlocked(): boolean {
    return this.#waiting !== null;
  }

  commit(fresh: CommitContent): CommitOutcome {
    const content = this.#waiting === null ? fresh : joined(this.#waiting, fresh);
    const outcome = this.#write(content);
    this.#waiting = outcome.kind === 'blocked' ? content : null;
    return outcome;
  }

  #write(content: CommitContent): CommitOutcome {
    const commit = this.#last + 1;
    const drops = this.#spools.drops();
    // in the first batch, so that what is refused after it is counted anew
    const telemetry = drops === undefined ? content.telemetry : [dropRecord(drops), ...content.telemetry];
    for (const batch of batchesOf(content, content.detections)) {
      const outcome = this.#spools.append('detection', commit, batch.payload, batch);
      if (outcome.kind !== 'spooled') return this.#giveUp(outcome.reason);
    }
    let isFirst = true;
    for (const batch of batchesOf(content, telemetry)) {
      // a refused batch is counted by the spool; the ones behind it may still fit
      const { kind } = this.#spools.append('telemetry', commit, batch.payload, batch);
      if (isFirst && kind === 'spooled' && drops !== undefined) this.#spools.dropsReported();
      isFirst = false;
    }
    const failure = this.#spools.mend();
    if (failure !== undefined) return this.#giveUp(failure.message);
    try {
      this.#log.append({ commit, ringEpoch: content.ringEpoch, ringPosition: content.ringPosition, bootId: content.bootId, changes: content.changes });
    } catch (error) {
      return this.#giveUp(error instanceof Error ? error.message : String(error));
    }
    this.#spools.publish(commit);
    this.#last = commit;
    return { kind: 'committed', ringPosition: content.ringPosition };
  }

  get last(): number {
    return this.#last;
  }

  #giveUp(reason: string): CommitOutcome {
    const failure = this.#spools.rollback();
    return { kind: 'blocked', reason: failure === undefined ? reason : `${reason}; ${failure.message}` };
  }
}

function joined(before: CommitContent, fresh: CommitContent): CommitContent {
  return {
    ...fresh,
    detections: [...before.detections, ...fresh.detections],
    telemetry: [...before.telemetry, ...fresh.telemetry],
    changes: [...before.changes, ...fresh.changes],
  };
}

function dropRecord(drops: NonNullable<ReturnType<Spools['drops']>>): WireRecord {
  const value = create(TelemetryDroppedSchema, {
    batches: BigInt(drops.batches),
    records: BigInt(drops.records),
    firstBootNs: drops.firstBootNs,
    lastBootNs: drops.lastBootNs,
  });
  return create(RecordSchema, { kind: { case: 'telemetryDropped', value } });
}
