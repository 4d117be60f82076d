/** The loader's own rules, spoken to as a sensor would, or as something that took the sensor over would. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeCommand, type Command } from '@vedette/sensor/enforce/commands';
import { run } from '../containers/run.ts';
import { actsProgram } from './acts.ts';
import { TestCgroup } from './cgroup.ts';
import { probeFiles } from './probe-build.ts';

const errno = { EPERM: 1, ESRCH: 3, EINVAL: 22, ENOSYS: 38 };
const place = mkdtempSync(join(tmpdir(), 'vedette-loader-'));
const cgroup = new TestCgroup();
const fifo = join(place, 'commands');
const repliesFile = join(place, 'replies');
let loader: ChildProcess;
let nextId = 1;

interface Reply {
  readonly id: number;
  readonly status: number;
  readonly refused: number;
}

function lines(): unknown[] {
  return existsSync(repliesFile) ? readFileSync(repliesFile, 'utf8').split('\n').filter((one) => one !== '').map((one) => JSON.parse(one) as unknown) : [];
}

async function replyTo(id: number): Promise<Reply> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = lines().find((one) => (one as Reply).id === id);
    if (found !== undefined) return found as Reply;
    await sleep(20);
  }
  throw new Error(`no reply to command ${id}`);
}

async function send(command: Command): Promise<Reply> {
  const id = nextId++;
  appendFileSync(fifo, `${Buffer.from(encodeCommand(command, id)).toString('hex')}\n`);
  return await replyTo(id);
}

async function started(session: number): Promise<{ started: number; status: Record<string, string> }> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const all = lines().filter((one) => typeof one === 'object' && one !== null && 'started' in one);
    if (all.length >= session) return all[session - 1] as { started: number; status: Record<string, string> };
    await sleep(25);
  }
  throw new Error(`the loader did not start sensor ${session}`);
}

function startBootNs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[19]) * 1e7;
}

before(async () => {
  const { object, loader: program } = await probeFiles();
  await run('mkfifo', [fifo]);
  chmodSync(place, 0o755);
  chmodSync(fifo, 0o666);
  await run('touch', [repliesFile]);
  chmodSync(repliesFile, 0o666);
  const held = spawn('sh', ['-c', `exec 9<>${fifo}; sleep 600`], { stdio: 'ignore' });
  loader = spawn(program, ['--object', object, '--cgroup', cgroup.path, '--user', '65534:65534', '--life-lines', 'my-database', '--', process.execPath, join(import.meta.dirname, 'fake-sensor.ts'), fifo, repliesFile], { stdio: 'inherit' });
  after(() => held.kill());
  await started(1);
});
after(async () => {
  const ended = new Promise((resolve) => loader.once('exit', resolve));
  loader.kill('SIGTERM');
  await ended;
  cgroup.remove();
  rmSync(place, { recursive: true, force: true });
});

test('the sensor has exactly CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, its own user, and gains nothing', async () => {
  const { status } = await started(1);
  const wanted = ((1n << 19n) | (1n << 2n)).toString(16).padStart(16, '0');
  for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd']) assert.equal(status[set], wanted, set);
  assert.equal(status['NoNewPrivs'], '1');
  assert.deepEqual(status['Uid']!.split('\t'), ['65534', '65534', '65534', '65534']);
});

test('pid 1, the loader, its parent, kernel threads and listed programs are refused and counted', async () => {
  const before = (await send({ do: 'forgetMarks' })).refused;
  const database = join(place, 'my-database');
  copyFileSync('/bin/sleep', database);
  chmodSync(database, 0o755);
  const child = spawn(database, ['60'], { stdio: 'ignore' });
  await sleep(100);
  const kernelThread = 2;
  const targets: [name: string, pid: number][] = [['pid 1', 1], ['the loader', loader.pid!], ['its parent', process.pid], ['a kernel thread', kernelThread], ['a listed program', child.pid!]];
  for (const [name, pid] of targets) {
    const reply = await send({ do: 'kill', tgid: pid, startBootNs: startBootNs(pid) });
    assert.equal(reply.status, -errno.EPERM, name);
  }
  assert.equal((await send({ do: 'kill', tgid: 0, startBootNs: 0 })).status, -errno.EPERM);
  assert.equal(child.exitCode, null);
  child.kill('SIGKILL');
  assert.equal((await send({ do: 'forgetMarks' })).refused, before + 6);
});

test('exactly the process meant is killed: another start time is another process', async () => {
  const child = spawn(actsProgram(), [cgroup.procs.join(','), 'exec', '/bin/sleep', '60'], { stdio: 'ignore' });
  await sleep(200);
  assert.equal((await send({ do: 'kill', tgid: child.pid!, startBootNs: startBootNs(child.pid!) + 5e9 })).status, -errno.ESRCH);
  assert.equal(child.exitCode, null);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  assert.equal((await send({ do: 'kill', tgid: child.pid!, startBootNs: startBootNs(child.pid!) })).status, 0);
  assert.equal(await ended, 'SIGKILL');
});

test('decisions that would hit a life line are refused', async () => {
  const decision = { generation: 1, kill: { dropped: 1 }, shadow: {} };
  assert.equal((await send({ do: 'setCgroup', key: 1, isContainer: true, decision })).status, -errno.EPERM, 'the root cgroup');
  assert.equal((await send({ do: 'setCgroup', key: -1, isContainer: true, decision })).status, -errno.EPERM, 'the root of the unified hierarchy');
  assert.equal((await send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: { host: 1 }, shadow: {} } })).status, -errno.EPERM, 'host files are no reason to kill');
  assert.equal((await send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision: { generation: 1, kill: { unjudged: 1 }, shadow: {} } })).status, -errno.EPERM, 'what cannot be judged is not killed');
  assert.equal((await send({ do: 'setPending', decision: { generation: 1, kill: { unjudged: 1 }, shadow: {} } })).status, -errno.EPERM);
  assert.equal((await send({ do: 'setCgroup', key: 4_000_000, isContainer: true, decision })).status, 0, 'an ordinary container');
  assert.equal((await send({ do: 'deleteCgroup', key: 4_000_000 })).status, 0);
});

test('garbage is counted and skipped; what comes after it is understood', async () => {
  const before = (await send({ do: 'forgetMarks' })).refused;
  const noise = Buffer.from('this is not a command at all, and it goes on for a while, 0123456789').toString('hex');
  appendFileSync(fifo, `${noise}\n`);
  const after = await send({ do: 'forgetMarks' });
  assert.equal(after.status, 0);
  assert.equal(after.refused, before + 1);
  const lying = Buffer.from(encodeCommand({ do: 'forgetMarks' }, 99));
  lying.writeUInt32LE(0x7fffffff, 4);
  appendFileSync(fifo, `${lying.toString('hex')}\n`);
  assert.equal((await send({ do: 'forgetMarks' })).refused, before + 2);
  const unknown = Buffer.from(encodeCommand({ do: 'forgetMarks' }, 5000));
  unknown.writeUInt16LE(77, 12);
  appendFileSync(fifo, `${unknown.toString('hex')}\n`);
  assert.equal((await replyTo(5000)).status, -errno.ENOSYS);
});

test('a position that was never sent is not acknowledged', async () => {
  const id = nextId++;
  appendFileSync(fifo, `${Buffer.from(encodeCommand({ do: 'acknowledge', position: 1 << 30 }, id)).toString('hex')}\n`);
  assert.equal((await replyTo(id)).status, -errno.EINVAL);
});

test('a sensor that dies is started again, with the same two capabilities', async () => {
  const first = await started(1);
  process.kill(first.started, 'SIGKILL');
  const second = await started(2);
  assert.notEqual(second.started, first.started);
  assert.equal(second.status['CapEff'], first.status['CapEff']);
});
