/** Runs the compiled calls (calls.c) inside a test's cgroup. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { cacheRoot } from '../containers/debian-root.ts';
import { run } from '../containers/run.ts';
import type { TestCgroup } from './cgroup.ts';

/** The static program, compiled once for its source. */
export function callsProgram(): string {
  const source = join(import.meta.dirname, 'calls.c');
  const key = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const program = join(cacheRoot, `calls-${key}`);
  if (!existsSync(program)) {
    mkdirSync(cacheRoot, { recursive: true });
    execFileSync('clang', ['-O1', '-Wall', '-Werror', '-Wno-unused-result', '-static', '-o', `${program}.${process.pid}`, source, '-lpthread']);
    renameSync(`${program}.${process.pid}`, program);
  }
  return program;
}

/** Makes the calls in one process, in the directory `place`. Returns what each answered. */
export async function makeCalls(cgroup: TestCgroup, place: string, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await run(callsProgram(), [cgroup.procs.join(','), place, ...names]);
  return new Map(stdout.trim().split('\n').map((line) => line.split(' ')).map(([name = '', result = '']) => [name, Number(result)]));
}
