/**
 * A tar stream, as layers are, in pieces of any size → its entries, with the content of those that somebody wants. Reads
 * ustar, pax (path, linkpath, size) and GNU (long names, base-256 numbers). The archive is hostile: every header's checksum is
 * checked, extended headers have a bound, sizes must be numbers, and what does not fit ends the reading with a sentence.
 * Sparse files are named, their content is not put together.
 */
export type TarKind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';

export interface TarEntry {
  /** As written: may begin with ./ or /, or hold .. */
  readonly path: string;
  readonly kind: TarKind;
  /** Of links. */
  readonly target: string;
  readonly sizeBytes: number;
  /** Its bytes are not the file's content. */
  readonly isSparse: boolean;
}

export interface TarSink {
  write(bytes: Uint8Array): void;
  end(): void;
}

/** Null: the content is not wanted. A text: the entry cannot be used, and the reading ends with it. */
export type OnEntry = (entry: TarEntry) => TarSink | string | null;

export interface TarHeader {
  readonly path: string;
  readonly type: string;
  readonly target: string;
  readonly sizeBytes: number;
}

export const blockBytes = 512;
const extendedBytesMax = 1024 * 1024;
const sizeMax = Number.MAX_SAFE_INTEGER - blockBytes;

type State =
  | { readonly at: 'header' }
  | { readonly at: 'extended'; readonly type: string; readonly chunks: Uint8Array[]; left: number; padding: number }
  | { readonly at: 'content'; readonly sink: TarSink | null; left: number; padding: number }
  | { readonly at: 'sparse-map'; readonly header: TarHeader }
  | { readonly at: 'end' };

export class TarReader {
  readonly #onEntry: OnEntry;
  readonly #block = new Uint8Array(blockBytes);
  #filled = 0;
  #zeroBlocks = 0;
  #state: State = { at: 'header' };
  #pax = new Map<string, string>();
  #longName: string | null = null;
  #longTarget: string | null = null;
  #problem: string | null = null;

  constructor(onEntry: OnEntry) {
    this.#onEntry = onEntry;
  }

  /** Null: go on. What follows the end of the archive is ignored, as everybody does. */
  push(chunk: Uint8Array): string | null {
    let at = 0;
    while (at < chunk.length && this.#problem === null && this.#state.at !== 'end') {
      const { at: where } = this.#state;
      at += where === 'extended' || where === 'content' ? this.#take(chunk, at) : this.#gather(chunk, at);
    }
    return this.#problem;
  }

  /**
   * Null: it ended where an archive may end. Writers that do not close it leave out the two blocks of zeros and the filling
   * after the last content; runtimes take it.
   */
  finish(): string | null {
    if (this.#problem !== null || this.#state.at === 'end') return this.#problem;
    const isAfterContent = this.#state.at === 'content' && this.#state.left === 0;
    const isWhole = isAfterContent || (this.#state.at === 'header' && this.#filled === 0 && !this.#hasExtended());
    return isWhole ? null : 'the archive is cut off';
  }

  #hasExtended(): boolean {
    return this.#pax.size > 0 || this.#longName !== null || this.#longTarget !== null;
  }

  #gather(chunk: Uint8Array, at: number): number {
    const count = Math.min(blockBytes - this.#filled, chunk.length - at);
    this.#block.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled += count;
    if (this.#filled < blockBytes) return count;
    this.#filled = 0;
    if (this.#state.at === 'sparse-map') this.#sparseMap(this.#state.header);
    else this.#header();
    return count;
  }

  #header(): void {
    if (this.#block.every((byte) => byte === 0)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks === 2) this.#state = { at: 'end' };
      return;
    }
    this.#zeroBlocks = 0;
    const header = parseHeader(this.#block);
    if (typeof header === 'string') {
      this.#problem = header;
      return;
    }
    if ('xgLK'.includes(header.type)) return this.#extended(header);
    // An old GNU sparse file may go on with blocks of its map before the content comes.
    if (header.type === 'S' && this.#block[482] === 1) this.#state = { at: 'sparse-map', header };
    else this.#entry(header);
  }

  #sparseMap(header: TarHeader): void {
    if (this.#block[504] !== 1) this.#entry(header);
  }

  #extended({ type, sizeBytes }: TarHeader): void {
    if (sizeBytes > extendedBytesMax) this.#problem = `an extended header has ${sizeBytes} bytes`;
    else if (sizeBytes > 0) this.#state = { at: 'extended', type, chunks: [], left: sizeBytes, padding: paddingOf(sizeBytes) };
  }

  #entry(header: TarHeader): void {
    const pax = this.#pax;
    const paxSize = pax.get('size');
    // In this order, because runtimes read it so: two readings of one archive would be a place to hide in.
    const path = pax.get('GNU.sparse.name') ?? this.#longName ?? pax.get('path') ?? header.path;
    const target = this.#longTarget ?? pax.get('linkpath') ?? header.target;
    const kind = kindOf(header.type, path);
    const isSparse = header.type === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
    const hasContent = kind === 'file' || (kind === 'other' && !'346'.includes(header.type));
    const sizeBytes = hasContent ? (paxSize === undefined ? header.sizeBytes : decimal(paxSize)) : 0;
    this.#pax = new Map();
    this.#longName = null;
    this.#longTarget = null;
    if (sizeBytes === null) {
      this.#problem = 'an entry has no usable size';
      return;
    }
    const sink = this.#onEntry({ path, kind, target, sizeBytes: kind === 'file' ? sizeBytes : 0, isSparse });
    if (typeof sink === 'string') this.#problem = sink;
    else if (sizeBytes > 0) this.#state = { at: 'content', sink, left: sizeBytes, padding: paddingOf(sizeBytes) };
    else {
      sink?.end();
      this.#state = { at: 'header' };
    }
  }

  #take(chunk: Uint8Array, at: number): number {
    const state = this.#state as Extract<State, { left: number }>;
    const count = Math.min(state.left, chunk.length - at);
    if (count > 0) {
      state.left -= count;
      const bytes = chunk.subarray(at, at + count);
      // The pieces of a stream may be used again by whoever made them.
      if (state.at === 'extended') state.chunks.push(bytes.slice());
      else state.sink?.write(bytes);
      if (state.left === 0 && state.at === 'content') state.sink?.end();
      if (state.left > 0 || state.padding > 0) return count;
    } else {
      const skipped = Math.min(state.padding, chunk.length - at);
      state.padding -= skipped;
      if (state.padding > 0) return skipped;
      this.#afterData(state);
      return skipped;
    }
    this.#afterData(state);
    return count;
  }

  #afterData(state: State): void {
    this.#state = { at: 'header' };
    if (state.at !== 'extended') return;
    const bytes = Buffer.concat(state.chunks);
    if (state.type === 'L') this.#longName = textOf(bytes);
    else if (state.type === 'K') this.#longTarget = textOf(bytes);
    // A global header would change every entry that follows; none that writes layers needs one for a path or a size.
    else if (state.type === 'x') {
      this.#pax = new Map();
      this.#problem = readPax(bytes, this.#pax);
    }
  }
}

