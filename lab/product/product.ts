/**
 * The whole product for a lab or a test, started as a person starts it (`vedette up`) but with a state directory and ports
 * of its own. Stopping ends everything that it started.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../borders/borders.ts';
import { cacheRoot } from '../containers/debian-root.ts';
import { ApiClient } from './client.ts';

export interface ProductOptions {
  readonly state: string;
  readonly port: number;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Keep what an earlier run left. */
  readonly keep?: boolean;
  /** A name of its own for the host, for what people will look at. */
  readonly hostname?: string;
  /** A command in front of it that makes the world it starts in. */
  readonly within?: readonly string[];
  /** Started by this user instead of root. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** Another version of the project than this one. */
  readonly checkout?: string;
}

/** A directory for the state of a hub alone, which every user may enter; in a run of all tests it lies where their databases do. */
export function hubPlace(): string {
  const place = mkdtempSync(join(process.env['VEDETTE_TEST_RUN'] ?? tmpdir(), 'vedette-hub-'));
  chmodSync(place, 0o755);
  return place;
}

export class Product {
  readonly options: ProductOptions;
  readonly url: string;
  output = '';
  #child: ChildProcess | null = null;
  #password = '';

  constructor(options: ProductOptions) {
    this.options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  /** With the state that the last start left. */
  async startAgain(): Promise<void> {
    await this.start(true);
  }

  async start(keep = this.options.keep === true): Promise<void> {
    const { state, port, args, env, hostname, within, as, checkout } = this.options;
    if (!keep) {
      // what was compiled from the same sources is as good as new
      for (const one of ['hub', 'sensor', 'log', 'up.sock']) rmSync(join(state, one), { recursive: true, force: true });
    }
    mkdirSync(state, { recursive: true });
    this.output = '';
    const named = hostname === undefined ? [] : ['unshare', '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', hostname];
    const [command, ...rest] = [...(within ?? []), ...named, process.execPath, join(checkout ?? projectRoot(), 'cli', 'main.ts'), 'up', '--port', String(port), ...(args ?? [])] as [string, ...string[]];
    const child = spawn(command, rest, { ...as, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, VEDETTE_BUILD: join(cacheRoot, 'build'), VEDETTE_STATE: state, NO_COLOR: '1', FORCE_COLOR: '0', ...env } });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (this.output += text.toString()));
    await this.waitReady();
    const shown = /First sign-in: admin \/ (\S+)/.exec(stripColour(this.output))?.[1];
    if (shown !== undefined) this.#password = shown;
  }

  async waitReady(timeoutMs = 60_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (this.#child?.exitCode != null) throw new Error(`the product ended:\n${this.output}`);
      const ready = await fetch(`${this.url}/readyz`).then((response) => response.ok, () => false);
      if (ready && stripColour(this.output).includes('Advisories: vedette advisories sync')) return;
      await sleep(50);
    }
    throw new Error(`the product was not ready within ${timeoutMs / 1000} s:\n${this.output}`);
  }

  get password(): string {
    return this.#password;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async client(): Promise<ApiClient> {
    const client = new ApiClient(this.url);
    await client.signIn('admin', this.#password);
    return client;
  }

  /** Pids of this product's processes whose command line holds the words. */
  pids(words: string): number[] {
    return descendants(this.pid).filter((pid) => commandLine(pid).includes(words));
  }

  async waitSensor(timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (/sensor on kernel/.test(this.output)) return;
      await sleep(50);
    }
    throw new Error(`the sensor did not attach:\n${this.output}\n${this.log('sensor')}`);
  }

  log(part: 'hub' | 'sensor'): string {
    const path = join(this.options.state, 'log', `${part}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-40).join('\n') : '';
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    // A time-out that is over must not hold the process.
    await Promise.race([ended, sleep(30_000, undefined, { ref: false })]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

export function stripColour(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

/** With blanks between the arguments; empty when the process is gone. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** A process and everything below it. */
export function descendants(pid: number): number[] {
  const out = [pid];
  for (let i = 0; i < out.length; i++) {
    try {
      const children = readFileSync(`/proc/${out[i]}/task/${out[i]}/children`, 'utf8').split(' ').filter((one) => one !== '');
      out.push(...children.map(Number));
    } catch {
      // gone meanwhile
    }
  }
  return out;
}
