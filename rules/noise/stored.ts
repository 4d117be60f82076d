/**
 * A detection as the hub stores it, as exceptions see it: some fields by name with their printed values. Several alike
 * detections may be one of these with a count; what was not the same in all of them is *varied*. A value that was not
 * stored, that varied, that was escaped for printing, or that belongs to an identity which was not known is unknown here,
 * and an exception that depends on it is neither true nor false. Pure.
 */

/** What every detection is stored with, whatever its rule prints: what exceptions may be made of. */
export const keptFields = ['proc.name', 'proc.exepath', 'proc.pname', 'user.name', 'fd.name', 'container.image.repository', 'k8s.ns.name'] as const;
export type KeptField = (typeof keptFields)[number];

const identityFields: ReadonlySet<string> = new Set<KeptField>(['container.image.repository', 'k8s.ns.name']);

export interface StoredDetection {
  readonly eventClass: string;
  /** Null: the event had no such value. A name that is not there was not stored. */
  readonly fields: Readonly<Record<string, string | null>>;
  readonly varied: readonly string[];
  readonly identityPending: boolean;
  /** Then a part of its identity that has no value may get one a moment later. */
  readonly inContainer: boolean;
  /** How many it stands for. */
  readonly count: number;
}

export type StoredValue = { readonly kind: 'is'; readonly text: string } | { readonly kind: 'missing' } | { readonly kind: 'unknown' };

const unknown: StoredValue = { kind: 'unknown' };
const missing: StoredValue = { kind: 'missing' };
/** Longer values are cut where they are stored. */
const lengthMax = 4096;

export function storedValue(row: StoredDetection, field: string): StoredValue {
  if (!Object.hasOwn(row.fields, field) || row.varied.includes(field) || (row.identityPending && identityFields.has(field))) return unknown;
  const text = row.fields[field] ?? null;
  if (text === null) return row.inContainer && identityFields.has(field) ? unknown : missing;
  // a backslash may be one that printing put there
  return text.includes('\\') || text.length >= lengthMax ? unknown : { kind: 'is', text };
}

/** The directory of the file, with a slash behind it; null where there is none or it is unknown. Alike detections are only folded within one directory. */
export function storedDirectory(row: StoredDetection): string | null {
  const path = row.fields['fd.name'] ?? null;
  if (path === null || !path.startsWith('/') || path.includes('\\') || path.length >= lengthMax) return null;
  if (row.varied.includes('fd.directory')) return null;
  return path.slice(0, path.lastIndexOf('/') + 1);
}


/** What must be the same for two detections of a rule in a container to be counted as one: all kept fields, of a file its directory. */
export function foldKeyOf(fields: Readonly<Record<string, string | null>>): string {
  return keptFields.map((name) => {
    const value = fields[name] ?? null;
    if (value === null) return '';
    return name === 'fd.name' && value.startsWith('/') ? value.slice(0, value.lastIndexOf('/') + 1) : value.slice(0, lengthMax);
  }).join('\0');
}

/** Fields of the second that are not as in the first: they are no longer known of both together. */
export function variedBetween(first: Readonly<Record<string, string | null>>, second: Readonly<Record<string, string | null>>): string[] {
  const names = new Set([...Object.keys(first), ...Object.keys(second)]);
  const varied = [...names].filter((name) => first[name] !== second[name]);
  const directoryOf = (path: string | null | undefined): string => (path ?? '').slice(0, (path ?? '').lastIndexOf('/') + 1);
  if (varied.includes('fd.name') && directoryOf(first['fd.name']) !== directoryOf(second['fd.name'])) varied.push('fd.directory');
  return varied.sort();
}
