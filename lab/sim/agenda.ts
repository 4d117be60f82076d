/** What happens next, by simulated time: a binary heap. Equal times keep the order in which they were entered. */
interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Agenda {
  nowMs = 0;
  steps = 0;
  readonly #heap: Entry[] = [];
  #order = 0;

  after(delayMs: number, run: () => void): void {
    this.#order += 1;
    const entry: Entry = { atMs: this.nowMs + delayMs, order: this.#order, run };
    const heap = this.#heap;
    heap.push(entry);
    for (let at = heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!before(heap[at]!, heap[parent]!)) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** Runs what is due until that time. */
  runUntil(endMs: number): void {
    for (let entry = this.#heap[0]; entry !== undefined && entry.atMs <= endMs; entry = this.#heap[0]) {
      this.#takeFirst();
      this.nowMs = entry.atMs;
      this.steps += 1;
      entry.run();
    }
    this.nowMs = endMs;
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const child = left + 1 < heap.length && before(heap[left + 1]!, heap[left]!) ? left + 1 : left;
      if (!before(heap[child]!, heap[at]!)) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
