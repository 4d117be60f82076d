/** A public key as `cosign generate-key-pair` writes it (PEM, ECDSA P-256) → what signatures are checked with; anything else is refused with a sentence. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

export interface SignerKey {
  /** What people call it: the file that it came from. */
  readonly name: string;
  readonly key: KeyObject;
  /** sha256 of the key's DER form, in hex. */
  readonly fingerprint: string;
}

export function parsePublicKey(pem: string, name: string): SignerKey | { readonly problem: string } {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return { problem: 'it is a private key; signatures are checked with the public one (cosign.pub)' };
  if (/-----BEGIN CERTIFICATE-----/.test(pem)) return { problem: 'it is a certificate; signatures are checked by public key' };
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[\s\S]{1,4096}?-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length !== 1) return { problem: blocks.length === 0 ? 'it holds no public key in PEM form' : 'it holds more than one key; give each a file of its own' };
  let key: KeyObject;
  try {
    key = createPublicKey(blocks[0]!);
  } catch {
    return { problem: 'its key cannot be read' };
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return { problem: `its key is ${key.asymmetricKeyType ?? 'of no known kind'}; only ECDSA P-256, cosign's own, is supported` };
  return { name, key, fingerprint: createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex') };
}
