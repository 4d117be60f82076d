/**
 * How long to wait after a failure: doubling from `delayMsMin` to `delayMsMax`, of which the upper half is jitter, so
 * that ten thousand sensors do not return to a restarted hub in the same instant. `chance` is in [0, 1).
 */
export interface BackoffRange {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

export function backoffMs(failures: number, range: BackoffRange, chance: number): number {
  // 2^30 times any sensible minimum is beyond any sensible maximum; the bound keeps the power finite.
  const full = Math.min(range.delayMsMax, range.delayMsMin * 2 ** Math.min(failures, 30));
  return Math.round(full / 2 + (full / 2) * chance);
}
