/** The loader's own rules, spoken to as a sensor would, or as something that took the sensor over would. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand } from '@vedette/sensor/enforce/commands';
import { actsProgram } from './acts.ts';
import { errno, LoaderBench } from './loader-bench.ts';

let loader: LoaderBench;

function startBootNs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[19]) * 1e7;
}

before(async () => {
  loader = await LoaderBench.start(['--user', '65534:65534', '--life-lines', 'my-database', '--dead-man', '60']);
});
after(async () => await loader.stop());

test('the sensor has exactly CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, its own user, and gains nothing', async () => {
  const { status } = await loader.started(1);
  const wanted = ((1n << 19n) | (1n << 2n)).toString(16).padStart(16, '0');
  for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd']) assert.equal(status[set], wanted, set);
  assert.equal(status['NoNewPrivs'], '1');
  assert.deepEqual(status['Uid']!.split('\t'), ['65534', '65534', '65534', '65534']);
});

test('pid 1, the loader, its parent, kernel threads and listed programs are refused and counted', async () => {
  const before = (await loader.send({ do: 'forgetMarks' })).refused;
  const database = join(loader.place, 'my-database');
  copyFileSync('/bin/sleep', database);
  chmodSync(database, 0o755);
  const child = spawn(database, ['60'], { stdio: 'ignore' });
  await sleep(100);
  const kernelThread = 2;
  const targets: [name: string, pid: number][] = [['pid 1', 1], ['the loader', loader.pid], ['its parent', process.pid], ['a kernel thread', kernelThread], ['a listed program', child.pid!]];
  for (const [name, pid] of targets) {
    const reply = await loader.send({ do: 'kill', tgid: pid, startBootNs: startBootNs(pid) });
    assert.equal(reply.status, -errno.EPERM, name);
  }
  assert.equal((await loader.send({ do: 'kill', tgid: 0, startBootNs: 0 })).status, -errno.EPERM);
  assert.equal(child.exitCode, null);
  child.kill('SIGKILL');
  assert.equal((await loader.send({ do: 'forgetMarks' })).refused, before + 6);
});

test('exactly the process meant is killed: another start time is another process', async () => {
  const child = spawn(actsProgram(), [loader.cgroup.procs.join(','), 'exec', '/bin/sleep', '60'], { stdio: 'ignore' });
  await sleep(200);
  assert.equal((await loader.send({ do: 'kill', tgid: child.pid!, startBootNs: startBootNs(child.pid!) + 5e9 })).status, -errno.ESRCH);
  assert.equal(child.exitCode, null);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  assert.equal((await loader.send({ do: 'kill', tgid: child.pid!, startBootNs: startBootNs(child.pid!) })).status, 0);
  assert.equal(await ended, 'SIGKILL');
});

test('decisions that would hit a life line are refused', async () => {
  const decision = { generation: 1, kill: { dropped: 1 }, shadow: {} };
  assert.equal((await loader.send({ do: 'setCgroup', key: 1, isContainer: true, decision })).status, -errno.EPERM, 'the root cgroup');
  assert.equal((await loader.send({ do: 'setCgroup', key: -1, isContainer: true, decision })).status, -errno.EPERM, 'the root of the unified hierarchy');
  assert.equal((await loader.send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: { host: 1 }, shadow: {} } })).status, -errno.EPERM, 'host files are no reason to kill');
  assert.equal((await loader.send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: { unjudged: 1 }, shadow: {} } })).status, -errno.EPERM, 'what cannot be judged is not killed');
  assert.equal((await loader.send({ do: 'setPending', decision: { generation: 1, kill: { unjudged: 1 }, shadow: {} } })).status, -errno.EPERM);
  assert.equal((await loader.send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision })).status, 0, 'an ordinary container');
  const whole = { image: 1, modified: 1, dropped: 1, memory: 1, volume: 1, unjudged: 1 };
  assert.equal((await loader.send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: whole, shadow: {} } })).status, 0, 'a container of an image that must not run');
  assert.equal((await loader.send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: { ...whole, host: 1 }, shadow: {} } })).status, -errno.EPERM, 'and not even then for host files');
  assert.equal((await loader.send({ do: 'deleteCgroup', key: 4_000_000 })).status, 0);
});

test('garbage is counted and skipped; what comes after it is understood', async () => {
  const before = (await loader.send({ do: 'forgetMarks' })).refused;
  loader.write(Buffer.from('this is not a command at all, and it goes on for a while, 0123456789'));
  const after = await loader.send({ do: 'forgetMarks' });
  assert.equal(after.status, 0);
  assert.equal(after.refused, before + 1);
  const lying = Buffer.from(encodeCommand({ do: 'forgetMarks' }, 99));
  lying.writeUInt32LE(0x7fffffff, 4);
  loader.write(lying);
  assert.equal((await loader.send({ do: 'forgetMarks' })).refused, before + 2);
  const unknown = Buffer.from(encodeCommand({ do: 'forgetMarks' }, 5000));
  unknown.writeUInt16LE(77, 12);
  loader.write(unknown);
  assert.equal((await loader.replyTo(5000)).status, -errno.ENOSYS);
});

test('a position that was never sent is not acknowledged', async () => {
  const id = 6000;
  loader.write(encodeCommand({ do: 'acknowledge', position: 1 << 30 }, id));
  assert.equal((await loader.replyTo(id)).status, -errno.EINVAL);
});

test('a sensor that dies is started again, with the same two capabilities', async () => {
  const first = await loader.started(1);
  process.kill(first.started, 'SIGKILL');
  const second = await loader.started(2);
  assert.notEqual(second.started, first.started);
  assert.equal(second.status['CapEff'], first.status['CapEff']);
});
