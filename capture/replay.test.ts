/** Recordings of a few events → what a rule says of them: names of events, descriptors, sockets, people, containers, sections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayed, replayedRules } from './testing/replayed.ts';
import { CaptureWriter, connectionEntry, fileEntry, int, ipv4, serverEntry, tuple4, type EventFormat } from './testing/writer.ts';

interface Case {
  readonly what: string;
  readonly write: (writer: CaptureWriter) => void;
  readonly condition: string;
  readonly output: string;
  readonly outputs: readonly string[];
}

const shell = { tid: 10, comm: 'bash', exe: '-bash', exepath: '/usr/bin/bash', args: ['-l'], cwd: '/root/' };
const by = { tid: 10 };
const cwd = -100;
const address = (text: string, port: number) => Buffer.concat([Buffer.from([2]), ipv4(text), int(port, 2)]);

const cases: readonly Case[] = [
  {
    what: 'an exact name: openat is not open',
    write: (writer) => writer.threads([shell]).event(3, [4, '/etc/a', 1, 0], by).event(307, [5, cwd, '/etc/b', 1, 0], by).event(327, [6, cwd, '/etc/c', 1, 0, 0], by),
    condition: 'evt.type = openat',
    output: '%evt.type %fd.name %fd.num',
    outputs: ['openat /etc/b 5'],
  },
  {
    what: 'one condition over three names',
    write: (writer) => writer.threads([shell]).event(3, [4, '/etc/a', 1, 0], by).event(307, [5, cwd, '/etc/b', 1, 0], by).event(5, [0, 4], by),
    condition: 'evt.type in (open, openat, openat2) and evt.is_open_read = true',
    output: '%evt.num %evt.type %fd.name',
    outputs: ['1 open /etc/a', '2 openat /etc/b'],
  },
  {
    what: 'an old openat: what it asked for stands in its enter event',
    write: (writer) => writer.threads([shell]).event(102, [cwd, 'notes', 1, 0], by).event(103, [7], by).event(7, [3, Buffer.from('abc')], by),
    condition: 'evt.type = openat',
    output: '%evt.num %evt.dir %fd.name %evt.arg.name %evt.arg.flags',
    outputs: ['1 < /root/notes /root/notes O_RDONLY'],
  },
  {
    what: 'enter events are never asked about',
    write: (writer) => writer.threads([shell]).event(4, [3], by).event(5, [0], by),
    condition: 'evt.type = close or evt.dir = >',
    output: '%evt.num %evt.dir %evt.type',
    outputs: ['1 < close'],
  },
  {
    what: 'a path under a directory that is open',
    write: (writer) => writer.threads([shell]).descriptors(10, [fileEntry(3, '/srv/www')]).event(307, [4, 3, '../x/y', 2, 0], by),
    condition: 'evt.type = openat',
    output: '%fd.name %fd.directory %fd.filename %fd.nameraw',
    outputs: ['/srv/x/y /srv/x y ../x/y'],
  },
  {
    what: 'a failed call leaves no descriptor and says its error',
    write: (writer) => writer.threads([shell]).event(307, [-2, cwd, '/nothing', 1, 0], by).event(307, [-13, cwd, '/etc/shadow', 1, 0], by),
    condition: 'evt.type = openat and evt.failed = true',
    output: '%evt.res %evt.rawres %fd.num',
    outputs: ['ENOENT -2 -1', 'EACCES -13 -1'],
  },
  {
    what: 'a descriptor lives until it is closed',
    write: (writer) =>
      writer.threads([shell]).event(307, [3, cwd, '/a', 1, 0], by).event(7, [1, Buffer.from('x'), 3, 1], by).event(5, [0, 3], by).event(7, [-9, null, 3, 1], by),
    condition: 'evt.type in (read, close)',
    output: '%evt.type %fd.name',
    outputs: ['read /a', 'close /a', 'read '],
  },
  {
    what: 'copies of a descriptor',
    write: (writer) =>
      writer.threads([shell]).descriptors(10, [fileEntry(3, '/log')]).event(367, [4, 3], by).event(363, [1, 3, 1], by).event(151, [9, 3, 1], by).event(5, [0, 3], by)
        .event(9, [1, Buffer.from('x'), 4, 1], by).event(9, [1, Buffer.from('x'), 1, 1], by).event(9, [1, Buffer.from('x'), 9, 1], by),
    condition: 'evt.type = write',
    output: '%fd.num %fd.name',
    outputs: ['4 /log', '1 /log', '9 /log'],
  },
  {
    what: 'a pipe',
    write: (writer) => writer.threads([shell]).event(393, [0, 3, 4, 99, 0], by).event(9, [1, Buffer.from('x'), 4, 1], by),
    condition: 'evt.type = write and fd.type = pipe',
    output: '%fd.typechar %evt.buffer',
    outputs: ['p x'],
  },
  {
    what: 'a directory is changed, and a relative path follows it',
    write: (writer) => writer.threads([shell]).event(95, [0, '/var'], by).event(95, [0, 'log/../lib'], by).event(3, [3, 'db', 1, 0], by),
    condition: 'evt.type = open',
    output: '%proc.cwd %fd.name',
    outputs: ['/var/lib/ /var/lib/db'],
  },
  {
    what: 'a connection going out',
    write: (writer) =>
      writer.threads([shell]).event(19, [3, 2, 1, 6], by).event(23, [0, tuple4('10.0.0.5', 40000, '1.2.3.4', 443), 3], by).event(9, [2, Buffer.from('hi'), 3, 2], by),
    condition: 'evt.type in (connect, write) and fd.sip = 1.2.3.4 and fd.sport = 443 and fd.net = 1.0.0.0/8',
    output: '%evt.type %fd.name %fd.l4proto %fd.type %fd.cip:%fd.cport %fd.is_server',
    outputs: ['connect 10.0.0.5:40000->1.2.3.4:443 tcp ipv4 10.0.0.5:40000 false', 'write 10.0.0.5:40000->1.2.3.4:443 tcp ipv4 10.0.0.5:40000 false'],
  },
  {
    what: 'a connection coming in',
    write: (writer) =>
      writer.interfaces(['10.0.0.5']).threads([shell]).event(19, [3, 2, 1, 6], by).event(21, [0, address('0.0.0.0', 8080), 3], by).event(247, [4, tuple4('9.9.9.9', 5555, '10.0.0.5', 8080), 0, 0, 5], by)
        .event(389, [5, tuple4('9.9.9.8', 5556, '10.0.0.5', 8080), 0, 0, 5], by),
    condition: 'evt.type in (bind, accept, accept4)',
    output: '%evt.type %fd.name %fd.lport %fd.rip %fd.is_server %fd.typechar',
    outputs: ['bind 0.0.0.0:8080 <NA> <NA> true 2', 'accept 9.9.9.9:5555->10.0.0.5:8080 8080 9.9.9.9 true 4', 'accept4 9.9.9.8:5556->10.0.0.5:8080 8080 9.9.9.8 true 4'],
  },
  {
    what: 'a datagram names its peer; the socket was made before',
    write: (writer) =>
      writer.interfaces(['10.0.0.5']).threads([shell]).event(19, [3, 2, 2, 17], by).event(29, [4, Buffer.from('ping'), 3, 4, tuple4('0.0.0.0', 0, '8.8.8.8', 53)], by),
    condition: 'evt.type = send and fd.l4proto = udp',
    output: '%fd.sip %fd.sport',
    outputs: ['8.8.8.8 53'],
  },
  {
    what: 'descriptors from before the recording: who listens on its port is the server',
    write: (writer) => writer.threads([shell]).descriptors(10, [serverEntry(3, '0.0.0.0', 22), connectionEntry(4, '10.0.0.5', 22, '10.0.0.9', 4000)]).event(7, [1, Buffer.from('x'), 4, 1], by),
    condition: 'evt.type = read',
    output: '%fd.name %fd.type %fd.l4proto',
    outputs: ['10.0.0.9:4000->10.0.0.5:22 ipv4 tcp'],
  },
  {
    what: 'a call without an event of its own has its own name',
    write: (writer) => writer.threads([shell]).event(1, [0], by).event(1, [26], by),
    condition: 'evt.type exists and evt.num > 0',
    output: '%evt.num',
    outputs: ['1', '2'],
  },
  {
    what: 'people by number, also those added later',
    write: (writer) =>
      writer.users([{ uid: 7, name: 'ann' }]).threads([{ ...shell, uid: 7 }, { tid: 11, uid: 8 }]).event(7, [1], by).event(7, [1], { tid: 11 })
        .event(354, [8, 8, 'ben', '/home/ben', '/bin/sh', '']).event(7, [1], { tid: 11 }),
    condition: 'evt.type = read',
    output: '%user.uid %user.name %user.homedir',
    outputs: ['7 ann /home/ann', '8 <NA> <NA>', '8 ben /home/ben'],
  },
  {
    what: 'another user after setresuid; -1 changes nothing',
    write: (writer) =>
      writer.users([{ uid: 0, name: 'root' }, { uid: 7, name: 'ann' }]).threads([shell]).event(192, [7, 7, 7], by).event(193, [0], by).event(192, [-1, -1, -1], by).event(193, [0], by),
    condition: 'evt.type = setresuid',
    output: '%user.name',
    outputs: ['ann', 'ann'],
  },
  {
    what: 'a container by its control group, then by what the engine said',
    write: (writer) => {
      const id = 'ab'.repeat(32);
      writer.threads([{ ...shell, cgroups: [`cpuset=/docker/${id}`] }, { tid: 11 }]).event(7, [1], by);
      writer.event(324, ['{"container":{"id":"abababababab","type":0,"name":"web","image":"registry.example/shop/web:1.2","privileged":true}}']);
      writer.event(7, [1], by).event(7, [1], { tid: 11 });
    },
    condition: 'evt.type = read',
    output: '%container.id %container.name %container.image.repository %container.image.tag %container.privileged',
    outputs: ['abababababab <NA> <NA> <NA> <NA>', 'abababababab web registry.example/shop/web 1.2 true', 'host host <NA> <NA> <NA>'],
  },
  {
    what: 'what a container shares with the host',
    write: (writer) => {
      const id = 'ab'.repeat(32);
      writer.threads([{ ...shell, cgroups: [`cpuset=/docker/${id}`] }]).event(324, ['{"container":{"id":"abababababab","type":0,"name":"web","host_pid":true,"host_ipc":false}}']).event(7, [1], by);
    },
    condition: 'container.host_pid = true and container.host_ipc = false',
    output: '%container.host_pid %container.host_ipc %container.host_network',
    outputs: ['true false <NA>'],
  },
  {
    what: 'arguments by name, by place and raw',
    write: (writer) => writer.threads([shell]).event(129, [0], by).event(128, [11, 9], { ...by }).event(129, [0], by),
    condition: 'evt.type = kill and evt.arg.sig = SIGKILL and evt.arg[1] = 11 and evt.rawarg.sig = 9',
    output: '%evt.args',
    outputs: ['res=0 pid=11 sig=9(SIGKILL)'],
  },
  {
    what: 'a thread that nothing is known of',
    write: (writer) => writer.threads([shell]).event(7, [1, Buffer.from('x'), 3, 1], { tid: 555 }),
    condition: 'evt.type = read',
    output: '%thread.tid %proc.name %proc.pid %proc.pname %fd.name %user.name',
    outputs: ['555 <NA> -1 <NA>  <NA>'],
  },
];

for (const one of cases) {
  test(one.what, () => {
    const writer = new CaptureWriter().machine('host-1');
    one.write(writer);
    const { outputs, result } = replayed(writer.bytes(), one.condition, one.output);
    assert.equal(result.problem, null);
    assert.deepEqual(outputs, one.outputs);
  });
}

const formats: readonly EventFormat[] = ['first', 'first-flags', 'second', 'second-flags', 'second-large'];

for (const format of formats) {
  test(`events of the format ${format}`, () => {
    const writer = new CaptureWriter().machine('host-1').threads([shell]);
    writer.format = format;
    writer.event(324, [`{"container":{"id":"abababababab","name":"${'n'.repeat(300)}"}}`]).event(103, [3], by).event(3, [4, '/etc/passwd', 1, 0, 5, 6], by).event(9, [3, Buffer.from('abc'), 4, 3], by);
    const { outputs } = replayed(writer.bytes(), 'evt.type = write', '%evt.buffer %fd.name', 7);
    assert.deepEqual(outputs, ['abc /etc/passwd']);
  });
}

test('an alert has its time to the nanosecond and the recorded machine', () => {
  const writer = new CaptureWriter().machine('host-1').event(7, [1], { timeNs: 1_700_000_000_123_456_789n });
  const { alerts } = replayed(writer.bytes(), 'evt.type = read');
  assert.equal(alerts[0]?.timeNs, 1_700_000_000_123_456_789n);
  assert.equal(alerts[0].hostname, 'host-1');
});

test('every rule that matches is told, and those that cannot be met say why', () => {
  const writer = new CaptureWriter().threads([shell]).event(7, [1], by).event(9, [1], by);
  const rule = (name: string, condition: string) => `- rule: ${name}\n  desc: d\n  priority: NOTICE\n  output: o\n  condition: ${condition}\n`;
  const rules = [rule('a', 'evt.type = read'), rule('b', 'evt.type in (read, write)'), rule('c', 'evt.type = ptrace'), rule('d', 'evt.type = read and fd.sip.name = example.com')].join('');
  const { alerts, result } = replayedRules(writer.bytes(), rules);
  assert.deepEqual(alerts.map((one) => one.rule), ['a', 'b', 'b']);
  assert.deepEqual([...result.alertsByRule], [['a', 1], ['b', 2]]);
  assert.deepEqual(result.unmet.map(({ rule: one, reasons }) => [one.name, reasons]), [
    ['c', ['the recording holds no ptrace']],
    ['d', ['fd.sip.name is not in a recording']],
  ]);
});

test('a file of two recordings: the second knows nothing of the first, counts go on', () => {
  const first = new CaptureWriter().machine('one').threads([shell]).event(7, [1], by);
  const second = new CaptureWriter().machine('two').event(7, [1], by);
  const { alerts, result } = replayed(Buffer.concat([first.bytes(), second.bytes()]), 'evt.type = read', '%evt.num %proc.name');
  assert.deepEqual(alerts.map((one) => `${one.hostname} ${one.output.text}`), ['one 1 bash', 'two 2 <NA>']);
  assert.equal(result.events, 2);
});

test('events of unknown numbers and with lengths that contradict themselves are counted and passed over', () => {
  const writer = new CaptureWriter().threads([shell]).event(60_000, [], by).event(7, [1], by);
  const broken = Buffer.concat([int(0, 2), int(1, 8), int(10, 8), int(28, 4), int(7, 2), int(1, 4), int(9000, 2)]);
  writer.block(0x216, broken).event(7, [1], by);
  const { outputs, result } = replayed(writer.bytes(), 'evt.type = read');
  assert.equal(outputs.length, 2);
  assert.equal(result.unknownEvents, 1);
  assert.equal(result.brokenEvents, 1);
  assert.equal(result.problem, null);
});
