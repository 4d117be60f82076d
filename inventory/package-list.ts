/**
 * What was found in a root, in the one order that gives every package its number: the number is what the file index
 * answers, what a sensor's bitmap of loaded packages counts by, and what the revision vouches for. So the revision is
 * taken over exactly the fields that travel, in exactly this order, and changes whenever a number could change.
 */
import { createHash } from 'node:crypto';

/** The fields that travel to the hub and that the revision covers; the wire's `Package` has them all. */
export interface PackageIdentity {
  /** OSV's name with the release (`Debian:12`, `npm`); empty: no advisories are published for it under any name. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  /** dpkg: the source package, where it differs from the name; else empty. */
  readonly sourceName: string;
  /** dpkg: the source package's version, where it differs from the version; else empty. */
  readonly sourceVersion: string;
  /** npm: the folder; dpkg: empty. */
  readonly path: string;
}

export interface Package extends PackageIdentity {
  /** Which reader found it: `dpkg`, `npm`. */
  readonly reader: string;
  /** Empty when the package has none. */
  readonly architecture: string;
  readonly owned: OwnedKind;
  /** How many files could ever show that it was loaded; null where they are not counted (`folder`) or not known. */
  readonly files: number | null;
}

/** How a loaded file is recognised as this package's: in its list of files, below its folder, or not at all. */
export type OwnedKind = 'files' | 'folder' | 'unknown';

/** Whether *loaded* can have an answer: a package without files (a metapackage, only documentation) has none. */
export function loadedApplies(one: Pick<Package, 'owned' | 'files'>): 'yes' | 'not-applicable' | 'unknown' {
  switch (one.owned) {
    case 'files':
      return one.files === 0 ? 'not-applicable' : 'yes';
    case 'folder':
      return 'yes';
    case 'unknown':
      return 'unknown';
    default:
      return one.owned satisfies never;
  }
}

const identityFields = ['ecosystem', 'name', 'version', 'sourceName', 'sourceVersion', 'path'] as const;

/** By code units, never by locale: the order must be the same on every machine. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function compareIdentities(a: PackageIdentity, b: PackageIdentity): number {
  for (const field of identityFields) {
    const order = compareText(a[field], b[field]);
    if (order !== 0) return order;
  }
  return 0;
}

/** Packages alike in all that travels (two architectures of one library) are ordered by architecture. */
export function comparePackages(a: Package, b: Package): number {
  return compareIdentities(a, b) || compareText(a.architecture, b.architecture) || compareText(a.reader, b.reader);
}

/** `sha256:…` over the list in canonical order. A list in another order has the same revision and the wrong numbers. */
export function revisionOf(packages: readonly PackageIdentity[]): string {
  const hash = createHash('sha256');
  hash.update('vedette inventory 1\n');
  for (const one of [...packages].sort(compareIdentities)) {
    hash.update(`${JSON.stringify(identityFields.map((field) => one[field]))}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
