/**
 * What the hub has stored of an image → the facts that policies speak about, the same for what runs, for admission and for explanations.
 * Of those who know the same: packages are those that run (a sensor reads them for as long as they do), else the list of the same digest that
 * was read last, by a sensor or by a pipeline; what is wrong with them is matched with the advisories of now, whoever read them. The
 * configuration belongs to the digest, so the check in a pipeline says it, else the registry. Signatures and trust are what the hub itself finds
 * with its own keys and lists, never what a pipeline claims. What nobody has looked at is unknown with the reason and what to do.
 */
import { ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { isOver, supportOf } from '@vedette/inventory/support';
import { everything, type Scope } from '@vedette/model/access';
import { readStoredFacts } from '@vedette/policy/image-facts-text';
import { nameFacts, unknownImage, type Exposure, type ImageFactName, type ImageFacts, type PackageFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact, type FactValue, type OpenList } from '@vedette/policy/vocabulary';
import { severities } from '@vedette/model/policy';
import type { Db } from '../store/database.ts';
import {
  findingsOfInventory, imageByDigest, inventoryOfImage, inventoryState, newestCheckOf, openRunsOfImage, packagesOfInventory, type CheckedImage, type ImageRun, type ListedFinding, type ListedPackage,
} from '../store/image-knowledge.ts';
import type { Advisories } from './advisories.ts';
import { duration } from '@vedette/model/words';

export interface ImageNamed {
  readonly digest: string;
  /** As it is named where it is wanted; null: it has no name. */
  readonly reference: string | null;
}

export interface ImageWanted extends ImageNamed {
  /** Only what runs there; left out: anywhere. Whether its reader may see the image was asked before. */
  readonly scope?: Scope;
}

/** What other parts of the hub know of an image. */
export interface ImageSources {
  readonly advisories: () => Advisories;
  readonly now: () => Date;
  /** Registries and signatures; left out: nobody asks them. */
  readonly origin?: (db: Db, named: ImageNamed) => Promise<Partial<ImageFacts>>;
}

export interface KnownImage extends Pick<ImageContent, 'listFrom' | 'isMatched' | 'learnedAt'> {
  readonly facts: ImageFacts;
  /** Null: this hub has never seen the digest. */
  readonly imageId: number | null;
}

export const unseen = 'this hub has not seen the image yet';
const unseenWords = `${unseen}: check it in the pipeline with vedette check --hub, or let it run where a sensor reads it`;

export async function imageFactsOf(db: Db, wanted: ImageWanted, sources: ImageSources): Promise<KnownImage> {
  const origin = (await sources.origin?.(db, wanted)) ?? {};
  // a reference may carry the index's digest, under which only the registry knows the image
  const image = (await imageByDigest(db, wanted.digest)) ?? (origin.digest?.is === 'known' ? await imageByDigest(db, origin.digest.value) : undefined);
  if (image === undefined) {
    const nothing = { ...unknownImage(unseenWords), digest: origin.digest?.is === 'known' ? origin.digest : known(wanted.digest) };
    return { facts: withOrigin({ ...nothing, ...named(wanted.reference) }, origin), imageId: null, learnedAt: null, listFrom: null, isMatched: true };
  }
  const content = await contentOf(db, image.id, wanted.scope ?? everything, sources);
  return { ...content, facts: factsNamed(content, { ...wanted, digest: image.digest }, image.indexDigest, origin), imageId: image.id };
}

/** Everything that does not depend on what the image is called, for one who asks under several names. */
export interface ImageContent {
  readonly facts: ImageFacts;
  readonly runs: readonly ImageRun[];
  readonly learnedAt: Date | null;
  /** Who read the packages; null: nobody has. */
  readonly listFrom: 'run' | 'sensor' | 'check' | null;
  /** False: there is a list, and it waits to be matched with the advisories. */
  readonly isMatched: boolean;
}

export function factsNamed(content: ImageContent, { digest, reference }: ImageNamed, indexDigest: string | null, origin: Partial<ImageFacts>): ImageFacts {
  return withOrigin({ ...content.facts, ...named(reference), digest: known(digest), ...(indexDigest === null ? {} : { indexDigest: known(indexDigest) }) }, origin);
}

/** Whoever knows is right, since both speak of the same bytes; where nobody knows, both say why. */
function withOrigin(facts: ImageFacts, { signatures, ...singles }: Partial<ImageFacts>): ImageFacts {
  const better = Object.entries(singles).flatMap(([name, theirs]): [string, Fact<FactValue>][] => {
    const ours = facts[name as ImageFactName];
    if (theirs === undefined || !('is' in theirs) || !('is' in ours) || ours.is !== 'unknown') return [];
    return [[name, theirs.is === 'unknown' && ours.reason !== theirs.reason && name !== 'registryTrusted' ? unknown(`${ours.reason}; ${theirs.reason}`) : theirs]];
  });
  return { ...facts, ...(Object.fromEntries(better) as Partial<ImageFacts>), ...(signatures === undefined ? {} : { signatures }) };
}

export async function contentOf(db: Db, imageId: number, scope: Scope, sources: ImageSources): Promise<ImageContent> {
  const runs = await openRunsOfImage(db, scope, imageId);
  const checked = await newestCheckOf(db, imageId);
  const list = await listOf(db, imageId, scope, runs);
  const base: ImageFacts = { ...unknownImage('it was not looked for'), ...configured(checked), signatures: { items: [], incomplete: 'no registry was asked for signatures' } };
  if (list === null) return { facts: { ...base, ...unlisted }, runs, learnedAt: checked?.at ?? null, listFrom: null, isMatched: true };
  // One after the other: inside a transaction there is one connection.
  const state = await inventoryState(db, list.inventoryId);
  const packages = await packagesOfInventory(db, list.inventoryId);
  const findings = await findingsOfInventory(db, list.inventoryId);
  const incomplete = list.problems.length === 0 ? null : list.problems.join('; ');
  const unfed = state?.unfed ?? null;
  return {
    facts: {
      ...base,
      ...distributed(state?.distribution ?? '', list.problems, sources.now()),
      packages: { items: packages, incomplete },
      vulnerabilities: vulnerabilities(packages, findings, { missing: incomplete, unmatched: unmatched(unfed, sources.advisories()), loaded: loadedBy(runs, list.inventoryId) }),
      advisoriesAgeDays: age(packages, sources),
    },
    runs,
    learnedAt: state?.assessed_at ?? list.at,
    listFrom: list.from,
    isMatched: unfed !== null || sources.advisories().source === undefined,
  };
}

const unreadWords = 'its packages were not read yet: a sensor reads them when it runs, vedette check --hub before it does';
const unlisted: Pick<ImageFacts, 'packages' | 'vulnerabilities'> = {
  packages: { items: [], incomplete: unreadWords },
  vulnerabilities: { items: [], incomplete: unreadWords },
};

export function named(reference: string | null): Partial<ImageFacts> {
  const facts = reference === null ? null : nameFacts(reference);
  if (facts !== null) return facts;
  const unnamed = unknown(reference === null ? 'the image has no name where it runs' : 'it is not the name of an image');
  return { reference: unnamed, registry: unnamed, repository: unnamed, tag: unnamed, pinned: unnamed };
}

interface List {
  readonly inventoryId: number;
  readonly problems: readonly string[];
  readonly at: Date | null;
  readonly from: 'run' | 'sensor' | 'check';
}

/**
 * What runs is read from what runs, and only of that list is it known what is loaded: a later check of the digest does not know what a
 * container has got since. What does not run is as whoever read it last says.
 */
async function listOf(db: Db, imageId: number, scope: Scope, runs: readonly ImageRun[]): Promise<List | null> {
  const running = runs.findLast((one) => one.inventory_id !== null);
  if (running?.inventory_id != null) return { inventoryId: running.inventory_id, problems: running.problems, at: running.read_at, from: 'run' };
  const stored = await inventoryOfImage(db, scope, imageId);
  return stored === undefined ? null : { inventoryId: stored.inventory_id, problems: stored.problems, at: stored.at, from: stored.source };
}

const configuredNames = ['platform', 'created', 'labels', 'user', 'runsAsRoot', 'environment', 'exposedPorts', 'layers', 'sizeBytes'] as const satisfies readonly (keyof ImageFacts)[];
const notChecked = unknown('the image was not checked in a pipeline (vedette check --hub)');

/** The configuration belongs to the digest, so whoever read it once has read it for good. */
function configured(checked: CheckedImage | undefined): Partial<ImageFacts> {
  const said = checked === undefined ? {} : readStoredFacts(checked.facts);
  return Object.fromEntries(configuredNames.map((name) => [name, said[name] ?? notChecked])) as Partial<ImageFacts>;
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

/** Why there may be more findings than those that were matched; null: there are none. */
function unmatched(unfed: number | null, advisories: Advisories): string | null {
  if (unfed === null) return advisories.source === undefined ? `the hub has no advisories to match it with: ${advisories.problem}` : 'it was not matched against advisories yet: it is within seconds';
  return unfed === 0 ? null : `no advisories are loaded for ${unfed} of its packages`;
}

function vulnerabilities(packages: readonly ListedPackage[], findings: readonly ListedFinding[], about: { readonly missing: string | null; readonly unmatched: string | null; readonly loaded: (position: number) => Fact<Exposure> }): OpenList<VulnerabilityFacts> {
  const reasons = [about.missing, about.unmatched].filter((one) => one !== null);
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
