/**
 * What the kernel is told of one container: which origins of an executed file are killed, which would be, and which rule
 * answers for each. The numbers of rules are small and mean something only within one generation.
 */
import type { FileOrigin } from './policy.ts';

export interface KernelDecision {
  readonly generation: number;
  readonly kill: Partial<Record<FileOrigin, number>>;
  readonly shadow: Partial<Record<FileOrigin, number>>;
}
