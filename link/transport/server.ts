/**
 * A listener for sensors, the hub's or a cluster part's: Connect (and gRPC) over HTTP/2, TLS 1.3 only. A client certificate is asked for and
 * judged here for every request; only joining goes without one, and is limited in rate. Bounds: connections, streams
 * and message bytes, time for a request, idle time, and few connections of strangers for a short while each.
 */
import { X509Certificate } from 'node:crypto';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import type { ConnectRouter } from '@connectrpc/connect';
import { AttemptLimit } from './attempt-limit.ts';
import type { Peer } from './peer.ts';
import { judgePeer } from './peer.ts';
import { commandsPath, peerKey, remoteAddressKey } from './routes.ts';

export interface LinkServerBounds {
  readonly messageBytesMax: number;
  readonly streamsMax: number;
  /** Over the one connection of a cluster part: the calls of all its sensors, of which each has a stream of commands. */
  readonly clusterStreamsMax: number;
  readonly connectionsMax: number;
  /** Connections without a sensor's certificate, and how long one may stay. */
  readonly strangersMax: number;
  readonly strangerMsMax: number;
  readonly requestMsMax: number;
  readonly idleMsMax: number;
  readonly closeMsMax: number;
  /** How long after its end a certificate may still be renewed: as long as a hub may be down without a new join. */
  readonly renewGraceMs: number;
  readonly joinsPerAddressMax: number;
  readonly joinsInAllMax: number;
  readonly joinsRefillMs: number;
}

export const linkServerBounds: LinkServerBounds = {
  messageBytesMax: 4 * 1024 * 1024,
  streamsMax: 16,
  clusterStreamsMax: 20_000,
  connectionsMax: 20_000,
  strangersMax: 64,
  strangerMsMax: 15_000,
  requestMsMax: 60_000,
  idleMsMax: 120_000,
  closeMsMax: 5000,
  renewGraceMs: 30 * 86_400_000,
  joinsPerAddressMax: 10,
  joinsInAllMax: 120,
  joinsRefillMs: 60_000,
};

export interface TrustedAuthority {
  /** DER. */
  readonly certificate: Uint8Array;
}

export interface LinkServerOptions {
  readonly routes: (joins: AttemptLimit) => (router: ConnectRouter) => void;
  /** Whose certificates count. */
  readonly authorities: readonly TrustedAuthority[];
  readonly certificate: { readonly chainPem: string; readonly privateKeyPem: string };
  readonly nowMs: () => number;
  /** A handler threw: a fault of the hub, to be logged. */
  readonly onFault: (error: unknown) => void;
  readonly bounds?: LinkServerBounds;
}

export interface LinkServer {
  listen(port: number, host: string): Promise<AddressInfo>;
  /** A renewed certificate for the listener, or other authorities, from the next connection on. */
  replace(certificate: LinkServerOptions['certificate'], authorities: LinkServerOptions['authorities']): void;
  readonly connections: number;
  close(): Promise<void>;
}

interface Trust {
  certificates: readonly X509Certificate[];
}

export function createLinkServer(options: LinkServerOptions): LinkServer {
  const bounds = options.bounds ?? linkServerBounds;
  const trust = trustIn(options.authorities);
  const shutdown = new AbortController();
  const joins = new AttemptLimit(
    { perAddressMax: bounds.joinsPerAddressMax, inAllMax: bounds.joinsInAllMax, refillMs: bounds.joinsRefillMs, addressesMax: 10_000 },
    options.nowMs(),
  );
  const server = createSecureServer({
    ...tlsOf(options.certificate, trust),
    settings: { maxConcurrentStreams: bounds.streamsMax, maxHeaderListSize: 16_384, enablePush: false },
    maxSessionMemory: 32,
    // Judged by `judgePeer`, which can tell an expired certificate from a foreign one.
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
    handshakeTimeout: bounds.strangerMsMax,
    allowHTTP1: false,
  });
  server.maxConnections = bounds.connectionsMax;
  const sessions = new Map<ServerHttp2Session, Peer>();
  const { nowMs, onFault } = options;
  const adapter = connectNodeAdapter({
    routes: options.routes(joins),
    grpcWeb: false,
    readMaxBytes: bounds.messageBytesMax,
    writeMaxBytes: bounds.messageBytesMax,
    acceptCompression: [compressionGzip],
    shutdownSignal: shutdown.signal,
    contextValues: (request) => {
      const session = 'stream' in request ? request.stream.session : undefined;
      const peer = session === undefined ? undefined : sessions.get(session as ServerHttp2Session);
      const values = createContextValues().set(peerKey, peer ?? { kind: 'nobody', reason: 'The connection is gone.' });
      return values.set(remoteAddressKey, request.socket.remoteAddress ?? 'unknown');
    },
  });
  server.on('session', (session) => admitSession(session, sessions, trust, bounds, nowMs()));
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    limitTime(request, bounds);
    adapter(request, response);
  });
  // Noise of the network: each side of a connection ends as it likes, and nothing is to be done about it.
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  return {
    listen: (port, host) => new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        server.on('error', onFault);
        resolve(server.address() as AddressInfo);
      });
    }),
    replace(certificate, authorities) {
      Object.assign(trust, trustIn(authorities));
      server.setSecureContext(tlsOf(certificate, trust));
    },
    get connections() {
      return sessions.size;
    },
    close: () => new Promise((resolve) => {
      shutdown.abort(new ConnectError('The hub is going down.', Code.Unavailable));
      server.close(() => resolve());
      for (const session of sessions.keys()) session.close();
      setTimeout(() => sessions.forEach((_, session) => session.destroy()), bounds.closeMsMax).unref();
    }),
  };
}

function trustIn(authorities: LinkServerOptions['authorities']): Trust {
  return { certificates: authorities.map(({ certificate }) => new X509Certificate(certificate)) };
}

function tlsOf(certificate: LinkServerOptions['certificate'], trust: Trust): { cert: string; key: string; ca: string[] } {
  return { cert: certificate.chainPem, key: certificate.privateKeyPem, ca: trust.certificates.map((one) => one.toString()) };
}

function admitSession(session: ServerHttp2Session, sessions: Map<ServerHttp2Session, Peer>, trust: Trust, bounds: LinkServerBounds, nowMs: number): void {
  const { socket } = session;
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  const peer = judgePeer(certificate, trust.certificates, nowMs);
  sessions.set(session, peer);
  session.once('close', () => sessions.delete(session));
  session.on('error', () => {});
  session.setTimeout(bounds.idleMsMax, () => session.close());
  if (peer.kind === 'cluster') session.settings({ maxConcurrentStreams: bounds.clusterStreamsMax });
  if (peer.kind !== 'nobody') return;
  const strangers = sessions.values().reduce((count, { kind }) => count + (kind === 'nobody' ? 1 : 0), 0);
  if (strangers > bounds.strangersMax) {
    session.destroy();
    return;
  }
  const timer = setTimeout(() => session.destroy(), bounds.strangerMsMax);
  session.once('close', () => clearTimeout(timer));
}

/** A request is read, handled and answered in bounded time; only the command stream stays open. */
function limitTime(request: Http2ServerRequest, bounds: LinkServerBounds): void {
  const { stream } = request;
  stream.on('error', () => {});
  if (request.url === commandsPath) return;
  const timer = setTimeout(() => stream.destroy(), bounds.requestMsMax);
  stream.once('close', () => clearTimeout(timer));
}
