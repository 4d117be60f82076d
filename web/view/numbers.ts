/**
 * Numbers as a person reads them. Rounding never turns "some" into "none" or "nearly all" into "all": 99.96 % stays
 * under 100, and a fraction of a percent stays above 0.
 */
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export function countWords(count: number): string {
  return grouped.format(count);
}

/** For badges: at most four characters and exact below a thousand. Rounded down, so "1.2k" is at least that. */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  const [size, suffix] = count < 1_000_000 ? [1000, 'k'] : count < 1_000_000_000 ? [1_000_000, 'M'] : [1_000_000_000, 'G'];
  const scaled = count / size;
  return scaled < 10 ? `${(Math.floor(scaled * 10) / 10).toFixed(1)}${suffix}` : `${Math.floor(scaled)}${suffix}`;
}

export function percentWords(percent: number): string {
  if (!Number.isFinite(percent)) return 'unknown';
  if (percent <= 0) return '0 %';
  if (percent >= 100) return '100 %';
  if (percent > 99) return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`;
  if (percent < 1) return '< 1 %';
  return `${Math.floor(percent)} %`;
}

export function bytesWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1 host`, `2 hosts`, `1,200 vulnerabilities`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countWords(count)} ${count === 1 ? one : many}`;
}

/** Lost records as a clause: "no records lost", "1 record lost". */
/** null: some were, and how many is not told. */
export function lostWords(count: number | null): string {
  if (count === null) return 'some records lost';
  return count === 0 ? 'no records lost' : `${plural(count, 'record')} lost`;
}

/** A list in a sentence: "a", "a and b", "a, b and 3 more". */
export function listWords(items: readonly string[], shownMax = 3): string {
  if (items.length === 0) return 'none';
  if (items.length === 1) return items[0]!;
  if (items.length <= shownMax) return `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
  return `${items.slice(0, shownMax).join(', ')} and ${items.length - shownMax} more`;
}
