/**
 * Reads a spool back from its directory after any end of the process before. It cuts what must not be seen again
 * (entries whose commit the owner never recorded: they will be produced again), counts what is lost (entries behind a
 * broken one in their segment, segments that cannot be read), and never fails over bad content. A loss at the end is
 * written down in a new segment that declares the positions void, so that it is known to every later process and
 * nothing void comes back. Only a disk that refuses to cut or to write this down makes it give up.
 */
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure, failed } from './disk.ts';
import type { SegmentHeader } from './frame.ts';
import { encodeSegmentHeader, frameHeaderBytes, segmentHeaderBytes } from './frame.ts';
import type { Scan, ScanEnd, Segment } from './segment.ts';
import { firstOfName, newSegment, scanSegment, segmentName } from './segment.ts';

export interface RecoveryReport {
  entriesLost: number;
  entriesDiscarded: number;
  bytesTorn: number;
  /** One sentence each. */
  readonly problems: string[];
}

export interface Recovered {
  readonly segments: Segment[];
  /** The next position to give out. */
  readonly next: number;
  readonly commit: number;
  /** Files that say nothing and could not be removed. */
  readonly stale: readonly string[];
  readonly report: RecoveryReport;
}

export interface RecoverOptions {
  readonly disk: Disk;
  readonly name: string;
  /** The last commit that the owner's own log knows. */
  readonly lastCommit: number;
}

/** No segment is read beyond this, whatever the file says; the spool never writes one that long. */
export const segmentBytesRead = 64 * 1024 * 1024;

/** What could not be read this often is given up, so that one bad sector does not stop the stream. */
export const readAttemptsMax = 3;

export function recoverSpool(options: RecoverOptions): Recovered | DiskFailure {
  const names = options.disk.list();
  if (failed(names)) return names;
  const places = names
    .map((name) => ({ name, first: firstOfName(options.name, name) }))
    .filter((place): place is { name: string; first: number } => place.first !== undefined && place.first > 0)
    .sort((a, b) => b.first - a.first);
  const report: RecoveryReport = { entriesLost: 0, entriesDiscarded: 0, bytesTorn: 0, problems: [] };
  const settled: Settled[] = [];
  // From the last to the first: a segment's entries end where those of the next one begin, and a crash between two
  // cuts leaves no hole.
  let before = Number.POSITIVE_INFINITY;
  for (const { name, first } of places) {
    const outcome = settle(options, { name, first, before, report });
    if (failed(outcome)) return closing(settled.map(({ segment }) => segment), outcome);
    settled.unshift(outcome);
    if (!outcome.saysNothing) before = outcome.voidFrom;
  }
  const assembled = assemble(options, settled);
  const failure = declareVoid(options, assembled);
  if (failure !== undefined) return closing(assembled.segments, failure);
  return { ...assembled, report };
}

interface Place {
  readonly name: string;
  readonly first: number;
  readonly before: number;
  readonly report: RecoveryReport;
}

interface Settled {
  readonly segment: Segment;
  readonly voidFrom: number;
  /** Positions below this must not be given out again. */
  readonly nextMin: number;
  readonly commit: number;
  readonly end: ScanEnd | 'unreadable';
  /** Empty, and not declaring anything: left by a creation that failed, or emptied by cutting. */
  readonly saysNothing: boolean;
}

/** Reads one segment and makes its file end where its usable entries end. */
function settle(options: RecoverOptions, place: Place): Settled | DiskFailure {
  const { name, first, before, report } = place;
  const file = options.disk.open(name);
  if (failed(file)) return file;
  const size = file.size();
  if (failed(size)) return closing([{ file }], size);
  const bytes = readAll(file, size);
  if (failed(bytes)) return unreadable(file, place, size, bytes);
  const scan = scanSegment(bytes, first, before, options.lastCommit);
  const lost = scan.highest - (first + scan.offsets.length - 1);
  report.entriesDiscarded += scan.discarded;
  report.entriesLost += lost;
  if (lost > 0) report.problems.push(`${name}: an entry is broken; it and what follows in this file are lost, ${lost} in all.`);
  const segment: Segment = { ...newSegment(name, file, first), offsets: [...scan.offsets], size: scan.size, sealed: lost > 0 };
  // Where something is lost the file stays as it is, until a later segment has declared the positions void.
  const failure = lost > 0 ? undefined : cut(segment, size, scan, report);
  if (failure !== undefined) return closing([{ file }], failure);
  const saysNothing = scan.offsets.length === 0 && lost === 0 && scan.voidFrom === first;
  return { segment, voidFrom: scan.voidFrom, nextMin: Math.max(first, scan.highest + 1), commit: scan.commit, end: scan.end, saysNothing };
}

