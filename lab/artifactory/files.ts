/**
 * Files by their own address in the double, as clients deploy, fetch, copy, move and delete them: properties in the path after a semicolon, deployment by
 * checksum alone (404 where nobody has the bytes), checksums in headers, parts by Range. A virtual repository is read through, never written to.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { placeOf, type Content, type Item } from './content.ts';

export interface FileCall {
  readonly method: string;
  /** As it came, still encoded, after `/artifactory/`. */
  readonly rawPath: string;
  readonly bytes: Buffer;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly user: string;
  readonly baseUrl: string;
}

type Refuse = (status: number, message: string) => void;

/** `stage=a,b;team=c` → values by key; a backslash takes the meaning from what follows it. */
export function parseProperties(text: string): Map<string, string[]> {
  const split = (part: string, separator: RegExp) => part.split(separator);
  const plain = (part: string) => part.replaceAll(/\\(.)/g, '$1');
  return new Map(split(text, /(?<!\\)[;|]/).filter((one) => one !== '').map((one) => {
    const [key = '', ...rest] = split(one, /(?<!\\)=/);
    return [plain(key), split(rest.join('='), /(?<!\\),/).map(plain)] as const;
  }));
}

export function describe(item: Item, baseUrl: string): Record<string, unknown> {
  const at = item.path === '.' ? item.name : `${item.path}/${item.name}`;
  const stamp = item.created.toISOString();
  const checksums = { sha1: item.sha1, md5: item.md5, sha256: item.sha256 };
  return {
    repo: item.repo, path: `/${at}`, created: stamp, createdBy: item.createdBy, lastModified: stamp, modifiedBy: item.createdBy, lastUpdated: stamp, downloadUri: `${baseUrl}/artifactory/${item.repo}/${at}`,
    // the size is a text here and a number in AQL
    mimeType: 'application/octet-stream', size: String(item.size), checksums, originalChecksums: { sha256: item.sha256 }, uri: `${baseUrl}/artifactory/api/storage/${item.repo}/${at}`,
  };
}

export function serveFile(content: Content, call: FileCall, refuse: Refuse): void {
  const [rawPlace = '', ...matrix] = call.rawPath.split(';');
  const full = decodeURIComponent(rawPlace);
  const { repo, path, name } = placeOf(full);
  const repository = content.repositories.get(repo);
  const at = path === '.' ? name : `${path}/${name}`;
  switch (call.method) {
    case 'PUT': {
      if (repository === undefined || repository.rclass !== 'local') return refuse(repository === undefined ? 404 : 405, `Repository ${repo} cannot be deployed to`);
      return deploy(content, call, { repo, path, name }, matrix, refuse);
    }
    case 'DELETE': {
      const found = content.below(full.replace(/\/$/, ''));
      if (found.length === 0) return refuse(404, `Could not locate artifact '${full}'.`);
      content.items = content.items.filter((one) => !found.includes(one));
      return void call.response.writeHead(204).end();
    }
    case 'GET':
    case 'HEAD': {
      const item = content.find(repo, at);
      return item === null ? refuse(404, `File not found: ${full}`) : send(content, call, item);
    }
    default: return refuse(405, 'Method Not Allowed');
  }
}

function deploy(content: Content, { request, response, bytes, user, baseUrl }: FileCall, place: { repo: string; path: string; name: string }, matrix: readonly string[], refuse: Refuse): void {
  // a folder is made by itself: nothing to keep
  if (place.name === '') return void response.writeHead(201).end();
  let body = bytes;
  if (request.headers['x-checksum-deploy'] === 'true') {
    const wanted = [request.headers['x-checksum-sha1'], request.headers['x-checksum'], request.headers['x-checksum-sha256']];
    const known = content.items.find((one) => wanted.includes(one.sha1) || wanted.includes(one.sha256));
    if (known === undefined) return refuse(404, 'Checksum deploy failed: no such content');
    body = content.bytes.get(known.sha256)!;
  }
  const item = content.put(place.repo, place.path, place.name, body, {}, user);
  for (const [key, values] of parseProperties(decodeURIComponent(matrix.join(';')))) item.properties.set(key, values);
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(describe(item, baseUrl)));
}

function send(content: Content, { method, request, response }: FileCall, item: Item): void {
  const bytes = content.bytes.get(item.sha256)!;
  const headers = {
    'content-type': 'application/octet-stream', 'x-checksum-md5': item.md5, 'x-checksum-sha1': item.sha1, 'x-checksum-sha256': item.sha256, 'accept-ranges': 'bytes', etag: item.sha1,
    'x-artifactory-filename': item.name, 'last-modified': item.created.toUTCString(),
  };
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range !== null) {
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    return void response.writeHead(206, { ...headers, 'content-length': part.length, 'content-range': `bytes ${range[1]}-${range[2]}/${bytes.length}` }).end(part);
  }
  response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
}
