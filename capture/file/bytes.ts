/** Reads numbers and texts out of one block, in order, and refuses to read beyond it. */

/** What the file says cannot be: caught where blocks are read, and told with the place. */
export class Broken extends Error {}

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.at;
  }

  #take(count: number): number {
    if (count > this.left) throw new Broken(`${count} bytes are needed where ${Math.max(0, this.left)} are left`);
    const at = this.at;
    this.at += count;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  i64(): number {
    const at = this.#take(8);
    return this.#bytes.readInt32LE(at + 4) * 4294967296 + this.#bytes.readUInt32LE(at);
  }

  /** For sets of bits, which need all 64. */
  big(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  bytes(count: number): Buffer {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** A length of 16 bits, then the text. */
  text(): string {
    const count = this.u16();
    const at = this.#take(count);
    const nul = this.#bytes.indexOf(0, at);
    return this.#bytes.toString('utf8', at, nul >= 0 && nul < at + count ? nul : at + count);
  }

  /** A length of 16 bits, then texts that are each ended by a NUL. */
  texts(): string[] {
    const count = this.u16();
    const at = this.#take(count);
    const joined = this.#bytes.toString('utf8', at, at + count);
    if (joined === '') return [];
    return (joined.endsWith('\0') ? joined.slice(0, -1) : joined).split('\0');
  }

  skipTo(at: number): void {
    if (at < this.at || at > this.#end) throw new Broken('an entry says a length that its content does not have');
    this.at = at;
  }

  part(length: number): ByteReader {
    const at = this.#take(length);
    return new ByteReader(this.#bytes, at, at + length);
  }
}
