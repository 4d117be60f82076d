/**
 * What the sensor costs: the loads of any host with and without it, beside Falco's figures; how soon it alerts and starts; replay; processor time per event through loader, pipe, decode and enrich; an exec storm with and without
 * it; memory of both processes; and whether the fastest storms that both cores can make lose anything that must arrive.
 * Figures are ratios or per-event costs of one run, interleaved; aims are marked and may be missed with a reason.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatJoinToken } from '@vedette/link/transport/join-token';
import { SampleHub } from '@vedette/link/transport/hub-sample';
import { run } from '../containers/run.ts';
import { actsProgram } from '../kernel/acts.ts';
import type { Lab, LabRun } from '../lab.ts';
import { JoinedSensor } from '../product/joined-sensor.ts';
import { percentile, type LabReport } from '../report.ts';
import { checkCost } from './check.ts';
import { loadCost } from './cost.ts';
import { footprint } from './footprint.ts';
import { latency } from './latency.ts';
import { replays } from './replays.ts';
import { admissionCost } from './admission.ts';
import { feedToStop } from './feed-to-stop.ts';
import { measured, tinyProgram, type Seen } from './measured.ts';
import { traceCost } from './trace.ts';

const stormSeconds = 10;
const pairs = 5;
const perPair = 3000;
const openFiles = 20_000;
const smallRingBytes = 1 << 18;

async function acts(...args: string[]): Promise<string> {
  return (await run(actsProgram(), ['-', ...args], { timeoutMs: 120_000 })).stdout.trim();
}

async function openCost({ report, place }: LabRun): Promise<void> {
  report.say('Processor time per open (every path misses the cache)');
  const directory = join(place, 'files');
  mkdirSync(directory, { recursive: true });
  const storm = async (): Promise<void> => void (await acts('storm-open', directory, '3', String(openFiles)));
  // the files are made first, so that the storm only opens
  await acts('storm-open', directory, '1', String(openFiles));
  report.aim('µs CPU per open', 0.9, await costPerEvent(report, 'opens', storm));
}

/** An execution is three events: fork, exec and exit. All of them are decoded, enriched and counted. */
async function execCost({ report, place }: LabRun): Promise<void> {
  report.say('Processor time per event of executions');
  const tiny = tinyProgram(place);
  const storm = async (): Promise<void> => void (await acts('storm-exec', tiny, '3', 'a'));
  report.aim('µs CPU per event of fork, exec and exit', 3, await costPerEvent(report, 'executions', storm));
}

/** Median of loader and sensor together, against a sensor that only follows the frames; in pairs that change their order. */
async function costPerEvent(report: LabReport, what: string, storm: () => Promise<void>): Promise<number> {
  const costs: Record<'frame' | 'full', number[]> = { frame: [], full: [] };
  for (let pair = 0; pair < 3; pair++) {
    for (const mode of pair % 2 === 0 ? (['frame', 'full'] as const) : (['full', 'frame'] as const)) {
      const { loaderCpuUs, sensorCpuUs, events } = await measured(mode, { warmUp: storm }, storm);
      costs[mode].push((loaderCpuUs + sensorCpuUs) / events);
      if (mode === 'full') report.figure(`pair ${pair}: events, loader µs, sensor µs`, `${events}, ${(loaderCpuUs / events).toFixed(2)}, ${(sensorCpuUs / events).toFixed(2)}`);
    }
  }
  report.figure(`${what}: µs CPU per event, framing only (baseline)`, Number(percentile(costs.frame, 0.5).toFixed(2)));
  return Number(percentile(costs.full, 0.5).toFixed(2));
}

async function execStorm({ report, place, sabotage }: LabRun): Promise<void> {
  report.say(`The fastest storm of executions on both cores, ${stormSeconds} s`);
  const tiny = tinyProgram(place);
  let executed = 0;
  const { seen } = await measured('full', sabotage === 'ring' ? { ringBytes: 65536 } : {}, async () => {
    const done = await Promise.all(['a', 'b'].map(async (worker) => Number(await acts('storm-exec', tiny, String(stormSeconds), worker))));
    executed = done[0]! + done[1]!;
  });
  const marks = Object.values(seen.marksSeen).reduce((sum, one) => sum + one, 0);
  report.figure('executions a second', Math.round(executed / stormSeconds));
  report.row("every execution's mark arrived", executed, marks, seen.losses);
}

