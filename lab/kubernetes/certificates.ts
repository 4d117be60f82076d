/**
 * The certificates of one throw-away cluster: an authority, and certificates for servers, clients and both, on P-256, for
 * thirty days. Clients are whom Kubernetes says that they are: the name is the user, organisations are the groups.
 */
import '@vedette/link/transport/reflect-metadata';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { exportPrivateKey } from '@vedette/link/transport/certificate-text';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
interface KeyPair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

const lifeMs = 30 * 86_400_000;
const skewMs = 3_600_000;

export interface CertificateWish {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly usage: 'server' | 'client' | 'both';
  /** Host names and addresses. */
  readonly hosts?: readonly string[];
}

export interface Certificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

const usages = {
  server: [x509.ExtendedKeyUsage.serverAuth],
  client: [x509.ExtendedKeyUsage.clientAuth],
  both: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
} as const;

function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

export class ClusterAuthority {
  readonly #certificate: x509.X509Certificate;
  readonly #keys: KeyPair;

  private constructor(certificate: x509.X509Certificate, keys: KeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  static async create(name: string): Promise<ClusterAuthority> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(), name: `CN=${name}`, notBefore: new Date(now - skewMs), notAfter: new Date(now + lifeMs), signingAlgorithm: signing, keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new ClusterAuthority(certificate, keys);
  }

  get certificatePem(): string {
    return `${this.#certificate.toString('pem')}\n`;
  }

  get privateKeyPem(): string {
    return exportPrivateKey(this.#keys.privateKey);
  }

  async issue({ name, groups = [], usage, hosts = [] }: CertificateWish): Promise<Certificate> {
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const now = Date.now();
    // said as a type: the library would read signs in plain text as something else
    const subject = new x509.Name([...groups.map((group) => ({ O: [{ utf8String: group }] })), { CN: [{ utf8String: name }] }]);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(), subject, issuer: this.#certificate.subject, notBefore: new Date(now - skewMs), notAfter: this.#certificate.notAfter,
      publicKey: keys.publicKey, signingKey: this.#keys.privateKey, signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([...usages[usage]], true),
        ...(hosts.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })))]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: exportPrivateKey(keys.privateKey) };
  }
}

/** The key pair that signs the tokens of service accounts. */
export function tokenKeys(): { readonly publicPem: string; readonly privatePem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(), privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** Who connects where, in one file without references to others (JSON is YAML). */
export function kubeconfig(options: { readonly cluster: string; readonly server: string; readonly authorityPem: string; readonly user: string; readonly certificate: Certificate }): string {
  const { cluster, server, authorityPem, user, certificate } = options;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(authorityPem) } }],
    users: [{ name: user, user: { 'client-certificate-data': base64(certificate.certificatePem), 'client-key-data': base64(certificate.privateKeyPem) } }],
    contexts: [{ name: cluster, context: { cluster, user } }],
    'current-context': cluster,
  }, null, 1);
}
