/**
 * Reads a spool back from its directory after any end of the process before. It cuts what must not be seen again
 * (entries whose commit the owner never recorded: they will be produced again), counts what is lost (entries behind a
 * broken one in their segment, segments that cannot be read), and never fails over bad content: only a disk that
 * refuses to cut makes it give up, because keeping an uncommitted entry would deliver it twice.
 */
import type { Disk, DiskFailure, DiskFile } from './disk.ts';
import { failed } from './disk.ts';
import { encodeSegmentHeader, frameHeaderBytes, segmentHeaderBytes } from './frame.ts';
import type { Scan, ScanEnd, Segment } from './segment.ts';
import { firstOfName, scanSegment } from './segment.ts';

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
    if (failed(outcome)) return closing(settled, outcome);
    if ((outcome.segment?.offsets.length ?? 0) > 0) before = first;
    settled.unshift(outcome);
  }
  return { ...assemble(options, settled), report };
}

/**
 * Puts the segments together. An empty one says where to go on only when that is right behind the last entry, or when
 * there is no entry at all; others were left by a creation that failed or by cutting, and a crash before they were
 * removed must not make their position look like a hole.
 */
function assemble(options: RecoverOptions, settled: readonly Settled[]): Omit<Recovered, 'report'> {
  let next: number | undefined;
  let commit = 0;
  for (const { segment, nextMin, commit: its, end } of settled) {
    const empty = segment !== undefined && segment.offsets.length === 0 && nextMin === segment.first;
    if (!empty) next = Math.max(next ?? 0, nextMin);
    commit = Math.max(commit, its);
    if (end === 'uncommitted') break;
  }
  next ??= settled[0]?.nextMin ?? 1;
  const segments: Segment[] = [];
  const stale: string[] = [];
  for (const { segment } of settled) {
    if (segment === undefined) continue;
    if (segment.offsets.length > 0 || segment.first === next) {
      segments.push(segment);
      continue;
    }
    segment.file.close();
    if (options.disk.remove(segment.name) !== undefined) stale.push(segment.name);
  }
  return { segments, next, commit, stale };
}

interface Place {
  readonly name: string;
  readonly first: number;
  readonly before: number;
  readonly report: RecoveryReport;
}

interface Settled {
  /** Undefined when it could not be read. */
  readonly segment: Segment | undefined;
  /** Positions below this must not be given out again. */
  readonly nextMin: number;
  readonly commit: number;
  readonly end: ScanEnd | undefined;
}

/** Reads one segment and makes its file end where its usable entries end. */
function settle(options: RecoverOptions, place: Place): Settled | DiskFailure {
  const { name, first, before, report } = place;
  const file = options.disk.open(name);
  if (failed(file)) return file;
  const size = file.size();
  if (failed(size)) return closing([{ file }], size);
  const bytes = readAll(file, size);
  if (failed(bytes)) {
    file.close();
    return removeUnreadable(options, place, size, bytes);
  }
  const scan = scanSegment(bytes, first, before, options.lastCommit);
  const lost = scan.highest - (first + scan.offsets.length - 1);
  report.entriesDiscarded += scan.discarded;
  report.entriesLost += lost;
  if (lost > 0) report.problems.push(`${name}: an entry is broken; it and what follows in this file are lost, ${lost} in all.`);
  const segment: Segment = { name, file, first, offsets: [...scan.offsets], size: scan.size, dirty: true, sealed: lost > 0, cutDue: false };
  const failure = cut(segment, size, scan, report);
  if (failure !== undefined) return closing([{ file }], failure);
  return { segment, nextMin: Math.max(first, scan.highest + 1), commit: scan.commit, end: scan.end };
}

function cut(segment: Segment, size: number, scan: Scan, report: RecoveryReport): DiskFailure | undefined {
  switch (scan.end) {
    case 'whole':
      return undefined;
    case 'headerless':
    case 'broken': {
      report.bytesTorn += Math.max(0, size - scan.size);
      const repaired = (scan.end === 'broken' || writeHeader(segment.file, segment.first)) && segment.file.truncate(scan.size) === undefined;
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

/**
 * A segment whose content stays unreadable (a bad sector) is removed, and said. Left alone it could be readable another
 * time, and then show entries whose commit was given up meanwhile. Its entries are counted as lost when the sender
 * meets the hole; how many there were is bounded by its size.
 */
function removeUnreadable(options: RecoverOptions, { name, first, before, report }: Place, size: number, why: DiskFailure): Settled | DiskFailure {
  report.problems.push(`${name} cannot be read and was removed: ${why.message}`);
  const nextMin = Math.min(before, first + Math.ceil(size / frameHeaderBytes));
  return options.disk.remove(name) ?? { segment: undefined, nextMin, commit: 0, end: undefined };
}

export function writeHeader(file: DiskFile, first: number): boolean {
  return file.write(0, encodeSegmentHeader(first)) === segmentHeaderBytes;
}

function closing(open: readonly { readonly file?: DiskFile; readonly segment?: Segment | undefined }[], failure: DiskFailure): DiskFailure {
  for (const { file, segment } of open) (file ?? segment?.file)?.close();
  return failure;
}
