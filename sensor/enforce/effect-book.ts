/**
 * What was asked to be done to containers of this node, by effect id: begun, done, taken back, and what still holds. Each id is
 * done once however often it is asked for; what became of it is told again. An end that did nothing (refused, failed) may
 * be asked for again. Pure and in words that JSON keeps: entries go into the sensor's state with each commit, so that
 * a restarted sensor neither repeats nor forgets. Limit: 4096 effects; the oldest that holds nothing is forgotten first.
 */
export type EffectState = 'applied' | 'not-needed' | 'refused' | 'failed';
export type EffectAct = 'kill' | 'freeze' | 'isolate';

/** As the hub asks for it, checked. */
export interface Effect {
  readonly id: string;
  readonly act: EffectAct;
  readonly containerId: string;
  /** Of a kill: only this process. The time is nanoseconds as text, which JSON keeps whole. */
  readonly process: { readonly tgid: number; readonly startBootNs: string } | null;
  readonly allowCidrs: readonly string[];
  readonly undo: boolean;
  readonly dryRun: boolean;
  /** Not to be begun later than this; 0: no such time. */
  readonly expiresAtMs: number;
}

export interface EffectOutcome {
  readonly state: EffectState;
  readonly detail: string;
  /** A JSON object. */
  readonly evidence: string;
  readonly atMs: number;
}

export interface EffectEntry {
  readonly id: string;
  readonly act: EffectAct;
  readonly containerId: string;
  readonly allowCidrs: readonly string[];
  /** It may have been done although nobody has heard of its end. */
  readonly begun: boolean;
  /** It is in force, or comes into force again when the container of this id is started anew. */
  readonly holds: boolean;
  /** It holds, and its container is not there. */
  readonly waits: boolean;
  readonly done: EffectOutcome | null;
  readonly undone: EffectOutcome | null;
}

export type Asked =
  | { readonly kind: 'act'; /** An earlier attempt may have done it. */ readonly again: boolean }
  | { readonly kind: 'tell'; readonly outcome: Omit<EffectOutcome, 'atMs'> & { readonly atMs?: number } };

const entriesMax = 4096;

export class EffectBook {
  readonly #entries = new Map<string, EffectEntry>();
  readonly #changed = new Set<string>();

  get size(): number {
    return this.#entries.size;
  }

  get sizeMax(): number {
    return entriesMax;
  }

  /** What is to be done now that this is asked for. */
  ask(effect: Effect, nowMs: number): Asked {
    const entry = this.#entries.get(effect.id);
    if (effect.dryRun) return { kind: 'act', again: false };
    const known = effect.undo ? entry?.undone : entry?.done;
    if (isEnd(known)) return { kind: 'tell', outcome: known };
    if (effect.undo && entry?.begun !== true) return tell('not-needed', 'this sensor has done nothing under this id');
    if (effect.undo && !entry!.holds && entry!.done !== null) return tell('not-needed', 'it does not hold: there is nothing to take back');
    if (!effect.undo && isEnd(entry?.undone)) return tell('refused', 'it was taken back before it was asked for again');
    if (entry !== undefined && (entry.act !== effect.act || entry.containerId !== effect.containerId)) return tell('refused', 'another effect was asked for under this id');
    const wasBegun = !effect.undo && entry?.begun === true;
    if (!wasBegun && effect.expiresAtMs > 0 && nowMs > effect.expiresAtMs) return tell('refused', 'it was asked for too late: the time in which it was to be begun is over');
    return { kind: 'act', again: wasBegun };
  }

  /** Before anything is done; kept by the commit that follows. */
  begin(effect: Effect): void {
    if (effect.dryRun || effect.undo) return;
    const known = this.#entries.get(effect.id);
    this.#put({ waits: false, undone: null, ...known, id: effect.id, act: effect.act, containerId: effect.containerId, allowCidrs: effect.allowCidrs, begun: true, holds: known?.holds ?? false, done: null });
  }

  end(effect: Effect, outcome: EffectOutcome, holds: boolean): void {
    const entry = this.#entries.get(effect.id);
    if (effect.dryRun || entry === undefined) return;
    if (effect.undo) this.#put({ ...entry, undone: outcome, holds: isEnd(outcome) ? false : entry.holds });
    else this.#put({ ...entry, done: outcome, holds, begun: isEnd(outcome) || holds });
  }

  /** The container of something that holds went away (true) or came again. */
  waiting(id: string, waits: boolean): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined && entry.waits !== waits) this.#put({ ...entry, waits });
  }

  /** It ended by itself: `outcome` says why. */
  ended(id: string, outcome: EffectOutcome): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) this.#put({ ...entry, holds: false, begun: false, done: outcome });
  }

  holding(): EffectEntry[] {
    return [...this.#entries.values()].filter((one) => one.holds);
  }

  /** Others that hold the same on this container, the newest last. */
  alsoHolding(act: EffectAct, containerId: string, besides: string): EffectEntry[] {
    return this.holding().filter((one) => one.act === act && one.containerId === containerId && one.id !== besides);
  }

  takeChanges(): EffectEntry[] {
    const out = [...this.#changed].flatMap((id) => this.#entries.get(id) ?? []);
    this.#changed.clear();
    return out;
  }

  all(): EffectEntry[] {
    return [...this.#entries.values()];
  }

  restore(entry: EffectEntry): void {
    this.#entries.delete(entry.id);
    this.#entries.set(entry.id, entry);
    this.#forgetOldest();
  }

  #put(entry: EffectEntry): void {
    this.#entries.set(entry.id, entry);
    this.#changed.add(entry.id);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax) return;
      if (!entry.holds) this.#entries.delete(id);
    }
  }
}

function tell(state: EffectState, detail: string): Asked {
  return { kind: 'tell', outcome: { state, detail, evidence: '{}' } };
}

/** Something was done, or needed no doing. */
function isEnd(outcome: EffectOutcome | null | undefined): outcome is EffectOutcome {
  return outcome?.state === 'applied' || outcome?.state === 'not-needed';
}
