/**
 * Where the blobs of an OCI layout come from: a directory, or a tar archive of one, read in place without unpacking it (a
 * registry is one more, in `image/registry-layout.ts`). The
 * caller chose the path; what lies there is hostile, so only regular files are opened and nothing is believed of a blob
 * before its digest has been checked (`blob.ts`). A layout never changes while it is read: blobs are named by content.
 */
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { blockBytes, paddingOf, parseHeader } from './tar.ts';

/** What is there cannot be read, and why: thrown by a place while its bytes are read, because the world failed and not the program. */
export class Unreadable extends Error {}

export interface BlobPlace {
  readonly sizeBytes: number;
  /** In pieces; can be asked for again. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface Layout {
  /** By its name in the layout: `index.json`, `blobs/sha256/…`. Null: there is none. */
  open(name: string): BlobPlace | null;
  close(): void;
}

export type OpenedLayout = { readonly ok: true; readonly layout: Layout } | { readonly ok: false; readonly reason: string };

const pieceBytes = 1 << 20;
/** An archive of a layout has a few entries for each layer. */
const membersMax = 100_000;

export function openDirectory(path: string): OpenedLayout {
  const opened: number[] = [];
  const layout: Layout = {
    open(name) {
      const file = openRegular(join(path, name));
      if (file === null) return null;
      opened.push(file.descriptor);
      return placeIn(file.descriptor, 0, file.sizeBytes);
    },
    close: () => opened.splice(0).forEach((one) => closeSync(one)),
  };
  return { ok: true, layout };
}

export function openArchive(path: string): OpenedLayout {
  const file = openRegular(path);
  if (file === null) return { ok: false, reason: `there is no file ${path}` };
  const { descriptor, sizeBytes } = file;
  const members = membersOf(descriptor, sizeBytes);
  if (typeof members === 'string') {
    closeSync(descriptor);
    return { ok: false, reason: `${path} cannot be read as an archive: ${members}` };
  }
  const layout: Layout = {
    open(name) {
      const member = members.get(name);
      return member === undefined ? null : placeIn(descriptor, member.offset, member.sizeBytes);
    },
    close: () => closeSync(descriptor),
  };
  return { ok: true, layout };
}

function openRegular(path: string): { readonly descriptor: number; readonly sizeBytes: number } | null {
  let descriptor: number;
  try {
    // A fifo in the place of a blob must not keep us waiting.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
  const stat = fstatSync(descriptor);
  if (stat.isFile()) return { descriptor, sizeBytes: stat.size };
  closeSync(descriptor);
  return null;
}

function placeIn(descriptor: number, offset: number, sizeBytes: number): BlobPlace {
  return {
    sizeBytes,
    async *stream() {
      if (sizeBytes === 0) return;
      yield* createReadStream('', { fd: descriptor, autoClose: false, start: offset, end: offset + sizeBytes - 1, highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>;
    },
  };
}

type Members = ReadonlyMap<string, { readonly offset: number; readonly sizeBytes: number }>;

/** Names and places of the files in a tar archive, from its headers alone. A text: why it cannot be read. */
function membersOf(descriptor: number, sizeBytes: number): Members | string {
  const members = new Map<string, { offset: number; sizeBytes: number }>();
  const block = new Uint8Array(blockBytes);
  let offset = 0;
  for (let count = 0; offset + blockBytes <= sizeBytes; count += 1) {
    if (count > membersMax) return `it has more than ${membersMax} entries`;
    readSync(descriptor, block, 0, blockBytes, offset);
    if (block.every((byte) => byte === 0)) break;
    if (count === 0 && isCompressed(block)) return 'it is compressed: decompress it first';
    const header = parseHeader(block);
    if (typeof header === 'string') return header;
    offset += blockBytes;
    if (offset + header.sizeBytes > sizeBytes) return 'it is cut off';
    const name = header.path.replace(/^(\.?\/)+/, '');
    // Of two files of one name the later one is what unpacking would leave.
    if (header.type === '0' || header.type === '\0') members.set(name, { offset, sizeBytes: header.sizeBytes });
    offset += header.sizeBytes + paddingOf(header.sizeBytes);
  }
  return members;
}

function isCompressed(block: Uint8Array): boolean {
  return (block[0] === 0x1f && block[1] === 0x8b) || (block[0] === 0x28 && block[1] === 0xb5 && block[2] === 0x2f && block[3] === 0xfd);
}
