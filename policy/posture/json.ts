/**
 * Reading of JSON that somebody else wrote: a value that is not what it should be is taken for not given, at any depth. Bounded
 * by whoever stored the JSON; nothing here recurses.
 */
export type Json = unknown;

/** An object of the API server as it is stored. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty: it has none. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly json: Json;
}

export function at(value: Json, ...path: readonly string[]): Json {
  let now: Json = value;
  for (const key of path) {
    if (typeof now !== 'object' || now === null || Array.isArray(now) || !Object.hasOwn(now, key)) return undefined;
    now = (now as Readonly<Record<string, unknown>>)[key];
  }
  return now;
}

export function textAt(value: Json, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : typeof found === 'number' ? String(found) : '';
}

export function boolAt(value: Json, ...path: readonly string[]): boolean | undefined {
  const found = at(value, ...path);
  return typeof found === 'boolean' ? found : undefined;
}

export function numberAt(value: Json, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : undefined;
}

export function listAt(value: Json, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textsAt(value: Json, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((one) => typeof one === 'string');
}

/** The values that are texts. */
export function mapAt(value: Json, ...path: readonly string[]): Readonly<Record<string, string>> {
  const found = at(value, ...path);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return {};
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

export function keysAt(value: Json, ...path: readonly string[]): readonly string[] {
  const found = at(value, ...path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.keys(found) : [];
}

/** Whether a LabelSelector selects these labels. An empty selector selects everything; an operator that nobody knows nothing. */
export function selects(selector: Json, labels: Readonly<Record<string, string>>): boolean {
  if (Object.entries(mapAt(selector, 'matchLabels')).some(([key, value]) => labels[key] !== value)) return false;
  return listAt(selector, 'matchExpressions').every((one) => {
    const key = textAt(one, 'key');
    const values = textsAt(one, 'values');
    const has = Object.hasOwn(labels, key);
    switch (textAt(one, 'operator')) {
      case 'In': return has && values.includes(labels[key]!);
      case 'NotIn': return !has || !values.includes(labels[key]!);
      case 'Exists': return has;
      case 'DoesNotExist': return !has;
      default: return false;
    }
  });
}
