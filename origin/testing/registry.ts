/**
 * A small real registry for tests: HTTP on loopback, manifests and blobs in memory, open or behind basic or token authentication, with the
 * referrers API or without, and a hook before everything for what a broken or hostile registry does. Records what it was asked.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { imageDigestOf, type ImageDigest } from '@vedette/model/ids';

interface Stored {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

function sha256(bytes: Uint8Array): ImageDigest {
  return imageDigestOf(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
}

export function sendError(response: ServerResponse, status: number, code: string): true {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' '), detail: null }] }));
  return true;
}

export class TestRegistry {
  readonly asked: { readonly method: string; readonly path: string; readonly authorization: string | null }[] = [];
  /** Before everything; handled when it returns true. */
  hook: ((request: IncomingMessage, response: ServerResponse, path: string) => boolean) | null = null;
  authentication: 'none' | 'basic' | 'token' = 'none';
  /** Whom it lets in; null: token authentication gives tokens to everyone. */
  account: { readonly user: string; readonly password: string } | null = null;
  tokenSeconds: number | null = 300;
  referrersApi = true;
  /** Registry as a reference names it. */
  host = '';
  readonly #blobs = new Map<string, Buffer>();
  readonly #manifests = new Map<string, Stored>();
  readonly #tokens = new Map<string, { readonly scope: string; readonly untilMs: number }>();
  readonly #server = createServer((request, response) => this.#serve(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  blob(content: string | Uint8Array): ImageDigest {
    const bytes = Buffer.from(content);
    this.#blobs.set(sha256(bytes), bytes);
    return sha256(bytes);
  }

  /** `sentAs`: the media type that a client pushed it with, where it does not say one itself. */
  manifest(repository: string, tag: string | null, content: unknown, sentAs = 'application/vnd.oci.image.manifest.v1+json'): ImageDigest {
    const bytes = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    const digest = this.blob(bytes);
    const mediaType = (JSON.parse(bytes.toString()) as { mediaType?: string }).mediaType ?? sentAs;
    for (const which of [digest, ...(tag === null ? [] : [tag])]) this.#manifests.set(`${repository}@${which}`, { bytes, mediaType });
    return digest;
  }

  remove(repository: string, which: string): void {
    this.#manifests.delete(`${repository}@${which}`);
  }

  /** What a client that pushes a referrer to a registry without the API does. */
  referrersTag(repository: string, subject: ImageDigest, entries: readonly object[]): void {
    this.manifest(repository, subject.replace(':', '-'), { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: entries });
  }

  size(digest: ImageDigest): number {
    return this.#blobs.get(digest)!.length;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', `http://${this.host}`);
    this.asked.push({ method: request.method ?? '', path: url.pathname + url.search, authorization: request.headers.authorization ?? null });
    if (this.hook?.(request, response, url.pathname) === true) return;
    if (url.pathname === '/token') return this.#giveToken(request, response, url);
    const match = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/([^/]+)$/.exec(url.pathname);
    if (match === null && url.pathname !== '/v2/') return void response.writeHead(404).end('404 page not found');
    const [, repository = '', what = '', which = ''] = match ?? [];
    if (!this.#isAllowed(request, repository)) {
      const challenge = this.authentication === 'basic' ? 'Basic realm="test registry"' : `Bearer realm="http://${this.host}/token",service="test",scope="repository:${repository}:pull"`;
      response.setHeader('www-authenticate', challenge);
      return void sendError(response, 401, 'UNAUTHORIZED');
    }
    if (match === null) return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (what === 'blobs') return this.#sendBlob(response, which);
    if (what === 'referrers') return this.#sendReferrers(response, repository, which);
    const found = this.#manifests.get(`${repository}@${which}`);
    if (found === undefined) return void sendError(response, 404, 'MANIFEST_UNKNOWN');
    response.writeHead(200, { 'content-type': found.mediaType, 'docker-content-digest': sha256(found.bytes) }).end(found.bytes);
  }

  #isAccount(header: string | undefined): boolean {
    return this.account !== null && header === `Basic ${Buffer.from(`${this.account.user}:${this.account.password}`).toString('base64')}`;
  }

  #isAllowed(request: IncomingMessage, repository: string): boolean {
    const { authorization } = request.headers;
    if (this.authentication === 'none') return true;
    if (this.authentication === 'basic') return this.#isAccount(authorization);
    const token = this.#tokens.get(authorization?.replace(/^Bearer /, '') ?? '');
    return token !== undefined && token.untilMs > Date.now() && token.scope === (repository === '' ? '' : `repository:${repository}:pull`);
  }

  #giveToken(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (this.account !== null && !this.#isAccount(request.headers.authorization)) return void sendError(response, 401, 'UNAUTHORIZED');
    const token = randomUUID();
    this.#tokens.set(token, { scope: url.searchParams.get('scope') ?? '', untilMs: Date.now() + (this.tokenSeconds ?? 60) * 1000 });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, ...(this.tokenSeconds === null ? {} : { expires_in: this.tokenSeconds }) }));
  }

  #sendBlob(response: ServerResponse, digest: string): void {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) return void sendError(response, 404, 'BLOB_UNKNOWN');
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length }).end(bytes);
  }

  #sendReferrers(response: ServerResponse, repository: string, subject: string): void {
    if (!this.referrersApi) return void response.writeHead(404).end('404 page not found');
    const entries = [...this.#manifests].flatMap(([key, { bytes, mediaType }]) => {
      if (!key.startsWith(`${repository}@sha256:`)) return [];
      const json = JSON.parse(bytes.toString()) as { subject?: { digest?: string }; artifactType?: string; annotations?: object };
      return json.subject?.digest === subject ? [{ mediaType, digest: sha256(bytes), size: bytes.length, artifactType: json.artifactType, annotations: json.annotations }] : [];
    });
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }).end(JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: entries }));
  }
}

export interface PushedImage {
  readonly digest: ImageDigest;
  readonly entry: object;
}

/** An image of one layer. */
export function pushImage(registry: TestRegistry, repository: string, tag: string | null, options: { labels?: Record<string, string>; architecture?: string; variant?: string; layer?: string } = {}): PushedImage {
  const layer = registry.blob(options.layer ?? 'a layer');
  const platform = { os: 'linux', architecture: options.architecture ?? 'amd64', ...(options.variant === undefined ? {} : { variant: options.variant }) };
  const config = registry.blob(JSON.stringify({ ...platform, created: '2026-03-03T23:10:43Z', config: { Labels: options.labels ?? {} }, rootfs: { type: 'layers', diff_ids: [layer] } }));
  const digest = registry.manifest(repository, tag, {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: registry.size(config) },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer, size: registry.size(layer) }],
  });
  return { digest, entry: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: registry.size(digest), platform } };
}

export function pushIndex(registry: TestRegistry, repository: string, tag: string | null, images: readonly PushedImage[]): ImageDigest {
  return registry.manifest(repository, tag, { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: images.map((one) => one.entry) });
}
