/**
 * The signatures of one image, looked for everywhere that cosign puts them, tried with the keys that were given → signed, unsigned, failed or
 * unknown, each explained. One good signature by one key suffices, on the image or on the index that holds it. "Unsigned" and "failed" are
 * said only when every place could be read: a signature may lie where we were refused. The transparency log is not asked.
 */
import { verify } from 'node:crypto';
import type { ImageDigest } from '@vedette/model/ids';
import { wordsOf, type Unknown, type UnknownReason } from '@vedette/model/origin';
import type { Descriptor, ImageManifest, Manifest } from '../oci/manifest.ts';
import type { Registry } from '../oci/registry.ts';
import type { SignerKey } from './key.ts';
import { certificateAnnotation, isBundleType, parseBundle, parseSimpleSigning, signatureAnnotation, signPredicateType, simpleSigningType, type Statement } from './signature.ts';

export type SignatureForm = 'signature tag' | 'bundle' | 'referrer';

export interface Attempt {
  readonly form: SignatureForm;
  /** What it is attached to: the image, or the index that holds it. */
  readonly subject: ImageDigest;
  /** Why this one does not count; null: it does. */
  readonly objection: string | null;
}

export interface Signer {
  readonly keyName: string;
  readonly fingerprint: string;
  readonly form: SignatureForm;
  readonly subject: ImageDigest;
  readonly annotations: Readonly<Record<string, string>>;
  readonly reference: string | null;
}

export interface SignatureFinding {
  readonly verdict: 'signed' | 'unsigned' | 'failed' | 'unknown';
  /** Set when the verdict is unknown. */
  readonly reason: UnknownReason | null;
  readonly sentence: string;
  readonly signer: Signer | null;
  readonly attempts: readonly Attempt[];
}

const documentBytesMax = 2 * 2 ** 20;
const candidatesMax = 60;
/** What go-containerregistry writes as the type of a referrer under the stand-in tag: the configuration's. Only the manifest tells. */
const sayingNothing: readonly (string | null)[] = [null, 'application/vnd.oci.empty.v1+json', 'application/vnd.oci.image.config.v1+json', 'application/vnd.oci.image.manifest.v1+json'];
const cosignReferrerType = 'application/vnd.dev.cosign.artifact.sig.v1+json';

interface Search {
  readonly registry: Registry;
  readonly repository: string;
  readonly keys: readonly SignerKey[];
  readonly attempts: Attempt[];
  readonly unread: Unknown[];
  signer: Signer | null;
  left: number;
}

/** `images`: the image and, if it stands in one, its index. */
export async function findSigner(registry: Registry, repository: string, images: readonly Manifest[], keys: readonly SignerKey[]): Promise<SignatureFinding> {
  const search: Search = { registry, repository, keys, attempts: [], unread: [], signer: null, left: candidatesMax };
  for (const image of images) {
    await lookAtTag(search, image);
    if (search.signer === null) await lookAtReferrers(search, image);
    if (search.signer !== null) break;
  }
  return conclude(search);
}

function conclude({ signer, attempts, unread, keys }: Search): SignatureFinding {
  const told = { signer, attempts };
  if (signer !== null) return { ...told, verdict: 'signed', reason: null, sentence: `signed by ${signer.keyName} (key ${signer.fingerprint.slice(0, 16)}…), found as ${signer.form} of ${signer.subject}` };
  const first = unread[0];
  if (first !== undefined) {
    const seen = attempts.length === 0 ? '' : `; ${countOf(attempts)} could be read and ${attempts.length === 1 ? 'does' : 'do'} not count`;
    return { ...told, verdict: 'unknown', reason: first.reason, sentence: `whether it is signed is not known: ${wordsOf(first.reason)}: ${first.detail}${seen}` };
  }
  if (attempts.length === 0) return { ...told, verdict: 'unsigned', reason: null, sentence: 'no signature was found, neither under its signature tag nor among its referrers' };
  if (keys.length === 0) return { ...told, verdict: 'unknown', reason: 'not-configured', sentence: `it has ${countOf(attempts)}, but no key was given to check with` };
  const objections = [...new Set(attempts.map((one) => one.objection ?? ''))];
  return { ...told, verdict: 'failed', reason: null, sentence: `it has ${countOf(attempts)}, and none of them counts: ${objections.slice(0, 3).join('; ')}` };
}

function countOf(attempts: readonly Attempt[]): string {
  return attempts.length === 1 ? '1 signature' : `${attempts.length} signatures`;
}

