/** This version on what the old one left: everything that people had put there is as it was, and means the same. */
import { ApiClient } from '../product/client.ts';
import { until } from '../until.ts';
import { items, password, takenTree, vulnerabilitiesOf, type Before } from './before-acts.ts';
import { shop, signedIn, tag, url, type Scene } from './scene.ts';

type Item = Readonly<Record<string, unknown>>;

/** Each as the old version said it, by these of its fields. */
function told(found: readonly Item[], fields: readonly string[]): string[] {
  return found.map((one) => JSON.stringify(fields.map((field) => one[field]))).sort();
}

async function answer(attempt: Promise<unknown>): Promise<string> {
  return await attempt.then(() => 'done', (error: unknown) => /: (\d{3}) /.exec(String(error))?.[1] ?? String(error));
}

async function peopleActs({ lab: { report } }: Scene, before: Before, client: ApiClient): Promise<void> {
  report.row('the first password, which was changed, signs nobody in', '401', await answer(signedIn(before.firstPassword)));
  report.row('a session that was begun before goes on', 'done', await answer(before.session.call('risk', {})));
  const tokens = (await client.call('listTokens', {})).items;
  report.row('API tokens are there, with their grants', [['old-operator', [{ role: 'operator', place: 'all' }]], ['old-viewer', [{ role: 'viewer', place: 'all' }]]], tokens.map((one) => [one.name, one.grants]).sort(), tokens);
  const [viewer, operator] = [new ApiClient(url, before.secrets.viewer), new ApiClient(url, before.secrets.operator)];
  const asked = [viewer.call('risk', {}), viewer.call('setPolicyMode', { params: { name: 'only-from-image' }, body: { mode: 'off' } }), operator.call('setPolicyMode', { params: { name: 'only-from-image' }, body: { mode: 'off' } })];
  report.row('… and allow what they allowed: a viewer reads and changes no policy, an operator does', ['done', '403', 'done'], await Promise.all(asked.map(answer)));
  const people = (await client.call('listPeople', {})).items;
  report.row('the administrator is a user with the role as a grant', [['admin', [{ role: 'admin', place: 'all' }]]], people.map((one) => [one.name, one.grants]), people);
  const audit = (await client.call('listAudit', { query: { limit: 200 } })).items;
  const kept = new Set(audit.map((one) => one.action));
  report.row('the audit log goes on from the old one', true, ['policy', 'token', 'password'].every((word) => [...kept].some((one) => one.includes(word))), [...kept]);
}

async function policyActs({ lab: { report } }: Scene, before: Before): Promise<void> {
  const policies = await items(before.session, 'policies');
  const names = new Set(before.policies.map((one) => one['name']));
  const fields = ['name', 'description', 'severity', 'mode', 'yaml', 'shipped', 'updatedBy'];
  report.row('policies: text, mode and who changed them last', told(before.policies, fields), told(policies.filter((one) => names.has(one['name'])), fields));
  report.row('… among them the mode that was chosen for a shipped one, and one of their own', ['off', 'enforce'], ['only-from-image', 'upgrade-lab'].map((name) => policies.find((one) => one['name'] === name)?.['mode'] ?? 'not there'));
  const added = policies.filter((one) => !names.has(one['name']));
  report.row('policies that came with this version enforce nothing by themselves', true, added.every((one) => one['mode'] !== 'enforce'), added.map((one) => [one['name'], one['mode']]));
}

async function findingActs(scene: Scene, before: Before): Promise<void> {
  const { report } = scene.lab;
  const incidents = await items(before.session, 'incidents?state=all&limit=200');
  const ids = new Set(before.incidents.map((one) => one['id']));
  const fields = ['id', 'title', 'kind', 'severity', 'state', 'assignee', 'source', 'containerName', 'image', 'platformDigest', 'firstSeen', 'outcome'];
  report.row('incidents, with their state and who took them', told(before.incidents, fields), told(incidents.filter((one) => ids.has(one['id'])), fields));
  report.row('… and the process tree of the one that sam took', before.tree, await takenTree(before.session).catch(String));
  const found = await until(async () => {
    const containers = await items(before.session, 'containers');
    return containers.find((one) => one['name'] === shop);
  }, 15_000);
  const same = ['id', 'image', 'platformDigest', 'indexDigest', 'identity', 'startedAt', 'seenFromStart', 'packages', 'packagesLoaded'];
  report.row('the container that ran all the time, with its image and packages', told([before.container], same), told([found.value ?? {}], same));
  const vulnerabilities = await vulnerabilitiesOf(before.session);
  report.row('vulnerabilities of what runs, and which of them are in use', before.vulnerabilities, vulnerabilities);
  report.bound('… vulnerabilities of which one is loaded', 'at least', 1, vulnerabilities.filter((one) => one.includes('loaded in 1')).length, vulnerabilities);
  report.row('advisories need not be fetched again', told(before.feeds, ['ecosystem', 'advisories']), told(await items(before.session, 'advisories'), ['ecosystem', 'advisories']));
}

export async function afterActs(scene: Scene, before: Before): Promise<void> {
  const { report } = scene.lab;
  report.say(`This version on the state of ${tag}`);
  const client = await signedIn(password).catch(() => null);
  report.row('signing in with the password of the old version', 'signed in', client === null ? 'refused' : 'signed in', scene.products.new.output);
  if (client === null) return;
  await peopleActs(scene, before, client);
  await policyActs(scene, before);
  await findingActs(scene, before);
}
