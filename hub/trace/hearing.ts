/**
 * What registries said of images a moment ago, for admission: the same image is asked for by each of its pods, and the API server waits. How long an
 * answer counts depends on what can change about it. In memory and bounded: after a restart it is asked for again.
 */
import type { Said } from './said.ts';

export type HeardSaid = Pick<Said, 'image' | 'signature'>;

/** One image as it is asked for. */
export interface Asked {
  readonly reference: string;
  /** Empty: by its tag. */
  readonly digest: string;
  readonly platform: string;
}

const keptMax = 2000;
/** Nobody answered: the next pod may have more luck. */
const unansweredMs = 3000;
/** Tags move, and who signs after the push wants to be admitted soon after. */
const changingMs = 10_000;
/** A digest that is signed stays so. */
const settledMs = 600_000;
/** Docker's own registry counts each manifest as a pull, and few are free. */
const countedMs = 600_000;

export class Hearing {
  readonly #kept = new Map<string, { readonly atMs: number; readonly said: HeardSaid }>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  keep(asked: Asked, said: HeardSaid): void {
    const key = keyOf(asked);
    this.#kept.delete(key);
    this.#kept.set(key, { atMs: this.#clock(), said });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptMax) break;
      this.#kept.delete(oldest);
    }
  }

  /** What counts as said now. */
  fresh(asked: Asked): HeardSaid | null {
    const kept = this.#kept.get(keyOf(asked));
    return kept !== undefined && this.#clock() - kept.atMs < freshMs(asked, kept.said) ? kept.said : null;
  }

  /** Of a digest also what was said long ago: it is still the same image. */
  lasting(asked: Asked): HeardSaid | null {
    const kept = asked.digest === '' ? undefined : this.#kept.get(keyOf(asked));
    return kept?.said.signature?.verdict === 'signed' ? kept.said : null;
  }

  /** Keys or registries are others now. */
  clear(): void {
    this.#kept.clear();
  }
}

function keyOf({ reference, digest, platform }: Asked): string {
  return `${reference}@${digest} ${platform}`;
}

function freshMs({ reference, digest }: Asked, { image, signature }: HeardSaid): number {
  if (image.state === 'unknown' || signature?.verdict === 'unknown') return unansweredMs;
  if (reference.startsWith('docker.io/')) return countedMs;
  return digest !== '' && signature?.verdict === 'signed' ? settledMs : changingMs;
}
