/**
 * A flood from one container, all that it can do for a minute on all processors: what another container does meanwhile is detected completely, the
 * flooder's own executions are counted completely, and what was lost of the rest is shown for the flooder alone. Canaries go on all the while.
 */
import { readFileSync } from 'node:fs';
import type { Output } from '@vedette/model/api/table';
import type { Lab, LabRun } from '../lab.ts';
import { descendants, commandLine } from '../product/product.ts';
import { until } from '../until.ts';
import { floodSeconds, withScene, type Contained, type Scene } from './scene.ts';

type Counts = Readonly<Record<string, number>>;

/** Acts that a rule of the lab (rules.yaml) sees one by one. */
const acts = ['exec', 'open-write', 'open-read', 'rename', 'link', 'symlink', 'unlink', 'mkdir', 'rmdir', 'chmod', 'connect', 'send', 'setuid', 'ptrace', 'memfd', 'bpf', 'mount'] as const;
const arrivalMs = 60_000;

export const flood: Lab = {
  name: 'flood',
  summary: 'One container floods for a minute: what another does is detected, the flooder is counted, losses are its own',
  rows: acts.length + 15,
  parts: {
    sensor: 'no sensor runs: nothing may be detected or counted',
    ring: 'the ring is far too small: detections of the second container must go missing',
  },
  breaks: {
    sensor: ['each rename of the second container is detected', 'executions of the flooder are complete'],
    ring: ['nothing of the second container was lost'],
  },
  run: async (lab: LabRun) => await withScene(lab, async (scene) => await play(scene)),
};

async function detections(scene: Scene, of: Contained): Promise<Counts> {
  const { items } = await scene.client.call('listIncidents', { query: { container: of.name, state: 'all', limit: 200, facets: 'exclude' } });
  const counts: Record<string, number> = {};
  for (const one of items) counts[one.source] = (counts[one.source] ?? 0) + one.count;
  return counts;
}

async function executions(scene: Scene, of: Contained): Promise<number> {
  return (await scene.client.call('listExecutions', { query: { container: of.name, path: '/proof/executed', limit: 1 } })).sum;
}

async function detail(scene: Scene): Promise<Output<'coverageDetail'>> {
  return await scene.client.call('coverageDetail', {});
}

async function doIn(one: Contained, what: 'flooder' | 'proof', seconds: number): Promise<Counts> {
  const { stdout } = await one.container.exec(['/proof/flood', what, String(seconds), '/proof']);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Counts;
}

/** The largest resident size of loader and sensor together, looked at every two seconds until told to stop. */
function watchMemory(scene: Scene): () => number {
  let max = 0;
  const timer = setInterval(() => {
    const sum = descendants(scene.product.pid).filter((pid) => /vedette-loader|sensor\.mjs|sensor\/main/.test(commandLine(pid)) && !commandLine(pid).includes('inventory'))
      .reduce((bytes, pid) => bytes + residentBytes(pid), 0);
    max = Math.max(max, sum);
  }, 2000);
  return () => {
    clearInterval(timer);
    return max;
  };
}

function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function play(scene: Scene): Promise<void> {
  const { report } = scene.lab;
  report.say(`The flood: ${floodSeconds} s`);
  const memory = watchMemory(scene);
  const [flooder, proof] = await Promise.all([doIn(scene.flooder, 'flooder', floodSeconds), doIn(scene.proof, 'proof', floodSeconds)]);
  for (const [act, count] of Object.entries(flooder)) report.figure(`flooder: ${act}`, count);
  await theSecond(scene, proof);
  await theFlooder(scene, flooder);
  await theLosses(scene);
  await afterwards(scene, memory());
}

async function theSecond(scene: Scene, did: Counts): Promise<void> {
  const { report } = scene.lab;
  report.say('The second container: every act is detected');
  const isComplete = async () => {
    const seen = await detections(scene, scene.proof);
    return acts.every((act) => (seen[`flood lab ${act}`] ?? 0) >= (did[act] ?? 0)) ? seen : null;
  };
  const { value, ms } = await until(isComplete, scene.lab.sabotage === null ? arrivalMs : 5000, 1000);
  const seen = value ?? (await detections(scene, scene.proof));
  for (const act of acts) report.row(`each ${act} of the second container is detected`, did[act], seen[`flood lab ${act}`] ?? 0, '', (did[act] ?? 0) >= 20 && seen[`flood lab ${act}`] === did[act]);
  report.figure('all of them were in the API after, ms', ms);
}

