/**
 * Contents that were read once, kept by the digest of the image, since a digest never means anything else. One file each: a line with the
 * checksum of the rest, then the content as JSON. What does not fit its checksum, is of another version or about another digest is as
 * good as not there. Written beside and renamed, so that runs at the same time see a whole file or none; bounded in number and bytes,
 * the longest unused go first. Whoever may write into the folder could forge a content with its checksum: it belongs to one user.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentVersion, type ImageContent } from './content.ts';

export interface CacheBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

export const defaultCacheBounds: CacheBounds = { entriesMax: 500, bytesMax: 256 * 2 ** 20 };

const entryBytesMax = 64 * 2 ** 20;
const beforeHash = `vedette image content ${contentVersion} `;

export class ContentCache {
  readonly #directory: string;
  /** Of the program: another one may read otherwise. */
  readonly #version: string;
  readonly #bounds: CacheBounds;

  constructor(directory: string, version: string, bounds: CacheBounds = defaultCacheBounds) {
    this.#directory = directory;
    this.#version = version;
    this.#bounds = bounds;
  }

  read(digest: string): ImageContent | null {
    const path = this.#pathOf(digest);
    let text: string;
    try {
      if (statSync(path).size > entryBytesMax) return null;
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (isOfWorld(error)) return null;
      throw error;
    }
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (end < 0 || text.slice(0, end) !== this.#headOf(body)) return null;
    const content = JSON.parse(body) as ImageContent;
    if (content.digest !== digest) return null;
    this.#quietly(() => utimesSync(path, new Date(), new Date()));
    return content;
  }

  /** A content that cannot be kept (a full disk, a folder that may not be written) is read again next time. */
  write(content: ImageContent): void {
    const body = JSON.stringify(content);
    if (body.length > entryBytesMax) return;
    this.#quietly(() => {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const path = this.#pathOf(content.digest);
      const beside = `${path}.${process.pid}.${process.hrtime.bigint()}.part`;
      writeFileSync(beside, `${this.#headOf(body)}\n${body}`, { mode: 0o600, flag: 'wx' });
      renameSync(beside, path);
      this.#forget();
    });
  }

  #headOf(body: string): string {
    return `${beforeHash}${this.#version} ${createHash('sha256').update(body).digest('hex')}`;
  }

  #pathOf(digest: string): string {
    return join(this.#directory, `${digest.replace(':', '-')}.json`);
  }

  /** What another run takes away at the same time is gone for both. Pieces that a killed run left are old after an hour. */
  #forget(): void {
    const entries = readdirSync(this.#directory).flatMap((name) => {
      const path = join(this.#directory, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, usedMs: stat.mtimeMs, bytes: stat.size, isPart: name.endsWith('.part') }];
    });
    let count = 0;
    let bytes = 0;
    for (const one of entries.sort((a, b) => b.usedMs - a.usedMs)) {
      if (one.isPart) {
        if (Date.now() - one.usedMs > 3_600_000) rmSync(one.path, { force: true });
        continue;
      }
      count += 1;
      bytes += one.bytes;
      if (count > this.#bounds.entriesMax || bytes > this.#bounds.bytesMax) rmSync(one.path, { force: true });
    }
  }

  #quietly(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isOfWorld(error)) throw error;
    }
  }
}

function isOfWorld(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));
}
