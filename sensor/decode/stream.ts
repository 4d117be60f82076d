/**
 * The pipe's bytes to events. Bytes arrive in any pieces; whole records are decoded in place and a cut one waits at the
 * front of the buffer for its rest. Knows the ring position behind every kernel record, which is what the sensor later
 * acknowledges. A record that does not decode is counted and skipped; a length that no record can have ends the
 * stream, since nothing behind it can be found again.
 */
import type { KernelEvent } from '@vedette/model/event';
import { EventDecoder } from './events.ts';
import { fromLoader, ringDiscarded, ringHeadBytes } from './layout.ts';
import { RecordReader } from './records.ts';

/** More than any record: exec with its longest paths and arguments, or a tick. */
const recordBytesMax = 16384;

export type StreamState = 'open' | 'broken';

export class EventStream {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #reader: RecordReader;
  readonly #decoder = new EventDecoder();
  readonly #onEvent: (event: KernelEvent) => void;
  #have = 0;
  state: StreamState = 'open';
  /** Ring position behind the last kernel record that was handed on. */
  ringPosition = 0;
  /** Records that did not decode. */
  malformed = 0;

  constructor(onEvent: (event: KernelEvent) => void, bufferBytes = 1 << 20) {
    if (bufferBytes < 2 * recordBytesMax) throw new RangeError('the buffer must have room for a whole record behind a cut one');
    this.buffer = new Uint8Array(bufferBytes);
    this.#reader = new RecordReader(this.buffer);
    this.#onEvent = onEvent;
  }

  /** Where the next bytes go; never empty while the stream is open. */
  get free(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(this.#have);
  }

  /** Bytes of a record that is not whole yet. */
  get waiting(): number {
    return this.#have;
  }

  /** Bytes that lie elsewhere, such as those of a recording. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.state === 'open'; ) {
      const count = Math.min(this.free.length, bytes.length - at);
      this.free.set(bytes.subarray(at, at + count));
      this.push(count);
      at += count;
    }
  }

  /** `count` bytes were written into `free`. */
  push(count: number): void {
    this.#have += count;
    let at = 0;
    while (this.state === 'open' && this.#have - at >= ringHeadBytes) {
      const word = this.#reader.u32(at);
      const length = (word & 0x3fffffff) >>> 0;
      if (length > recordBytesMax) {
        this.state = 'broken';
        break;
      }
      const whole = (length + ringHeadBytes + 7) & ~7;
      if (this.#have - at < whole) break;
      this.#record(at, word, length, whole);
      at += whole;
    }
    if (at > 0) {
      this.buffer.copyWithin(0, at, this.#have);
      this.#have -= at;
    }
  }

  #record(at: number, word: number, length: number, whole: number): void {
    const isLoaders = this.#reader.u32(at + 4) === fromLoader;
    if (!isLoaders) this.ringPosition += whole;
    if ((word & ringDiscarded) !== 0) return;
    const event = this.#decoder.decode(this.#reader, at + ringHeadBytes, length);
    if (event === null) {
      this.malformed += 1;
      return;
    }
    if (event.kind === 'hello') this.ringPosition = event.ringPosition;
    this.#onEvent(event);
  }
}
