/**
 * One event as it lies in the file, read only where it is asked: nothing is decoded before a rule or the state wants it.
 * One object serves all events, so what is taken from it must be taken before the next one. A parameter is found in the
 * event itself, else in the enter event that its thread left behind; `find` says where and the readers read there. Lengths
 * that would reach beyond the event make it broken, which is counted and never read.
 */
import { layouts, parametersMax, type Layout } from './layout.ts';
import type { Descriptor } from '../state/descriptor.ts';
import type { Thread } from '../state/thread.ts';

const headerBytes = 22;
const noBytes: Buffer = Buffer.alloc(0);

export class CaptureEvent {
  /** Of the event, from 1, as it is counted for rules. */
  number = 0;
  timeNs = 0n;
  timeLow = 0;
  timeHigh = 0;
  tid = 0;
  cpu = 0;
  /** Where the event stands in the file, after decompression. */
  fileOffset = 0;
  /** Never null once `read` has answered `ok`. */
  layout: Layout = layouts[0] as Layout;
  name = '';
  thread: Thread | null = null;
  descriptor: Descriptor | null = null;
  fd = -1;
  nameChanged = false;

  /** Where the last parameter that was found lies. */
  bytes: Buffer = noBytes;
  start = 0;
  length = 0;

  #own: Buffer = noBytes;
  #ownAt = 0;
  #count = 0;
  #hasStarts = false;
  #dataAt = 0;
  #end = 0;
  readonly #starts = new Int32Array(parametersMax + 2);
  #enter: Buffer | null = null;
  #enterCount = 0;

