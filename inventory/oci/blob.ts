/**
 * One blob by its descriptor: the whole of a small one, or a layer's tar in pieces, decompressed on the way. Size and digest
 * are checked against the descriptor, the digest of what came out against the configuration's diff id; nothing that was read
 * may be used before both have been. Bounded in what may come out and in time, so a bomb costs no more than that.
 */
import { createHash, type Hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Unreadable, type BlobPlace, type Layout } from './layout.ts';
import { compressionOf, documentBytesMax, type Descriptor } from './manifest.ts';

export interface LayerBounds {
  /** Of all layers together, decompressed. */
  readonly unpackedBytesMax: number;
  readonly budgetMs: number;
}

export type BlobRead<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

const chunkSize = 1 << 18;

/** Why reading stopped; the world's, not a bug. */
class Stopped extends Error {}

export function placeOf(layout: Layout, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): BlobRead<BlobPlace> {
  const place = layout.open(`blobs/${digest.replace(':', '/')}`);
  if (place === null) return { ok: false, reason: `the blob ${digest} is not there` };
  if (place.sizeBytes !== size) return { ok: false, reason: `the blob ${digest} has ${place.sizeBytes} bytes, and ${size} are promised` };
  return { ok: true, value: place };
}

export async function readSmall(layout: Layout, descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<BlobRead<Uint8Array>> {
  const { digest, size } = descriptor;
  if (size > documentBytesMax) return { ok: false, reason: `the document ${digest} has ${size} bytes` };
  const place = placeOf(layout, descriptor);
  if (!place.ok) return place;
  const read = await readWhole(place.value);
  if (!read.ok) return { ok: false, reason: `the blob ${digest}: ${read.reason}` };
  const bytes = read.value;
  const found = hashFor(digest).update(bytes).digest('hex');
  return found === hexOf(digest) ? { ok: true, value: bytes } : { ok: false, reason: `the blob ${digest} is damaged: its content has the digest ${found}` };
}

/** `sizeBytes` is a promise of the place; more than it is never taken. */
export async function readWhole(place: BlobPlace): Promise<BlobRead<Uint8Array>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of place.stream()) {
      length += piece.length;
      if (length > place.sizeBytes) return { ok: false, reason: `has more than the ${place.sizeBytes} bytes that are promised` };
      pieces.push(piece);
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    return { ok: false, reason };
  }
  return { ok: true, value: Buffer.concat(pieces) };
}

export class LayerReading {
  readonly #layout: Layout;
  readonly #bounds: LayerBounds;
  readonly #clock: () => number;
  readonly #startMs: number;
  #unpackedBytes = 0;

  constructor(layout: Layout, bounds: LayerBounds, clock: () => number) {
    this.#layout = layout;
    this.#bounds = bounds;
    this.#clock = clock;
    this.#startMs = clock();
  }

  /** `onPiece` answers with a reason to stop, or null. A piece is only good until it returns. */
  async read(layer: Descriptor, diffId: string, onPiece: (piece: Uint8Array) => string | null): Promise<BlobRead<null>> {
    const compression = compressionOf(layer);
    if (typeof compression === 'object') return { ok: false, reason: compression.unreadable };
    const place = placeOf(this.#layout, layer);
    if (!place.ok) return place;
    const packed = hashFor(layer.digest);
    const unpacked = hashFor(diffId);
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of place.value.stream()) {
        packed.update(piece);
        yield piece;
      }
    };
    const take = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const piece of pieces) {
        this.#unpackedBytes += piece.length;
        this.#mayGoOn();
        unpacked.update(piece);
        const reason = onPiece(piece);
        if (reason !== null) throw new Stopped(reason);
      }
    };
    try {
      // What follows the compressed data is part of the blob and must be hashed too, so a gzip that ends early is read to its end.
      if (compression === 'none') await take(hashed());
      else await pipeline(hashed, compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize }), take);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === null) throw error;
      return { ok: false, reason: `the layer ${layer.digest}: ${reason}` };
    }
    if (packed.digest('hex') !== hexOf(layer.digest)) return { ok: false, reason: `the layer ${layer.digest} is damaged: its content has another digest` };
    if (unpacked.digest('hex') !== hexOf(diffId)) return { ok: false, reason: `the layer ${layer.digest} does not unpack to what the configuration says (${diffId})` };
    return { ok: true, value: null };
  }

  #mayGoOn(): void {
    const { unpackedBytesMax, budgetMs } = this.#bounds;
    if (this.#unpackedBytes > unpackedBytesMax) throw new Stopped(`the image unpacks to more than ${unpackedBytesMax} bytes`);
    if (this.#clock() - this.#startMs > budgetMs) throw new Stopped(`reading the image takes longer than ${budgetMs} ms`);
  }
}

/** Null: it is a bug. */
function reasonOf(error: unknown): string | null {
  if (error instanceof Stopped || error instanceof Unreadable) return error.message;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  if (/^(Z_|ZSTD_|ERR_ZLIB|ERR_ZSTD|ERR__ERROR_FORMAT|ERR_BUFFER_TOO_LARGE)/.test(error.code)) return `cannot be decompressed (${error.message})`;
  return /^E[A-Z0-9]+$/.test(error.code) ? `cannot be read (${error.code})` : null;
}

function hashFor(digest: string): Hash {
  return createHash(digest.startsWith('sha512:') ? 'sha512' : 'sha256');
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}
