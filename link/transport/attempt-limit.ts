/**
 * How often strangers may try: a bucket for each address and one for all, refilled with time. Addresses that have been
 * quiet are forgotten; at the bound on addresses the longest known is forgotten first. Time is handed in.
 */
export interface AttemptBounds {
  readonly perAddressMax: number;
  readonly inAllMax: number;
  /** The time in which an empty bucket becomes full again. */
  readonly refillMs: number;
  readonly addressesMax: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

export class AttemptLimit {
  readonly #bounds: AttemptBounds;
  readonly #addresses = new Map<string, Bucket>();
  readonly #all: Bucket;

  constructor(bounds: AttemptBounds, nowMs: number) {
    this.#bounds = bounds;
    this.#all = { left: bounds.inAllMax, atMs: nowMs };
  }

  /** Whether this attempt may go on; if so, it is counted. */
  take(address: string, nowMs: number): boolean {
    const { perAddressMax, inAllMax, refillMs, addressesMax } = this.#bounds;
    const own = this.#addresses.get(address) ?? { left: perAddressMax, atMs: nowMs };
    refill(own, perAddressMax, refillMs, nowMs);
    refill(this.#all, inAllMax, refillMs, nowMs);
    this.#addresses.delete(address);
    this.#addresses.set(address, own);
    if (this.#addresses.size > addressesMax) this.#addresses.delete(this.#addresses.keys().next().value ?? address);
    if (own.left < 1 || this.#all.left < 1) return false;
    own.left -= 1;
    this.#all.left -= 1;
    return true;
  }
}

function refill(bucket: Bucket, max: number, refillMs: number, nowMs: number): void {
  bucket.left = Math.min(max, bucket.left + (Math.max(0, nowMs - bucket.atMs) * max) / refillMs);
  bucket.atMs = nowMs;
}
