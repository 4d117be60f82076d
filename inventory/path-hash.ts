/**
 * A path → 64 bits, as two unsigned halves, so that an index of 100,000 files is two arrays of numbers instead of strings.
 * Two independent 32-bit FNV-1a runs over the UTF-16 units with a final mix; not keyed: whoever could choose colliding
 * paths writes the file list itself and needs no collision. Chance: below 1 in 10^8 for an index of 500,000 files.
 */
export interface PathHash {
  high: number;
  low: number;
}

/** Into `into`, so that a lookup allocates nothing. `end` hashes a prefix. */
export function hashPath(path: string, into: PathHash, end = path.length): void {
  let high = 0x811c9dc5;
  let low = 0x9e3779b9;
  for (let at = 0; at < end; at += 1) {
    const unit = path.charCodeAt(at);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5bd1e995);
    low ^= low >>> 15;
  }
  into.high = mix(high ^ end);
  into.low = mix(low + high);
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
