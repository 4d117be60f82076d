/**
 * Whether a condition can be decided in the kernel, and how. The kernel knows two things of an execution: the origin
 * class of the executed file, and which container it is in. A condition that reads nothing else is folded: for one
 * container's facts it is evaluated once for each origin, so the kernel form agrees with the condition by construction.
 * Any other fact has no atom there, and says so.
 */
import { fileOrigins, type FileOrigin } from '@vedette/model/policy';
import type { Condition } from './condition.ts';
import { originFact, unknownContainer, unknownExecution, type ContainerFacts } from './facts.ts';

/** Origins the kernel judges. A host process is in no container; what cannot be judged must not be killed. */
export const kernelOrigins = ['image', 'modified', 'dropped', 'memory', 'volume'] as const;
export type KernelOrigin = (typeof kernelOrigins)[number];

/** What is stopped in a container that must not run at all: there it does not matter whether the file can be judged. */
export const everyOrigin = [...kernelOrigins, 'unjudged'] as const;
export type StoppedOrigin = (typeof everyOrigin)[number];

/** For one container: the origins for which the condition holds, and those for which a fact is missing. */
export interface OriginSets {
  readonly holds: ReadonlySet<KernelOrigin>;
  readonly unknown: ReadonlySet<KernelOrigin>;
}

export type KernelForm =
  | { readonly kind: 'kernel'; originsOf(container: ContainerFacts): OriginSets }
  | { readonly kind: 'none'; readonly missing: string };

export function kernelFormOf(condition: Condition): KernelForm {
  const outside = [...condition.references].filter((name) => name !== originFact && !name.startsWith('container.'));
  if (outside.length > 0) return { kind: 'none', missing: `the kernel has no atom for ${outside.join(', ')}` };
  const named = wronglyNamed(condition);
  if (named !== null) return { kind: 'none', missing: named };
  return { kind: 'kernel', originsOf: (container) => originSets(condition, container) };
}

function originSets(condition: Condition, container: ContainerFacts): OriginSets {
  const holds = new Set<KernelOrigin>();
  const unknown = new Set<KernelOrigin>();
  for (const origin of kernelOrigins) {
    const { value } = condition.evaluate({ execution: { ...unknownExecution, origin }, container });
    if (value === true) holds.add(origin);
    if (value === 'unknown') unknown.add(origin);
  }
  return { holds, unknown };
}

const neverKilled: Readonly<Partial<Record<FileOrigin, string>>> = {
  host: 'it holds for the origin host: processes of the host are never judged by a policy about containers',
  unjudged: 'it holds for the origin unjudged: such a file cannot be judged, and what cannot be judged is not killed',
};

/** A condition that asks for host or unjudged by name would never be met; `!= "image"` merely does not reach them. */
function wronglyNamed(condition: Condition): string | null {
  for (const origin of fileOrigins) {
    const reason = neverKilled[origin];
    if (reason === undefined || !condition.literals.has(origin)) continue;
    const { value } = condition.evaluate({ execution: { ...unknownExecution, origin }, container: unknownContainer });
    if (value !== false) return reason;
  }
  return null;
}
