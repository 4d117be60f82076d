/**
 * What the hub keeps of an image → its facts now: the configuration as it was read, the packages as they are, and what the feeds say of them
 * today, with what was seen of their use. Nobody has to read the image again. What was never read is unknown with the reason.
 */
import { ecosystemWithoutRelease } from '@vedette/advisories/order/order';
import { isOver } from '@vedette/inventory/support';
import { severities, type Severity } from '@vedette/model/policy';
import { nameFacts, unknownImage, type Exposure, type ImageFacts, type PackageFacts, type SignatureFacts, type VulnerabilityFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type Fact, type OpenList } from '@vedette/policy/vocabulary';

export interface StoredFinding {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly severity: string;
  readonly cvss: number | null;
  readonly fixedIn: string | null;
  /** Why it cannot be said whether this version is affected. */
  readonly uncertain: string | null;
  /** Place of its package in the list. */
  readonly position: number;
  readonly loaded: Fact<Exposure>;
}

export interface StoredImage {
  readonly digest: string;
  readonly indexDigest: string | null;
  readonly reference: string | null;
  /** As they were when the image was read; null: its configuration was not. */
  readonly facts: Partial<ImageFacts> | null;
  readonly signatures: OpenList<SignatureFacts>;
  readonly packages: OpenList<PackageFacts>;
  readonly findings: readonly StoredFinding[];
  /** Why there may be more findings; null: these are all. */
  readonly findingsIncomplete: string | null;
  readonly feeds: readonly { readonly ecosystem: string; readonly ageDays: number }[];
  readonly nowMs: number;
}

export function storedImageFacts(stored: StoredImage): ImageFacts {
  const { digest, indexDigest, reference, facts, packages, nowMs } = stored;
  const until = facts?.supportedUntil;
  const reasons = [packages.incomplete, stored.findingsIncomplete].filter((one) => one !== null);
  return {
    ...unknownImage(facts === null ? 'no pipeline has checked this image, so its configuration is not known here' : 'the check that was kept says nothing about it'),
    ...facts,
    ...(reference === null ? {} : nameFacts(reference)),
    digest: known(digest),
    indexDigest: indexDigest === null ? (facts?.indexDigest ?? unknown('not reported')) : known(indexDigest),
    ...(until?.is === 'known' ? { endOfLife: known(isOver(until.value, nowMs)) } : {}),
    packages,
    vulnerabilities: { items: stored.findings.flatMap((one) => vulnerability(one, packages.items)), incomplete: reasons.length === 0 ? null : reasons.join('; ') },
    signatures: stored.signatures,
    advisoriesAgeDays: age(stored),
  };
}

function vulnerability(one: StoredFinding, packages: readonly PackageFacts[]): VulnerabilityFacts[] {
  const found = packages[one.position];
  if (found === undefined) return [];
  const severity = severities.find((word) => word === one.severity) as Severity | undefined;
  return [{
    id: one.id,
    aliases: one.aliases,
    severity: severity === undefined ? unknown('no record rates it') : known(severity),
    cvss: one.cvss === null ? unknown('no record has a vector') : known(one.cvss),
    fixedIn: one.fixedIn === null ? absent : known(one.fixedIn),
    affected: one.uncertain === null ? known(true) : unknown(one.uncertain),
    malicious: [one.id, ...one.aliases].some((name) => name.startsWith('MAL-')),
    package: found,
    loaded: one.loaded,
  }];
}

/** Of the oldest feed that speaks of a package of this image. */
function age({ packages, feeds }: StoredImage): Fact<number> {
  const wanted = new Set(packages.items.map((one) => ecosystemWithoutRelease(one.ecosystem)));
  const ages = feeds.filter((one) => wanted.has(ecosystemWithoutRelease(one.ecosystem))).map((one) => one.ageDays);
  if (ages.length > 0) return known(Math.max(...ages));
  return packages.items.length === 0 && packages.incomplete === null ? absent : unknown('no feed of the hub speaks about the packages of this image');
}
