/** The container of containerd: known with its image, a dropped program killed, a shell found, each within two seconds. */
import { existsSync } from 'node:fs';
import type { ContainerView, IncidentView } from '@vedette/model/api/views';
import { until } from '../until.ts';
import { appCommand, drop, web, type Scene } from './scene.ts';

export const visibleMsMax = 2000;

export async function findContainer(scene: Scene, name: string, fits: (one: ContainerView) => boolean = () => true, timeoutMs = 10_000) {
  return await until(async () => {
    const { items } = await scene.client.call('listContainers', { query: { search: name } });
    return items.find((one) => one.name === name && fits(one));
  }, timeoutMs);
}

export async function findIncident(scene: Scene, fits: (one: IncidentView) => boolean, timeoutMs = 10_000) {
  return await until(async () => {
    const { items } = await scene.client.call('listIncidents', { query: { limit: 200 } });
    return items.find(fits);
  }, timeoutMs, 25);
}

/** Waits until the page shows an element of this kind and key; the milliseconds it took, or infinity. */
export async function seenOnPage(scene: Scene, testId: string, key: string, timeoutMs = 10_000): Promise<number> {
  const begun = performance.now();
  const found = scene.page.locator(`[data-testid="${testId}"][data-key="${key}"]`).first();
  const seen = await found.waitFor({ state: 'visible', timeout: timeoutMs }).then(() => true, () => false);
  return seen ? Math.round(performance.now() - begun) : Number.POSITIVE_INFINITY;
}

export async function containerActs(scene: Scene): Promise<void> {
  const { lab: { report }, client, containerd, image, page, product } = scene;
  report.say('A container of containerd');
  await client.call('putPolicy', { params: { name: 'first-light' }, body: { yaml: labPolicy(scene.lab.sabotage === 'policy' ? 'shadow' : 'enforce') } });
  const inForce = await until(async () => (await client.call('getPolicy', { params: { name: 'first-light' } })).inForce.sensors === 1, 10_000);
  report.row('the policy is in force on the sensor', true, inForce.value === true, product.log('sensor'));

  await page.goto(`${product.url}/live`);
  const begun = performance.now();
  await containerd.runContainer(image.name, web, appCommand(scene.lab));
  const known = await findContainer(scene, web, (one) => one.identity !== 'pending');
  const knownMs = Math.round(performance.now() - begun);
  report.row('the container is in the API with its image known', 'known', known.value?.identity ?? 'not there', known.value?.identityReason ?? '');
  report.bound('… within 2 s of its start (ms)', 'at most', visibleMsMax, known.value === null ? Number.POSITIVE_INFINITY : knownMs);
  report.row('… image name', image.name, known.value?.image ?? null);
  report.row('… index digest', image.indexDigest, known.value?.indexDigest ?? null);
  report.row('… platform digest', image.platformDigest, known.value?.platformDigest ?? null);
  report.row('… seen from its start, on overlay, by containerd', [true, 'overlay', 'containerd'], [known.value?.seenFromStart, known.value?.rootFilesystem, known.value?.runtime]);
  report.row('… image labels and mounts', ['cart', true], [known.value?.labels['org.opencontainers.image.title'], (known.value?.mounts.length ?? 0) > 3]);
  report.bound('… and on the Live page (ms after the API)', 'at most', visibleMsMax, await seenOnPage(scene, 'row-container', known.value?.id ?? 'none'));
  await dropped(scene);
  await shell(scene);
}

/** Of the lab's own containers only: no other container of this host is touched. */
function labPolicy(mode: 'shadow' | 'enforce'): string {
  return `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: first-light }
spec:
  description: Only executables that came with the image may run in the containers of this lab.
  severity: high
  attack: [T1204.003]
  mode: ${mode}
  scope: { containers: { names: ["first-light-*"] } }
  rules:
    - name: not-from-image
      on: execution
      when: execution.file.origin in ["dropped", "modified", "memory"]
      actions: { run: kill }
`;
}

async function witness(scene: Scene, name: string): Promise<number> {
  const { stdout } = await scene.containerd.ctr(['task', 'list']);
  return Number(stdout.split('\n').find((line) => line.startsWith(`${name} `))?.split(/\s+/)[1] ?? 0);
}

