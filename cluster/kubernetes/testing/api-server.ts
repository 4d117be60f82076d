/**
 * A small HTTP server that speaks the documented list and watch protocol over objects in memory: pages, resourceVersions,
 * bookmarks, streams that can be cut, and versions that are forgotten (410, as a status or as an event in the stream).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesConfig } from '../config.ts';

interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; resourceVersion: string };
  readonly [field: string]: unknown;
}

type Change = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Stored; readonly version: number };

export class TestApiServer {
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  readonly objects = new Map<string, Stored>();
  readonly changes: Change[] = [];
  readonly streams = new Set<ServerResponse>();
  /** Answers these, in order, before anything else: status and reason. */
  readonly refusals: { readonly status: number; readonly reason: string; readonly retryAfter?: string }[] = [];
  /** Versions below this are forgotten. */
  oldest = 0;
  version = 1;
  expiredInStream = false;
  pageMax = Number.POSITIVE_INFINITY;
  /** `METHOD /path` → answer, before anything else. */
  readonly answers = new Map<string, (body: string) => unknown>();
  /** Lists and watches of these paths are empty; all others are the one of `objects`. */
  readonly empty = new Set<string>();
  #server: Server | undefined;

  async start(): Promise<KubernetesConfig> {
    const server = createServer((request, response) => this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const server0 = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { server: server0, authority: () => undefined, token: () => 'secret' };
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  put(name: string, more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): void {
    this.version += 1;
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    const object: Stored = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: String(this.version), ...metadata }, ...more };
    this.objects.set(name, object);
    this.#say({ type, object, version: this.version });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    this.version += 1;
    this.objects.delete(name);
    this.#say({ type: 'DELETED', object: { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } }, version: this.version });
  }

  bookmark(): void {
    this.version += 1;
    for (const stream of this.streams) stream.write(`${JSON.stringify({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Pod', metadata: { resourceVersion: String(this.version) } } })}\n`);
  }

  /** Every stream is broken off in the middle of a line. */
  cut(): void {
    for (const stream of this.streams) {
      stream.write('{"type":"MODIF');
      stream.destroy();
    }
    this.streams.clear();
  }

  end(): void {
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  #say(change: Change): void {
    this.changes.push(change);
    for (const stream of this.streams) stream.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://x');
    this.requests.push(`${request.method} ${request.url}`);
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (piece: string) => (body += piece));
    request.on('end', () => {
      this.bodies.push(body);
      const refusal = this.refusals.shift();
      if (refusal !== undefined) {
        response.writeHead(refusal.status, { 'content-type': 'application/json', ...(refusal.retryAfter === undefined ? {} : { 'retry-after': refusal.retryAfter }) });
        response.end(JSON.stringify({ kind: 'Status', code: refusal.status, reason: refusal.reason, message: `${refusal.reason} by the test` }));
      } else if (request.headers.authorization !== 'Bearer secret') response.writeHead(401).end('{}');
      else if (this.answers.has(`${request.method} ${url.pathname}`)) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.answers.get(`${request.method} ${url.pathname}`)?.(body)));
      else if (this.empty.has(url.pathname)) this.#nothing(url.searchParams.get('watch') === 'true', response);
      else if (url.searchParams.get('watch') === 'true') this.#watch(Number(url.searchParams.get('resourceVersion')), response);
      else if (request.method === 'GET') this.#list(url.searchParams, response);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' }, contentType: request.headers['content-type'] }));
    });
  }

  #nothing(isWatch: boolean, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    if (isWatch) response.flushHeaders();
    else response.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '1' }, items: [] }));
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const all = [...this.objects.values()].map(({ apiVersion: _a, kind: _k, ...rest }) => rest);
    const from = Number(query.get('continue') ?? 0);
    const size = Math.min(this.pageMax, Number(query.get('limit') ?? 500));
    const next = from + size < all.length ? String(from + size) : '';
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: String(this.version), continue: next }, items: all.slice(from, from + size) }));
  }

  #watch(from: number, response: ServerResponse): void {
    const expired = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 410, reason: 'Expired', message: 'too old resource version' };
    if (from < this.oldest && !this.expiredInStream) {
      response.writeHead(410, { 'content-type': 'application/json' }).end(JSON.stringify(expired));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.oldest) {
      response.end(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`);
      return;
    }
    for (const change of this.changes) if (change.version > from) response.write(`${JSON.stringify({ type: change.type, object: change.object })}\n`);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }
}
