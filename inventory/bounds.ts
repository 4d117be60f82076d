/**
 * What one scan may spend, and the record of what it met. Everything that was not read is a sentence: a bound that was
 * met also makes the result truncated (packages may be missing), a broken file does not. Many problems of one kind are
 * one sentence with a count and the first example, so that a hostile root cannot fill the report.
 */
import { quoted } from './tree.ts';

export interface Bounds {
  readonly packagesMax: number;
  /** Files in the file index. */
  readonly filesMax: number;
  /** Directory entries looked at. */
  readonly entriesMax: number;
  /** Read from files, all together. */
  readonly bytesMax: number;
  readonly budgetMs: number;
}

export const defaultBounds: Bounds = {
  packagesMax: 100_000,
  filesMax: 2_000_000,
  entriesMax: 3_000_000,
  bytesMax: 512 * 2 ** 20,
  budgetMs: 120_000,
};

export type Spendable = 'packages' | 'files' | 'entries' | 'bytes';

const spendables: Record<Spendable, { readonly bound: keyof Bounds; readonly sentence: (most: number) => string }> = {
  packages: { bound: 'packagesMax', sentence: (most) => `more than ${most} packages: the rest is not listed` },
  files: { bound: 'filesMax', sentence: (most) => `more than ${most} files belong to packages: the rest cannot be recognised when loaded` },
  entries: { bound: 'entriesMax', sentence: (most) => `more than ${most} directory entries: the rest was not looked at` },
  bytes: { bound: 'bytesMax', sentence: (most) => `more than ${most} bytes to read: the rest was not read` },
};

const kindsMax = 50;

/** What a problem makes incomplete: the packages themselves, or only the recognising of their files when they are loaded. */
export type Concern = 'packages' | 'loading';

interface Noted {
  readonly example: string;
  readonly concern: Concern;
  count: number;
}

export class Spending {
  readonly #bounds: Bounds;
  readonly #clock: () => number;
  readonly #startMs: number;
  readonly #spent: Record<Spendable, number> = { packages: 0, files: 0, entries: 0, bytes: 0 };
  readonly #met = new Map<string, Concern>();
  readonly #noted = new Map<string, Noted>();
  #kindsLeftOut = 0;

  constructor(bounds: Bounds, clock: () => number) {
    this.#bounds = bounds;
    this.#clock = clock;
    this.#startMs = clock();
  }

  get truncated(): boolean {
    return this.#met.size > 0;
  }

  spent(what: Spendable): number {
    return this.#spent[what];
  }

  left(what: Spendable): number {
    return Math.max(0, this.#bounds[spendables[what].bound] - this.#spent[what]);
  }

  /** False: the bound is met, this one is refused and the scan is truncated. */
  take(what: Spendable, amount = 1): boolean {
    if (this.#spent[what] + amount > this.#bounds[spendables[what].bound]) {
      this.meet(spendables[what].sentence(this.#bounds[spendables[what].bound]), what === 'files' ? 'loading' : 'packages');
      return false;
    }
    this.#spent[what] += amount;
    return true;
  }

  /** False: the time is over. `undone` says what is left, as the end of a sentence. */
  timeLeft(undone: string): boolean {
    const { budgetMs } = this.#bounds;
    if (this.#clock() - this.#startMs < budgetMs) return true;
    this.meet(`the scan took longer than ${budgetMs} ms: ${undone}`);
    return false;
  }

  /** A bound of any kind was met: what follows is missing. */
  meet(sentence: string, concern: Concern = 'packages'): void {
    this.#met.set(sentence, concern);
  }

  /** Something could not be used. `what` is a fixed phrase of ours in the plural, `example` comes from the root. */
  note(what: string, example: string, concern: Concern = 'packages'): void {
    const noted = this.#noted.get(what);
    if (noted !== undefined) noted.count += 1;
    else if (this.#noted.size < kindsMax) this.#noted.set(what, { example, concern, count: 1 });
    else this.#kindsLeftOut += 1;
  }

  /** Bounds first: they say that the rest is incomplete. `concern`: only those about it, or all. */
  sentences(concern?: Concern): string[] {
    const met = [...this.#met].filter(([, one]) => concern === undefined || one === concern).map(([sentence]) => sentence);
    const noted = [...this.#noted]
      .filter(([, one]) => concern === undefined || one.concern === concern)
      .map(([what, { example, count }]) => `${what}: ${count}, the first is ${quoted(example)}`);
    const leftOut = this.#kindsLeftOut > 0 ? [`${this.#kindsLeftOut} more problems of other kinds`] : [];
    return [...met, ...noted, ...leftOut];
  }
}
