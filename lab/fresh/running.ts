/**
 * One command that runs for a while: its output as it grows, its end, and an end by force when time is up or the lab is
 * told to stop. The end is waited for until the last process that holds the output is gone, so what is removed afterwards
 * is in nobody's hands.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RunningOptions {
  readonly signal: AbortSignal;
  /** Called with everything said so far. */
  readonly onOutput?: (output: string) => void;
  /** Keep the command's input open for as long as this process lives. */
  readonly holdInput?: boolean;
}

export interface Ended {
  /** null: it was ended by force. */
  readonly code: number | null;
}

const outputMax = 1 << 20;
/** How long a killed command may take to be gone before it is no longer waited for. */
const goneMs = 20_000;

export class Running {
  readonly #child: ChildProcess;
  readonly #closed: Promise<Ended>;
  #output = '';
  #end: Ended | null = null;

  constructor(command: string, args: readonly string[], options: RunningOptions) {
    options.signal.throwIfAborted();
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
    // a group of its own: what a terminal sends to the lab reaches it only through the lab
    const child = spawn(command, args, { stdio: [options.holdInput === true ? 'pipe' : 'ignore', 'pipe', 'pipe'], env, detached: true });
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-outputMax);
        options.onOutput?.(this.#output);
      });
    }
    child.stdin?.on('error', () => undefined);
    const stop = () => this.kill();
    options.signal.addEventListener('abort', stop, { once: true });
    this.#closed = new Promise((resolve) => {
      child.on('error', (error) => (this.#output += error.message));
      child.on('close', (code) => {
        options.signal.removeEventListener('abort', stop);
        this.#end = { code };
        resolve(this.#end);
      });
    });
  }

  get output(): string {
    return this.#output;
  }

  /** null while it runs. */
  get end(): Ended | null {
    return this.#end;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The one process that the command was started to run; 0 when there is none. */
  get inner(): number {
    try {
      return Number(readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim().split(' ')[0]);
    } catch {
      return 0;
    }
  }

  /** The command, what it was started to run, and everything of their two process groups. */
  kill(): void {
    if (this.#end !== null) return;
    for (const group of [this.inner, this.pid]) {
      try {
        if (group !== 0) process.kill(-group, 'SIGKILL');
      } catch {
        // the inner process leads no group of its own, or is gone
      }
    }
  }

  /** Waits for its end, and ends it by force when that takes too long. */
  async ended(timeoutMs: number): Promise<Ended> {
    const inTime = await this.#within(timeoutMs);
    if (inTime !== null) return inTime;
    this.kill();
    return (await this.#within(goneMs)) ?? { code: null };
  }

  async #within(ms: number): Promise<Ended | null> {
    const time = Promise.withResolvers<null>();
    const timer = setTimeout(() => time.resolve(null), ms);
    const first = await Promise.race([this.#closed, time.promise]);
    clearTimeout(timer);
    return first;
  }
}

export function running(command: string, args: readonly string[], options: RunningOptions): Running {
  return new Running(command, args, options);
}
