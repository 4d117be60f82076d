/**
 * Bytes of a record to a string, made once: the same few thousand paths, command names and file names come again and
 * again. A direct-mapped cache over a hash of the bytes; an entry is compared byte by byte before it is believed. All
 * entries lie in one buffer of fixed size, and a text is kept when it asks for its place twice in a row: a flood of texts
 * that never repeat makes nothing but their strings, and none of them outlives its event.
 */
import type { RecordReader } from './records.ts';

/** Makes the string of `length` bytes at `from`; `isAscii`: none of them is above 0x7f. */
export type MakeText = (reader: RecordReader, from: number, length: number, isAscii: boolean) => string;

const slotCount = 4096;
/** Longer texts are made every time. */
const slotBytes = 248;

export class TextCache {
  readonly #make: MakeText;
  readonly #bytes = new Uint8Array(slotCount * slotBytes);
  readonly #lengths = new Uint16Array(slotCount);
  /** Hash of what asked last for the place and did not get it. */
  readonly #asked = new Int32Array(slotCount);
  readonly #texts: string[] = Array.from({ length: slotCount }, () => '');

  constructor(make: MakeText) {
    this.#make = make;
  }

  decode(reader: RecordReader, from: number, length: number): string {
    const { bytes } = reader;
    let hash = length;
    let all = 0;
    for (let i = from; i < from + length; i++) {
      const byte = bytes[i]!;
      hash = (Math.imul(hash, 31) + byte) | 0;
      all |= byte;
    }
    if (length <= 0 || length > slotBytes) return this.#make(reader, from, length, all < 0x80);
    const slot = (hash ^ (hash >>> 12)) & (slotCount - 1);
    if (this.#lengths[slot] === length && this.#same(slot, bytes, from, length)) return this.#texts[slot]!;
    const text = this.#make(reader, from, length, all < 0x80);
    if (this.#asked[slot] !== hash) {
      this.#asked[slot] = hash;
      return text;
    }
    const at = slot * slotBytes;
    for (let i = 0; i < length; i++) this.#bytes[at + i] = bytes[from + i]!;
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
    return text;
  }

  #same(slot: number, bytes: Uint8Array, from: number, length: number): boolean {
    const at = slot * slotBytes;
    for (let i = 0; i < length; i++) {
      if (this.#bytes[at + i] !== bytes[from + i]) return false;
    }
    return true;
  }
}

/** Longer blocks are taken apart every time. */
const blockBytesMax = 8192;

/**
 * Blocks of texts, such as the environment of an execution, which is nearly always that of the one before: the same bytes are the same list.
 */
export class LastBlock {
  readonly #texts: TextCache;
  readonly #bytes = new Uint8Array(blockBytesMax);
  #length = 0;
  #list: readonly string[] = [];

  constructor(texts: TextCache) {
    this.#texts = texts;
  }

  decode(reader: RecordReader, from: number, length: number): readonly string[] {
    if (length === this.#length && reader.isSame(from, length, this.#bytes)) return this.#list;
    const list = reader.texts(from, length, this.#texts);
    if (length > blockBytesMax) return list;
    this.#bytes.set(reader.bytes.subarray(from, from + length));
    this.#length = length;
    this.#list = list;
    return list;
  }
}

export function plainText(reader: RecordReader, from: number, length: number): string {
  return reader.text(from, length);
}
