/**
 * Falco's cost on the same loads, measured once (Falco 0.44.1, libs 0.25.4, modern eBPF, 8 MiB of ring, official rules 5.1.0, kernel 6.18, two
 * processors that nobody else used; loads at 0.35 of their size, five pairs, order alternating; events are what its probe saw, those that it
 * dropped included). The bench sets ours beside them.
 */
import type { LoadName } from './loads.ts';

export interface FalcoCost {
  /** Seconds of the load with it against without, median. */
  readonly slowdown: number;
  /** The same of the load's kernel seconds. */
  readonly kernelSlowdown: number;
  readonly cpuSeconds: number;
  readonly events: number;
  readonly dropped: number;
}

/** Of this size the loads were, and events and processor seconds are of it. */
export const falcoScale = 0.35;

export const falcoCosts: Readonly<Record<LoadName, FalcoCost>> = {
  exec1: { slowdown: 1.1, kernelSlowdown: 0.42 / 0.35, cpuSeconds: 0.43, events: 12_625, dropped: 0 },
  exec2: { slowdown: 1.43, kernelSlowdown: 0.54 / 0.41, cpuSeconds: 0.42, events: 20_426, dropped: 0 },
  file1: { slowdown: 1.6, kernelSlowdown: 2.25 / 1.4, cpuSeconds: 2.8, events: 1_051_105, dropped: 444_517 },
  net1: { slowdown: 1.25, kernelSlowdown: 1.47 / 1.4, cpuSeconds: 0.2, events: 85_095, dropped: 0 },
  mixed: { slowdown: 1.02, kernelSlowdown: 2.6 / 2.41, cpuSeconds: 0.76, events: 52_959, dropped: 0 },
};

export const falco = {
  /** From an act to the line of its alert, nothing else going on. */
  alertMs: { p50: 22.9, p90: 24.9, max: 30.4 },
  startSeconds: 2.5,
  rssMib: '64 to 78',
  replayEventsPerSecond: 160_000,
} as const;
