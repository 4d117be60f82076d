/**
 * Effects by the loader on real containers of runc that this test made, with a twin beside each to prove that nothing else is touched; behind
 * the dead man. The peers are this test's own listeners on loopback.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { networkOf } from '@vedette/rules/address';
import type { EffectOrder } from '@vedette/sensor/enforce/commands';
import { BareRunc } from '../containers/bare-runc.ts';
import { shopImage } from '../containers/image.ts';
import { until } from '../until.ts';
import { hierarchies, keysOfName, type TestCgroup } from './cgroup.ts';
import { LoaderBench, type Reply } from './loader-bench.ts';

const [EPERM, ESRCH, EINVAL, EALREADY] = [1, 3, 22, 114];
const answers: string[] = [];
const peers = new Map<string, Socket>();
const server = createServer((socket) => {
  let rest = '';
  socket.on('error', () => undefined);
  socket.on('data', (text: Buffer) => {
    const lines = (rest + text.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('hello ')) peers.set(line.slice(6), socket);
      answers.push(line);
    }
  });
});
let port = 0;
let loader: LoaderBench;
let bad: Subject;
let twin: Subject;

async function happens(look: () => Promise<unknown>, timeoutMs: number, everyMs = 50): Promise<void> {
  const { value, ms } = await until(look, timeoutMs, everyMs);
  assert.ok(value !== null, `it did not happen within ${ms} ms: ${look.toString()}`);
}

/** What the loader's evidence may hold, as far as it is looked at here. */
interface Evidence {
  readonly before: { readonly isolated?: boolean; readonly frozen?: boolean; readonly processes?: number };
  readonly after: { readonly programs: readonly { readonly hook: string; readonly readBack: boolean }[]; readonly frozen?: boolean; readonly processes?: number };
  readonly refused: Readonly<Record<'connections' | 'datagrams' | 'packetsOut' | 'packetsIn', number>>;
  readonly killed: readonly number[];
  readonly killedCount: number;
}

/** A container with a child, that answers on a connection made at its start. */
class Subject {
  readonly id: string;
  readonly cgroup: string;
  readonly #container: BareRunc;

  private constructor(id: string, cgroup: string, container: BareRunc) {
    this.id = id;
    this.cgroup = cgroup;
    this.#container = container;
  }

  static async start(id: string, parent: TestCgroup): Promise<Subject> {
    const directory = mkdtempSync(join(tmpdir(), 'vedette-effect-'));
    chmodSync(directory, 0o755);
    const cgroup = `${parent.name}/runc-${id}.scope`;
    const talk = `sleep 600 & exec 3<>/dev/tcp/127.0.0.1/${port}; echo "hello ${id}" >&3; while read -u 3 line; do echo "${id} $line" >&3; done; wait`;
    const container = new BareRunc({ directory, id, image: await shopImage(), overlay: true, hostNetwork: true, cgroup: `/${cgroup}`, command: ['/bin/bash', '-c', talk] });
    const made = new Subject(id, cgroup, container);
    await container.start();
    await happens(async () => peers.get(id) ?? null, 10_000);
    return made;
  }

  /** 'connected', or why not. */
  async connect(address = '127.0.0.1'): Promise<string> {
    const { stdout, stderr } = await this.#container.exec(['/bin/bash', '-c', `exec 4<>/dev/tcp/${address}/${port} && echo connected`], [1]);
    return stdout.trim() || stderr;
  }

