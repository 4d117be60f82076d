/**
 * A fresh machine: a root through an overlay, in mount, pid, uts and ipc namespaces of its own, on this kernel and network.
 * Its first process reads from a pipe that only the lab holds: when the lab ends, however it ends, that process ends, and
 * with it every process and every mount, since the kernel takes a namespace down with its first process. Limits: the sensor
 * of such a machine lists from before its start only what runs in this pid namespace.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../until.ts';
import { running, type Running } from './running.ts';

export interface MachineOptions {
  /** The root as it is kept; never written to. */
  readonly root: string;
  /** What the machine writes lies here, and goes with it. */
  readonly place: string;
  readonly hostname: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface InMachine {
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onOutput?: (output: string) => void;
}

const boot = `set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/merged"
cd "$2/merged"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t tmpfs -o mode=1777 tmp tmp
mount -t tmpfs -o mode=755 run run
hostname "$3"
mkdir .outside
pivot_root . .outside
cd /
umount -l /.outside
rmdir /.outside
echo "the machine is up"
cat >/dev/null
`;

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class Machine {
  readonly #options: MachineOptions;
  readonly #holder: Running;
  #init = 0;
  #namespace = '';
  /** What keeps the machine up, and is nothing that was started on it. */
  #keepers: readonly number[] = [];

  private constructor(options: MachineOptions, holder: Running) {
    this.#options = options;
    this.#holder = holder;
  }

  /** `furnish` lays files into the directory of what the machine has written, before it starts. */
  static async start(options: MachineOptions, furnish: (upper: string) => Promise<void>): Promise<Machine> {
    const { root, place, hostname, signal } = options;
    await rm(place, { recursive: true, force: true });
    for (const one of ['upper', 'work', 'merged']) mkdirSync(join(place, one), { recursive: true });
    // a folder of the upper layer hides the mode of the one below
    mkdirSync(join(place, 'upper', 'root'), { mode: 0o700 });
    await furnish(join(place, 'upper'));
    const holder = running('unshare', ['--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--propagation', 'private', 'sh', '-c', boot, 'boot', root, place, hostname], { signal, holdInput: true });
    const machine = new Machine(options, holder);
    const { value } = await until(async () => holder.end !== null || holder.output.includes('the machine is up'), 20_000);
    if (value === null || holder.end !== null) {
      await machine.stop();
      throw new Error(`the fresh machine did not start:\n${holder.output}`);
    }
    machine.#init = holder.inner;
    machine.#namespace = readlinkSync(`/proc/${machine.#init}/ns/pid`);
    await until(async () => machine.#all().length === 2, 5000);
    machine.#keepers = machine.#all();
    return machine;
  }

  /** A path of the machine as seen from here. Never to be resolved: links in it lead outside. */
  path(inside: string): string {
    return `/proc/${this.#init}/root${inside}`;
  }

  has(inside: string): boolean {
    return existsSync(this.path(inside));
  }

  /** Starts a command as someone at the machine's terminal would: a session of its own, nothing of this environment. */
  spawn(command: readonly string[], { directory = '/root', environment = {}, onOutput }: InMachine = {}): Running {
    const all = { PATH: path, HOME: '/root', LANG: 'C.UTF-8', TERM: 'dumb', ...this.#options.environment, ...environment };
    const given = Object.entries(all).map(([name, value]) => `${name}=${value}`);
    const enter = ['--target', String(this.#init), '--mount', '--pid', '--uts', '--ipc', '--root', '--wd'];
    return running('nsenter', [...enter, 'env', '-i', ...given, 'setsid', 'sh', '-c', 'cd "$0" && exec "$@"', directory, ...command], { signal: this.#options.signal, ...(onOutput === undefined ? {} : { onOutput }) });
  }

  async run(command: readonly string[], timeoutMs: number, options: InMachine = {}): Promise<{ readonly code: number | null; readonly output: string }> {
    const one = this.spawn(command, options);
    const { code } = await one.ended(timeoutMs);
    this.#options.signal.throwIfAborted();
    return { code, output: one.output };
  }

  /** Host pids of what was started on the machine and runs. */
  processes(): number[] {
    return this.#all().filter((pid) => !this.#keepers.includes(pid));
  }

  #all(): number[] {
    return this.#namespace === '' ? [] : allPids().filter((pid) => linkOf(`/proc/${pid}/ns/pid`) === this.#namespace);
  }

  /** The machine's power is cut: its first process is killed, and the kernel ends the rest. Leaves nothing on the disk. */
  async stop(): Promise<void> {
    if (this.#init !== 0 && this.#holder.end === null) process.kill(this.#init, 'SIGKILL');
    await this.#holder.ended(10_000);
    await until(async () => this.#all().length === 0 && mountsOf(this.#options.place).length === 0, 10_000);
    await rm(this.#options.place, { recursive: true, force: true });
  }

  /** What is left of the machine, in words; none when it is gone. */
  leftovers(): string[] {
    const processes = this.#all().map((pid) => `process ${pid}`);
    const disk = existsSync(this.#options.place) ? [this.#options.place] : [];
    return [...processes, ...mountsOf(this.#options.place), ...disk];
  }
}

/** Ctrl-C at its terminal: to the command and everything of its process group. */
export function interrupt(one: Running): void {
  const pid = one.inner;
  if (pid !== 0) process.kill(-pid, 'SIGINT');
}

function allPids(): number[] {
  return readdirSync('/proc').filter((one) => /^\d+$/.test(one)).map(Number);
}

function linkOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

/** Mounts below a place, in whichever mount namespace. */
function mountsOf(place: string): string[] {
  return allPids().flatMap((pid) => {
    try {
      return readFileSync(`/proc/${pid}/mounts`, 'utf8').split('\n').filter((line) => line.includes(place)).map((line) => `mount of process ${pid}: ${line}`);
    } catch {
      return [];
    }
  });
}
