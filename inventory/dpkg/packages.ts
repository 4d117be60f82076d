/**
 * dpkg's database → installed packages and their files: /var/lib/dpkg/status with info/*.list, and status.d/* with
 * *.md5sums beside them (images built without dpkg, "distroless"). Installed means that dpkg finished with it; a package that was
 * only removed is nothing, one that dpkg left half way is counted as a problem, because its files may be there.
 *
 * A file list names directories as well: what is the parent of another line is one. Symbolic links stay in the list
 * and do no harm: the kernel reports the file behind them. Directories that no program is loaded from are left out.
 */
import type { FoundPackage, Owned, PackageReader, Reading } from '../reader.ts';
import { hasFailed, sentenceOf } from '../tree.ts';
import { type Stanza, stanzasOf } from './stanzas.ts';

const database = '/var/lib/dpkg';
const statusBytesMax = 64 * 2 ** 20;
const listBytesMax = 32 * 2 ** 20;
const directoryEntriesMax = 50_000;

const wantedFields = new Set(['package', 'status', 'version', 'source', 'architecture']);
/** As dpkg requires of names; it also keeps a name from being a path. */
const namePattern = /^[a-z0-9][a-z0-9+.-]{0,254}$/i;
const versionPattern = /^[0-9A-Za-z.+~:_-]{1,256}$/;

/** No program is loaded from here: reading documentation is not using the package. */
const leftOut = ['/usr/share/doc/', '/usr/share/man/', '/usr/share/locale/', '/usr/share/lintian/'];

interface Installed {
  readonly name: string;
  readonly version: string;
  readonly sourceName: string;
  readonly sourceVersion: string;
  readonly architecture: string;
}

export const dpkgReader: PackageReader = {
  name: 'dpkg',
  reads: (path) => /\/lib\/dpkg\/(status|status\.d\/[^/]+|info\/[^/]+\.list)$/.test(path),
  atPlaces(reading: Reading): void {
    const seen = new Set<string>();
    readStatus(reading, seen);
    readStatusDirectory(reading, seen);
  },
};

function readStatus(reading: Reading, seen: Set<string>): void {
  const bytes = reading.read(`${database}/status`, statusBytesMax, 'dpkg databases that could not be read');
  if (bytes === 'refused') reading.spending.meet("dpkg's packages are not listed: its database could not be read");
  if (typeof bytes === 'string') return;
  for (const stanza of stanzasOf(new TextDecoder().decode(bytes), wantedFields)) {
    const one = installedOf(stanza, reading, true);
    if (one === null || !isFirst(one, seen)) continue;
    if (!reading.spending.timeLeft('not every package of dpkg was read')) return;
    if (!reading.add(foundOf(one, reading, filesOfList(one, reading)))) return;
  }
}

/** Each file is the stanza of one package, whatever its name; `x.md5sums` lists the files of `x`. */
function readStatusDirectory(reading: Reading, seen: Set<string>): void {
  const directory = `${database}/status.d`;
  const listing = reading.tree.list(directory, directoryEntriesMax);
  if (hasFailed(listing)) {
    if (listing.failed !== 'absent') reading.spending.meet(`dpkg's packages are not listed: ${sentenceOf(listing)}`);
    return;
  }
  if (listing.truncated) reading.spending.meet(`more than ${directoryEntriesMax} entries in ${directory}: the rest was not read`);
  for (const entry of listing.entries) {
    if (entry.name.endsWith('.md5sums') || entry.kind === 'directory') continue;
    if (!reading.spending.timeLeft('not every package of dpkg was read')) return;
    const path = `${directory}/${entry.name}`;
    const bytes = reading.read(path, listBytesMax, 'package descriptions in status.d that could not be read');
    if (typeof bytes === 'string') continue;
    for (const stanza of stanzasOf(new TextDecoder().decode(bytes), wantedFields)) {
      const one = installedOf(stanza, reading, false);
      if (one === null || !isFirst(one, seen)) continue;
      if (!reading.add(foundOf(one, reading, filesOf([`${path}.md5sums`], pathsOfSums, reading)))) return;
    }
  }
}

