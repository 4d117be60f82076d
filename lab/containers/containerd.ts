/**
 * A private containerd: its own root, state and socket in a directory of the caller, overlayfs snapshots, no plugin that
 * talks to the outside. Containers are run through `ctr` as `ctr` names them: cgroup /<namespace>/<id>.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, type RunResult } from './run.ts';

export class PrivateContainerd {
  readonly directory: string;
  readonly socket: string;
  readonly namespace: string;
  #process: ChildProcess | null = null;
  readonly #containers = new Set<string>();

  constructor(directory: string, namespace = 'vedette-lab') {
    this.directory = directory;
    this.socket = join(directory, 'containerd.sock');
    this.namespace = namespace;
  }

  async start(): Promise<void> {
    mkdirSync(this.directory, { recursive: true });
    const config = join(this.directory, 'config.toml');
    writeFileSync(
      config,
      [
        'version = 2',
        `root = "${join(this.directory, 'root')}"`,
        `state = "${join(this.directory, 'state')}"`,
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]',
        `[grpc]`,
        `address = "${this.socket}"`,
        `[ttrpc]`,
        `address = "${this.socket}.ttrpc"`,
      ].join('\n'),
    );
    this.#process = spawn('containerd', ['--config', config, '--log-level', 'warn'], { stdio: ['ignore', 'ignore', openSync(join(this.directory, 'log'), 'a')], env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } });
    for (let attempt = 0; attempt < 150; attempt++) {
      if (existsSync(this.socket)) {
        const { code } = await this.ctr(['version'], [0, 1]);
        if (code === 0) return;
      }
      await sleep(100);
    }
    throw new Error('containerd did not answer within 15 s');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async ctr(args: readonly string[], accept: readonly number[] = []): Promise<RunResult> {
    return await run('ctr', ['--address', this.socket, '--namespace', this.namespace, ...args], { accept, timeoutMs: 120_000 });
  }

  async import(archive: string): Promise<void> {
    await this.ctr(['images', 'import', '--local', archive], [1]).then(async ({ code }) => {
      // older ctr has no --local
      if (code !== 0) await this.ctr(['images', 'import', archive]);
    });
  }

  /** Detached; `more` goes before the image name. */
  async runContainer(image: string, id: string, command: readonly string[] = [], more: readonly string[] = []): Promise<void> {
    this.#containers.add(id);
    await this.ctr(['run', '--detach', '--snapshotter', 'overlayfs', ...more, image, id, ...command]);
  }

  async exec(id: string, command: readonly string[], accept: readonly number[] = []): Promise<RunResult> {
    const session = `exec-${process.pid}-${Math.floor(performance.now() * 1000)}`;
    return await this.ctr(['task', 'exec', '--exec-id', session, id, ...command], accept);
  }

  async remove(id: string): Promise<void> {
    await this.ctr(['task', 'kill', '--signal', 'SIGKILL', '--all', id], [1]);
    for (let attempt = 0; attempt < 50; attempt++) {
      const { code } = await this.ctr(['task', 'delete', '--force', id], [1]);
      if (code === 0) break;
      await sleep(100);
    }
    await this.ctr(['container', 'delete', id], [1]);
    this.#containers.delete(id);
  }

  async stop(): Promise<void> {
    for (const id of this.#containers) await this.remove(id);
    const child = this.#process;
    this.#process = null;
    if (child !== null && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(5000)]);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
