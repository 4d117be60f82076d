/** Station 1: an image is built and checked in a pipeline; it fails, is mended, passes, and the hub keeps both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { sarifProblems } from '../../check/sarif-schema.ts';
import { vedette, vedetteInHub } from '../command.ts';
import { badTag, goodTag, roadImages, writeFeeds } from '../images.ts';
import type { Scene } from '../scene.ts';

export const commit = '4f2d9c1b7a6e5d4c3b2a19080f7e6d5c4b3a2918';
const pipeline = (run: string) => ({
  GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'shop/cart', GITHUB_SHA: commit, GITHUB_RUN_ID: run, GITHUB_SERVER_URL: 'https://git.example', GITHUB_ACTOR: 'carla', CI: 'true',
});

export async function play(scene: Scene): Promise<void> {
  const { api, lab, registry, facts } = scene;
  const { report, place } = lab;
  const feeds = writeFeeds(join(place, 'hub', 'feeds'));
  facts.feeds = { before: feeds.before.replace(join(place, 'hub'), '/var/lib/vedette'), after: (lab.sabotage === 'feed' ? feeds.before : feeds.after).replace(join(place, 'hub'), '/var/lib/vedette') };
  await vedetteInHub(scene, ['advisories', 'sync', '--from', facts.feeds.before]);
  await vedette(scene, ['advisories', 'sync', '--from', feeds.before], {}, []);
  for (const name of ['no-critical-with-fix']) await api.call('setPolicyMode', { params: { name }, body: { mode: 'enforce' } });
  const { secret } = await api.call('createToken', { body: { name: 'pipeline of the shop', grants: [{ role: 'pipeline', place: 'all' }] } });
  const token = join(place, 'pipeline-token');
  writeFileSync(token, secret, { mode: 0o600 });
  const images = await roadImages();
  facts.images = images;
  const reference = (name: string, tag: string) => `${registry.host}/shop/${name}:${tag}`;
  const check = async (layout: string, name: string, tag: string, run: string) => {
    const sarif = join(place, `${name}-${tag}.sarif`);
    const hub = ['--hub', scene.hub.url, '--token-file', token, '--hub-required', '--advisories', join(place, 'pipeline', 'hub', 'advisories', 'store.sqlite')];
    const trust = ['--trust', registry.host, '--unknown', 'warn'];
    const result = await vedette(scene, ['check', `oci:${layout}`, '--reference', reference(name, tag), ...hub, ...trust, '--report', `sarif=${sarif}`], pipeline(run));
    return { ...result, sarif };
  };
  const bad = await check(images.bad.layout, 'cart', badTag, '1001');
  report.row('an image with a critical package fails the check', 1, bad.code, (bad.stdout + bad.stderr).slice(-1500));
  report.row('and is told which package, vulnerability and fix', true, /minimist/.test(bad.stdout) && /CVE-2021-44906/.test(bad.stdout) && /1\.2\.\d/.test(bad.stdout), bad.stdout.slice(0, 1500));
  report.row('its SARIF is valid against the schema of 2.1.0', [], sarifProblems(JSON.parse(readFileSync(bad.sarif, 'utf8'))));
  const good = await check(images.good.layout, 'cart', goodTag, '1002');
  report.row('the mended one passes', 0, good.code, (good.stdout + good.stderr).slice(-1500));
  await check(images.twin.layout, 'twin', goodTag, '1003');
  const checks = (await api.call('listChecks', { query: { limit: 50 } })).items;
  report.row('the hub keeps the three checks with verdict and commit', ['fail', 'pass', 'pass'], checks.map((one) => one.verdict).sort(), checks, checks.every((one) => one.run.commit === commit) && checks.length === 3);
}
