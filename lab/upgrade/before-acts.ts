/** The tagged version is used as people use it, and what it then answers is written down. */

import type { ApiClient } from '../product/client.ts';
import { until } from '../until.ts';
import { execute, joinedSensor, oldVersionText, settledCount, shop, signedIn, startProduct, tag, type Scene } from './scene.ts';
import type { JoinedSensor } from '../product/joined-sensor.ts';

export const password = 'a-password-of-the-old-version';
export const executions = 700;

/** Of the tagged version's API: the words of a later one are not its. */
type Item = Readonly<Record<string, unknown>>;

export interface Before {
  readonly firstPassword: string;
  readonly session: ApiClient;
  readonly joined: JoinedSensor;
  readonly nodes: { readonly beside: string; readonly joined: string };
  readonly secrets: Readonly<Record<'viewer' | 'operator', string>>;
  readonly unusedJoinToken: string;
  readonly incidents: readonly Item[];
  readonly vulnerabilities: readonly string[];
  readonly tree: readonly string[];
  readonly policies: readonly Item[];
  readonly tokens: readonly Item[];
  readonly sensors: readonly string[];
  readonly container: Item;
  readonly feeds: readonly Item[];
}

export const editedPolicy = `apiVersion: vedette.dev/v1alpha1
kind: Policy
metadata: { name: upgrade-lab }
spec:
  description: Written by hand in the old version.
  severity: high
  mode: enforce
  scope: { containers: { names: ["upgrade-*"] } }
  rules:
    - name: not-from-image
      on: execution
      when: execution.file.origin in ["dropped", "modified"]
      actions: { run: kill }
`;

export async function items(client: ApiClient, target: string): Promise<readonly Item[]> {
  return ((await client.send('GET', `/api/v1/${target}`)) as { items: readonly Item[] }).items;
}

export async function beforeActs(scene: Scene): Promise<Before> {
  const { report } = scene.lab;
  report.say(`${tag}, used`);
  await startProduct(scene, 'old');
  const firstPassword = scene.products.old.password;
  const client = await signedIn(firstPassword);
  const secrets = { viewer: await tokenOf(client, 'viewer'), operator: await tokenOf(client, 'operator') };
  await client.call('putPolicy', { params: { name: 'upgrade-lab' }, body: { yaml: editedPolicy } });
  await client.call('setPolicyMode', { params: { name: 'only-from-image' }, body: { mode: 'off' } });
  const { token } = await client.call('createJoinToken', { body: {} });
  const unusedJoinToken = (await client.call('createJoinToken', { body: { validMinutes: 600 } })).token;
  const joined = joinedSensor(scene, 'old', token);
  await joined.start();
  const sensors = await items(client, 'sensors');
  const nodes = { joined: '', beside: '' };
  for (const one of await items(client, 'nodes')) nodes[one['hostname'] === 'upgrade-lab' ? 'beside' : 'joined'] = String(one['id']);
  report.row(`two sensors of ${tag} are in its fleet`, [oldVersionText, oldVersionText], sensors.map((one) => one['version']), sensors.map((one) => one['hostname']));
  const container = await containerActs(scene, client);
  await Promise.all([execute(scene.cgroups.beside, executions), execute(scene.cgroups.joined, executions)]);
  report.row(`${tag} counts the executions of both hosts`, [executions, executions], [await settledCount(client, nodes.beside, executions), await settledCount(client, nodes.joined, executions)]);
  await client.call('changePassword', { body: { current: firstPassword, next: password } });
  const session = await signedIn(password);
  return {
    firstPassword, session, joined, nodes, secrets, unusedJoinToken, container,
    incidents: await items(session, 'incidents?state=all&limit=200'),
    tree: await takenTree(session),
    vulnerabilities: await vulnerabilitiesOf(session),
    policies: await items(session, 'policies'),
    tokens: await items(session, 'tokens'),
    sensors: sensors.map((one) => String(one['id'])).sort(),
    feeds: await items(session, 'advisories'),
  };
}

async function tokenOf(client: ApiClient, role: string): Promise<string> {
  const made = (await client.send('POST', '/api/v1/tokens', { name: `old-${role}`, grants: [{ role, place: 'all' }], expiresInDays: 30 })) as { secret: string };
  return made.secret;
}

/** Each vulnerability of what runs, and in how many runs it was seen to be loaded; while nobody watches, "not seen" becomes "unknown". */
export async function vulnerabilitiesOf(client: ApiClient): Promise<string[]> {
  const found = await items(client, 'vulnerabilities?limit=200');
  return found.map((one) => `${String(one['id'])} ${String(one['severity'])}, loaded in ${(one['loaded'] as { yes: number }).yes} of ${String(one['workloads'])}`).sort();
}

/** The executed files from the first ancestor down, of the incident that somebody took. */
export async function takenTree(client: ApiClient): Promise<string[]> {
  const taken = (await items(client, 'incidents?state=acknowledged')).find((one) => one['assignee'] === 'sam');
  const detail = (await client.send('GET', `/api/v1/incidents/${String(taken?.['id'])}`)) as { events: { tree: { path: string }[] }[] };
  return detail.events[0]?.tree.map((one) => one.path) ?? [];
}

/** A container with packages and vulnerabilities, a shell in it, and an incident that somebody took. */
async function containerActs(scene: Scene, client: ApiClient): Promise<Item> {
  const { report } = scene.lab;
  await scene.shopContainer.start();
  const known = await until(async () => (await items(client, 'containers')).find((one) => one['name'] === shop && typeof one['packages'] === 'number'), 30_000);
  await scene.shopContainer.exec(['/bin/sh', '-c', 'id']);
  const shell = await until(async () => (await items(client, 'incidents')).find((one) => one['containerName'] === shop), 15_000);
  const id = String(shell.value?.['id']);
  await client.call('updateIncident', { params: { id }, body: { state: 'acknowledged', assignee: 'sam' } });
  const lodash = await until(async () => {
    const packages = await items(client, `containers/${String(known.value?.['id'])}/packages?search=lodash`);
    return packages.some((one) => (one['loaded'] as { state: string }).state === 'yes');
  }, 15_000);
  report.row(`${tag} knows the container, its packages, what is loaded, and the shell in it`, ['known', true, 'acknowledged'], [known.value?.['identity'], lodash.value === true, shell.value === null ? 'no incident' : 'acknowledged']);
  // the list of vulnerabilities follows what is loaded within a round of assessing
  await until(async () => (await vulnerabilitiesOf(client)).some((one) => one.includes('loaded in 1')), 10_000);
  return (await items(client, 'containers')).find((one) => one['name'] === shop) ?? {};
}

