/**
 * The double of Artifactory and Xray: one HTTP server on loopback with the calls that Vedette and JFrog's own client libraries make, and every
 * quirk that bites (the checklist is the table in double.test.ts). Callers have tokens with rights; faults can be ordered for any path. Test code:
 * it never ships, and nothing here decides what the real servers do.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAql } from './aql.ts';
import { Content, type Item } from './content.ts';
import { Xray } from './xray.ts';

export interface Caller {
  readonly user: string;
  readonly admin: boolean;
  /** Repositories that may be read; null: all. */
  readonly reads: readonly string[] | null;
}

export interface Fault {
  readonly path: RegExp;
  readonly kind: 'rate-limit' | 'unavailable' | 'half' | 'silent' | 'forbidden' | 'not-json';
  times: number;
}

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly path: string;
  readonly body: string;
  readonly caller: Caller;
  readonly response: ServerResponse;
}

function buildTime(date: Date): string {
  return date.toISOString().replace('Z', '+0000');
}

export class ArtifactoryDouble {
  readonly content = new Content();
  readonly xray = new Xray();
  readonly callers = new Map<string, Caller>([['admin-token', { user: 'admin', admin: true, reads: null }]]);
  readonly faults: Fault[] = [];
  readonly asked: { readonly method: string; readonly path: string; readonly body: string }[] = [];
  /** Evidence by the digest of its subject, hex; null: the service is not enabled. */
  evidence: Map<string, { readonly predicate_type: string; readonly verified: boolean }[]> | null = null;
  url = '';
  readonly #server = createServer((request, response) => void this.#receive(request, response));

