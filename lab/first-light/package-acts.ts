/** Packages and vulnerabilities of the shop: what is there, what is loaded, and what only lies there. */
import type { FindingView, PackageView } from '@vedette/model/api/views';
import { until } from '../until.ts';
import { findContainer } from './container-acts.ts';
import { advisoryDirectory, syncAdvisories, web, type Scene } from './scene.ts';

const scanMsMax = 20_000;

async function packagesOf(scene: Scene, id: string, search: string): Promise<PackageView[]> {
  return (await scene.client.call('listContainerPackages', { params: { id }, query: { search, limit: 200 } })).items;
}

async function finding(scene: Scene, vulnerability: string): Promise<FindingView | null> {
  const detail = await scene.client.call('getVulnerability', { params: { id: vulnerability } }).catch(() => null);
  return detail?.findings.find((one) => one.workload.includes(web)) ?? null;
}

export async function packageActs(scene: Scene): Promise<void> {
  const { lab: { report }, client } = scene;
  report.say('Packages and vulnerabilities');
  const scanned = await findContainer(scene, web, (one) => one.packages !== null, scanMsMax + 5000);
  const container = scanned.value;
  report.row('the packages of the container are known', true, (container?.packages ?? 0) > 80, container?.inventoryProblems);
  const startedMs = container === null ? Number.NaN : Date.parse(container.startedAt);
  report.bound('… at most 20 s after its start (ms)', 'at most', scanMsMax, container === null ? Number.POSITIVE_INFINITY : Math.min(Date.now() - startedMs, scanned.ms));
  const id = container?.id ?? 'none';
  const loaded = await until(async () => (await packagesOf(scene, id, 'lodash').catch(() => [])).find((one) => one.name === 'lodash' && one.loaded.state === 'yes'), 5000);
  report.row('lodash 4.17.15 is loaded, with the file as evidence', ['4.17.15', true], [loaded.value?.version, loaded.value?.loaded.state === 'yes' && loaded.value.loaded.evidence.includes('lodash')], loaded.value?.loaded);
  const minimist = (await packagesOf(scene, id, 'minimist').catch(() => [])).find((one) => one.name === 'minimist' && one.path?.startsWith('/srv/app'));
  report.row('minimist 1.2.0 is present and not seen to be loaded', ['1.2.0', 'not-seen'], [minimist?.version, minimist?.loaded.state], minimist?.loaded);
  const libc = (await packagesOf(scene, id, 'libc6').catch(() => [])).find((one) => one.name === 'libc6');
  const tar = (await packagesOf(scene, id, 'tar').catch(() => [])).find((one) => one.name === 'tar');
  report.row('libc6 is loaded, tar is not', ['yes', 'not-seen'], [libc?.loaded.state, tar?.loaded.state]);

  const expected: [vulnerability: string, packageName: string, loaded: string][] = [
    ['CVE-2021-23337', 'lodash', 'yes'], ['CVE-2020-8203', 'lodash', 'yes'], ['CVE-2020-28500', 'lodash', 'yes'],
    ['CVE-2020-7598', 'minimist', 'not-seen'], ['CVE-2021-44906', 'minimist', 'not-seen'],
    ['CVE-2011-3374', 'apt', 'not-seen'], ['CVE-2005-2541', 'tar', 'not-seen'],
  ];
  for (const [vulnerability, packageName, state] of expected) {
    const found = await until(async () => await finding(scene, vulnerability), 3000);
    report.row(`${vulnerability} of ${packageName}: present, loaded ${state}`, ['yes', state], [found.value?.present.state ?? 'not there', found.value?.loaded.state ?? 'not there'], found.value);
  }
  for (const fixed of ['CVE-2019-10744', 'CVE-2018-16487', 'CVE-2023-4911', 'CVE-2023-2650', 'CVE-2022-0235']) {
    report.row(`${fixed} is fixed in what is installed, or not installed: no finding`, null, await finding(scene, fixed));
  }
  const { items } = await client.call('listVulnerabilities', { query: { container: id, limit: 200 } });
  report.figure('vulnerabilities of the container', items.length);
  await sharedAdvisories(scene, id);
}

/** The larger set, where it lies beside the checkout: a changed feed is matched against what runs, without a new scan. */
async function sharedAdvisories(scene: Scene, id: string): Promise<void> {
  const { lab: { report }, client, product } = scene;
  const shared = advisoryDirectory('shared');
  if (shared === null || scene.lab.sabotage === 'advisories') {
    report.figure('larger advisory set', 'not beside this checkout');
    return;
  }
  await syncAdvisories(product.options.state, shared);
  await client.call('reloadAdvisories', {});
  const more = await until(async () => {
    const { items } = await client.call('listVulnerabilities', { query: { container: id, search: 'lodash', limit: 200 } });
    return items.some((one) => one.loaded.yes > 0) ? items : null;
  }, 15_000);
  report.row('with the larger advisory set lodash is still found and loaded', true, more.value !== null, more.value?.map((one) => one.id));
  const { items } = await client.call('listVulnerabilities', { query: { container: id, limit: 200 } });
  report.figure('vulnerabilities with the larger set', items.length);
  await syncAdvisories(product.options.state, advisoryDirectory('own')!);
  await client.call('reloadAdvisories', {});
}
