/**
 * When the hub is killed: whoever stands where effects arrive says that one has come, and holds it; the hub is killed there and started again, until every run was struck
 * before, during and after its effect of each kind. What a strike hit is told by what had arrived at that moment and by what the database still calls open.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KilledHub } from './hub.ts';

export const exactKinds = ['isolate-pod', 'roll-back', 'scale-to-zero', 'artifactory-property', 'webhook'] as const;
/** Their receivers can be neither asked nor given a key. */
export const blindKinds = ['slack', 'email'] as const;
export type EffectKind = (typeof exactKinds)[number] | (typeof blindKinds)[number];
export const phases = ['before', 'during', 'after'] as const;
export type Phase = (typeof phases)[number];

export interface OpenEffect {
  readonly kind: EffectKind;
  readonly run: number;
}

/** What the hub does for many runs at once is let come together, so that one kill strikes many. */
const gatherMs = 250;

export class Strikes {
  readonly #hub: KilledHub;
  readonly #open: () => Promise<readonly OpenEffect[]>;
  readonly #reached = new Map<string, 'arrived' | 'done'>();
  readonly #had = new Map<string, Set<number>>();
  #pending: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #runs: readonly number[] = [];

  constructor(hub: KilledHub, open: () => Promise<readonly OpenEffect[]>) {
    this.#hub = hub;
    this.#open = open;
  }

  /** From now on these runs are struck. */
  begin(runs: readonly number[]): void {
    this.#runs = runs;
  }

  /** Runs that were struck so. */
  had(kind: EffectKind, phase: Phase): Set<number> {
    const key = `${kind} ${phase}`;
    const found = this.#had.get(key) ?? new Set();
    this.#had.set(key, found);
    return found;
  }

  /** Somebody is about to ask for effects of this kind; nothing is sent yet. */
  async connected(kind: EffectKind): Promise<void> {
    const isWanted = (run: number): boolean => {
      const reached = this.#reached.get(`${kind} ${run}`);
      return this.#runs.includes(run) && ((reached === undefined && !this.had(kind, 'before').has(run)) || (reached === 'done' && !this.had(kind, 'after').has(run)));
    };
    // Only what is under way can be struck.
    if ((await this.#open()).some((one) => one.kind === kind && isWanted(one.run))) await this.#strike(gatherMs);
  }

  /** Somebody looks at what the first of these that has not come yet is about to change. */
  async looked(kinds: readonly EffectKind[], run: number): Promise<void> {
    const kind = kinds.find((one) => !this.#reached.has(`${one} ${run}`));
    if (kind !== undefined && this.#runs.includes(run) && !this.had(kind, 'before').has(run)) await this.#strike(0);
  }

  /** It has come to whom it is for, who has not done it yet. */
  async arrived(kind: EffectKind, run: number, together: boolean): Promise<void> {
    const key = `${kind} ${run}`;
    if (!this.#reached.has(key)) this.#reached.set(key, 'arrived');
    // Of a hub that is dead already: killed on its way by another strike.
    if (together && !this.#hub.isAlive) return;
    if (this.#runs.includes(run) && !this.had(kind, 'during').has(run)) await this.#strike(together ? gatherMs : 0);
  }

  /** It is done, and the hub has not heard of it. */
  async done(kind: EffectKind, run: number, together: boolean): Promise<void> {
    this.#reached.set(`${kind} ${run}`, 'done');
    // Of a hub that is no more nobody hears: it asks again, which is seen when it connects.
    if (together && !this.#hub.isAlive) return;
    if (this.#runs.includes(run) && !this.had(kind, 'after').has(run)) await this.#strike(together ? gatherMs : 0);
  }

  async #strike(waitMs: number): Promise<void> {
    if (this.#pending === undefined) {
      this.#pending = this.#last.then(() => this.#kill(waitMs));
      this.#last = this.#pending.catch(() => undefined);
    }
    await this.#pending;
  }

  async #kill(waitMs: number): Promise<void> {
    await this.#hub.ready;
    await sleep(waitMs);
    const reached = new Map(this.#reached);
    this.#pending = undefined;
    await this.#hub.kill();
    for (const { kind, run } of await this.#open()) {
      if (!this.#runs.includes(run)) continue;
      const state = reached.get(`${kind} ${run}`);
      this.had(kind, state === undefined ? 'before' : state === 'arrived' ? 'during' : 'after').add(run);
    }
    void this.#hub.start().catch(() => undefined);
  }
}
