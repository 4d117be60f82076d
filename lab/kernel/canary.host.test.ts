/**
 * Canaries in the real kernel, without any rule, so that no class is wanted but for them: one act of every class comes back, and nothing of
 * it is kept; with a program taken out of the hook that every call passes, the classes behind it are missing by name, and no others; put back, they
 * are seen again.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from '../until.ts';
import { hierarchies, TestCgroup } from './cgroup.ts';
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

/** The table of programs behind the hook, of this loader. */
function exits(): { readonly id: string; readonly programs: Readonly<Record<number, number>> } {
  const held = readdirSync(`/proc/${loader.pid}/fdinfo`).map((fd) => readFileSync(`/proc/${loader.pid}/fdinfo/${fd}`, 'utf8')).find((text) => /^map_type:\t3$/m.test(text));
  const id = /^map_id:\t(\d+)$/m.exec(held ?? '')?.[1];
  assert.ok(id !== undefined, 'the loader holds no table of programs');
  const dumped = JSON.parse(execFileSync('bpftool', ['--json', 'map', 'dump', 'id', id], { encoding: 'utf8' })) as { key: string[]; value: string[] }[];
  const word = (bytes: readonly string[]) => bytes.reduce((sum, one, index) => sum + Number(one) * 256 ** index, 0);
  return { id, programs: Object.fromEntries(dumped.filter((one) => Array.isArray(one.value)).map((one) => [word(one.key), word(one.value)])) };
}

function setExit(id: string, slot: number, program: number | null): void {
  const change = program === null ? ['delete', 'id', id, 'key', String(slot), '0', '0', '0'] : ['update', 'id', id, 'key', String(slot), '0', '0', '0', 'value', 'id', String(program)];
  execFileSync('bpftool', ['map', ...change]);
}

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
  const { id, programs } = exits();
  const [calls, opens] = [0, 1];
  setExit(id, opens, null);
  assert.deepEqual(missing(await nextRound(2)), ['open-read', 'open-write']);
  setExit(id, opens, programs[opens]!);
  assert.deepEqual(missing(await nextRound(2)), []);
  setExit(id, calls, null);
  const blind = missing(await nextRound(2));
  assert.ok(blind.includes('setuid') && blind.includes('rename') && blind.includes('bpf') && !blind.includes('exec') && !blind.includes('connect'), blind.join(' '));
  setExit(id, calls, programs[calls]!);
  assert.deepEqual(missing(await nextRound(2)), []);
});
