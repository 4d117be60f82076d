/**
 * What is asked of a socket → the three words that the kernel compares with those of a socket (sensor/probe/store/interest-socket.h): local
 * port, remote port, family and protocol, sixteen bits each; then the two halves of the remote address, as they lie in memory.
 */
import type { SocketAtoms } from '@vedette/rules/interest-socket';
import type { Compared } from './interest-table.ts';

export function socketMasks({ family, protocol, localPort, remotePort, remote }: SocketAtoms): readonly [ends: Compared, firstHalf: Compared, secondHalf: Compared] {
  const ends = [localPort, remotePort, whole(family), whole(protocol)].reduce<Compared>((word, one, index) => {
    const mask = one === null ? 0n : (0xffffn << BigInt(16 - one.bits)) & 0xffffn;
    const at = BigInt(index * 16);
    return { mask: word.mask | mask << at, value: word.value | (BigInt(one?.value ?? 0) & mask) << at };
  }, { mask: 0n, value: 0n });
  const [address, bits] = remote === null ? [Buffer.alloc(16), 0] : [Buffer.from(remote.value, 'hex'), remote.bits];
  return [ends, half(address.subarray(0, 8), Math.min(bits, 64)), half(address.subarray(8), Math.max(bits - 64, 0))];
}

function whole(value: number | null): { readonly value: number; readonly bits: number } | null {
  return value === null ? null : { value, bits: 16 };
}

/** The leading bits are those of the first bytes. */
function half(bytes: Uint8Array, bits: number): Compared {
  const [mask, value] = [Buffer.alloc(8), Buffer.alloc(8)];
  for (let at = 0; at < 8; at++) {
    mask[at] = (0xff00 >> Math.min(Math.max(bits - at * 8, 0), 8)) & 0xff;
    value[at] = bytes[at]! & mask[at]!;
  }
  return { mask: mask.readBigUInt64LE(), value: value.readBigUInt64LE() };
}
