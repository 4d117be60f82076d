/** What the pipeline asks of the world: it never asks itself, so that a recording gives the same output every time. */
import type { Container, RuntimeName } from '@vedette/model/container';
import type { CgroupKey } from '@vedette/model/event';
import type { VerdictFound } from '@vedette/model/finding';
import type { Command } from './enforce/commands.ts';

export interface PipelineEffects {
  /** Ask the runtimes who this is; the answer comes by `identified`. */
  identify(container: Container, hint: RuntimeName | null): void;
  command(command: Command): void;
  /** Kill the verdict's process; the answer comes by `verdictComplete`. */
  kill(verdict: VerdictFound): void;
  /** A container that a runtime's own state places at this cgroup path, for names that people chose. */
  knownContainer(cgroupPath: string, key: CgroupKey): { id: string; runtime: RuntimeName } | null;
  /** What the symbolic link at this path says, in the root of that process; null: there is none. */
  linkOf?(tgid: number, path: string): string | null;
}
