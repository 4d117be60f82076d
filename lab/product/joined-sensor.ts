/** A sensor as on another host: `vedette join` with a token, its own state directory, under its own loader. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../borders/borders.ts';
import { cacheRoot } from '../containers/debian-root.ts';
import { commandLine, descendants } from './product.ts';

export interface JoinedSensorOptions {
  readonly state: string;
  readonly token: string;
  readonly cgroup?: string;
  readonly args?: readonly string[];
  /** Another version of the project than this one. */
  readonly checkout?: string;
}

export class JoinedSensor {
  readonly #options: JoinedSensorOptions;
  output = '';
  #child: ChildProcess | null = null;

  constructor(options: JoinedSensorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    rmSync(this.#options.state, { recursive: true, force: true });
    await this.#run([this.#options.token]);
  }

  /** With what the last start left, and without a token: it has joined. */
  async startAgain(): Promise<void> {
    await this.#run([]);
  }

  async #run(token: readonly string[]): Promise<void> {
    const { state, cgroup, args, checkout } = this.#options;
    mkdirSync(state, { recursive: true });
    this.output = '';
    const scope = cgroup === undefined ? [] : ['--cgroup', cgroup];
    const child = spawn(process.execPath, [join(checkout ?? projectRoot(), 'cli', 'main.ts'), 'join', ...token, ...scope, ...(args ?? [])], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, VEDETTE_BUILD: join(cacheRoot, 'build'), VEDETTE_STATE: state } });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (this.output += text.toString()));
    await this.#until(() => this.output.includes('connected to the hub'), 'connect');
  }

  async #until(isTrue: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (isTrue()) return;
      if (this.#child?.exitCode != null) break;
      await sleep(25);
    }
    throw new Error(`the sensor did not ${what}:\n${this.output}\n${this.log()}`);
  }

  /** The sensor process itself, below its loader; 0 while there is none. */
  get sensorPid(): number {
    return descendants(this.#child?.pid ?? 0).find((pid) => pid !== this.#child?.pid && commandLine(pid).includes('--config') && !commandLine(pid).includes('vedette-loader')) ?? 0;
  }

  get loaderPid(): number {
    return descendants(this.#child?.pid ?? 0).find((pid) => commandLine(pid).includes('vedette-loader')) ?? 0;
  }

  /** SIGKILL, then wait until the loader has started another one that is attached. */
  async killSensor(): Promise<void> {
    const before = (this.log().match(/"message":"attached"/g) ?? []).length;
    process.kill(this.sensorPid, 'SIGKILL');
    await this.#until(() => (this.log().match(/"message":"attached"/g) ?? []).length > before, 'come back after SIGKILL');
  }

  log(): string {
    const path = join(this.#options.state, 'log', 'sensor.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(20_000)]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}