function cut(segment: Segment, size: number, scan: Scan, report: RecoveryReport): DiskFailure | undefined {
  switch (scan.end) {
    case 'whole':
      return undefined;
    case 'headerless':
    case 'broken': {
      report.bytesTorn += Math.max(0, size - scan.size);
      const { file, first } = segment;
      const repaired = (scan.end === 'broken' || writeHeader(file, { first, voidFrom: first })) && file.truncate(scan.size) === undefined;
      segment.sealed ||= !repaired;
      return undefined;
    }
    case 'uncommitted':
    case 'overtaken':
      // Synced, or a power failure could bring them back when their commit number has been given out again.
      return segment.file.truncate(scan.size) ?? segment.file.sync();
    default:
      return scan.end satisfies never;
  }
}

function readAll(file: DiskFile, size: number): Uint8Array | DiskFailure {
  let bytes = file.read(0, Math.min(size, segmentBytesRead));
  for (let attempt = 1; failed(bytes) && attempt < readAttemptsMax; attempt += 1) bytes = file.read(0, Math.min(size, segmentBytesRead));
  return bytes;
}

/** A bad sector: the file stays until what it holds would have been released; how much that is is bounded by its size. */
function unreadable(file: DiskFile, { name, first, before, report }: Place, size: number, why: DiskFailure): Settled {
  report.problems.push(`${name} cannot be read, its entries are lost: ${why.message}`);
  const nextMin = Math.max(first, Math.min(before, first + Math.ceil(size / frameHeaderBytes)));
  const segment: Segment = { ...newSegment(name, file, first), size, sealed: true, claimed: nextMin - 1 };
  return { segment, voidFrom: first, nextMin, commit: 0, end: 'unreadable', saysNothing: before <= first };
}

/**
 * Puts the segments together. One that says nothing counts only when it stands right behind the last entry, or when
 * there is no other: a crash before it was removed must not make its position look like a hole.
 */
function assemble(options: RecoverOptions, settled: readonly Settled[]): Omit<Recovered, 'report'> {
  let next: number | undefined;
  let commit = 0;
  for (const one of settled) {
    if (!one.saysNothing) next = Math.max(next ?? 0, one.nextMin);
    commit = Math.max(commit, one.commit);
    if (one.end === 'uncommitted') break;
  }
  next ??= settled[0]?.nextMin ?? 1;
  const segments: Segment[] = [];
  const stale: string[] = [];
  for (const { segment, saysNothing, end } of settled) {
    if (!saysNothing || (segment.first === next && end !== 'unreadable')) {
      segments.push(segment);
      continue;
    }
    segment.file.close();
    if (options.disk.remove(segment.name) !== undefined) stale.push(segment.name);
  }
  return { segments, next, commit, stale };
}

/** Positions lost at the very end: a new segment says so, before anything is built on it. */
function declareVoid(options: RecoverOptions, { segments, next }: { readonly segments: Segment[]; readonly next: number }): DiskFailure | undefined {
  let voidFrom = next;
  for (const segment of segments.toReversed()) {
    if (!segment.sealed) break;
    voidFrom = segment.first + segment.offsets.length;
  }
  if (voidFrom === next) return undefined;
  const name = segmentName(options.name, next);
  const file = options.disk.open(name);
  if (failed(file)) return file;
  const failure = file.truncate(0) ?? (writeHeader(file, { first: next, voidFrom }) ? file.sync() : new DiskFailure('ENOSPC', 'No room for a new segment.'));
  if (failure !== undefined) return closing([{ file }], failure);
  segments.push(newSegment(name, file, next));
  return options.disk.syncDirectory();
}

export function writeHeader(file: DiskFile, header: SegmentHeader): boolean {
  return file.write(0, encodeSegmentHeader(header)) === segmentHeaderBytes;
}

function closing(open: readonly { readonly file: DiskFile }[], failure: DiskFailure): DiskFailure {
  for (const { file } of open) file.close();
  return failure;
}
