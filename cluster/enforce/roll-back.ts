/**
 * A workload back to its last revision that runs none of the bad images. Revisions are what Kubernetes itself keeps: ReplicaSets of a Deployment, ControllerRevisions of a
 * StatefulSet or DaemonSet. An image is bad when its reference or a pod that runs it names a bad digest; a revision whose images are the present bad ones by name
 * is bad too. The revision that it came from is noted under the effect's id in the same change, and taking it back returns to it.
 */
import type { Kubernetes } from '../kubernetes/client.ts';
import type { KubernetesObject } from '../kubernetes/objects.ts';
import { annotationOf, at, changedMeanwhile, encode, ofProblem, refused, tooLate, untilUnchanged, type Again, type Asked, type EnforceDoors, type Outcome } from './orders.ts';
import { appsPath, workloadPath, type WorkloadName } from './workload.ts';

export interface RollBackOrder extends WorkloadName {
  readonly badDigests: readonly string[];
}

interface Revision {
  /** Name of the ReplicaSet or ControllerRevision: stays when revisions are counted anew. */
  readonly name: string;
  readonly number: number;
  readonly template: Readonly<Record<string, unknown>>;
  readonly images: readonly string[];
}

const listMax = 500;

export async function rollBack(doors: EnforceDoors, order: RollBackOrder, asked: Asked): Promise<Outcome> {
  const path = workloadPath(order);
  if (order.workloadKind === 'ReplicaSet' || path === undefined) return refused(`Kubernetes keeps no revisions of a ${order.workloadKind}`);
  return untilUnchanged(() => once(doors.kubernetes, order, asked, path));
}

async function once(kubernetes: Kubernetes, order: RollBackOrder, asked: Asked, path: string): Promise<Outcome | Again> {
  const held = await kubernetes.get(path);
  if (held.kind === 'problem') return held.status === 404 ? refused('the workload is gone') : ofProblem(held, 'the workload cannot be read');
  const revisions = await revisionsOf(kubernetes, order, held.value);
  if (!Array.isArray(revisions)) return revisions as Outcome;
  const present = imagesOf(at(held.value, 'spec', 'template'));
  const noted = notedBy(held.value, asked.id);
  if (asked.undo) return takeBack(kubernetes, held.value, path, revisions as Revision[], noted, asked);
  if (noted !== null) return { state: 'applied', detail: same(present, noted.toImages) ? `back at ${present.join(', ')}, read back` : `it was rolled back to ${noted.toImages.join(', ')}, and somebody has changed it to ${present.join(', ')} since`, evidence: { from: noted.from, fromImages: noted.fromImages, images: present } };
  if (asked.isLate) return tooLate;
  // Until its controller has seen what stands there, the revision that it is at is not among those that were read.
  if (Number(at(held.value, 'status', 'observedGeneration') ?? 0) < Number(at(held.value, 'metadata', 'generation') ?? 0)) return { again: 'its controller has not seen the last change of the workload yet' };
  const bad = await badImages(kubernetes, order, held.value, present);
  if (!Array.isArray(bad)) return bad as Outcome;
  const isBad = (image: string): boolean => (bad as string[]).includes(image) || order.badDigests.some((digest) => image.includes(digest));
  if (!present.some(isBad)) return { state: 'not-needed', detail: `none of its images is a bad one: ${present.join(', ')}`, evidence: { images: present } };
  const sorted = (revisions as Revision[]).toSorted((a, b) => b.number - a.number);
  const from = sorted.find((one) => same(one.images, present)) ?? null;
  const to = sorted.find((one) => !one.images.some(isBad));
  if (to === undefined) return refused(`no revision that Kubernetes keeps is without a bad image (${sorted.length} looked at)`, { bad, revisions: sorted.map(({ name, number, images }) => ({ name, number, images })) });
  return change(kubernetes, held.value, path, to, { from: from?.name ?? '', fromImages: present, toImages: to.images }, asked, `from ${present.join(', ')} to revision ${to.number}: ${to.images.join(', ')}`);
}

interface Note {
  readonly from: string;
  readonly fromImages: readonly string[];
  readonly toImages: readonly string[];
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);

function notedBy(object: KubernetesObject, id: string): Note | null {
  const text = object.metadata.annotations[annotationOf(id)];
  if (text === undefined) return null;
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  return { from: String(at(value, 'from') ?? ''), fromImages: texts(at(value, 'fromImages')), toImages: texts(at(value, 'toImages')) };
}

async function takeBack(kubernetes: Kubernetes, held: KubernetesObject, path: string, revisions: readonly Revision[], noted: Note | null, asked: Asked): Promise<Outcome | Again> {
  const present = imagesOf(at(held, 'spec', 'template'));
  if (noted === null) return { state: 'not-needed', detail: 'it was not rolled back by this effect', evidence: { images: present } };
  if (!same(present, noted.toImages)) return { state: 'not-needed', detail: `somebody has changed it to ${present.join(', ')} since: it stays so`, evidence: { images: present } };
  const former = revisions.find((one) => one.name === noted.from);
  if (former === undefined) return refused('the revision that it came from is not kept by Kubernetes any more', { from: noted.from });
  return change(kubernetes, held, path, former, null, asked, `from ${present.join(', ')} to what it was: ${former.images.join(', ')}`);
}

/**
 * `note` null: it is taken away. The version that is written back makes the change one with what was read: of another one the API server says Conflict. A JSON patch's own
 * test would be answered like any patch that is wrong, without a reason.
 */
