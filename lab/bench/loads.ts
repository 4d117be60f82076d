/**
 * The loads that the cost is measured with: fixed amounts of work (loads.c, mix.sh), so that seconds can be compared. `scale` makes all of
 * them larger or smaller alike.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';

export const loadNames = ['exec1', 'exec2', 'file1', 'net1', 'mixed'] as const;
export type LoadName = (typeof loadNames)[number];

export const loadSummaries: Readonly<Record<LoadName, string>> = {
  exec1: 'executions by one worker',
  exec2: 'executions by two workers',
  file1: 'open, read, close by one worker',
  net1: 'connections over loopback',
  mixed: "a build machine's mix",
};

export interface LoadResult {
  readonly count: number;
  readonly seconds: number;
  readonly userSeconds: number;
  /** What kernel programs take is in it. */
  readonly systemSeconds: number;
  /** Of single operations; the mix has none. */
  readonly p50Us?: number;
  readonly p99Us?: number;
}

function compiled(source: string, libraries: readonly string[]): string {
  const path = join(import.meta.dirname, source);
  const key = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
  const program = join(cacheRoot, `bench-${source.replace('.c', '')}-${key}`);
  if (existsSync(program)) return program;
  mkdirSync(cacheRoot, { recursive: true });
  execFileSync('clang', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', `${program}.${process.pid}`, path, ...libraries]);
  renameSync(`${program}.${process.pid}`, program);
  return program;
}

export const loadsProgram = (): string => compiled('loads.c', []);

function words(load: LoadName, scale: number): string[] {
  const count = (whole: number) => String(Math.max(2, Math.round(whole * scale)));
  switch (load) {
    case 'exec1':
      return ['exec', count(3000), '1'];
    case 'exec2':
      return ['exec', count(5000), '2'];
    case 'file1':
      return ['file', count(1_000_000), '1'];
    case 'net1':
      return ['net', count(40_000), '1'];
    case 'mixed':
      return ['run', 'sh', join(import.meta.dirname, 'mix.sh'), String(Math.max(1, Math.round(8 * scale)))];
    default:
      return load satisfies never;
  }
}

export async function runLoad(load: LoadName, scale: number): Promise<LoadResult> {
  const { stdout } = await run(loadsProgram(), words(load, scale), { timeoutMs: 300_000 });
  return JSON.parse(stdout) as LoadResult;
}

export interface KernelCounts {
  /** Records that were made for the sensor, those that found no place included. */
  readonly seen: number;
  readonly lost: number;
}

/** What the kernel programs of the sensor that was loaded last counted, read from their own table and by nobody who is measured. */
export async function kernelCounts(): Promise<KernelCounts> {
  const { stdout } = await run(compiled('counts.c', [`-I${join(import.meta.dirname, '..', '..', 'sensor', 'probe')}`, '-lbpf', '-lelf', '-lz']), []);
  return JSON.parse(stdout) as KernelCounts;
}

export interface RuleText {
  readonly name: string;
  readonly text: string;
}

/** The complete official set where it lies beside the project (VEDETTE_SHARED), otherwise our own rules. */
export function benchRules(): { readonly what: string; readonly files: readonly RuleText[] } {
  const shared = process.env['VEDETTE_SHARED'];
  const official = shared === undefined ? null : join(shared, 'data', 'falco-rules');
  const own = join(import.meta.dirname, '..', '..', 'content', 'rules');
  const directory = official !== null && existsSync(official) ? official : own;
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((one) => one.endsWith('.yaml') && !one.endsWith('.test.yaml'));
  // what all others refine comes first
  const files = names.sort((a, b) => Number(b === 'falco_rules.yaml') - Number(a === 'falco_rules.yaml') || (a < b ? -1 : 1)).map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));
  return { what: directory === own ? 'our own rules' : 'the official rules', files };
}
