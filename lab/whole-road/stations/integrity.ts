/** Station 8: a tag that was overwritten, a manifest that was deleted and a signature by another key are three different verdicts. */
import type { IntegrityKind } from '@vedette/model/origin';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../until.ts';
import type { Scene } from '../scene.ts';
import { applied, containerOf, deployment, shop } from './run.ts';
import { cosign, sign } from './publish.ts';

/** The image of a workload is asked about again until this verdict is violated; what is violated then. */
async function violated(scene: Scene, workload: string, kind: IntegrityKind): Promise<readonly string[]> {
  const find = async () => (await scene.api.call('listImages', { query: { search: `shop/${workload}:`, limit: 50 } })).items.find((one) => one.containers > 0);
  let last: readonly string[] = ['the image is not there'];
  await until(async () => {
    const image = await find();
    if (image === undefined) return false;
    const detail = await scene.api.call('askImage', { params: { id: image.id } });
    last = detail.verdicts.filter((one) => one.state === 'violated').map((one) => one.kind).sort();
    return last.includes(kind);
  }, 45_000, 1500);
  return last;
}

export async function integrity(scene: Scene): Promise<void> {
  const { facts, first, lab, registry } = scene;
  const { report } = lab;
  const { good, twin } = facts.images!;
  const names = ['moved', 'deleted', 'resigned'] as const;
  for (const name of names) {
    const digest = await registry.push(twin.layout, '1.1', `shop/${name}:1.1`);
    await sign(scene, facts.keys!, `${registry.host}/shop/${name}@${digest}`, 'tag');
    const answer = await applied(first, deployment(name, `${registry.host}/shop/${name}:1.1`, first.node.name));
    report.row(`${name} is let in while all is well`, 0, answer.code, answer.text);
  }
  for (const name of names) await containerOf(scene, first, name);
  const other = join(lab.place, 'keys-other');
  mkdirSync(other, { recursive: true });
  await cosign(scene, other, ['generate-key-pair']);
  await registry.push(good.layout, '1.1', 'shop/moved:1.1');
  report.row('tag overwritten', ['tag-moved'], await violated(scene, 'moved', 'tag-moved'));
  await registry.deleteManifest(`shop/deleted@${twin.indexDigest}`);
  const deleted = await violated(scene, 'deleted', 'missing-in-registry');
  report.row('manifest deleted', true, deleted.includes('missing-in-registry') && !deleted.includes('tag-moved'), deleted);
  // the signature of the first key goes, that of another comes: the same tag
  await sign(scene, other, `${registry.host}/shop/resigned@${twin.indexDigest}`, 'tag');
  await registry.deleteManifest(`shop/resigned:${twin.indexDigest.replace(':', '-')}.sig`);
  await sign(scene, other, `${registry.host}/shop/resigned@${twin.indexDigest}`, 'tag');
  report.row('signed by another key', ['signature-failed'], await violated(scene, 'resigned', 'signature-failed'));
  for (const name of names) await first.plane.client.delete('apps/v1', 'Deployment', name, shop);
}
