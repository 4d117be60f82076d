/**
 * A cgroup of the test's own, in whichever hierarchies this host has: the sensor is scoped to it, and the programs under
 * test run in it. Removing it ends what still runs in it.
 */
import { mkdirSync, readFileSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Hierarchies {
  readonly v2: string | null;
  readonly v1Pids: string | null;
}

export function hierarchies(): Hierarchies {
  let v2: string | null = null;
  let v1Pids: string | null = null;
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, path, type, flags = ''] = line.split(' ');
    if (type === 'cgroup2') v2 ??= path ?? null;
    if (type === 'cgroup' && flags.split(',').includes('pids')) v1Pids ??= path ?? null;
  }
  return { v2, v1Pids };
}

/** Keys of the cgroups of this name, as commands have them: positive in the v1 hierarchy, negative in the unified one, 0 where there is none. */
export function keysOfName(name: string): { readonly keyV1: number; readonly keyV2: number } {
  const { v1Pids, v2 } = hierarchies();
  const inode = (mount: string | null) => (mount === null ? 0 : (statSync(join(mount, name), { throwIfNoEntry: false })?.ino ?? 0));
  return { keyV1: inode(v1Pids), keyV2: 0 - inode(v2) };
}

export class TestCgroup {
  readonly name: string;
  /** What the sensor is scoped to. */
  readonly path: string;
  readonly #directories: string[];

  constructor(name = `vedette-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`) {
    this.name = name;
    const { v2, v1Pids } = hierarchies();
    this.#directories = [v1Pids, v2].filter((one) => one !== null).map((one) => join(one, name));
    for (const one of this.#directories) mkdirSync(one, { recursive: true });
    const [first] = this.#directories;
    if (first === undefined) throw new Error('this host has no cgroup hierarchy that containers use');
    this.path = first;
  }

  /** cgroup.procs files to write a pid into. */
  get procs(): string[] {
    return this.#directories.map((one) => join(one, 'cgroup.procs'));
  }

  add(pid: number): void {
    for (const one of this.procs) writeFileSync(one, String(pid));
  }

  child(name: string): TestCgroup {
    return new TestCgroup(join(this.name, name));
  }

  /** Ends every process in it and removes it with everything below. */
  remove(): void {
    for (const directory of this.#directories) removeTree(directory);
  }
}

function removeTree(directory: string): void {
  try {
    for (const entry of readdirSync(directory)) {
      if (statSync(join(directory, entry)).isDirectory()) removeTree(join(directory, entry));
    }
    for (let attempt = 0; attempt < 50; attempt++) {
      const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter((one) => one !== '').map(Number);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      try {
        rmdirSync(directory);
        return;
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
  } catch {
    // already gone
  }
}
