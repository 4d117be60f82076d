/**
 * What the browser's tests look at: the whole product with its sensor scoped to a cgroup of their own, advisories, and
 * two real containers of one image in that cgroup. One serves, is entered by a shell, and runs programs that were dropped
 * into it; the other only sleeps, so that the same package is loaded here and not there. Nothing else of the machine is in
 * scope, and the host has a name of its own. Everything that was started is stopped in the opposite order.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerView, IncidentView } from '@vedette/model/api/views';
import { projectRoot } from '../borders/borders.ts';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import { run, type RunResult } from '../containers/run.ts';
import { advisoryDirectory, drop, syncAdvisories } from '../first-light/scene.ts';
import { TestCgroup } from '../kernel/cgroup.ts';
import type { ApiClient } from '../product/client.ts';
import { Product } from '../product/product.ts';
import { until } from '../until.ts';

/** They read like names of a service, since they stand in every picture. */
export const hostName = 'demo-host';
export const serving = 'shop-cart';
export const sleeping = 'shop-worker';

/** The lab's records as if they had been changed today: what is tested here is not how an old copy is told. */
function advisoriesOfToday(place: string): string {
  const modified = new Date(Date.now() - 6 * 3_600_000).toISOString();
  const from = advisoryDirectory('own')!;
  const to = join(place, 'osv');
  for (const ecosystem of readdirSync(from)) {
    mkdirSync(join(to, ecosystem), { recursive: true });
    for (const name of readdirSync(join(from, ecosystem))) {
      const record = JSON.parse(readFileSync(join(from, ecosystem, name), 'utf8')) as object;
      writeFileSync(join(to, ecosystem, name), JSON.stringify({ ...record, modified }));
    }
  }
  return to;
}

interface Parts {
  readonly product: Product;
  readonly client: ApiClient;
  readonly session: TestCgroup;
  readonly place: string;
  readonly stops: (() => Promise<void>)[];
}

export class ConsoleScene {
  readonly product: Product;
  readonly client: ApiClient;
  readonly #session: TestCgroup;
  readonly #place: string;
  readonly #stops: (() => Promise<void>)[];

  private constructor({ product, client, session, place, stops }: Parts) {
    this.product = product;
    this.client = client;
    this.#session = session;
    this.#place = place;
    this.#stops = stops;
  }

  static async start(port: number): Promise<ConsoleScene> {
    const place = mkdtempSync(join(tmpdir(), 'vedette-console-'));
    chmodSync(place, 0o755);
    // The pictures show what the sensor is scoped to.
    const cgroup = new TestCgroup('shop.slice');
    const product = new Product({ state: join(place, 'state'), port, keep: true, hostname: hostName, args: ['--cgroup', cgroup.path] });
    const stops: (() => Promise<void>)[] = [async () => rmSync(place, { recursive: true, force: true, maxRetries: 5 }), async () => { cgroup.remove(); removeParents(cgroup.name); }, async () => await product.stop()];
    try {
      await syncAdvisories(product.options.state, advisoriesOfToday(place));
      await product.start();
      await product.waitSensor();
      const client = await product.client();
      const image = await shopImage();
      // What a run that was killed left would have the names.
      for (const id of [serving, sleeping]) await run('runc', ['delete', '--force', id], { accept: [1] });
      for (const [id, command] of [[serving, undefined], [sleeping, ['/usr/bin/sleep', '600']]] as const) {
        const container = new BareRunc({ directory: join(place, id), id, image, overlay: true, cgroup: `/${cgroup.name}/runc-${id}.scope`, ...(command === undefined ? {} : { command }) });
        stops.push(async () => await container.stop());
        await container.start();
      }
      return new ConsoleScene({ product, client, session: cgroup.child('session'), place, stops });
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await stopAll(this.#stops);
  }

  /** By a session that is in scope too, so that the tree shows who came into the container. */
  async exec(id: string, command: readonly string[]): Promise<RunResult> {
    const join_ = this.#session.procs.map((file) => `echo $$ > ${file}`).join('; ');
    return await run('sh', ['-c', `${join_}; exec runc exec "$0" "$@"`, id, ...command], { accept: [1, 137] });
  }

  /** A program that came from outside, started by the container's own node. */
  async runDropped(id: string, name: string): Promise<void> {
    const program = join(this.#place, 'marker');
    execFileSync('clang', ['-O1', '-static', '-nostdlib', '-o', program, join(projectRoot(), 'lab', 'first-light', 'marker.c')]);
    const { pid } = JSON.parse((await run('runc', ['state', id])).stdout) as { pid: number };
    drop(pid, program, name);
    await this.exec(id, ['/usr/bin/node', '-e', `require('node:child_process').spawnSync('/tmp/${name}')`]);
  }

  async waitContainer(name: string, fits: (one: ContainerView) => boolean, timeoutMs: number): Promise<ContainerView> {
    const { value } = await until(async () => (await this.client.call('listContainers', {})).items.find((one) => one.name === name && fits(one)), timeoutMs);
    if (value === null) throw new Error(`${name} did not come to be as expected within ${timeoutMs} ms:\n${this.product.log('sensor')}`);
    return value;
  }

  async waitIncident(fits: (one: IncidentView) => boolean, timeoutMs = 10_000): Promise<IncidentView> {
    const { value } = await until(async () => (await this.client.call('listIncidents', { query: { limit: 200 } })).items.find(fits), timeoutMs, 25);
    if (value === null) throw new Error(`the incident did not appear within ${timeoutMs} ms:\n${this.product.log('sensor')}`);
    return value;
  }
}

/** What runc made above its containers in the other hierarchies, and leaves behind. */
function removeParents(name: string): void {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, path = '', type] = line.split(' ');
    const parent = join(path, name);
    if ((type === 'cgroup' || type === 'cgroup2') && existsSync(parent)) rmdirSync(parent);
  }
}

async function stopAll(stops: readonly (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.toReversed()) await stop();
}
