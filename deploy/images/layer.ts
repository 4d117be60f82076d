/**
 * A directory → one layer of an OCI image: a gzipped tar whose bytes depend on nothing but names, modes and contents (sorted,
 * times and owners zero), so that the same sources give the same digest. (OCI image specification, layer.)
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface Layer {
  /** Of the gzipped bytes, as the manifest names it. */
  readonly digest: string;
  /** Of the tar, as the configuration names it. */
  readonly diffId: string;
  readonly sizeBytes: number;
  /** What it holds, for the history. */
  readonly what: string;
}

class Meter extends Transform {
  readonly #hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

const steady = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=posix', '--pax-option=delete=atime,delete=ctime,delete=mtime'];

export async function layerOf(directory: string, blobs: string, what: string): Promise<Layer> {
  const tar = spawn('tar', [...steady, '-C', directory, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => tar.on('close', resolve));
  const [plain, packed] = [new Meter(), new Meter()];
  const beside = path.join(blobs, `.layer-${process.pid}`);
  await pipeline(tar.stdout, plain, createGzip({ level: 6 }), packed, createWriteStream(beside));
  if ((await ended) !== 0) throw new Error(`tar failed: ${said.trim()}`);
  const digest = packed.digest();
  await rename(beside, path.join(blobs, digest.slice('sha256:'.length)));
  return { digest, diffId: plain.digest(), sizeBytes: packed.bytes, what };
}
