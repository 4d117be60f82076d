/** What certificates and their keys look like as text and names: PEM, fingerprints, a sensor's URI. Needs nothing but Node. */
import { createHash, KeyObject, X509Certificate } from 'node:crypto';

/** The one kind of key and signature that the link uses. */
export const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** What a certificate of the link may be for, besides the hub's own listener. */
export type Part = 'sensor' | 'cluster';

/** The name in a certificate says what its owner is, so that no sensor can pass for a cluster part. */
export function partUri(part: Part, id: string): string {
  return part === 'sensor' ? `vedette:sensor:${id}` : `vedette:cluster-part:${id}`;
}

/** The one name that the relay of a cluster proves itself by: nothing that any hub, or another cluster, goes by. */
export function relayServerName(clusterId: string): string {
  return `${clusterId}.cluster.vedette.internal`;
}

/** SHA-256, hex. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}

/** Throws for bytes that are no certificate. */
export function pem(certificate: Uint8Array): string {
  return new X509Certificate(certificate).toString();
}

/** PKCS#8. */
export function exportPrivateKey(key: CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
