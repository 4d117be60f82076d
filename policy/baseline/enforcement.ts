/**
 * How much of a baseline can be enforced: the kernel's decision at an execution knows where the executed file came from and nothing else, so what can
 * be stopped are programs of origins that the baseline has never seen. For everything else it is said what is missing. Pure.
 */
import type { Behaviour } from '@vedette/model/baseline';
import type { ExecutedOrigin } from '@vedette/model/baseline-words';
import { behaviourText } from './nearby.ts';

export const driftOrigins = ['modified', 'dropped', 'memory'] as const satisfies readonly ExecutedOrigin[];
export type DriftOrigin = (typeof driftOrigins)[number];

const what: Readonly<Record<DriftOrigin, string>> = {
  modified: 'programs of the image that were changed in the container',
  dropped: 'programs that did not come with the image',
  memory: 'programs that exist in memory alone',
};

export interface Enforcement {
  readonly origins: readonly DriftOrigin[];
  readonly stops: readonly string[];
  readonly cannotStop: readonly { readonly what: string; readonly missing: string }[];
}

export function enforcementOf(behaviours: Iterable<Behaviour>): Enforcement {
  const usual = new Map<string, Behaviour>();
  for (const one of behaviours) if (one.kind === 'execution' && !usual.has(one.origin)) usual.set(one.origin, one);
  const origins = driftOrigins.filter((one) => !usual.has(one));
  return {
    origins,
    stops: origins.map((one) => `${what[one]}: killed before their first instruction`),
    cannotStop: [
      ...driftOrigins.flatMap((one) => {
        const usually = usual.get(one);
        return usually === undefined ? [] : [{ what: what[one], missing: `the baseline holds ${behaviourText(usually)}, and the kernel cannot tell it from others: it has no atom for the path of the executed file` }];
      }),
      { what: 'other programs of the image, other arguments, parents and users', missing: 'the kernel has no atom for the path, the arguments, the parent or the user of an execution' },
      { what: 'files written elsewhere', missing: 'nothing refuses an open for writing' },
      { what: 'other peers and ports', missing: 'connections are refused by isolating a whole container only' },
      { what: 'other capabilities', missing: 'nothing takes a capability away' },
    ],
  };
}
