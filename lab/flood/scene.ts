/**
 * What the flood is played on: the product, whose sensor sees one cgroup of the lab's own; in it two containers of runc on overlay roots, one that will
 * flood and one that will do known acts. The content is the shipped one, a rule of the lab's for each kind of act, and the official rule files where they lie
 * beside the checkout. Everything is stopped in the opposite order; the flooder ends by itself thirty seconds after its time.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../borders/borders.ts';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import { TestCgroup } from '../kernel/cgroup.ts';
import type { LabRun } from '../lab.ts';
import type { ApiClient } from '../product/client.ts';
import { Product } from '../product/product.ts';
import { until } from '../until.ts';

export const port = 7459;
export const floodSeconds = 60;
const cgroupName = 'vedette-flood';

export interface Contained {
  /** As runc knows it, and so the API. */
  readonly name: string;
  readonly container: BareRunc;
}

export interface Scene {
  readonly lab: LabRun;
  readonly product: Product;
  readonly client: ApiClient;
  readonly flooder: Contained;
  readonly proof: Contained;
  readonly officialRules: boolean;
}

function program(place: string): string {
  const path = join(place, 'flood');
  execFileSync('clang', ['-O2', '-Wall', '-Werror', '-static', '-o', path, join(import.meta.dirname, 'flood.c')]);
  return path;
}

/** The shipped content with the lab's rules, and the official ones where they are to be had. */
function contentOf(place: string): { directory: string; official: boolean } {
  const directory = join(place, 'content');
  rmSync(directory, { recursive: true, force: true });
  cpSync(join(projectRoot(), 'content'), directory, { recursive: true });
  copyFileSync(join(import.meta.dirname, 'rules.yaml'), join(directory, 'rules', 'flood-lab.yaml'));
  const shared = join(process.env['VEDETTE_SHARED'] ?? join(projectRoot(), '..', 'shared'), 'data', 'falco-rules');
  if (!existsSync(shared)) return { directory, official: false };
  for (const name of readdirSync(shared)) if (name.endsWith('.yaml')) copyFileSync(join(shared, name), join(directory, 'rules', name));
  return { directory, official: true };
}

async function startContainer(place: string, name: string, flood: string, scope: TestCgroup, stops: (() => Promise<void>)[]): Promise<BareRunc> {
  const directory = join(place, name);
  rmSync(directory, { recursive: true, force: true });
  const inside = join(directory, 'upper', 'proof');
  mkdirSync(inside, { recursive: true });
  for (const one of ['flood', 'executed']) copyFileSync(flood, join(inside, one));
  const container = new BareRunc({ directory, id: name, image: await shopImage(), overlay: true, cgroup: `/${scope.name}/runc-${name}.scope`, command: ['/proof/flood', 'wait'] });
  stops.push(async () => await container.stop());
  await container.start();
  return container;
}

async function known(client: ApiClient, name: string): Promise<void> {
  const { value } = await until(async () => (await client.call('listContainers', { query: { limit: 50, ended: 'exclude', sandboxes: 'include' } })).items.find((one) => one.name === name || one.id === name) ?? null, 30_000);
  if (value === null) throw new Error(`the container ${name} is not in the API`);
}

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  const { report, place, sabotage } = lab;
  try {
    report.say('Setting the scene');
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    const flood = program(place);
    const { directory, official } = contentOf(place);
    const scope = new TestCgroup(cgroupName);
    stops.push(async () => await Promise.resolve(scope.remove()));
    report.progress(`the product, on port ${port}, ${official ? 'with' : 'without'} the official rule files`);
    const product = new Product({
      state: join(place, 'state'), port, env: { VEDETTE_CONTENT: directory },
      args: ['--cgroup', scope.path, '--dead-man', '300', '--canaries', '10', ...(sabotage === 'sensor' ? ['--no-sensor'] : []), ...(sabotage === 'ring' ? ['--ring-bytes', '65536'] : [])],
    });
    stops.push(async () => await product.stop());
    await product.start();
    const client = await product.client();
    if (sabotage !== 'sensor') await product.waitSensor();
    report.progress('two containers');
    const made = await Promise.all(['flood-flooder', 'flood-proof'].map(async (name) => ({ name, container: await startContainer(place, name, flood, scope, stops) })));
    if (sabotage !== 'sensor') await Promise.all(made.map(async (one) => await known(client, one.name)));
    const [flooder, proof] = made;
    await play({ lab, product, client, flooder: flooder!, proof: proof!, officialRules: official });
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => process.stderr.write(`stopping: ${error instanceof Error ? error.message : String(error)}\n`));
    removeEmptyCgroups();
  }
}

/** runc makes the parent of a container's cgroup in every hierarchy, and leaves it. */
function removeEmptyCgroups(): void {
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    try {
      rmdirSync(join('/sys/fs/cgroup', hierarchy, cgroupName));
    } catch {
      // it is not there, or somebody is in it
    }
  }
}
