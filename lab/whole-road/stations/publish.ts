/**
 * Station 2: what passed is pushed and signed by a key, once as a signature under a tag and once as a bundle; what nobody signed and what
 * lies in a registry that nobody trusts are pushed too. Artifactory says which build made the image.
 */
import { mkdirSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../containers/run.ts';
import { startRegistry } from '../../kubernetes/registry.ts';
import { goodTag } from '../images.ts';
import type { Scene } from '../scene.ts';
import { commit } from './build.ts';

export async function cosign(scene: Scene, place: string, args: readonly string[]): Promise<void> {
  await run(scene.tools.cosign, args, { cwd: place, env: { COSIGN_PASSWORD: '' }, timeoutMs: 120_000 });
}

async function keyPair(scene: Scene, name: string): Promise<string> {
  const place = join(scene.lab.place, `keys-${name}`);
  mkdirSync(place, { recursive: true });
  await cosign(scene, place, ['generate-key-pair']);
  return place;
}

export async function sign(scene: Scene, keys: string, image: string, form: 'tag' | 'bundle'): Promise<void> {
  const bundle = form === 'bundle' ? ['--new-bundle-format=true'] : ['--new-bundle-format=false'];
  await cosign(scene, keys, ['sign', '--key', 'cosign.key', '--tlog-upload=false', '--allow-http-registry', '--allow-insecure-registry', '--yes', ...bundle, image]);
}

/** What the build said of itself to Artifactory, and that this image is of it. */
export function buildInfo(scene: Scene) {
  return {
    name: 'cart', number: '1002', started: '2026-11-23T05:00:00.000+0000', url: 'https://git.example/shop/cart/actions/runs/1002', principal: 'carla',
    vcs: [{ revision: commit, url: 'https://git.example/shop/cart', branch: 'main' }],
    modules: [{ id: `cart:${goodTag}`, artifacts: [{ sha256: scene.facts.images!.good.indexDigest.slice(7) }] }],
  };
}

/** As Artifactory lays an image out: the tag's folder holds the index, and its properties name the build. */
function inArtifactory(scene: Scene, layout: string, digest: string, name: string, build: { readonly name: string; readonly number: string }): void {
  const { content } = scene.artifactory;
  content.repository('docker-local');
  const bytes = readFileSync(join(layout, 'blobs', 'sha256', digest.slice(7)), 'utf8');
  content.put('docker-local', `shop/${name}/${goodTag}`, 'list.manifest.json', bytes, { 'docker.manifest': goodTag, 'docker.manifest.digest': digest, 'docker.repoName': `shop/${name}`, 'build.name': build.name, 'build.number': build.number });
}

export async function play(scene: Scene): Promise<void> {
  const { api, artifactory, facts, lab, registry } = scene;
  const { report, place } = lab;
  const { good, twin } = facts.images!;
  const goodDigest = await registry.push(good.layout, goodTag, `shop/cart:${goodTag}`);
  const twinDigest = await registry.push(twin.layout, goodTag, `shop/twin:${goodTag}`);
  await registry.push(twin.layout, goodTag, `shop/unsigned:${goodTag}`);
  const elsewhere = await startRegistry({ tools: scene.tools, directory: join(place, 'elsewhere'), address: scene.first.plane.slot.address(null), port: 5001 });
  scene.stops.push(async () => await elsewhere.stop());
  await elsewhere.push(good.layout, goodTag, `shop/cart:${goodTag}`);
  report.row('the registry has what was built, by its digest', [good.indexDigest, twin.indexDigest], [goodDigest, twinDigest]);
  const keys = await keyPair(scene, 'release');
  await sign(scene, keys, `${registry.host}/shop/cart@${goodDigest}`, 'tag');
  await sign(scene, keys, `${registry.host}/shop/twin@${twinDigest}`, 'bundle');
  await sign(scene, keys, `${elsewhere.host}/shop/cart@${goodDigest}`, 'tag');
  facts.keys = keys;
  facts.elsewhere = elsewhere;
  artifactory.content.publish(buildInfo(scene));
  inArtifactory(scene, good.layout, goodDigest, 'cart', buildInfo(scene));
  await api.call('putIntegration', { params: { name: 'registry' }, body: { kind: 'registry', settings: { host: registry.host, plainHttp: true, trusted: ['*'] } } });
  await api.call('putIntegration', { params: { name: 'elsewhere' }, body: { kind: 'registry', settings: { host: elsewhere.host, plainHttp: true, trusted: [] } } });
  await api.call('putIntegration', { params: { name: 'release-key' }, body: { kind: 'cosign-key', settings: { pem: readFileSync(join(keys, 'cosign.pub'), 'utf8') } } });
  await api.call('putIntegration', { params: { name: 'artifactory' }, body: { kind: 'artifactory', settings: { url: `${artifactory.url}/artifactory` }, secret: 'admin-token' } });
  for (const name of ['registry', 'artifactory']) {
    const test = await api.call('testIntegration', { params: { name } });
    report.row(`the hub reaches ${name}`, true, test.ok, test);
  }
}
