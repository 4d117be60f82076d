/** Services by their address, from this machine and from a Pod, and webhooks by URL and as a Service. */
import type { KubernetesObject } from './client.ts';
import { until } from '../until.ts';
import { hello, type Scene } from './scene.ts';
import { Webhook } from './webhook.ts';
import { namespace } from './workload-acts.ts';

function clusterAddress(service: KubernetesObject): string {
  return ((service['spec'] ?? {}) as { clusterIP?: string }).clusterIP ?? '';
}

export async function serviceActs(scene: Scene, pod: KubernetesObject): Promise<void> {
  const { lab, cluster, node } = scene;
  const { report } = lab;
  report.say('Services');
  if (lab.sabotage !== 'services') await node.startServices();
  const service = await cluster.client.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } });
  const address = clusterAddress(service);
  const { value, ms } = await until(async () => {
    const said = await fetch(`http://${address}/`, { signal: AbortSignal.timeout(1000) }).then(async (response) => await response.text(), () => '');
    return said.trim() === hello ? said.trim() : null;
  }, lab.sabotage === 'services' ? 3000 : 15_000);
  report.row("the Service is reached by its address from the API server's machine", hello, value ?? 'nothing answers', address);
  report.figure('milliseconds until a new Service leads to its Pod', ms);
  const within = await cluster.client.exec(namespace, pod.metadata.name, ['sh', '-c', `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address} 80`], { accept: [1] });
  report.row('… and from a Pod', hello, within.stdout.trim().split('\n').at(-1), within.stderr);
}

function webhookConfiguration(name: string, clientConfig: object): KubernetesObject {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name },
    webhooks: [{ name: `${name}.vedette.test`, admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', timeoutSeconds: 3, clientConfig, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } }, rules }],
  };
}

/** What the API server says to something that `label` marks. */
async function tried({ cluster }: Scene, name: string, labels: Readonly<Record<string, string>>): Promise<string> {
  const wanted: KubernetesObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } };
  return await cluster.client.create(wanted).then(() => 'made', (error: Error) => error.message);
}

async function judged(scene: Scene, title: string, clientConfig: object, webhook: Webhook): Promise<void> {
  const { cluster, lab } = scene;
  const name = title.replaceAll(' ', '-').toLowerCase();
  // a new configuration is in force a moment after it is stored: seen by what is refused
  if (lab.sabotage !== 'webhook') await cluster.client.apply(webhookConfiguration(name, clientConfig));
  const { value, ms } = await until(async () => {
    const said = await tried(scene, `evil-${Math.floor(performance.now())}`, { evil: 'true' });
    return /marked as evil/.test(said) ? said : null;
  }, 10_000, 200);
  lab.report.row(`a webhook ${title} refuses what it was told to`, true, value !== null, `asked ${webhook.seen.length} times; ${await tried(scene, 'evil-last', { evil: 'true' })}`);
  lab.report.figure(`milliseconds until a webhook ${title} is in force`, ms);
  lab.report.row(`… and allows the rest, and was told who asked`, 'made, admin', `${await tried(scene, `good-${name}`, {})}, ${webhook.seen.at(-1)?.userInfo.username ?? 'nobody'}`);
  if (lab.sabotage !== 'webhook') await cluster.client.delete('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', name);
}

export async function webhookActs(scene: Scene): Promise<void> {
  const { cluster, lab } = scene;
  const { client } = cluster;
  lab.report.say('Webhooks');
  const webhook = await Webhook.start({ cluster, hosts: [`judge.${namespace}.svc`], judge: ({ object }) => (JSON.stringify(object).includes('"evil":"true"') ? 'marked as evil' : null) });
  try {
    const caBundle = Buffer.from(cluster.authorityPem).toString('base64');
    await judged(scene, 'by URL', { url: webhook.url, caBundle }, webhook);
    // a Service without Pods: it leads to where it is told
    await client.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'judge', namespace }, spec: { ports: [{ port: 443, targetPort: webhook.port }] } });
    await client.apply({
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'judge', namespace, labels: { 'kubernetes.io/service-name': 'judge' } },
      addressType: 'IPv4', ports: [{ port: webhook.port }], endpoints: [{ addresses: [webhook.address], conditions: { ready: true } }],
    });
    const before = webhook.seen.length;
    await judged(scene, 'as a Service', { service: { name: 'judge', namespace, path: '/validate' }, caBundle }, webhook);
    lab.report.bound('… which was asked through the Service', 'at least', 1, webhook.seen.length - before);
  } finally {
    await webhook.stop();
  }
}
