/**
 * What is remembered for one rule and one set of equal values: of a sequence, for each step that was reached, the chain of
 * events that began latest; of a count, the newest events or values. No more than that is needed to answer exactly:
 *
 * A sequence of n steps fires on an event of its last step when events of the steps before came in that order (as they
 * arrived), none more than `within` after the first. Of two chains that reached the same step, whatever completes the one
 * that began earlier also completes the other, so the one that began later is enough.
 *
 * A count of n fires when the n newest events by time, or the newest ones of n distinct values, lie within `within`. Older
 * ones can never be among the n newest again. After an alert nothing of what led to it is used again, and a count is silent
 * for `within`.
 */
export interface Note {
  readonly timeNs: number;
  readonly text: string;
  /** It was taken although the identity of its container was never told. */
  readonly identityPending: boolean;
}

export interface Fired {
  /** In order, oldest first; of a count up to ten of those before this one. */
  readonly earlier: readonly Note[];
  readonly identityPending: boolean;
  /** Of a count. */
  readonly count: number | null;
}

export interface KeyState {
  /** Of the newest event. */
  readonly newestNs: number;
  /** Until then it means something. */
  readonly untilNs: number;
  readonly bytes: number;
}

/** As JSON: what is not finite is null. */
export type SavedState =
  | { readonly kind: 'sequence'; readonly newestNs: number | null; readonly chains: readonly (readonly Note[] | null)[] }
  | { readonly kind: 'count'; readonly newestNs: number | null; readonly mutedUntilNs: number | null; readonly times: readonly number[]; readonly values: readonly (readonly [string, number])[]; readonly notes: readonly Note[] };

function finite(number: number): number | null {
  return Number.isFinite(number) ? number : null;
}

interface Chain {
  readonly startNs: number;
  readonly note: Note;
  readonly before: Chain | null;
}

const notesMax = 10;
/** Objects and their places in tables, measured as about this much. */
const stateBytes = 240;
const noteBytes = 96;

function bytesOf(note: Note): number {
  return noteBytes + 2 * note.text.length;
}

/** In order, oldest first. */
function notesOf(chain: Chain): readonly Note[] {
  const notes: Note[] = [];
  for (let one: Chain | null = chain; one !== null; one = one.before) notes.push(one.note);
  return notes.reverse();
}

export class SequenceState implements KeyState {
  readonly #withinNs: number;
  readonly #chains: (Chain | null)[];
  newestNs = Number.NEGATIVE_INFINITY;
  bytes = stateBytes;

  /** `steps`: without the last one. */
  constructor(steps: number, withinNs: number) {
    this.#withinNs = withinNs;
    this.#chains = Array.from({ length: steps }, () => null);
  }

