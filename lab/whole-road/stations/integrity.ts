/** Station 8: a tag that was overwritten, a manifest that was deleted and a signature by another key are three different verdicts. */
import type { IntegrityKind } from '@vedette/model/origin';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../until.ts';
import { smallImage } from '../../kubernetes/image.ts';
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

export async function play(scene: Scene): Promise<void> {
  const { facts, first, lab, registry } = scene;
  const { report } = lab;
  const names = ['moved', 'deleted', 'resigned'] as const;
  const digests = new Map<string, string>();
  for (const name of names) {
    // a digest of its own: containerd gives containers of one digest one name
    const image = await smallImage(scene.tools, { name: `road-${name}`, command: ['/bin/sleep', '3600'], labels: { road: name } });
    const digest = await registry.push(image.layout, image.tag, `shop/${name}:1.1`);
    digests.set(name, digest);
    await sign(scene, facts.keys!, `${registry.host}/shop/${name}@${digest}`, 'tag');
    const answer = await applied(first, deployment(name, `${registry.host}/shop/${name}:1.1`, first.node.name));
    report.row(`${name} is let in while all is well`, 0, answer.code, answer.text);
  }
  for (const name of names) await containerOf(scene, first, name);
  const otherKeys = join(lab.place, 'keys-other');
  mkdirSync(otherKeys, { recursive: true });
  await cosign(scene, otherKeys, ['generate-key-pair']);
  const other = await smallImage(scene.tools, { name: 'road-other', command: ['/bin/sleep', '3600'], labels: { road: 'other' } });
  await registry.push(other.layout, other.tag, 'shop/moved:1.1');
  report.row('tag overwritten', ['tag-moved'], await violated(scene, 'moved', 'tag-moved'));
  await registry.deleteManifest(`shop/deleted@${digests.get('deleted')}`);
  const deleted = await violated(scene, 'deleted', 'missing-in-registry');
  report.row('manifest deleted', true, deleted.includes('missing-in-registry') && !deleted.includes('tag-moved'), deleted);
  // the signature of the first key goes, that of another comes
  const resigned = digests.get('resigned')!;
  await registry.deleteManifest(`shop/resigned:${resigned.replace(':', '-')}.sig`);
  await sign(scene, otherKeys, `${registry.host}/shop/resigned@${resigned}`, 'tag');
  report.row('signed by another key', ['signature-failed'], await violated(scene, 'resigned', 'signature-failed'));
  for (const name of names) await first.plane.client.delete('apps/v1', 'Deployment', name, shop);
}
