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
import { Enrollment, PartKind, type ClusterFactsSchema } from '@vedette/model/wire/generated/link_pb';
import { fingerprintOf, partUri, pem, type Part } from './certificate-text.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { NodeFactsInit } from './client.ts';
import { serverNameOf } from './client.ts';
import type { Credentials } from './credentials.ts';
import { failureOf } from './failure.ts';
import type { JoinToken } from './join-token.ts';

export type JoinOutcome =
  | { readonly kind: 'joined'; readonly credentials: Credentials }
  | { readonly kind: 'refused'; readonly reason: string };

export interface JoinOptions {
  readonly token: JoinToken;
  readonly node: NodeFactsInit;
  /** Of a cluster part; without it a sensor joins. */
  readonly cluster?: MessageInitShape<typeof ClusterFactsSchema>;
  readonly timeoutMs?: number;
}

/** Before a service-account token of Kubernetes that stands where the secret of a join token otherwise does. */
export const serviceAccountMark = 'service-account:';

export interface RelayJoinOptions {
  readonly relayUrl: string;
  /** Whom the relay must prove to be, and by whose word. */
  readonly serverName: string;
  readonly authoritiesPem: readonly string[];
  /** A projected service-account token for the audience of the cluster part. */
  readonly token: string;
  readonly node: NodeFactsInit;
  readonly timeoutMs?: number;
}

const chainLengthMax = 8;
const answerBytesMax = 64 * 1024;

export async function joinFleet({ token, node, cluster, timeoutMs = 20_000 }: JoinOptions): Promise<JoinOutcome> {
  try {
    const authority = await findAuthority(token, timeoutMs);
    if (authority === undefined) {
      return refused('The hub does not prove to be the one that gave out this token: do not join, or ask for a new token if its authority was replaced.');
    }
    return await joinTrusting({ hubUrl: token.hubUrl, authoritiesPem: [authority], secret: token.secret, node, cluster, timeoutMs });
  } catch (error) {
    return refused(failureOf(error).reason);
  }
}

/** A sensor joins through the cluster part of its cluster, which proves where the sensor runs and vouches for it. */
export async function joinThroughRelay({ relayUrl, serverName, authoritiesPem, token, node, timeoutMs = 20_000 }: RelayJoinOptions): Promise<JoinOutcome> {
  try {
    return await joinTrusting({ hubUrl: relayUrl, serverName, authoritiesPem, secret: serviceAccountMark + token, node, timeoutMs });
  } catch (error) {
    return refused(failureOf(error).reason);
  }
}

interface TrustedJoin {
  readonly hubUrl: string;
  readonly serverName?: string;
  readonly authoritiesPem: readonly string[];
  readonly secret: string;
  readonly node: NodeFactsInit;
  readonly cluster?: JoinOptions['cluster'] | undefined;
  readonly timeoutMs: number;
}

async function joinTrusting(join: TrustedJoin): Promise<JoinOutcome> {
  const { hubUrl, secret, node, cluster, timeoutMs } = join;
  const part: Part = cluster === undefined ? 'sensor' : 'cluster';
  const manager = new Http2SessionManager(hubUrl, {}, { ca: [...join.authoritiesPem], minVersion: 'TLSv1.3', ...serverNameOf(join) });
  const transport = createConnectTransport({ baseUrl: hubUrl, httpVersion: '2', sessionManager: manager, readMaxBytes: answerBytesMax, acceptCompression: [] });
  try {
    const { privateKeyPem, request } = await (await import('./certificate-request.ts')).createCertificateRequest();
    const answer = await createClient(Enrollment, transport).join(
      { tokenSecret: secret, certificateRequest: request, node, part: part === 'cluster' ? PartKind.CLUSTER : PartKind.SENSOR, ...(cluster === undefined ? {} : { cluster }) },
      { timeoutMs },
    );
    const { sensorId, nodeId, clusterId } = answer;
    const credentials: Credentials = {
      hubUrl, sensorId, nodeId, clusterId, privateKeyPem,
      certificatePem: pem(answer.certificate), authoritiesPem: answer.authorities.map((authority) => pem(authority)),
      ...(join.serverName === undefined ? {} : { serverName: join.serverName }), ...(part === 'sensor' ? {} : { part }),
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
  if (certificate.subjectAltName !== `URI:${partUri(credentials.part ?? 'sensor', credentials.sensorId)}`) return 'The hub answered with a certificate for another sensor.';
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
