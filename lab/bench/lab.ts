/**
 * What the sensor costs: processor time per event through loader, pipe, decode and enrich; an exec storm with and without
 * it; memory of both processes; and whether the fastest storms that both cores can make lose anything that must arrive.
 * Figures are ratios or per-event costs of one run, interleaved; aims are marked and may be missed with a reason.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../containers/run.ts';
import { actsProgram } from '../kernel/acts.ts';
import type { Lab, LabRun } from '../lab.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { Product } from '../product/product.ts';
import { percentile } from '../report.ts';
import { measured, tinyProgram } from './measured.ts';

const stormSeconds = 10;
const pairs = 5;
const perPair = 3000;
const openFiles = 20_000;

async function acts(...args: string[]): Promise<string> {
  return (await run(actsProgram(), ['-', ...args], { timeoutMs: 120_000 })).stdout.trim();
}

async function openCost({ report, place }: LabRun): Promise<void> {
  report.say('Processor time per open (every path misses the cache)');
  const directory = join(place, 'files');
  mkdirSync(directory, { recursive: true });
  // the files are made first, so that the storm only opens
  await acts('storm-open', directory, '1', String(openFiles));
  const costs: Record<'frame' | 'full', number[]> = { frame: [], full: [] };
  for (let pair = 0; pair < 3; pair++) {
    for (const mode of pair % 2 === 0 ? (['frame', 'full'] as const) : (['full', 'frame'] as const)) {
      const { seen, loaderCpuUs, sensorCpuUs, events } = await measured(mode, {}, async () => void (await acts('storm-open', directory, '3', String(openFiles))));
      costs[mode].push((loaderCpuUs + sensorCpuUs) / events);
      if (mode === 'full') report.figure(`pair ${pair}: opens, loader µs, sensor µs`, `${seen.counts['open-write'] ?? 0}, ${(loaderCpuUs / events).toFixed(2)}, ${(sensorCpuUs / events).toFixed(2)}`);
    }
  }
  const median = percentile(costs.full, 0.5);
  report.figure('µs CPU per open, framing only (baseline)', Number(percentile(costs.frame, 0.5).toFixed(2)));
  report.figure('µs CPU per open, decoded and enriched', Number(median.toFixed(2)));
  report.bound('aim: µs CPU per open', 'at most', 0.9, Number(median.toFixed(2)));
}

async function execCost({ report, place }: LabRun): Promise<void> {
  report.say('Processor time per execution and exit');
  const tiny = tinyProgram(place);
  const costs: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    const { seen, loaderCpuUs, sensorCpuUs } = await measured('full', {}, async () => void (await acts('storm-exec', tiny, '3', 'a')));
    costs.push((loaderCpuUs + sensorCpuUs) / ((seen.counts['exec'] ?? 0) + (seen.counts['exit'] ?? 0)));
    report.figure(`turn ${turn}: execs, loader µs, sensor µs per event`, `${seen.counts['exec']}, ${(loaderCpuUs / (seen.counts['exec']! * 2)).toFixed(2)}, ${(sensorCpuUs / (seen.counts['exec']! * 2)).toFixed(2)}`);
  }
  report.bound('aim: µs CPU per exec or exit event (forks come on top unpaid)', 'at most', 3, Number(percentile(costs, 0.5).toFixed(2)));
}

async function storms({ report, place, sabotage }: LabRun): Promise<void> {
  report.say(`The fastest storms of both cores, ${stormSeconds} s each`);
  const tiny = tinyProgram(place);
  let executed = 0;
  const execs = await measured('full', sabotage === 'ring' ? { ringBytes: 65536 } : {}, async () => {
    const done = await Promise.all(['a', 'b'].map(async (worker) => Number(await acts('storm-exec', tiny, String(stormSeconds), worker))));
    executed = done[0]! + done[1]!;
  });
  const marks = Object.values(execs.seen.marksSeen).reduce((sum, one) => sum + one, 0);
  report.figure('executions a second', Math.round(executed / stormSeconds));
  report.row("every execution's mark arrived", executed, marks, execs.seen.losses);

  const watched = join(place, 'watched');
  const flood = join(place, 'files');
  for (const one of [watched, flood]) mkdirSync(one, { recursive: true });
  let opened = 0;
  const opens = await measured('full', sabotage === 'interest' ? {} : { watched }, async () => {
    const floods = ['', ''].map(async () => Number(await acts('storm-open', flood, String(stormSeconds), '8')));
    await acts('open-spread', watched, '1000', String(stormSeconds - 1));
    opened = (await Promise.all(floods)).reduce((sum, one) => sum + one, 0);
  });
  const lost = opens.seen.losses.reduce((sum, one) => sum + one.count, 0);
  report.figure('opens a second', Math.round(opened / stormSeconds));
  report.figure('opens of the flood that were refused, counted', lost);
  report.row('every open for writing of 1,000 watched paths arrived', 1000, opens.seen.watched, opens.seen.losses);
  report.bound('arrived and counted lost add up to what was opened', 'at least', opened + 1000, (opens.seen.counts['open-write'] ?? 0) + lost);
}

async function stormRatio({ report, place }: LabRun): Promise<void> {
  report.say(`${perPair} executions with the whole product's sensor and without, ${pairs} pairs`);
  const state = join(place, 'state');
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { recursive: true });
  chmodSync(place, 0o755);
  const tiny = tinyProgram(place);
  const hub = new Product({ state: join(state, 'hub'), port: 7465, args: ['--no-sensor'] });
  await hub.start();
  const client = await hub.client();
  const time = async (): Promise<number> => {
    const begun = performance.now();
    await acts('execs', tiny, String(perPair), '0');
    return performance.now() - begun;
  };
  const ratios: number[] = [];
  let rssMib = 0;
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const withSensor = async (): Promise<number> => {
        const { token } = await client.call('createJoinToken', { body: {} });
        const sensor = new JoinedSensor({ state: join(state, `sensor-${pair}`), token });
        try {
          await sensor.start();
          await sleep(2500);
          const ms = await time();
          rssMib = Math.max(rssMib, (rssKib(sensor.loaderPid) + rssKib(sensor.sensorPid)) / 1024);
          return ms;
        } finally {
          await sensor.stop();
        }
      };
      const [a, b] = pair % 2 === 0 ? [await time(), await withSensor()] : [await withSensor(), await time()];
      const ratio = pair % 2 === 0 ? b / a : a / b;
      ratios.push(ratio);
      report.figure(`pair ${pair}`, `×${ratio.toFixed(3)}`);
    }
  } finally {
    await hub.stop();
  }
  report.bound('aim: executions with the sensor against without (median ratio)', 'at most', 1.05, Number(percentile(ratios, 0.5).toFixed(3)), ratios);
  report.bound('aim: RSS of loader and sensor (MiB)', 'at most', 110, Math.round(rssMib));
}

function rssKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}

export const bench: Lab = {
  name: 'bench',
  summary: 'What the sensor costs, and whether storms lose what must arrive',
  rows: 7,
  parts: {
    interest: 'nobody says which paths matter: some of their opens are refused in the flood',
    ring: 'a ring of 64 KiB: executions are lost',
  },
  async run(lab: LabRun): Promise<void> {
    mkdirSync(lab.place, { recursive: true });
    await storms(lab);
    await openCost(lab);
    await execCost(lab);
    await stormRatio(lab);
    rmSync(lab.place, { recursive: true, force: true });
  },
};
