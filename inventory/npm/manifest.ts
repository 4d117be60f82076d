/**
 * package.json of an installed package → its name and version. Anything may stand in that file; only these two are read, and
 * what npm could not have installed (no name, no version, not an object) is refused with the reason.
 */
export interface Manifest {
  readonly name: string;
  readonly version: string;
}

export type ManifestRefusal = 'not JSON' | 'without a name' | 'without a version';

const nameLengthMax = 214;
const versionLengthMax = 256;
/** Printable ASCII without space: npm's names and versions hold nothing else. */
const plain = /^[\u0021-\u007e]+$/;

function usable(value: unknown, lengthMax: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  return text.length <= lengthMax && plain.test(text) ? text : null;
}

export function manifestOf(text: string): Manifest | ManifestRefusal {
  let value: unknown;
  try {
    value = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null) return 'not JSON';
  const name = usable('name' in value ? value.name : undefined, nameLengthMax);
  if (name === null) return 'without a name';
  const version = usable('version' in value ? value.version : undefined, versionLengthMax);
  return version === null ? 'without a version' : { name, version };
}
