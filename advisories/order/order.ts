/**
 * Which of two versions is the later one, by the rules of their ecosystem. One row for each ecosystem that can be compared;
 * any other is `incomparable`, and so is a version that does not follow the rules: the caller makes "unknown" of it.
 */
import { type Order, compareDebian } from './debian.ts';
import { compareSemver } from './semver.ts';

export type { Order };

const orders: Readonly<Record<string, (a: string, b: string) => Order>> = {
  Debian: compareDebian,
  npm: compareSemver,
};

export const ecosystemsWithOrder = Object.keys(orders);

/** `Debian:12` → `Debian`: the part after the colon is a release. */
export function ecosystemWithoutRelease(ecosystem: string): string {
  const colon = ecosystem.indexOf(':');
  return colon < 0 ? ecosystem : ecosystem.slice(0, colon);
}

/** Below 0: `a` is earlier. 0: the same version, perhaps written differently. */
export function compare(ecosystem: string, a: string, b: string): Order {
  const name = ecosystemWithoutRelease(ecosystem);
  return Object.hasOwn(orders, name) ? orders[name]!(a, b) : 'incomparable';
}
