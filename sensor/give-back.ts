/**
 * Memory that only a beginning needed (the compilation of modules, the snapshot of what runs, rules while they are read) is given back once
 * things are quiet, and what a storm left some time after it: V8 keeps what it has until it needs to collect, which may be never on a quiet
 * node, and these pages would be missing there. A beginning also goes through V8's sparing mode (`--optimize-for-size` among the flags), in
 * which code runs half as fast; it ends here. In a storm the small young generation promotes what is dead a moment later: left to V8 that is 100 MiB and more
 * before it looks. A whole collection takes a tenth of a second, so it is asked for three times a minute at most.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const quietMs = 1500;
const stormMs = 20_000;
/** More than after the last collection, by half of it. */
const grown = 1.5;

type Collect = (options: { readonly type: 'major'; readonly execution: 'sync'; readonly flavor: 'regular' | 'last-resort' }) => void;

export class GiveBack {
  #timer: NodeJS.Timeout | undefined;
  #collect: Collect | null = null;
  #heapBytes = Number.POSITIVE_INFINITY;
  #collectedAtMs = 0;

  /** Something large is over. What follows within a moment is waited for. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now('last-resort'), quietMs).unref();
  }

  /** Now and then: has much been kept since the last time? */
  watch(): void {
    if (performance.now() - this.#collectedAtMs < stormMs || getHeapStatistics().total_physical_size < this.#heapBytes * grown) return;
    this.#now('regular');
  }

  #now(flavor: 'regular' | 'last-resort'): void {
    if (this.#collect === null) {
      setFlagsFromString('--expose-gc');
      this.#collect = runInNewContext('gc') as Collect;
    }
    // a last resort would throw away what was compiled too, half a MiB, and the first load would compile all of it again
    setFlagsFromString('--no-flush-bytecode');
    this.#collect({ type: 'major', execution: 'sync', flavor });
    setFlagsFromString('--flush-bytecode');
    setFlagsFromString('--no-optimize-for-size');
    this.#heapBytes = getHeapStatistics().total_physical_size;
    this.#collectedAtMs = performance.now();
  }
}
