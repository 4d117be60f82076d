/**
 * How many detections one container (on the host: one program) may make, of one rule and of all: a burst, and then so many a second. What is
 * beyond says nothing new, and would take the room of what others do: the spool, the link and the hub's tables, through which detections go in
 * their order. It is counted for whom it is of, and shown as lost. Bounded: what was asked about longest ago is forgotten first, and begins with a
 * whole burst again. Pure.
 */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface ShareBounds {
  readonly ofRule: Rate;
  readonly ofAll: Rate;
  readonly keysMax: number;
}

export const usualShare: ShareBounds = { ofRule: { burst: 100, perSecond: 2 }, ofAll: { burst: 1000, perSecond: 20 }, keysMax: 8192 };

/** Detections that were not made, since they were last taken. */
export interface Withheld {
  /** Empty: the host's. */
  readonly containerId: string;
  readonly eventClass: string;
  readonly count: number;
}

interface Bucket {
  tokens: number;
  atBootNs: number;
}

export class DetectionShare {
  readonly #bounds: ShareBounds;
  readonly #buckets = new Map<string, Bucket>();
  readonly #withheld = new Map<string, { containerId: string; eventClass: string; count: number }>();

  constructor(bounds: ShareBounds = usualShare) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#buckets.size;
  }

  get sizeMax(): number {
    return this.#bounds.keysMax;
  }

  /** Whether one more may be made. `program`: what tells the doers on the host apart. */
  take(rule: string, containerId: string | null, program: string, eventClass: string, atBootNs: number): boolean {
    const { ofRule, ofAll } = this.#bounds;
    const who = containerId ?? `\0${program}`;
    const one = this.#filled(`${rule}\0${who}`, ofRule, atBootNs);
    const all = this.#filled(who, ofAll, atBootNs);
    if (one.tokens >= 1 && all.tokens >= 1) {
      one.tokens -= 1;
      all.tokens -= 1;
      return true;
    }
    const id = containerId ?? '';
    const counted = this.#withheld.get(`${id}\0${eventClass}`) ?? { containerId: id, eventClass, count: 0 };
    counted.count += 1;
    this.#withheld.set(`${id}\0${eventClass}`, counted);
    return false;
  }

  #filled(key: string, { burst, perSecond }: Rate, atBootNs: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atBootNs };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#bounds.keysMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    const seconds = Math.max(0, atBootNs - bucket.atBootNs) / 1e9;
    bucket.tokens = Math.min(burst, bucket.tokens + seconds * perSecond);
    bucket.atBootNs = Math.max(bucket.atBootNs, atBootNs);
    return bucket;
  }

  takeWithheld(): Withheld[] {
    if (this.#withheld.size === 0) return [];
    const taken = [...this.#withheld.values()];
    this.#withheld.clear();
    return taken;
  }
}
