/**
 * A long-running program of a cluster: marked with the slot that it belongs to, writing to a log, in a session of its own so
 * that an interrupted terminal does not end it out of order, and killed by the kernel when the lab dies.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DaemonOptions {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
}

const politeMs = 5000;

export class Daemon {
  readonly name: string;
  readonly log: string;
  readonly #child: ChildProcess;
  #failure: string | null = null;

  private constructor(name: string, log: string, child: ChildProcess) {
    this.name = name;
    this.log = log;
    this.#child = child;
    child.on('error', (error) => (this.#failure = error.message));
  }

  static start({ name, program, args, log, env }: DaemonOptions): Daemon {
    mkdirSync(dirname(log), { recursive: true });
    const output = openSync(log, 'a');
    try {
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], { stdio: ['ignore', output, output], detached: true, env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, ...env } });
      return new Daemon(name, log, child);
    } finally {
      closeSync(output);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** null while it runs. */
  get end(): string | null {
    if (this.#failure !== null) return this.#failure;
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? null : `ended with ${exitCode ?? signalCode}`;
  }

  get rssMiB(): number {
    const status = existsSync(`/proc/${this.pid}/status`) ? readFileSync(`/proc/${this.pid}/status`, 'utf8') : '';
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
  }

  /** The end of what it said. */
  lastWords(lines = 12): string {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '';
  }

  /** Waits until `look` is true; an error with the last words when the program ends or time is up. */
  async ready(look: () => Promise<boolean>, timeoutMs: number): Promise<number> {
    const begun = performance.now();
    for (;;) {
      if (await look().catch(() => false)) return Math.round(performance.now() - begun);
      const { end } = this;
      if (end !== null) throw new Error(`${this.name} ${end}:\n${this.lastWords()}`);
      if (performance.now() - begun > timeoutMs) throw new Error(`${this.name} was not ready within ${timeoutMs / 1000} s:\n${this.lastWords()}`);
      await sleep(100);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.end !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    await Promise.race([ended, sleep(politeMs)]);
    if (this.end === null) {
      this.#child.kill('SIGKILL');
      await ended;
    }
  }
}
