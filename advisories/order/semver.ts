/**
 * The order of npm's versions: Semantic Versioning 2.0.0, read by the package `semver` in its loose form, and beyond it by
 * what advisories really contain: a missing minor or patch is 0 ("1", "1.2-beta"), numbers of any length, and whatever
 * follows a third number after a dot ("1.2.3.4-beta") counts as build metadata, which has no rank. The comparison is made here, exactly
 * and for all of them alike, because two orders mixed would be none; where both apply it is tested against the
 * package's own. Refuses (`incomparable`) what does not begin with a number: tags, ranges, addresses.
 */
import { SemVer } from 'semver';
import type { Order } from './debian.ts';

const lengthMax = 512;
const extended = /^[v=\s]*(\d+)(?:\.(\d+)(?:\.(\d+)(?:\.[0-9A-Za-z.-]*)?)?)?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]*)?\s*$/;

interface SemverVersion {
  /** Digits without leading zeros, so that length and then text is their order. */
  readonly numbers: readonly [string, string, string];
  readonly prerelease: readonly string[];
}

function parse(text: string): SemverVersion | null {
  if (text.length > lengthMax) return null;
  const read = readBySemver(text);
  if (read !== null) return read;
  const match = extended.exec(text);
  if (match === null) return null;
  return {
    numbers: [digits(match[1] ?? '0'), digits(match[2] ?? '0'), digits(match[3] ?? '0')],
    prerelease: (match[4] ?? '').split('.').filter((part) => part !== '').map((part) => normal(part)),
  };
}

function readBySemver(text: string): SemverVersion | null {
  let read: SemVer;
  try {
    read = new SemVer(text, { loose: true });
  } catch {
    return null;
  }
  return { numbers: [String(read.major), String(read.minor), String(read.patch)], prerelease: read.prerelease.map((part) => normal(String(part))) };
}

function digits(text: string): string {
  return text.replace(/^0+(?=\d)/, '');
}

function normal(identifier: string): string {
  return /^\d+$/.test(identifier) ? digits(identifier) : identifier;
}

function compareDigits(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function compareSemver(a: string, b: string): Order {
  const left = parse(a);
  const right = parse(b);
  if (left === null || right === null) return 'incomparable';
  for (const at of [0, 1, 2] as const) {
    const order = compareDigits(left.numbers[at], right.numbers[at]);
    if (order !== 0) return Math.sign(order);
  }
  return Math.sign(comparePrerelease(left.prerelease, right.prerelease));
}

/** A version without a prerelease is higher; numbers are lower than words; more identifiers are higher. */
function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return (a.length === 0 ? 1 : 0) - (b.length === 0 ? 1 : 0);
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [left, right] = [a[at]!, b[at]!];
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    const order = leftIsNumber ? compareDigits(left, right) : left < right ? -1 : left > right ? 1 : 0;
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
