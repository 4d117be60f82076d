/**
 * Between the pipeline and the state log: what a commit must remember, and putting it back when a new sensor process
 * starts in the same boot. Processes and containers of another boot are gone; effects that were done, losses and counts of drops are not.
 */
import type { Loss } from '@vedette/model/event';
import type { Container } from '@vedette/model/container';
import { executionKey, type Execution } from '@vedette/model/process';
import type { RingSession } from './detect/baseline/learner.ts';
import type { Held } from './detect/detector.ts';
import type { EffectEntry } from './enforce/effect-book.ts';
import type { ExposureChange } from './enrich/exposure.ts';
import { containerState, ProcessMemory, ProcessRecall, type TableChange } from './enrich/memory.ts';
import type { Pipeline } from './pipeline.ts';
import type { WindowChanges } from '@vedette/rules/window/windows';
import type { StateLogEntry } from './ship/state-log.ts';

interface HeldState {
  readonly subject: Omit<Held['subject'], 'execution' | 'container'> & { readonly executionKey: string; readonly containerId: string | null };
  readonly rules: readonly string[];
  readonly untilBootNs: number;
}

interface DropState {
  readonly batches: number;
  readonly records: number;
  readonly firstBootNs: string;
  readonly lastBootNs: string;
}

type Change =
  | TableChange
  | { readonly of: 'exposure'; readonly change: ExposureChange }
  | { readonly of: 'learning'; readonly session: RingSession }
  | { readonly of: 'losses'; readonly losses: readonly Loss[] }
  | { readonly of: 'held'; readonly held: readonly HeldState[] }
  | { readonly of: 'windows'; readonly windows: WindowChanges }
  | { readonly of: 'effect'; readonly entry: EffectEntry }
  | { readonly of: 'drops'; readonly drops: DropState | null };

export interface Drops {
  readonly batches: number;
  readonly records: number;
  readonly firstBootNs: bigint;
  readonly lastBootNs: bigint;
}

