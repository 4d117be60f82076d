/**
 * The text that an operator carries from the hub to a node: where the hub is, which authority it must prove to be, and
 * a secret that works once. `vdt1.` and base64url of: length of the URL (2 bytes), the URL, SHA-256 of the authority's
 * certificate (32), the secret (32), and the first 4 bytes of SHA-256 over all before, so that a token that was cut off
 * or mistyped is told from one that was used up. The hub stores only a hash of the secret.
 */
import { createHash, randomBytes } from 'node:crypto';

const prefix = 'vdt1.';
const hashBytes = 32;
const secretBytes = 32;
const checkBytes = 4;
const urlBytesMax = 500;
const textLengthMax = 1024;

export interface JoinToken {
  /** An origin: `https://host:port`. */
  readonly hubUrl: string;
  /** SHA-256 of the authority's certificate, hex. */
  readonly authorityFingerprint: string;
  /** base64url. */
  readonly secret: string;
}

export type ParsedJoinToken = { readonly kind: 'token'; readonly token: JoinToken } | { readonly kind: 'refused'; readonly reason: string };

export function createJoinToken(hubUrl: string, authorityFingerprint: string): JoinToken {
  const origin = originOf(hubUrl);
  if (origin === undefined) throw new RangeError(`a join token needs an https origin, not ${JSON.stringify(hubUrl)}`);
  return { hubUrl: origin, authorityFingerprint, secret: randomBytes(secretBytes).toString('base64url') };
}

export function formatJoinToken(token: JoinToken): string {
  const url = Buffer.from(token.hubUrl, 'utf8');
  const fingerprint = Buffer.from(token.authorityFingerprint, 'hex');
  const secret = Buffer.from(token.secret, 'base64url');
  if (url.length > urlBytesMax || fingerprint.length !== hashBytes || secret.length !== secretBytes) throw new RangeError('not a join token');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(url.length);
  const content = Buffer.concat([length, url, fingerprint, secret]);
  return prefix + Buffer.concat([content, checkOf(content)]).toString('base64url');
}

export function parseJoinToken(text: string): ParsedJoinToken {
  const trimmed = text.trim();
  if (trimmed.length > textLengthMax || !trimmed.startsWith(prefix)) return refused(`A join token begins with ${prefix} and is given out by the hub.`);
  const encoded = trimmed.slice(prefix.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return refused('The join token has characters that do not belong in it.');
  const bytes = Buffer.from(encoded, 'base64url');
  const content = bytes.subarray(0, -checkBytes);
  if (bytes.length < checkBytes || !checkOf(content).equals(bytes.subarray(-checkBytes))) return refused('The join token is not complete or was changed: copy it again.');
  if (content.length < 2) return refused('The join token is empty.');
  const urlEnd = 2 + content.readUInt16BE(0);
  if (content.length !== urlEnd + hashBytes + secretBytes) return refused('The join token does not have the form of its version.');
  const written = content.toString('utf8', 2, urlEnd);
  const hubUrl = originOf(written);
  if (hubUrl === undefined || hubUrl !== written) return refused('The join token does not name a hub by an https address.');
  const authorityFingerprint = content.toString('hex', urlEnd, urlEnd + hashBytes);
  return { kind: 'token', token: { hubUrl, authorityFingerprint, secret: content.toString('base64url', urlEnd + hashBytes) } };
}

/** What the hub keeps and looks up. The secret has 256 bits of chance, so a plain hash is enough. */
export function hashJoinSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Nothing but scheme, host and port: no user, path, query or fragment. */
function originOf(text: string): string | undefined {
  if (text.length > urlBytesMax || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const bare = url.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === '';
  return url.protocol === 'https:' && bare ? url.origin : undefined;
}

function checkOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, checkBytes);
}

function refused(reason: string): ParsedJoinToken {
  return { kind: 'refused', reason };
}
