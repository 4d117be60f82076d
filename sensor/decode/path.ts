/**
 * Path components as the kernel side writes them (leaf first, each ended by NUL) to a path. The same few thousand paths
 * come again and again, so a direct-mapped cache keyed by a hash of the bytes gives the string without making it; an
 * entry is compared byte by byte before it is believed. Bounded: a fixed number of slots, each at most 1 KiB.
 */
import type { RecordReader } from './records.ts';

interface Slot {
  bytes: Uint8Array;
  path: string;
}

const slotCount = 4096;

export class PathDecoder {
  readonly #slots: (Slot | undefined)[] = Array.from({ length: slotCount });

  /** `truncated`: components towards the root are missing, shown as a leading `…/`. */
  decode(reader: RecordReader, at: number, length: number, truncated: boolean): string {
    if (length === 0) return truncated ? '…' : '/';
    const bytes = reader.bytes;
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const index = (hash ^ (hash >>> 12)) & (slotCount - 1);
    const slot = this.#slots[index];
    if (slot !== undefined && !truncated && same(slot.bytes, bytes, at, length)) return slot.path;
    const path = componentsToPath(reader, at, length, truncated);
    if (!truncated) this.#slots[index] = { bytes: bytes.slice(at, at + length), path };
    return path;
  }
}

function same(kept: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (kept.length !== length) return false;
  for (let i = 0; i < length; i++) {
    if (kept[i] !== bytes[at + i]) return false;
  }
  return true;
}

/** A component that holds a slash cannot exist; an empty one is a file system's own root and is left out. */
function componentsToPath(reader: RecordReader, at: number, length: number, truncated: boolean): string {
  const components = reader.texts(at, length);
  let path = '';
  for (let i = components.length - 1; i >= 0; i--) {
    const one = components[i]!;
    if (one === '' || one === '/') continue;
    path += `/${one}`;
  }
  return truncated ? `…${path}` : path === '' ? '/' : path;
}
