/**
 * A workload at another number of replicas. The former number is written into an annotation under the effect's id in the same change, so that done twice it is done
 * once and what stood there before is never forgotten. Taking it back restores the number unless somebody has changed it since.
 */
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { annotationOf, at, changedMeanwhile, ofProblem, refused, tooLate, untilUnchanged, type Again, type Asked, type EnforceDoors, type Outcome } from './orders.ts';
import { workloadPath, type WorkloadName } from './workload.ts';

const scalable: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'ReplicaSet']);

export async function scaleWorkload(doors: EnforceDoors, order: WorkloadName & { readonly replicas: number }, asked: Asked): Promise<Outcome> {
  if (!scalable.has(order.workloadKind)) return refused(`a ${order.workloadKind} has no number of replicas`);
  const path = workloadPath(order);
  if (path === undefined) return refused(`a ${order.workloadKind} cannot be changed`);
  return untilUnchanged(() => once(doors, order, asked, path));
}

const replicasOf = (object: KubernetesObject): number => {
  const replicas = at(object, 'spec', 'replicas');
  return typeof replicas === 'number' ? replicas : 1;
};

async function once({ kubernetes }: EnforceDoors, order: WorkloadName & { readonly replicas: number }, { id, undo, dryRun, isLate }: Asked, path: string): Promise<Outcome | Again> {
  const held = await kubernetes.get(path);
  if (held.kind === 'problem') return held.status === 404 ? refused('the workload is gone') : ofProblem(held, 'the workload cannot be read');
  const key = annotationOf(id);
  const noted = held.value.metadata.annotations[key];
  const before = noted === undefined ? null : Number(at(parsed(noted), 'replicas'));
  const now = replicasOf(held.value);
  if (undo && before === null) return { state: 'not-needed', detail: 'it was not scaled by this effect', evidence: { replicas: now } };
  if (!undo && before !== null) {
    const evidence = { before, replicas: now, uid: held.value.metadata.uid };
    return { state: 'applied', detail: now === order.replicas ? `scaled from ${before} to ${now}, read back` : `it was scaled from ${before} to ${order.replicas}, and somebody has set it to ${now} since`, evidence };
  }
  if (!undo && now === order.replicas) return { state: 'not-needed', detail: `it has ${now} replicas already`, evidence: { replicas: now } };
  if (!undo && isLate) return tooLate;
  const changedSince = undo && now !== order.replicas;
  const target = undo ? (changedSince ? now : (before ?? now)) : order.replicas;
  const { resourceVersion } = held.value.metadata;
  const patch = { metadata: { resourceVersion, annotations: { [key]: undo ? null : JSON.stringify({ replicas: now }) } }, spec: { replicas: target } };
  const done = await kubernetes.patch(path, patch, 'merge', dryRun ? { dryRun: 'All' } : undefined);
  if (done.kind === 'problem') return done.status === 409 ? changedMeanwhile : ofProblem(done, 'the workload cannot be changed');
  if (dryRun) return { state: 'applied', detail: `the API server would scale it from ${now} to ${target}`, evidence: { before: now, replicas: target } };
  const back = await kubernetes.get(path);
  if (back.kind === 'problem') return ofProblem(back, 'what was written could not be read back');
  const evidence = { before: undo ? order.replicas : now, replicas: replicasOf(back.value), uid: back.value.metadata.uid };
  if (replicasOf(back.value) !== target) return { state: 'failed', detail: `it has ${replicasOf(back.value)} replicas after it was set to ${target}: something else sets it`, evidence };
  if (changedSince) return { state: 'not-needed', detail: `somebody has set it to ${now} since: it stays so`, evidence };
  return { state: 'applied', detail: `scaled from ${now} to ${target}, read back`, evidence };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