  async sendDatagram(): Promise<string> {
    const program = `use Socket; socket(S,PF_INET,SOCK_DGRAM,0); print defined(send(S,"x",0,pack_sockaddr_in(9,inet_aton("127.0.0.1")))) ? "sent" : "$!"`;
    return (await this.#container.exec(['/usr/bin/perl', '-e', program], [1])).stdout;
  }

  say(word: string): void {
    peers.get(this.id)!.write(`${word}\n`);
  }

  async answered(word: string): Promise<void> {
    await happens(async () => (answers.includes(`${this.id} ${word}`) ? true : null), 20_000, 50);
  }

  get pids(): number[] {
    const { v1Pids, v2 } = hierarchies();
    return readFileSync(join(v1Pids ?? v2!, this.cgroup, 'cgroup.procs'), 'utf8').split('\n').filter((one) => one !== '').map(Number);
  }

  async stop(): Promise<void> {
    await this.#container.stop();
  }
}

async function effect(subject: { readonly cgroup: string }, act: EffectOrder['act'], more: Partial<EffectOrder> & { cidrs?: string[] } = {}): Promise<Omit<Reply, 'evidence'> & { readonly evidence: Evidence }> {
  const { cidrs = [], ...rest } = more;
  const order: EffectOrder = { do: 'effect', act, ...keysOfName(subject.cgroup), process: null, allowed: cidrs.map((one) => networkOf(one)!), undo: false, dryRun: false, ...rest };
  const { evidence, ...reply } = await loader.send(order);
  return { ...reply, evidence: evidence as Evidence };
}

function startBootNs(pid: number): bigint {
  return BigInt(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]!) * 10_000_000n;
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '::', resolve));
  port = (server.address() as AddressInfo).port;
  loader = await LoaderBench.start(['--user', '65534:65534', '--life-lines', 'my-database', '--dead-man', '60']);
  bad = await Subject.start('vedette-bad', loader.cgroup);
  twin = await Subject.start('vedette-twin', loader.cgroup);
});
after(async () => {
  await bad?.stop();
  await twin?.stop();
  await loader?.stop();
  for (const one of peers.values()) one.destroy();
  server.close();
});

test('isolation: what was connected is cut, what is new is refused at once, the twin goes on, and taking it back restores', async () => {
  assert.equal(await bad.connect(), 'connected');
  assert.equal(await bad.sendDatagram(), 'sent');
  const tried = await effect(bad, 'isolate', { dryRun: true });
  assert.equal(tried.status, 0);
  assert.equal(await bad.connect(), 'connected', 'a dry run does nothing');

  const reply = await effect(bad, 'isolate');
  assert.equal(reply.status, 0, JSON.stringify(reply));
  assert.equal(reply.evidence.before.isolated, false);
  assert.equal(reply.evidence.after.programs.length, 6);
  for (const one of reply.evidence.after.programs) assert.equal(one.readBack, true, one.hook);
  for (const address of ['127.0.0.1', '::1']) assert.match(await bad.connect(address), /Operation not permitted/, address);
  assert.equal(await bad.sendDatagram(), 'Operation not permitted');
  bad.say('while-cut');
  await happens(async () => ((await effect(bad, 'isolate', { undo: true, dryRun: true })).evidence.refused.packetsIn > 0 ? true : null), 10_000, 50);
  assert.ok(!answers.includes('vedette-bad while-cut'));
  assert.equal(await twin.connect(), 'connected');
  assert.equal(await twin.sendDatagram(), 'sent');
  twin.say('meanwhile');
  await twin.answered('meanwhile');

  const undone = await effect(bad, 'isolate', { undo: true });
  assert.equal(undone.status, 0);
  assert.ok(undone.evidence.refused.connections >= 2 && undone.evidence.refused.datagrams >= 1);
  assert.equal(await bad.connect(), 'connected');
  await bad.answered('while-cut');
  assert.equal((await effect(bad, 'isolate', { undo: true })).status, -EALREADY);
});

test('isolation: the allow list, its replacement, and a wide network of IPv6 that lets no IPv4 through', async () => {
  assert.equal((await effect(bad, 'isolate', { cidrs: ['127.0.0.2/32', '::1'] })).status, 0);
  assert.equal(await bad.connect('127.0.0.2'), 'connected');
  assert.equal(await bad.connect('::1'), 'connected');
  assert.match(await bad.connect('127.0.0.1'), /Operation not permitted/);
  const replaced = await effect(bad, 'isolate', { cidrs: ['::/0'] });
  assert.equal(replaced.evidence.before.isolated, true);
  assert.equal(await bad.connect('::1'), 'connected');
  assert.match(await bad.connect('127.0.0.2'), /Operation not permitted/);
  assert.equal((await effect(bad, 'isolate', { undo: true })).status, 0);
  assert.equal(await bad.connect('127.0.0.2'), 'connected');
});

test('an isolation outlives the sensor', async () => {
  assert.equal((await effect(bad, 'isolate')).status, 0);
  const { started } = await loader.started(1);
  process.kill(started, 'SIGKILL');
  await loader.started(2);
  assert.match(await bad.connect(), /Operation not permitted/);
  const again = await effect(bad, 'isolate');
  assert.equal(again.evidence.before.isolated, true, 'what the next sensor asks again finds it standing');
  assert.equal((await effect(bad, 'isolate', { undo: true })).status, 0);
});

