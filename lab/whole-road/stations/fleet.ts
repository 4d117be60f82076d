/**
 * Station 10: a second cluster and a plain host beside the first. One digest in all three is one image with three places, no process is
 * seen twice, and who may see one place learns neither names nor counts of the others.
 */
import { ApiClient } from '../../product/client.ts';
import { until } from '../../until.ts';
import { namespace, release, type Scene } from '../scene.ts';
import { applied, containerOf, deployment, shop } from './run.ts';

export async function play(scene: Scene): Promise<void> {
  const { api, facts, first, lab, registry, second } = scene;
  const { report } = lab;
  await second.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } });
  const answer = await applied(second, deployment('cart-of-second', `${registry.host}/shop/twin:1.1`, second.node.name));
  report.row('the same image runs in the second cluster', 0, answer.code, answer.text);
  const there = await containerOf(scene, second, 'cart-of-second');
  report.row('it has the same digest there', facts.twin?.platformDigest ?? 'none', there.platformDigest);
  const { value: image } = await until(async () => {
    const found = (await api.call('listImages', { query: { search: 'shop/twin', limit: 50 } })).items.find((one) => one.workloads > 1);
    return found === undefined ? null : await api.call('getImage', { params: { id: found.id } });
  }, 30_000, 500);
  report.row('one image with a place in each cluster', true, new Set(image?.places.map((one) => one.cluster)).size >= 2, image?.places);
  const { items: clusters } = await api.call('listClusters', {});
  report.row('the fleet has both clusters, by their own identity', ['first', 'second'], clusters.filter((one) => one.kind === 'kubernetes').map((one) => one.name).sort(), clusters);
  const processes = (await api.call('listProcesses', { query: { limit: 200 } })).items;
  const places = new Map<number, Set<string>>();
  for (const one of processes) places.set(one.pid, (places.get(one.pid) ?? new Set()).add(one.hostname));
  report.row('no process is in two places', [], [...places].filter(([, hosts]) => hosts.size > 1).map(([pid]) => pid), `${processes.length} processes`, processes.length > 10 && [...places.values()].every((hosts) => hosts.size === 1));
  const secondId = clusters.find((one) => one.name === 'second')?.id ?? '';
  const { secret } = await api.call('createToken', { body: { name: 'of the second', grants: [{ role: 'viewer', place: { cluster: secondId, namespaces: 'all' } }] } });
  const limited = new ApiClient(scene.hub.url, secret);
  const texts: string[] = [];
  for (const name of ['risk', 'coverage', 'listNodes', 'listContainers', 'listProcesses', 'listIncidents', 'listViolations', 'listSensors', 'listImages', 'listClusters', 'listWorkloads', 'listPods'] as const) texts.push(JSON.stringify(await limited.call(name, {} as never)));
  report.row('who may see the second learns no name of the first', [], ['first-node', 'cart-7', `"${first.name}"`, 'vedette-hub'].filter((word) => texts.some((text) => text.includes(word))));
  report.row('and sees its own', true, texts.some((text) => text.includes(second.node.name)));
  // cut off now: three minutes later it counts as silent, and what is said of its posture then is for a later station
  await second.plane.client.patch('apps/v1', 'Deployment', `${release}-cluster`, namespace, { spec: { replicas: 0 } });
}