/** A text: the block is no header. */
export function parseHeader(block: Uint8Array): TarHeader | string {
  if (!hasChecksum(block)) return 'a header’s checksum is wrong: this is no tar archive, or it is damaged';
  const sizeBytes = numberOf(block.subarray(124, 136));
  if (sizeBytes === null) return 'an entry has no usable size';
  const name = textOf(block.subarray(0, 100));
  const isUstar = textOf(block.subarray(257, 263)) === 'ustar' && block[262] === 0;
  const prefix = isUstar ? textOf(block.subarray(345, 500)) : '';
  return { path: prefix === '' ? name : `${prefix}/${name}`, type: String.fromCharCode(block[156] ?? 0), target: textOf(block.subarray(157, 257)), sizeBytes };
}

export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

function kindOf(type: string, path: string): TarKind {
  switch (type) {
    case '\0':
      // Before ustar, a directory was a file whose name ends so.
      return path.endsWith('/') ? 'directory' : 'file';
    case '0':
    case '7':
    case 'S':
      return 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '5':
      return 'directory';
    default:
      return 'other';
  }
}

function hasChecksum(block: Uint8Array): boolean {
  const said = numberOf(block.subarray(148, 156));
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockBytes; at += 1) {
    const byte = at >= 148 && at < 156 ? 32 : block[at]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  // Some old writers added signed bytes.
  return said !== null && (said === unsigned || said === signed);
}

/** Octal digits between blanks, or GNU's base 256 where the first bit is set. */
function numberOf(field: Uint8Array): number | null {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = BigInt(field[0]! & 0x7f);
    for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
    return value <= BigInt(sizeMax) ? Number(value) : null;
  }
  const digits = textOf(field).trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : null;
}

function decimal(text: string): number | null {
  const value = Number(text);
  return /^\d{1,16}$/.test(text) && value <= sizeMax ? value : null;
}

/** Up to the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, end < 0 ? bytes.length : end).toString('utf8');
}

/** `LENGTH KEY=VALUE\n`, the length counting itself. */
function readPax(bytes: Buffer, into: Map<string, string>): string | null {
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at);
    const length = space < 0 ? null : decimal(bytes.toString('latin1', at, Math.min(space, at + 10)));
    if (length === null || length < 5 || at + length > bytes.length || bytes[at + length - 1] !== 10) return 'an extended header is broken';
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals <= 0) return 'an extended header is broken';
    if (!record.includes('\0')) into.set(record.slice(0, equals), record.slice(equals + 1));
    else return 'an extended header has a zero byte';
    at += length;
  }
  return null;
}
