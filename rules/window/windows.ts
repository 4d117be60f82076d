/**
 * The memory of all rules with a sequence or a count: by rule and equal values, bounded as a whole in bytes. What can no
 * longer lead to an alert is dropped in passing; where there is no room, the rule that holds most loses what it touched
 * longest ago, so a flood that one rule looks at does not make others forget. What was lost that way is counted by rule.
 */
import type { WindowPlan } from './plan.ts';
import { Touched } from './touched.ts';
import { CountState, SequenceState, type Fired, type Note, type SavedState } from './state.ts';

export interface WindowCounts {
  readonly rule: string;
  /** Sets of equal values that something is remembered for. */
  readonly keys: number;
  readonly bytes: number;
  readonly fired: number;
  /** Unfinished ones that were forgotten for want of room: what they would have led to is not reported. */
  readonly evicted: number;
  /** Events within the silence after an alert of a count. */
  readonly muted: number;
}

export interface WindowReport {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly rules: readonly WindowCounts[];
}

export const windowBytesMaxUsual = 8 * 1024 * 1024;
/** An event that comes so much later than newer ones still finds what it belongs to. */
export const latenessNsUsual = 1e9;
/** How many that have run out are looked for at each event. */
const sweptAtOnce = 2;

/** What is remembered for some sets of equal values of a rule; null: nothing any more. */
export interface WindowChange {
  readonly rule: string;
  /** Of the plan: for another one it means nothing. */
  readonly print: string;
  readonly states: readonly (readonly [key: string, state: SavedState | null])[];
}

export interface WindowChanges {
  /** All that there is, and not only what changed. */
  readonly whole: boolean;
  readonly changes: readonly WindowChange[];
}

/** More than these are not written down: a flood must not become one of the state log. */
const savedMax = 2000;

/** One event as a step of a rule. */
export interface StepTaken {
  readonly step: number;
  readonly key: string;
  readonly timeNs: number;
  readonly identityPending: boolean;
  /** Of the field whose distinct values count. */
  readonly value: string | null;
  note(): string;
}

type State = SequenceState | CountState;

class RuleWindow {
  readonly name: string;
  readonly plan: WindowPlan;
  readonly #latenessNs: number;
  readonly states = new Touched<State>();
  bytes = 0;
  nowNs = Number.NEGATIVE_INFINITY;
  fired = 0;
  evicted = 0;
  muted = 0;
  /** Keys of what changed since it was last asked; null: nobody asks. */
  changed: Set<string> | null = null;

  constructor(name: string, plan: WindowPlan, latenessNs: number) {
    this.name = name;
    this.#latenessNs = latenessNs;
    this.plan = plan;
  }

  take(taken: StepTaken): Fired | null {
    if (taken.timeNs > this.nowNs) this.nowNs = taken.timeNs;
    this.#sweep();
    const present = this.states.get(taken.key);
    return this.plan.kind === 'count' ? this.#count(taken, present) : this.#sequence(taken, present);
  }

  #sequence(taken: StepTaken, present: State | null): Fired | null {
    const { step, key, timeNs } = taken;
    const last = this.plan.steps.length - 1;
    if (step > 0 && present === null) return null;
    const state = present instanceof SequenceState ? present : new SequenceState(last, this.plan.withinNs);
    if (step === last) {
      const earlier = state.completed(timeNs);
      if (earlier === null) return null;
      this.forget(key);
      this.fired += 1;
      return { earlier, identityPending: taken.identityPending || earlier.some((one) => one.identityPending), count: null };
    }
    const before = state.bytes;
    state.reached(step, noteOf(taken));
    this.#touch(key, state, present === null ? state.bytes : state.bytes - before);
    return null;
  }

  #count(taken: StepTaken, present: State | null): Fired | null {
    const { key, timeNs, value } = taken;
    const state = present instanceof CountState ? present : new CountState(this.plan.count, this.plan.withinNs);
    if (state.isMuted(timeNs)) {
      this.muted += 1;
      return null;
    }
    const before = state.bytes;
    const earlier = state.add(timeNs, value, () => noteOf(taken));
    this.#touch(key, state, present === null ? state.bytes : state.bytes - before);
    if (earlier === null) return null;
    this.fired += 1;
    return { earlier, identityPending: taken.identityPending || earlier.some((one) => one.identityPending), count: this.plan.count };
  }

  #touch(key: string, state: State, grown: number): void {
    this.changed?.add(key);
    this.bytes += grown + (this.states.touch(key, state) ? 0 : 2 * key.length);
  }

  forget(key: string): void {
    const state = this.states.delete(key);
    if (state === null) return;
    this.changed?.add(key);
    this.bytes -= state.bytes + 2 * key.length;
  }

  #isOver(state: State): boolean {
    return state.untilNs + this.#latenessNs < this.nowNs;
  }

  #sweep(): void {
    for (let left = sweptAtOnce; left > 0; left -= 1) {
      const oldest = this.states.oldest();
      if (oldest === null || !this.#isOver(oldest.value)) return;
      this.forget(oldest.key);
    }
  }

  /** Null: there is nothing for this key. */
  saved(keys: Iterable<string>): WindowChange {
    return { rule: this.name, print: this.plan.print, states: [...keys].map((key) => [key, this.states.get(key)?.saved() ?? null]) };
  }

  restore({ states }: WindowChange): void {
    for (const [key, saved] of states) {
      this.forget(key);
      if (saved === null || saved.kind !== this.plan.kind) continue;
      const state = saved.kind === 'sequence' ? new SequenceState(this.plan.steps.length - 1, this.plan.withinNs) : new CountState(this.plan.count, this.plan.withinNs);
      if (saved.kind === 'sequence' && state instanceof SequenceState) state.restore(saved);
      if (saved.kind === 'count' && state instanceof CountState) state.restore(saved);
      this.#touch(key, state, state.bytes);
      if (state.newestNs > this.nowNs) this.nowNs = state.newestNs;
    }
  }

  /** What was touched longest ago; one that has run out is no loss. */
  evict(): void {
    const oldest = this.states.oldest();
    if (oldest === null) return;
    if (!this.#isOver(oldest.value)) this.evicted += 1;
    this.forget(oldest.key);
  }
}