async function theFlooder(scene: Scene, did: Counts): Promise<void> {
  const { report } = scene.lab;
  report.say('The flooder');
  const own = did['exec'] ?? 0;
  const { value } = await until(async () => ((await executions(scene, scene.flooder)) >= own ? true : null), scene.lab.sabotage === null ? arrivalMs : 5000, 1000);
  report.row('executions of the flooder are complete', own, await executions(scene, scene.flooder), value === null ? 'they did not arrive' : '');
  report.bound('the flooder executed', 'at least', 2000, own);
  const others = Object.entries(did).filter(([act]) => act !== 'exec').reduce((sum, [, count]) => sum + count, 0);
  report.bound('and did of the rest', 'at least', 500_000, others);
  const seen = await detections(scene, scene.flooder);
  report.bound('rules that saw the flooder', 'at least', acts.length, Object.keys(seen).length);
  report.figure('detections of the flooder that were kept', Object.values(seen).reduce((sum, one) => sum + one, 0));
}

async function theLosses(scene: Scene): Promise<void> {
  const { report } = scene.lab;
  report.say('What was lost, and for whom');
  const { owners, classes } = await detail(scene);
  const sum = (rows: readonly { readonly count: number }[]) => rows.reduce((total, one) => total + one.count, 0);
  const isOf = (one: (typeof owners)[number], of: Contained) => one.containerId === of.name || one.container === of.name;
  const ofFlooder = owners.filter((one) => isOf(one, scene.flooder));
  const others = owners.filter((one) => !isOf(one, scene.flooder));
  for (const one of ofFlooder.slice(0, 12)) report.figure(`lost of the flooder: ${one.eventClass}, ${one.cause}`, one.count);
  report.bound('losses are shown for the flooder', 'at least', 1, sum(ofFlooder));
  report.row('nothing of the second container was lost', [], owners.filter((one) => isOf(one, scene.proof)).map((one) => [one.eventClass, one.cause, one.count]));
  report.row('nothing of anybody else was lost', [], others.filter((one) => !isOf(one, scene.proof)).map((one) => [one.cgroupPath ?? one.containerId, one.eventClass, one.cause, one.count]));
  const vital = ['exec', 'fork', 'exit', 'cgroup-create', 'cgroup-remove', 'cgroup-attach'];
  report.row('no record of an execution, fork, exit or cgroup was lost', [], classes.filter((one) => vital.includes(one.eventClass) && one.losses.length > 0).map((one) => [one.eventClass, one.losses]));
  const byClass = sum(classes.flatMap((one) => one.losses));
  report.row('losses by class and by container are the same sum', byClass, sum(owners));
}

async function afterwards(scene: Scene, rssBytesMax: number): Promise<void> {
  const { report, sabotage } = scene.lab;
  report.say('Afterwards');
  report.bound('memory of loader and sensor during the flood, MiB', 'at most', 400, Math.round(rssBytesMax / 1048576));
  const { value: sings } = await until(async () => {
    const { canaries, classes } = await detail(scene);
    const missing = classes.filter((one) => (one.canaries.missing ?? 0) + (one.canaries.overdue ?? 0) > 0).map((one) => one.eventClass);
    return canaries.alarms === 0 && missing.length === 0 && canaries.sensors === 1 ? true : null;
  }, sabotage === null ? 60_000 : 2000, 1000);
  report.row('every canary sings', true, sings === true, (await detail(scene)).canaries);
  const before = (await detections(scene, scene.proof))['flood lab rename'] ?? 0;
  const did = await doIn(scene.proof, 'proof', 2);
  const { ms, value } = await until(async () => (((await detections(scene, scene.proof))['flood lab rename'] ?? 0) >= before + (did['rename'] ?? 0) ? true : null), 5000, 100);
  report.row('an act after the flood is detected at once', true, value === true, `${ms} ms`);
  const gaps = (await scene.client.call('coverage', {})).gaps.map((one) => one.what);
  report.row('the loss is on the coverage page', true, gaps.some((one) => /lost on/.test(one)), gaps.join('; '));
  const metrics = (await (await fetch(`${scene.product.url}/metrics`)).text()).split('\n');
  report.row('in the hub nobody stood in the way of others', [], metrics.filter((one) => /^vedette_hub_database_again_total\{|^vedette_hub_assess_failures_total [1-9]/.test(one)));
  const spool = (await detail(scene)).tables.find((one) => one.place === 'disk');
  report.bound('what waits in the spool at the end, MiB', 'at most', 32, Math.round((spool?.bytes ?? 0) / 1048576));
}
