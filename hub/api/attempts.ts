/** Failed sign-ins are counted by address and by user for a minute; above the bound everyone waits. Pure but for the clock handed in. */
export interface AttemptBounds {
  readonly perAddress: number;
  readonly perUser: number;
  readonly windowMs: number;
  readonly keysMax: number;
}

/** A user's bound is wider than an address's: whoever tries from elsewhere should not lock the user out so easily. */
export const attemptBounds: AttemptBounds = { perAddress: 10, perUser: 40, windowMs: 60_000, keysMax: 10_000 };

export class FailedAttempts {
  readonly #bounds: AttemptBounds;
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(bounds: AttemptBounds = attemptBounds) {
    this.#bounds = bounds;
  }

  isBlocked(address: string, user: string, nowMs: number): boolean {
    return this.#count(`address ${address}`, nowMs) >= this.#bounds.perAddress || this.#count(`user ${user}`, nowMs) >= this.#bounds.perUser;
  }

  failed(address: string, user: string, nowMs: number): void {
    for (const key of [`address ${address}`, `user ${user}`]) {
      const before = this.#count(key, nowMs);
      this.#failures.delete(key); // so that the order of the map is the order of the last failure
      this.#failures.set(key, { count: before + 1, until: nowMs + this.#bounds.windowMs });
    }
    for (const key of this.#failures.keys()) {
      if (this.#failures.size <= this.#bounds.keysMax) break;
      this.#failures.delete(key);
    }
  }

  succeeded(address: string, user: string): void {
    this.#failures.delete(`address ${address}`);
    this.#failures.delete(`user ${user}`);
  }

  #count(key: string, nowMs: number): number {
    const found = this.#failures.get(key);
    return found === undefined || found.until <= nowMs ? 0 : found.count;
  }
}