function noteOf({ timeNs, identityPending, note }: StepTaken): Note {
  return { timeNs, text: note().slice(0, 1024), identityPending };
}

export class Windows {
  readonly #bytesMax: number;
  readonly #latenessNs: number;
  readonly #rules = new Map<string, RuleWindow>();
  #isSaved = false;
  /** What was there is too much, or is not all written down: next time all of it is written, or that there is none. */
  #needsWhole = true;

  constructor(bytesMax = windowBytesMaxUsual, latenessNs = latenessNsUsual) {
    this.#bytesMax = bytesMax;
    this.#latenessNs = latenessNs;
  }

  /** The rules from now on. What is remembered for one that stays as it was is kept. */
  use(rules: readonly { readonly name: string; readonly window: WindowPlan | null }[]): void {
    const before = new Map(this.#rules);
    this.#rules.clear();
    for (const { name, window } of rules) {
      if (window === null) continue;
      const present = before.get(name);
      const isSame = present !== undefined && present.plan.print === window.print;
      if (!isSame) this.#needsWhole = true;
      const rule = isSame ? present : new RuleWindow(name, window, this.#latenessNs);
      if (this.#isSaved) rule.changed ??= new Set();
      this.#rules.set(name, rule);
    }
  }

  /** Whether it is a rule with a sequence or a count. */
  remembers(rule: string): boolean {
    return this.#rules.has(rule);
  }

  /** What fires by this, if anything does. */
  take(rule: string, taken: StepTaken): Fired | null {
    const window = this.#rules.get(rule);
    if (window === undefined) return null;
    const fired = window.take(taken);
    while (this.bytes > this.#bytesMax) this.#largest().evict();
    return fired;
  }

  get bytes(): number {
    let bytes = 0;
    for (const one of this.#rules.values()) bytes += one.bytes;
    return bytes;
  }

  /** What changed since the last call, for the state log. */
  takeChanges(): WindowChanges | null {
    this.#isSaved = true;
    if (this.#rules.size === 0) return null;
    const rules = [...this.#rules.values()];
    const changed = rules.reduce((sum, one) => sum + (one.changed?.size ?? 0), 0);
    if (this.#needsWhole || changed > savedMax) {
      const whole = this.whole();
      this.#needsWhole = rules.reduce((sum, one) => sum + one.states.size, 0) > savedMax;
      for (const one of rules) one.changed = new Set();
      return whole;
    }
    if (changed === 0) return null;
    const changes = rules.flatMap((one) => (one.changed === null || one.changed.size === 0 ? [] : [one.saved(one.changed)]));
    for (const one of rules) one.changed = new Set();
    return { whole: false, changes };
  }

  /** All of it, or nothing where that is too much. */
  whole(): WindowChanges {
    const rules = [...this.#rules.values()];
    const keys = rules.reduce((sum, one) => sum + one.states.size, 0);
    return { whole: true, changes: keys > savedMax ? [] : rules.flatMap((one) => (one.states.size === 0 ? [] : [one.saved(one.states.keys())])) };
  }

  /** Puts back what was written, for rules that are as they were. */
  restore({ whole, changes }: WindowChanges): void {
    if (whole) for (const one of this.#rules.values()) for (const key of one.states.keys()) one.forget(key);
    for (const change of changes) {
      const rule = this.#rules.get(change.rule);
      if (rule !== undefined && rule.plan.print === change.print) rule.restore(change);
    }
  }

  #largest(): RuleWindow {
    let largest: RuleWindow | null = null;
    for (const one of this.#rules.values()) if (largest === null || one.bytes > largest.bytes) largest = one;
    if (largest === null) throw new Error('there is no rule to evict from');
    return largest;
  }

  report(): WindowReport {
    const rules = [...this.#rules.values()].map(({ name, states, bytes, fired, evicted, muted }): WindowCounts => ({ rule: name, keys: states.size, bytes, fired, evicted, muted }));
    return { bytes: this.bytes, bytesMax: this.#bytesMax, rules };
  }
}
