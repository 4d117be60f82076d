/** The kernel reports of sockets and of calls what interests name by port, address, family, result and the name of the program, and nothing else. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadRules } from '@vedette/rules/ruleset';
import { interestTable, tablePieces } from '@vedette/sensor/interest-table';
import { wantedKinds } from '@vedette/sensor/wanted-kinds';
import { act, actsProgram } from './acts.ts';
import { makeCalls } from './calls.ts';
import { LoaderBench, type Reported } from './loader-bench.ts';

let loader: LoaderBench;
let place: string;
let generation = 0;
let marks = 0;

before(async () => {
  loader = await LoaderBench.start(['--user', '65534:65534', '--dead-man', '60']);
  place = join(loader.place, 'place');
  mkdirSync(place);
});
after(async () => await loader.stop());

function post(...conditions: readonly string[]): number {
  const all = [...conditions, 'evt.type = open and fd.num >= 0 and fd.name endswith /mark'];
  const rules = loadRules([{ name: 'f', text: all.map((condition, index) => `- rule: r${index}\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`).join('') }]);
  assert.deepEqual(rules.problems.filter((one) => one.severity === 'error'), []);
  const interests = rules.interests();
  const { bytes } = interestTable(interests, wantedKinds((one) => interests.some((interest) => interest.eventClass === one)), (generation += 1));
  let last = 0;
  for (const piece of tablePieces(bytes)) last = loader.post({ do: 'setInterests', ...piece });
  return last;
}

const always = ['setuid', 'setgid', 'capset', 'setsid', 'setpgid', 'chdir', 'chroot', 'symlink', 'link', 'mount', 'umount2'];

/** What is reported of these acts while these conditions are wanted. A file is opened behind them: when that is there, so is all before it. */
async function reportedOf(conditions: readonly string[], acts: () => Promise<unknown>): Promise<Reported> {
  assert.equal((await loader.replyTo(post(...conditions))).status, 0);
  const earlier = await loader.reported(() => true);
  await acts();
  marks += 1;
  await act(loader.cgroup, ['open', join(place, 'mark'), 'open']);
  const later = await loader.reported(({ files }) => files[`open-write ${join(place, 'mark')}`] === marks);
  const more = (now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) => (
    Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)] as const).filter(([name, count]) => count > 0 && !always.includes(name)))
  );
  return { seen: more(later.seen, earlier.seen), sockets: more(later.sockets, earlier.sockets), files: more(later.files, earlier.files) };
}

test('of connections to two hundred ports the one that a rule names is reported', async () => {
  const connecting = async () => await act(loader.cgroup, ['connect-ports', '21800', '200']);
  assert.equal(Object.keys((await reportedOf(['evt.type = connect and proc.pname = x'], connecting)).sockets).length, 200, 'the kernel can decide nothing');
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.sport = 21900'], connecting)).sockets, { 'connect 127.0.0.1 21900': 1 });
  assert.equal(Object.keys((await reportedOf(['evt.type = connect and fd.sport >= 21990'], connecting)).sockets).length, 10);
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.sport in (22, 443)'], connecting)).sockets, {});
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.snet = "10.0.0.0/8"'], connecting)).sockets, {});
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.snet = "127.0.0.0/8" and fd.sport = 21801'], connecting)).sockets, { 'connect 127.0.0.1 21801': 1 });
  assert.deepEqual((await reportedOf(['evt.type = connect and evt.failed = false'], connecting)).sockets, {}, 'all are refused');
  assert.deepEqual((await reportedOf(['evt.type = connect and evt.res = ECONNREFUSED and fd.port = 21999'], connecting)).sockets, { 'connect 127.0.0.1 21999': 1 });
});

test('listening and accepting, by port and family', async () => {
  const network = async () => {
    await act(loader.cgroup, ['tcp4', '42701']);
    await act(loader.cgroup, ['tcp4', '42702']);
    await act(loader.cgroup, ['tcp6', '42701']);
  };
  const both = await reportedOf(['evt.type in (accept, accept4) and fd.sport = 42701', 'evt.type = listen and fd.lport = 42702'], network);
  assert.deepEqual(both.sockets, { 'accept 127.0.0.1 42701': 1, 'accept ::1 42701': 1, 'listen 127.0.0.1 42702': 1 });
  const six = await reportedOf(['evt.type = connect and fd.type = ipv6 and evt.failed = false', 'evt.type in (accept, accept4) and fd.sip exists and fd.typechar = 6'], network);
  assert.deepEqual(six.sockets, { 'connect ::1 42701': 1, 'accept ::1 42701': 1 });
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.snet = "::1/128"'], network)).sockets, { 'connect ::1 42701': 1 });
});

test('calls on sockets, by the address that they are given', async () => {
  const calls = async () => await makeCalls(loader.cgroup, place, ['bind', 'sendto', 'sendmsg', 'unix', 'unix-abstract']);
  assert.deepEqual((await reportedOf(['evt.type = bind and fd.lport = 42611'], calls)).seen, { bind: 1 });
  assert.deepEqual((await reportedOf(['evt.type = bind and fd.lport = 42610'], calls)).seen, {});
  assert.deepEqual((await reportedOf(['evt.type in (sendto, sendmsg) and fd.sport = 53'], calls)).seen, {});
  assert.deepEqual((await reportedOf(['evt.type in (sendto, sendmsg) and fd.sip = 10.0.0.1'], calls)).seen, {});
  assert.deepEqual((await reportedOf(['evt.type in (sendto, sendmsg) and fd.sip = "::1" and fd.sport = 42612 and fd.l4proto = udp'], calls)).seen, { sendto: 1, sendmsg: 1 });
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.sip exists'], calls)).seen, {}, 'sockets of the file system have no address');
  const narrow = async () => await makeCalls(loader.cgroup, place, ['connect@32']);
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.rport = 42614'], narrow)).seen, { connect: 1 }, 'by the 32-bit interface');
  assert.deepEqual((await reportedOf(['evt.type = connect and fd.rport = 42615'], narrow)).seen, {});
});

