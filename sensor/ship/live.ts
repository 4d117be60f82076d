/**
 * Which living processes the hub has been told of. A process is told of once it has lived through a commit, so that the
 * short-lived ones are counted (fold.ts) and never listed; what was told of and ended is said to have ended.
 */
import { create } from '@bufbuild/protobuf';
import type { Execution } from '@vedette/model/process';
import { LiveProcessesSchema, ProcessEndedSchema, ProcessStartedSchema, type LiveProcesses, type ProcessEnded, type ProcessStarted } from '@vedette/model/wire/generated/record_pb';
import { wireExecution, wireNs, wireReference } from './wire.ts';

export class LiveProcessReporter {
  /** Told of, and to the hub's knowledge alive. */
  readonly #told = new Set<Execution>();
  readonly #started = new Set<Execution>();
  readonly #ended: Execution[] = [];

  /** Also when what is known of it has changed: it is told of again. */
  started(execution: Execution): void {
    if (execution.isKernelThread) return;
    this.#started.add(execution);
  }

  ended(execution: Execution): void {
    // it may wait to be told of again
    this.#started.delete(execution);
    if (this.#told.delete(execution)) this.#ended.push(execution);
  }

  takeStarted(): ProcessStarted[] {
    const out: ProcessStarted[] = [];
    for (const execution of this.#started) {
      this.#told.add(execution);
      out.push(create(ProcessStartedSchema, { execution: wireExecution(execution) }));
    }
    this.#started.clear();
    return out;
  }

  takeEnded(): ProcessEnded[] {
    return this.#ended.splice(0).map((one) =>
      create(ProcessEndedSchema, {
        ref: wireReference(one),
        endedBootNs: wireNs(one.exitedBootNs),
        exitCode: one.exitCode,
        exitSignal: one.exitSignal,
      }),
    );
  }

  /** At the start of a session: everything alive is told of anew, and what is not in the list has ended. */
  tellAll(living: Iterable<Execution>, atBootNs: number): LiveProcesses {
    this.#told.clear();
    this.#started.clear();
    this.#ended.length = 0;
    const alive = [];
    for (const execution of living) {
      if (execution.isKernelThread) continue;
      alive.push(wireReference(execution));
      this.started(execution);
    }
    return create(LiveProcessesSchema, { atBootNs: wireNs(atBootNs), alive });
  }
}
