/** The same by a bare runc: on overlay as before, on a plain directory nothing is judged and nothing is killed. */
import { existsSync } from 'node:fs';
import { run } from '../containers/run.ts';
import { until } from '../until.ts';
import { findContainer, findIncident, visibleMsMax } from './container-acts.ts';
import { bare, drop, plain, startBare, type Scene } from './scene.ts';

async function init(id: string): Promise<number> {
  return (JSON.parse((await run('runc', ['state', id])).stdout) as { pid: number }).pid;
}

const spawnDropped = `const { spawnSync } = require('node:child_process'); const r = spawnSync('/tmp/dropped'); console.log(JSON.stringify([r.status, r.signal]));`;

export async function bareActs(scene: Scene): Promise<void> {
  const { lab: { report }, image } = scene;
  report.say('A container of a bare runc, on an overlay mount');
  scene.bare = startBare(scene, bare, true);
  const begun = performance.now();
  await scene.bare.start();
  const known = await findContainer(scene, bare, (one) => one.identity !== 'pending');
  report.row('it is known by the annotations of its bundle', ['known', image.platformDigest, 'runc'], [known.value?.identity, known.value?.platformDigest, known.value?.runtime], known.value?.identityReason);
  report.bound('… within 2 s of its start (ms)', 'at most', visibleMsMax, known.value === null ? Number.POSITIVE_INFINITY : Math.round(performance.now() - begun));
  const pid = await init(bare);
  drop(pid, scene.marker, 'dropped');
  const { stdout } = await scene.bare.exec(['/usr/bin/node', '-e', spawnDropped]);
  report.row('a dropped program is killed before its first instruction', ['[null,"SIGKILL"]', false], [stdout.trim(), existsSync(`/proc/${pid}/root/tmp/marker`)]);
  const incident = await findIncident(scene, (one) => one.kind === 'verdict' && one.containerName === bare);
  report.row('… and the verdict is in the API', 'killed', incident.value?.outcome ?? 'not there');
  await scene.bare.exec(['/bin/sh', '-c', 'id']);
  const shell = await findIncident(scene, (one) => one.source === 'Shell in a container' && one.containerName === bare);
  report.row('a shell in it is an incident', bare, shell.value?.containerName ?? 'not there');

  report.say('The same on a root that is not overlay');
  scene.plain = startBare(scene, plain, false);
  await scene.plain.start();
  const there = await findContainer(scene, plain, (one) => one.identity !== 'pending');
  report.row('its root is shown for what it is', true, there.value !== null && there.value.rootFilesystem !== 'overlay', there.value?.rootFilesystem);
  const plainPid = await init(plain);
  drop(plainPid, scene.marker, 'dropped');
  const result = await scene.plain.exec(['/usr/bin/node', '-e', spawnDropped]);
  report.row('a dropped program cannot be judged there, so it is not killed', '[0,null]', result.stdout.trim());
  const counted = await until(async () => {
    const { items } = await scene.client.call('listExecutions', { query: { path: '/tmp/dropped', container: there.value?.id ?? 'none' } });
    return items.length > 0 ? items : null;
  }, visibleMsMax);
  report.row('… and its origin is "unjudged", never "dropped"', ['unjudged'], [...new Set(counted.value?.map((one) => one.origin))], counted.ms);
}
