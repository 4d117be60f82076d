/**
 * The exposure facts of a package or vulnerability in one run (workload × image): four independent facts, each yes,
 * no, unknown or not applicable, never folded into one ladder. *Loaded* is the one this file derives: from what the
 * sensor reported of each container of the run to the one answer that is shown.
 */
export type Fact = 'yes' | 'no' | 'unknown' | 'not-applicable';

/** What is known of *loaded* for one package in one run. `observedSeconds` is the time watched without loss. */
export type LoadedFact =
  | { readonly state: 'yes' }
  | { readonly state: 'not-seen'; readonly observedSeconds: number }
  | { readonly state: 'no'; readonly observedSeconds: number }
  | { readonly state: 'unknown'; readonly reason: string };

/** One container's observation, as the store keeps it. */
export interface Observation {
  readonly loaded: boolean;
  readonly seenFromStart: boolean;
  readonly recordsLost: number;
  readonly observedSeconds: number;
}

/** "Not seen" becomes "no" after this long watched from process start without loss. */
export const notLoadedAfterSeconds = 24 * 3600;

/**
 * Unites the containers of a run. One yes is enough. One container that started before the sensor, or whose records
 * were lost, makes everything short of yes unknown. Otherwise the longest observation speaks: the containers of a run run
 * the same program, and what one of them did not load in a day is better known than what its new sibling has not yet.
 */
export function loadedFact(observations: readonly Observation[], noAfterSeconds = notLoadedAfterSeconds): LoadedFact {
  if (observations.some((one) => one.loaded)) return { state: 'yes' };
  if (observations.length === 0) return { state: 'unknown', reason: 'not watched' };
  if (observations.some((one) => !one.seenFromStart)) {
    return { state: 'unknown', reason: 'a process of this run started before the sensor' };
  }
  const lost = observations.reduce((sum, one) => sum + one.recordsLost, 0);
  if (lost > 0) return { state: 'unknown', reason: `${lost} records of this run were lost` };
  const observedSeconds = Math.max(...observations.map((one) => one.observedSeconds));
  return { state: observedSeconds >= noAfterSeconds ? 'no' : 'not-seen', observedSeconds };
}
