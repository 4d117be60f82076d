/**
 * What the lab plays with: a hub with a sensor beside it, and a sensor that joined it as another host does, each sensor with
 * a cgroup of its own; first as the tagged version, then as this one, on the same two state directories. Whatever happens,
 * everything that was started is stopped.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { advisoryDirectory, syncAdvisories } from '../first-light/scene.ts';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage, type ShopImage } from '../containers/image.ts';
import { act, actsProgram } from '../kernel/acts.ts';
import { TestCgroup } from '../kernel/cgroup.ts';
import type { LabRun } from '../lab.ts';
import { ApiClient } from '../product/client.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { Product } from '../product/product.ts';
import { until } from '../until.ts';
import { oldVersion, type OldVersion } from './old-version.ts';
import { taggedVersions } from './tagged.ts';

/** The last version that was tagged, and what it says of itself. */
export const tag = taggedVersions.at(-1)!.tag;
export const oldVersionText = `${tag.slice(1)}.0`;
export const shop = 'upgrade-shop';
export const port = 7531;
export const url = `http://127.0.0.1:${port}`;

/** Either version of the hub and the sensor beside it, on one state directory. */
export type Which = 'old' | 'new';

export interface Scene {
  readonly lab: LabRun;
  readonly old: OldVersion;
  readonly image: ShopImage;
  /** Of the sensor beside the hub, and of the one that joined. */
  readonly cgroups: { readonly beside: TestCgroup; readonly joined: TestCgroup };
  readonly states: { readonly hub: string; readonly joined: string };
  readonly products: Readonly<Record<Which, Product>>;
  readonly shopContainer: BareRunc;
  /** What ends it all, the last first. */
  readonly stops: (() => Promise<void>)[];
}

export async function withScene(lab: LabRun, play: (scene: Scene) => Promise<void>): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    lab.report.say('Setting the scene');
    rmSync(lab.place, { recursive: true, force: true });
    mkdirSync(lab.place, { recursive: true });
    chmodSync(lab.place, 0o755);
    stops.push(async () => await Promise.resolve(rmSync(lab.place, { recursive: true, force: true, maxRetries: 5 })));
    const old = await oldVersion(tag, (text) => lab.report.progress(text));
    const image = await shopImage();
    const cgroups = { beside: new TestCgroup(`vedette-upgrade-beside-${process.pid}`), joined: new TestCgroup(`vedette-upgrade-joined-${process.pid}`) };
    stops.push(async () => await Promise.resolve([cgroups.beside, cgroups.joined].forEach((one) => one.remove())));
    const states = { hub: join(lab.place, 'hub'), joined: join(lab.place, 'joined') };
    const common = { port, args: ['--cgroup', cgroups.beside.path, '--dead-man', '60'], hostname: 'upgrade-lab' };
    const products = {
      old: new Product({ ...common, state: states.hub, checkout: old.checkout }),
      // with the sabotage it is given nothing of what the old version kept
      new: new Product({ ...common, state: lab.sabotage === 'state' ? join(lab.place, 'empty') : states.hub, keep: true }),
    };
    for (const one of [products.old, products.new]) stops.push(async () => await one.stop());
    const shopContainer = new BareRunc({ directory: join(lab.place, shop), id: shop, image, overlay: true, cgroup: `/${cgroups.beside.name}/${shop}` });
    stops.push(async () => await shopContainer.stop());
    await play({ lab, old, image, cgroups, states, products, shopContainer, stops });
  } finally {
    for (const stop of stops.toReversed()) await stop().catch((error: unknown) => process.stderr.write(`stopping: ${error instanceof Error ? error.message : String(error)}\n`));
  }
}

export async function startProduct(scene: Scene, which: Which): Promise<void> {
  const product = scene.products[which];
  scene.lab.report.progress(which === 'old' ? `${tag}: hub and sensor` : 'this version on the same state: hub and sensor');
  if (which === 'old') process.stdout.write(await syncAdvisories(scene.states.hub, advisoryDirectory('own')!, scene.old.checkout));
  await product.start(true);
  await product.waitSensor();
}

/** The sensor that joined, as either version; `token` only the first time. */
export function joinedSensor(scene: Scene, which: Which, token: string): JoinedSensor {
  const sensor = new JoinedSensor({ state: scene.states.joined, token, cgroup: scene.cgroups.joined.path, ...(which === 'old' ? { checkout: scene.old.checkout } : {}) });
  scene.stops.push(async () => await sensor.stop());
  return sensor;
}

export async function signedIn(password: string): Promise<ApiClient> {
  const client = new ApiClient(url);
  await client.signIn('admin', password);
  return client;
}

export async function execute(cgroup: TestCgroup, count: number): Promise<void> {
  await act(cgroup, ['execs', actsProgram(), String(count), '0']);
}

export async function counted(client: ApiClient, node: string): Promise<number> {
  return (await client.call('listExecutions', { query: { path: actsProgram(), node, limit: 1 } })).sum;
}

/** Waits for as many, and then for two more commits: what is counted twice would still arrive. */
export async function settledCount(client: ApiClient, node: string, expected: number): Promise<number> {
  await until(async () => (await counted(client, node)) >= expected, 30_000, 100);
  await sleep(2500);
  return await counted(client, node);
}
