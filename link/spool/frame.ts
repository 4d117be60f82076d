/**
 * The bytes of a spool segment: a header (magic, first position, where a hole before it begins, checksum) and frames,
 * each of length, checksum, position, commit number and payload. All numbers big-endian. The checksum covers everything of the frame but the length and
 * itself, so that a frame is either whole or not there; a length that lies makes the checksum fail.
 */
import { crc32 } from 'node:zlib';

export const segmentHeaderBytes = 32;
export const frameHeaderBytes = 24;
const magic = Buffer.from('vdspool1', 'ascii');
const checksumFrom = 8;

export interface Frame {
  readonly position: number;
  readonly commit: number;
  readonly payload: Uint8Array;
}

export interface SegmentHeader {
  readonly first: number;
  /** Positions from here to the one before `first` are void, whatever is found of them later. `first`: none are. */
  readonly voidFrom: number;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes.writeBigUInt64BE(BigInt(header.first), 8);
  bytes.writeBigUInt64BE(BigInt(header.voidFrom), 16);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** Undefined when this is not the header of a segment. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes) return undefined;
  const header = view(bytes);
  if (!header.subarray(0, magic.length).equals(magic) || crc32(header.subarray(0, 24)) !== header.readUInt32BE(24)) return undefined;
  const first = readSafe(header, 8);
  const voidFrom = readSafe(header, 16);
  return first === undefined || voidFrom === undefined || voidFrom > first ? undefined : { first, voidFrom };
}

export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + frame.payload.length);
  bytes.writeUInt32BE(frame.payload.length, 0);
  bytes.writeBigUInt64BE(BigInt(frame.position), 8);
  bytes.writeBigUInt64BE(BigInt(frame.commit), 16);
  bytes.set(frame.payload, frameHeaderBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(checksumFrom)), 4);
  return bytes;
}

/** The frame that begins at `offset`, or undefined when none that is whole does. The payload is a view, not a copy. */
export function decodeFrame(bytes: Uint8Array, offset: number): Frame | undefined {
  const buffer = view(bytes);
  if (offset + frameHeaderBytes > buffer.length) return undefined;
  const end = offset + frameHeaderBytes + buffer.readUInt32BE(offset);
  if (end > buffer.length) return undefined;
  if (crc32(buffer.subarray(offset + checksumFrom, end)) !== buffer.readUInt32BE(offset + 4)) return undefined;
  const position = readSafe(buffer, offset + 8);
  const commit = readSafe(buffer, offset + 16);
  if (position === undefined || commit === undefined) return undefined;
  return { position, commit, payload: buffer.subarray(offset + frameHeaderBytes, end) };
}

/**
 * The highest position that was once whole at or behind a broken frame, to tell how much was lost. A torn write is
 * shorter than its length says; a frame that ends within the file and carries the position that is due was complete
 * and has rotted. Behind it every offset is tried; only where the position field is plausible is a checksum computed,
 * so the scan stays linear on all but hostile bytes.
 */
export function highestPositionAfter(bytes: Uint8Array, offset: number, previous: number, commitMax: number): number {
  const buffer = view(bytes);
  const plausible = previous + 1 + Math.ceil((buffer.length - offset) / frameHeaderBytes);
  let highest = isRotten(buffer, offset, previous + 1, commitMax) ? previous + 1 : previous;
  let at = offset + 1;
  while (at + frameHeaderBytes <= buffer.length) {
    const position = buffer.readUInt32BE(at + 8) * 2 ** 32 + buffer.readUInt32BE(at + 12);
    const frame = position > highest && position <= plausible ? decodeFrame(bytes, at) : undefined;
    if (frame === undefined) {
      at += 1;
      continue;
    }
    if (frame.commit <= commitMax) highest = frame.position;
    at += frameHeaderBytes + frame.payload.length;
  }
  return highest;
}

function isRotten(buffer: Buffer, offset: number, position: number, commitMax: number): boolean {
  if (offset < 0 || offset + frameHeaderBytes > buffer.length) return false;
  if (offset + frameHeaderBytes + buffer.readUInt32BE(offset) > buffer.length) return false;
  const commit = readSafe(buffer, offset + 16);
  return readSafe(buffer, offset + 8) === position && commit !== undefined && commit <= commitMax;
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readSafe(buffer: Buffer, offset: number): number | undefined {
  const value = buffer.readBigUInt64BE(offset);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}
