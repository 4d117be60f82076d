/**
 * What the whole sensor costs work that is not its own, in pairs: all loads without it and all loads with it, one right after the other, the
 * order alternating, so that what else the machine does falls on both alike. Per pair the ratio of seconds and of the load's own kernel
 * seconds, which is where kernel programs run and which moves least when others use the processors; beside it the sensor's processor
 * seconds until it is quiet again, the records that the kernel made for it, and what was lost. What others used is told too: a pair in
 * which it differs much says little. The place of Falco's figures is falco.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';
import { falcoCosts, falcoScale } from './falco.ts';
import { benchRules, kernelCounts, loadNames, loadSummaries, runLoad, type LoadName, type LoadResult } from './loads.ts';
import { WholeSensor } from './whole-sensor.ts';

interface Half {
  readonly load: LoadResult;
  readonly othersCpuSeconds: number;
}

interface SensorHalf extends Half {
  readonly sensorCpuSeconds: number;
  readonly records: number;
  readonly lost: number;
}

interface Pair {
  readonly without: Half;
  readonly having: SensorHalf;
}

const settleMs = 1500;
const quietSeconds = 0.01;

/** Processor seconds of the whole machine that were not idle. */
function busySeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number) as number[];
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, one) => sum + (one ?? 0), 0) / 100;
}

async function half(load: LoadName, scale: number): Promise<Half> {
  const before = busySeconds();
  const result = await runLoad(load, scale);
  return { load: result, othersCpuSeconds: busySeconds() - before - result.userSeconds - result.systemSeconds };
}

/** What is still queued when the load has ended is part of the cost: until the sensor is quiet. */
async function halfWith(sensor: WholeSensor, load: LoadName, scale: number): Promise<SensorHalf> {
  const [counts, cpu] = [await kernelCounts(), sensor.cpuSeconds()];
  const done = await half(load, scale);
  const atEnd = sensor.cpuSeconds();
  let now = atEnd;
  for (let i = 0; i < 20; i++) {
    await sleep(250);
    const next = sensor.cpuSeconds();
    if (next - now < quietSeconds) break;
    now = next;
  }
  const after = await kernelCounts();
  return { ...done, othersCpuSeconds: done.othersCpuSeconds - (atEnd - cpu), sensorCpuSeconds: now - cpu, records: after.seen - counts.seen, lost: after.lost - counts.lost };
}

async function allWithout(scale: number): Promise<Half[]> {
  const halves: Half[] = [];
  for (const load of loadNames) halves.push(await half(load, scale));
  return halves;
}

async function allWith(sensor: WholeSensor, scale: number): Promise<SensorHalf[]> {
  await sensor.start();
  try {
    await sleep(settleMs);
    const halves: SensorHalf[] = [];
    for (const load of loadNames) halves.push(await halfWith(sensor, load, scale));
    return halves;
  } finally {
    await sensor.stop();
  }
}

export interface CostOptions {
  readonly pairs: number;
  readonly scale: number;
}

export async function loadCost({ report, place }: LabRun, { pairs, scale }: CostOptions): Promise<void> {
  const rules = benchRules();
  report.say(`What the whole sensor costs: ${rules.what}, ${pairs} pairs, loads at ${scale} of their size`);
  const sensor = await WholeSensor.make(join(place, 'cost'), rules.files);
  const byLoad = new Map<LoadName, Pair[]>(loadNames.map((load) => [load, []]));
  try {
    await runLoad('mixed', scale); // once, so that the first half is not the one that reads the compiler from the disk
    for (let pair = 0; pair < pairs; pair++) {
      const early = pair % 2 === 0 ? await allWithout(scale) : null;
      const having = await allWith(sensor, scale);
      const without = early ?? (await allWithout(scale));
      loadNames.forEach((load, at) => byLoad.get(load)!.push({ without: without[at]!, having: having[at]! }));
      const ratios = loadNames.map((load) => `${load} ×${ratio(byLoad.get(load)!.at(-1)!).toFixed(2)}`);
      report.progress(`pair ${pair + 1}: ${ratios.join(', ')}; others used ${sum(without).toFixed(1)} and ${sum(having).toFixed(1)} s`);
    }
  } finally {
    await sensor.end();
  }
  table(report, byLoad);
  for (const load of loadNames) judge(report, load, byLoad.get(load)!, scale);
}

