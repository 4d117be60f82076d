/**
 * One record's statement about a package × one version → affected, clear, or unknown with the reason. As OSV defines it: a
 * version is affected when it is listed, or when it lies in a range. A range's events in order of version switch
 * "affected" on (introduced) and off (fixed; last_affected only for what is above it); a version at or above every
 * limit lies outside. What cannot be compared is unknown, unless another part of the statement decides.
 */
import { compare } from './order/order.ts';
import type { RangeEvent, Statement } from './osv.ts';

export type Judgement = { readonly state: 'affected' } | { readonly state: 'clear' } | { readonly state: 'unknown'; readonly reason: string };

type Said = Pick<Statement, 'ranges' | 'versions'>;

const affected: Judgement = { state: 'affected' };
const clear: Judgement = { state: 'clear' };

/** Before everything, also before 0.0.0-alpha. */
const fromTheBeginning = '0';
/** As a limit: none. */
const withoutEnd = '*';

export function judge(ecosystem: string, said: Said, version: string): Judgement {
  if (said.versions.some((listed) => listed === version || compare(ecosystem, listed, version) === 0)) return affected;
  if (said.ranges.length === 0) {
    return said.versions.length > 0 ? clear : { state: 'unknown', reason: 'the advisory names no versions that can be compared' };
  }
  let unknown: Judgement | null = null;
  for (const range of said.ranges) {
    const judgement = judgeRange(ecosystem, range, version);
    if (judgement.state === 'affected') return affected;
    if (judgement.state === 'unknown') unknown = judgement;
  }
  return unknown ?? clear;
}

function judgeRange(ecosystem: string, events: readonly RangeEvent[], version: string): Judgement {
  if (compare(ecosystem, version, version) === 'incomparable') {
    return { state: 'unknown', reason: `the version ${JSON.stringify(version.slice(0, 80))} cannot be compared` };
  }
  const unordered = events.find((event) => compareEvent(ecosystem, event, version) === 'incomparable');
  if (unordered !== undefined) {
    return { state: 'unknown', reason: `the advisory’s version ${JSON.stringify(unordered.version.slice(0, 80))} cannot be compared` };
  }
  const limits = events.filter(({ kind }) => kind === 'limit');
  if (limits.length > 0 && !limits.some((limit) => limit.version === withoutEnd || ordered(ecosystem, limit, version) > 0)) return clear;
  let isAffected = false;
  for (const event of events.filter(({ kind }) => kind !== 'limit').sort((a, b) => compareEvents(ecosystem, a, b))) {
    const order = ordered(ecosystem, event, version);
    switch (event.kind) {
      case 'introduced':
        if (order <= 0) isAffected = true;
        break;
      case 'fixed':
        if (order <= 0) isAffected = false;
        break;
      case 'last_affected':
        if (order < 0) isAffected = false;
        break;
      case 'limit':
        break;
      default:
        return event.kind satisfies never;
    }
  }
  return isAffected ? affected : clear;
}

/** Below 0: the event is earlier than the version. */
function compareEvent(ecosystem: string, event: RangeEvent, version: string): number | 'incomparable' {
  if (event.kind === 'introduced' && event.version === fromTheBeginning) return -1;
  if (event.kind === 'limit' && event.version === withoutEnd) return 1;
  return compare(ecosystem, event.version, version);
}

function ordered(ecosystem: string, event: RangeEvent, version: string): number {
  const order = compareEvent(ecosystem, event, version);
  if (order === 'incomparable') throw new RangeError('compared before it was known to be comparable');
  return order;
}

/** Events at one version stay in the record's order: introduced and fixed at once is nothing, fixed and introduced again is both. */
function compareEvents(ecosystem: string, a: RangeEvent, b: RangeEvent): number {
  if (b.kind === 'introduced' && b.version === fromTheBeginning) return a.kind === 'introduced' && a.version === fromTheBeginning ? 0 : 1;
  return ordered(ecosystem, a, b.version);
}

/** Versions that the statement calls fixed and that lie above this one. */
export function fixesAbove(ecosystem: string, said: Said, version: string): string[] {
  const fixes = said.ranges.flat().filter(({ kind }) => kind === 'fixed').map((event) => event.version);
  return fixes.filter((fix) => {
    const order = compare(ecosystem, fix, version);
    return order !== 'incomparable' && order > 0;
  });
}