  /** Reads the header at `at`; `counted`: whether the number of parameters stands in it (the second format of events). */
  read(bytes: Buffer, at: number, end: number, counted: boolean): 'ok' | 'unknown' | 'broken' {
    const head = counted ? headerBytes + 4 : headerBytes;
    if (end - at < head) return 'broken';
    const code = bytes.readUInt16LE(at + 20);
    const layout = layouts[code];
    if (layout === undefined || layout === null) return code >= layouts.length ? 'unknown' : 'broken';
    const declared = bytes.readUInt32LE(at + 16);
    if (declared < head || declared > end - at) {
      // Two old events say a length that is three bytes too long.
      if (counted || (code !== 280 && code !== 286) || declared - 3 > end - at) return 'broken';
    }
    this.layout = layout;
    this.name = layout.name;
    this.timeLow = bytes.readUInt32LE(at);
    this.timeHigh = bytes.readUInt32LE(at + 4);
    this.tid = signed64(bytes, at + 8);
    this.#own = bytes;
    this.#ownAt = at + head;
    this.#end = at + (!counted && (code === 280 || code === 286) ? declared - 3 : declared);
    this.#hasStarts = false;
    this.#enter = null;
    this.thread = null;
    this.descriptor = null;
    this.fd = -1;
    this.nameChanged = false;
    const lengthBytes = layout.largeLengths && counted ? 4 : 2;
    if (counted) {
      this.#count = bytes.readUInt32LE(at + headerBytes);
      // A newer version of an event may hold more than is known here.
      if (this.#count > 64) return 'broken';
    } else {
      const count = countOf(bytes, this.#ownAt, this.#end, layout.storedMax);
      if (count < 0) return 'broken';
      this.#count = count;
    }
    this.#dataAt = this.#ownAt + this.#count * lengthBytes;
    if (this.#dataAt > this.#end) return 'broken';
    if (!counted) return 'ok';
    let rest = this.#end - this.#dataAt;
    for (let from = this.#ownAt; from < this.#dataAt; from += lengthBytes) rest -= lengthBytes === 4 ? bytes.readUInt32LE(from) : (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8);
    return rest < 0 ? 'broken' : 'ok';
  }

  get timeSeconds(): number {
    return (this.timeHigh * 4294967296 + this.timeLow) / 1e9;
  }

  /** Exact; as a number it would be wrong by up to 256 ns. */
  exactTimeNs(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  /** Exact enough for durations. */
  get roughTimeNs(): number {
    return this.timeHigh * 4294967296 + this.timeLow;
  }

  useEnter(bytes: Buffer | null): void {
    this.#enter = bytes;
    if (bytes === null) return;
    this.#enterCount = bytes.readUInt32LE(0);
  }

  /** What must be kept of an enter event for the exit event that follows: the count, the lengths and the values. */
  storedBytes(): number {
    return 4 + (this.#end - this.#ownAt);
  }

  storeInto(target: Buffer): void {
    target.writeUInt32LE(this.#count, 0);
    this.#own.copy(target, 4, this.#ownAt, this.#end);
  }

  /** The parameter at this place of the layout, wherever it lies; false: the capture does not hold it. It may be empty. */
  find(place: number): boolean {
    const own = this.layout.own[place] ?? -1;
    if (own >= 0 && own < this.#count) return this.#findOwn(own);
    const enter = this.layout.enter[place] ?? -1;
    if (enter >= 0 && this.#enter !== null && enter < this.#enterCount) return this.#findEntered(this.#enter, enter);
    return false;
  }

  /** Only what the enter event held: the path that a program asked for before another thread could change it. */
  findEntered(place: number): boolean {
    const enter = this.layout.enter[place] ?? -1;
    return enter >= 0 && this.#enter !== null && enter < this.#enterCount && this.#findEntered(this.#enter, enter);
  }

  has(name: string): boolean {
    const place = this.layout.byName.get(name);
    return place !== undefined && this.find(place) && this.length > 0;
  }

  #findOwn(index: number): boolean {
    if (!this.#hasStarts) this.#readStarts();
    if (index >= parametersMax) return false;
    const start = this.#starts[index] ?? 0;
    const next = this.#starts[index + 1] ?? 0;
    if (next > this.#end) return false;
    this.bytes = this.#own;
    this.start = start;
    this.length = next - start;
    return true;
  }

  #readStarts(): void {
    let at = this.#dataAt;
    const wide = (this.#dataAt - this.#ownAt) / Math.max(1, this.#count) === 4;
    const count = Math.min(this.#count, parametersMax);
    for (let index = 0; index < count; index += 1) {
      this.#starts[index] = at;
      const length = wide ? this.#own.readUInt32LE(this.#ownAt + 4 * index) : this.#own.readUInt16LE(this.#ownAt + 2 * index);
      // Held within the event, so that adding can never run over.
      at = Math.min(at + length, this.#end + 1);
    }
    this.#starts[count] = at;
    this.#hasStarts = true;
  }

  #findEntered(enter: Buffer, index: number): boolean {
    let start = 4 + 2 * this.#enterCount;
    for (let before = 0; before < index; before += 1) start += enter.readUInt16LE(4 + 2 * before);
    const length = enter.readUInt16LE(4 + 2 * index);
    if (start + length > enter.length) return false;
    this.bytes = enter;
    this.start = start;
    this.length = length;
    return true;
  }

  // Readers of the parameter that was found. Shorter values than the type asks for read as null.

  u8(): number | null {
    return this.length >= 1 ? (this.bytes[this.start] ?? 0) : null;
  }

  u16(): number | null {
    return this.length >= 2 ? this.bytes.readUInt16LE(this.start) : null;
  }

  u32(): number | null {
    return this.length >= 4 ? this.bytes.readUInt32LE(this.start) : null;
  }

  i32(): number | null {
    return this.length >= 4 ? this.bytes.readInt32LE(this.start) : null;
  }

  i64(): number | null {
    return this.length >= 8 ? signed64(this.bytes, this.start) : null;
  }

  big(): bigint | null {
    return this.length >= 8 ? this.bytes.readBigInt64LE(this.start) : null;
  }

  /** Up to the first NUL. An empty one is what old captures wrote where the kernel gave nothing. */
  text(): string {
    if (this.length === 0) return '<NA>';
    const nul = this.bytes.indexOf(0, this.start);
    const end = this.start + this.length;
    return this.bytes.toString('utf8', this.start, nul >= 0 && nul < end ? nul : end);
  }

  /** Texts that are each ended by a NUL. */
  texts(): string[] {
    const end = this.start + this.length;
    const out: string[] = [];
    let at = this.start;
    while (at < end) {
      const nul = this.bytes.indexOf(0, at);
      const stop = nul < 0 || nul > end ? end : nul;
      out.push(this.bytes.toString('utf8', at, stop));
      at = stop + 1;
    }
    return out;
  }

  slice(): Buffer {
    return this.bytes.subarray(this.start, this.start + this.length);
  }

  // By name, for the state.

  numberOf(name: string): number | null {
    const place = this.layout.byName.get(name);
    if (place === undefined || !this.find(place) || this.length === 0) return null;
    switch (this.length) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 4:
        return this.u32();
      default:
        return this.i64();
    }
  }

  textOf(name: string): string | null {
    const place = this.layout.byName.get(name);
    return place === undefined || !this.find(place) ? null : this.text();
  }

  textsOf(name: string): string[] | null {
    const place = this.layout.byName.get(name);
    return place === undefined || !this.find(place) ? null : this.texts();
  }

  /** What the system call returned; null where the event says nothing of it. */
  result(): number | null {
    return this.layout.returns && this.find(0) ? this.i64() : null;
  }
}

/** Old events do not say how many parameters they hold: the largest number whose lengths add up. -1: none does. */
function countOf(bytes: Buffer, at: number, end: number, countMax: number): number {
  for (let count = countMax; count >= 0; count -= 1) {
    let sum = at + 2 * count;
    if (sum > end) continue;
    for (let index = 0; index < count; index += 1) sum += bytes.readUInt16LE(at + 2 * index);
    if (sum === end) return count;
    if (sum < end) return -1;
  }
  return -1;
}

export function signed64(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at + 4) * 4294967296 + bytes.readUInt32LE(at);
}
