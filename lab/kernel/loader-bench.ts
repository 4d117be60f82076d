/**
 * A loader with something in the sensor's place that says what a test tells it to (fake-sensor.ts): commands go in as
 * bytes, replies come out, and nothing but the loader decides.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand, type Command } from '@vedette/sensor/enforce/commands';
import { run } from '../containers/run.ts';
import { TestCgroup } from './cgroup.ts';
import { probeFiles } from './probe-build.ts';

export const errno = { EPERM: 1, ESRCH: 3, EINVAL: 22, ENOSYS: 38 };

export interface Reply {
  readonly id: number;
  readonly status: number;
  readonly refused: number;
  /** Of an effect alone. */
  readonly evidence?: unknown;
}

export interface SensorStarted {
  readonly started: number;
  /** /proc/PID/status by name. */
  readonly status: Readonly<Record<string, string>>;
}

export interface Reported {
  /** System calls by name. */
  readonly seen: Readonly<Record<string, number>>;
  /** Files by how they were opened and their path: `open-read /etc/passwd`. */
  readonly files: Readonly<Record<string, number>>;
  /** Connections by whose port they are: `connect 127.0.0.1 443`, `accept ::1 80`, `listen :: 80`. */
  readonly sockets: Readonly<Record<string, number>>;
}

export class LoaderBench {
  readonly place: string;
  readonly cgroup: TestCgroup;
  readonly #fifo: string;
  readonly #replies: string;
  readonly #loader: ChildProcess;
  readonly #held: ChildProcess;
  #nextId = 1;

  private constructor(place: string, loader: ChildProcess, held: ChildProcess, cgroup: TestCgroup) {
    this.place = place;
    this.#fifo = join(place, 'commands');
    this.#replies = join(place, 'replies');
    this.#loader = loader;
    this.#held = held;
    this.cgroup = cgroup;
  }

  /** Scoped to a cgroup of its own; started when the first stand-in is. */
  static async start(args: readonly string[], under: readonly string[] = []): Promise<LoaderBench> {
    const { object, loader: program } = await probeFiles();
    const place = mkdtempSync(join(tmpdir(), 'vedette-loader-'));
    const [fifo, replies] = [join(place, 'commands'), join(place, 'replies')];
    const cgroup = new TestCgroup();
    await run('mkfifo', [fifo]);
    chmodSync(place, 0o755);
    chmodSync(fifo, 0o666);
    await run('touch', [replies]);
    chmodSync(replies, 0o666);
    // a fifo that nobody holds open would end with the first writer
    const held = spawn('sh', ['-c', `exec 9<>${fifo}; sleep 600`], { stdio: 'ignore' });
    const [command = program, ...before] = [...under, program];
    const loader = spawn(command, [...before, '--object', object, '--cgroup', cgroup.path, ...args, '--', process.execPath, join(import.meta.dirname, 'fake-sensor.ts'), fifo, replies], { stdio: 'inherit' });
    const bench = new LoaderBench(place, loader, held, cgroup);
    try {
      await bench.started(1);
    } catch (error) {
      await bench.stop();
      throw error;
    }
    return bench;
  }

  get pid(): number {
    return this.#loader.pid ?? 0;
  }

  #lines(): unknown[] {
    return existsSync(this.#replies) ? readFileSync(this.#replies, 'utf8').split('\n').filter((one) => one !== '').map((one) => JSON.parse(one) as unknown) : [];
  }

  async replyTo(id: number): Promise<Reply> {
    for (let attempt = 0; attempt < 400; attempt++) {
      const found = this.#lines().find((one) => (one as Reply).id === id);
      if (found !== undefined) return found as Reply;
      await sleep(20);
    }
    throw new Error(`no reply to command ${id}`);
  }

  /** Bytes as they are, whatever they mean. */
  write(bytes: Uint8Array): void {
    appendFileSync(this.#fifo, `${Buffer.from(bytes).toString('hex')}\n`);
  }

  /** Its number, for the reply. */
  post(command: Command): number {
    const id = this.#nextId++;
    this.write(encodeCommand(command, id));
    return id;
  }

  async send(command: Command): Promise<Reply> {
    return await this.replyTo(this.post(command));
  }

  /** The stand-in of this session, from 1, which the loader has spoken to: its programs are attached. */
  async started(session: number): Promise<SensorStarted> {
    for (let attempt = 0; attempt < 1200; attempt++) {
      const all = this.#lines().filter((one) => typeof one === 'object' && one !== null && 'started' in one);
      if (all.length >= session) return all[session - 1] as SensorStarted;
      await sleep(25);
    }
    throw new Error(`the loader did not start sensor ${session}`);
  }

  /** System calls that were reported so far, by name, once `until` holds. */
  async seen(until: (counts: Readonly<Record<string, number>>) => boolean): Promise<Readonly<Record<string, number>>> {
    return (await this.reported((one) => until(one.seen))).seen;
  }

  /** What was reported so far, once `until` holds. */
  async reported(until: (counts: Reported) => boolean): Promise<Reported> {
    let counts: Reported = { seen: {}, files: {}, sockets: {} };
    for (let attempt = 0; attempt < 200; attempt++) {
      const lines = this.#lines().filter((one): one is Reported => typeof one === 'object' && one !== null && 'seen' in one);
      counts = lines.at(-1) ?? counts;
      if (until(counts)) return counts;
      await sleep(25);
    }
    throw new Error(`not reported within 5 s; reported: ${JSON.stringify(counts)}`);
  }

  async stop(): Promise<void> {
    if (this.#loader.exitCode === null && this.#loader.signalCode === null) {
      const ended = new Promise((resolve) => this.#loader.once('exit', resolve));
      this.#loader.kill('SIGTERM');
      await ended;
    }
    this.#held.kill();
    this.cgroup.remove();
    rmSync(this.place, { recursive: true, force: true });
  }
}
