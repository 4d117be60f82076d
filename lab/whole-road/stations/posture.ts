/** Station 9: a workload that breaks the rules is named by the posture report; a cluster that is cut off has no data, and is never passed. */
import { until } from '../../until.ts';
import { namespace, release, type Scene } from '../scene.ts';
import { applied, deployment, shop } from './run.ts';

const reckless = 'reckless';
const silentMs = 240_000;

async function reportOf(scene: Scene, format: 'html' | 'csv' | 'pdf'): Promise<Buffer> {
  const { secret } = await scene.api.call('createToken', { body: { name: `report ${format} ${Date.now()}`, grants: [{ role: 'viewer', place: 'all' }] } });
  const response = await fetch(`${scene.hub.url}/api/v1/posture/report?format=${format}`, { headers: { authorization: `Bearer ${secret}` } });
  if (!response.ok) throw new Error(`the report: ${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

export async function play(scene: Scene): Promise<void> {
  const { api, first, lab, registry, second } = scene;
  const { report } = lab;
  const privileged = deployment(reckless, `${registry.host}/shop/twin:1.1`, first.node.name, { securityContext: { privileged: true } });
  const answer = await applied(first, privileged);
  report.row('a reckless workload is let in', 0, answer.code, answer.text);
  const { value: failed } = await until(async () => {
    const { items } = await api.call('listControlResults', { query: { search: reckless, state: 'failed', limit: 100 } });
    return items.length > 0 ? items : null;
  }, 60_000, 500);
  report.row('controls fail for it, with evidence', true, (failed ?? []).length > 0, failed?.slice(0, 2));
  const [html, csv, pdf] = [await reportOf(scene, 'html'), await reportOf(scene, 'csv'), await reportOf(scene, 'pdf')];
  report.row('the report names it: HTML, CSV', [true, true], [html.includes(reckless), csv.includes(reckless)]);
  report.row('and is a PDF where that is asked for', '%PDF-', pdf.subarray(0, 5).toString());
  // its part and its sensor were taken away at the station of the fleet
  const cut = (await api.call('listClusters', {})).items.find((one) => one.name === second.name);
  const { value: silent, ms } = await until(async () => {
    const { results, clusters } = await api.call('posture', { query: { cluster: cut?.id ?? '' } });
    return clusters[0]?.cutOff === true && results.noData > 0 ? results : null;
  }, silentMs, 2000);
  report.row('a cluster that is cut off has no data, and nothing of it has passed', [true, 0], [(silent?.noData ?? 0) > 0, silent?.passed ?? -1], { results: silent, afterMs: ms });
  await second.plane.client.patch('apps/v1', 'Deployment', `${release}-cluster`, namespace, { spec: { replicas: 1 } });
  await first.plane.client.delete('apps/v1', 'Deployment', reckless, shop);
}
