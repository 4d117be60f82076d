/** Runs the bench sensor below the real loader around an act, and says what each process cost on the processor. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sensorEnvironment, sensorNodeFlags } from '@vedette/cli/sensor-part';
import { descendants } from '../product/product.ts';
import { probeFiles } from '../kernel/probe-build.ts';

export interface Seen {
  readonly counts: Readonly<Record<string, number>>;
  readonly marksSeen: Readonly<Record<string, number>>;
  readonly watched: number;
  readonly malformed: number;
  readonly rssBytes: number;
  readonly losses: readonly { readonly eventClass: string; readonly cause: string; readonly count: number }[];
  readonly fillMax: number;
}

export interface Measured {
  readonly seen: Seen;
  /** Of the loader and the sensor together, over the act and until the pipe was empty. */
  readonly loaderCpuUs: number;
  readonly sensorCpuUs: number;
  readonly events: number;
}

/** Nanoseconds on a processor of all threads of a process, from schedstat. */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return sum;
}

export interface MeasuredOptions {
  readonly watched?: string;
  readonly ringBytes?: number;
  /** Runs before the measure, so that a sensor that has been running for a while is measured, not its compiler. */
  readonly warmUp?: () => Promise<void>;
}

export async function measured(mode: 'frame' | 'full', options: MeasuredOptions, act: () => Promise<void>): Promise<Measured> {
  const { object, loader: program } = await probeFiles();
  const place = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  const out = join(place, 'seen.json');
  const args = ['--object', object, ...(options.ringBytes === undefined ? [] : ['--ring-bytes', String(options.ringBytes)])];
  const child: ChildProcess = spawn(program, [...args, '--', process.execPath, ...sensorNodeFlags, join(import.meta.dirname, 'bench-sensor.ts'), mode, out, options.watched ?? ''], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...sensorEnvironment } });
  try {
    for (let i = 0; i < 400 && !existsSync(out); i++) await sleep(25);
    if (!existsSync(out)) throw new Error('the bench sensor did not start');
    await sleep(1000);
    const sensor = descendants(child.pid!).find((pid) => pid !== child.pid)!;
    const look = async (): Promise<Seen> => {
      process.kill(sensor, 'SIGUSR2');
      await sleep(200);
      return JSON.parse(readFileSync(out, 'utf8')) as Seen;
    };
    await options.warmUp?.();
    await sleep(300);
    const before = await look();
    const [loaderBefore, sensorBefore] = [cpuNs(child.pid!), cpuNs(sensor)];
    await act();
    await sleep(500);
    const [loaderAfter, sensorAfter] = [cpuNs(child.pid!), cpuNs(sensor)];
    const seen = await look();
    return { seen, loaderCpuUs: (loaderAfter - loaderBefore) / 1000, sensorCpuUs: (sensorAfter - sensorBefore) / 1000, events: total(seen) - total(before) };
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(place, { recursive: true, force: true });
  }
}

function total(seen: Seen): number {
  return Object.entries(seen.counts).reduce((sum, [kind, count]) => (['tick', 'hello', 'hook', 'process'].includes(kind) ? sum : sum + count), 0);
}

export function tinyProgram(place: string): string {
  const program = join(place, 'tiny');
  if (!existsSync(program)) execFileSync('clang', ['-O1', '-static', '-nostdlib', '-o', program, join(import.meta.dirname, 'tiny.c')]);
  return program;
}
