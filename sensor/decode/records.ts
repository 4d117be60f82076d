/**
 * Typed reading of one record in a buffer of the pipe. Records lie 8-byte aligned, so words are read through typed
 * arrays over the same memory, which costs a fraction of a DataView. Strings are made only here and only from bytes whose
 * length the record's own bounds allow.
 */
/** Makes texts, or finds those that came before (text-cache.ts). */
export interface TextsKnown {
  decode(reader: RecordReader, from: number, length: number): string;
}

const everyText: TextsKnown = { decode: (reader, from, length) => reader.text(from, length) };

export class RecordReader {
  readonly bytes: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    if (bytes.byteOffset % 8 !== 0 || bytes.byteLength % 8 !== 0) throw new RangeError('a record buffer must be 8-byte aligned');
    this.bytes = bytes;
    this.#u16 = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
    this.#u32 = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.bytes[at]!;
  }

  u16(at: number): number {
    return this.#u16[at >>> 1]!;
  }

  u32(at: number): number {
    return this.#u32[at >>> 2]!;
  }

  i32(at: number): number {
    return this.#u32[at >>> 2]! | 0;
  }

  /** Exact up to 2^53; rounded to the nearest double above. */
  u64(at: number): number {
    const index = at >>> 2;
    return this.#u32[index]! + this.#u32[index + 1]! * 4294967296;
  }

  /** Positive: v1 hierarchy. Negative: the unified one, which the kernel side marks by bit 63. */
  cgroupKey(at: number): number {
    const index = at >>> 2;
    const high = this.#u32[index + 1]!;
    if (high >= 0x80000000) return -(this.#u32[index]! + (high - 0x80000000) * 4294967296);
    return this.#u32[index]! + high * 4294967296;
  }

  /** `length` bytes as UTF-8; invalid bytes become U+FFFD. */
  text(at: number, length: number): string {
    return length <= 0 ? '' : this.#buffer.toString('utf8', at, at + length);
  }

  /** Whether `length` bytes here are those that `other` begins with. */
  isSame(at: number, length: number, other: Uint8Array): boolean {
    return this.#buffer.compare(other, 0, length, at, at + length) === 0;
  }

  /** How many of the 16 bytes of a comm are before its NUL. */
  commandLength(at: number): number {
    let end = at;
    while (end < at + 16 && this.bytes[end] !== 0) end += 1;
    return end - at;
  }

  /** Texts that each end in NUL; a last one without its NUL (a cut) counts. */
  texts(at: number, length: number, known: TextsKnown = everyText): string[] {
    const out: string[] = [];
    let from = at;
    const end = at + length;
    for (let i = at; i < end; i++) {
      if (this.bytes[i] !== 0) continue;
      out.push(known.decode(this, from, i - from));
      from = i + 1;
    }
    if (from < end) out.push(known.decode(this, from, end - from));
    // one that was grown has room for many more, and those of living processes are kept
    return out.slice();
  }
}
