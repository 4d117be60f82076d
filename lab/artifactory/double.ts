/**
 * The double of Artifactory and Xray: one HTTP server on loopback with the calls that Vedette and JFrog's own client libraries make, and every
 * quirk that bites (the checklist is the table in double.test.ts). Callers have tokens with rights; faults can be ordered for any path. Test code:
 * it never ships, and nothing here decides what the real servers do.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerAql } from './aql.ts';
import { Content, fullPath, type Item } from './content.ts';
import { describe, parseProperties, serveFile } from './files.ts';
import { Xray } from './xray.ts';

export interface Caller {
  readonly user: string;
  readonly admin: boolean;
  /** Repositories that may be read; null: all. */
  readonly reads: readonly string[] | null;
}

export interface Fault {
  readonly path: RegExp;
  /** `half`: JSON that ends too early; `cut`: a connection that does. */
  readonly kind: 'rate-limit' | 'unavailable' | 'half' | 'cut' | 'silent' | 'forbidden' | 'not-found' | 'unauthorized' | 'not-json';
  times: number;
  /** With `rate-limit`; a second unless given. */
  readonly retryAfter?: string;
}

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly path: string;
  /** The path as it came: what is encoded in it is no separator. */
  readonly rawPath: string;
  readonly bytes: Buffer;
  readonly body: string;
  readonly caller: Caller;
  readonly request: IncomingMessage;
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
  /** AQL answers with no rows: for a lab that wants to see whether it would notice. */
  findsNothing = false;
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
    const url = new URL((request.url ?? '/').replace(/^\/+/, '/'), this.url);
    // JFrog's own Go client writes two slashes in front of some calls
    const rawPath = url.pathname.replaceAll(/\/{2,}/g, '/');
    const path = decodeURIComponent(rawPath);
    const bytes = Buffer.concat(parts);
    const body = bytes.toString();
    const method = request.method ?? 'GET';
    this.asked.push({ method, path: path + url.search, body });
    if (this.#fail(path, response)) return;
    if (path === '/artifactory/api/system/ping') return void response.end('OK');
    if (path === '/xray/api/v1/system/ping') return json(response, 200, { status: 'pong' });
    const caller = this.#callerOf(request);
    if (caller === null) {
      if (path.startsWith('/v2/')) response.setHeader('www-authenticate', 'Basic realm="Artifactory Realm"');
      return error(response, 401, 'Bad Credentials');
    }
    this.#answer({ method, url, path, rawPath, bytes, body, caller, request, response });
  }

  #fail(path: string, response: ServerResponse): boolean {
    const fault = this.faults.find((one) => one.times > 0 && one.path.test(path));
    if (fault === undefined) return false;
    fault.times -= 1;
    switch (fault.kind) {
      case 'silent': break;
      case 'rate-limit': response.setHeader('retry-after', fault.retryAfter ?? '1'); error(response, 429, 'Too Many Requests'); break;
      case 'unavailable': error(response, 503, 'Service Unavailable'); break;
      case 'forbidden': error(response, 403, 'Forbidden'); break;
      case 'not-found': error(response, 404, 'Not Found'); break;
      case 'unauthorized': error(response, 401, 'Token failed verification: expired'); break;
      case 'not-json': response.end('<html>Bad gateway</html>'); break;
      case 'half': response.writeHead(200, { 'content-type': 'application/json' }).end('{"results":[{"repo":"docker-lo'); break;
      case 'cut': response.writeHead(200, { 'content-type': 'application/json', 'content-length': 4096 }).write('{"results":[', () => response.destroy()); break;
      default: fault.kind satisfies never;
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
      const asked = parsed(call.body);
      if (asked === null) return error(response, 400, 'Bad Request');
      const answer = this.xray.answer(method, path, asked, (repo, at) => this.content.find(repo, at)?.sha256 ?? null, call.url.searchParams);
      if (answer?.body === null) return void response.writeHead(answer.status).end();
      return answer === null ? error(response, 404, 'Not found') : json(response, answer.status, answer.body);
    }
    if (path === '/artifactory/api/system/version') return json(response, 200, { version: '7.117.5', revision: '81705900', addons: [], license: 'double' });
    if (path === '/artifactory/api/search/aql' && method === 'POST') {
      const { status, body } = answerAql(call.body, this.findsNothing ? [] : this.content.items, { admin: caller.admin, mayRead: (repo) => this.#mayRead(caller, repo) }, (name, number, part) => this.content.filesOfBuild(name, number, part));
      return json(response, status, body);
    }
    if (path.startsWith('/artifactory/api/storage/')) return this.#storage(call, path.slice('/artifactory/api/storage/'.length));
    if (path.startsWith('/artifactory/api/build')) return this.#build(call, call.rawPath.slice('/artifactory/api/build'.length).split('/').map(decodeURIComponent));
    const transfer = /^\/artifactory\/api\/(copy|move)\/(.+)$/.exec(path);
    if (transfer !== null && method === 'POST') return this.#transfer(call, transfer[1] === 'copy' ? 'copy' : 'move', transfer[2]!);
    if (path === '/artifactory/api/system/usage') return json(response, 200, {});
    if (path === '/v2/') return json(response, 200, {});
    const registry = /^\/v2\/([^/]+)\/(.+)$/.exec(path);
    // the path form of the registry: the repository is the first part of the image's name
    if (registry !== null) return this.#docker(call, `${registry[1]}/v2/${registry[2]}`);
    if (path.startsWith('/artifactory/api/repositories')) return this.#repositories(call, path.slice('/artifactory/api/repositories'.length));
    if (path.startsWith('/artifactory/api/docker/')) return this.#docker(call, path.slice('/artifactory/api/docker/'.length));
    if (path === '/evidence/api/v1/evidence-search') return this.#evidence(call);
    if (path.startsWith('/artifactory/') && !path.startsWith('/artifactory/api/')) return this.#file(call);
    error(response, 404, 'Not Found');
  }

  #file({ method, rawPath, bytes, request, response, caller }: Call): void {
    const place = rawPath.slice('/artifactory/'.length);
    const repo = place.split('/')[0] ?? '';
    if (!this.#mayRead(caller, repo) || (!caller.admin && method !== 'GET' && method !== 'HEAD')) return error(response, 403, `User ${caller.user} is not permitted to do this in ${repo}`);
    serveFile(this.content, { method, rawPath: place, bytes, request, response, user: caller.user, baseUrl: this.url }, (status, message) => error(response, status, message));
  }

  #transfer({ url, response, caller }: Call, mode: 'copy' | 'move', from: string): void {
    if (!caller.admin) return error(response, 403, `User ${caller.user} is not permitted to do this`);
    const to = (url.searchParams.get('to') ?? '').replace(/^\//, '');
    if (!this.content.repositories.has(to.split('/')[0] ?? '')) return error(response, 400, `Target repository of ${to} does not exist`);
    const count = url.searchParams.get('dry') === '1' ? this.content.below(from).length : this.content.transfer(from, to, mode);
    if (count === 0) return error(response, 404, `Could not find item at ${from}`);
    json(response, 200, { messages: [{ level: 'INFO', message: `${mode} ${from} to ${to} completed successfully, ${count} artifacts and 0 folders` }] });
  }

  #storage({ method, url, caller, response }: Call, path: string): void {
    const [repo = '', ...rest] = path.split('/');
    const at = rest.join('/');
    if (!this.#mayRead(caller, repo)) return error(response, 403, `User ${caller.user} is not permitted to read ${path}`);
    const item = this.content.find(repo, at);
    const children = this.#childrenOf(repo, at);
    // an empty repository is a folder all the same
    if (item === null && children.length === 0 && (at !== '' || !this.content.repositories.has(repo))) return error(response, 404, 'Unable to find item');
    const uri = `${this.url}/artifactory/api/storage/${path}`;
    if (url.searchParams.has('list')) return this.#list(repo, at, url, uri, response);
    if (url.searchParams.has('properties')) return this.#properties(method, url, item, uri, response);
    if (item === null) return json(response, 200, { repo, path: `/${at}`, created: this.content.now.toISOString(), children, uri });
    json(response, 200, { ...describe(item, this.url), uri });
  }

  #list(repo: string, at: string, url: URL, uri: string, response: ServerResponse): void {
    const prefix = at === '' ? '' : `${at}/`;
    const below = this.content.items.filter((one) => this.content.physical(repo).includes(one.repo)).map((one) => ({ one, at: fullPath(one).slice(one.repo.length + 1) })).filter((file) => file.at.startsWith(prefix));
    const files = below.map((file) => ({ ...file, rest: file.at.slice(prefix.length) })).filter(({ rest }) => url.searchParams.get('deep') === '1' || !rest.includes('/'));
    json(response, 200, { uri, created: this.content.now.toISOString(), files: files.map(({ one, rest }) => ({ uri: `/${rest}`, size: one.size, lastModified: one.created.toISOString(), folder: false, sha1: one.sha1, sha2: one.sha256, ...(url.searchParams.has('mdTimestamps') ? { mdTimestamps: { properties: one.created.toISOString() } } : {}) })) });
  }

  #childrenOf(repo: string, at: string): { uri: string; folder: boolean }[] {
    const prefix = at === '' ? '' : `${at}/`;
    const below = this.content.items.filter((one) => this.content.physical(repo).includes(one.repo)).map((one) => fullPath(one).slice(one.repo.length + 1)).filter((one) => one.startsWith(prefix));
    const names = new Map(below.map((one) => [one.slice(prefix.length).split('/')[0]!, one.slice(prefix.length).includes('/')]));
    return [...names].map(([name, folder]) => ({ uri: `/${name}`, folder }));
  }

  #properties(method: string, url: URL, item: Item | null, uri: string, response: ServerResponse): void {
    const asked = url.searchParams.get('properties') ?? '';
    if (method === 'PUT' && item !== null) {
      for (const [key, values] of parseProperties(asked)) item.properties.set(key, values);
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

  #build({ method, url, body, response }: Call, [, ...parts]: readonly string[]): void {
    const project = url.searchParams.get('project') ?? url.searchParams.get('buildRepo')?.replace(/-?build-info$/, '').replace('artifactory', '') ?? '';
    const [name, number] = parts[0] === 'promote' ? parts.slice(1) : parts;
    if (method === 'PUT' && name === undefined) {
      this.content.publish(JSON.parse(body) as { name: string; number: string }, project);
      return void response.writeHead(204).end();
    }
    if (method === 'POST' && parts[0] === 'promote') {
      const asked = parsed(body) ?? {};
      const count = this.content.promoteBuild(name ?? '', number ?? '', project, { from: asked['sourceRepo'] == null ? null : String(asked['sourceRepo']), to: String(asked['targetRepo']), mode: asked['copy'] === true ? 'copy' : 'move' });
      return count === null ? error(response, 404, `Cannot find builds by the name '${name}' and the number '${number}'`) : json(response, 200, { messages: [] });
    }
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
    // not 404: that is how it answers for a repository that there is not, or that may not be seen
    if (one === undefined) return error(response, 400, 'Bad Request');
    json(response, 200, { key: one.key, rclass: one.rclass, packageType: 'docker', url: '', ...(one.rclass === 'virtual' ? { repositories: one.members } : {}), ...(one.projectKey === null ? {} : { projectKey: one.projectKey }), environments: [] });
  }

  /** The registry behind the path form: by tag, by digest, blobs. */
  #docker({ caller, method, body, response }: Call, rest: string): void {
    const whole = /^([^/]+)\/v2\/(?:(promote|_catalog)|(.+)\/tags\/list)$/.exec(rest);
    if (whole !== null && this.#mayRead(caller, whole[1]!)) return this.#images(whole[1]!, whole[2] ?? null, whole[3] ?? '', parsed(body) ?? {}, response);
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
    response.writeHead(200, { 'content-type': type, 'docker-content-digest': `sha256:${item.sha256}`, 'content-length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
  }

  #images(repo: string, call: string | null, image: string, asked: Record<string, unknown>, response: ServerResponse): void {
    const here = this.content.items.filter((one) => this.content.physical(repo).includes(one.repo) && one.name.endsWith('manifest.json') && !one.path.includes('/sha256:'));
    const imageOf = (item: Item) => item.path.slice(0, item.path.lastIndexOf('/'));
    if (call === '_catalog') return json(response, 200, { repositories: [...new Set(here.map(imageOf))].sort() });
    if (call === null) {
      const tags = here.filter((one) => imageOf(one) === image).map((one) => one.path.slice(image.length + 1));
      return tags.length === 0 ? json(response, 404, { errors: [{ code: 'NAME_UNKNOWN', message: 'not known', detail: {} }] }) : json(response, 200, { name: image, tags: tags.sort() });
    }
    const text = (key: string) => (typeof asked[key] === 'string' && asked[key] !== '' ? String(asked[key]) : null);
    const [name, tag] = [text('dockerRepository') ?? '', text('tag') ?? ''];
    const count = this.content.promoteTag(repo, name, tag, text('targetRepo') ?? '', { image: text('targetDockerRepository') ?? name, tag: text('targetTag') ?? tag }, asked['copy'] === true ? 'copy' : 'move');
    return count === 0 ? error(response, 404, `Unable to find tag ${tag} of ${name}`) : void response.writeHead(200).end('Promotion ended successfully');
  }

  #evidence({ url, response }: Call): void {
    if (this.evidence === null) return error(response, 404, 'Not Found');
    const sha256 = url.searchParams.get('sha256') ?? '';
    const found = (this.evidence.get(sha256) ?? []).map((one, at) => ({ id: `${at}`, path: 'web/1/list.manifest.json', predicate_slug: 'x', predicate_category: '', created_by: 'ci', provider_id: '', created_at: '2026-03-03T23:20:00Z', ...one }));
    json(response, 200, { evidence: found });
  }
}

/** null: no JSON object. */
function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function error(response: ServerResponse, status: number, message: string): void {
  json(response, status, { errors: [{ status, message }] });
}
