/**
 * A scene for an image that turns bad: the whole product, a private containerd, a container of the shop's image that has loaded
 * lodash and one of its twin without it, and two states of the advisories: in one of them lodash is critical. A policy that
 * reaches no image but these kills for it; the loader ends enforcement by itself after a minute.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ViolationView } from '@vedette/model/api/views';
import { advisoryDirectory, syncAdvisories } from '../first-light/scene.ts';
import type { ApiClient } from '../product/client.ts';
import { Product } from '../product/product.ts';
import { until } from '../until.ts';
import { PrivateContainerd } from './containerd.ts';
import { shopImage } from './image.ts';
import type { RunResult } from './run.ts';
import { twinImage } from './twin-image.ts';

export const shop = 'verdict-shop';
export const twin = 'verdict-twin';
export const vulnerability = 'CVE-2026-90001';
export const policyName = 'verdict-in-use';

const record = {
  id: vulnerability, modified: '2026-11-20T00:00:00Z', published: '2026-11-20T00:00:00Z', schema_version: '1.7.0', summary: 'Made for this scene.',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [{ package: { ecosystem: 'npm', name: 'lodash' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.99' }] }] }],
};

/** Of this scene's own images only: no other container of this host is touched. */
function policy(mode: 'shadow' | 'enforce'): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: ${policyName} }
spec:
  description: No critical vulnerability in a package that running workloads load.
  severity: critical
  mode: ${mode}
  scope: { images: { names: ["registry.test/shop/*"] } }
  rules:
    - name: loaded
      on: image
      when: image.vulnerabilities.exists(v, v.id == "${vulnerability}" && v.severity == "critical" && v.loaded == "yes")
      actions: { run: kill }
`;
}

export class BadImageScene {
  readonly client: ApiClient;
  readonly product: Product;
  readonly containerd: PrivateContainerd;
  readonly #place: string;

  private constructor(client: ApiClient, product: Product, containerd: PrivateContainerd, place: string) {
    this.client = client;
    this.product = product;
    this.containerd = containerd;
    this.#place = place;
  }

  static async start(port: number): Promise<BadImageScene> {
    const place = mkdtempSync(join(tmpdir(), 'vedette-verdict-'));
    chmodSync(place, 0o755);
    const containerd = new PrivateContainerd(join(place, 'containerd'), 'vedette-verdict');
    const product = new Product({ state: join(place, 'state'), port, args: ['--containerd-socket', containerd.socket, '--dead-man', '60'] });
    try {
      cpSync(advisoryDirectory('own')!, join(place, 'good'), { recursive: true });
      cpSync(join(place, 'good'), join(place, 'bad'), { recursive: true });
      mkdirSync(join(place, 'bad', 'npm'), { recursive: true });
      writeFileSync(join(place, 'bad', 'npm', `${vulnerability}.json`), JSON.stringify(record));
      const image = await shopImage();
      const other = await twinImage(image);
      await containerd.start();
      await containerd.import(image.archive);
      await containerd.import(other.archive);
      await syncAdvisories(product.options.state, join(place, 'good'));
      await product.start(true);
      await product.waitSensor();
      const scene = new BadImageScene(await product.client(), product, containerd, place);
      await scene.setPolicy('enforce');
      await containerd.runContainer(image.name, shop);
      await containerd.runContainer(other.name, twin, ['/usr/bin/node', '-e', 'setInterval(() => 0, 1000)']);
      return scene;
    } catch (error) {
      await containerd.stop();
      await product.stop();
      rmSync(place, { recursive: true, force: true });
      throw error;
    }
  }

  async setPolicy(mode: 'shadow' | 'enforce'): Promise<void> {
    await this.client.call('putPolicy', { params: { name: policyName }, body: { yaml: policy(mode) } });
  }

  /** Both containers are scanned, and lodash is seen loaded in the one that has it. */
  async waitScanned(): Promise<boolean> {
    const { value } = await until(async () => {
      const { items } = await this.client.call('listContainers', { query: {} });
      const found = [shop, twin].map((name) => items.find((one) => one.name === name));
      if (found.some((one) => one?.packages == null)) return null;
      const lodash = (await this.client.call('listContainerPackages', { params: { id: found[0]!.id }, query: { search: 'lodash', limit: 50 } })).items;
      return lodash.some((one) => one.loaded.state === 'yes');
    }, 30_000);
    return value === true;
  }

  async sync(which: 'good' | 'bad'): Promise<void> {
    await syncAdvisories(this.product.options.state, join(this.#place, which));
  }

  /** Programs of the image, executed by a shell from outside; the answer's code is 137 when the shell itself was killed. */
  async executions(container: string, count: number): Promise<RunResult> {
    const script = `const { spawnSync } = require('node:child_process'); let killed = 0; for (let i = 0; i < ${count}; i++) if (spawnSync('/bin/true').signal !== null) killed += 1; console.log(killed);`;
    return await this.containerd.exec(container, ['/usr/bin/node', '-e', script], [0, 1, 137]);
  }

  async violations(): Promise<readonly ViolationView[]> {
    return (await this.client.call('listViolations', { query: { policy: policyName, state: 'all' } })).items;
  }

  async stop(): Promise<void> {
    await this.containerd.stop();
    await this.product.stop();
    rmSync(this.#place, { recursive: true, force: true });
  }
}
