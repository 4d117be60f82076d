/**
 * Where OSV's export keeps the records of one ecosystem → the text of each: an `all.zip`, or a folder of .json files. An
 * archive is hostile until read: bounded in bytes, entries, bytes of one entry, bytes unpacked and how much an entry
 * may grow; checksums are checked. One entry that is too large or encrypted is refused and counted; an archive that is
 * damaged or meets a bound is a problem of the whole, since half of a feed would look like the rest had been mended.
 */
import type { Dirent } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, type ZipFile, openPromise } from 'yauzl';

export interface ArchiveBounds {
  /** Of the archive itself. */
  readonly archiveBytesMax: number;
  readonly entriesMax: number;
  readonly entryBytesMax: number;
  /** Of all entries unpacked. */
  readonly totalBytesMax: number;
  /** Unpacked to packed, of entries above a megabyte. */
  readonly ratioMax: number;
}

export const defaultArchiveBounds: ArchiveBounds = {
  archiveBytesMax: 4 * 2 ** 30,
  entriesMax: 2_000_000,
  entryBytesMax: 16 * 2 ** 20,
  totalBytesMax: 32 * 2 ** 30,
  ratioMax: 200,
};

const ratioFreeBytes = 2 ** 20;
/** Unpacked ahead of the reader: at most this many, or this many bytes and one entry. */
const aheadEntriesMax = 16;
const aheadBytesMax = 32 * 2 ** 20;

export interface Reader {
  record(text: string, bytes: number): void;
  refused(reason: string): void;
  readonly signal?: AbortSignal | undefined;
}

/** A sentence about the whole, or null when everything was read. */
export type Problem = string | null;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export async function readZip(path: string, bounds: ArchiveBounds, reader: Reader): Promise<Problem> {
  const size = (await stat(path)).size;
  if (size > bounds.archiveBytesMax) return `the archive has ${size} bytes, more than ${bounds.archiveBytesMax}`;
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { autoClose: false, lazyEntries: true, validateEntrySizes: true });
  } catch (error) {
    return `the archive cannot be opened: ${messageOf(error)}`;
  }
  try {
    if (zip.entryCount > bounds.entriesMax) return `the archive has ${zip.entryCount} entries, more than ${bounds.entriesMax}`;
    return await readEntries(zip, bounds, reader);
  } finally {
    zip.close();
  }
}

/** Entries are unpacked some at a time, since each waits for the disk more than it computes, and handed on in their order. */
async function readEntries(zip: ZipFile, bounds: ArchiveBounds, reader: Reader): Promise<Problem> {
  const unpacking: { readonly bytes: number; readonly done: Promise<Unpacked> }[] = [];
  let unpackingBytes = 0;
  let total = 0;
  let entries = 0;

  async function handOn(entriesMax: number): Promise<Problem> {
    while (unpacking.length > entriesMax || unpackingBytes > aheadBytesMax) {
      const first = unpacking.shift();
      if (first === undefined) return null;
      const unpacked = await first.done;
      unpackingBytes -= first.bytes;
      if (typeof unpacked === 'string') return unpacked;
      reader.record(unpacked.toString('utf8'), unpacked.length);
    }
    return null;
  }

  const iterator = zip.eachEntry();
  for (;;) {
    if (reader.signal?.aborted === true) return 'the sync was stopped';
    let next: IteratorResult<Entry>;
    try {
      next = await iterator.next();
    } catch (error) {
      return `the archive is damaged: ${messageOf(error)}`;
    }
    if (next.done === true) return handOn(0);
    const entry = next.value;
    entries += 1;
    if (entries > bounds.entriesMax) return `the archive has more than ${bounds.entriesMax} entries`;
    if (!entry.fileName.endsWith('.json')) continue;
    const refusal = refusalOf(entry, bounds);
    if (refusal !== null) {
      reader.refused(refusal);
      continue;
    }
    total += entry.uncompressedSize;
    if (total > bounds.totalBytesMax) return `the archive unpacks to more than ${bounds.totalBytesMax} bytes`;
    unpacking.push({ bytes: entry.uncompressedSize, done: unpack(zip, entry) });
    unpackingBytes += entry.uncompressedSize;
    const problem = await handOn(aheadEntriesMax);
    if (problem !== null) return problem;
  }
}

/** The bytes, or a sentence; never a rejection, because nobody may be waiting any more. */
type Unpacked = Buffer | string;

async function unpack(zip: ZipFile, entry: Entry): Promise<Unpacked> {
  try {
    const bytes = await collect(await zip.openReadStreamPromise(entry), entry.uncompressedSize);
    return crc32(bytes) === entry.crc32 ? bytes : 'the archive is damaged: the checksum of an entry does not fit';
  } catch (error) {
    return `the archive is damaged: ${messageOf(error)}`;
  }
}

function refusalOf(entry: Entry, bounds: ArchiveBounds): Problem {
  if (entry.isEncrypted()) return 'an entry is encrypted';
  if (!entry.canDecodeFileData()) return 'an entry is packed in a way that is not known';
  if (entry.uncompressedSize > bounds.entryBytesMax) return `an entry has more than ${bounds.entryBytesMax} bytes`;
  if (entry.uncompressedSize > ratioFreeBytes && entry.uncompressedSize > entry.compressedSize * bounds.ratioMax) {
    return `an entry grows more than ${bounds.ratioMax} times`;
  }
  return null;
}

/** The stream itself fails when it yields another number of bytes than the entry declares. */
async function collect(stream: Readable, bytesExpected: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += (chunk as Buffer).length;
    if (total > bytesExpected) throw new RangeError('an entry is longer than it declares');
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total);
}

export async function readFolder(path: string, bounds: ArchiveBounds, reader: Reader): Promise<Problem> {
  let total = 0;
  let files = 0;
  const directory = await opendir(path);
  for await (const entry of directory as AsyncIterable<Dirent>) {
    if (reader.signal?.aborted === true) return 'the sync was stopped';
    if (!entry.name.endsWith('.json')) continue;
    files += 1;
    if (files > bounds.entriesMax) return `the folder has more than ${bounds.entriesMax} files`;
    const file = `${path}/${entry.name}`;
    const found = await stat(file);
    if (!found.isFile()) {
      reader.refused('a file is not a regular one');
      continue;
    }
    if (found.size > bounds.entryBytesMax) {
      reader.refused(`an entry has more than ${bounds.entryBytesMax} bytes`);
      continue;
    }
    total += found.size;
    if (total > bounds.totalBytesMax) return `the folder holds more than ${bounds.totalBytesMax} bytes`;
    const text = await readFile(file, 'utf8');
    reader.record(text, found.size);
  }
  return null;
}
