/**
 * Station 4: the API server refuses what nobody signed and what comes from a registry that nobody trusts, with our message; in the first
 * cluster it calls the webhook as a Service, in the second by URL.
 */
import { until } from '../../until.ts';
import type { LabCluster, Scene } from '../scene.ts';
import { goodTag } from '../images.ts';
import { applied, deployment, shop } from './run.ts';

const inForceMs = 60_000;

async function refusal(cluster: LabCluster, name: string, image: string, word: string, timeoutMs: number): Promise<string> {
  let last = '';
  await until(async () => {
    const { code, text } = await applied(cluster, deployment(name, image, cluster.node.name));
    last = text.trim();
    if (code === 0) await cluster.plane.client.delete('apps/v1', 'Deployment', name, shop);
    return code !== 0 && text.includes(word);
  }, timeoutMs, 500);
  return last;
}

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab, registry, second } = scene;
  const { report } = lab;
  const patienceMs = lab.sabotage === 'policy' ? 8000 : inForceMs;
  for (const name of ['signed', 'trusted-registries']) await api.call('setPolicyMode', { params: { name }, body: { mode: lab.sabotage === 'policy' ? 'shadow' : 'enforce' } });
  for (const cluster of [first, second]) {
    await cluster.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } });
    const { value, ms } = await until(async () => await cluster.plane.client.find('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'vedette-cluster'), inForceMs, 250);
    report.row(`the webhook of ${cluster.name} is registered`, true, value !== null, `after ${ms} ms`);
    const form = (value as { webhooks?: { clientConfig: { url?: string; service?: object } }[] } | null)?.webhooks?.[0]?.clientConfig;
    report.row(`${cluster.name} calls it ${cluster === first ? 'as a Service' : 'by URL'}`, true, cluster === first ? form?.service !== undefined : form?.url !== undefined, form);
    const unsigned = await refusal(cluster, 'unsigned', `${registry.host}/shop/unsigned:${goodTag}`, 'signed', patienceMs);
    report.row(`${cluster.name} refuses the unsigned one, and says policy and fix`, true, unsigned.includes('denied the request') && unsigned.includes('signed') && /sign the digest/.test(unsigned), unsigned);
    const untrusted = await refusal(cluster, 'untrusted', `${facts.elsewhere!.host}/shop/cart:${goodTag}`, 'trusted-registries', patienceMs);
    report.row(`${cluster.name} refuses the one of an untrusted registry`, true, untrusted.includes('denied the request') && untrusted.includes('trusted-registries'), untrusted);
  }
  const { value: kept } = await until(async () => {
    const { items } = await api.call('listAdmissions', { query: { outcome: 'denied', limit: 50 } });
    return items.length >= 4 ? items : null;
  }, 20_000, 500);
  report.row('the refusals are in the hub', true, kept !== null, kept?.length);
}
