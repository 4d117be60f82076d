/** Enforcement ends by itself when nobody renews the trust, and at once when told to; either way the sensor hears of it. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupKey } from '@vedette/model/event';
import { run } from '../containers/run.ts';
import { actsProgram } from './acts.ts';
import { hierarchies, TestCgroup } from './cgroup.ts';
import { LoaderBench, type Reply } from './loader-bench.ts';
import { probeFiles } from './probe-build.ts';
import { Recording } from './recording.ts';

const killed = 128;
const ran = 2;

function keysOf(cgroup: TestCgroup): CgroupKey[] {
  const { v1Pids, v2 } = hierarchies();
  const inode = (mount: string) => statSync(join(mount, cgroup.name)).ino;
  return [...(v1Pids === null ? [] : [inode(v1Pids)]), ...(v2 === null ? [] : [-inode(v2)])];
}

/** From now on a program that exists only in memory is killed in this cgroup. */
async function enforce(loader: LoaderBench): Promise<Reply[]> {
  const decision = { generation: 1, kill: { memory: 1 }, shadow: {} };
  return await Promise.all(keysOf(loader.cgroup).map(async (key) => await loader.send({ do: 'setCgroup', key, isContainer: true, decision })));
}

/** Executes a program from memory, in mounts of its own as a container has them. */
async function executeFromMemory({ cgroup }: LoaderBench): Promise<number> {
  const { code } = await run('unshare', ['--mount', '--propagation', 'private', actsProgram(), cgroup.procs.join(','), 'memory', actsProgram()], { accept: [killed, ran] });
  return code;
}

test('--dead-man: what was enforced until then runs after it, and a new decision enforces nothing either', { timeout: 60_000 }, async () => {
  const loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '5']);
  const began = performance.now();
  try {
    for (const reply of await enforce(loader)) assert.equal(reply.status, 0);
    assert.equal(await executeFromMemory(loader), killed, 'it is enforced at first');
    await sleep(Math.max(0, 5500 - (performance.now() - began)));
    assert.equal(await executeFromMemory(loader), ran);
    for (const reply of await enforce(loader)) assert.equal(reply.status, 0);
    assert.equal(await executeFromMemory(loader), ran);
  } finally {
    await loader.stop();
  }
});

test('enforcement off: at once, and for good', { timeout: 60_000 }, async () => {
  const loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '60']);
  try {
    await enforce(loader);
    assert.equal(await executeFromMemory(loader), killed);
    assert.equal((await loader.send({ do: 'enforceOff' })).status, 0);
    assert.equal(await executeFromMemory(loader), ran);
    await enforce(loader);
    assert.equal(await executeFromMemory(loader), ran);
  } finally {
    await loader.stop();
  }
});

test('the end of enforcement is in the ticks, so that coverage does not go on claiming it', { timeout: 60_000 }, async () => {
  const cgroup = new TestCgroup();
  const recording = await Recording.start(cgroup, ['--dead-man', '2']);
  try {
    const events = await recording.until('the end of enforcement', (one) => one.kind === 'tick' && one.enforcementOff, 8000);
    assert.equal(events.find((one) => one.kind === 'tick')?.enforcementOff, false);
  } finally {
    await recording.stop();
    cgroup.remove();
  }
});

test('a number that is none is refused by the loader itself', async () => {
  const { object, loader } = await probeFiles();
  for (const [option, value] of [['--dead-man', '60s'], ['--dead-man', ''], ['--seconds', '-1'], ['--ring-bytes', '8M']] as const) {
    const { code, stderr } = await run(loader, ['--object', object, option, value, '--', '/bin/true'], { accept: [2] });
    assert.equal(code, 2, `${option} ${value}`);
    assert.match(stderr, /is not a number/);
  }
});
