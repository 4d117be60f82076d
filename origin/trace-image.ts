/**
 * One image reference → everything that its registry, its signatures and Artifactory say of it, as a chain and as verdicts. This file knows the order; whom
 * to ask is handed in. Asking goes on where one source fails: what the others say is still worth knowing.
 */
import { absent, known, mapAnswer, unknown, type Answer, type IntegrityVerdict } from '@vedette/model/origin';
import type { SignerKey } from './cosign/key.ts';
import { findSigner, type SignatureFinding } from './cosign/verify.ts';
import { artifactoryFacts, registryFacts, signerFact } from './facts.ts';
import { judgeOrigin } from './integrity.ts';
import { findBuild, type Build } from './jfrog/build-info.ts';
import { findEvidence, type Evidence } from './jfrog/evidence.ts';
import { findManifests, meantBy, rankPlaces, repositoriesBehind, whyBlind, type ManifestPlace, type PullNames } from './jfrog/manifest.ts';
import type { Platform as JfrogPlatform } from './jfrog/platform.ts';
import { findIssues, findViolations, type XrayIssue, type XrayViolation } from './jfrog/xray.ts';
import { digestsOf, readImage, type ImageFound } from './oci/image.ts';
import type { Platform } from './oci/manifest.ts';
import type { ImageReference } from './oci/reference.ts';
import type { Registry } from './oci/registry.ts';
import { chainOf, type Chain, type StationFact } from './trace.ts';

export interface TraceSources {
  readonly registry: Registry;
  readonly keys: readonly SignerKey[];
  /** null: no list was given. */
  readonly trusted: readonly string[] | null;
  /** `xray`: left out, the same platform answers for it; null: nobody does. */
  readonly jfrog: { readonly platform: JfrogPlatform; readonly names: PullNames; readonly xray?: JfrogPlatform | null } | null;
  /** What others than Artifactory have on record of the digest, such as our own checks; left out: nobody else is asked. */
  readonly records?: Answer<string>;
  /** Told as soon as the registry has said all, before slower ones are asked; left out: nobody waits for it. */
  readonly heard?: (said: Heard) => void;
  readonly clock: () => number;
}

/** What registry and signatures say, without the rest. */
export type Heard = Pick<ImageTrace, 'found' | 'signature'>;

export interface JfrogFindings {
  /** Every place with the digest, the one that the reference means first. */
  readonly places: Answer<readonly ManifestPlace[]>;
  readonly build: Answer<Build>;
  readonly issues: Answer<readonly XrayIssue[]>;
  readonly violations: Answer<readonly XrayViolation[]>;
  readonly evidence: Answer<readonly Evidence[]>;
}

export interface ImageTrace {
  readonly found: ImageFound;
  /** What the chain is made of: whoever keeps it can put the chain together again later, with the ages of then. */
  readonly facts: readonly StationFact[];
  readonly chain: Chain;
  readonly verdicts: readonly IntegrityVerdict[];
  readonly signature: SignatureFinding | null;
  /** null: not configured. */
  readonly jfrog: JfrogFindings | null;
}

export async function traceImage(reference: ImageReference, platform: Platform, sources: TraceSources): Promise<ImageTrace> {
  const { registry, keys, jfrog, clock } = sources;
  const found = await readImage(registry, reference, platform);
  const signed = found.image.state === 'known' ? [found.image.value, ...(found.index === null ? [] : [found.index])] : [];
  const signature = signed.length === 0 ? null : await findSigner(registry, reference.repository, signed, keys);
  sources.heard?.({ found, signature });
  const facts = [...registryFacts(found, clock()), signerFact(signature, clock())];
  const findings = jfrog === null ? null : await askJfrog(jfrog, found);
  if (findings !== null && jfrog !== null) facts.push(...artifactoryFacts(jfrog.platform.name, mapAnswer(findings.places, (all) => all[0]!), findings.build, clock()));
  const stored = findings === null ? null : mapAnswer(findings.places, (all) => `${jfrog!.platform.name} has it in ${all[0]!.repository}/${all[0]!.path}`);
  const records = anyRecord([stored, sources.records ?? null]);
  return { found, facts, chain: chainOf(facts, clock()), verdicts: judgeOrigin({ found, signature, records, trusted: sources.trusted }), signature, jfrog: findings };
}

/** One who has it suffices; one who could not say outweighs one who has nothing. null: nobody was there to ask. */
function anyRecord(all: readonly (Answer<string> | null)[]): Answer<string> | null {
  const given = all.filter((one) => one !== null);
  return given.find((one) => one.state === 'known') ?? given.find((one) => one.state === 'unknown') ?? given[0] ?? null;
}

async function askJfrog({ platform, names, xray = platform }: NonNullable<TraceSources['jfrog']>, found: ImageFound): Promise<JfrogFindings> {
  const { reference } = found;
  const digests = digestsOf(found);
  const meant = meantBy(reference, names) ?? { repository: null, image: reference.repository, tag: reference.tag };
  const named = await findManifests(platform, digests);
  const blind = named.state === 'absent' && meant.repository !== null ? await whyBlind(platform, meant.repository) : null;
  const all = blind ?? named;
  if (all.state !== 'known') {
    const nowhere = all.state === 'absent' ? absent('the image is not on record there') : unknown('not-asked', 'where it lies in Artifactory is not known');
    return { places: all, build: nowhere, issues: nowhere, violations: nowhere, evidence: nowhere };
  }
  // which repository is meant only orders what was found: not being told does no harm
  const behind = meant.repository === null ? { names: [] } : await repositoriesBehind(platform, meant.repository);
  const places = rankPlaces(all.value, meant, 'names' in behind ? behind.names : [meant.repository ?? '']);
  const [best] = places as [ManifestPlace, ...ManifestPlace[]];
  // a platform's manifest names no build where the index does
  const withBuild = places.find((one) => one.properties.has('build.name')) ?? best;
  // and Xray scans the platform's manifest, not the index
  const image = found.image.state === 'known' ? found.image.value.digest : null;
  const scanned = places.find((one) => one.digest === image) ?? best;
  const noXray = unknown('not-configured', 'no Xray is configured');
  return {
    places: known(places),
    build: await findBuild(platform, withBuild, digests),
    issues: xray === null ? noXray : await findIssues(xray, scanned.digest, scanned),
    violations: xray === null ? noXray : await findViolations(xray, scanned),
    evidence: await findEvidence(platform, digests),
  };
}
