/**
 * The console's files, read into memory when the hub starts: they are few, the checkout may be unreadable later, and a
 * path that is not in the map cannot leave the directory. Paths that are no file are the console's own routes and get
 * index.html; a missing asset is a 404 and not a page.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface StaticFile {
  readonly body: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  readonly etag: string;
  /** Its name carries a hash of its content, so it never changes. */
  readonly immutable: boolean;
}

export type StaticFiles = ReadonlyMap<string, StaticFile>;

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
  '.map': 'application/json; charset=utf-8',
};
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.map', '.txt', '.webmanifest']);
const filesMax = 2000;
const bytesMax = 64 * 1024 * 1024;

/** Vite names what it builds `name-<8 or more of base64url>.ext` below assets/. */
function carriesHash(name: string): boolean {
  return /^\/assets\/.*-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/.test(name);
}

/** Regular files only: a symbolic link in the directory is not followed. */
export async function readStaticFiles(directory: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = path.join(entry.parentPath, entry.name);
    const extension = path.extname(entry.name);
    const type = types[extension];
    if (type === undefined) continue;
    const body = await readFile(full);
    bytes += body.length;
    if (files.size >= filesMax || bytes > bytesMax) throw new Error(`${directory} is larger than a console can be`);
    const name = `/${path.relative(directory, full).split(path.sep).join('/')}`;
    const gzipped = compressible.has(extension) && body.length > 1024 ? await promisify(gzip)(body, { level: 9 }) : undefined;
    files.set(name, { body, gzipped, type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`, immutable: carriesHash(name) });
  }
  return files;
}

/** The file for a path, or the console's page for one of its own routes. */
export function staticFileFor(files: StaticFiles, urlPath: string): StaticFile | undefined {
  const exact = files.get(urlPath);
  if (exact !== undefined) return exact;
  const last = urlPath.slice(urlPath.lastIndexOf('/') + 1);
  return /\.(js|css|map|png|svg|ico|woff2|json|txt|webmanifest)$/.test(last) || urlPath.startsWith('/assets/') ? undefined : files.get('/index.html');
}
