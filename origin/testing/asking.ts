/** The world for tests: the real fetch, no real waiting, short patience. */
import type { Asking, Fetch } from '../ask/ask.ts';

export interface TestAsking extends Asking {
  readonly slept: number[];
  nowMs: number;
}

export function testAsking(options: { readonly timeoutMs?: number; readonly fetch?: Fetch } = {}): TestAsking {
  const self: TestAsking = {
    fetch: options.fetch ?? fetch,
    slept: [],
    nowMs: Date.parse('2026-03-04T00:00:00Z'),
    clock: () => self.nowMs,
    sleep: async (ms) => {
      self.slept.push(ms);
      self.nowMs += ms;
    },
    timeoutMs: options.timeoutMs ?? 5000,
    waitMsMax: 10_000,
  };
  return self;
}
