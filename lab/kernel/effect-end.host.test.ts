/** The dead man lets go what effects hold; and what isolation needs of the loader's capabilities. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../containers/run.ts';
import { until } from '../until.ts';
import { actsProgram } from './acts.ts';
import { hierarchies, keysOfName, type TestCgroup } from './cgroup.ts';
import { LoaderBench } from './loader-bench.ts';

async function happens(look: () => Promise<unknown>, timeoutMs: number, everyMs = 50): Promise<void> {
  const { value, ms } = await until(look, timeoutMs, everyMs);
  assert.ok(value !== null, `it did not happen within ${ms} ms: ${look.toString()}`);
}

/** A process in mounts of its own, in a cgroup below the loader's scope. */
async function sleeper(cgroup: TestCgroup): Promise<void> {
  spawn('unshare', ['--mount', '--propagation', 'private', actsProgram(), cgroup.procs.join(','), 'exec', '/bin/sleep', '60'], { stdio: 'ignore' });
  const { v1Pids, v2 } = hierarchies();
  await happens(async () => {
    const pid = readFileSync(join(v1Pids ?? v2!, cgroup.name, 'cgroup.procs'), 'utf8').trim();
    return pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n' ? true : null;
  }, 5000, 20);
}

async function connect(cgroup: TestCgroup): Promise<number> {
  const { stdout } = await run(actsProgram(), [cgroup.procs.join(','), 'refused', '1'], { accept: [0, 1] });
  return Number(/connect (-?\d+)/.exec(stdout)?.[1]);
}

const refusedByPeer = -111;
const refusedByUs = -1;

async function isolateOnce(loader: LoaderBench, cgroup: TestCgroup) {
  return await loader.send({ do: 'effect', act: 'isolate', ...keysOfName(cgroup.name), process: null, allowed: [], undo: false, dryRun: false });
}

test('--dead-man: isolated containers connect again, frozen ones go on, and nothing new is begun', { timeout: 60_000 }, async () => {
  const loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '6']);
  const cgroup = loader.cgroup.child('held');
  try {
    await sleeper(cgroup);
    assert.equal((await isolateOnce(loader, cgroup)).status, 0);
    assert.equal(await connect(cgroup), refusedByUs);
    const order = { do: 'effect', act: 'freeze', ...keysOfName(cgroup.name), process: null, allowed: [], undo: false, dryRun: false } as const;
    const frozen = await loader.send(order);
    assert.equal(frozen.status, 0, JSON.stringify(frozen));
    await happens(async () => ((await connect(loader.cgroup)) === refusedByPeer && (await loader.send({ ...order, undo: true, dryRun: true })).status === -114 ? true : null), 20_000, 200);
    assert.equal(await connect(cgroup), refusedByPeer);
    assert.equal((await isolateOnce(loader, cgroup)).status, -1);
  } finally {
    cgroup.remove();
    await loader.stop();
  }
});

test('capabilities: the loader keeps CAP_NET_ADMIN, which kernels before 6.9 want for it; from 6.9 CAP_SYS_ADMIN is enough', { timeout: 60_000 }, async (t) => {
  const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  const loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '60'], ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin', '--']);
  const cgroup = loader.cgroup.child('held');
  try {
    await sleeper(cgroup);
    const effective = BigInt(`0x${/CapEff:\s+([0-9a-f]+)/.exec(readFileSync(`/proc/${loader.pid}/status`, 'utf8'))![1]}`);
    assert.equal(effective & (1n << 12n), 0n);
    const reply = await isolateOnce(loader, cgroup);
    t.diagnostic(`without CAP_NET_ADMIN on ${major}.${minor}: ${JSON.stringify(reply)}`);
    if (major > 6 || (major === 6 && minor >= 9)) assert.equal(reply.status, 0);
    else assert.equal(reply.status, -1);
  } finally {
    cgroup.remove();
    await loader.stop();
  }
});
