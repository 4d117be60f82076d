/** What is done again and again: one run of a kind at a time, a failure is said and the next round tries again. */
import type { Log } from './log.ts';

export class Rounds {
  readonly #log: Log;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<unknown>>();
  #stopped = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The first run is at once, each further one `milliseconds` after the end of the one before. */
  every(name: string, milliseconds: number, work: () => Promise<unknown>): void {
    const round = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (!this.#stopped) this.#log('error', `the round "${name}" failed`, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
      if (this.#stopped) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        start();
      }, milliseconds);
      this.#timers.add(timer);
    };
    const start = (): void => {
      const running = round().finally(() => this.#running.delete(running));
      this.#running.add(running);
    };
    start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#running);
  }
}