function isFirst(one: Installed, seen: Set<string>): boolean {
  const key = `${one.name}:${one.architecture}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** Null: not installed, or noted as a problem. `statusRequired` is false where a stanza itself means installed. */
export function installedOf(stanza: Stanza, reading: Reading, statusRequired: boolean): Installed | null {
  const name = stanza.get('package') ?? '';
  if (!namePattern.test(name)) {
    reading.spending.note('dpkg entries without a usable name', name);
    return null;
  }
  const state = stanza.get('status')?.split(/\s+/)[2] ?? (statusRequired ? '' : 'installed');
  switch (state) {
    case 'installed':
    case 'triggers-awaited':
    case 'triggers-pending':
      break;
    case 'not-installed':
    case 'config-files':
      return null;
    default:
      reading.spending.note('packages that dpkg did not finish installing or removing, which are not listed', name);
      return null;
  }
  const version = stanza.get('version') ?? '';
  if (!versionPattern.test(version)) {
    reading.spending.note('dpkg entries without a usable version', name);
    return null;
  }
  const source = sourceOf(stanza.get('source') ?? '', name, version);
  if (source === null) {
    reading.spending.note('dpkg entries without a usable source package', name);
    return null;
  }
  const architecture = /^[a-z0-9-]{1,64}$/.exec(stanza.get('architecture') ?? '')?.[0] ?? '';
  return { name, version, ...source, architecture };
}

/** `Source: openssl (3.0.1-1)`; without the field the source is named as the package, without brackets versioned as it. */
function sourceOf(field: string, name: string, version: string): { sourceName: string; sourceVersion: string } | null {
  if (field === '') return { sourceName: '', sourceVersion: '' };
  const match = /^(\S+)(?:\s+\((\S+)\))?$/.exec(field);
  if (match === null || !namePattern.test(match[1]!)) return null;
  const sourceVersion = match[2] ?? version;
  if (!versionPattern.test(sourceVersion)) return null;
  return { sourceName: match[1] === name ? '' : match[1]!, sourceVersion: sourceVersion === version ? '' : sourceVersion };
}

function foundOf(one: Installed, reading: Reading, owns: Owned): FoundPackage {
  return { ...one, reader: dpkgReader.name, ecosystem: reading.distribution?.ecosystem ?? '', owns };
}

/** Packages that may be installed for several architectures at once have theirs in the name of the list. */
function filesOfList(one: Installed, reading: Reading): Owned {
  const lists = [`${one.name}:${one.architecture}`, one.name].map((name) => `${database}/info/${name}.list`);
  return filesOf(lists, pathsOfList, reading);
}

function filesOf(lists: readonly string[], pathsOf: (text: string) => string[], reading: Reading): Owned {
  for (const path of lists) {
    const bytes = reading.read(path, listBytesMax, 'dpkg file lists that could not be read', 'loading');
    if (bytes === 'refused') return { kind: 'unknown' };
    if (bytes !== 'absent') return { kind: 'files', paths: pathsOf(new TextDecoder().decode(bytes)) };
  }
  reading.spending.note('packages without a file list, whose loading cannot be recognised', lists.at(-1)!, 'loading');
  return { kind: 'unknown' };
}

function isLoadable(path: string): boolean {
  return path.startsWith('/') && path !== '/.' && !leftOut.some((directory) => path.startsWith(directory));
}

export function pathsOfList(text: string): string[] {
  const lines = text.split('\n').filter((line) => isLoadable(line));
  const parents = new Set<string>();
  for (const line of lines) {
    // The nearest parent is enough: its own line adds the next one.
    parents.add(line.slice(0, line.lastIndexOf('/')));
  }
  for (const directory of leftOut) parents.add(directory.slice(0, -1));
  return lines.filter((line) => !parents.has(line));
}

export function pathsOfSums(text: string): string[] {
  const paths: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^[0-9a-f]{32}\s+\*?(?:\.?\/)?(\S.*)$/.exec(line);
    if (match !== null && isLoadable(`/${match[1]!}`)) paths.push(`/${match[1]!}`);
  }
  return paths;
}
