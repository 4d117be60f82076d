/**
 * One archive from an address to a file, bounded in bytes and time, with the address's own mark of the content (ETag), so that
 * what has not changed is not sent again. The network is the caller's: `Fetch` is the part of fetch that is used here.
 */
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: unknown;
}
export type Fetch = (url: string, init: { headers: Record<string, string>; signal: AbortSignal; redirect: 'follow' }) => Promise<FetchResponse>;

export interface DownloadOptions {
  readonly fetch: Fetch;
  readonly etag: string | null;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: (bytes: number) => void;
}

export type Download =
  | { readonly outcome: 'downloaded'; readonly etag: string | null; readonly bytes: number }
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'failed'; readonly problem: string };

export async function download(url: string, to: string, options: DownloadOptions): Promise<Download> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  try {
    const response = await options.fetch(url, { headers: options.etag === null ? {} : { 'if-none-match': options.etag }, signal, redirect: 'follow' });
    if (response.status === 304 && options.etag !== null) return { outcome: 'unchanged' };
    if (response.status !== 200) return { outcome: 'failed', problem: `${url} answered with status ${response.status}` };
    if (response.body === null || response.body === undefined) return { outcome: 'failed', problem: `${url} answered without content` };
    const bytes = await save(Readable.fromWeb(response.body as ReadableStream), to, options, signal);
    if (bytes > options.bytesMax) return { outcome: 'failed', problem: `${url} sends more than ${options.bytesMax} bytes` };
    const declared = response.headers.get('content-length');
    const isEncoded = response.headers.get('content-encoding') !== null;
    if (declared !== null && !isEncoded && Number(declared) !== bytes) {
      return { outcome: 'failed', problem: `${url} broke off after ${bytes} of ${Number(declared)} bytes` };
    }
    return { outcome: 'downloaded', etag: response.headers.get('etag')?.slice(0, 256) ?? null, bytes };
  } catch (error) {
    if (timeout.aborted) return { outcome: 'failed', problem: `${url} took longer than ${options.timeoutMs} ms` };
    if (options.signal?.aborted === true) return { outcome: 'failed', problem: 'the sync was stopped' };
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return { outcome: 'failed', problem: `${url} cannot be read: ${error instanceof Error ? error.message : String(error)}${cause}` };
  }
}

/** How many bytes came; one more than the bound ends it. */
async function save(body: Readable, to: string, options: DownloadOptions, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const tooMany = new Error('too many bytes');
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      options.onBytes?.(bytes);
      done(bytes > options.bytesMax ? tooMany : null, chunk);
    },
  });
  try {
    await pipeline(body, counting, createWriteStream(to, { flags: 'wx', mode: 0o600 }), { signal });
  } catch (error) {
    if (error !== tooMany) throw error;
  }
  return bytes;
}
