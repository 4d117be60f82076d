/**
 * Our own chart taken away again: what the cluster part registers with the API server at run time is in no release, so helm does not know it;
 * it belongs to the chart's ClusterRole, and the cluster's own garbage collector takes it along. No image of ours runs here: the
 * registration is written by the part's own code, with the rights of the administrator.
 */
import { join } from 'node:path';
import { register } from '@vedette/cluster/admit/registration';
import { openKubernetes } from '@vedette/cluster/kubernetes/client';
import { readKubernetesConfig } from '@vedette/cluster/kubernetes/config';
import { projectRoot } from '../borders/borders.ts';
import { run } from '../containers/run.ts';
import { until } from '../until.ts';
import type { Scene } from './scene.ts';

const namespace = 'vedette';
const release = 'vedette';
const admission = ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration'] as const;

export async function uninstallActs({ lab, cluster, tools }: Pick<Scene, 'lab' | 'cluster' | 'tools'>): Promise<void> {
  const { report } = lab;
  report.say('Our chart, taken away');
  const helm = async (...words: string[]): Promise<void> => void (await run(tools.helm, [...words, '--namespace', namespace, '--kubeconfig', cluster.adminKubeconfig], { env: { HOME: lab.place } }));
  await helm('install', release, join(projectRoot(), 'deploy', 'chart'), '--create-namespace', '--set', 'cluster.enabled=true', '--set', 'cluster.hub.token=none', '--set', 'image.registry=registry.test/none');
  // of the sabotage no ClusterRole has the name, so it belongs to nobody
  const name = lab.sabotage === 'owner' ? 'nobody' : `${release}-cluster`;
  const kubernetes = openKubernetes(readKubernetesConfig({ kubeconfig: cluster.adminKubeconfig }));
  try {
    const place = { name, form: 'url', urlHost: '127.0.0.1', port: 1, namespace, failurePolicy: 'Ignore', timeoutSeconds: 1, excludedNamespaces: ['default', 'shop'] } as const;
    const problem = await register(kubernetes, { place, bundle: cluster.authorityPem, secret: 'secret' });
    const stands = async (): Promise<boolean> => (await cluster.client.find(...admission, name)) !== null;
    report.row('what the cluster part registers stands beside the release of the chart', 'null, true', `${JSON.stringify(problem)}, ${await stands()}`);
    await helm('uninstall', release);
    const { value, ms } = await until(async () => ((await stands()) ? null : 'gone'), lab.sabotage === 'owner' ? 5000 : 60_000, 200);
    report.row('helm uninstall takes the registration along', 'gone', value ?? 'it still stands');
    if (value !== null) report.figure('milliseconds from helm uninstall to no registration', ms);
    if (value === null) await cluster.client.delete(...admission, name);
  } finally {
    kubernetes.close();
  }
}
