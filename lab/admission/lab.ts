/**
 * Admission before a real API server: what kubectl shows of a refusal and of a warning, what is left alone, what goes on while the
 * hub is away, and what follows when the cluster part is: let in with Ignore, refused with Fail. Who comes in by exec is
 * remembered; there are no nodes here, so nobody gets further than the door.
 */
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Lab, LabRun } from '../lab.ts';
import { until } from '../until.ts';
import { badImage, goodImage, namespace, policy, putPolicies, registered, startPart, stopPart, waitUntil, withScene, type Scene } from './scene.ts';

function deployment(name: string, image: string, inNamespace = namespace): string {
  const labels = { app: name };
  return JSON.stringify({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: inNamespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } } },
  });
}

let applied = 0;
/** What kubectl says to a Deployment of its own with this image. */
async function applies(client: KubernetesClient, image: string, inNamespace = namespace, more: readonly string[] = []): Promise<string> {
  applied += 1;
  const { stdout, stderr } = await client.kubectl(['apply', '-f', '-', ...more], { input: deployment(`d${applied}`, image, inNamespace), accept: [1] });
  return `${stdout}${stderr}`.trim();
}

const noLodash = policy('no-lodash', 'image.packages.exists(p, p.name == "lodash")', 'deny', 'build without lodash');
const kindOfOld = policy('kind-of-old', 'image.packages.exists(p, p.name == "kind")', 'warn');

async function judgedActs(scene: Scene): Promise<void> {
  const { lab: { report }, plane: { client } } = scene;
  report.say('Judged');
  await putPolicies(scene, scene.lab.sabotage === 'policies' ? {} : { 'no-lodash': noLodash });
  await startPart(scene, {});
  await waitUntil('admission is registered', () => registered(scene));
  const { value, ms } = await until(async () => {
    const said = await applies(client, badImage, namespace, ['--dry-run=server']);
    return /denied the request/.test(said) ? said : null;
  }, 15_000, 200);
  report.figure('milliseconds until a registration is in force', ms);
  report.row('kubectl shows why: policy, fact, fix, and how to except it', true, ['denied the request: Vedette refuses Deployment shop/', 'by the policy no-lodash', 'lodash 4.17.15 in /srv/app', 'Fix: build without lodash', 'To except it: an approved Exception for no-lodash/rule'].every((part) => value?.includes(part)), value ?? 'nothing was refused');
  const refused = await applies(client, badImage);
  report.row('… and without a dry run as well', true, refused.includes('denied the request'), refused);
  report.row('the good twin is let in', true, (await applies(client, goodImage)).endsWith('created'));
  report.row('what a namespace that is left alone does is not judged', 'created', (await applies(client, badImage, 'playground')).split(' ').at(-1));
  report.row('… nor kube-system', 'created', (await applies(client, badImage, 'kube-system')).split(' ').at(-1));
  await putPolicies(scene, { 'kind-of-old': kindOfOld });
  const warned = await until(async () => {
    const said = await applies(client, goodImage);
    return said.includes('Warning:') ? said : null;
  }, 15_000, 300);
  report.row('kubectl shows a warning, and what was asked for is made', true, /^(.*\n)?Warning: vedette kind-of-old: container main: kind 1\.0\.0/.test(warned.value ?? '') || (warned.value ?? '').includes('Warning: vedette kind-of-old: container main: kind 1.0.0'), warned.value ?? 'no warning');
  const tag = await applies(client, 'registry.test/shop/unseen:2');
  report.row('an image that nobody knows: with Ignore a warning and in', true, /Warning: vedette no-lodash: container main: Not known/.test(tag) && tag.includes('created'), tag);
}

