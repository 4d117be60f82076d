/**
 * A container by runc alone, on an overlay mount of an unpacked image: no daemon knows it, only its bundle's annotations
 * and runc's own state. The root is overlayfs, or a plain directory when asked, where nothing can be judged.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShopImage } from './image.ts';
import { cached } from './debian-root.ts';
import { run, type RunResult } from './run.ts';

export interface BareRuncOptions {
  readonly directory: string;
  readonly id: string;
  readonly image: ShopImage;
  readonly overlay: boolean;
  /** Directories that lie above the image in the overlay, the uppermost first: programs of a test that count as the image's. */
  readonly layers?: readonly string[];
  readonly command?: readonly string[];
  readonly annotate?: boolean;
  /** In the host's network, so that a test can be its peer. */
  readonly hostNetwork?: boolean;
  /** A program of the host that the runtime runs when the namespaces are made and the root is not yet the container's; its state is on stdin. */
  readonly createHook?: readonly [string, ...string[]];
  /** Its place in the cgroup hierarchies. */
  readonly cgroup?: string;
}

/** The image as umoci unpacks it, with its runtime configuration beside the root. */
export async function unpackedShop(image: ShopImage): Promise<string> {
  return await cached('bundle-shop', [image.platformDigest, 'v1'], async (path) => {
    await run('umoci', ['unpack', '--image', `${image.layout}:1.4`, path], { timeoutMs: 300_000 }).catch(async () => await unpackManifest(image, path));
  });
}

export class BareRunc {
  readonly #options: BareRuncOptions;
  readonly bundle: string;
  #child: ChildProcess | null = null;

  constructor(options: BareRuncOptions) {
    this.#options = options;
    this.bundle = join(options.directory, 'bundle');
  }

  get #pidFile(): string {
    return join(this.#options.directory, 'pid');
  }

  async start(): Promise<void> {
    const { image, directory, id, overlay, command } = this.#options;
    const unpacked = await unpackedShop(image);
    mkdirSync(this.bundle, { recursive: true });
    const root = join(this.bundle, 'rootfs');
    mkdirSync(root, { recursive: true });
    if (overlay) {
      for (const one of ['upper', 'work']) mkdirSync(join(directory, one), { recursive: true });
      await run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${[...(this.#options.layers ?? []), join(unpacked, 'rootfs')].join(':')},upperdir=${join(directory, 'upper')},workdir=${join(directory, 'work')}`, root]);
    } else {
      await run('cp', ['-a', `${join(unpacked, 'rootfs')}/.`, root]);
    }
    writeFileSync(join(this.bundle, 'config.json'), JSON.stringify(this.#spec(readFileSync(join(unpacked, 'config.json'), 'utf8'), command)));
    this.#child = spawn('runc', ['run', '--pid-file', this.#pidFile, '--bundle', this.bundle, id], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } });
    let output = '';
    this.#child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
    this.#child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
    for (let attempt = 0; attempt < 200; attempt++) {
      const { stdout, code } = await run('runc', ['state', id], { accept: [1] });
      if (code === 0 && (JSON.parse(stdout) as { status: string }).status === 'running') return;
      if (this.#child.exitCode !== null) throw new Error(`runc ended: ${output}`);
      await sleep(50);
    }
    throw new Error(`the container did not run within 10 s: ${output}`);
  }

  #spec(text: string, command: readonly string[] | undefined): unknown {
    const { image, annotate, hostNetwork, createHook } = this.#options;
    const spec = JSON.parse(text) as { process: { terminal: boolean; args: string[] }; annotations?: Record<string, string>; hooks?: object; linux: { namespaces: { type: string }[]; cgroupsPath?: string }; root: { path: string; readonly?: boolean } };
    spec.process.terminal = false;
    if (command !== undefined) spec.process.args = [...command];
    spec.root = { path: 'rootfs' };
    if (createHook !== undefined) spec.hooks = { createRuntime: [{ path: createHook[0], args: createHook }] };
    if (hostNetwork) spec.linux.namespaces = spec.linux.namespaces.filter((one) => one.type !== 'network');
    spec.linux.cgroupsPath = this.#options.cgroup ?? `/vedette-lab/${this.#options.id}`;
    if (annotate !== false) {
      spec.annotations = { ...spec.annotations, 'org.opencontainers.image.ref.name': image.name, 'vedette.dev/image-digest': image.platformDigest, 'vedette.dev/image-index-digest': image.indexDigest };
    }
    return spec;
  }

  get id(): string {
    return this.#options.id;
  }

  /** Of its first process, as the host counts; it was started. */
  pid(): number {
    return Number(readFileSync(this.#pidFile, 'utf8'));
  }

  async exec(command: readonly string[], accept: readonly number[] = []): Promise<RunResult> {
    return await run('runc', ['exec', this.#options.id, ...command], { accept });
  }

  async stop(): Promise<void> {
    await run('runc', ['delete', '--force', this.#options.id], { accept: [1] });
    await sleep(100);
    if (this.#options.overlay) await run('umount', ['-l', join(this.bundle, 'rootfs')], { accept: [1, 32] });
    rmSync(this.#options.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** umoci does not follow an index inside the layout: it is given a layout whose top names the manifest. */
async function unpackManifest(image: ShopImage, path: string): Promise<void> {
  const plain = `${path}.layout`;
  rmSync(plain, { recursive: true, force: true });
  rmSync(path, { recursive: true, force: true });
  await run('cp', ['-a', image.layout, plain]);
  const index = JSON.parse(readFileSync(join(image.layout, 'blobs', 'sha256', image.indexDigest.slice(7)), 'utf8')) as { manifests: object[] };
  writeFileSync(join(plain, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...index.manifests[0], annotations: { 'org.opencontainers.image.ref.name': '1.4' } }] }));
  await run('umoci', ['unpack', '--image', `${plain}:1.4`, path], { timeoutMs: 300_000 });
  rmSync(plain, { recursive: true, force: true });
}
