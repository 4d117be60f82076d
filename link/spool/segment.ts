/**
 * One file of a spool, as it is known in memory: where each of its entries begins. Within a segment positions are
 * consecutive; holes exist only between segments. Reading a segment back after a crash is `scanSegment`: bytes in,
 * index out, and a word on everything that was not usable.
 */
import { decodeFrame, decodeSegmentHeader, frameHeaderBytes, highestPositionAfter, segmentHeaderBytes } from './frame.ts';
import type { DiskFile } from './disk.ts';

export interface Segment {
  readonly name: string;
  readonly file: DiskFile;
  readonly first: number;
  /** Where each entry begins; entry n has position first + n. */
  readonly offsets: number[];
  /** Bytes of the file that are header and whole entries. */
  size: number;
  /** Written since the last sync. */
  dirty: boolean;
  /** Nothing is appended any more: an entry proved unreadable, or the file could not be repaired. */
  sealed: boolean;
  /** Bytes behind `size` are still to be cut off. */
  cutDue: boolean;
  /** Positions through this one are taken by the file although none of them can be used: it could not be read. */
  readonly claimed: number;
}

export function newSegment(name: string, file: DiskFile, first: number): Segment {
  return { name, file, first, offsets: [], size: segmentHeaderBytes, dirty: true, sealed: false, cutDue: false, claimed: first - 1 };
}

export function segmentName(spool: string, first: number): string {
  return `${spool}-${String(first).padStart(16, '0')}.spool`;
}

/** The first position that the name tells, or undefined for a file that is not a segment of this spool. */
export function firstOfName(spool: string, name: string): number | undefined {
  const match = /^([a-z]+)-(\d{16})\.spool$/.exec(name);
  return match === null || match[1] !== spool ? undefined : Number(match[2]);
}

export function lastPosition(segment: Segment): number {
  return segment.first + segment.offsets.length - 1;
}

export function endOfEntry(segment: Segment, index: number): number {
  return segment.offsets[index + 1] ?? segment.size;
}

export interface Scan {
  readonly offsets: readonly number[];
  /** Bytes that are header and usable entries. */
  readonly size: number;
  /** From where on positions before this segment are void; its first one when none are. */
  readonly voidFrom: number;
  /** The last usable entry's commit, or 0. */
  readonly commit: number;
  /** The highest position of any entry here that was once acknowledged: those above the last usable one are lost. */
  readonly highest: number;
  readonly end: ScanEnd;
  /** Whole entries that must be cut before anything is appended. */
  readonly discarded: number;
}

/**
 * Why the usable entries end: the file does; an entry is torn or broken; the header is; the entries from here on belong
 * to a commit that its owner never recorded, so they will be produced again; or the next segment begins at this
 * position or has declared it void.
 */
export type ScanEnd = 'whole' | 'broken' | 'headerless' | 'uncommitted' | 'overtaken';

/** `before`: positions from here on belong to segments that follow. */
export function scanSegment(bytes: Uint8Array, first: number, before: number, commitMax: number): Scan {
  const offsets: number[] = [];
  let offset = segmentHeaderBytes;
  let commit = 0;
  const header = decodeSegmentHeader(bytes);
  const voidFrom = header?.first === first ? header.voidFrom : first;
  const ended = (end: ScanEnd, highest: number, discarded = 0): Scan => ({ offsets, size: offset, voidFrom, commit, highest, end, discarded });
  const lastAcknowledged = (from: number, previous: number) =>
    Math.max(previous, Math.min(before - 1, highestPositionAfter(bytes, from, previous, commitMax)));
  if (header?.first !== first) return ended('headerless', lastAcknowledged(-1, first - 1));
  while (offset < bytes.length) {
    const expected = first + offsets.length;
    const frame = decodeFrame(bytes, offset);
    if (frame === undefined || frame.position !== expected || frame.commit < commit) return ended('broken', lastAcknowledged(offset, expected - 1));
    if (frame.commit > commitMax) return ended('uncommitted', expected - 1, countFrames(bytes, offset));
    if (frame.position >= before) return ended('overtaken', expected - 1, countFrames(bytes, offset));
    commit = frame.commit;
    offsets.push(offset);
    offset += frameHeaderBytes + frame.payload.length;
  }
  return ended('whole', first + offsets.length - 1);
}

/** How many whole frames follow each other from here. */
function countFrames(bytes: Uint8Array, from: number): number {
  let count = 0;
  let offset = from;
  for (;;) {
    const frame = decodeFrame(bytes, offset);
    if (frame === undefined) return count;
    count += 1;
    offset += frameHeaderBytes + frame.payload.length;
  }
}
