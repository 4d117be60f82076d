/**
 * How a sender's numbering and a hub's watermark are brought together after a hello, and after a hole in the spool.
 * A position is a place in the spool and never changes; the wire sequence is `position + shift`. The shift exists
 * because either side can be set back: a power failure takes the spool's last unsynced entries, a backup takes the
 * hub's. Then the numbers on one side would be used twice or leave a hole, and both lose data silently. Changing the
 * shift renumbers exactly the entries that no hub has seen; the caller stores it before it delivers under it.
 */
import type { StreamRecord } from './streams.ts';

export interface Agreement {
  readonly stream: StreamRecord;
  /** The first position to deliver. It may lie before what the spool still holds: then `skipHole` counts the loss. */
  readonly next: number;
  readonly outcome: 'agreed' | 'hub-ahead' | 'hub-behind-renumbering';
}

/**
 * The hub's watermark is authoritative.
 * - Above everything that may ever have been delivered (`hub-ahead`), it speaks of entries that this spool has lost;
 *   what the spool holds beyond `offered` is new and goes on behind the watermark.
 * - Before the present numbering began (a hub restored from a backup older than that), it speaks of numbers that meant
 *   other entries. Those the hub has forgotten since are lost and counted; the present numbering begins anew behind it.
 */
export function agree(stream: StreamRecord, watermark: number): Agreement {
  const { offered, from, shift } = stream;
  const position = watermark - shift;
  if (position > offered) {
    return { stream: { ...stream, shift: watermark - offered, from: offered + 1 }, next: offered + 1, outcome: 'hub-ahead' };
  }
  if (position < from - 1) return { stream: skipHole(stream, position + 1, from), next: from, outcome: 'hub-behind-renumbering' };
  return { stream, next: position + 1, outcome: 'agreed' };
}

/**
 * The spool's first entry at or after `next` is `found`: those between are gone for good (the spool lost them, or
 * released them before a hub was restored from an older backup). They are counted, and the numbering closes the hole.
 */
export function skipHole(stream: StreamRecord, next: number, found: number): StreamRecord {
  if (found < next) throw new RangeError(`the spool answered position ${found} when asked from ${next}`);
  const missing = found - next;
  if (missing === 0) return stream;
  return { shift: stream.shift - missing, from: found, offered: Math.max(stream.offered, found - 1), lost: stream.lost + missing };
}
