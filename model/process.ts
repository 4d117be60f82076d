/**
 * Processes and executions as the sensor's steps hand them on. A process is (boot, thread-group id, start); an execution
 * is one program that it runs, told apart by the kernel's exec counter, since one process runs several.
 */
import type { KernelOrigin, Reference } from './event.ts';

/** Who came in by kubectl exec or attach. */
export interface KubernetesUser {
  readonly sessionId: string;
  readonly user: string;
  /** To a process that ran before: what it does since may be theirs. */
  readonly attached: boolean;
}

/** One program run by one process. Immutable but for its end, its container, who it runs as and where it stands, and what its exec record adds to a snapshot's. */
export interface Execution {
  readonly tgid: number;
  readonly startBootNs: number;
  readonly execId: number;
  readonly parent: Execution | null;
  readonly path: string;
  readonly filename: string;
  readonly arguments: readonly string[];
  readonly argumentsTruncated: boolean;
  workingDirectory: string;
  readonly command: string;
  uid: number;
  gid: number;
  readonly containerUid: number;
  readonly loginUid: number;
  readonly pidInNamespace: number;
  readonly parentPidInNamespace: number;
  readonly terminal: number;
  sessionId: number;
  readonly origin: KernelOrigin;
  capEffectiveHigh: number;
  capEffectiveLow: number;
  capPermittedHigh: number;
  capPermittedLow: number;
  /** Id of its process group; 0: not known. */
  processGroup: number;
  readonly ctimeNs: number;
  readonly executedBootNs: number;
  readonly presentAtStart: boolean;
  readonly isKernelThread: boolean;
  readonly inHostMounts: boolean;
  /** Forked and not yet executed anything of its own: runs its parent's program. */
  readonly isFork: boolean;
  exitedBootNs: number;
  exitCode: number;
  exitSignal: number;
  /** The container it ran in, by the cgroup of its first record; null: host. */
  containerId: string | null;
  /** Who began the tree that it is of: one, or one of these; absent: nobody who is known. */
  kubernetesUsers?: readonly KubernetesUser[];
}

export function executionKey(of: Reference): string {
  return `${of.tgid}-${of.startBootNs}-${of.execId}`;
}

/** From the oldest known ancestor to the execution itself, at most `depthMax` of them (the nearest ones). */
export function lineage(execution: Execution, depthMax = 32): Execution[] {
  const chain: Execution[] = [];
  for (let one: Execution | null = execution; one !== null && chain.length < depthMax; one = one.parent) chain.unshift(one);
  return chain;
}