async function lookAtTag(search: Search, image: Manifest): Promise<void> {
  const found = await search.registry.manifest(search.repository, `${image.digest.replace(':', '-')}.sig`);
  if (found.state === 'absent') return;
  if (found.state === 'unknown') search.unread.push(found);
  else if (found.value.kind === 'index') search.attempts.push({ form: 'signature tag', subject: image.digest, objection: 'the signature tag holds an index, not signatures' });
  else await trySimpleSigning(search, found.value, image, 'signature tag');
}

async function lookAtReferrers(search: Search, image: Manifest): Promise<void> {
  const found = await search.registry.referrers(search.repository, image.digest);
  if (found.state === 'absent') return;
  if (found.state === 'unknown') return void search.unread.push(found);
  for (const entry of found.value.filter(mayBeSignature)) {
    if (search.signer !== null || !takeOne(search)) return;
    const manifest = await search.registry.manifest(search.repository, entry.digest);
    if (manifest.state === 'unknown') search.unread.push(manifest);
    // one that is named and gone is no signature any more
    if (manifest.state !== 'known' || manifest.value.kind !== 'image') continue;
    if (manifest.value.layers.some((one) => one.mediaType === simpleSigningType)) await trySimpleSigning(search, manifest.value, image, 'referrer');
    else await tryBundles(search, manifest.value, image);
  }
}

function mayBeSignature(entry: Descriptor): boolean {
  const predicate = entry.annotations['dev.sigstore.bundle.predicateType'];
  if (predicate !== undefined && predicate !== signPredicateType) return false;
  return sayingNothing.includes(entry.artifactType) || isBundleType(entry.artifactType) || entry.artifactType === cosignReferrerType;
}

/** False: there are more candidates than we look at, so that what is left is not known. */
function takeOne(search: Search): boolean {
  search.left -= 1;
  if (search.left === -1) search.unread.push({ state: 'unknown', reason: 'too-large', detail: `there are more than ${candidatesMax} signatures` });
  return search.left >= 0;
}

async function trySimpleSigning(search: Search, manifest: ImageManifest, image: Manifest, form: SignatureForm): Promise<void> {
  for (const layer of manifest.layers) {
    if (layer.mediaType !== simpleSigningType) continue;
    if (search.signer !== null || !takeOne(search)) return;
    const payload = await search.registry.blob(search.repository, layer.digest, documentBytesMax);
    if (payload.state === 'unknown') search.unread.push(payload);
    else if (payload.state === 'absent') search.attempts.push({ form, subject: image.digest, objection: 'its payload is missing in the registry' });
    else attempt(search, parseSimpleSigning(payload.value, layer.annotations[signatureAnnotation], layer.annotations[certificateAnnotation] !== undefined), image, form);
  }
}

async function tryBundles(search: Search, manifest: ImageManifest, image: Manifest): Promise<void> {
  for (const layer of manifest.layers) {
    if (!isBundleType(layer.mediaType) || search.signer !== null) continue;
    const document = await search.registry.blob(search.repository, layer.digest, documentBytesMax);
    if (document.state === 'unknown') search.unread.push(document);
    else if (document.state === 'absent') search.attempts.push({ form: 'bundle', subject: image.digest, objection: 'its bundle is missing in the registry' });
    else {
      const parsed = parseBundle(document.value, image.bytes);
      if (!('predicateType' in parsed)) attempt(search, parsed, image, 'bundle');
    }
  }
}

function attempt(search: Search, statement: Statement | { readonly problem: string }, image: Manifest, form: SignatureForm): void {
  const judged = 'problem' in statement ? { objection: `one cannot be read (${statement.problem})` } : judge(statement, image, search.keys);
  search.attempts.push({ form, subject: image.digest, objection: 'key' in judged ? null : judged.objection });
  if (!('key' in judged) || 'problem' in statement) return;
  search.signer = { keyName: judged.key.name, fingerprint: judged.key.fingerprint, form, subject: image.digest, annotations: statement.annotations, reference: statement.reference };
}

/** The signature first: what a statement says counts for nothing before that. */
function judge(statement: Statement, image: Manifest, keys: readonly SignerKey[]): { readonly key: SignerKey } | { readonly objection: string } {
  const key = keys.find((one) => statement.signatures.some((signature) => verify('sha256', statement.signed, { key: one.key, dsaEncoding: 'der' }, signature)));
  if (key === undefined) {
    if (statement.keyless) return { objection: 'one is made with a certificate (keyless), and only keys are checked' };
    return { objection: keys.length === 0 ? 'there is no key to check with' : 'one is by another key, or was changed after signing' };
  }
  // a signature over the manifest's own bytes need not name them
  if (statement.about.includes(image.digest) || (statement.about.length === 0 && statement.signed === image.bytes)) return { key };
  return { objection: `one is good but for another image (${(statement.about[0] ?? 'none named').slice(0, 80)})` };
}