async function dropped(scene: Scene): Promise<void> {
  const { lab: { report }, containerd, page, product } = scene;
  report.say('A dropped program');
  await page.goto(`${product.url}/incidents`);
  const pid = await witness(scene, web);
  drop(pid, scene.marker, 'dropped');
  const begun = performance.now();
  const script = `const { spawnSync } = require('node:child_process'); const r = spawnSync('/tmp/dropped'); console.log(JSON.stringify([r.status, r.signal]));`;
  const { stdout } = await containerd.exec(web, ['/usr/bin/node', '-e', script]);
  report.row('its parent sees SIGKILL', '[null,"SIGKILL"]', stdout.trim());
  report.row('the file that its first instruction makes does not exist', false, existsSync(`/proc/${pid}/root/tmp/marker`));
  const incident = await findIncident(scene, (one) => one.kind === 'verdict' && one.source === 'first-light' && one.containerName === web);
  report.row('the verdict is in the API as killed', 'killed', incident.value?.outcome ?? 'not there', incident.value);
  report.bound('… within 2 s of the act (ms)', 'at most', visibleMsMax, incident.value === null ? Number.POSITIVE_INFINITY : Math.round(performance.now() - begun));
  report.bound('… and on the Incidents page (ms after the API)', 'at most', visibleMsMax, await seenOnPage(scene, 'row-incident', incident.value?.id ?? 'none'));
  const detail = incident.value === null ? null : await scene.client.call('getIncident', { params: { id: incident.value.id } });
  const tree = detail?.events[0]?.tree ?? [];
  report.row('… with its process tree: node started it', ['/tmp/dropped', 'dropped', true], [tree.at(-1)?.path, tree.at(-1)?.origin, tree.at(-2)?.path.endsWith('/node') ?? false], tree.map((one) => one.path));
  const again = await containerd.exec(web, ['/usr/bin/node', '-e', `console.log('the image runs')`]);
  report.row('programs of the image go on running', 'the image runs', again.stdout.trim());
  await modified(scene, pid);
}

async function modified(scene: Scene, pid: number): Promise<void> {
  const { lab: { report }, containerd } = scene;
  const script = `const fs = require('node:fs'); const { spawnSync } = require('node:child_process'); fs.copyFileSync('/tmp/dropped', '/usr/bin/whoami'); const r = spawnSync('/usr/bin/whoami'); console.log(r.signal);`;
  const { stdout } = await containerd.exec(web, ['/usr/bin/node', '-e', script]);
  report.row('a program of the image that was overwritten is killed too', 'SIGKILL', stdout.trim());
  report.row('… before its first instruction', false, existsSync(`/proc/${pid}/root/tmp/marker`));
}

async function shell(scene: Scene): Promise<void> {
  const { lab: { report }, containerd, product, page } = scene;
  report.say('A shell from outside');
  await page.goto(`${product.url}/incidents`);
  const begun = performance.now();
  await containerd.exec(web, ['/bin/sh', '-c', 'id']);
  const incident = await findIncident(scene, (one) => one.source === 'Shell in a container' && one.containerName === web);
  report.row('the shell is an incident in the API', 'seen', incident.value?.outcome ?? 'not there', incident.value);
  report.bound('… within 2 s of the act (ms)', 'at most', visibleMsMax, incident.value === null ? Number.POSITIVE_INFINITY : Math.round(performance.now() - begun));
  report.bound('… and on the Incidents page (ms after the API)', 'at most', visibleMsMax, await seenOnPage(scene, 'row-incident', incident.value?.id ?? 'none'));
  const detail = incident.value === null ? null : await scene.client.call('getIncident', { params: { id: incident.value.id } });
  const tree = detail?.events[0]?.tree ?? [];
  report.row('… with its tree: runc started the shell from outside', [true, '/usr/bin/dash'], [tree.some((one) => one.path.endsWith('/runc')), tree.at(-1)?.path], tree.map((one) => `${one.path} ${one.arguments.slice(0, 3).join(' ')}`));
  report.row('… naming the image', scene.image.name, incident.value?.image ?? null);
}
