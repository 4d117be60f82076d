/** Real cosign and a real registry: every form that a signature takes, and what is wrong with one, as `vedette trace` tells it. */
import { createHash } from 'node:crypto';
import { cosign, file, link, path, trace, verdict, type Scene, type Told } from './scene.ts';

const flags = ['--yes', '--tlog-upload=false', '--allow-http-registry'];

function judged(told: Told): string {
  return `unsigned ${verdict(told, 'unsigned')}, signature-failed ${verdict(told, 'signature-failed')}, exit ${told.code}`;
}
const signed = 'unsigned holds, signature-failed holds, exit 0';
const failed = 'unsigned holds, signature-failed violated, exit 1';
const unsigned = 'unsigned violated, signature-failed not-applicable, exit 1';

async function look(scene: Scene, image: string, key = 'cosign.pub'): Promise<Told> {
  return await trace([image, '--platform', 'linux/amd64', '--key', path(scene, key), '--trust', scene.registry.host]);
}

function sentence(told: Told): string {
  return told.verdicts.filter((one) => one.kind === 'unsigned' || one.kind === 'signature-failed').map((one) => one.sentence).join(' | ') + told.stderr;
}

/** Pushes image `which` of the scene; `host/repository@digest`. */
async function push(scene: Scene, repository: string, which = 0): Promise<string> {
  const image = scene.images[which]!;
  return `${scene.registry.host}/${repository}@${await scene.registry.push(image.layout, image.tag, `${repository}:1`)}`;
}

export const signatureRows = 20;

/** A sabotage takes what the rows stand on: the key that signs is another one. */
function signingKey(scene: Scene): string {
  return path(scene, scene.lab.sabotage === 'key' ? 'other.key' : 'cosign.key');
}

export async function signatureActs(scene: Scene): Promise<void> {
  const { lab: { report } } = scene;
  report.say('Signatures by cosign v2.6.5 in a real registry');
  const sign = async (image: string, more: readonly string[] = [], env = {}) => await cosign(scene, ['sign', ...flags, '--key', signingKey(scene), ...more, image], env);

  const tagged = await push(scene, 'shop/tagged');
  report.row('nothing is signed yet', unsigned, judged(await look(scene, tagged)));
  await sign(tagged, ['-a', 'pipeline=7']);
  const byTag = await look(scene, tagged);
  report.row('a signature under its tag', signed, judged(byTag), sentence(byTag));
  report.row('… with whom, and what the signer added', /^.*cosign\.pub \(key [0-9a-f]{16}…\) signature tag 7$/, `${link(byTag, 'signer')} ${detail(byTag, 'form')} ${detail(byTag, 'pipeline')}`);
  report.row('… and by another key', failed, judged(await look(scene, tagged, 'other.pub')));
  report.row('… and cosign says the same of it', '0, other key 1', `${(await verified(scene, tagged, 'cosign.pub')) ? 0 : 1}, other key ${(await verified(scene, tagged, 'other.pub')) ? 0 : 1}`);

  const bundled = await push(scene, 'shop/bundled');
  await sign(bundled, ['--new-bundle-format']);
  const byBundle = await look(scene, bundled);
  report.row('a signature as a bundle', `${signed}, bundle`, `${judged(byBundle)}, ${detail(byBundle, 'form')}`, sentence(byBundle));
  report.row('… and by another key', failed, judged(await look(scene, bundled, 'other.pub')));

  const referrer = await push(scene, 'shop/referrer');
  await sign(referrer, ['--registry-referrers-mode=oci-1-1'], { COSIGN_EXPERIMENTAL: '1' });
  const byReferrer = await look(scene, referrer);
  report.row('a signature as a referrer', `${signed}, referrer`, `${judged(byReferrer)}, ${detail(byReferrer, 'form')}`, sentence(byReferrer));

  const recursive = await push(scene, 'shop/recursive');
  await sign(recursive, ['--recursive']);
  report.row('the platform alone, where it was signed with the index', signed, judged(await look(scene, `${scene.registry.host}/shop/recursive@${scene.images[0].platformDigest}`)));
  const platform = `${scene.registry.host}/shop/tagged:1@${scene.images[0].platformDigest}`;
  report.row("the platform's digest, as a container may carry it, with its tag: the index's signature counts", signed, judged(await look(scene, platform)));

  await attestationActs(scene, sign);
  await forgedActs(scene, tagged);
}

