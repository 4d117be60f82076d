/**
 * Station 8: a second cluster and a plain host beside the first. One digest in all three is one image with three places, and no process is
 * seen twice.
 */
import { until } from '../../until.ts';
import { hostsCluster } from '../plain-host.ts';
import { namespace, release, type Scene } from '../scene.ts';
import { applied, containerOf, deployment, shop } from './run.ts';

export async function play(scene: Scene): Promise<void> {
  const { api, facts, lab, registry, second } = scene;
  const { report } = lab;
  await second.plane.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop } });
  const answer = await applied(second, deployment('cart-of-second', `${registry.host}/shop/twin:1.1`, second.node.name));
  report.row('the same image runs in the second cluster', 0, answer.code, answer.text);
  const there = await containerOf(scene, second, 'cart-of-second');
  report.row('it has the same digest there', facts.twin?.platformDigest ?? 'none', there.platformDigest);
  // the plain host pulls it by a containerd that no cluster knows, and runs a program of its own beside it
  await facts.host!.runContainer(`${registry.host}/shop/twin:1.1`, 'twin-of-host');
  facts.host!.run('sleep', ['3600']);
  const { value: image } = await until(async () => {
    const found = (await api.call('listImages', { query: { search: 'shop/twin:', limit: 50 } })).items.filter((one) => one.containers > 0);
    const detail = found.length === 0 ? null : await api.call('getImage', { params: { id: found[0]!.id } });
    return found.length === 1 && detail !== null && new Set(detail.places.map((one) => one.cluster)).size >= 3 ? { detail, found } : null;
  }, 60_000, 500);
  report.row('one digest in both clusters and on the plain host is one image with three places', ['first', hostsCluster, 'second'], [...new Set(image?.detail.places.map((one) => one.cluster))].sort(), image?.detail.places ?? (await api.call('listContainers', { query: { limit: 200 } })).items.map((one) => [one.hostname, one.name, one.image, one.platformDigest, one.identityReason]));
  const { items: clusters } = await api.call('listClusters', {});
  report.row('the fleet has both clusters, by their own identity', ['first', 'second'], clusters.filter((one) => one.kind === 'kubernetes').map((one) => one.name).sort(), clusters);
  await placesOfProcesses(scene);
  // cut off now: three minutes later it counts as silent, and what is said of its posture then is for a later station
  await second.plane.client.patch('apps/v1', 'Deployment', `${release}-cluster`, namespace, { spec: { replicas: 0 } });
}

type Process = Awaited<ReturnType<typeof everyProcess>>[number];

async function everyProcess({ api }: Scene) {
  const all = [];
  let cursor: string | undefined;
  do {
    const page = await api.call('listProcesses', { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } });
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** All three sensors are on one kernel: what two of them saw would be one process under two names. */
async function placesOfProcesses(scene: Scene): Promise<void> {
  const { api, first, second, lab } = scene;
  const host = (await api.call('listNodes', { query: { limit: 200 } })).items.find((one) => one.clusterName === hostsCluster);
  const hostnames = [first.node.name, second.node.name, host?.hostname ?? 'no plain host'];
  const isOfHost = (one: Process): boolean => one.node === host?.id;
  const { value } = await until(async () => {
    const all = await everyProcess(scene);
    return all.some((one) => isOfHost(one) && one.path.endsWith('/sleep')) && all.some((one) => isOfHost(one) && one.containerName !== null) ? all : null;
  }, 20_000, 500);
  const processes = value ?? (await everyProcess(scene));
  const counts = hostnames.map((name) => `${name} ${processes.filter((one) => one.hostname === name).length}`);
  lab.report.row('the plain host shows its own program and that of its container, and nothing of the clusters', ['sleep', 'node'], ['sleep', 'node'].filter((word) => processes.some((one) => isOfHost(one) && one.path.endsWith(`/${word}`) && (one.containerName !== null) === (word === 'node'))), processes.filter(isOfHost), processes.filter(isOfHost).length === 2);
  const places = new Map<number, Set<string>>();
  for (const one of processes) places.set(one.pid, (places.get(one.pid) ?? new Set()).add(one.node));
  lab.report.row('no process is in two places', [], [...places].filter(([, nodes]) => nodes.size > 1).map(([pid]) => pid), `${processes.length} processes: ${counts.join(', ')}`, [...places.values()].every((nodes) => nodes.size === 1) && hostnames.every((name) => processes.some((one) => one.hostname === name)));
}
