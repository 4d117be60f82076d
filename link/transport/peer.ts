/**
 * Who is at the other end of a connection: a sensor's certificate judged against the authorities that are trusted now.
 * The TLS layer has proved that the peer owns the key; everything else is decided here, by the hub's clock, so that an
 * expired certificate can be told from a foreign one: it may still be renewed for a while, nothing else.
 */
import type { X509Certificate } from 'node:crypto';
import { partUri, type Part } from './certificate-text.ts';

export type Peer =
  /** `sensorId`: the id in the certificate, also of a cluster part. */
  | { readonly kind: Part; readonly sensorId: string; readonly notBeforeMs: number; readonly notAfterMs: number }
  | { readonly kind: 'nobody'; readonly reason: string };

const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const partNames = (['sensor', 'cluster'] as const).map((part) => ({ part, pattern: new RegExp(`^URI:${partUri(part, `(${uuid})`)}$`) }));

export function judgePeer(certificate: X509Certificate | undefined, authorities: readonly X509Certificate[], nowMs: number): Peer {
  if (certificate === undefined) return nobody('No client certificate was presented.');
  const authority = authorities.find((candidate) => certificate.checkIssued(candidate) && certificate.verify(candidate.publicKey));
  if (authority === undefined) return nobody('The client certificate comes from an authority that this hub does not trust.');
  if (authority.validToDate.getTime() < nowMs) return nobody('The authority of the client certificate has expired.');
  const usages = certificate.keyUsage ?? [];
  if (certificate.ca || usages.length !== 1 || usages[0] !== clientAuthentication) return nobody('The certificate is not one of a sensor.');
  for (const { part, pattern } of partNames) {
    const sensorId = pattern.exec(certificate.subjectAltName ?? '')?.[1];
    if (sensorId !== undefined) return { kind: part, sensorId, notBeforeMs: certificate.validFromDate.getTime(), notAfterMs: certificate.validToDate.getTime() };
  }
  return nobody('The certificate does not name a sensor.');
}

/** Yields why a sensor's certificate does not count at this time, if it does not. `graceMs`: how long after its end. */
export function whyNotValid(peer: Exclude<Peer, { kind: 'nobody' }>, nowMs: number, graceMs: number): string | undefined {
  if (peer.notBeforeMs > nowMs) return 'The client certificate is not valid yet: the clocks of sensor and hub differ.';
  if (peer.notAfterMs + graceMs < nowMs) return 'The client certificate has expired.';
  return undefined;
}

function nobody(reason: string): Peer {
  return { kind: 'nobody', reason };
}
