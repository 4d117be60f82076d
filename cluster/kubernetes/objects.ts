/** The little that is common to every object of Kubernetes, checked at the border; everything else of an object is unknown. */
import { z } from 'zod';

const OwnerReference = z.looseObject({ apiVersion: z.string(), kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().optional() });
export type OwnerReference = z.infer<typeof OwnerReference>;

const ObjectMeta = z.looseObject({
  name: z.string().default(''),
  namespace: z.string().default(''),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  labels: z.record(z.string(), z.string()).nullish().transform((labels) => labels ?? {}),
  annotations: z.record(z.string(), z.string()).nullish().transform((annotations) => annotations ?? {}),
  ownerReferences: z.array(OwnerReference).nullish().transform((owners) => owners ?? []),
});

export const KubernetesObject = z.looseObject({ apiVersion: z.string().default(''), kind: z.string().default(''), metadata: ObjectMeta });
export type KubernetesObject = z.infer<typeof KubernetesObject>;

export const KubernetesList = z.looseObject({
  apiVersion: z.string().default(''),
  metadata: z.looseObject({ resourceVersion: z.string().default(''), continue: z.string().default('') }),
  items: z.array(z.unknown()).nullish().transform((items) => items ?? []),
});

/** Of an answer that is no object, or of an ERROR event. */
export const Status = z.looseObject({ code: z.number().default(0), reason: z.string().default(''), message: z.string().default(''), details: z.looseObject({ retryAfterSeconds: z.number().optional() }).nullish() });
export type Status = z.infer<typeof Status>;

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
  /** Where the next page begins; empty after the last. */
  readonly continue: string;
  /** Items that are no objects: counted, never silently left out. */
  readonly malformed: number;
}

/** Items of a list come without their own apiVersion and kind. */
export function objectsOf(list: z.infer<typeof KubernetesList>, kind: string): ObjectList {
  const items: KubernetesObject[] = [];
  for (const item of list.items) {
    const parsed = KubernetesObject.safeParse(item);
    if (!parsed.success) continue;
    const object = parsed.data;
    if (object.apiVersion === '') object.apiVersion = list.apiVersion;
    if (object.kind === '') object.kind = kind;
    items.push(object);
  }
  return { items, resourceVersion: list.metadata.resourceVersion, continue: list.metadata.continue, malformed: list.items.length - items.length };
}