  get untilNs(): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const chain of this.#chains) if (chain !== null && chain.startNs > latest) latest = chain.startNs;
    return latest + this.#withinNs;
  }

  get isEmpty(): boolean {
    return this.#chains.every((one) => one === null);
  }

  /** An event of an earlier step. */
  reached(step: number, note: Note): void {
    if (note.timeNs > this.newestNs) this.newestNs = note.timeNs;
    const before = step === 0 ? null : (this.#chains[step - 1] ?? null);
    if (step > 0 && !this.#joins(before, note.timeNs)) return;
    const startNs = before?.startNs ?? note.timeNs;
    const present = this.#chains[step] ?? null;
    if (present !== null && present.startNs > startNs) return;
    this.#chains[step] = { startNs, note, before };
    this.bytes = this.#measured();
  }

  /** An event of the last step: what came before, or null. */
  completed(timeNs: number): readonly Note[] | null {
    const chain = this.#chains.at(-1) ?? null;
    if (chain === null || !this.#joins(chain, timeNs)) return null;
    return notesOf(chain);
  }

  saved(): SavedState {
    return { kind: 'sequence', newestNs: finite(this.newestNs), chains: this.#chains.map((chain) => (chain === null ? null : notesOf(chain))) };
  }

  restore(saved: SavedState & { kind: 'sequence' }): void {
    this.newestNs = saved.newestNs ?? Number.NEGATIVE_INFINITY;
    saved.chains.slice(0, this.#chains.length).forEach((notes, step) => {
      let chain: Chain | null = null;
      for (const note of notes ?? []) chain = { startNs: notes?.[0]?.timeNs ?? note.timeNs, note, before: chain };
      this.#chains[step] = chain;
    });
    this.bytes = this.#measured();
  }

  #joins(chain: Chain | null, timeNs: number): boolean {
    return chain !== null && timeNs - chain.startNs <= this.#withinNs;
  }

  #measured(): number {
    let bytes = stateBytes;
    for (const chain of this.#chains) for (let one: Chain | null = chain; one !== null; one = one.before) bytes += bytesOf(one.note);
    return bytes;
  }
}

export class CountState implements KeyState {
  readonly #count: number;
  readonly #withinNs: number;
  /** Of the newest events, in order of time; of distinct values the newest time of each. */
  readonly #times: number[] = [];
  readonly #values = new Map<string, number>();
  #notes: Note[] = [];
  #mutedUntilNs = Number.NEGATIVE_INFINITY;
  newestNs = Number.NEGATIVE_INFINITY;
  bytes = stateBytes;

  constructor(count: number, withinNs: number) {
    this.#count = count;
    this.#withinNs = withinNs;
  }

  get untilNs(): number {
    return Math.max(this.newestNs + this.#withinNs, this.#mutedUntilNs);
  }

  isMuted(timeNs: number): boolean {
    return timeNs <= this.#mutedUntilNs;
  }

  /** One more event; `value`: of the field whose distinct values count. Answers what led to it when that is enough. */
  add(timeNs: number, value: string | null, note: () => Note): readonly Note[] | null {
    if (timeNs > this.newestNs) this.newestNs = timeNs;
    const isEnough = value === null ? this.#addTime(timeNs) : this.#addValue(timeNs, value);
    if (!isEnough) {
      // most sets of values never come near it, and the text of a note costs more than all the rest
      if (this.#times.length + this.#values.size >= this.#count - notesMax) this.#keep(timeNs, note);
      return null;
    }
    const notes = this.#notes;
    this.#notes = [];
    this.#times.length = 0;
    this.#values.clear();
    this.#mutedUntilNs = timeNs + this.#withinNs;
    this.newestNs = Number.NEGATIVE_INFINITY;
    this.bytes = stateBytes;
    return notes;
  }

  saved(): SavedState {
    return { kind: 'count', newestNs: finite(this.newestNs), mutedUntilNs: finite(this.#mutedUntilNs), times: [...this.#times], values: [...this.#values], notes: this.#notes };
  }

  restore(saved: SavedState & { kind: 'count' }): void {
    this.newestNs = saved.newestNs ?? Number.NEGATIVE_INFINITY;
    this.#mutedUntilNs = saved.mutedUntilNs ?? Number.NEGATIVE_INFINITY;
    this.#times.push(...saved.times.slice(0, this.#count));
    for (const [value, timeNs] of saved.values.slice(0, this.#count)) this.#values.set(value, timeNs);
    this.#notes = [...saved.notes];
    this.bytes = this.#measured();
  }

  /** Some of the last ones, spread over the window. */
  #keep(timeNs: number, note: () => Note): void {
    const notes = this.#notes.filter((one) => timeNs - one.timeNs <= this.#withinNs || this.#shrink(bytesOf(one)));
    const last = notes.at(-1);
    if (notes.length < notesMax / 2 || last === undefined || (notes.length < notesMax && timeNs - last.timeNs >= this.#withinNs / (2 * notesMax))) {
      const made = note();
      notes.push(made);
      this.bytes += bytesOf(made);
    }
    this.#notes = notes;
  }

  #shrink(bytes: number): false {
    this.bytes -= bytes;
    return false;
  }

  #addTime(timeNs: number): boolean {
    const times = this.#times;
    let at = times.length;
    while (at > 0 && (times[at - 1] ?? 0) > timeNs) at -= 1;
    times.splice(at, 0, timeNs);
    const newestNs = times.at(-1) ?? timeNs;
    let over = Math.max(0, times.length - this.#count);
    while (over < times.length && newestNs - (times[over] ?? 0) > this.#withinNs) over += 1;
    times.splice(0, over);
    this.bytes += 8 * (1 - over);
    return times.length === this.#count;
  }

  #addValue(timeNs: number, value: string): boolean {
    const values = this.#values;
    const known = values.get(value);
    values.set(value, Math.max(timeNs, known ?? timeNs));
    if (known === undefined) this.bytes += noteBytes + 2 * value.length;
    if (values.size < this.#count) return false;
    for (const [one, time] of values) {
      if (this.newestNs - time <= this.#withinNs) continue;
      values.delete(one);
      this.bytes -= noteBytes + 2 * one.length;
    }
    return values.size >= this.#count;
  }

  #measured(): number {
    let bytes = stateBytes + 8 * this.#times.length;
    for (const value of this.#values.keys()) bytes += noteBytes + 2 * value.length;
    for (const note of this.#notes) bytes += bytesOf(note);
    return bytes;
  }
}
