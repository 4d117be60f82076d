/**
 * Replay of a recording of our own: the loads and some acts that rules are about, recorded with nothing filtered (every open and mapping,
 * all calls), then run through decoding, enrichment and the rules on one processor; and once more with every rule asked about every
 * event, which must find the same.
 */
import { spawn } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeRecording } from '../kernel/recording.ts';
import { probeFiles } from '../kernel/probe-build.ts';
import { run } from '../containers/run.ts';
import type { LabRun } from '../lab.ts';
import { percentile } from '../report.ts';
import { until } from '../until.ts';
import { falco } from './falco.ts';
import { benchRules, loadNames, runLoad } from './loads.ts';

const runs = 3;
/** Acts that official rules and our own are about: links over secrets, reads of them, searches for keys, history removed. */
const findings = `cd "$0" && for i in $(seq 40); do ln -s /etc/shadow shadow$i; cat /etc/shadow >/dev/null; find . -name id_rsa; touch .bash_history; rm .bash_history; mkdir d$i; cp /bin/true d$i/nc; d$i/nc; done`;

interface Replayed {
  readonly events: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly findings: number;
  readonly byRule: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly problem: string | null;
  readonly lost: number;
}

async function record(place: string, scale: number): Promise<string> {
  const { object, loader } = await probeFiles();
  const file = join(place, 'loads.vdr');
  const child = spawn(loader, ['--object', object, '--record', file, '--every-open', '--ring-bytes', String(64 << 20)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    // the first tick is written when all hooks are attached and the snapshot is through
    await until(async () => await Promise.resolve(statSync(file, { throwIfNoEntry: false }) !== undefined && decodeRecording(readFileSync(file)).some((one) => one.kind === 'tick')), 20_000, 100);
    for (const load of loadNames) await runLoad(load, scale);
    await run('sh', ['-c', findings, place]);
    await sleep(500);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  return file;
}

async function replayed(file: string, rules: string, how: 'indexed' | 'whole'): Promise<Replayed> {
  const { stdout } = await run('taskset', ['-c', '0', process.execPath, '--single-threaded-gc', join(import.meta.dirname, 'replay-run.ts'), file, rules, how], { timeoutMs: 300_000 });
  return JSON.parse(stdout) as Replayed;
}

export async function replays({ report, place }: LabRun, scale: number): Promise<void> {
  const rules = benchRules();
  report.say(`Replay of our own recording of the loads (at ${scale}), nothing filtered, with ${rules.what}`);
  const rulesFile = join(place, 'replay-rules.json');
  writeFileSync(rulesFile, JSON.stringify(rules.files));
  const file = await record(place, scale);
  const rates: number[] = [];
  let indexed: Replayed | null = null;
  for (let i = 0; i < runs; i++) {
    indexed = await replayed(file, rulesFile, 'indexed');
    rates.push(indexed.events / indexed.cpuSeconds);
    report.progress(`${indexed.events} events in ${indexed.seconds.toFixed(2)} s, ${indexed.cpuSeconds.toFixed(2)} s of a processor`);
  }
  const whole = await replayed(file, rulesFile, 'whole');
  report.figure('recorded: MB, events, lost', `${(statSync(file).size / 1e6).toFixed(0)}, ${whole.events}, ${whole.lost}`);
  report.figure('events a second of one processor, every rule asked about every event', Math.round(whole.events / whole.cpuSeconds));
  report.figure("Falco's replay, events a second", falco.replayEventsPerSecond);
  report.figure('findings by rule', JSON.stringify(whole.byRule));
  report.row('the recording was read whole', null, whole.problem);
  report.bound('rules found something in it', 'at least', 100, whole.findings);
  report.row('findings with the index, their order and every field, are those without any', `${whole.findings} ${whole.digest}`, `${indexed?.findings} ${indexed?.digest}`, JSON.stringify(indexed?.byRule));
  const microseconds = (rate: number): number => Number((1e6 / rate).toFixed(3));
  report.figure('events a second of one processor', Math.round(percentile(rates, 0.5)));
  report.aim('µs of a processor for an event: 1,000,000 events a second', 1, microseconds(percentile(rates, 0.5)), rates.map(microseconds));
}