test('new sockets, by the family that was asked for and by the place that they take', async () => {
  const calls = async () => await makeCalls(loader.cgroup, place, ['socket-refused', 'socket', 'socket-as-input']);
  assert.deepEqual((await reportedOf(['evt.type = socket and evt.arg.domain contains AF_PACKET'], calls)).seen, { socket: 1 });
  assert.deepEqual((await reportedOf(['evt.type = socket and evt.arg.domain = AF_INET'], calls)).seen, { socket: 2 }, 'one was refused');
  assert.deepEqual((await reportedOf(['evt.type = socket and evt.arg.domain in (AF_INET6, AF_VSOCK)'], calls)).seen, {});
  assert.deepEqual((await reportedOf(['evt.type = socket and evt.arg.domain = AF_INET and evt.failed = false'], calls)).seen, { socket: 1 });
  const asInput = ['evt.type = socket and evt.arg.domain = AF_VSOCK', 'evt.type = dup and fd.type = ipv4'];
  assert.deepEqual((await reportedOf(asInput, calls)).seen, { socket: 1 }, 'a rule on duplicates wants those that become a standard stream');
});

test('calls that fail and calls that do not', async () => {
  const calls = async () => await makeCalls(loader.cgroup, place, ['setns-refused', 'unlink', 'ptrace-refused', 'rename-refused', 'mprotect', 'socket-refused', 'socket']);
  const classes = ['setns', 'ptrace', 'rename', 'unlink', 'mprotect', 'socket'];
  assert.deepEqual((await reportedOf(classes.map((one) => `evt.type = ${one} and evt.failed = true`), calls)).seen, { setns: 1, ptrace: 1, rename: 1, socket: 1 });
  assert.deepEqual((await reportedOf(classes.map((one) => `evt.type = ${one} and evt.res = SUCCESS`), calls)).seen, { unlink: 1, mprotect: 1, socket: 1 });
  const opens = async () => await makeCalls(loader.cgroup, place, ['open-failed', 'open-failed', 'open-failed@32']);
  assert.deepEqual((await reportedOf(['evt.type in (open, openat) and evt.failed = false and fd.name startswith /none'], opens)).seen, {}, 'opens that fail are of no interest');
  assert.deepEqual((await reportedOf(['evt.type in (open, openat) and evt.failed = true and fd.name = /etc/not-there'], opens)).seen, { openat: 2 });
});

test('by what the execution was called, whatever the process calls itself', async () => {
  const [one, other, shell] = ['one-program', 'other-program', 'third-program'].map((name) => join(place, name)) as [string, string, string];
  for (const program of [one, other]) copyFileSync(actsProgram(), program);
  copyFileSync('/bin/sh', shell);
  const written = async (condition: string, acts: () => Promise<unknown>) => {
    const { files } = await reportedOf([`evt.type = open and fd.num >= 0 and evt.is_open_write = true and ${condition}`], acts);
    return Object.keys(files).map((file) => file.slice(file.lastIndexOf('/') + 1)).filter((name) => name.startsWith('by-')).sort();
  };
  const opening = async () => {
    for (const program of [one, other]) await act(loader.cgroup, ['exec', program, '-', 'open', join(place, `by-${program.slice(place.length + 1)}`), 'open']);
  };
  assert.deepEqual(await written('proc.name = one-program', opening), ['by-one-program']);
  assert.deepEqual(await written('proc.name in (one-program, other-program)', opening), ['by-one-program', 'by-other-program']);
  assert.deepEqual(await written('not proc.name = one-program', opening), ['by-one-program', 'by-other-program'], 'what must not be is not judged');
  const renamed = async () => await act(loader.cgroup, ['exec', shell, '-c', `printf one-program > /proc/$$/comm; : > ${join(place, 'by-itself')}; ( : > ${join(place, 'by-child')} ); :`]);
  assert.deepEqual(await written('proc.name = third-program', renamed), ['by-itself'], 'as its execution was told');
  assert.deepEqual(await written('proc.name = one-program', renamed), ['by-child'], 'as its fork was told');
  const outside = async () => await act(loader.cgroup, ['open', join(place, 'by-unknown'), 'open']);
  assert.deepEqual(await written('proc.name = nobody', outside), ['by-unknown'], 'executed where nobody saw it');
  assert.deepEqual((await reportedOf(['evt.type = connect and proc.name = one-program'], async () => {
    for (const program of [one, other]) await act(loader.cgroup, ['exec', program, '-', 'connect-ports', program === one ? '21700' : '21701', '1']);
  })).sockets, { 'connect 127.0.0.1 21700': 1 });
});

test('fifty changes of the table lose none of the connections that all of them want', async () => {
  const connecting = act(loader.cgroup, ['connect-ports', '23000', '900']);
  const counts = reportedOf(['evt.type = connect and fd.sport >= 23000'], async () => {
    const all = act(loader.cgroup, ['connect-ports', '24000', '900']);
    for (let swap = 0; swap < 50; swap++) await loader.replyTo(swap % 2 === 0 ? post('evt.type = connect and fd.sport in (1, 2)', 'evt.type = connect and fd.sport > 23999') : post('evt.type = connect and fd.sport >= 23000'));
    await all;
  });
  await connecting;
  const { sockets } = await counts;
  const mine = Object.entries(sockets).filter(([name]) => / 24\d\d\d$/.test(name));
  assert.equal(mine.length, 900);
  assert.deepEqual(mine.filter(([, count]) => count !== 1), [], 'each once');
});
