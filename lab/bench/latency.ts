/**
 * From an act to its alert when nothing else goes on: a symbolic link is made, and a rule among all the others is about such links. Taken
 * where the detection is made, by the product's own pipeline under the real loader (Falco's figure is from the act to the line of its
 * alert), and where the hub has it, with the whole sensor. Both by the one clock that all processes share. Every act must be told.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sensorEnvironment, sensorNodeFlags } from '@vedette/cli/sensor-part';
import { probeFiles } from '../kernel/probe-build.ts';
import type { LabRun } from '../lab.ts';
import { percentile, type LabReport } from '../report.ts';
import { until } from '../until.ts';
import { falco } from './falco.ts';
import { benchRules, type RuleText } from './loads.ts';
import { WholeSensor } from './whole-sensor.ts';

const ruleName = 'Act of the bench';
const gapMs = 23;
const lateMsMax = 10_000;

function withOwnRule(rules: readonly RuleText[], acts: string): RuleText[] {
  const text = `- rule: ${ruleName}\n  desc: What the bench does to be seen.\n  condition: evt.type in (symlink, symlinkat) and fs.path.target startswith ${acts}/\n  output: "%fs.path.target"\n  priority: NOTICE\n`;
  return [...rules, { name: 'bench.yaml', text }];
}

/** When each act was begun, in ns of the shared clock. */
async function act(directory: string, count: number): Promise<Map<string, number>> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const begun = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    // ends in what no number goes on with, in whatever stands behind it
    const path = join(directory, `act-${i}.`);
    begun.set(path, Number(process.hrtime.bigint()));
    symlinkSync('/etc/hostname', path);
    // never in step with anything that looks by the clock
    await sleep(gapMs + (i % 17));
  }
  return begun;
}

function told(report: LabReport, where: string, begun: ReadonlyMap<string, number>, seen: ReadonlyMap<string, number>): number[] {
  const times = [...begun].flatMap(([path, at]) => (seen.has(path) ? [(seen.get(path)! - at) / 1e6] : []));
  report.figure(`act to ${where}: p50, p90, p99, the worst: ms`, [0.5, 0.9, 0.99, 1].map((share) => percentile(times, share).toFixed(2)).join(', '));
  const untold = [...begun.keys()].flatMap((path, number) => (seen.has(path) ? [] : [number]));
  report.row(`every act was told (${where})`, begun.size, times.length, `not told: ${untold.slice(0, 20).join(', ')}`);
  return times;
}

async function atTheSensor({ report, place }: LabRun, count: number): Promise<void> {
  const { object, loader } = await probeFiles();
  const [acts, out, rulesFile] = [join(place, 'acts'), join(place, 'alerts'), join(place, 'rules.json')];
  writeFileSync(rulesFile, JSON.stringify(withOwnRule(benchRules().files, acts)));
  writeFileSync(out, '');
  const child = spawn(loader, ['--object', object, '--', process.execPath, ...sensorNodeFlags, join(import.meta.dirname, 'alert-sensor.ts'), out, rulesFile], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...sensorEnvironment } });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await until(async () => await Promise.resolve(existsSync(out) && readFileSync(out, 'utf8').includes('0 ready')), 20_000, 50);
    await sleep(2000);
    const begun = await act(acts, count);
    const seen = new Map<string, number>();
    const read = (): boolean => {
      for (const line of readFileSync(out, 'utf8').split('\n')) {
        const found = /^(\d+) Act of the bench: (.*)$/.exec(line);
        if (found !== null && !seen.has(found[2]!)) seen.set(found[2]!, Number(found[1]));
      }
      return seen.size >= begun.size;
    };
    // late is not the same as never
    await until(async () => await Promise.resolve(read()), lateMsMax, 250);
    const times = told(report, 'its detection in the sensor', begun, seen);
    report.figure("Falco's act to alert: p50, p90, the worst: ms", Object.values(falco.alertMs).join(', '));
    report.aim('ms from an act to its detection, 99 of 100', 5, Number(percentile(times, 0.99).toFixed(2)));
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function atTheHub({ report, place }: LabRun, count: number): Promise<void> {
  const acts = join(place, 'acts');
  const sensor = await WholeSensor.make(join(place, 'hub'), withOwnRule(benchRules().files, acts));
  const seen = new Map<string, number>();
  sensor.hub.onBatch = (text) => {
    const now = Number(process.hrtime.bigint());
    if (!text.startsWith('detection')) return;
    for (const [name] of text.matchAll(/act-\d+\./g)) if (!seen.has(join(acts, name))) seen.set(join(acts, name), now);
  };
  try {
    await sensor.start();
    await sleep(2500);
    const begun = await act(acts, count);
    await until(async () => await Promise.resolve(seen.size >= begun.size), lateMsMax, 100);
    told(report, 'the hub', begun, seen);
  } finally {
    await sensor.end();
  }
}

export async function latency(lab: LabRun, count: number): Promise<void> {
  lab.report.say(`From an act to its alert, idle, ${count} acts, with ${benchRules().what}`);
  mkdirSync(lab.place, { recursive: true });
  chmodSync(lab.place, 0o755);
  await atTheSensor(lab, count);
  await atTheHub(lab, Math.min(count, 100));
}
