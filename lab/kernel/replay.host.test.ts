/**
 * `vedette sensor record` and `replay` as a person uses them: a recording of what really happens in one cgroup, replayed to
 * the same events. With UPDATE_GOLDEN=1 the recording that the unit test of replaying keeps is made anew.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import type { KernelEvent } from '@vedette/model/event';
import { schema } from '@vedette/sensor/decode/layout';
import { projectRoot } from '../borders/borders.ts';
import { cacheRoot } from '../containers/debian-root.ts';
import { run, type RunResult } from '../containers/run.ts';
import { until } from '../until.ts';
import { TestCgroup } from './cgroup.ts';
import { countKinds, decodeRecording } from './recording.ts';
import { scrubRecording } from './scrub-recording.ts';

const place = mkdtempSync(join(tmpdir(), 'vedette-replay-'));
const file = join(place, 'recording.vdr');
const cgroup = new TestCgroup('vedette-replay-scope');
const env = { VEDETTE_STATE: join(place, 'state'), VEDETTE_BUILD: join(cacheRoot, 'build') };
const main = join(projectRoot(), 'cli', 'main.ts');
const containerId = 'c0de'.repeat(16);
let recorder: ChildProcess | undefined;

// the loader stops with its parent's request, so the parent is asked and never killed
afterEach(async () => void (await stopRecording()));
after(() => {
  cgroup.remove();
  rmSync(place, { recursive: true, force: true });
});

function eventsSoFar(): KernelEvent[] {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? [] : decodeRecording(readFileSync(file));
}

/** Starts `vedette sensor record` and waits until it ticks. */
async function startRecording(): Promise<void> {
  rmSync(file, { force: true });
  recorder = spawn(process.execPath, [main, 'sensor', 'record', file, '--cgroup', cgroup.path], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const child = recorder;
  await until(async () => await Promise.resolve(child.exitCode !== null || eventsSoFar().some((one) => one.kind === 'tick')), 60_000);
  assert.ok(child.exitCode === null && eventsSoFar().length > 0, `the recording did not begin (exit code ${child.exitCode})`);
}

async function stopRecording(): Promise<number | null> {
  const child = recorder;
  recorder = undefined;
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
  const ticks = eventsSoFar().filter((one) => one.kind === 'tick').length;
  await until(async () => await Promise.resolve(eventsSoFar().filter((one) => one.kind === 'tick').length >= ticks + 2), 5000);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  return await ended;
}

/** A shell that enters the cgroups first and then does what is asked, with nothing of this machine in sight. */
async function inCgroup(one: TestCgroup, command: string, code = 0): Promise<void> {
  const enter = one.procs.map((path) => `echo 0 > ${path}`).join('; ');
  assert.equal((await run('/bin/sh', ['-c', `${enter}; exec ${command}`], { cwd: '/', accept: [code] })).code, code);
}

async function replayed(path: string, args: readonly string[] = []): Promise<RunResult & { findings: { detection?: { rule: string; output: string; identityPending: boolean; tree: { path: string }[] } }[]; summary: Record<string, unknown> }> {
  const result = await run(process.execPath, [main, 'sensor', 'replay', path, ...args], { accept: [1, 2], env });
  const lines = result.stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
  return { ...result, findings: lines.filter((one) => !('summary' in one)), summary: (lines.find((one) => 'summary' in one)?.['summary'] ?? {}) as Record<string, unknown> };
}

test('what happens in a cgroup is recorded, and replays to the same events', { timeout: 120_000 }, async () => {
  const container = cgroup.child(containerId);
  await startRecording();
  await inCgroup(cgroup, '/bin/cat /etc/passwd');
  await inCgroup(cgroup, "/bin/sh -c '/bin/true one two; exit 3'", 3);
  // mounts of its own are what makes it more than a runtime at work; the shell is started by something that is none
  await inCgroup(container, "/usr/bin/unshare --mount --propagation private /usr/bin/timeout 9 /bin/sh -c '/bin/true of a container'");
  container.remove();
  assert.equal(await stopRecording(), 0);

  const events = decodeRecording(readFileSync(file));
  const hello = events.find((one) => one.kind === 'hello');
  assert.ok(hello?.kind === 'hello');
  assert.deepEqual([hello.schema, hello.architecture, hello.bootId.length], [schema, process.arch === 'arm64' ? 'aarch64' : 'x86_64', 36]);
  assert.notEqual(hello.kernelRelease, '');
  const { summary, findings, code } = await replayed(file);
  assert.equal(code, 0);
  assert.deepEqual([summary['complete'], summary['malformed'], summary['losses']], [true, 0, []]);
  assert.deepEqual(summary['events'], countKinds(events));
  assert.deepEqual([summary['kernel'], summary['architecture'], summary['bootId']], [hello.kernelRelease, hello.architecture, hello.bootId]);
  assert.deepEqual(summary['containers'], [containerId]);
  const executed = events.flatMap((one) => (one.kind === 'exec' ? [one.arguments.join(' ')] : []));
  for (const one of ['/bin/cat /etc/passwd', '/bin/true one two', '/bin/true of a container']) assert.ok(executed.includes(one), `${one} was not recorded: ${executed.join('; ')}`);
  assert.ok(events.some((one) => one.kind === 'exit' && one.exitCode === 3));
  const [shell] = findings.map((one) => one.detection);
  assert.equal(shell?.rule, 'Shell in a container');
  assert.deepEqual(shell.tree.slice(-2).map((one) => one.path.replace('/usr', '')), ['/bin/timeout', '/bin/dash']);
  assert.equal(findings.length, 1);

  const kept = scrubRecording(readFileSync(file), `/${cgroup.name}`);
  const keptFile = join(projectRoot(), 'sensor', 'golden', 'scoped.vdr');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(keptFile, kept);
  writeFileSync(join(place, 'kept.vdr'), kept);
  assert.deepEqual((await replayed(join(place, 'kept.vdr'))).findings, findings, 'what is kept of a recording finds the same');
});

test('a snapshot of what ran before is in the recording', { timeout: 120_000 }, async () => {
  const before = spawn('/bin/sleep', ['300'], { stdio: 'ignore' });
  try {
    cgroup.add(before.pid!);
    await startRecording();
    assert.equal(await stopRecording(), 0);
    const processes = eventsSoFar().flatMap((one) => (one.kind === 'process' ? [[one.tgid, one.arguments]] : []));
    assert.deepEqual(processes, [[before.pid, ['/bin/sleep', '300']]]);
    const { summary } = await replayed(file);
    assert.deepEqual([summary['processesAlive'], summary['executions']], [1, 0]);
  } finally {
    before.kill();
  }
});
