/**
 * What cosign writes about one image → statements that a key can be tried on: the simple signing payload with its signature in an annotation, and
 * the sigstore bundle, whose content is a DSSE envelope around an in-toto statement or a signature over the manifest's own bytes.
 * A statement names the digest that it is about; whether that is our image is the caller's question. Attestations of other kinds (provenance,
 * bill of materials) are no signatures and come back as such.
 */
import { z } from 'zod';

/** What a signature was made over, and what that says. */
export interface Statement {
  readonly signed: Uint8Array;
  /** DER; any one of them suffices. */
  readonly signatures: readonly Uint8Array[];
  /** `sha256:` digests of what it is about. */
  readonly about: readonly string[];
  /** What the signer added: `cosign sign -a key=value`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The name under which it was signed; nothing checks it. */
  readonly reference: string | null;
  /** Made with a certificate of a day, not with a key. */
  readonly keyless: boolean;
}
export interface NoStatement {
  readonly problem: string;
}
export interface OtherKind {
  readonly predicateType: string;
}

export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const signatureAnnotation = 'dev.cosignproject.cosign/signature';
export const certificateAnnotation = 'dev.sigstore.cosign/certificate';
export const signPredicateType = 'https://sigstore.dev/cosign/sign/v1';
export const inTotoType = 'application/vnd.in-toto+json';
const signaturesMax = 10;

export function isBundleType(mediaType: string | null): boolean {
  return mediaType !== null && /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.\d+)?\+json(;version=0\.\d+)?$/.test(mediaType);
}

const base64 = z.string().max(4 * 2 ** 20).regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is no base64').transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const added = z.record(z.string(), z.unknown()).nullish().transform((all) => Object.fromEntries(Object.entries(all ?? {}).flatMap(([key, value]) => (scalar.safeParse(value).success ? [[key, String(value)]] : []))));
const payload = z.object({
  critical: z.object({
    identity: z.object({ 'docker-reference': z.string().max(1024).nullish() }).nullish(),
    image: z.object({ 'docker-manifest-digest': z.string().max(200) }),
    type: z.literal('cosign container image signature'),
  }),
  optional: added,
});
const material = z.object({ publicKey: z.object({ hint: z.string().nullish() }).nullish(), certificate: z.unknown(), x509CertificateChain: z.unknown() });
const bundle = z.object({
  mediaType: z.string().max(200),
  verificationMaterial: material.partial().nullish(),
  dsseEnvelope: z.object({ payload: base64, payloadType: z.string().max(200), signatures: z.array(z.object({ sig: base64 })).min(1).max(signaturesMax) }).nullish(),
  messageSignature: z.object({ messageDigest: z.object({ algorithm: z.string(), digest: base64 }).nullish(), signature: base64 }).nullish(),
});
const statement = z.object({
  _type: z.string().regex(/^https:\/\/in-toto\.io\/Statement\/v(0\.1|1)$/, 'is no in-toto statement'),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()), annotations: added })).max(100),
  predicateType: z.string().max(1024),
});

function readJson<T>(bytes: Uint8Array, schema: z.ZodType<T>): { readonly value: T } | NoStatement {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { problem: 'it is no JSON' };
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? { value: parsed.data } : { problem: parsed.error.issues.map((one) => `${one.path.join('.') || 'the document'}: ${one.message}`).slice(0, 2).join('; ') };
}

/** `signature`: the annotation beside the payload. */
export function parseSimpleSigning(bytes: Uint8Array, signature: string | undefined, keyless: boolean): Statement | NoStatement {
  const decoded = base64.safeParse(signature);
  if (!decoded.success) return { problem: 'there is no signature beside the payload' };
  const read = readJson(bytes, payload);
  if ('problem' in read) return read;
  const { critical, optional } = read.value;
  return { signed: bytes, signatures: [decoded.data], about: [critical.image['docker-manifest-digest']], annotations: optional, reference: critical.identity?.['docker-reference'] ?? null, keyless };
}

/** DSSE's pre-authentication encoding: what is really signed. */
export function preAuthentication(type: string, body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]));
}

/** `image`: the bytes of the manifest that the bundle belongs to, for a signature over these. */
export function parseBundle(bytes: Uint8Array, image: Uint8Array): Statement | NoStatement | OtherKind {
  const read = readJson(bytes, bundle);
  if ('problem' in read) return read;
  const { mediaType, verificationMaterial, dsseEnvelope, messageSignature } = read.value;
  if (!isBundleType(mediaType)) return { problem: 'its media type is not that of a sigstore bundle' };
  if ((dsseEnvelope == null) === (messageSignature == null)) return { problem: 'it must hold either an envelope or a signature' };
  const keyless = verificationMaterial?.certificate !== undefined || verificationMaterial?.x509CertificateChain !== undefined;
  if (messageSignature != null) {
    const { messageDigest, signature } = messageSignature;
    if (messageDigest != null && messageDigest.algorithm !== 'SHA2_256') return { problem: `its digest is ${messageDigest.algorithm.slice(0, 40)}, not SHA2_256` };
    // no digest: it can be about nothing but the bytes that it is checked against
    const about = messageDigest == null ? [] : [`sha256:${Buffer.from(messageDigest.digest).toString('hex')}`];
    return { signed: image, signatures: [signature], about, annotations: {}, reference: null, keyless };
  }
  return parseEnvelope(dsseEnvelope!, keyless);
}

function parseEnvelope(envelope: { readonly payload: Uint8Array; readonly payloadType: string; readonly signatures: readonly { readonly sig: Uint8Array }[] }, keyless: boolean): Statement | NoStatement | OtherKind {
  if (envelope.payloadType !== inTotoType) return { problem: `its envelope holds ${envelope.payloadType.slice(0, 80)}, not an in-toto statement` };
  const read = readJson(envelope.payload, statement);
  if ('problem' in read) return read;
  const { subject, predicateType } = read.value;
  if (predicateType !== signPredicateType) return { predicateType };
  return {
    signed: preAuthentication(envelope.payloadType, envelope.payload),
    signatures: envelope.signatures.map((one) => one.sig),
    about: subject.flatMap((one) => (one.digest['sha256'] === undefined ? [] : [`sha256:${one.digest['sha256']}`])),
    annotations: Object.assign({}, ...subject.map((one) => one.annotations)) as Record<string, string>,
    reference: null,
    keyless,
  };
}
