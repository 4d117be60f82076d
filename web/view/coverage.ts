/**
 * The coverage page in words: how the canaries of a class fare, why records were lost, what a rule cannot do, how full a table is. What is wrong stands
 * first in every list; a fill is never told where it is not known.
 */
import type { CoverageDetailView } from '@vedette/model/api/views';
import { bytesWords, countWords, plural } from './numbers.ts';

type ClassRow = CoverageDetailView['classes'][number];
type TableRow = CoverageDetailView['tables'][number];

/** Causes as event.h and the sensor name them. */
const causes: Readonly<Record<string, string>> = {
  'ring-full': 'the ring was full',
  'reserve': 'above three quarters of the ring, named by no interest',
  'share': 'beyond its share of the ring',
  'unreadable': 'could not be read in the kernel',
  'map-full': 'a table of the kernel was full',
  'missed': 'the kernel did not run the hook',
};

export function causeWords(cause: string): string {
  return causes[cause] ?? cause;
}

export type CanaryTone = 'sings' | 'alarm' | 'impossible' | 'none';

export interface CanaryWords {
  readonly tone: CanaryTone;
  readonly words: string;
}

/** Of a class, over all sensors. */
export function canaryWords(counts: ClassRow['canaries']): CanaryWords {
  const alarm = (counts.missing ?? 0) + (counts.overdue ?? 0);
  const seen = counts.seen ?? 0;
  const all = alarm + seen + (counts.impossible ?? 0);
  if (all === 0) return { tone: 'none', words: 'none' };
  if (alarm > 0) return { tone: 'alarm', words: all === 1 ? ((counts.missing ?? 0) > 0 ? 'missing' : 'overdue') : `missing on ${countWords(alarm)} of ${countWords(all)}` };
  if (seen === 0) return { tone: 'impossible', words: 'cannot be done' };
  return { tone: 'sings', words: all === seen ? 'arrives' : `arrives from ${countWords(seen)} of ${countWords(all)}` };
}

/** Classes with something wrong first: not attached, a canary missing, records lost; then by name. */
export function classOrder(rows: readonly ClassRow[]): readonly ClassRow[] {
  const rank = (row: ClassRow) => (row.attached < row.sensors ? 0 : canaryWords(row.canaries).tone === 'alarm' ? 1 : row.losses.length > 0 ? 2 : 3);
  return [...rows].sort((a, b) => rank(a) - rank(b) || (a.eventClass < b.eventClass ? -1 : 1));
}

/** "all sensors", "2 of 3 sensors". */
export function attachedWords({ attached, sensors }: Pick<ClassRow, 'attached' | 'sensors'>): string {
  if (sensors === 0) return 'no sensor has it';
  if (attached === sensors) return sensors === 1 ? 'attached' : `attached on all ${plural(sensors, 'sensor')}`;
  return sensors === 1 ? 'not attached' : `attached on ${countWords(attached)} of ${plural(sensors, 'sensor')}`;
}

/** What a table of the kernel holds as bytes is known by its bound, where entries are not counted. */
export function fillOf({ entries, entriesMax, bytes, bytesMax }: Pick<TableRow, 'entries' | 'entriesMax' | 'bytes' | 'bytesMax'>): { readonly value: number; readonly max: number; readonly words: string } | null {
  if (entries !== null && entriesMax !== null) return { value: entries, max: entriesMax, words: `${countWords(entries)} of ${countWords(entriesMax)}` };
  if (entriesMax === null && bytes !== null && bytes < bytesMax) return { value: bytes, max: bytesMax, words: `${bytesWords(bytes)} of ${bytesWords(bytesMax)}` };
  return null;
}

export function boundWords(tables: readonly Pick<TableRow, 'place' | 'bytesMax'>[]): string {
  const of = (place: string) => tables.filter((one) => one.place === place).reduce((sum, one) => sum + one.bytesMax, 0);
  return `at most ${bytesWords(of('kernel'))} in the kernel, ${bytesWords(of('sensor'))} in the sensor, ${bytesWords(of('disk'))} on the disk`;
}

const states: Readonly<Record<string, string>> = { 'cannot-fire': 'cannot fire', 'in-part': 'fires in part', 'refused': 'not loaded', 'note': 'note' };

export function reachWords(state: string): string {
  return states[state] ?? state;
}
