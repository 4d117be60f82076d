/**
 * What leaves the cluster of an object: a shape names the fields that are kept, and what no shape names stays behind. So
 * values of environment variables, of HTTP headers in probes and of secrets cannot leave by being forgotten here, and
 * what changes without meaning (heartbeats, managed fields) makes no record. Pure. An annotation longer than its bound
 * keeps its name only.
 */
export type JsonObject = { readonly [name: string]: unknown };

/** true: as it is. A list of one: each item of a list. An object: its named fields; without any, only that it is there. */
export type Shape = true | 'annotations' | readonly [Shape] | { readonly [name: string]: Shape };

const annotationLengthMax = 1024;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of the value has the shape; undefined: nothing. */
export function keep(value: unknown, shape: Shape): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape === true) return value;
  if (shape === 'annotations') return annotations(value);
  if (isList(shape)) return Array.isArray(value) ? value.map((item: unknown) => keep(item, shape[0])).filter((item) => item !== undefined) : undefined;
  if (!isObject(value)) return undefined;
  const kept: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(shape)) {
    const found = Object.hasOwn(value, name) ? keep(value[name], inner) : undefined;
    if (found !== undefined) kept[name] = found;
  }
  return kept;
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

const metadata: Shape = { name: true, namespace: true, uid: true, resourceVersion: true, labels: true, annotations: 'annotations', ownerReferences: [{ apiVersion: true, kind: true, name: true, uid: true, controller: true }], creationTimestamp: true, deletionTimestamp: true };

function annotations(value: unknown): Record<string, string> | undefined {
  const kept: Record<string, string> = {};
  if (!isObject(value)) return undefined;
  for (const [name, text] of Object.entries(value)) {
    if (name !== lastApplied && typeof text === 'string') kept[name] = text.length > annotationLengthMax ? '' : text;
  }
  return kept;
}

/** The object as it is sent: apiVersion, kind, the metadata that every object has, and what the kind's shape names. */
export function prune<T extends { readonly metadata: unknown }>(object: T, shape: Shape): JsonObject {
  const head = keep(object, { apiVersion: true, kind: true, metadata });
  const kept = keep(object, shape);
  return { ...(isObject(head) ? head : {}), ...(isObject(kept) ? kept : {}) };
}
