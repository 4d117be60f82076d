/** Runs the compiled acts inside a test's cgroup. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cacheRoot } from '../containers/debian-root.ts';
import { run, type RunResult } from '../containers/run.ts';
import type { TestCgroup } from './cgroup.ts';

/** The static program, compiled once for its source. */
export function actsProgram(): string {
  const source = join(import.meta.dirname, 'acts.c');
  const key = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12);
  const program = join(cacheRoot, `acts-${key}`);
  if (!existsSync(program)) {
    mkdirSync(cacheRoot, { recursive: true });
    execFileSync('clang', ['-O2', '-Wall', '-Werror', '-static', '-o', `${program}.${process.pid}`, source]);
    renameSync(`${program}.${process.pid}`, program);
  }
  return program;
}

export async function act(cgroup: TestCgroup, args: readonly string[], accept: readonly number[] = [], cwd?: string): Promise<RunResult> {
  return await run(actsProgram(), [cgroup.procs.join(','), ...args], { accept, ...(cwd === undefined ? {} : { cwd }) });
}
