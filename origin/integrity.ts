/**
 * What registry, signatures, records and the list of trusted registries say → six verdicts on where an image came from, each by itself. Pure. A verdict
 * is violated or holds only on an answer; everything else is unknown with the reason, or not applicable where there is nothing that could be wrong.
 */
import { wordsOf, type Answer, type IntegrityKind, type IntegrityVerdict, type Unknown } from '@vedette/model/origin';
import type { SignatureFinding } from './cosign/verify.ts';
import type { ImageFound } from './oci/image.ts';
import type { Manifest } from './oci/manifest.ts';
import { formatReference, type ImageReference } from './oci/reference.ts';

export interface OriginAnswers {
  readonly found: ImageFound;
  /** null: the image could not be read, so no signature was looked for. */
  readonly signature: SignatureFinding | null;
  /** Do others (Artifactory, our own builds) have a record of the digest? null: nobody is configured. */
  readonly records: Answer<string> | null;
  /** `r.example`, `r.example/team`; null: no list was given. */
  readonly trusted: readonly string[] | null;
}

export function judgeOrigin(answers: OriginAnswers): readonly IntegrityVerdict[] {
  return [tagMoved(answers), missing(answers), unknownDigest(answers), unsigned(answers), signatureFailed(answers), untrusted(answers)];
}

interface More {
  readonly action?: string;
  readonly expected?: string;
  readonly found?: string;
}

function verdict(kind: IntegrityKind, state: 'violated' | 'holds' | 'not-applicable', sentence: string, more: More = {}): IntegrityVerdict {
  return { kind, state, reason: null, sentence, action: more.action ?? null, expected: more.expected ?? null, found: more.found ?? null };
}

function open(kind: IntegrityKind, why: Unknown, action: string | null = null): IntegrityVerdict {
  return { kind, state: 'unknown', reason: why.reason, sentence: `${wordsOf(why.reason)}: ${why.detail}`, action, expected: null, found: null };
}

function tagMoved({ found: { reference, atTag, atDigest } }: OriginAnswers): IntegrityVerdict {
  const { tag, digest } = reference;
  if (digest === null) return verdict('tag-moved', 'not-applicable', 'no digest was named: the tag means what it leads to now');
  if (tag === null || atTag === null) return verdict('tag-moved', 'not-applicable', 'no tag was named that could have moved');
  if (atTag.state === 'unknown') return open('tag-moved', atTag);
  const action = `find out who pushed :${tag}, and deploy by digest`;
  // what was deleted takes its tags with it: that is one finding, not two
  if (atTag.state === 'absent' && atDigest?.state === 'absent') return verdict('tag-moved', 'not-applicable', `the tag :${tag} is gone with the image that it led to`);
  if (atTag.state === 'absent') return verdict('tag-moved', 'violated', `the tag :${tag} leads nowhere any more`, { action, expected: digest });
  if (holds(atTag.value, digest)) return verdict('tag-moved', 'holds', `the tag :${tag} still leads to this image`);
  return verdict('tag-moved', 'violated', `the tag :${tag} leads to another image now`, { action, expected: digest, found: atTag.value.digest });
}

/** A container may carry the index's digest or the platform's: the tag leads to both. */
function holds(manifest: Manifest, digest: string): boolean {
  return manifest.digest === digest || (manifest.kind === 'index' && manifest.manifests.some((one) => one.digest === digest));
}

function askedFor({ reference, atDigest, atTag }: ImageFound): { readonly answer: Answer<Manifest>; readonly name: string } {
  return { answer: atDigest ?? atTag!, name: formatReference({ ...reference, tag: reference.digest === null ? reference.tag : null }) };
}

function missing({ found }: OriginAnswers): IntegrityVerdict {
  const { answer, name } = askedFor(found);
  if (answer.state === 'unknown') return open('missing-in-registry', answer);
  if (answer.state === 'known') return verdict('missing-in-registry', 'holds', `${name} is in its registry`);
  return verdict('missing-in-registry', 'violated', answer.detail, { action: 'push it again from a trusted copy, or replace what runs: it cannot be pulled again', expected: name });
}

function unknownDigest({ found, records }: OriginAnswers): IntegrityVerdict {
  const { digest } = found.reference;
  if (digest === null) return verdict('unknown-digest', 'not-applicable', 'no digest was named: what the tag leads to is known by definition');
  const { answer } = askedFor(found);
  if (answer.state === 'known') return verdict('unknown-digest', 'holds', 'its registry knows the digest');
  if (records?.state === 'known') return verdict('unknown-digest', 'holds', `the digest is on record: ${records.value}`);
  if (answer.state === 'unknown') return open('unknown-digest', answer);
  if (records === null) return { ...open('unknown-digest', { state: 'unknown', reason: 'not-configured', detail: 'its registry does not have it, and nobody else is configured who could know it' }), action: 'configure Artifactory, or keep the results of vedette check in the hub' };
  if (records.state === 'unknown') return open('unknown-digest', records);
  return verdict('unknown-digest', 'violated', `nobody knows this digest: ${answer.detail}; ${records.detail}`, { action: 'treat it as an image that was not built here: keep a copy and replace what runs', found: digest });
}

const noImage: Unknown = { state: 'unknown', reason: 'not-asked', detail: 'the image could not be read, so its signatures were not looked for' };

function unsigned({ signature }: OriginAnswers): IntegrityVerdict {
  if (signature === null) return open('unsigned', noImage);
  switch (signature.verdict) {
    case 'unsigned': return verdict('unsigned', 'violated', signature.sentence, { action: 'sign it in CI (cosign sign --key), by digest' });
    case 'signed':
    case 'failed': return verdict('unsigned', 'holds', signature.sentence);
    case 'unknown': return openSignature('unsigned', signature);
    default: return signature.verdict satisfies never;
  }
}

function signatureFailed({ signature }: OriginAnswers): IntegrityVerdict {
  if (signature === null) return open('signature-failed', noImage);
  switch (signature.verdict) {
    case 'failed': return verdict('signature-failed', 'violated', signature.sentence, { action: 'find out who signed it and whether the right key was given' });
    case 'signed': return verdict('signature-failed', 'holds', signature.sentence);
    case 'unsigned': return verdict('signature-failed', 'not-applicable', 'there is no signature that could fail');
    case 'unknown': return openSignature('signature-failed', signature);
    default: return signature.verdict satisfies never;
  }
}

function openSignature(kind: IntegrityKind, { reason, sentence }: SignatureFinding): IntegrityVerdict {
  return { kind, state: 'unknown', reason: reason ?? 'not-asked', sentence, action: reason === 'not-configured' ? 'give the public key: --key cosign.pub' : null, expected: null, found: null };
}

export function isTrusted(reference: Pick<ImageReference, 'registry' | 'repository'>, trusted: readonly string[]): boolean {
  const name = `${reference.registry}/${reference.repository}`;
  return trusted.some((one) => name === one || name.startsWith(one.endsWith('/') ? one : `${one}/`));
}

function untrusted({ found: { reference }, trusted }: OriginAnswers): IntegrityVerdict {
  if (trusted === null) return open('untrusted-registry', { state: 'unknown', reason: 'not-configured', detail: 'no list of trusted registries was given' }, 'name them: --trust REGISTRY[/PATH]');
  const name = `${reference.registry}/${reference.repository}`;
  if (isTrusted(reference, trusted)) return verdict('untrusted-registry', 'holds', `${name} is trusted`);
  return verdict('untrusted-registry', 'violated', `${name} is not in the list of trusted registries`, { action: 'pull it through a trusted registry, or add it to the list', expected: trusted.join(', '), found: name });
}