test('freeze and thaw: the container stands still, the twin does not', async () => {
  const frozen = await effect(bad, 'freeze');
  assert.equal(frozen.status, 0, JSON.stringify(frozen));
  assert.deepEqual([frozen.evidence.before.frozen, frozen.evidence.after.frozen], [false, true]);
  bad.say('while-frozen');
  twin.say('not-frozen');
  await twin.answered('not-frozen');
  assert.ok(!answers.includes('vedette-bad while-frozen'));
  assert.equal((await effect(bad, 'freeze')).status, -EALREADY);
  assert.equal((await effect(bad, 'freeze', { undo: true })).status, 0);
  await bad.answered('while-frozen');
});

test('a sensor that knows the v1 cgroup alone: the unified one with the same processes is found', async () => {
  assert.equal((await effect(bad, 'isolate', { keyV2: 0 })).status, 0);
  assert.match(await bad.connect(), /Operation not permitted/);
  assert.equal((await effect(bad, 'isolate', { keyV2: 0, undo: true })).status, 0);
});

test('life lines, what is in the host mounts, the root and the loader itself are refused, each with its reason', async () => {
  const program = join(loader.place, 'my-database');
  copyFileSync('/bin/sleep', program);
  chmodSync(program, 0o755);
  const refusals = async (subject: { cgroup: string }, acts: readonly EffectOrder['act'][], why: RegExp) => {
    for (const act of acts) {
      const reply = await effect(subject, act);
      assert.equal(reply.status, -EPERM, `${act} ${JSON.stringify(reply)}`);
      assert.match(JSON.stringify(reply.evidence), why);
    }
  };
  for (const [command, why, acts] of [[program, /life line/, ['kill', 'freeze', 'isolate']], ['/bin/sleep', /host's mount namespace/, ['kill', 'freeze']]] as const) {
    const cgroup = loader.cgroup.child(`life-${why.source.length}`);
    const child = spawn(command, ['60'], { stdio: 'ignore' });
    cgroup.add(child.pid!);
    await happens(async () => (readFileSync(`/proc/${child.pid}/comm`, 'utf8') !== 'node\n' ? true : null), 5000, 20);
    await refusals({ cgroup: cgroup.name }, acts, why);
    assert.equal(child.exitCode, null);
    child.kill('SIGKILL');
    cgroup.remove();
  }
  const root: Partial<EffectOrder> = { keyV1: 1, keyV2: -1 };
  for (const act of ['kill', 'freeze', 'isolate'] as const) assert.equal((await effect(bad, act, root)).status, -EPERM);
  assert.equal((await effect(bad, 'isolate', { keyV1: 0, keyV2: -4_000_000_000 })).status, -ESRCH);
  assert.equal((await effect(bad, 'kill', { undo: true })).status, -EINVAL);
  assert.equal((await effect(bad, 'isolate', { allowed: [{ bytes: new Uint8Array(16), prefixBits: 129 }] })).status, -EINVAL);
});

test('kill: exactly one process by its start time and only of the container, then all of them; the twin lives', async () => {
  const [own, other] = [bad.pids.at(-1)!, twin.pids[0]!];
  assert.equal((await effect(bad, 'kill', { process: { tgid: other, startBootNs: startBootNs(other) } })).status, -EPERM);
  assert.equal((await effect(bad, 'kill', { process: { tgid: own, startBootNs: startBootNs(own) + 5_000_000_000n } })).status, -ESRCH);
  const one = await effect(bad, 'kill', { process: { tgid: own, startBootNs: startBootNs(own) } });
  assert.equal(one.status, 0);
  assert.deepEqual(one.evidence.killed, [own]);
  const tried = await effect(bad, 'kill', { dryRun: true });
  assert.ok(tried.status === 0 && (tried.evidence.before.processes ?? 0) >= 1);
  const all = await effect(bad, 'kill');
  assert.equal(all.status, 0, JSON.stringify(all));
  assert.ok(all.evidence.killedCount >= 1);
  assert.equal(all.evidence.after.processes, 0);
  twin.say('still here');
  await twin.answered('still here');
});

test('the loader dies: nothing of an isolation is left', async () => {
  assert.equal((await effect(twin, 'isolate')).status, 0);
  assert.match(await twin.connect(), /Operation not permitted/);
  const { started } = await loader.started(2);
  process.kill(loader.pid, 'SIGKILL');
  // the stand-in waits on its fifo and would not leave by itself
  process.kill(started, 'SIGKILL');
  await happens(async () => ((await twin.connect()) === 'connected' ? true : null), 10_000, 50);
});
