/**
 * A pod apart from the network: a label on the pod and a NetworkPolicy that selects it and allows nothing, both named by the effect. Done twice it is done once. What is
 * said is what was read back, with whether this cluster's network enforces it at all. Taking it back removes both and nothing else.
 */
import { at, encode, ofProblem, refused, tooLate, type Asked, type EnforceDoors, type Outcome } from './orders.ts';

const label = 'vedette.dev/isolated';
const nameOf = (id: string): string => `vedette-isolate-${id}`;

export interface PodOrder {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
}

function policyOf(order: PodOrder, id: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: nameOf(id), namespace: order.namespace, labels: { 'app.kubernetes.io/managed-by': 'vedette', 'vedette.dev/effect': id } },
    spec: { podSelector: { matchLabels: { [label]: id } }, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] },
  };
}

export async function isolatePod(doors: EnforceDoors, order: PodOrder, { id, undo, dryRun, isLate }: Asked): Promise<Outcome> {
  const podPath = `/api/v1/namespaces/${encode(order.namespace)}/pods/${encode(order.pod)}`;
  const policies = `/apis/networking.k8s.io/v1/namespaces/${encode(order.namespace)}/networkpolicies`;
  const policyPath = `${policies}/${nameOf(id)}`;
  return undo ? takeBack(doors, order, id, { podPath, policyPath }) : isolate(doors, order, { id, dryRun, isLate }, { podPath, policyPath });
}

interface Paths {
  readonly podPath: string;
  readonly policyPath: string;
}

async function isolate({ kubernetes, network }: EnforceDoors, order: PodOrder, { id, dryRun, isLate }: { id: string; dryRun: boolean; isLate: boolean }, { podPath, policyPath }: Paths): Promise<Outcome> {
  const pod = await kubernetes.get(podPath);
  if (pod.kind === 'problem') return pod.status === 404 ? refused('the pod is gone; its workload may run others') : ofProblem(pod, 'the pod cannot be read');
  const { metadata } = pod.value;
  if (order.podUid !== '' && metadata.uid !== order.podUid) return refused('the pod is gone, and another one has its name', { uid: metadata.uid });
  const other = metadata.labels[label];
  if (other !== undefined && other !== id) return { state: 'not-needed', detail: `the pod is isolated already, by the effect ${other}`, evidence: { label: other } };
  if (isLate && other !== id) return tooLate;
  const policy = policyOf(order, id);
  const applied = await kubernetes.apply(policyPath, policy, { dryRun });
  if (applied.kind === 'problem') return ofProblem(applied, 'the NetworkPolicy cannot be written');
  // The uid keeps it from another pod of that name.
  const labelled = await kubernetes.patch(podPath, { metadata: { uid: metadata.uid, labels: { [label]: id } } }, 'merge', dryRun ? { dryRun: 'All' } : undefined);
  if (labelled.kind === 'problem') return ofProblem(labelled, 'the pod cannot be labelled');
  const { enforcement, evidence: why } = network();
  if (dryRun) return { state: 'applied', detail: 'the API server would take it', evidence: { policy, network: enforcement, why } };
  const [policyBack, podBack] = [await kubernetes.get(policyPath), await kubernetes.get(podPath)];
  if (policyBack.kind === 'problem' || podBack.kind === 'problem') return { state: 'failed', detail: 'what was written could not be read back', evidence: null };
  const spec = at(policyBack.value, 'spec');
  // The API server leaves empty lists of rules out.
  const isWhole = at(spec, 'podSelector', 'matchLabels', label) === id && podBack.value.metadata.labels[label] === id && isEmpty(at(spec, 'ingress'), at(spec, 'egress'));
  const evidence = { policy: { namespace: order.namespace, name: nameOf(id), uid: policyBack.value.metadata.uid, spec }, pod: { uid: podBack.value.metadata.uid, label: podBack.value.metadata.labels[label] ?? null }, network: enforcement, why };
  if (!isWhole) return { state: 'failed', detail: 'what was read back is not what was written: something else changes it', evidence };
  return { state: 'applied', detail: enforcement === 'enforced' ? `applied and enforced by the network: ${why}` : enforcement === 'not-enforced' ? `applied, not enforced: ${why}` : `applied; whether it is enforced is not known: ${why}`, evidence };
}

function isEmpty(...lists: readonly unknown[]): boolean {
  return lists.every((one) => one === undefined || (Array.isArray(one) && one.length === 0));
}

async function takeBack({ kubernetes }: EnforceDoors, order: PodOrder, id: string, { podPath, policyPath }: Paths): Promise<Outcome> {
  const pod = await kubernetes.get(podPath);
  if (pod.kind === 'problem' && pod.status !== 404) return ofProblem(pod, 'the pod cannot be read');
  const isOurs = pod.kind === 'ok' && (order.podUid === '' || pod.value.metadata.uid === order.podUid) && pod.value.metadata.labels[label] === id;
  if (isOurs) {
    const freed = await kubernetes.patch(podPath, { metadata: { uid: pod.value.metadata.uid, labels: { [label]: null } } }, 'merge');
    if (freed.kind === 'problem' && freed.status !== 404) return ofProblem(freed, 'the label cannot be taken from the pod');
  }
  const policy = await kubernetes.get(policyPath);
  if (policy.kind === 'problem' && policy.status !== 404) return ofProblem(policy, 'the NetworkPolicy cannot be read');
  if (policy.kind === 'ok') {
    const gone = await kubernetes.delete(policyPath, { uid: policy.value.metadata.uid });
    if (gone.kind === 'problem' && gone.status !== 404) return ofProblem(gone, 'the NetworkPolicy cannot be removed');
  }
  const back = await kubernetes.get(policyPath);
  if (back.kind === 'ok') return { state: 'failed', detail: 'the NetworkPolicy is still there after it was removed', evidence: { uid: back.value.metadata.uid } };
  const evidence = { labelRemoved: isOurs, policyRemoved: policy.kind === 'ok' };
  return isOurs || policy.kind === 'ok' ? { state: 'applied', detail: 'label and NetworkPolicy are removed, read back', evidence } : { state: 'not-needed', detail: 'neither label nor NetworkPolicy was there', evidence };
}
