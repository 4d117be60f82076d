/**
 * What a later sensor process must find to go on where this one stopped: the changes of one commit, as JSON-safe values,
 * and the way back. A process that came and went within one commit and left no living child is never written, so a storm
 * of short-lived ones costs nothing here.
 */
import type { Container } from '@vedette/model/container';
import type { CgroupKey } from '@vedette/model/event';
import { executionKey, type Execution } from '@vedette/model/process';

export type ExecutionState = Omit<Execution, 'parent'> & { readonly parentKey: string | null };
export type ContainerState = Omit<Container, 'keys'> & { readonly keys: readonly CgroupKey[]; readonly init: string | null };

export type TableChange =
  | { readonly of: 'started'; readonly execution: ExecutionState }
  | { readonly of: 'exited'; readonly key: string; readonly atBootNs: number; readonly code: number; readonly signal: number }
  | { readonly of: 'container'; readonly container: ContainerState }
  | { readonly of: 'container-ended'; readonly id: string };

export function containerState(container: Container, init: string | null): ContainerState {
  return { ...container, keys: [...container.keys], init };
}

/** Collects what started and ended since the last commit and writes each execution at most once. */
export class ProcessMemory {
  readonly #written = new WeakSet<Execution>();
  readonly #started = new Set<Execution>();
  /** Started once more since the last commit: the log holds it as living already. */
  readonly #again = new Set<Execution>();
  readonly #exited: Execution[] = [];

  /** Also when more is known of it than before: it is then written again. */
  started(execution: Execution): void {
    if (this.#written.delete(execution)) this.#again.add(execution);
    this.#started.add(execution);
  }

  ended(execution: Execution): void {
    const isUnwritten = this.#started.delete(execution);
    if (this.#again.delete(execution)) this.#written.add(execution);
    else if (isUnwritten) return;
    this.#exited.push(execution);
  }

  /** It is in the log already. */
  restored(execution: Execution): void {
    this.#written.add(execution);
  }

  /** `needed`: executions that something else in the log speaks of, whether they live or not. */
  take(needed: Iterable<Execution> = []): TableChange[] {
    const out: TableChange[] = [];
    for (const execution of this.#started) this.#write(execution, out);
    for (const execution of needed) this.#write(execution, out);
    for (const execution of this.#exited) {
      if (!this.#written.has(execution)) continue;
      out.push({ of: 'exited', key: executionKey(execution), atBootNs: execution.exitedBootNs, code: execution.exitCode, signal: execution.exitSignal });
    }
    this.#started.clear();
    this.#again.clear();
    this.#exited.length = 0;
    return out;
  }

  /** Everything that lives or is needed, with its ancestors. */
  static whole(living: Iterable<Execution>, needed: Iterable<Execution>): TableChange[] {
    const memory = new ProcessMemory();
    for (const execution of living) memory.started(execution);
    return memory.take(needed);
  }

  /** Ancestors first, so that the way back finds them. */
  #write(execution: Execution, out: TableChange[]): void {
    const chain: Execution[] = [];
    for (let one: Execution | null = execution; one !== null && !this.#written.has(one) && chain.length < 64; one = one.parent) chain.push(one);
    for (const one of chain.reverse()) {
      this.#written.add(one);
      const { parent, ...rest } = one;
      out.push({ of: 'started', execution: { ...rest, parentKey: parent === null ? null : executionKey(parent) } });
    }
  }
}

const sinceSchema2 = { capPermittedHigh: 0, capPermittedLow: 0, processGroup: 0 };

/** Applies changes in order; `byKey` grows to all executions that were written. */
export class ProcessRecall {
  readonly byKey = new Map<string, Execution>();
  readonly containers = new Map<string, ContainerState>();

  apply(change: TableChange): void {
    switch (change.of) {
      case 'started': {
        const { parentKey, ...rest } = change.execution;
        // what a log of an earlier version does not say is not known
        const execution: Execution = { ...sinceSchema2, ...rest, parent: parentKey === null ? null : (this.byKey.get(parentKey) ?? null) };
        this.byKey.set(executionKey(execution), execution);
        return;
      }
      case 'exited': {
        const known = this.byKey.get(change.key);
        if (known === undefined) return;
        known.exitedBootNs = change.atBootNs;
        known.exitCode = change.code;
        known.exitSignal = change.signal;
        return;
      }
      case 'container':
        this.containers.set(change.container.id, change.container);
        return;
      case 'container-ended':
        this.containers.delete(change.id);
        return;
      default:
        change satisfies never;
    }
  }
}
