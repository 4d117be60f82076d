/** What runs in a cluster: an image from the lab's registry as a Deployment, people with certificates, a policy object. */
import { join } from 'node:path';
import { run } from '../containers/run.ts';
import type { KubernetesObject } from './client.ts';
import { cgroupHolds } from './node.ts';
import { htpasswdLine, startRegistry } from './registry.ts';
import { eventsOf, hello, registryHost, runningPod, statusOf, webDeployment, type Scene } from './scene.ts';

export const namespace = 'shop';

export async function registryActs({ lab, registry, image, tools, stops }: Scene): Promise<void> {
  const { report } = lab;
  report.say('A registry');
  const pushed = await registry.push(image.layout, image.tag, 'shop/web:1');
  report.row('the tag names the index that was pushed', image.indexDigest, pushed);
  report.row('a tag can be copied', image.indexDigest, await registry.copy('shop/web:1', 'shop/other:1'));
  await registry.deleteManifest('shop/other:1');
  report.row('a deleted manifest is gone', 'the registry answers 404 for shop/other:1', await registry.digest('shop/other:1').catch((error: Error) => error.message));
  const credentials = { user: 'ci', password: 'a password with spaces' };
  const closed = await startRegistry({ tools, directory: join(lab.place, 'closed-registry'), htpasswd: await htpasswdLine(credentials) });
  stops.push(async () => await closed.stop());
  report.row('a registry with users refuses who is none', 'the registry answers 401 for shop/web:1', await closed.digest('shop/web:1').catch((error: Error) => error.message));
  report.row('… and takes an image from who is one', image.indexDigest, await closed.push(image.layout, image.tag, 'shop/web:1', credentials));
  if (lab.sabotage === 'registry') await registry.daemon.stop();
}

/** Signs by key without any service of the outside, and verifies. */
export async function signatureActs({ lab, registry, image, tools }: Scene): Promise<void> {
  const { report, place } = lab;
  const env = { COSIGN_PASSWORD: 'lab', HOME: place };
  await run(tools.cosign, ['generate-key-pair'], { cwd: place, env });
  const name = `${registry.host}/shop/web@${image.indexDigest}`;
  const signed = await run(tools.cosign, ['sign', '--yes', '--key', join(place, 'cosign.key'), '--tlog-upload=false', '--allow-http-registry', name], { env, accept: [1] });
  const verified = await run(tools.cosign, ['verify', '--key', join(place, 'cosign.pub'), '--insecure-ignore-tlog', '--allow-http-registry', name], { env, accept: [1] });
  report.row('cosign signs the image in the registry, and verifies it', '0, 0', `${signed.code}, ${verified.code}`, signed.stderr + verified.stderr);
}

export async function workloadActs(scene: Scene): Promise<KubernetesObject | null> {
  const { lab, cluster, node, image } = scene;
  const { report } = lab;
  const { client } = cluster;
  report.say('A workload');
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await client.apply(webDeployment(namespace, `${registryHost}/shop/web:1`));
  const { pod, ms } = await runningPod(client, namespace, lab.sabotage === 'registry' ? 8000 : 30_000);
  report.row('a Deployment becomes a Pod that runs, with its image from the registry', 'Running', pod === null ? 'no Pod runs' : statusOf(pod).phase, pod === null ? await eventsOf(client, namespace) : '');
  if (pod === null) return null;
  report.figure('milliseconds from Deployment to a running Pod', ms);
  const [container] = statusOf(pod).containerStatuses ?? [];
  report.row('the Pod says which image it is of', `${registryHost}/shop/web@${image.indexDigest}`, container?.imageID ?? '');
  const { stdout } = await node.ctr(['tasks', 'list']);
  const id = container?.containerID?.replace(/^containerd:\/\//, '') ?? '-';
  const pid = Number(stdout.split('\n').find((line) => line.startsWith(id))?.split(/\s+/)[1] ?? 0);
  report.row("the Pod's process is below the cgroup of its node", true, cgroupHolds(node, pid), `pid ${pid}`);
  return pod;
}

/** Two people with certificates, one of whom may. */
export async function peopleActs({ lab, cluster }: Scene, pod: KubernetesObject): Promise<void> {
  const { report } = lab;
  report.say('People');
  const { client } = cluster;
  const alice = await cluster.userCertificate('alice', ['shop-developers']);
  const bob = await cluster.userCertificate('bob');
  const rules = [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] }, { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] }];
  await client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'exec', namespace }, rules });
  if (lab.sabotage !== 'binding') {
    await client.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'exec', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'exec' }, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'shop-developers' }],
    });
  }
  const { name } = pod.metadata;
  const hers = await alice.client.exec(namespace, name, ['cat', '/srv/www/index.html'], { accept: [1] });
  report.row('alice, who is in a group that may, executes in the Pod', hello, hers.stdout.trim(), hers.stderr);
  const his = await bob.client.exec(namespace, name, ['id'], { accept: [1] });
  report.row('bob, who may not, does not', 'User "bob" cannot get resource "pods"', his.stderr.trim(), his.stdout, /User "bob" cannot get resource "pods"/.test(his.stderr));
  const policy: KubernetesObject = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'closed', namespace }, spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress', 'Egress'] } };
  await client.apply(policy);
  const [stored] = await client.list('networking.k8s.io/v1', 'NetworkPolicy', namespace);
  report.row('a NetworkPolicy is stored', policy['spec'], stored?.['spec']);
  for (const one of [alice, bob]) one.client.close();
}

/** The template engine and the client of helm, with a chart of one object. */
export async function chartActs({ lab, cluster, tools }: Scene): Promise<void> {
  const chart = join(lab.place, 'chart');
  await run('mkdir', ['-p', join(chart, 'templates')]);
  await run('sh', ['-c', 'printf "apiVersion: v2\\nname: one\\nversion: 0.1.0\\n" >Chart.yaml; printf "greeting: none\\n" >values.yaml; cat >templates/one.yaml'], {
    cwd: chart, input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-one}\ndata: {greeting: {{ .Values.greeting | quote }}}\n',
  });
  await run(tools.helm, ['install', 'lab', chart, '--namespace', namespace, '--set', 'greeting=hello', '--kubeconfig', cluster.adminKubeconfig], { env: { HOME: lab.place } });
  const made = await cluster.client.find('v1', 'ConfigMap', 'lab-one', namespace);
  lab.report.row('helm installs a chart', { greeting: 'hello' }, made?.['data'] ?? null);
}
