/**
 * The request for a certificate (PKCS#10) over a key that its sender has just made: made on a node, read on the hub, which
 * believes nothing of it but the key and the proof of owning it. Apart from the authority and loaded only when one is made:
 * a sensor needs it once a day, and the library with all of ASN.1 would stay in its memory.
 */
import './reflect-metadata.ts';
import * as x509 from '@peculiar/x509';
import { algorithm, exportPrivateKey, fingerprintOf, signing } from './certificate-text.ts';

const requestBytesMax = 4096;

/** A PKCS#10 request whose signature proved that the sender has the key. */
export interface CertificateRequest {
  readonly publicKey: x509.PublicKey;
  /** SHA-256 of the public key, hex: the same key asking again after a lost answer. */
  readonly keyFingerprint: string;
}

/** Undefined when it is no request, has another kind of key, or does not prove that its sender owns the key. */
export async function readCertificateRequest(der: Uint8Array): Promise<CertificateRequest | undefined> {
  if (der.length === 0 || der.length > requestBytesMax) return undefined;
  try {
    const request = new x509.Pkcs10CertificateRequest(Uint8Array.from(der));
    const key: { name: string; namedCurve?: string } = request.publicKey.algorithm;
    if (key.name !== algorithm.name || key.namedCurve !== algorithm.namedCurve || !(await request.verify())) return undefined;
    return { publicKey: request.publicKey, keyFingerprint: fingerprintOf(new Uint8Array(request.publicKey.rawData)) };
  } catch {
    // Whatever the parser stumbled over: it came from outside and is not a request.
    return undefined;
  }
}

/** A key pair that never leaves this machine, and the request for a certificate over it. */
export async function createCertificateRequest(): Promise<{ privateKeyPem: string; request: Uint8Array }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name: 'CN=vedette sensor', keys, signingAlgorithm: signing });
  return { privateKeyPem: exportPrivateKey(keys.privateKey), request: new Uint8Array(request.rawData) };
}
