/**
 * An image that was read, its packages and what the advisory store says of them → the facts that policies speak about. What
 * nobody has looked for is unknown with the reason: an image without an advisory store has unknown vulnerabilities, not none.
 */
import { ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { matchPackages, type Match, type MatchResult } from '@vedette/advisories/match';
import type { AdvisoryStore } from '@vedette/advisories/store';
import { readDistribution, type Distribution } from '@vedette/inventory/distribution';
import type { OciImage } from '@vedette/inventory/oci/image';
import { platformText } from '@vedette/inventory/oci/manifest';
import type { Package } from '@vedette/inventory/package-list';
import { scan, type ScanResult } from '@vedette/inventory/scan';
import { isOver, supportOf } from '@vedette/inventory/support';
import { isRootUser } from '@vedette/inventory/users';
import { nameFacts, unknownImage, type ImageFacts, type PackageFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact, type OpenList } from '@vedette/policy/vocabulary';

export interface Gathered {
  readonly facts: ImageFacts;
  readonly scanned: ScanResult;
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
  readonly advisories: Advisories;
  readonly nowMs: number;
  readonly clock: () => number;
}

const scanBudgetMs = 120_000;
const notHere = 'it is known of an image that runs, from a hub';

export function gather(image: OciImage, { reference, advisories, nowMs, clock }: Gathering): Gathered {
  const scanned = scan(image.tree, { clock, budgetMs: scanBudgetMs });
  const missing = [...image.problems, ...scanned.packagesMissing];
  const packages: OpenList<PackageFacts> = { items: scanned.packages.map(packageFacts), incomplete: missing.length === 0 ? null : missing.join('; ') };
  const matched = advisories.store === null ? null : matchPackages(scanned.packages, advisories.store);
  const facts: ImageFacts = {
    ...unknownImage('it was not looked for'),
    ...named(image, reference),
    ...configured(image),
    ...distributed(image, nowMs),
    packages,
    vulnerabilities: vulnerabilities(scanned.packages, packages.incomplete, matched, advisories),
    advisoriesAgeDays: age(scanned.packages, advisories, nowMs),
    signatures: { items: [], incomplete: 'signatures lie in a registry, and an OCI layout has none to ask' },
  };
  return { facts, scanned, matched };
}

/** A layout that was made by copying says the whole name, others a tag, or nothing. */
function named(image: OciImage, asked: string | null): Partial<ImageFacts> {
  const whole = asked ?? image.names.find((one) => one.includes('/')) ?? null;
  const facts = whole === null ? null : nameFacts(whole);
  if (facts !== null) return facts;
  const unnamed = unknown('the layout does not say where the image belongs: name it with --reference');
  const tag = image.names.find((one) => /^[\w][\w.-]{0,127}$/.test(one));
  return { reference: unnamed, registry: unnamed, repository: unnamed, pinned: unnamed, tag: tag === undefined ? unnamed : known(tag) };
}

function configured(image: OciImage): Partial<ImageFacts> {
  const { config, created } = image.config;
  const user = config?.User ?? '';
  const root = isRootUser(image.tree, user);
  return {
    digest: known(image.digest),
    indexDigest: image.indexDigest === null ? absent : known(image.indexDigest),
    platform: known(platformText(image.platform)),
    created: created == null ? absent : known(created),
    labels: known({ ...config?.Labels }),
    user: user === '' ? absent : known(user),
    runsAsRoot: 'isRoot' in root ? known(root.isRoot) : unknown(root.unknown),
    // Values are where secrets are.
    environment: known((config?.Env ?? []).map((one) => one.split('=')[0]!)),
    exposedPorts: known(Object.keys(config?.ExposedPorts ?? {})),
    layers: known(image.layers.length),
    sizeBytes: known(image.layers.reduce((sum, one) => sum + one.sizeBytes, 0)),
  };
}

function distributed(image: OciImage, nowMs: number): Partial<ImageFacts> {
  const { distribution, problem } = readDistribution(image.tree);
  if (distribution === null) {
    const fact = problem === null ? absent : unknown(problem);
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
