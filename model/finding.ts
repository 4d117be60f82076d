/** What the sensor's steps hand to shipping: a matched rule, a decided policy. */
import type { FileOrigin, PolicyMode, RunAction } from './policy.ts';
import type { Execution } from './process.ts';

export interface VerdictFound {
  /** Stable: the same act reported twice has the same id. */
  readonly id: string;
  readonly policy: string;
  readonly rule: string;
  readonly generation: number;
  readonly mode: Exclude<PolicyMode, 'off'>;
  readonly action: RunAction;
  /** The kernel queued the signal, or the loader confirmed the kill. */
  readonly applied: boolean;
  readonly origin: FileOrigin;
  readonly atBootNs: number;
  readonly execution: Execution;
  readonly identityPending: boolean;
  /** Of a verdict about the image: what is wrong with it, in the hub's words. */
  readonly reason: string | null;
}

export interface DetectionFound {
  readonly id: string;
  readonly rule: string;
  readonly priority: string;
  readonly tags: readonly string[];
  readonly output: string;
  readonly fields: readonly { readonly name: string; readonly value: string | null }[];
  readonly eventClass: string;
  readonly atBootNs: number;
  readonly execution: Execution;
  readonly identityPending: boolean;
}
