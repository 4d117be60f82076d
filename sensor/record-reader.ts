/**
 * Reads the loader's pipe as fast as the pipeline takes it, straight into the stream's own buffer, on the thread that
 * decodes: a piece on the thread pool costs two more wake-ups of a processor, which is more than what is in it. Can be held
 * while a commit is blocked; the ring then fills, and the kernel counts what no longer fits.
 */
import { Socket } from 'node:net';

/** Takes what was read: `free` is where the next bytes go, `push` says how many came. */
export interface RecordSink {
  readonly free: Uint8Array;
  readonly state: string;
  push(count: number): void;
}

export interface ReaderEvents {
  /** The first piece is there; it is taken when this is done. */
  beforeFirst?(): Promise<void>;
  /** After each piece. */
  onBytes(count: number): void;
  /** The pipe has ended, or the stream cannot be understood any further. */
  onEnd(reason: string): void;
}

export class RecordReader {
  readonly #fd: number;
  readonly #sink: RecordSink;
  readonly #events: ReaderEvents;
  #socket: Socket | null = null;
  #isHeld = false;
  #isStopped = false;
  #hasBegun = false;

  constructor(fd: number, sink: RecordSink, events: ReaderEvents) {
    this.#fd = fd;
    this.#sink = sink;
    this.#events = events;
  }

  start(): void {
    const socket = new Socket({
      fd: this.#fd,
      readable: true,
      writable: false,
      onread: { buffer: () => this.#sink.free, callback: (count) => this.#take(count) },
    });
    socket.on('error', (error) => this.#end(`the records cannot be read: ${error.message}`));
    socket.on('close', () => this.#end('the loader is gone'));
    this.#socket = socket;
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) this.#socket?.pause();
    else this.#socket?.resume();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket?.pause();
  }

  /** False: no further piece for now. */
  #take(count: number): boolean {
    if (this.#isStopped) return false;
    if (!this.#hasBegun) return this.#begin(count);
    this.#sink.push(count);
    if (this.#sink.state === 'broken') {
      this.#end('the records of the loader cannot be understood');
      return false;
    }
    this.#events.onBytes(count);
    return !this.#isHeld && !this.#isStopped;
  }

  /** What was read waits in the sink's buffer meanwhile. */
  #begin(count: number): boolean {
    this.#hasBegun = true;
    const { beforeFirst } = this.#events;
    if (beforeFirst === undefined) return this.#take(count);
    this.#socket?.pause();
    void beforeFirst().then(
      () => {
        if (this.#take(count)) this.#socket?.resume();
      },
      (error: unknown) => this.#end(`the records cannot be taken: ${error instanceof Error ? error.message : String(error)}`),
    );
    return false;
  }

  #end(reason: string): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#socket?.pause();
    this.#events.onEnd(reason);
  }
}
