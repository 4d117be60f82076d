/**
 * The two streams of a sensor, in the order of their urgency, and what a sensor must remember about them through any
 * crash. No state machine here: these are the words that the sender, the spool and the hub share.
 */
export const streamNames = ['detection', 'telemetry'] as const;
export type StreamName = (typeof streamNames)[number];

/**
 * A batch as the receiver knows it: `sequence` counts from 1 in each (sensor, epoch, stream), without holes.
 * Sequences are numbers: 2^53 batches outlast any sensor, and the transport refuses greater ones.
 */
export interface Batch {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** A batch as the spool knows it. The wire sequence is `position + shift`; see `agreement.ts` for why they can differ. */
export interface SpooledBatch {
  readonly position: number;
  readonly payload: Uint8Array;
}

export interface StreamRecord {
  /** Wire sequence minus spool position. 0 until the spool or the hub was set back. */
  readonly shift: number;
  /** The first position that this shift numbers. Entries before it had other numbers and are not delivered again. */
  readonly from: number;
  /** The highest position that a sensor process before this one may have delivered. */
  readonly offered: number;
  /** Batches that can never be delivered, since the epoch began. Shown to people, never reset. */
  readonly lost: number;
}

/**
 * What the sender must find again after any crash, written as a whole. Without it a restarted sensor could not prove
 * that it is the one the hub spoke with, nor know which positions may already have been delivered.
 */
export interface LinkRecord {
  /** 16 hex digits, drawn when the spool was made. */
  readonly epoch: string;
  /** The session of the last accepted hello; empty before the first of this epoch. */
  readonly session: string;
  /** True from the moment this process may deliver: whatever is in the spool when it dies may have been delivered. */
  readonly delivering: boolean;
  readonly streams: Readonly<Record<StreamName, StreamRecord>>;
}

export function freshLinkRecord(epoch: string): LinkRecord {
  if (!/^[0-9a-f]{16}$/.test(epoch)) throw new RangeError('an epoch is 16 hex digits');
  const stream: StreamRecord = { shift: 0, from: 1, offered: 0, lost: 0 };
  return { epoch, session: '', delivering: false, streams: { detection: stream, telemetry: stream } };
}

/**
 * The record of a process that starts: if the one before it could deliver, everything it left in the spool may have
 * been delivered. If it never spoke with the hub, what it added was certainly not delivered and the old mark stands.
 * Never beyond what the spool still has: positions above it are given out anew, and those were not delivered.
 */
export function recordAtStart(record: LinkRecord, last: Readonly<Record<StreamName, number>>): LinkRecord {
  const at = (name: StreamName): StreamRecord => {
    const stream = record.streams[name];
    const offered = record.delivering ? last[name] : Math.min(stream.offered, last[name]);
    // The spool may have lost even where its numbering began: the wire sequence goes on where it stood.
    const sunk = Math.max(0, stream.from - 1 - offered);
    return { ...stream, offered, from: stream.from - sunk, shift: stream.shift + sunk };
  };
  return { ...record, delivering: false, streams: { detection: at('detection'), telemetry: at('telemetry') } };
}