async function rememberedActs(scene: Scene): Promise<void> {
  const { lab: { report }, plane, hub, admin } = scene;
  report.say('Remembered');
  const outcomes = async (): Promise<Record<string, number>> => {
    const { json } = await hub.ask('GET', '/api/v1/admissions', { token: admin });
    return (json['facets'] ?? {}) as unknown as Record<string, number>;
  };
  const { value } = await until(async () => {
    const found = await outcomes();
    return (found['denied'] ?? 0) >= 1 && (found['failed-open'] ?? 0) >= 1 && (found['warned'] ?? 0) >= 1 && found;
  }, 15_000, 200);
  report.row('decisions are in the hub: denied, warned, failed open', true, value !== null, JSON.stringify(await outcomes()));
  const coverage = await hub.ask('GET', '/api/v1/coverage', { token: admin });
  report.row('what was let in without being judged is a gap of coverage', true, coverage.text.includes('let in without being judged'));
  await plane.client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  await plane.client.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'target', namespace }, spec: { nodeName: 'nowhere', containers: [{ name: 'main', image: goodImage }] } });
  await plane.client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'people' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }, subjects: [{ kind: 'Group', name: 'people', apiGroup: 'rbac.authorization.k8s.io' }] } as never);
  const alice = await plane.userCertificate('alice', ['people']);
  const said = await alice.client.kubectl(['--namespace', namespace, 'exec', 'target', '--', 'sh', '-c', 'id'], { accept: [1] });
  const sessions = await until(async () => {
    const { json } = await hub.ask('GET', '/api/v1/exec-sessions?user=alice', { token: admin });
    const items = (json['items'] ?? []) as unknown as { pod: string; container: string; command: string[]; groups: string[] }[];
    return items[0];
  }, 15_000, 200);
  report.row('who came in by exec is in the hub, with pod, container and command', 'target main sh -c id people', sessions.value === null ? 'nobody' : `${sessions.value.pod} ${sessions.value.container} ${sessions.value.command.join(' ')} ${sessions.value.groups[0] ?? ''}`, said.stderr);
}

/** Of this one nobody has ever asked. */
const neverSeen = `registry.test/shop/web@sha256:${'9'.repeat(64)}`;

async function awayActs(scene: Scene): Promise<void> {
  const { lab: { report }, plane: { client }, hub } = scene;
  report.say('Without the hub, and without the cluster part');
  await hub.stop();
  report.row('while the hub is away what is known is judged', true, (await applies(client, badImage)).includes('denied the request'));
  await stopPart(scene);
  const open = await applies(client, badImage);
  report.row('Ignore: without the cluster part everything is let in', 'created', open.split(' ').at(-1), open);
  await startPart(scene, { failurePolicy: 'Fail' });
  await waitUntil('the registration says Fail', async () => {
    const found = await client.find('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'vedette-cluster');
    return (found as { webhooks?: { failurePolicy: string }[] } | null)?.webhooks?.[0]?.failurePolicy === 'Fail';
  });
  const { value } = await until(async () => {
    const said = await applies(client, neverSeen, namespace, ['--dry-run=server']);
    return said.includes('not known, by the policy no-lodash') ? said : null;
  }, 15_000, 300);
  report.row('Fail: after a restart without the hub, the rules are known and an image that was never asked about is not: refused, with the reason', true, value !== null && value.includes('the hub'), value ?? 'it was not');
  const kept = await applies(client, badImage, namespace, ['--dry-run=server']);
  report.row('… and what the hub said before the restart is judged by: refused for what is in it', true, kept.includes('denied the request') && !kept.includes('not known'), kept);
  const good = await applies(client, goodImage, namespace, ['--dry-run=server']);
  report.row('… and let in, where nothing is in it', true, good.includes('created'), good);
  await stopPart(scene);
  const closed = await applies(client, goodImage);
  report.row('Fail: without the cluster part nothing is let in', true, /failed calling webhook/.test(closed), closed);
  report.row('… but where it is not asked', 'created', (await applies(client, goodImage, 'vedette')).split(' ').at(-1));
  await startPart(scene, { enabled: false });
  await waitUntil('the registration is taken away', async () => !(await registered(scene)));
  const off = await until(async () => (await applies(client, badImage)).endsWith('created'), 10_000, 200);
  report.row('off: the registration is gone, and nothing is refused', true, off.value === true);
}

export const admission: Lab = {
  name: 'admission',
  summary: 'Refusals, warnings and sessions before a real API server, with hub and cluster part there and away',
  rows: 18,
  parts: { policies: 'no policy is enforced: nothing is refused' },
  breaks: { policies: ['kubectl shows why: policy, fact, fix, and how to except it'] },
  async run(lab: LabRun): Promise<void> {
    await withScene(lab, async (scene) => {
      await judgedActs(scene);
      if (lab.sabotage !== null) return;
      await rememberedActs(scene);
      await awayActs(scene);
    });
  },
};
