/**
 * What the lab plays with: the product, a private containerd with the shop's image, a page in Chromium, and the shop's
 * containers. Everything that was started is stopped in the opposite order, whatever happened.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Browser, signIn } from '../browser/browser.ts';
import { projectRoot } from '../borders/borders.ts';
import { BareRunc } from '../containers/bare-runc.ts';
import { PrivateContainerd } from '../containers/containerd.ts';
import { shopImage, type ShopImage } from '../containers/image.ts';
import { run } from '../containers/run.ts';
import type { LabRun } from '../lab.ts';
import type { ApiClient } from '../product/client.ts';
import { Product } from '../product/product.ts';

export const port = 7455;
export const web = 'first-light-web';
export const bare = 'first-light-bare';
export const plain = 'first-light-plain';

export interface Scene {
  readonly lab: LabRun;
  readonly product: Product;
  readonly client: ApiClient;
  readonly image: ShopImage;
  readonly containerd: PrivateContainerd;
  readonly page: Page;
  readonly marker: string;
  bare: BareRunc | null;
  plain: BareRunc | null;
}

/** OSV records of the lab's own, or the larger set where it lies beside the checkout. */
export function advisoryDirectory(which: 'own' | 'shared'): string | null {
  if (which === 'own') return join(projectRoot(), 'lab', 'first-light', 'osv');
  const shared = join(process.env['VEDETTE_SHARED'] ?? join(projectRoot(), '..', 'shared'), 'data', 'osv');
  return existsSync(shared) ? shared : null;
}

export async function syncAdvisories(state: string, directory: string, checkout = projectRoot()): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [join(checkout, 'cli', 'main.ts'), 'advisories', 'sync', '--from', directory], { env: { VEDETTE_STATE: state }, timeoutMs: 120_000 });
  return stdout + stderr;
}

function buildMarker(place: string): string {
  const program = join(place, 'marker');
  execFileSync('clang', ['-O1', '-static', '-nostdlib', '-o', program, join(projectRoot(), 'lab', 'first-light', 'marker.c')]);
  return program;
}

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    lab.report.say('Setting the scene');
    mkdirSync(lab.place, { recursive: true });
    lab.report.progress('the image of the shop: a Debian with an npm application (made once, which takes a minute or two)');
    const image = await shopImage();
    const state = join(lab.place, 'state');
    const containerd = new PrivateContainerd(join(lab.place, 'containerd'));
    rmSync(containerd.directory, { recursive: true, force: true });
    stops.push(async () => await containerd.stop());
    lab.report.progress('a containerd of its own');
    await containerd.start();
    await containerd.import(image.archive);
    const product = new Product({ state, port, keep: true, args: [...(lab.sabotage === 'runtime' ? [] : ['--containerd-socket', containerd.socket]), ...(lab.sabotage === 'sensor' ? ['--no-sensor'] : []), '--dead-man', '60'] });
    stops.push(async () => await product.stop());
    rmSync(state, { recursive: true, force: true });
    if (lab.sabotage !== 'advisories') process.stdout.write(await syncAdvisories(state, advisoryDirectory('own')!));
    lab.report.progress(`the product, on port ${port}`);
    await product.start();
    if (lab.sabotage !== 'sensor') await product.waitSensor();
    const client = await product.client();
    lab.report.progress('a browser');
    const browser = await Browser.start();
    stops.push(async () => await browser.stop());
    const page = await browser.page();
    await signIn(page, product.url, 'admin', product.password);
    const scene: Scene = { lab, product, client, image, containerd, page, marker: buildMarker(lab.place), bare: null, plain: null };
    stops.push(async () => await scene.plain?.stop());
    stops.push(async () => await scene.bare?.stop());
    await play(scene);
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => process.stderr.write(`stopping: ${error instanceof Error ? error.message : String(error)}\n`));
    removeCgroups(['vedette-lab']);
  }
}

/** The parent directories that runc made and leaves behind. */
function removeCgroups(names: readonly string[]): void {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, path, type] = line.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    for (const name of names) {
      try {
        execFileSync('rmdir', [join(path ?? '', name)], { stdio: 'ignore' });
      } catch {
        // not there, or not empty
      }
    }
  }
}

export function appCommand(lab: LabRun): string[] {
  return lab.sabotage === 'application' ? ['/usr/bin/sleep', '600'] : [];
}

export function startBare(scene: Scene, id: string, overlay: boolean): BareRunc {
  return new BareRunc({ directory: join(scene.lab.place, id), id, image: scene.image, overlay });
}

/** Puts a program into a running container's root, as something that got in would. */
export function drop(tgid: number, program: string, name: string): void {
  writeFileSync(`/proc/${tgid}/root/tmp/${name}`, readFileSync(program), { mode: 0o755 });
}
