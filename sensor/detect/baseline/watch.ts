/**
 * Baselines in force, as the hub has told them, and the question whether an act is in the one of its container. What is not becomes a detection
 * "First seen: …", or "Drift: …" where the executed file did not come with the image. A container without a baseline in force is not judged, one
 * that nobody knows yet is pending. Pure.
 */
import type { BaselineInForce, Behaviour } from '@vedette/model/baseline';
import type { Container } from '@vedette/model/container';
import type { DetectionFound } from '@vedette/model/finding';
import { executionKey, type Execution } from '@vedette/model/process';
import { enforcementOf, type DriftOrigin } from '@vedette/policy/baseline/enforcement';
import { Behaviours, behaviourKey, behavioursMax } from '@vedette/policy/baseline/behaviours';
import { behaviourText, nearbySentence } from '@vedette/policy/baseline/nearby';

export interface Act {
  readonly behaviour: Behaviour;
  readonly execution: Execution;
  readonly eventClass: string;
  readonly atBootNs: number;
}

interface InForce {
  readonly baseline: BaselineInForce;
  readonly behaviours: Behaviours;
  readonly drift: readonly DriftOrigin[];
}

interface Words {
  readonly rule: string;
  readonly priority: string;
  readonly tags: readonly string[];
}

export class BaselineWatch {
  #inForce: ReadonlyMap<string, InForce> = new Map();
  /** Images of which a workload of Kubernetes has a baseline in force. */
  #ownedDigests: ReadonlySet<string> = new Set();
  generation = 0;

  /** The whole set, which replaces the one before. Whether the kernel has to be told: one is, or was, enforced. */
  replace(baselines: readonly BaselineInForce[], generation: number): boolean {
    const hadEnforced = this.drift !== null;
    this.#inForce = new Map(baselines.map((baseline) => [scopeKey(baseline.platformDigest, baseline.namespace, baseline.workloadKind, baseline.workload), { baseline, behaviours: new Behaviours(baseline.behaviours, behavioursMax * 2), drift: enforcementOf(baseline.behaviours).origins }]));
    this.#ownedDigests = new Set(baselines.flatMap((one) => (one.workloadKind === '' ? [] : [one.platformDigest])));
    this.generation = generation;
    return hadEnforced || this.drift !== null;
  }

  /** Origins of executed files that a container's baseline, where it is enforced, knows none of; null: none is enforced. */
  get drift(): ((container: Container) => readonly DriftOrigin[]) | null {
    if (![...this.#inForce.values()].some(({ baseline }) => baseline.state === 'enforce')) return null;
    return (container) => {
      const found = this.#of(container);
      return found?.baseline.state === 'enforce' ? found.drift : [];
    };
  }

  /** Nobody knows its image yet, or nobody has said yet whose pod it is and that makes a difference. */
  isPending({ identity, pod }: Container): boolean {
    if (identity === null) return true;
    return identity.podName !== null && pod === undefined && identity.platformDigest !== null && this.#ownedDigests.has(identity.platformDigest);
  }

  judge(act: Act, container: Container): DetectionFound[] {
    const found = this.#of(container);
    if (found === null || found.behaviours.has(act.behaviour)) return [];
    const { behaviour, execution } = act;
    const { rule, priority, tags } = wordsFor(behaviour, found.behaviours);
    const nearby = nearbySentence(behaviour, found.behaviours);
    const { baseline } = found;
    const workload = baseline.namespace === '' ? baseline.workload : `${baseline.namespace}/${baseline.workload}`;
    const fields = { 'baseline.behaviour': behaviourText(behaviour), 'baseline.kind': behaviour.kind, 'baseline.expected': nearby, 'baseline.workload': workload, 'baseline.state': baseline.state, 'image.digest': baseline.platformDigest, 'proc.exepath': execution.path };
    return [{
      // the same behaviour, told again after a restart, is the same detection of this process
      id: `${executionKey(execution)}-${act.atBootNs}-${rule}-${behaviourKey(behaviour).slice(0, 100)}`,
      rule, priority, tags,
      output: `${sentence(behaviour, execution)}, which the baseline of ${workload} does not hold. ${nearby}.`,
      fields: Object.entries(fields).map(([name, value]) => ({ name, value })),
      eventClass: act.eventClass, atBootNs: act.atBootNs, execution, identityPending: false,
    }];
  }

  #of(container: Container): InForce | null {
    const { identity } = container;
    if (this.#inForce.size === 0 || identity === null || identity.platformDigest === null) return null;
    const [namespace, kind, name] = workloadOf(container);
    return this.#inForce.get(scopeKey(identity.platformDigest, namespace, kind, name)) ?? null;
  }
}

/** As the hub names the workload of a container. */
function workloadOf({ id, identity, pod }: Container): readonly [namespace: string, kind: string, name: string] {
  const podName = identity?.podName ?? pod?.name ?? '';
  if (podName === '') return ['', '', identity?.name === undefined || identity.name === '' ? id.slice(0, 12) : identity.name];
  const namespace = identity?.podNamespace ?? pod?.namespace ?? '';
  return pod !== undefined && pod.workloadKind !== '' && pod.workloadName !== '' ? [namespace, pod.workloadKind, pod.workloadName] : [namespace, '', podName];
}

function scopeKey(digest: string, namespace: string, kind: string, workload: string): string {
  return `${digest}\0${namespace}\0${kind}\0${workload}`;
}

const fromElsewhere: Partial<Record<string, string>> = {
  modified: 'a file of the image that was changed in this container',
  dropped: 'a file that did not come with the image',
  memory: 'a file that exists in memory alone',
};

function wordsFor(behaviour: Behaviour, learned: Behaviours): Words {
  switch (behaviour.kind) {
    case 'execution': {
      if (behaviour.origin in fromElsewhere) return { rule: 'Drift: program not from the image', priority: 'error', tags: ['baseline', 'drift', 'T1105'] };
      for (const one of learned) if (one.kind === 'execution' && one.path === behaviour.path) return { rule: 'First seen: arguments, parent or user of a program', priority: 'notice', tags: ['baseline'] };
      return { rule: 'First seen: program', priority: 'warning', tags: ['baseline', 'T1059'] };
    }
    case 'file':
      return { rule: 'First seen: written file', priority: 'notice', tags: ['baseline'] };
    case 'peer':
      return behaviour.direction === 'listen' ? { rule: 'First seen: listening port', priority: 'warning', tags: ['baseline'] } : { rule: behaviour.direction === 'out' ? 'First seen: peer' : 'First seen: who connects', priority: behaviour.direction === 'out' ? 'warning' : 'notice', tags: ['baseline', ...(behaviour.direction === 'out' ? ['T1071'] : [])] };
    case 'capability':
      return { rule: 'First seen: capability', priority: 'warning', tags: ['baseline', 'T1548'] };
    default:
      return behaviour satisfies never;
  }
}

function sentence(behaviour: Behaviour, execution: Execution): string {
  const by = execution.path === '' ? 'A process' : execution.path;
  switch (behaviour.kind) {
    case 'execution': {
      const drift = fromElsewhere[behaviour.origin];
      return `${behaviourText(behaviour)} was executed${drift === undefined ? '' : ` (${drift})`}`;
    }
    case 'file':
      return `${by} wrote ${behaviour.path}`;
    case 'peer':
      return behaviour.direction === 'listen' ? `${by} ${behaviourText(behaviour)}` : `${by} ${behaviour.direction === 'out' ? 'connected' : 'was connected to'} ${behaviourText(behaviour)}`;
    case 'capability':
      return `${by} held ${behaviour.capability}`;
    default:
      return behaviour satisfies never;
  }
}