  async start(address = '127.0.0.1'): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, address, resolve));
    this.url = `http://${address}:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** What a subscription with this secret puts into X-JFrog-Event-Auth: by default the secret itself. */
  eventHeader(body: string, secret: string, useSecretForSigning: boolean): string {
    return useSecretForSigning ? createHmac('sha256', secret).update(body).digest('hex') : secret;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const path = decodeURIComponent(url.pathname);
    const body = Buffer.concat(parts).toString();
    const method = request.method ?? 'GET';
    this.asked.push({ method, path: path + url.search, body });
    if (this.#fail(path, response)) return;
    if (path === '/artifactory/api/system/ping') return void response.end('OK');
    const caller = this.#callerOf(request);
    if (caller === null) return error(response, 401, 'Bad Credentials');
    this.#answer({ method, url, path, body, caller, response });
  }

  #fail(path: string, response: ServerResponse): boolean {
    const fault = this.faults.find((one) => one.times > 0 && one.path.test(path));
    if (fault === undefined) return false;
    fault.times -= 1;
    switch (fault.kind) {
      case 'silent': break;
      case 'rate-limit': response.setHeader('retry-after', '1'); error(response, 429, 'Too Many Requests'); break;
      case 'unavailable': error(response, 503, 'Service Unavailable'); break;
      case 'forbidden': error(response, 403, 'Forbidden'); break;
      case 'not-json': response.end('<html>Bad gateway</html>'); break;
      case 'half': response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[{"repo":"docker-lo'); break;
    }
    return true;
  }

  #callerOf(request: IncomingMessage): Caller | null {
    const { authorization = '' } = request.headers;
    const password = authorization.startsWith('Basic ') ? (Buffer.from(authorization.slice(6), 'base64').toString().split(':')[1] ?? '') : '';
    const token = String(request.headers['x-jfrog-art-api'] ?? '') || password || authorization.replace(/^Bearer /, '');
    return this.callers.get(token) ?? null;
  }

  #mayRead(caller: Caller, repo: string): boolean {
    return caller.reads === null || caller.reads.some((one) => one === repo || this.content.physical(one).includes(repo));
  }

  #answer(call: Call): void {
    const { method, path, response, caller } = call;
    if (path.startsWith('/xray/')) {
      const answer = this.xray.answer(method, path, call.body === '' ? {} : (JSON.parse(call.body) as Record<string, unknown>), (repo, at) => this.content.find(repo, at)?.sha256 ?? null);
      return answer === null ? error(response, 404, 'Not found') : json(response, answer.status, answer.body);
    }
    if (path === '/artifactory/api/system/version') return json(response, 200, { version: '7.117.5', revision: '81705900', addons: [], license: 'double' });
    if (path === '/artifactory/api/search/aql' && method === 'POST') {
      const { status, body } = answerAql(call.body, this.content.items, { admin: caller.admin, mayRead: (repo) => this.#mayRead(caller, repo) });
      return json(response, status, body);
    }
    if (path.startsWith('/artifactory/api/storage/')) return this.#storage(call, path.slice('/artifactory/api/storage/'.length));
    if (path.startsWith('/artifactory/api/build')) return this.#build(call, path.slice('/artifactory/api/build'.length));
    if (path.startsWith('/artifactory/api/repositories')) return this.#repositories(call, path.slice('/artifactory/api/repositories'.length));
    if (path.startsWith('/artifactory/api/docker/')) return this.#docker(call, path.slice('/artifactory/api/docker/'.length));
    if (path === '/evidence/api/v1/evidence-search') return this.#evidence(call);
    error(response, 404, 'Not Found');
  }

  #storage({ method, url, caller, response }: Call, path: string): void {
    const [repo = '', ...rest] = path.split('/');
    const at = rest.join('/');
    if (!this.#mayRead(caller, repo)) return error(response, 403, `User ${caller.user} is not permitted to read ${path}`);
    const item = this.content.find(repo, at);
    const children = this.#childrenOf(repo, at);
    if (item === null && children.length === 0) return error(response, 404, 'Unable to find item');
    const uri = `${this.url}/artifactory/api/storage/${path}`;
    if (url.searchParams.has('properties')) return this.#properties(method, url, item, uri, response);
    if (item === null) return json(response, 200, { repo, path: `/${at}`, created: this.content.now.toISOString(), children, uri });
    const stamp = item.created.toISOString();
    const checksums = { sha1: item.sha1, md5: item.md5, sha256: item.sha256 };
    // the size is a text here and a number in AQL
    json(response, 200, {
      repo: item.repo, path: `/${at}`, created: stamp, createdBy: item.createdBy, lastModified: stamp, modifiedBy: item.createdBy, lastUpdated: stamp,
      downloadUri: `${this.url}/artifactory/${path}`, mimeType: 'application/json', size: String(item.size), checksums, originalChecksums: { sha256: item.sha256 }, uri,
    });
  }

  #childrenOf(repo: string, at: string): { uri: string; folder: boolean }[] {
    const prefix = at === '' ? '' : `${at}/`;
    const below = this.content.items.filter((one) => this.content.physical(repo).includes(one.repo)).map((one) => `${one.path}/${one.name}`).filter((one) => one.startsWith(prefix));
    const names = new Map(below.map((one) => [one.slice(prefix.length).split('/')[0]!, one.slice(prefix.length).includes('/')]));
    return [...names].map(([name, folder]) => ({ uri: `/${name}`, folder }));
  }

  #properties(method: string, url: URL, item: Item | null, uri: string, response: ServerResponse): void {
    const asked = url.searchParams.get('properties') ?? '';
    if (method === 'PUT' && item !== null) {
      for (const pair of asked.split(';')) item.properties.set(pair.split('=')[0]!, (pair.split('=')[1] ?? '').split(','));
      return void response.writeHead(204).end();
    }
    if (method === 'DELETE' && item !== null) {
      for (const key of asked.split(',')) item.properties.delete(key);
      return void response.writeHead(204).end();
    }
    const wanted = [...(item?.properties ?? [])].filter(([key]) => asked === '' || asked.split(',').includes(key));
    // 404 although the item is there
    if (wanted.length === 0) return error(response, 404, 'No properties could be found.');
    json(response, 200, { properties: Object.fromEntries(wanted), uri });
  }

  #build({ method, url, body, response }: Call, rest: string): void {
    const project = url.searchParams.get('project') ?? url.searchParams.get('buildRepo')?.replace(/-?build-info$/, '').replace('artifactory', '') ?? '';
    if (method === 'PUT' && rest === '') {
      this.content.publish(JSON.parse(body) as { name: string; number: string }, project);
      return void response.writeHead(204).end();
    }
    const [name, number] = rest.split('/').slice(1);
    const all = [...this.content.builds].filter(([key]) => key.startsWith(`${project}/`)).map(([, one]) => one);
    if (name === undefined) return json(response, 200, { uri: this.url, builds: [...new Set(all.map((one) => one['name']))].map((one) => ({ uri: `/${String(one)}`, lastStarted: buildTime(this.content.now) })) });
    const named = all.filter((one) => one['name'] === name);
    if (named.length === 0) return error(response, 404, `No build was found for build name: ${name}`);
    if (number === undefined) return json(response, 200, { uri: this.url, buildsNumbers: named.map((one) => ({ uri: `/${String(one['number'])}`, started: one['started'] })) });
    const found = named.find((one) => one['number'] === number);
    if (found === undefined) return error(response, 404, `No build was found for build name: ${name}, build number: ${number} `);
    json(response, 200, { uri: `${this.url}/artifactory/api/build/${name}/${number}`, buildInfo: found });
  }

  #repositories({ response }: Call, rest: string): void {
    const all = [...this.content.repositories.values()];
    if (rest === '') return json(response, 200, all.map((one) => ({ key: one.key, type: one.rclass.toUpperCase(), url: `${this.url}/artifactory/${one.key}`, packageType: 'Docker', description: '' })));
    const one = this.content.repositories.get(rest.slice(1));
    if (one === undefined) return error(response, 400, 'Bad Request');
    json(response, 200, { key: one.key, rclass: one.rclass, packageType: 'docker', url: '', ...(one.rclass === 'virtual' ? { repositories: one.members } : {}), ...(one.projectKey === null ? {} : { projectKey: one.projectKey }), environments: [] });
  }

  /** The registry behind the path form: by tag, by digest, blobs. */
  #docker({ caller, response }: Call, rest: string): void {
    const match = /^([^/]+)\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(rest);
    if (match === null) return error(response, 404, 'Not Found');
    const [, repo = '', image = '', what = '', which = ''] = match;
    const unknown = (code: string) => json(response, 404, { errors: [{ code, message: 'not known', detail: {} }] });
    if (!this.#mayRead(caller, repo)) return json(response, 403, { errors: [{ code: 'DENIED', message: 'access denied', detail: null }] });
    const here = this.content.items.filter((one) => this.content.physical(repo).includes(one.repo) && one.path.startsWith(`${image}/`));
    const item = what === 'blobs' ? here.find((one) => `sha256:${one.sha256}` === which) : here.find((one) => one.name.endsWith('manifest.json') && (one.path === `${image}/${which}` || `sha256:${one.sha256}` === which));
    if (item === undefined) return unknown(what === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
    const bytes = this.content.bytes.get(item.sha256)!;
    const type = what === 'blobs' ? 'application/octet-stream' : (JSON.parse(bytes.toString()) as { mediaType: string }).mediaType;
    response.writeHead(200, { 'content-type': type, 'docker-content-digest': `sha256:${item.sha256}` }).end(bytes);
  }

  #evidence({ url, response }: Call): void {
    if (this.evidence === null) return error(response, 404, 'Not Found');
    const sha256 = url.searchParams.get('sha256') ?? '';
    const found = (this.evidence.get(sha256) ?? []).map((one, at) => ({ id: `${at}`, path: 'web/1/list.manifest.json', predicate_slug: 'x', predicate_category: '', created_by: 'ci', provider_id: '', created_at: '2026-03-03T23:20:00Z', ...one }));
    json(response, 200, { evidence: found });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function error(response: ServerResponse, status: number, message: string): void {
  json(response, status, { errors: [{ status, message }] });
}