/** Twice: with the ring as it is, and with one so small that the flood fills it, where only interest saves what matters. */
async function openStorms(run: LabRun): Promise<void> {
  const { report, sabotage } = run;
  report.say(`The fastest storm of opens on both cores, ${stormSeconds} s`);
  const usual = await openStorm(run, {});
  report.figure('opens a second', Math.round(usual.opened / stormSeconds));
  report.figure('opens of the flood that were refused, counted', usual.lost);
  report.row('every open for writing of 1,000 watched paths arrived', 1000, usual.watched, usual.losses);
  report.bound('arrived and counted lost add up to what was opened', 'at least', usual.opened + 1000, usual.arrived + usual.lost);

  report.say(`The same with a ring of ${smallRingBytes >> 10} KiB, ${stormSeconds} s`);
  const full = await openStorm(run, { ringBytes: smallRingBytes, isBlind: sabotage === 'interest' });
  report.bound('opens of the flood that were refused, counted', 'at least', 1, full.lost, full.losses);
  report.row('every open for writing of 1,000 watched paths arrived through the full ring', 1000, full.watched, full.losses);
  report.bound('arrived and counted lost add up with the full ring too', 'at least', full.opened + 1000, full.arrived + full.lost);
}

interface OpenStorm {
  readonly opened: number;
  readonly arrived: number;
  readonly lost: number;
  readonly watched: number;
  readonly losses: Seen['losses'];
}

async function openStorm({ place }: LabRun, { ringBytes, isBlind = false }: { readonly ringBytes?: number; readonly isBlind?: boolean }): Promise<OpenStorm> {
  const watched = join(place, 'watched');
  const flood = join(place, 'files');
  for (const one of [watched, flood]) mkdirSync(one, { recursive: true });
  let opened = 0;
  const { seen } = await measured('full', { ...(ringBytes === undefined ? {} : { ringBytes }), ...(isBlind ? {} : { watched }) }, async () => {
    const floods = ['', ''].map(async () => Number(await acts('storm-open', flood, String(stormSeconds), '8')));
    await acts('open-spread', watched, '1000', String(stormSeconds - 1));
    opened = (await Promise.all(floods)).reduce((sum, one) => sum + one, 0);
  });
  const lost = seen.losses.reduce((sum, one) => sum + one.count, 0);
  return { opened, arrived: seen.counts['open-write'] ?? 0, lost, watched: seen.watched, losses: seen.losses };
}

/**
 * With the whole sensor, shipping included, to a hub that only says yes: the real one's database belongs on another machine,
 * and here it would take the processors that are measured.
 */
async function stormRatio({ report, place }: LabRun): Promise<void> {
  report.say(`${perPair} executions with the whole sensor and without, ${pairs} pairs`);
  const state = join(place, 'sensor');
  chmodSync(place, 0o755);
  const hub = await SampleHub.create();
  await hub.start();
  const ratios = { ordinary: [] as number[], tiny: [] as number[] };
  let rssMib = 0;
  const timeBoth = async (): Promise<{ ordinary: number; tiny: number }> => ({ ordinary: await timeOf('/bin/true'), tiny: await timeOf(tinyProgram(place)) });
  const withSensor = async (): Promise<{ ordinary: number; tiny: number }> => {
    const sensor = new JoinedSensor({ state, token: formatJoinToken(hub.token()) });
    try {
      await sensor.start();
      await sleep(2500);
      const times = await timeBoth();
      rssMib = Math.max(rssMib, (rssKib(sensor.loaderPid) + rssKib(sensor.sensorPid)) / 1024);
      return times;
    } finally {
      await sensor.stop();
    }
  };
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const [first, second] = pair % 2 === 0 ? [await timeBoth(), await withSensor()] : [await withSensor(), await timeBoth()];
      const [without, having] = pair % 2 === 0 ? [first, second] : [second, first];
      ratios.ordinary.push(having.ordinary / without.ordinary);
      ratios.tiny.push(having.tiny / without.tiny);
      report.figure(`pair ${pair}`, `×${ratios.ordinary.at(-1)!.toFixed(3)}; a program that does nothing ×${ratios.tiny.at(-1)!.toFixed(3)}`);
    }
  } finally {
    await hub.kill();
  }
  report.bound('the hub got what was executed: batches', 'at least', pairs, hub.applied.length);
  report.figure('the same with a static program that only exits: the worst case, ×', Number(percentile(ratios.tiny, 0.5).toFixed(3)));
  report.aim('executions of /bin/true with the sensor against without (median ratio)', 1.05, Number(percentile(ratios.ordinary, 0.5).toFixed(3)), ratios.ordinary);
  report.aim('RSS of loader and sensor (MiB)', 110, Math.round(rssMib));
}

