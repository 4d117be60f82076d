/**
 * The hub's certificate authority: it makes itself, certificates for the hub's own names, and short-lived certificates
 * for sensors out of their requests. Only ECDSA on P-256. Nothing of a request is believed but its key and the proof
 * of owning it. Serial numbers are for the caller to record; revocation is the hub refusing a removed sensor's id, so
 * that it works at once and without lists.
 */
import './reflect-metadata.ts';
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { CertificateRequest } from './certificate-request.ts';
import { algorithm, exportPrivateKey, fingerprintOf, partUri, pem, signing, type Part } from './certificate-text.ts';

const dayMs = 86_400_000;

/** Clocks of nodes may be this far behind the hub's. */
export const clockSkewMsMax = 5 * 60_000;
export const sensorLifeMs = dayMs;
export const serverLifeMs = 90 * dayMs;
/** Longer than a hub may be away: without it the sensors of a cluster could not even learn about their pods. */
export const relayLifeMs = 30 * dayMs;
export const authorityLifeMs = 10 * 365 * dayMs;

export interface IssuedCertificate {
  readonly certificate: Uint8Array;
  /** Hex, lower case. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface ServerCertificate extends IssuedCertificate {
  /** The certificate and its authority, so that a joiner can find the authority that its token names. */
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

export class Authority {
  readonly #certificate: x509.X509Certificate;
  readonly #privateKey: CryptoKey;

  constructor(certificate: x509.X509Certificate, privateKey: CryptoKey) {
    this.#certificate = certificate;
    this.#privateKey = privateKey;
  }

  get certificatePem(): string {
    return this.#certificate.toString('pem');
  }

  get certificate(): Uint8Array {
    return new Uint8Array(this.#certificate.rawData);
  }

  get fingerprint(): string {
    return fingerprintOf(this.certificate);
  }

  get notBeforeMs(): number {
    return this.#certificate.notBefore.getTime();
  }

  get notAfterMs(): number {
    return this.#certificate.notAfter.getTime();
  }

  async signSensor(request: CertificateRequest, sensorId: string, nowMs: number): Promise<IssuedCertificate> {
    return this.signPart('sensor', request, sensorId, nowMs);
  }

  async signPart(part: Part, request: CertificateRequest, id: string, nowMs: number): Promise<IssuedCertificate> {
    return this.#sign({
      subject: part === 'sensor' ? 'CN=vedette sensor' : 'CN=vedette cluster part',
      publicKey: request.publicKey,
      nowMs,
      lifeMs: sensorLifeMs,
      usage: x509.ExtendedKeyUsage.clientAuth,
      names: [{ type: 'url', value: partUri(part, id) }],
    });
  }

  /** For the listener of a cluster part, which made the key; as short-lived as the part's own certificate. */
  async signRelay(request: CertificateRequest, serverName: string, nowMs: number): Promise<IssuedCertificate> {
    return this.#sign({
      subject: 'CN=vedette relay',
      publicKey: request.publicKey,
      nowMs,
      lifeMs: relayLifeMs,
      usage: x509.ExtendedKeyUsage.serverAuth,
      names: [{ type: 'dns', value: serverName }],
    });
  }

  /** For a listener of one's own; the key is made here. Names may be host names or addresses. */
  async signServer(names: readonly string[], nowMs: number, lifeMs: number = serverLifeMs, subject = 'CN=vedette hub'): Promise<ServerCertificate> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const issued = await this.#sign({
      subject,
      publicKey: keys.publicKey,
      nowMs,
      lifeMs,
      usage: x509.ExtendedKeyUsage.serverAuth,
      names: names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
    });
    const chainPem = `${pem(issued.certificate)}\n${this.certificatePem}\n`;
    return { ...issued, chainPem, privateKeyPem: exportPrivateKey(keys.privateKey) };
  }

  async #sign(wish: {
    subject: string; publicKey: x509.PublicKeyType; nowMs: number; lifeMs: number; usage: string; names: x509.JsonGeneralNames;
  }): Promise<IssuedCertificate> {
    const serialNumber = freshSerial();
    const notBefore = new Date(wish.nowMs - clockSkewMsMax);
    // A certificate that outlived its authority would fail later, and for a reason nobody sees in it.
    const notAfter = new Date(Math.min(wish.nowMs + wish.lifeMs, this.notAfterMs));
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber, subject: wish.subject, issuer: this.#certificate.subject, notBefore, notAfter,
      publicKey: wish.publicKey, signingKey: this.#privateKey, signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([wish.usage], true),
        new x509.SubjectAlternativeNameExtension(wish.names),
        await x509.SubjectKeyIdentifierExtension.create(wish.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return {
      certificate: new Uint8Array(certificate.rawData), serial: serialNumber,
      notBeforeMs: certificate.notBefore.getTime(), notAfterMs: certificate.notAfter.getTime(),
    };
  }
}

/** A new authority and its private key, for the caller to keep where only the hub can read it. */
export async function createAuthority(nowMs: number, lifeMs: number = authorityLifeMs): Promise<{ authority: Authority; privateKeyPem: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const serialNumber = freshSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Two authorities that overlap must not have one name, or chains become ambiguous.
    name: `CN=vedette authority ${serialNumber.slice(0, 8)}`,
    notBefore: new Date(nowMs - clockSkewMsMax),
    notAfter: new Date(nowMs + lifeMs),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { authority: new Authority(certificate, keys.privateKey), privateKeyPem: exportPrivateKey(keys.privateKey) };
}

export async function loadAuthority(certificatePem: string, privateKeyPem: string): Promise<Authority> {
  const raw = x509.PemConverter.decodeFirst(privateKeyPem);
  const privateKey = await crypto.subtle.importKey('pkcs8', raw, algorithm, false, ['sign']);
  return new Authority(new x509.X509Certificate(certificatePem), privateKey);
}

/**
 * Which of several authorities signs: the newest that every living sensor has had the time to hear of, else the oldest.
 * All of them are trusted; a sensor hears of new ones with each renewal, and one that was away hears of them as long as
 * an expired certificate may still be renewed, which is `heardAfterMs`.
 */
export function signingAuthority(authorities: readonly Authority[], nowMs: number, heardAfterMs: number): Authority | undefined {
  const oldestFirst = authorities.filter(({ notAfterMs }) => notAfterMs > nowMs).toSorted((a, b) => a.notBeforeMs - b.notBeforeMs);
  return oldestFirst.findLast(({ notBeforeMs }) => notBeforeMs + heardAfterMs <= nowMs) ?? oldestFirst[0];
}

/** 16 bytes of chance, positive as a DER integer. */
function freshSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
