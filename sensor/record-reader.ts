/**
 * Reads the loader's pipe as fast as the pipeline takes it: one read at a time on the thread pool, straight into the
 * stream's buffer, so that a burst of thousands of records costs one turn of the loop. Can be held while a commit is
 * blocked; the ring then fills, and the kernel counts what no longer fits.
 */
import { read } from 'node:fs';
import type { EventStream } from './decode/stream.ts';

export interface ReaderEvents {
  /** After each piece. */
  onBytes(count: number): void;
  /** The pipe has ended, or the stream cannot be understood any further. */
  onEnd(reason: string): void;
}

export class RecordReader {
  readonly #fd: number;
  readonly #stream: EventStream;
  readonly #events: ReaderEvents;
  #isHeld = false;
  #isReading = false;
  #isStopped = false;

  constructor(fd: number, stream: EventStream, events: ReaderEvents) {
    this.#fd = fd;
    this.#stream = stream;
    this.#events = events;
  }

  start(): void {
    this.#next();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#next();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    if (this.#isReading || this.#isHeld || this.#isStopped) return;
    const free = this.#stream.free;
    this.#isReading = true;
    read(this.#fd, free, 0, free.length, null, (error, count) => {
      this.#isReading = false;
      if (this.#isStopped) return;
      if (error !== null) return this.#end(`the records cannot be read: ${error.message}`);
      if (count === 0) return this.#end('the loader is gone');
      this.#stream.push(count);
      if (this.#stream.state === 'broken') return this.#end('the records of the loader cannot be understood');
      this.#events.onBytes(count);
      this.#next();
    });
  }

  #end(reason: string): void {
    this.#isStopped = true;
    this.#events.onEnd(reason);
  }
}