async function attestationActs(scene: Scene, sign: (image: string, more?: readonly string[]) => Promise<unknown>): Promise<void> {
  const { lab: { report } } = scene;
  const predicate = file(scene, 'predicate.json', { builder: 'lab' });
  for (const [name, more] of [['attested', []], ['attested-bundle', ['--new-bundle-format']]] as const) {
    const image = await push(scene, `shop/${name}`);
    await cosign(scene, ['attest', ...flags, '--key', path(scene, 'cosign.key'), '--type', 'custom', '--predicate', predicate, ...more, image]);
    const told = await look(scene, image);
    report.row(`an attestation${more.length === 0 ? '' : ' as a bundle'} is no signature`, unsigned, judged(told), sentence(told));
    await sign(image, more);
    const both = await look(scene, image);
    report.row('… and does not stand in the way of one', signed, judged(both), sentence(both));
  }
}

/** What nobody signed so: a payload that was changed, a signature taken from another image, garbage under the tag. */
async function forgedActs(scene: Scene, tagged: string): Promise<void> {
  const { lab: { report }, registry } = scene;
  const digest = tagged.split('@')[1]!;
  const tagOf = (one: string) => `${one.replace(':', '-')}.sig`;
  const other = await push(scene, 'shop/tagged', 1);
  await registry.copy(`shop/tagged:${tagOf(digest)}`, `shop/tagged:${tagOf(other.split('@')[1]!)}`);
  const borrowed = await look(scene, other);
  report.row('a signature that was made for another image', failed, judged(borrowed), sentence(borrowed));
  report.row('… is told from one by another key', true, /good but for another image/.test(sentence(borrowed)), sentence(borrowed));

  const changed = await push(scene, 'shop/changed');
  await registry.copy(`shop/tagged:${tagOf(digest)}`, `shop/changed:${tagOf(digest)}`);
  report.row('the same digest in another repository keeps its signature', signed, judged(await look(scene, changed)));
  await changePayload(scene, 'shop/changed', tagOf(digest));
  const tampered = await look(scene, changed);
  report.row('a payload that was changed after signing', failed, judged(tampered), sentence(tampered));
  report.row('… cosign says the same of it', false, await verified(scene, changed, 'cosign.pub'));

  const index = scene.images[2];
  const odd = await push(scene, 'shop/odd', 2);
  await registry.push(index.layout, index.tag, `shop/odd:${tagOf(index.indexDigest)}`);
  const garbage = await look(scene, odd);
  report.row('an image where its signature should be', failed, judged(garbage), sentence(garbage));
}

function detail(told: Told, name: string): string {
  return told.chain.find((one) => one.station === 'signer')?.claims[0]?.value.details[name] ?? 'none';
}

async function verified(scene: Scene, image: string, key: string): Promise<boolean> {
  return await cosign(scene, ['verify', '--key', path(scene, key), '--insecure-ignore-tlog', '--allow-http-registry', image]).then(() => true, () => false);
}

interface Layer {
  digest: string;
  size: number;
}

/** The signature's manifest with another payload under the old signature. */
async function changePayload({ registry }: Scene, repository: string, tag: string): Promise<void> {
  const at = `${registry.url}/v2/${repository}`;
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = (await (await fetch(`${at}/manifests/${tag}`, { headers: { accept: type } })).json()) as { layers: Layer[] };
  const layer = manifest.layers[0]!;
  const payload = await (await fetch(`${at}/blobs/${layer.digest}`)).text();
  const changed = Buffer.from(payload.replace('"pipeline":"7"', '"pipeline":"8"'));
  Object.assign(layer, { digest: `sha256:${createHash('sha256').update(changed).digest('hex')}`, size: changed.length });
  const begun = await fetch(`${at}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(begun.headers.get('location') ?? '', registry.url);
  place.searchParams.set('digest', layer.digest);
  const stored = await fetch(place, { method: 'PUT', body: changed, headers: { 'content-type': 'application/octet-stream' } });
  const put = await fetch(`${at}/manifests/${tag}`, { method: 'PUT', body: JSON.stringify(manifest), headers: { 'content-type': type } });
  if (payload === changed.toString() || !stored.ok || !put.ok) throw new Error(`the payload could not be changed: ${stored.status}, ${put.status}`);
}
