/**
 * What lies beside an image in cosign's places, and the keys that are trusted → `image.signatures`. One answer for each key that vouches;
 * where none does, one for what was found instead. "There is no signature" is said of a registry that answered everywhere, never of a
 * layout: signatures stay behind in the registry when an image is copied without them.
 */
import { wordsOf } from '@vedette/model/origin';
import type { SignerKey } from '@vedette/origin/cosign/key';
import { findSigner, type SignatureFinding } from '@vedette/origin/cosign/verify';
import type { Manifest } from '@vedette/origin/oci/manifest';
import type { Registry } from '@vedette/origin/oci/registry';
import type { SignatureFacts } from '@vedette/policy/image-facts';
import { absent, known, unknown, type OpenList } from '@vedette/policy/vocabulary';

export interface SignaturePlace {
  readonly registry: Registry;
  readonly repository: string;
  /** The image and, if it stands in one, its index. */
  readonly manifests: readonly Manifest[];
  /** A copy holds the signatures that were copied; a registry holds all there are. */
  readonly isCopy: boolean;
}

const notCopied = 'the layout holds no signature; they lie in the registry, and a copy need not have them';

export async function signatureFacts(place: SignaturePlace, keys: readonly SignerKey[]): Promise<OpenList<SignatureFacts>> {
  const registry = remembering(place.registry);
  const ask = (some: readonly SignerKey[]): Promise<SignatureFinding> => findSigner(registry, place.repository, place.manifests, some);
  const findings: SignatureFinding[] = [];
  // Each key for itself: the search ends at the first signature that counts, and policies ask for signers by name.
  for (const key of keys) findings.push(await ask([key]));
  if (findings.length === 0) findings.push(await ask([]));
  const items: SignatureFacts[] = [];
  const reasons = new Set<string>();
  for (const one of findings) {
    if (one.signer !== null) items.push({ verified: known(true), signer: known(one.signer.keyName) });
    else if (one.verdict === 'unknown' && one.reason !== 'not-configured') reasons.add(one.sentence);
    else if (one.verdict === 'unsigned' && place.isCopy) reasons.add(notCopied);
  }
  const [first] = findings;
  if (items.length === 0 && first !== undefined && first.attempts.length > 0) items.push(unverified(first, keys.length > 0));
  return { items, incomplete: reasons.size === 0 ? null : [...reasons].join('; ') };
}

/** Something is there, and no key that was given vouches for it. */
function unverified(finding: SignatureFinding, hasKeys: boolean): SignatureFacts {
  if (!hasKeys) return { verified: unknown(`${wordsOf('not-configured')}: no key was given to check signatures with (--key)`), signer: unknown('no key was given') };
  return finding.verdict === 'unknown' ? { verified: unknown(finding.sentence), signer: unknown(finding.sentence) } : { verified: known(false), signer: absent };
}

/** The same questions are asked once for each key; the registry hears them once. */
function remembering(registry: Registry): Registry {
  const manifests = new Map<string, ReturnType<Registry['manifest']>>();
  const blobs = new Map<string, ReturnType<Registry['blob']>>();
  const referrers = new Map<string, ReturnType<Registry['referrers']>>();
  const kept = <T>(map: Map<string, T>, key: string, ask: () => T): T => {
    const known = map.get(key);
    if (known !== undefined) return known;
    const asked = ask();
    map.set(key, asked);
    return asked;
  };
  return {
    ...registry,
    manifest: (repository, which) => kept(manifests, which, () => registry.manifest(repository, which)),
    blob: (repository, digest, bytesMax) => kept(blobs, digest, () => registry.blob(repository, digest, bytesMax)),
    referrers: (repository, digest) => kept(referrers, digest, () => registry.referrers(repository, digest)),
  };
}
