/**
 * Canaries in the real kernel, without any rule, so that no class is wanted but for them: one act of every class comes back, and nothing of
 * it is kept; with a program taken out of the hook that every call passes, the classes behind it are missing by name, and no others; put back, they
 * are seen again.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../until.ts';
import { hierarchies, TestCgroup } from './cgroup.ts';
import { ExitPrograms } from './exit-programs.ts';
import { probeFiles } from './probe-build.ts';

interface Round {
  readonly problem: string;
  readonly classes: Readonly<Record<string, string>>;
  readonly kept: Readonly<Record<string, number>>;
  readonly living: readonly string[];
  readonly orphans: number;
  readonly tables: number;
}

const place = mkdtempSync(join(tmpdir(), 'vedette-canary-'));
const out = join(place, 'rounds');
const cgroup = new TestCgroup();
let loader: ChildProcess;

before(async () => {
  const files = await probeFiles();
  loader = spawn(files.loader, ['--object', files.object, '--cgroup', cgroup.path, '--', process.execPath, join(import.meta.dirname, 'canary-sensor.ts'), out], { stdio: 'inherit' });
});

after(async () => {
  const ended = new Promise((resolve) => loader.once('exit', resolve));
  loader.kill('SIGTERM');
  await ended;
  cgroup.remove();
  rmSync(place, { recursive: true, force: true });
});

function rounds(): Round[] {
  return existsSync(out) ? readFileSync(out, 'utf8').split('\n').filter((one) => one !== '').map((one) => JSON.parse(one) as Round) : [];
}

async function nextRound(more = 1): Promise<Round> {
  const have = rounds().length;
  const { value } = await until(async () => await Promise.resolve(rounds()[have + more - 1] ?? null), 30_000, 50);
  assert.ok(value !== null, `no further round came: ${JSON.stringify(rounds().at(-1) ?? null)}`);
  return value;
}

const missing = (round: Round) => Object.entries(round.classes).filter(([, outcome]) => outcome !== 'seen').map(([eventClass]) => eventClass).sort();

test('every class is seen, nothing of it is kept, and its cgroups are gone', async () => {
  const round = await nextRound(2);
  assert.equal(round.problem, '');
  assert.deepEqual(missing(round), []);
  assert.ok(Object.keys(round.classes).length >= 55, `${Object.keys(round.classes).length} classes: ${Object.keys(round.classes).join(' ')}`);
  assert.deepEqual([round.kept, round.orphans], [{}, 0]);
  assert.deepEqual(round.living.filter((one) => one.includes('canary')), []);
  assert.ok(round.tables >= 7, 'the kernel tables were told');
  const { v1Pids, v2 } = hierarchies();
  for (const one of [v1Pids, v2]) if (one !== null) assert.deepEqual(readdirSync(join(one, cgroup.name)).filter((name) => name.startsWith('vedette-canary')).length <= 1, true);
});

test('a program taken out: the classes behind it are missing by name, and seen again when it is back', async () => {
  const programs = new ExitPrograms(loader.pid ?? 0);
  programs.takeOut('opens');
  assert.deepEqual(missing(await nextRound(2)), ['open-read', 'open-write']);
  programs.putBack('opens');
  assert.deepEqual(missing(await nextRound(2)), []);
  programs.takeOut('calls');
  const blind = missing(await nextRound(2));
  assert.ok(blind.includes('setuid') && blind.includes('rename') && blind.includes('bpf') && !blind.includes('exec') && !blind.includes('connect'), blind.join(' '));
  programs.putBack('calls');
  assert.deepEqual(missing(await nextRound(2)), []);
});