export class Recall {
  readonly #pipeline: Pipeline;
  #hadHeld = false;
  #losses = '';
  #session = 0;
  #drops = 'null';

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  /** What changed since the last call. `containers` and `ended` are those of this commit. */
  takeChanges(containers: readonly Container[], ended: readonly string[], drops: Drops | undefined): Change[] {
    const { memory, exposure, detector, coverage, inits, effectBook, learner } = this.#pipeline;
    const out: Change[] = [...memory.take(heldExecutions(detector.held))];
    for (const one of containers) out.push({ of: 'container', container: containerState(one, inits.get(one.id) ?? null) });
    for (const id of ended) out.push({ of: 'container-ended', id });
    for (const entry of effectBook.takeChanges()) out.push({ of: 'effect', entry });
    for (const change of exposure.takeChanges()) out.push({ of: 'exposure', change });
    if (detector.held.length > 0 || this.#hadHeld) out.push({ of: 'held', held: detector.held.map(heldState) });
    this.#hadHeld = detector.held.length > 0;
    if (this.#session !== learner.watching.id) out.push({ of: 'learning', session: learner.watching });
    this.#session = learner.watching.id;
    const windows = detector.windows.takeChanges();
    if (windows !== null) out.push({ of: 'windows', windows });
    const losses = coverage.losses();
    if (JSON.stringify(losses) !== this.#losses) out.push({ of: 'losses', losses });
    this.#losses = JSON.stringify(losses);
    const dropState = dropStateOf(drops);
    if (JSON.stringify(dropState) !== this.#drops) out.push({ of: 'drops', drops: dropState });
    this.#drops = JSON.stringify(dropState);
    return out;
  }

  /** The whole state as changes from nothing, to rewrite the log with. */
  whole(drops: Drops | undefined): Change[] {
    const { processes, containers, exposure, detector, coverage, inits, effectBook, learner } = this.#pipeline;
    return [
      ...ProcessMemory.whole(processes.living(), heldExecutions(detector.held)),
      ...[...containers.all()].map((one): Change => ({ of: 'container', container: containerState(one, inits.get(one.id) ?? null) })),
      ...exposure.wholeState().map((change): Change => ({ of: 'exposure', change })),
      ...effectBook.all().map((entry): Change => ({ of: 'effect', entry })),
      { of: 'held', held: detector.held.map(heldState) },
      { of: 'learning', session: learner.watching },
      { of: 'windows', windows: detector.windows.whole() },
      { of: 'losses', losses: coverage.losses() },
      { of: 'drops', drops: dropStateOf(drops) },
    ];
  }

  /** Puts back what the log holds. `sameBoot`: processes, containers and what they loaded are still the same. */
  restore(entries: readonly StateLogEntry[], sameBoot: boolean): { drops: Drops | undefined } {
    const recall = new ProcessRecall();
    let held: readonly HeldState[] = [];
    let drops: DropState | null = null;
    const pipeline = this.#pipeline;
    for (const entry of entries) {
      for (const change of entry.changes as readonly Change[]) {
        if (change.of === 'losses') pipeline.coverage.restore(change.losses);
        else if (change.of === 'drops') drops = change.drops;
        else if (change.of === 'effect') pipeline.effectBook.restore(change.entry);
        else if (!sameBoot) continue;
        else if (change.of === 'learning') pipeline.learner.session(change.session.id, change.session.fromBootNs);
        else if (change.of === 'held') held = change.held;
        else if (change.of === 'windows') pipeline.detector.windows.restore(change.windows);
        else if (change.of === 'exposure') pipeline.exposure.restore(change.change);
        else recall.apply(change);
      }
    }
    this.#restoreTables(recall);
    for (const one of held) this.#restoreHeld(one, recall);
    return { drops: drops === null ? undefined : { ...drops, firstBootNs: BigInt(drops.firstBootNs), lastBootNs: BigInt(drops.lastBootNs) } };
  }

  #restoreTables(recall: ProcessRecall): void {
    const { processes, containers, memory, inits } = this.#pipeline;
    for (const execution of recall.byKey.values()) {
      processes.restore(execution, execution.exitedBootNs === 0);
      memory.restored(execution);
    }
    for (const { keys, init, ...container } of recall.containers.values()) {
      containers.restore({ ...container, keys: new Set(keys) });
      if (init !== null) inits.set(container.id, init);
    }
  }

  #restoreHeld(one: HeldState, recall: ProcessRecall): void {
    const { executionKey: key, containerId, ...subject } = { ...one.subject, event: withBytes(one.subject.event) as Held['subject']['event'] };
    const execution = recall.byKey.get(key);
    if (execution === undefined) return;
    const container = containerId === null ? null : this.#pipeline.containers.get(containerId);
    this.#pipeline.detector.restoreHeld({ subject: { ...subject, execution, container }, rules: new Set(one.rules), untilBootNs: one.untilBootNs });
  }
}

/** What is held may be about a process that came and went within one commit. */
function heldExecutions(held: readonly Held[]): Execution[] {
  return held.map((one) => one.subject.execution);
}

function heldState(held: Held): HeldState {
  const { execution, container, ...subject } = held.subject;
  return { subject: { ...subject, event: withoutBytes(subject.event) as Held['subject']['event'], executionKey: executionKey(execution), containerId: container?.id ?? null }, rules: [...held.rules], untilBootNs: held.untilBootNs };
}

/** Addresses of an event are bytes, which JSON does not know: they are written as their hex digits. */
function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutBytes(one)]));
}

function withBytes(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  if ('hex' in value && typeof value.hex === 'string') return Uint8Array.from(Buffer.from(value.hex, 'hex'));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withBytes(one)]));
}

function dropStateOf(drops: Drops | undefined): DropState | null {
  return drops === undefined ? null : { ...drops, firstBootNs: String(drops.firstBootNs), lastBootNs: String(drops.lastBootNs) };
}
