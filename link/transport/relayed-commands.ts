/**
 * The command stream of one sensor through its cluster part: what the hub says and what the part says, in one. The hub's
 * stream is opened first, because only it can tell whether the sensor's session still holds; when the hub is away the
 * part's own words go on, with signs of life, and the hub's stream is tried again. A session that has become stale
 * meanwhile ends the stream as broken, so that the sensor says hello.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { CommandSchema, type Command } from '@vedette/model/wire/generated/link_pb';

export type LocalCommand = Exclude<Command['kind'], { case: undefined }>;

const keepAliveMs = 15_000;
const waitMsMin = 500;
const waitMsMax = 15_000;
/** More waiting commands than this: the sensor does not read. */
const waitingMax = 64;

export interface RelayedCommandsOptions {
  readonly open: (signal: AbortSignal) => AsyncIterable<Command>;
  readonly local: (signal: AbortSignal) => AsyncIterable<LocalCommand>;
  readonly towardsSensor: (error: unknown) => ConnectError;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

export class RelayedCommands {
  readonly #options: RelayedCommandsOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #waiting: LocalCommand[] = [];
  #wake = Promise.withResolvers<void>();
  #ended: { readonly error: ConnectError | undefined } | undefined;
  #localBegun = false;

  constructor(options: RelayedCommandsOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  end(): void {
    this.#finish(undefined);
  }

  async *commands(): AsyncGenerator<Command> {
    const ended = (): void => this.#finish(undefined);
    this.#signal.addEventListener('abort', ended, { once: true });
    void this.#hub();
    let sequence = 0n;
    const made = (kind: LocalCommand): Command => create(CommandSchema, { sequence: ++sequence, kind });
    try {
      for (;;) {
        for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) yield made(next);
        if (this.#ended !== undefined) {
          if (this.#ended.error !== undefined) throw this.#ended.error;
          return;
        }
        if (!(await this.#woken())) yield made({ case: 'keepAlive', value: { $typeName: 'vedette.link.v1.KeepAlive', hubTimeMs: BigInt(Math.round(this.#options.nowMs())) } });
      }
    } finally {
      this.#signal.removeEventListener('abort', ended);
      this.#stop.abort();
    }
  }

  async #woken(): Promise<boolean> {
    const { promise } = this.#wake;
    const timer = Promise.withResolvers<boolean>();
    const handle = setTimeout(() => timer.resolve(false), this.#localBegun ? keepAliveMs : 2 ** 30);
    const woken = await Promise.race([promise.then(() => true), timer.promise]);
    clearTimeout(handle);
    return woken;
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #push(kind: LocalCommand): void {
    if (this.#waiting.length >= waitingMax) return this.#finish(new ConnectError('This sensor does not read its commands.', Code.ResourceExhausted));
    this.#waiting.push(kind);
    this.#tell();
  }

  #finish(error: ConnectError | undefined): void {
    this.#ended ??= { error };
    this.#stop.abort();
    this.#tell();
  }

  #beginLocal(): void {
    if (this.#localBegun) return;
    this.#localBegun = true;
    void this.#local();
    this.#tell();
  }

  async #local(): Promise<void> {
    for await (const kind of this.#options.local(this.#signal)) {
      // always whole sets: a newer one of the same kind replaces the one that still waits
      const at = this.#waiting.findIndex((one) => one.case === kind.case && kind.case === 'pods');
      if (at >= 0) this.#waiting[at] = kind;
      else this.#push(kind);
      if (this.#signal.aborted) return;
    }
  }

  /** Until the signal: the hub's stream, opened again whenever it ended while its session holds. */
  async #hub(): Promise<void> {
    let waitMs = waitMsMin;
    while (!this.#signal.aborted) {
      let heard = false;
      try {
        for await (const command of this.#options.open(this.#signal)) {
          heard = true;
          waitMs = waitMsMin;
          if (command.kind.case !== undefined) this.#push(command.kind);
          this.#beginLocal();
        }
        if (!heard) return this.#stale();
      } catch (error) {
        if (this.#signal.aborted) return;
        const failure = this.#options.towardsSensor(error);
        if (failure.code !== Code.Unavailable) return this.#finish(failure);
        this.#beginLocal();
      }
      await sleep(waitMs / 2 + (waitMs / 2) * Math.random(), undefined, { signal: this.#signal }).catch(() => undefined);
      waitMs = Math.min(waitMsMax, waitMs * 2);
    }
  }

  /** Nothing was said yet: an end without a word says it to the sensor. Afterwards only a broken connection does. */
  #stale(): void {
    this.#finish(this.#localBegun ? new ConnectError('The hub does not hold this session any more.', Code.Aborted) : undefined);
  }
}
