/**
 * Signatures as cosign v2 writes them, made with node:crypto: the signature tag with simple signing payloads, and with --new-bundle-format the sigstore
 * bundle as a referrer. Field order and spelling follow cosign's own output.
 */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { ImageDigest } from '@vedette/model/ids';
import { inTotoType, preAuthentication, signPredicateType } from '../cosign/signature.ts';
import type { TestRegistry } from './registry.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** As in cosign.pub. */
  readonly pem: string;
}

export function makeKeyPair(namedCurve = 'P-256'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

export function signedBy(key: KeyObject, bytes: Uint8Array): string {
  return sign('sha256', bytes, { key, dsaEncoding: 'der' }).toString('base64');
}

export function simplePayload(reference: string, digest: string, optional: Record<string, unknown> | null = null): string {
  return JSON.stringify({ critical: { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' }, optional });
}

export interface SimpleSignature {
  readonly payload: string;
  readonly annotations: Record<string, string>;
}

export function simpleSignature(key: KeyObject, payload: string): SimpleSignature {
  return { payload, annotations: { 'dev.cosignproject.cosign/signature': signedBy(key, Buffer.from(payload)) } };
}

/** The manifest under `sha256-<hex>.sig`. */
export function pushSignatureTag(registry: TestRegistry, repository: string, digest: ImageDigest, signatures: readonly SimpleSignature[]): void {
  const layers = signatures.map(({ payload, annotations }) => ({ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', size: Buffer.byteLength(payload), digest: registry.blob(payload), annotations }));
  const config = JSON.stringify({ architecture: '', created: '0001-01-01T00:00:00Z', history: layers.map(() => ({ created: '0001-01-01T00:00:00Z' })), os: '', rootfs: { type: 'layers', diff_ids: layers.map((one) => one.digest) }, config: {} });
  registry.manifest(repository, `${digest.replace(':', '-')}.sig`, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: Buffer.byteLength(config), digest: registry.blob(config) },
    layers,
  });
}

export function envelopeBundle(key: KeyObject, digest: string, predicateType = signPredicateType): Record<string, unknown> {
  const statement = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: digest.replace('sha256:', '') }, annotations: {} }], predicateType, predicate: {} }));
  return {
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: { payload: statement.toString('base64'), payloadType: inTotoType, signatures: [{ sig: signedBy(key, preAuthentication(inTotoType, statement)) }] },
  };
}

export function messageBundle(key: KeyObject, image: Uint8Array, digest: string): Record<string, unknown> {
  return {
    mediaType: bundleType,
    verificationMaterial: { publicKey: { hint: '' } },
    messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: Buffer.from(digest.replace('sha256:', ''), 'hex').toString('base64') }, signature: signedBy(key, image) },
  };
}

export function pushBundle(registry: TestRegistry, repository: string, subject: ImageDigest, bundle: unknown, predicateType: string | null = signPredicateType): ImageDigest {
  const document = JSON.stringify(bundle);
  const manifest = registry.manifest(repository, null, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', size: 2, digest: registry.blob('{}'), artifactType: bundleType },
    layers: [{ mediaType: bundleType, size: Buffer.byteLength(document), digest: registry.blob(document) }],
    annotations: { 'dev.sigstore.bundle.content': 'dsse-envelope', 'org.opencontainers.image.created': '2026-03-03T23:10:43Z', ...(predicateType === null ? {} : { 'dev.sigstore.bundle.predicateType': predicateType }) },
    subject: { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: registry.size(subject), digest: subject },
    artifactType: bundleType,
  });
  // go-containerregistry writes the configuration's type, and no annotations, where it has to stand in for the API
  if (!registry.referrersApi) registry.referrersTag(repository, subject, [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', size: registry.size(manifest), digest: manifest, artifactType: 'application/vnd.oci.empty.v1+json' }]);
  return manifest;
}
