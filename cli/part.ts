/**
 * Keeps one part running: started again when it ends by itself, ever later when it keeps ending, and given up with its own
 * words when it cannot start at all. Stopping is asked for and waited for.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface PartOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onStdout?: (stream: Readable) => void;
  readonly onStderr: (stream: Readable) => void;
  /** It ended by itself. Return how long to wait before it is started again; null: give up. */
  readonly onEnded: (end: { readonly code: number | null; readonly signal: string | null; readonly ranMs: number; readonly times: number }) => number | null;
}

const stopMs = 15_000;

export class Part {
  readonly #options: PartOptions;
  #child: ChildProcess | null = null;
  #stopping = false;
  #times = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #gaveUp = Promise.withResolvers<void>();

  constructor(options: PartOptions) {
    this.#options = options;
  }

  /** Resolves when the part was given up. */
  get gaveUp(): Promise<void> {
    return this.#gaveUp.promise;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { command, args, env, onStdout, onStderr, onEnded } = this.#options;
    const startedMs = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child = child;
    if (onStdout !== undefined) onStdout(child.stdout);
    else child.stdout.resume();
    onStderr(child.stderr);
    child.on('error', () => undefined);
    child.on('close', (code, signal) => {
      this.#child = null;
      if (this.#stopping) return;
      const ranMs = performance.now() - startedMs;
      this.#times = ranMs > 60_000 ? 1 : this.#times + 1;
      const waitMs = onEnded({ code, signal, ranMs, times: this.#times });
      if (waitMs === null) this.#gaveUp.resolve();
      else this.#retry = setTimeout(() => this.start(), waitMs);
    });
  }

  /** From now on its end is no surprise: Ctrl-C in a terminal reaches every part at once. */
  letEnd(): void {
    this.#stopping = true;
    clearTimeout(this.#retry);
  }

  async stop(): Promise<void> {
    this.letEnd();
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
    await ended;
    clearTimeout(timer);
  }
}
