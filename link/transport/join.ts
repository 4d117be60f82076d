/**
 * A node joins a fleet: it looks at the hub's certificates, goes on only when the authority that its token names is
 * among them, connects anew trusting that authority alone, and only then sends the token's secret and a request for a
 * certificate over a key that it has just made. What comes back is checked before it is believed.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { DetailedPeerCertificate } from 'node:tls';
import { connect } from 'node:tls';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { Enrollment } from '@vedette/model/wire/generated/link_pb';
import { fingerprintOf, pem, sensorUri } from './certificate-text.ts';
import type { NodeFactsInit } from './client.ts';
import type { Credentials } from './credentials.ts';
import { failureOf } from './failure.ts';
import type { JoinToken } from './join-token.ts';

export type JoinOutcome =
  | { readonly kind: 'joined'; readonly credentials: Credentials }
  | { readonly kind: 'refused'; readonly reason: string };

export interface JoinOptions {
  readonly token: JoinToken;
  readonly node: NodeFactsInit;
  readonly timeoutMs?: number;
}

const chainLengthMax = 8;
const answerBytesMax = 64 * 1024;

export async function joinFleet({ token, node, timeoutMs = 20_000 }: JoinOptions): Promise<JoinOutcome> {
  try {
    const authority = await findAuthority(token, timeoutMs);
    if (authority === undefined) {
      return refused('The hub does not prove to be the one that gave out this token: do not join, or ask for a new token if its authority was replaced.');
    }
    return await joinTrusting(authority, token, node, timeoutMs);
  } catch (error) {
    return refused(failureOf(error).reason);
  }
}

async function joinTrusting(authorityPem: string, token: JoinToken, node: NodeFactsInit, timeoutMs: number): Promise<JoinOutcome> {
  const manager = new Http2SessionManager(token.hubUrl, {}, { ca: [authorityPem], minVersion: 'TLSv1.3' });
  const transport = createConnectTransport({ baseUrl: token.hubUrl, httpVersion: '2', sessionManager: manager, readMaxBytes: answerBytesMax, acceptCompression: [] });
  try {
    const { privateKeyPem, request } = await (await import('./certificate-request.ts')).createCertificateRequest();
    const answer = await createClient(Enrollment, transport).join({ tokenSecret: token.secret, certificateRequest: request, node }, { timeoutMs });
    const { sensorId, nodeId, clusterId } = answer;
    const credentials: Credentials = {
      hubUrl: token.hubUrl, sensorId, nodeId, clusterId, privateKeyPem,
      certificatePem: pem(answer.certificate), authoritiesPem: answer.authorities.map((authority) => pem(authority)),
    };
    const flaw = flawOf(credentials);
    return flaw === undefined ? { kind: 'joined', credentials } : refused(flaw);
  } finally {
    manager.abort();
  }
}

/** Why credentials that a hub handed out cannot be used, if so. Also for renewed ones. */
export function flawOf(credentials: Credentials): string | undefined {
  const certificate = new X509Certificate(credentials.certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(credentials.privateKeyPem))) return 'The hub answered with a certificate for another key.';
  if (certificate.subjectAltName !== `URI:${sensorUri(credentials.sensorId)}`) return 'The hub answered with a certificate for another sensor.';
  const trusted = credentials.authoritiesPem.map((authority) => new X509Certificate(authority));
  if (!trusted.some((authority) => authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey))) {
    return 'The hub answered with a certificate that none of its authorities has signed.';
  }
  return undefined;
}

/** The certificate with the token's fingerprint among those the hub presents, in PEM. Nothing is sent but a TLS greeting. */
function findAuthority(token: JoinToken, timeoutMs: number): Promise<string | undefined> {
  const { hostname, port } = new URL(token.hubUrl);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const socket = connect({
    host, port: port === '' ? 443 : Number(port), minVersion: 'TLSv1.3', ALPNProtocols: ['h2'], timeout: timeoutMs,
    // The hub is not believed here: its certificates are only looked at.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  socket.once('secureConnect', () => {
    const found = chainOf(socket.getPeerCertificate(true)).find((der) => fingerprintOf(der) === token.authorityFingerprint);
    resolve(found === undefined ? undefined : pem(found));
    socket.destroy();
  });
  socket.once('timeout', () => socket.destroy(new Error('The hub does not answer.')));
  socket.once('error', reject);
  return promise;
}

function chainOf(leaf: DetailedPeerCertificate): Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (let at: DetailedPeerCertificate | undefined = leaf; at?.raw !== undefined && chain.length < chainLengthMax; at = at.issuerCertificate) {
    if (chain.some((der) => at?.raw.equals(der))) break;
    chain.push(at.raw);
  }
  return chain;
}

function refused(reason: string): JoinOutcome {
  return { kind: 'refused', reason };
}
