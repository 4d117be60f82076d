/** From the kernel to the API, over a few hundred acts: how long until an act can be read there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../report.ts';
import { findIncident } from './container-acts.ts';
import { web, type Scene } from './scene.ts';

const acts = 200;

export async function delays(scene: Scene): Promise<void> {
  const { lab: { report }, client, containerd } = scene;
  report.say(`The delay from kernel to API over ${acts} acts`);
  report.progress('one shell every 137 ms, for half a minute');
  // one long-lived process of the container starts a shell at each line it reads, so that an act costs no new session
  const script = `const { execFileSync } = require('node:child_process'); let n = 0; const timer = setInterval(() => { execFileSync('/bin/sh', ['-c', 'true']); console.log(Date.now()); if (++n === ${acts}) clearInterval(timer); }, 137);`;
  const incident = await findIncident(scene, (one) => one.source === 'Shell in a container' && one.containerName === web, 3000);
  const before = incident.value?.count ?? 0;
  const running = containerd.exec(web, ['/usr/bin/node', '-e', script]);
  const seenAt: number[] = [];
  const deadline = Date.now() + acts * 137 + 20_000;
  let ended = false;
  void running.then(() => (ended = true), () => (ended = true));
  let last = before;
  while (seenAt.length < acts && Date.now() < deadline) {
    const { items } = await client.call('listIncidents', { query: { limit: 200 } });
    const now = Date.now();
    const count = items.filter((one) => one.source === 'Shell in a container' && one.containerName === web).reduce((sum, one) => sum + one.count, 0);
    for (; last < count; last++) seenAt.push(now);
    if (ended && seenAt.length >= acts) break;
    await sleep(10);
  }
  const actedAt = (await running).stdout.trim().split('\n').map(Number);
  const each = actedAt.map((at, index) => (seenAt[index] ?? Number.POSITIVE_INFINITY) - at);
  report.row('every act arrived, each once', acts, seenAt.length, `${actedAt.length} acts`);
  report.figure('delay kernel → API p50 (ms)', percentile(each, 0.5));
  report.figure('delay kernel → API p99 (ms)', percentile(each, 0.99));
  report.bound('the delay is at most 2 s in 99 of 100 acts (ms)', 'at most', 2000, percentile(each, 0.99));
}
