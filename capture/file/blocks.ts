/**
 * Bytes of a capture, in pieces of any size → its blocks, in order. A block is handed out whole and only until the next
 * piece is given. Refuses what is not a capture, was written the other way round (big-endian) or by a newer major version,
 * and lengths that cannot be; what does not fit in memory (an event over 16 MiB, another known block over 256 MiB) is refused too,
 * and unknown blocks are passed over without being held. The first refusal ends it, with the place in the file.
 */
export const blockTypes = {
  section: 0x0a0d0d0a,
  machine: 0x201,
  processes: [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215],
  descriptors: 0x203,
  descriptors2: 0x218,
  interfaces: 0x205,
  interfaces2: 0x219,
  users: 0x206,
  users2: 0x220,
  event: 0x204,
  eventWithFlags: 0x208,
  event2: 0x216,
  event2WithFlags: 0x217,
  event2Large: 0x221,
  event2LargeWithFlags: 0x222,
} as const;

/** Numbers from before the format was published. */
const early: Readonly<Record<number, number>> = {
  0x8002abcd: 0x201, 0x8000abcd: 0x202, 0x8013abcd: 0x207, 0x8014abcd: 0x209, 0x8001abcd: 0x203, 0x8010abcd: 0x204, 0x8011abcd: 0x205, 0x8012abcd: 0x206,
};

const magic = 0x1a2b3c4d;
const turnedMagic = 0x4d3c2b1a;
const majorMax = 1;
const eventBytesMax = 16 * 1024 * 1024;
const listBytesMax = 256 * 1024 * 1024;

const events: ReadonlySet<number> = new Set([
  blockTypes.event, blockTypes.eventWithFlags, blockTypes.event2, blockTypes.event2WithFlags, blockTypes.event2Large, blockTypes.event2LargeWithFlags,
]);
const lists: ReadonlySet<number> = new Set([
  blockTypes.machine, ...blockTypes.processes, blockTypes.descriptors, blockTypes.descriptors2, blockTypes.interfaces, blockTypes.interfaces2, blockTypes.users, blockTypes.users2,
]);

export function isEventBlock(type: number): boolean {
  return events.has(type);
}

export interface BlockSink {
  /** The content lies from `start` to `end`, without the block's own header and trailer. */
  block(type: number, bytes: Buffer, start: number, end: number, fileOffset: number): void;
  section(major: number, minor: number): void;
  /** A block of a type that is not known. */
  skipped(type: number, length: number): void;
}

export interface FileProblem {
  readonly message: string;
  /** After decompression. */
  readonly offset: number;
}

export class BlockScanner {
  readonly #sink: BlockSink;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Pieces are only put together when the block that they begin is complete. */
  #needed = 0;
  #offset = 0;
  #skip = 0;
  #hasSection = false;
  problem: FileProblem | null = null;

  constructor(sink: BlockSink) {
    this.#sink = sink;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset + this.#heldBytes;
  }

  /** False: nothing more is wanted. */
  push(piece: Buffer): boolean {
    if (this.problem !== null) return false;
    if (this.#heldBytes > 0 && this.#heldBytes + piece.length < this.#needed) {
      this.#held.push(piece);
      this.#heldBytes += piece.length;
      return true;
    }
    const bytes = this.#heldBytes === 0 ? piece : Buffer.concat([...this.#held, piece]);
    this.#needed = 0;
    let at = 0;
    while (this.problem === null) {
      const passed = Math.min(this.#skip, bytes.length - at);
      at += passed;
      this.#skip -= passed;
      const length = this.#skip > 0 ? 0 : this.#blockAt(bytes, at);
      if (length === 0) break;
      at += length;
    }
    this.#offset += at;
    this.#heldBytes = bytes.length - at;
    // A copy, so that a few bytes do not hold a whole piece in memory.
    this.#held = this.#heldBytes === 0 ? [] : [Buffer.from(bytes.subarray(at))];
    return this.problem === null;
  }

  /** After the last piece. */
  finish(): void {
    if (this.problem !== null) return;
    if (!this.#hasSection) this.#refuse(0, this.#heldBytes === 0 ? 'the file is empty' : 'this is not a capture: it does not begin with the mark of one');
    else if (this.#skip > 0) this.#refuse(0, `the file ends inside a block: ${this.#skip} bytes are missing`);
    else if (this.#heldBytes > 0) this.#refuse(0, `the file ends inside a block: its last ${this.#heldBytes} bytes are only the beginning of one`);
  }

  fail(message: string, fileOffset: number): void {
    this.problem ??= { message, offset: fileOffset };
  }

  #refuse(at: number, message: string): 0 {
    this.problem = { message, offset: this.#offset + at };
    return 0;
  }

  /** How long the block at this place is; 0: it is not all there yet, or was refused. */
  #blockAt(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    if (left < 8) return 0;
    const written = bytes.readUInt32LE(at);
    const type = early[written] ?? written;
    const length = bytes.readUInt32LE(at + 4);
    if (!this.#hasSection && type !== blockTypes.section) return this.#refuse(at, 'this is not a capture: it does not begin with the mark of one');
    if (type === blockTypes.section) return this.#section(bytes, at, left);
    if (length < 12) return this.#refuse(at, `a block of type 0x${type.toString(16)} says it is ${length} bytes long, which is less than its own frame`);
    if (!events.has(type) && !lists.has(type)) {
      this.#sink.skipped(type, length);
      this.#skip = length;
      const passed = Math.min(length, left);
      this.#skip -= passed;
      return passed;
    }
    const bytesMax = events.has(type) ? eventBytesMax : listBytesMax;
    if (length > bytesMax) return this.#refuse(at, `a block of type 0x${type.toString(16)} says it is ${length} bytes long; at most ${bytesMax} are read`);
    if (left < length) return this.#wait(length);
    const trailer = bytes.readUInt32LE(at + length - 4);
    if (trailer !== length) return this.#refuse(at, `a block of type 0x${type.toString(16)} says ${length} bytes at its beginning and ${trailer} at its end`);
    this.#sink.block(type, bytes, at + 8, at + length - 4, this.#offset + at);
    return this.problem === null ? length : 0;
  }

  #wait(length: number): 0 {
    this.#needed = length;
    return 0;
  }

  #section(bytes: Buffer, at: number, left: number): number {
    if (left < 16) return 0;
    const mark = bytes.readUInt32LE(at + 8);
    if (mark === turnedMagic) return this.#refuse(at, 'this capture was written on a big-endian machine, which is not read');
    if (mark !== magic) return this.#refuse(at, 'this is not a capture: it does not begin with the mark of one');
    const length = bytes.readUInt32LE(at + 4);
    if (length < 28 || length > 4096) return this.#refuse(at, `the section says it is ${length} bytes long`);
    if (left < length) return 0;
    const major = bytes.readUInt16LE(at + 12);
    const minor = bytes.readUInt16LE(at + 14);
    if (major > majorMax) return this.#refuse(at, `this capture has format version ${major}.${minor}; up to ${majorMax} is read`);
    this.#hasSection = true;
    this.#sink.section(major, minor);
    return length;
  }
}
