/**
 * What sensors send is hostile until it has gone through here: texts lose what PostgreSQL cannot store and get a length,
 * lists a count, numbers a range, times a plausible span. A record that breaks a bound is refused as a value
 * (`RefusedRecord`), counted by its reason and shown as a gap; the rest of its batch is applied.
 */
import { createHash } from 'node:crypto';
import { containerIdOf } from '@vedette/model/ids';

/** A record that is not applied; the reason is one of a few fixed sentences, so that it can be counted. */
export class RefusedRecord extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RefusedRecord';
  }
}

/** At most `max` UTF-16 units, without NUL (which PostgreSQL's text cannot hold), never half a surrogate pair. */
export function text(value: string, max: number): string {
  const cut = value.length > max ? value.slice(0, max) : value;
  return cut.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** Empty means absent on the wire. */
export function textOrNull(value: string, max: number): string | null {
  return value === '' ? null : text(value, max);
}

export function list<T>(values: readonly T[], max: number, what: string): readonly T[] {
  if (values.length > max) throw new RefusedRecord(`more than ${max} ${what}`);
  return values;
}

export function containerIdIn(value: string): string {
  try {
    return containerIdOf(value);
  } catch {
    throw new RefusedRecord('a container id of impossible form');
  }
}

/** A count as a number; more than can be exact is refused rather than rounded. */
export function count(value: bigint | number, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new RefusedRecord(`${what} is out of range`);
  return number;
}

const signed63 = 2n ** 63n;

/** Kernel times travel as 64 bits and are stored as PostgreSQL's signed ones. */
export function kernelNs(value: bigint, what: string): string {
  if (value < 0n || value >= signed63) throw new RefusedRecord(`${what} is out of range`);
  return value.toString();
}

const earliestMs = Date.UTC(2015, 0, 1);
const aheadMsMax = 86_400_000;

export interface SensorClock {
  readonly wallOffsetNs: bigint;
  readonly receivedAt: Date;
}

/** Boot time to wall time. A time that no honest clock shows becomes the time of receipt. */
export function wallTime(bootNs: bigint, clock: SensorClock): Date {
  return plausible(Number((bootNs + clock.wallOffsetNs) / 1_000_000n), clock.receivedAt);
}

export function plausible(ms: number, receivedAt: Date): Date {
  return ms >= earliestMs && ms <= receivedAt.getTime() + aheadMsMax ? new Date(ms) : receivedAt;
}

/** The key of a fold: sha256 over the words as JSON, so that no word can run into the next. */
export function keyOf(words: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex');
}
