/** Why a package counts as loaded: which file of it, by whom, when. */
import type { Reference } from './event.ts';

export type LoadKind = 'executed' | 'mapped' | 'opened';

export interface LoadEvidence {
  readonly packageIndex: number;
  readonly kind: LoadKind;
  readonly path: string;
  readonly readerPath: string;
  readonly reader: Reference;
  readonly atBootNs: number;
}

/** One container's observation against one inventory revision, as reported to the hub. */
export interface LoadedReport {
  readonly containerId: string;
  readonly revision: string;
  /** Bit n, least significant first: package n was loaded. */
  readonly loaded: Uint8Array;
  /** For the bits that are new since the last report. */
  readonly evidence: readonly LoadEvidence[];
  readonly observedFromBootNs: number;
  readonly observedUntilBootNs: number;
  readonly seenFromStart: boolean;
  readonly recordsLost: number;
}
