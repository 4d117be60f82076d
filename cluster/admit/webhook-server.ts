/**
 * HTTPS for the API server: the body of an AdmissionReview in, an answer out, over connections that it keeps. Bounds: bytes of a
 * body, bytes of all bodies under way, questions at once, connections, time to send. What is too large, too slow, too much or
 * for another path gets a short answer of HTTP, on which the API server follows the failure policy. A new certificate
 * is for new connections; those that are kept stay.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream/promises';
import type { ServingCertificate } from './certificates.ts';

export interface WebhookBounds {
  /** The API server takes objects up to 3 MiB, and the review of an update carries the new one and the old one. */
  readonly bodyBytesMax: number;
  readonly allBodiesBytesMax: number;
  readonly askedMax: number;
  readonly connectionsMax: number;
  readonly receiveMsMax: number;
}
export const webhookBounds: WebhookBounds = { bodyBytesMax: 7 << 20, allBodiesBytesMax: 64 << 20, askedMax: 1000, connectionsMax: 1000, receiveMsMax: 10_000 };

export interface WebhookOptions {
  readonly certificate: ServingCertificate;
  readonly listen: { readonly host: string; readonly port: number };
  /** What is asked under this path; undefined: nothing is. The answer is JSON. */
  readonly route: (path: string) => ((body: string) => Promise<string>) | undefined;
  readonly onFault: (error: unknown) => void;
  readonly bounds?: WebhookBounds;
}

export interface WebhookServer {
  readonly port: number;
  readonly connections: number;
  /** Refused before they were read: too large, too many, or for nobody. */
  readonly refused: number;
  replace(certificate: ServingCertificate): void;
  close(): Promise<void>;
}

const jsonType = { 'content-type': 'application/json' };

export async function startWebhookServer(options: WebhookOptions): Promise<WebhookServer> {
  const bounds = options.bounds ?? webhookBounds;
  const bodies = new Bodies(bounds);
  let refused = 0;
  let connections = 0;
  const tls = ({ chainPem, privateKeyPem }: ServingCertificate) => ({ cert: chainPem, key: privateKeyPem, minVersion: 'TLSv1.2' as const });
  const server: Server = createServer({ ...tls(options.certificate), ALPNProtocols: ['http/1.1'] }, (request, response) => {
    void answer(request, response).catch((error: unknown) => {
      options.onFault(error);
      if (!response.headersSent) response.writeHead(500).end();
      else response.destroy();
    });
  });
  const refuse = (response: ServerResponse, status: number, why: string): void => {
    refused += 1;
    // what is still coming is not read: the connection ends with the answer
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'connection': 'close' }).end(`${why}\n`);
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ask = options.route(request.url?.split('?')[0] ?? '');
    if (ask === undefined) return refuse(response, 404, 'There is nothing here.');
    if (request.method !== 'POST') return refuse(response, 405, 'An AdmissionReview is posted.');
    const body = await bodies.read(request);
    if (typeof body !== 'string') return refuse(response, body.status, body.why);
    const text = await ask(body);
    response.writeHead(200, { ...jsonType, 'content-length': Buffer.byteLength(text) }).end(text);
    await finished(response).catch(() => undefined);
  };
  server.maxConnections = bounds.connectionsMax;
  server.requestTimeout = bounds.receiveMsMax;
  server.headersTimeout = bounds.receiveMsMax;
  // longer than the API server keeps its own, so that it is the one to close
  server.keepAliveTimeout = 120_000;
  server.on('secureConnection', (socket) => {
    connections += 1;
    socket.setNoDelay(true);
    socket.once('close', () => (connections -= 1));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    get refused() {
      return refused;
    },
    replace: (certificate) => server.setSecureContext(tls(certificate)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

interface NotRead {
  readonly status: number;
  readonly why: string;
}

/** Reads whole bodies within bounds that hold for all of them together. */
class Bodies {
  readonly #bounds: WebhookBounds;
  #bytes = 0;
  #asked = 0;

  constructor(bounds: WebhookBounds) {
    this.#bounds = bounds;
  }

  async read(request: IncomingMessage): Promise<string | NotRead> {
    const { bodyBytesMax, allBodiesBytesMax, askedMax } = this.#bounds;
    const tooLarge: NotRead = { status: 413, why: `A review of more than ${bodyBytesMax} bytes is not read.` };
    const tooMuch: NotRead = { status: 503, why: 'Too much is asked at once.' };
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return tooLarge;
    if (this.#asked >= askedMax) return tooMuch;
    this.#asked += 1;
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        bytes += piece.length;
        this.#bytes += piece.length;
        if (bytes > bodyBytesMax) return tooLarge;
        if (this.#bytes > allBodiesBytesMax) return tooMuch;
        pieces.push(piece);
      }
      return Buffer.concat(pieces).toString('utf8');
    } catch {
      return { status: 400, why: 'The review broke off.' };
    } finally {
      this.#asked -= 1;
      this.#bytes -= bytes;
    }
  }
}
