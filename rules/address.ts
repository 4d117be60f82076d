/**
 * IP addresses as 16 bytes, IPv4 mapped into IPv6 (::ffff:a.b.c.d), as they come from the kernel. Reads and prints text,
 * reads CIDR networks, and tells whether a network contains an address. An IPv4 network never contains an IPv6 address.
 */
export type Address = Uint8Array;

export interface Network {
  readonly bytes: Address;
  /** Of the 128 bits, so an IPv4 /8 is 104. */
  readonly prefixBits: number;
  readonly family: 4 | 6;
}

export function familyOf(address: Address): 4 | 6 {
  for (let index = 0; index < 10; index += 1) {
    if (address[index] !== 0) return 6;
  }
  return address[10] === 0xff && address[11] === 0xff ? 4 : 6;
}

export function addressOf(text: string): Address | null {
  const v4 = v4Bytes(text);
  if (v4 !== null) return mapped(v4);
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text) || !text.includes(':')) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array.from({ length: Math.max(0, missing) }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function v4Bytes(text: string): readonly number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.map(Number);
}

function mapped(v4: readonly number[]): Address {
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...v4]);
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? v4Bytes(part) : null;
    if (v4 !== null) groups.push(((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0));
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return null;
  }
  return groups;
}

/** `10.0.0.0/8`, or an address, which is the network of itself alone. */
export function networkOf(text: string): Network | null {
  const slash = text.indexOf('/');
  const bytes = addressOf(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  const family = familyOf(bytes);
  const width = family === 4 ? 32 : 128;
  const bits = slash < 0 ? width : /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : -1;
  if (bits < 0 || bits > width) return null;
  return { bytes, prefixBits: bits + (128 - width), family };
}

export function networkContains(network: Network, address: Address): boolean {
  if (address.length !== 16 || familyOf(address) !== network.family) return false;
  const whole = network.prefixBits >> 3;
  for (let index = 0; index < whole; index += 1) {
    if (network.bytes[index] !== address[index]) return false;
  }
  const rest = network.prefixBits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((network.bytes[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/** IPv4 with dots; IPv6 as RFC 5952 asks: lower case, no leading zeros, the longest run of zeros as `::`. */
export function addressText(address: Address): string {
  if (address.length !== 16) return '';
  if (familyOf(address) === 4) return [...address.subarray(12)].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((address[2 * index] ?? 0) << 8) | (address[2 * index + 1] ?? 0));
  let best = { from: -1, length: 1 };
  for (let from = 0; from < 8; from += 1) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === 0) length += 1;
    if (length > best.length) best = { from, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.from < 0) return hex(groups);
  return `${hex(groups.slice(0, best.from))}::${hex(groups.slice(best.from + best.length))}`;
}
