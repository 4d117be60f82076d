/** Broken libscap captures as a target of fuzzing: each is read to its end, or refused with a place. */
import { CaptureFuzz } from '@vedette/capture/testing/fuzz';
import type { FuzzTarget } from './target.ts';

export function captureTarget(seed: number): FuzzTarget {
  const fuzz = new CaptureFuzz(seed);
  return (index) => ({ kind: 'capture', take: () => fuzz.take(index).readWhole, shown: () => fuzz.bytes(index).toString('hex').slice(0, 4000) });
}
