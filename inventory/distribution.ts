/**
 * os-release → which distribution this root is, and under which name OSV publishes advisories for its packages. Only
 * Debian releases have one today; another distribution is recorded by its id and its packages are never matched, which is
 * "unknown", not "clean": a derivative's versions are not Debian's, even where it says ID_LIKE=debian.
 */
import { type FileTree, hasFailed, quoted, sentenceOf } from './tree.ts';

export interface Distribution {
  /** ID of os-release: `debian`, `alpine`. */
  readonly id: string;
  /** VERSION_ID; empty where there is none (Debian testing and unstable, Arch). */
  readonly version: string;
  /** For people: PRETTY_NAME, or id and version. */
  readonly name: string;
  /** OSV's ecosystem with release, `Debian:12`; empty: none. */
  readonly ecosystem: string;
}

const places = ['/etc/os-release', '/usr/lib/os-release'] as const;
/** Wherever the file of that name lies: the places above are often links to it. */
export function isOsRelease(path: string): boolean {
  return path.endsWith('/os-release');
}

const bytesMax = 64 * 1024;
const valueLengthMax = 200;

/** The os-release format: shell assignments without expansion; the last assignment of a name wins. */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Z][A-Z0-9_]*)=(.*?)\s*$/.exec(line);
    if (match === null) continue;
    values.set(match[1]!, unquote(match[2]!).slice(0, valueLengthMax));
  }
  return values;
}

function unquote(value: string): string {
  const quote = value[0];
  if (value.length >= 2 && quote === "'" && value.endsWith("'")) return value.slice(1, -1);
  if (value.length >= 2 && quote === '"' && value.endsWith('"')) return value.slice(1, -1).replaceAll(/\\([\\"$`])/g, '$1');
  return value;
}

function ecosystemOf(id: string, version: string): string {
  if (id !== 'debian') return '';
  const release = /^(\d{1,3})(\.\d+)*$/.exec(version);
  if (release === null) return '';
  // Point releases have no name of their own, except before Debian 7, where OSV writes "6.0".
  const major = Number(release[1]);
  return major >= 7 ? `Debian:${major}` : `Debian:${version}`;
}

export function distributionOf(values: ReadonlyMap<string, string>): Distribution | null {
  const id = values.get('ID') ?? '';
  if (!/^[a-z0-9._-]{1,100}$/.test(id)) return null;
  const version = values.get('VERSION_ID') ?? '';
  const plain = `${id} ${version}`.trimEnd();
  return { id, version, name: values.get('PRETTY_NAME') ?? plain, ecosystem: ecosystemOf(id, version) };
}

/** `problem` is a sentence when the distribution is not known, or has no advisories under any name. */
export function readDistribution(tree: FileTree): { distribution: Distribution | null; problem: string | null } {
  for (const place of places) {
    const file = tree.read(place, bytesMax);
    if (hasFailed(file)) {
      if (file.failed === 'absent') continue;
      return { distribution: null, problem: `the distribution is not known: ${sentenceOf(file)}` };
    }
    const distribution = distributionOf(parseOsRelease(new TextDecoder().decode(file.bytes)));
    if (distribution === null) return { distribution, problem: `the distribution is not known: ${place} has no usable ID` };
    const problem =
      distribution.id === 'debian' && distribution.ecosystem === ''
        ? `${quoted(distribution.name)} has no release number, so its packages cannot be matched with advisories`
        : null;
    return { distribution, problem };
  }
  return { distribution: null, problem: null };
}
