/** Waits for something to become true, and says how long it took. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Waited<T> {
  /** null: it did not happen in time. */
  readonly value: T | null;
  readonly ms: number;
}

export async function until<T>(look: () => Promise<T | null | undefined | false>, timeoutMs: number, everyMs = 50): Promise<Waited<T>> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    const ms = Math.round(performance.now() - begun);
    if (found !== null && found !== undefined && found !== false) return { value: found, ms };
    if (ms > timeoutMs) return { value: null, ms };
    await sleep(everyMs);
  }
}
