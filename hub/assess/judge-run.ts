/** What is known of the packages of a run whose bit is not set, from the observations of its living containers. Pure. */
import { loadedFact } from '@vedette/model/exposure';
import { have, plural } from '@vedette/model/words';

export interface WatchedRun {
  readonly living: number;
  readonly observations: readonly { readonly seen_from_start: boolean; readonly records_lost: number; readonly observed_seconds: number }[];
}

export interface Unloaded {
  readonly unloaded: 'not-seen' | 'no' | 'unknown';
  readonly unloaded_reason: string | null;
  readonly observed_seconds: number;
}

/** A container that reports nothing yet may have loaded anything, so it makes the whole run unknown. */
export function judgeUnloaded(run: WatchedRun): Unloaded {
  const observations = run.observations.map((one) => ({ loaded: false, seenFromStart: one.seen_from_start, recordsLost: one.records_lost, observedSeconds: one.observed_seconds }));
  const silent = run.living - observations.length;
  const fact = loadedFact(observations);
  switch (fact.state) {
    case 'yes':
      throw new RangeError('a run without set bits cannot be loaded');
    case 'unknown':
      return { unloaded: 'unknown', unloaded_reason: fact.reason, observed_seconds: 0 };
    case 'not-seen':
    case 'no':
      if (silent > 0) return { unloaded: 'unknown', unloaded_reason: `${silent} of ${plural(run.living, 'container')} of this run ${have(silent)} not reported loading yet`, observed_seconds: 0 };
      return { unloaded: fact.state, unloaded_reason: null, observed_seconds: fact.observedSeconds };
    default:
      return fact satisfies never;
  }
}