async function change(kubernetes: Kubernetes, held: KubernetesObject, path: string, to: Revision, note: Note | null, { id, dryRun }: Asked, sentence: string): Promise<Outcome | Again> {
  const key = annotationOf(id);
  const annotations: Record<string, string> = { ...held.metadata.annotations };
  if (note === null) delete annotations[key];
  else annotations[key] = JSON.stringify(note);
  const patch = [
    { op: 'replace', path: '/metadata/resourceVersion', value: held.metadata.resourceVersion },
    { op: 'add', path: '/metadata/annotations', value: annotations },
    { op: 'replace', path: '/spec/template', value: to.template },
  ];
  const done = await kubernetes.patch(path, patch, 'json', dryRun ? { dryRun: 'All' } : undefined);
  if (done.kind === 'problem') return done.status === 409 ? changedMeanwhile : ofProblem(done, 'the workload cannot be changed');
  if (dryRun) return { state: 'applied', detail: `the API server would take it ${sentence}`, evidence: { to: to.name, images: to.images } };
  const back = await kubernetes.get(path);
  if (back.kind === 'problem') return ofProblem(back, 'what was written could not be read back');
  const images = imagesOf(at(back.value, 'spec', 'template'));
  const evidence = { from: note?.from ?? null, fromImages: note?.fromImages ?? null, to: to.name, images, generation: at(back.value, 'metadata', 'generation') };
  if (!same(images, to.images)) return { state: 'failed', detail: `it runs ${images.join(', ')} after it was set to ${to.images.join(', ')}: something else sets it`, evidence };
  return { state: 'applied', detail: `${sentence}, read back${at(held, 'spec', 'paused') === true ? '; the Deployment is paused, so it is not rolled out' : ''}`, evidence };
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((one, index) => one === b[index]);

function imagesOf(template: unknown): string[] {
  const lists = [at(template, 'spec', 'initContainers'), at(template, 'spec', 'containers')];
  return lists.flatMap((list) => (Array.isArray(list) ? list.map((one) => String(at(one, 'image') ?? '')) : []));
}

function ownedBy(object: KubernetesObject, uid: string): boolean {
  return object.metadata.ownerReferences.some((one) => one.uid === uid && one.controller === true);
}

async function revisionsOf(kubernetes: Kubernetes, order: RollBackOrder, held: KubernetesObject): Promise<Revision[] | Outcome> {
  const isDeployment = order.workloadKind === 'Deployment';
  const kind = isDeployment ? 'ReplicaSet' : 'ControllerRevision';
  const listed = await kubernetes.list(appsPath(order.namespace, isDeployment ? 'replicasets' : 'controllerrevisions'), { kind, query: { limit: listMax, labelSelector: selectorOf(held) } });
  if (listed.kind === 'problem') return ofProblem(listed, 'its revisions cannot be read');
  return listed.value.items.filter((one) => ownedBy(one, held.metadata.uid)).flatMap((one) => {
    const template = isDeployment ? withoutHash(at(one, 'spec', 'template')) : templateOf(at(one, 'data', 'spec', 'template'));
    const number = isDeployment ? Number(one.metadata.annotations['deployment.kubernetes.io/revision'] ?? 0) : Number(at(one, 'revision') ?? 0);
    return template === null ? [] : [{ name: one.metadata.name, number, template, images: imagesOf(template) }];
  });
}

function selectorOf(held: KubernetesObject): string | undefined {
  const labels = at(held, 'spec', 'selector', 'matchLabels');
  if (typeof labels !== 'object' || labels === null) return undefined;
  return Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`).join(',');
}

/** The hash tells ReplicaSets apart and is the Deployment's own to set. */
function withoutHash(template: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof template !== 'object' || template === null) return null;
  const copy = structuredClone(template) as { metadata?: { labels?: Record<string, string> } };
  delete copy.metadata?.labels?.['pod-template-hash'];
  return copy as Record<string, unknown>;
}

/** A ControllerRevision is a patch that replaces the template. */
function templateOf(template: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof template !== 'object' || template === null) return null;
  const { $patch: _, ...rest } = template as Record<string, unknown>;
  return rest;
}

/** References in the workload that are bad: by their digest, or by a pod of it that runs one. With nothing to tell by, all that it runs now. */
async function badImages(kubernetes: Kubernetes, order: RollBackOrder, held: KubernetesObject, present: readonly string[]): Promise<string[] | Outcome> {
  const selector = selectorOf(held);
  const pods = await kubernetes.list(`/api/v1/namespaces/${encode(order.namespace)}/pods`, { kind: 'Pod', query: { limit: listMax, labelSelector: selector } });
  if (pods.kind === 'problem') return ofProblem(pods, 'its pods cannot be read');
  const bad = new Set(present.filter((image) => order.badDigests.some((digest) => image.includes(digest))));
  let told = false;
  for (const pod of pods.value.items) {
    for (const list of [at(pod, 'status', 'initContainerStatuses'), at(pod, 'status', 'containerStatuses')]) {
      for (const status of Array.isArray(list) ? list : []) {
        const imageId = String(at(status, 'imageID') ?? '');
        if (imageId === '') continue;
        told = true;
        if (!order.badDigests.some((digest) => imageId.includes(digest))) continue;
        const spec = at(pod, 'spec', list === at(pod, 'status', 'containerStatuses') ? 'containers' : 'initContainers');
        const named = Array.isArray(spec) ? spec.find((one) => at(one, 'name') === at(status, 'name')) : undefined;
        const image = String(at(named, 'image') ?? at(status, 'image') ?? '');
        if (image !== '') bad.add(image);
      }
    }
  }
  return told || bad.size > 0 ? [...bad] : [...present];
}
