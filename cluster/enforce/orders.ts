/** What the cluster part is asked to do, and how it ended: the words that all handlers of this step share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EffectCommand } from '@vedette/model/wire/generated/link_pb';
import type { Kubernetes, KubernetesProblem } from '../kubernetes/client.ts';

export interface Outcome {
  readonly state: 'applied' | 'not-needed' | 'refused' | 'failed';
  /** One sentence. */
  readonly detail: string;
  readonly evidence: unknown;
}

export interface NetworkEnforcement {
  readonly enforcement: 'enforced' | 'not-enforced' | 'unknown';
  readonly evidence: string;
}

export interface EnforceDoors {
  readonly kubernetes: Kubernetes;
  /** Whether this cluster's network does what NetworkPolicies say. */
  readonly network: () => NetworkEnforcement;
  /** Where nothing is ever changed. */
  readonly excludedNamespaces: readonly string[];
  readonly nowMs: () => number;
}

/** What a handler is given beside its order. */
export interface Asked {
  readonly id: string;
  readonly undo: boolean;
  readonly dryRun: boolean;
  /** Not to be begun any more. What was begun before is told as it is, and finished. */
  readonly isLate: boolean;
}

export const tooLate: Outcome = { state: 'refused', detail: 'it was asked for too late: its time is over, and nothing was begun', evidence: null };

export type Order = NonNullable<EffectCommand['kind']>;

/** On every object that an effect changed: what stood there before, by the effect's id. */
export const annotationOf = (id: string): string => `vedette.dev/effect-${id}`;

export const refused = (detail: string, evidence: unknown = null): Outcome => ({ state: 'refused', detail, evidence });

/** What the API server refuses for good is refused; what may pass by itself is failed and asked for again. */
export function ofProblem(problem: KubernetesProblem, what: string): Outcome {
  const forGood = problem.status === 403 || problem.status === 404 || problem.status === 405 || problem.status === 422 || problem.status === 400;
  const advice = problem.status === 403 ? '; the cluster part may not do this: see the chart\'s ClusterRole' : '';
  return { state: forGood ? 'refused' : 'failed', detail: `${what}: ${problem.message === '' ? problem.reason : problem.message}${advice}`.slice(0, 500), evidence: { status: problem.status, reason: problem.reason } };
}

const triesMax = 8;
const firstWaitMs = 50;

/**
 * Reads and writes until nobody has changed the object in between: controllers write the status of a workload all the time while it rolls out. The waits
 * grow to seconds in all; a workload that changes for longer is asked for again by the hub.
 */
export async function untilUnchanged(once: () => Promise<Outcome | Again>): Promise<Outcome> {
  let why = '';
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (tries > 0) await sleep(firstWaitMs * 2 ** (tries - 1));
    const outcome = await once();
    if ('state' in outcome) return outcome;
    why = outcome.again;
  }
  return { state: 'failed', detail: why, evidence: null };
}

/** Why it was not done and may be done in a moment. */
export interface Again {
  readonly again: string;
}

export const changedMeanwhile: Again = { again: 'the workload changes faster than it can be written' };

/** A part of an object, by names. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const name of path) found = typeof found === 'object' && found !== null ? (found as Readonly<Record<string | number, unknown>>)[name] : undefined;
  return found;
}

export const encode = encodeURIComponent;
