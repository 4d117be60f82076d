/**
 * What an image is (`content.ts`), what it is called, what the advisory store says of its packages, who signed it and which registries are
 * trusted → the facts that policies speak about. What nobody has looked for is unknown with the reason: an image without an advisory
 * store has unknown vulnerabilities, not none. Pipeline and hub gather with this one function.
 */
import { ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { matchPackages, type Match, type MatchResult } from '@vedette/advisories/match';
import type { AdvisoryStore } from '@vedette/advisories/store';
import type { Distribution } from '@vedette/inventory/distribution';
import type { Package } from '@vedette/inventory/package-list';
import { isOver, supportOf } from '@vedette/inventory/support';
import { nameFacts, unknownImage, type ImageFacts, type PackageFacts, type SignatureFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { isTrusted } from '@vedette/origin/integrity';
import { absent, known, unknown, type Fact, type OpenList } from '@vedette/policy/vocabulary';
import type { ImageContent } from './content.ts';

export interface Gathered {
  readonly facts: ImageFacts;
  /** Null: there was no store to ask. */
  readonly matched: MatchResult | null;
}

export interface Advisories {
  /** Null: there is none, for this reason. */
  readonly store: AdvisoryStore | null;
  readonly reason: string;
}

export interface Gathering {
  /** What the image is or will be called; null: nobody said. */
  readonly reference: string | null;
  /** What the place that it was read from calls it: tags, or whole names. */
  readonly names: readonly string[];
  /** Of the multi-platform index above it; null: there is none. */
  readonly indexDigest: string | null;
  readonly advisories: Advisories;
  readonly signatures: OpenList<SignatureFacts>;
  /** Registries, or folders in them; null: no list was given. */
  readonly trusted: readonly string[] | null;
  readonly nowMs: number;
}

const notHere = 'it is known of an image that runs, from a hub';

export function gather(content: ImageContent, gathering: Gathering): Gathered {
  const { advisories, nowMs, trusted } = gathering;
  const { packagesMissing } = content;
  const packages: OpenList<PackageFacts> = { items: content.packages.map(packageFacts), incomplete: packagesMissing.length === 0 ? null : packagesMissing.join('; ') };
  const matched = advisories.store === null ? null : matchPackages(content.packages, advisories.store);
  const name = named(gathering);
  const facts: ImageFacts = {
    ...unknownImage('it was not looked for'),
    ...name,
    registryTrusted: trustOf(name, trusted),
    ...configured(content),
    indexDigest: gathering.indexDigest === null ? absent : known(gathering.indexDigest),
    ...distributed(content, nowMs),
    packages,
    vulnerabilities: vulnerabilities(content.packages, packages.incomplete, matched, advisories),
    advisoriesAgeDays: age(content.packages, advisories, nowMs),
    signatures: gathering.signatures,
  };
  return { facts, matched };
}

/** A layout that was made by copying says the whole name, others a tag, or nothing. */
function named({ reference, names }: Gathering): Partial<ImageFacts> {
  const whole = reference ?? names.find((one) => one.includes('/')) ?? null;
  const facts = whole === null ? null : nameFacts(whole);
  if (facts !== null) return facts;
  const unnamed = unknown('the layout does not say where the image belongs: name it with --reference');
  const tag = names.find((one) => /^[\w][\w.-]{0,127}$/.test(one));
  return { reference: unnamed, registry: unnamed, repository: unnamed, pinned: unnamed, tag: tag === undefined ? unnamed : known(tag) };
}

function trustOf({ registry, repository }: Partial<ImageFacts>, trusted: readonly string[] | null): Fact<boolean> {
  if (trusted === null) return unknown('no list of trusted registries was given: name them with --trust');
  if (registry?.is !== 'known' || repository?.is !== 'known') return unknown('where the image belongs is not known');
  return known(isTrusted({ registry: registry.value, repository: repository.value }, trusted));
}

function configured(content: ImageContent): Partial<ImageFacts> {
  const { root, user, created } = content;
  return {
    digest: known(content.digest),
    platform: known(content.platform),
    created: created === null ? absent : known(created),
    labels: known(content.labels),
    user: user === '' ? absent : known(user),
    runsAsRoot: 'isRoot' in root ? known(root.isRoot) : unknown(root.unknown),
    environment: known(content.environment),
    exposedPorts: known(content.exposedPorts),
    layers: known(content.layers.length),
    sizeBytes: known(content.layers.reduce((sum, one) => sum + one.sizeBytes, 0)),
  };
}

function distributed({ distribution, distributionProblem }: ImageContent, nowMs: number): Partial<ImageFacts> {
  if (distribution === null) {
    const fact = distributionProblem === null ? absent : unknown(distributionProblem);
    return { distributionId: fact, distributionVersion: fact, distributionEcosystem: fact, supportedUntil: fact, endOfLife: fact };
  }
  return { ...identified(distribution), ...supported(distribution, nowMs) };
}

function identified({ id, version, ecosystem }: Distribution): Partial<ImageFacts> {
  const text = (value: string): Fact<string> => (value === '' ? absent : known(value));
  return { distributionId: known(id), distributionVersion: text(version), distributionEcosystem: text(ecosystem) };
}

function supported(distribution: Distribution, nowMs: number): Partial<ImageFacts> {
  const support = supportOf(distribution);
  if ('unknown' in support) return { supportedUntil: unknown(support.unknown), endOfLife: unknown(support.unknown) };
  return { supportedUntil: known(support.until), endOfLife: known(isOver(support.until, nowMs)) };
}

function packageFacts({ ecosystem, name, version, path }: Package): PackageFacts {
  return { ecosystem, name, version, path };
}

function vulnerabilities(packages: readonly Package[], packagesMissing: string | null, matched: MatchResult | null, advisories: Advisories): OpenList<VulnerabilityFacts> {
  if (matched === null) return { items: [], incomplete: advisories.reason };
  const reasons = [
    ...(packagesMissing === null ? [] : [packagesMissing]),
    ...matched.notJudged.map((one) => `${one.reason}: ${one.packages} packages`),
    ...(matched.problem === null ? [] : [matched.problem]),
  ];
  return { items: matched.matches.map((one) => vulnerabilityFacts(one, packages[one.packageIndex]!)), incomplete: reasons.length === 0 ? null : reasons.join('; ') };
}

function vulnerabilityFacts(match: Match, one: Package): VulnerabilityFacts {
  return {
    id: match.advisoryId,
    aliases: match.aliases,
    severity: match.severity === 'unknown' ? unknown('no record rates it') : known(match.severity),
    cvss: match.cvss === null ? unknown('no record has a vector') : known(match.cvss),
    fixedIn: match.fixedIn === null ? absent : known(match.fixedIn),
    affected: match.kind === 'affected' ? known(true) : unknown(match.reason ?? 'the versions cannot be compared'),
    malicious: match.malicious,
    package: packageFacts(one),
    loaded: unknown(notHere),
  };
}

/** Of the oldest feed that has something to say about this image; an image without such packages has none. */
function age(packages: readonly Package[], { store, reason }: Advisories, nowMs: number): Fact<number> {
  if (store === null) return unknown(reason);
  const wanted = new Set(packages.map((one) => ecosystemWithoutRelease(one.ecosystem)));
  const feeds = store.feeds().filter((one) => wanted.has(ecosystemWithoutRelease(one.ecosystem)));
  if (feeds.length === 0) return packages.length === 0 ? absent : unknown('no feed speaks about the packages of this image');
  return known(Math.max(0, Math.floor((nowMs - Math.min(...feeds.map((one) => Date.parse(one.syncedAt)))) / 86_400_000)));
}
