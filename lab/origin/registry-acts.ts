/** A real registry as its images age: tags that move, manifests that are deleted, and who may read, by password and by token. */
import { join } from 'node:path';
import { htpasswdLine, startRegistry, type Registry } from '../kubernetes/registry.ts';
import { file, link, trace, verdict, type Scene } from './scene.ts';
import { startTokenServer } from './token-server.ts';

export const registryRows = 18;
const account = { user: 'ci', password: 'a password with spaces' };

export async function registryActs(scene: Scene): Promise<void> {
  const { lab: { report }, registry, images } = scene;
  report.say('Images in a real registry, as they age');
  const [one, two] = images;
  const look = async (image: string) => await trace([`${registry.host}/${image}`, '--platform', 'linux/amd64', '--trust', registry.host]);
  await registry.push(one.layout, one.tag, 'age/web:1');
  for (const [name, digest] of [['index', one.indexDigest], ['platform', one.platformDigest]] as const) {
    const told = await look(`age/web:1@${digest}`);
    report.row(`the ${name}'s digest: the tag still leads to it`, 'holds, holds', `${verdict(told, 'tag-moved')}, ${verdict(told, 'missing-in-registry')}`, told.stderr);
  }
  const labelled = await look('age/web:1');
  report.row("the commit, from the image's own label", 'b1946ac92492d2347c6235b4d2611184b1946ac9', link(labelled, 'commit'));
  await registry.push(two.layout, two.tag, 'age/web:1');
  for (const [name, digest] of [['index', one.indexDigest], ['platform', one.platformDigest]] as const) {
    const told = await look(`age/web:1@${digest}`);
    report.row(`the tag is overwritten, the old ${name} is still there`, 'violated, holds, holds', `${verdict(told, 'tag-moved')}, ${verdict(told, 'missing-in-registry')}, ${verdict(told, 'unknown-digest')}`);
  }
  await registry.deleteManifest(`age/web@${one.indexDigest}`);
  const gone = await look(`age/web:1@${one.indexDigest}`);
  report.row('the old manifest is deleted: whether its digest was ever known, nobody was asked', 'violated, violated, unknown: not-configured, 1', `${verdict(gone, 'tag-moved')}, ${verdict(gone, 'missing-in-registry')}, ${verdict(gone, 'unknown-digest')}, ${gone.code}`);
  const left = await look(`age/web:1@${one.platformDigest}`);
  report.row('… and its platform stays behind', 'violated, holds', `${verdict(left, 'tag-moved')}, ${verdict(left, 'missing-in-registry')}`);
  await registry.deleteManifest('age/web:1');
  const nowhere = await look(`age/web:1@${two.indexDigest}`);
  // it did not move: that its image is missing is the one finding
  report.row('a tag that leads nowhere', 'not-applicable, violated', `${verdict(nowhere, 'tag-moved')}, ${verdict(nowhere, 'missing-in-registry')}`);
  await artifactoryActs(scene);
  await accountActs(scene);
}

/** Where a second source is configured, a digest that its registry has lost is known, or known to nobody. */
async function artifactoryActs(scene: Scene): Promise<void> {
  const { lab: { report }, double, registry, target, images } = scene;
  const settings = file(scene, 'artifactory-second.json', { url: double.url, token: target.token });
  const told = await trace([`${registry.host}/age/web@${images[0].indexDigest}`, '--platform', 'linux/amd64', '--artifactory', settings]);
  report.row('a digest that neither its registry nor Artifactory knows', 'violated, violated', `${verdict(told, 'missing-in-registry')}, ${verdict(told, 'unknown-digest')}`);
  const kept = double.content.put('docker-local', 'age/web/1', 'list.manifest.json', 'kept');
  double.content.items = double.content.items.map((one) => (one === kept ? { ...one, sha256: images[0].indexDigest.slice('sha256:'.length) } : one));
  const again = await trace([`${registry.host}/age/web@${images[0].indexDigest}`, '--platform', 'linux/amd64', '--artifactory', settings]);
  report.row('… and one that Artifactory has on record', 'violated, holds', `${verdict(again, 'missing-in-registry')}, ${verdict(again, 'unknown-digest')}`);
}

async function accountActs(scene: Scene): Promise<void> {
  const { lab, tools, stops } = scene;
  lab.report.say('Who may read: password, and token');
  const closed = await startRegistry({ tools, directory: join(lab.place, 'closed'), htpasswd: await htpasswdLine(account) });
  stops.push(async () => await closed.stop());
  await askAs(scene, closed, 'password', 'shop/web');
  const server = await startTokenServer(account, 'public/');
  stops.push(async () => await server.close());
  const withTokens = await startRegistry({ tools, directory: join(lab.place, 'tokens'), token: server });
  stops.push(async () => await withTokens.stop());
  await askAs(scene, withTokens, 'token', 'shop/web');
  await withTokens.push(scene.images[0].layout, scene.images[0].tag, 'public/web:1', account);
  const open = await trace([`${withTokens.host}/public/web:1`, '--platform', 'linux/amd64']);
  lab.report.row('token: what is public is read as nobody', 'holds', verdict(open, 'missing-in-registry'), open.stderr);
  lab.report.row('token: asked for as nobody, for that repository, to pull', true, server.asked.some((one) => one.user === null && one.scope === 'repository:public/web:pull'), server.asked);
}

async function askAs(scene: Scene, registry: Registry, kind: string, repository: string): Promise<void> {
  const { lab: { report }, images } = scene;
  await registry.push(images[0].layout, images[0].tag, `${repository}:1`, account);
  const login = (password: string) => file(scene, `${kind}-${password.length}.json`, { auths: { [registry.host]: { auth: Buffer.from(`${account.user}:${password}`).toString('base64') } } });
  const ask = async (...more: string[]) => await trace([`${registry.host}/${repository}:1`, '--platform', 'linux/amd64', ...more]);
  const right = await ask('--registry-config', login(account.password));
  report.row(`${kind}: the right one`, 'holds', verdict(right, 'missing-in-registry'), right.stderr);
  const wrong = await ask('--registry-config', login('wrong'));
  report.row(`${kind}: a wrong one is no missing image`, '2, unknown: wrong-credentials', `${wrong.code}, ${verdict(wrong, 'missing-in-registry')}`, wrong.stdout);
  report.row(`${kind}: and stands nowhere in what is said`, false, (wrong.stdout + wrong.stderr).includes('wrong"') || right.stdout.includes(account.password));
  const none = await ask();
  // a token server may give a token to nobody; the registry then refuses what it allows
  report.row(`${kind}: none`, '2, unknown: unauthenticated', `${none.code}, ${verdict(none, 'missing-in-registry')}`, none.stdout);
}