function sum(halves: readonly Half[]): number {
  return halves.reduce((all, one) => all + one.othersCpuSeconds, 0);
}

const ratio = ({ without, having }: Pair): number => having.load.seconds / without.load.seconds;
/** Kernel time below the clock's own ticks says nothing. */
const kernelRatio = ({ without, having }: Pair): number => having.load.systemSeconds / Math.max(0.01, without.load.systemSeconds);
const median = (values: readonly number[]): number => percentile(values, 0.5);
const span = (values: readonly number[], digits = 2): string => `${Math.min(...values).toFixed(digits)}..${Math.max(...values).toFixed(digits)}`;

function table(report: LabRun['report'], byLoad: ReadonlyMap<LoadName, readonly Pair[]>): void {
  const head = ['load', 'seconds', 'ratio (range)', 'kernel s', 'kernel ratio (range)', 'sensor CPU s', 'records', 'lost', 'others CPU s', 'Falco: ratio', 'kernel', 'CPU s', 'events', 'dropped'];
  const rows = [...byLoad].map(([load, pairs]) => {
    const theirs = falcoCosts[load];
    const of = (value: (pair: Pair) => number): number => median(pairs.map(value));
    return [
      load, of((one) => one.having.load.seconds).toFixed(2), `×${of(ratio).toFixed(3)} (${span(pairs.map(ratio))})`, of((one) => one.having.load.systemSeconds).toFixed(2),
      `×${of(kernelRatio).toFixed(3)} (${span(pairs.map(kernelRatio))})`, of((one) => one.having.sensorCpuSeconds).toFixed(3), of((one) => one.having.records).toFixed(0), of((one) => one.having.lost).toFixed(0),
      `${of((one) => one.without.othersCpuSeconds).toFixed(1)}, ${of((one) => one.having.othersCpuSeconds).toFixed(1)}`,
      `×${theirs.slowdown.toFixed(2)}`, `×${theirs.kernelSlowdown.toFixed(2)}`, String(theirs.cpuSeconds), String(theirs.events), String(theirs.dropped),
    ];
  });
  for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`    | ${row.join(' | ')} |\n`);
  for (const row of rows) report.note(`cost of ${row[0]}`, Object.fromEntries(head.map((name, at) => [name, row[at] ?? ''])));
}

const third = (slowdown: number): number => 1 + (slowdown - 1) / 3;

function judge(report: LabRun['report'], load: LoadName, pairs: readonly Pair[], scale: number): void {
  const theirs = falcoCosts[load];
  const what = loadSummaries[load];
  const ratios = pairs.map(ratio);
  const unclear = Math.min(...ratios) <= 1;
  const rounded = (value: number): number => Number(value.toFixed(3));
  if (unclear) report.aim(`${what}: kernel seconds with the sensor against without, a third of Falco's`, rounded(third(theirs.kernelSlowdown)), rounded(median(pairs.map(kernelRatio))), `the range of seconds, ${span(ratios)}, includes 1`);
  else report.aim(`${what}: seconds with the sensor against without, a third of Falco's`, rounded(third(theirs.slowdown)), rounded(median(ratios)), span(ratios));
  const size = scale / falcoScale;
  if (load === 'file1' || load === 'mixed') {
    const share = load === 'file1' ? 0.02 : 0.05;
    report.aim(`${what}: the sensor's CPU seconds, a tenth of Falco's`, rounded((theirs.cpuSeconds * size) / 10), rounded(median(pairs.map((one) => one.having.sensorCpuSeconds))));
    report.aim(`${what}: records to user space, ${share * 100} % of Falco's events`, Math.round(theirs.events * size * share), median(pairs.map((one) => one.having.records - one.having.lost)));
  }
  report.row(`${what}: nothing was lost`, 0, pairs.reduce((all, one) => all + one.having.lost, 0));
}
