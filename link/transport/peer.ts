/**
 * Who is at the other end of a connection: a sensor's certificate judged against the authorities that are trusted now.
 * The TLS layer has proved that the peer owns the key; everything else is decided here, by the hub's clock, so that an
 * expired certificate can be told from a foreign one: it may still be renewed for a while, nothing else.
 */
import type { X509Certificate } from 'node:crypto';
import { sensorUri } from './certificate-text.ts';

export type Peer =
  | { readonly kind: 'sensor'; readonly sensorId: string; readonly notBeforeMs: number; readonly notAfterMs: number }
  | { readonly kind: 'nobody'; readonly reason: string };

const clientAuthentication = '1.3.6.1.5.5.7.3.2';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const sensorName = new RegExp(`^URI:${sensorUri(`(${uuid})`)}$`);

export function judgePeer(certificate: X509Certificate | undefined, authorities: readonly X509Certificate[], nowMs: number): Peer {
  if (certificate === undefined) return nobody('No client certificate was presented.');
  const authority = authorities.find((candidate) => certificate.checkIssued(candidate) && certificate.verify(candidate.publicKey));
  if (authority === undefined) return nobody('The client certificate comes from an authority that this hub does not trust.');
  if (authority.validToDate.getTime() < nowMs) return nobody('The authority of the client certificate has expired.');
  const usages = certificate.keyUsage ?? [];
  if (certificate.ca || usages.length !== 1 || usages[0] !== clientAuthentication) return nobody('The certificate is not one of a sensor.');
  const sensorId = sensorName.exec(certificate.subjectAltName ?? '')?.[1];
  if (sensorId === undefined) return nobody('The certificate does not name a sensor.');
  return { kind: 'sensor', sensorId, notBeforeMs: certificate.validFromDate.getTime(), notAfterMs: certificate.validToDate.getTime() };
}

/** Yields why a sensor's certificate does not count at this time, if it does not. `graceMs`: how long after its end. */
export function whyNotValid(peer: Extract<Peer, { kind: 'sensor' }>, nowMs: number, graceMs: number): string | undefined {
  if (peer.notBeforeMs > nowMs) return 'The client certificate is not valid yet: the clocks of sensor and hub differ.';
  if (peer.notAfterMs + graceMs < nowMs) return 'The client certificate has expired.';
  return undefined;
}

function nobody(reason: string): Peer {
  return { kind: 'nobody', reason };
}
