/** What a person sees: the vulnerability with its facts, the incident with its tree, the killed program, in Chromium. */
import { join } from 'node:path';
import { screenshot } from '../browser/browser.ts';
import { until } from '../until.ts';
import { findIncident, seenOnPage } from './container-acts.ts';
import { web, type Scene } from './scene.ts';

export async function screenActs(scene: Scene): Promise<void> {
  const { lab: { report, place }, page, product } = scene;
  report.say('On the screen');
  const pictures = join(place, 'screenshots');
  await page.goto(`${product.url}/vulnerabilities/CVE-2021-23337`);
  await seenOnPage(scene, 'vulnerability', 'CVE-2021-23337');
  const text = await until(async () => {
    const found = await page.locator('[data-testid="vulnerability"]').innerText().catch(() => '');
    return found.includes('lodash') && found.includes(web) ? found : null;
  }, 5000);
  report.row('the vulnerability page names lodash, the fix and the workload', [true, true, true], [text.value?.includes('lodash') ?? false, text.value?.includes('4.17.21') ?? false, text.value?.includes(web) ?? false]);
  await screenshot(page, pictures, 'vulnerability');

  const killed = await findIncident(scene, (one) => one.kind === 'verdict' && one.containerName === web);
  await page.goto(`${product.url}/incidents/${killed.value?.id ?? 'none'}`);
  const tree = page.locator('[data-testid="process-tree"]');
  const lines = await until(async () => {
    const shown = await tree.innerText().catch(() => '');
    return shown.includes('/tmp/dropped') || shown.includes('whoami') ? shown : null;
  }, 5000);
  report.row('the incident page shows the process tree with the killed program', true, lines.value !== null, lines.value);
  const outcome = await page.locator('main, #page').first().innerText();
  report.row('… and says that it was killed', true, /killed/i.test(outcome));
  await screenshot(page, pictures, 'killed');

  const shell = await findIncident(scene, (one) => one.source === 'Shell in a container' && one.containerName === web);
  await page.goto(`${product.url}/incidents/${shell.value?.id ?? 'none'}`);
  const shellTree = await until(async () => {
    const shown = await page.locator('[data-testid="process-tree"]').innerText().catch(() => '');
    return shown.includes('sh -c id') || shown.includes('dash') ? shown : null;
  }, 5000);
  report.row('the shell incident shows its tree', true, shellTree.value !== null);
  await screenshot(page, pictures, 'shell');
  await page.goto(`${product.url}/`);
  await page.getByTestId('risk-cards').waitFor({ timeout: 5000 }).catch(() => undefined);
  await screenshot(page, pictures, 'risk');
  await page.goto(`${product.url}/fleet`);
  await page.getByTestId('row-sensor').first().waitFor({ timeout: 5000 }).catch(() => undefined);
  await screenshot(page, pictures, 'fleet');
}
