/**
 * What the hub has stored of an image → the facts that policies speak about: its newest package list, what the advisories say of
 * it now, what was seen loaded of it, what a pipeline said of its configuration, and what is known of its origin. The same
 * for what runs, for admission and for explanations. What nobody has looked at is unknown with the reason.
 */
import { ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { isOver, supportOf } from '@vedette/inventory/support';
import { nameFacts, unknownImage, type Exposure, type ImageFacts, type PackageFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact, type OpenList } from '@vedette/policy/vocabulary';
import { severities } from '@vedette/model/policy';
import type { Db } from '../store/database.ts';
import {
  findingsOfInventory, imageByDigest, inventoryOfImage, inventoryState, newestCheckOf, openRunsOfImage, packagesOfInventory, type CheckedImage, type ImageRun, type ListedFinding, type ListedPackage,
} from '../store/image-knowledge.ts';
import type { Advisories } from './advisories.ts';
import { duration } from './words.ts';

export interface ImageWanted {
  readonly digest: string;
  /** As it is named where it is wanted; null: it has no name. */
  readonly reference: string | null;
  /** Only what this cluster knows; left out: what any does. */
  readonly clusterId?: string;
}

/** What other parts of the hub know of an image; they override what is not known here. */
export interface ImageSources {
  readonly advisories: () => Advisories;
  readonly now: () => Date;
  /** Registries and signatures; left out: nobody asks them. */
  readonly origin?: (wanted: ImageWanted) => Promise<Partial<ImageFacts>>;
}

export interface KnownImage {
  readonly facts: ImageFacts;
  /** Null: this hub has never seen the digest. */
  readonly imageId: number | null;
  readonly learnedAt: Date | null;
}

export async function imageFactsOf(db: Db, wanted: ImageWanted, sources: ImageSources): Promise<KnownImage> {
  const origin = (await sources.origin?.(wanted)) ?? {};
  const image = await imageByDigest(db, wanted.digest);
  if (image === undefined) {
    const facts = { ...unknownImage('this hub has not seen the image yet'), ...named(wanted.reference), digest: known(wanted.digest), ...origin };
    return { facts, imageId: null, learnedAt: null };
  }
  const content = await contentOf(db, image.id, wanted.clusterId ?? null, sources);
  return { facts: { ...content.facts, ...named(wanted.reference), digest: known(image.digest), ...index(image.indexDigest), ...origin }, imageId: image.id, learnedAt: content.learnedAt };
}

/** Everything that does not depend on what the image is called, for one who asks under several names. */
export interface ImageContent {
  readonly facts: ImageFacts;
  readonly runs: readonly ImageRun[];
  readonly learnedAt: Date | null;
}

export async function contentOf(db: Db, imageId: number, clusterId: string | null, sources: ImageSources): Promise<ImageContent> {
  const runs = await openRunsOfImage(db, imageId, clusterId);
  const checked = await newestCheckOf(db, imageId);
  const list = await listOf(db, imageId, clusterId, runs);
  const base: ImageFacts = { ...unknownImage('it was not looked for'), ...configured(checked), signatures: { items: [], incomplete: 'no registry was asked for signatures' } };
  if (list === null) return { facts: { ...base, ...unlisted }, runs, learnedAt: checked?.at ?? null };
  // One after the other: inside a transaction there is one connection.
  const state = await inventoryState(db, list.inventoryId);
  const packages = await packagesOfInventory(db, list.inventoryId);
  const findings = await findingsOfInventory(db, list.inventoryId);
  const incomplete = list.problems.length === 0 ? null : list.problems.join('; ');
  return {
    facts: {
      ...base,
      ...distributed(state?.distribution ?? '', list.problems, sources.now()),
      packages: { items: packages, incomplete },
      vulnerabilities: vulnerabilities(packages, findings, incomplete, { unfed: state?.unfed ?? null, loaded: loadedBy(runs, list.inventoryId) }),
      advisoriesAgeDays: age(packages, sources),
    },
    runs,
    learnedAt: state?.assessed_at ?? list.at,
  };
}

const unlisted: Pick<ImageFacts, 'packages' | 'vulnerabilities'> = {
  packages: { items: [], incomplete: 'its packages were not read yet' },
  vulnerabilities: { items: [], incomplete: 'its packages were not read yet' },
};

export function named(reference: string | null): Partial<ImageFacts> {
  const facts = reference === null ? null : nameFacts(reference);
  if (facts !== null) return facts;
  const unnamed = unknown(reference === null ? 'the image has no name where it runs' : 'it is not the name of an image');
  return { reference: unnamed, registry: unnamed, repository: unnamed, tag: unnamed, pinned: unnamed };
}

function index(digest: string | null): Partial<ImageFacts> {
  return digest === null ? {} : { indexDigest: known(digest) };
}

interface List {
  readonly inventoryId: number;
  readonly problems: readonly string[];
  readonly at: Date | null;
}

/** What runs was read last; an image that does not run may have been read before, or by a pipeline. */
async function listOf(db: Db, imageId: number, clusterId: string | null, runs: readonly ImageRun[]): Promise<List | null> {
  const running = runs.findLast((one) => one.inventory_id !== null);
  if (running?.inventory_id != null) return { inventoryId: running.inventory_id, problems: running.problems, at: null };
  const stored = await inventoryOfImage(db, imageId, clusterId);
  return stored === undefined ? null : { inventoryId: stored.inventory_id, problems: stored.problems, at: stored.at };
}

const configuredNames = ['platform', 'created', 'labels', 'user', 'runsAsRoot', 'environment', 'exposedPorts', 'layers', 'sizeBytes'] as const satisfies readonly (keyof ImageFacts)[];
const notChecked = 'the image was not checked in a pipeline, and its configuration is not read here';

/** The configuration belongs to the digest, so whoever read it once has read it for good. */
function configured(checked: CheckedImage | undefined): Partial<ImageFacts> {
  return Object.fromEntries(
    configuredNames.map((name) => {
      const form = checked?.facts[`image.${name}`];
      if (form === undefined) return [name, unknown(notChecked)];
      if ('unknown' in form) return [name, unknown(form.unknown)];
      return [name, 'absent' in form ? absent : known(form.value)];
    }),
  ) as Partial<ImageFacts>;
}

/** The sensor says the name under which advisories exist, else the id alone. */
function distributed(distribution: string, problems: readonly string[], now: Date): Partial<ImageFacts> {
  if (distribution === '') {
    const fact = problems.length === 0 ? absent : unknown(problems.join('; '));
    return { distributionId: fact, distributionVersion: fact, distributionEcosystem: fact, supportedUntil: fact, endOfLife: fact };
  }
  const [family = '', release] = distribution.split(':');
  const id = family.toLowerCase();
  if (release === undefined) {
    const version = unknown('the sensor does not say which release it is');
    return { distributionId: known(id), distributionVersion: version, distributionEcosystem: absent, supportedUntil: version, endOfLife: version };
  }
  const support = supportOf({ id, version: release, name: distribution, ecosystem: distribution });
  return {
    distributionId: known(id),
    distributionVersion: known(release),
    distributionEcosystem: known(distribution),
    supportedUntil: 'until' in support ? known(support.until) : unknown(support.unknown),
    endOfLife: 'until' in support ? known(isOver(support.until, now.getTime())) : unknown(support.unknown),
  };
}

function vulnerabilities(packages: readonly ListedPackage[], findings: readonly ListedFinding[], missing: string | null, about: { readonly unfed: number | null; readonly loaded: (position: number) => Fact<Exposure> }): OpenList<VulnerabilityFacts> {
  const reasons = [
    ...(missing === null ? [] : [missing]),
    ...(about.unfed === null ? ['it was not matched against advisories yet'] : []),
    ...(about.unfed !== null && about.unfed > 0 ? [`no advisories are loaded for ${about.unfed} of its packages`] : []),
  ];
  const items = findings.flatMap((one) => {
    const held = packages[one.position];
    return held === undefined ? [] : [vulnerabilityFacts(one, held, about.loaded(one.position))];
  });
  return { items, incomplete: reasons.length === 0 ? null : reasons.join('; ') };
}

function vulnerabilityFacts(finding: ListedFinding, held: PackageFacts, loaded: Fact<Exposure>): VulnerabilityFacts {
  const severity = severities.find((one) => one === finding.severity);
  return {
    id: finding.name,
    aliases: finding.aliases,
    severity: severity === undefined ? unknown('no record rates it') : known(severity),
    cvss: finding.cvss === null ? unknown('no record has a vector') : known(finding.cvss),
    fixedIn: finding.fixed_in === null ? absent : known(finding.fixed_in),
    malicious: finding.malicious,
    package: held,
    affected: finding.uncertain === null ? known(true) : unknown(finding.uncertain),
    loaded,
  };
}

/** Loaded by one run is loaded; not loaded is what every run says. */
function loadedBy(runs: readonly ImageRun[], inventoryId: number): (position: number) => Fact<Exposure> {
  const otherwise = notLoaded(runs, inventoryId);
  const bits = runs.flatMap((one) => (one.inventory_id === inventoryId && one.bits !== null ? [one.bits] : []));
  return (position) => (bits.some((one) => one[position] === '1') ? known('yes') : otherwise);
}

function notLoaded(runs: readonly ImageRun[], inventoryId: number): Fact<Exposure> {
  if (runs.length === 0) return unknown('no running workload of the image is known');
  for (const one of runs) {
    if (one.inventory_id !== inventoryId) return unknown('another workload of the image has another package list');
    if (one.unloaded === 'unknown') return unknown(one.unloaded_reason ?? 'not watched');
    if (one.unloaded === 'not-seen') return unknown(`not seen in ${duration(one.observed_seconds)} of watching, which is too short to say no`);
  }
  return known('no');
}

const dayMs = 86_400_000;

/** Of the oldest feed that has something to say about this image. */
function age(packages: readonly PackageFacts[], { advisories, now }: ImageSources): Fact<number> {
  const current = advisories();
  if (current.source === undefined) return unknown(current.problem);
  const wanted = new Set(packages.map((one) => ecosystemWithoutRelease(one.ecosystem)));
  const feeds = current.source.feeds(now()).filter((one) => wanted.has(ecosystemWithoutRelease(one.ecosystem)));
  if (feeds.length === 0) return packages.length === 0 ? absent : unknown('no feed speaks about the packages of this image');
  return known(Math.floor((Math.max(...feeds.map((one) => one.ageSeconds)) * 1000) / dayMs));
}
