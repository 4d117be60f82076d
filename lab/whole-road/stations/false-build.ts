/**
 * Station 6: Artifactory's build info of the image is replaced by one that is not true. Nobody can know which side lies: both claims stay on
 * the chain with their sources, it says that they contradict one another, and what was confirmed before is only claimed.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../until.ts';
import { vedette } from '../command.ts';
import type { Scene } from '../scene.ts';
import { commit } from './build.ts';
import { buildInfo } from './publish.ts';

const falseCommit = 'badc0ffee0ddf00dbadc0ffee0ddf00dbadc0ffe';
const falseRun = 'https://git.example/somebody/else/actions/runs/6666';

export async function play(scene: Scene): Promise<void> {
  const { api, artifactory, facts, lab, hub } = scene;
  const { report } = lab;
  const image = facts.cart!.image ?? '';
  const chain = async () => {
    const traced = await api.call('trace', { query: { image } });
    const link = (station: string) => traced.chain.find((one) => one.station === station);
    return { id: traced.image?.id ?? '', commit: link('commit'), build: link('build') };
  };
  const asked = async (state: string) => {
    await until(async () => {
      await api.call('askImage', { params: { id: (await chain()).id } });
      return (await chain()).commit?.state === state;
    }, 20_000, 1000);
    return await chain();
  };
  const before = await chain();
  if (lab.sabotage !== 'build-info') artifactory.content.publish({ ...buildInfo(scene), url: falseRun, vcs: [{ revision: falseCommit, url: 'https://git.example/somebody/else', branch: 'main' }] });
  const after = await asked('conflict');
  report.row('false build info: both commits are claimed, and contradict one another', ['conflict', [commit, falseCommit].sort()], [after.commit?.state, after.commit?.claims.map((one) => one.text).sort()], after.commit, after.commit?.state === 'conflict' && after.commit.claims.length === 2 && after.commit.conflicts.some((one) => one.includes(commit) && one.includes(falseCommit)));
  report.row('and so do both runs', 'conflict', after.build?.state ?? 'no build', after.build, after.build?.state === 'conflict' && after.build.claims.length === 2 && after.build.conflicts.some((one) => one.includes(falseRun) && one.includes('/shop/cart/actions/runs/1002')));
  report.row('what was confirmed is only claimed', [['recorded', 'recorded'], ['claimed', 'claimed']], [before, after].map((one) => [one.commit?.confidence, one.build?.confidence]));
  const listed = (await api.call('listImages', { query: { search: 'shop/cart:', limit: 50 } })).items.find((one) => one.id === after.id);
  report.row('the list of images says it too', true, (listed?.conflicts.length ?? 0) > 0, listed?.conflicts);
  const token = join(lab.place, 'false-build-token');
  writeFileSync(token, (await api.call('createToken', { body: { name: 'reader of contradictions', grants: [{ role: 'viewer', place: 'all' }] } })).secret, { mode: 0o600 });
  const said = await vedette(scene, ['trace', image, '--hub', hub.url, '--token-file', token]);
  const line = said.stdout.split('\n').find((one) => one.includes('conflict:') && one.includes(commit) && one.includes(falseCommit));
  report.row('vedette trace says which commits contradict, and ends with 1', [1, true], [said.code, line !== undefined], said.stdout + said.stderr);
  artifactory.content.publish(buildInfo(scene));
  const again = await asked('known');
  report.row('with the true one they agree again', ['known', 'recorded', 1], [again.commit?.state, again.commit?.confidence, again.commit?.agreements.length], again.commit);
}
