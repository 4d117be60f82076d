/** A round of canaries: a harmless act of each class of events, and which of them came back through the hooks. */
export interface CanaryClass {
  readonly eventClass: string;
  /** `impossible`: no such act can be done on this host. */
  readonly outcome: 'seen' | 'missing' | 'impossible';
  readonly reason: string;
}

export interface CanaryRound {
  readonly round: number;
  /** Until the next one. */
  readonly intervalMs: number;
  readonly atBootNs: number;
  readonly classes: readonly CanaryClass[];
  /** Why no act was done at all; empty: they were. */
  readonly problem: string;
}