async function timeOf(program: string): Promise<number> {
  const begun = performance.now();
  await acts('execs', program, String(perPair), '0');
  return performance.now() - begun;
}

function rssKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
}

/** What can be asked for alone, by `--only`, in this order. */
const steps: Readonly<Record<string, (lab: LabRun) => Promise<void>>> = {
  'cost': async (lab) => await loadCost(lab, { pairs: numberOf(lab, 'pairs', 11), scale: numberOf(lab, 'scale', 0.35) }),
  'latency': async (lab) => await latency(lab, numberOf(lab, 'acts', 500)),
  'footprint': footprint,
  'replay': async (lab) => await replays(lab, numberOf(lab, 'scale', 1)),
  'exec-storm': execStorm,
  'open-storms': openStorms,
  'check': async (lab) => await checkCost({ ...lab, place: join(lab.place, 'check') }),
  'open-cost': openCost,
  'exec-cost': execCost,
  'exec-ratio': stormRatio,
  'feed-to-stop': feedToStop,
  'admission': admissionCost,
  'trace': async (lab) => await traceCost(lab.report),
};

function numberOf({ options = {} }: LabRun, name: string, usual: number): number {
  const given = options[name];
  const value = given === undefined ? usual : Number(given);
  if (!(value > 0 && value <= 10_000)) throw new RangeError(`--${name} must be a number above 0, not ${given ?? ''}`);
  return value;
}

function chosen({ options = {}, sabotage }: LabRun): readonly string[] {
  if (sabotage !== null) return ['exec-storm', 'open-storms'];
  const all = Object.keys(steps);
  if (options['only'] === undefined) return all;
  const names = options['only'].split(',');
  const unknown = names.filter((one) => !all.includes(one));
  if (unknown.length > 0) throw new RangeError(`the bench has no ${unknown.join(', ')}; it has: ${all.join(', ')}`);
  return all.filter((one) => names.includes(one));
}

export const bench: Lab = {
  name: 'bench',
  summary: 'What sensor and check cost, whether storms lose what must arrive, how soon alerts come, and how fast a feed stops an image',
  rows: 47,
  options: {
    only: `only these, separated by commas: ${Object.keys(steps).join(', ')}`,
    pairs: 'how many pairs cost is measured with (11)',
    scale: 'size of the loads (cost: 0.35, as those that Falco was measured with; replay: 1, which is whole)',
    acts: 'how many acts latency is measured with (500)',
  },
  parts: {
    interest: 'nobody says which paths matter: some of their opens are refused in the flood',
    ring: 'a ring of 64 KiB: executions are lost',
  },
  breaks: {
    interest: ['watched paths arrived through the full ring'],
    ring: ["every execution's mark arrived"],
  },
  async run(lab: LabRun): Promise<void> {
    mkdirSync(lab.place, { recursive: true });
    for (const name of chosen(lab)) await steps[name]!(lab);
    if (lab.sabotage === null) rmSync(lab.place, { recursive: true, force: true });
  },
};
