/** Recordings of processes that are made, change program and end → who did it and under whom, in every way a recording tells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayed } from './testing/replayed.ts';
import { CaptureWriter, connectionEntry, fileEntry, serverEntry, type Value } from './testing/writer.ts';

const shell = { tid: 10, comm: 'bash', exe: '-bash', exepath: '/usr/bin/bash', args: ['-l'], cwd: '/root/', env: ['HOME=/root', 'TERM=xterm'], tty: 34816, loginuid: 1000 };
const init = { tid: 1, comm: 'systemd', exe: '/sbin/init', exepath: '/usr/lib/systemd/systemd', ptid: 0 };

const child = (tid: number, more: Readonly<Record<string, Value>> = {}): Readonly<Record<string, Value>> => ({
  res: 0, exe: '-bash', args: ['-l'], tid, pid: tid, ptid: 10, cwd: '', fdlimit: 1024, comm: 'bash', cgroups: [], flags: 0, uid: 0, gid: 0, vtid: tid, vpid: tid, pidns_init_start_ts: 0, ...more,
});
const exec = (tid: number, more: Readonly<Record<string, Value>> = {}): Readonly<Record<string, Value>> => ({
  res: 0, exe: 'ls', args: ['-la', '/tmp'], tid, pid: tid, ptid: 10, cwd: '', fdlimit: 1024, comm: 'ls', cgroups: [], env: ['A=1'], tty: 34816, ...more,
});

interface Case {
  readonly what: string;
  readonly write: (writer: CaptureWriter) => void;
  readonly condition: string;
  readonly output: string;
  readonly outputs: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: 'a child, its program, its ancestors',
    write: (writer) =>
      writer.threads([init, shell]).named(223, child(20, { res: 20, tid: 10, pid: 10, ptid: 1 }), { tid: 10 }).named(223, child(20), { tid: 20 })
        .named(293, exec(20, { trusted_exepath: '/usr/bin/ls', vpgid: 20, loginuid: 1000 }), { tid: 20 }),
    condition: 'evt.type = execve',
    output: '%proc.name|%proc.cmdline|%proc.exepath|%proc.pid|%proc.ppid|%proc.pname|%proc.aname[2]|%proc.cwd|%proc.tty|%user.loginuid|%proc.env[A]',
    outputs: ['ls|ls -la /tmp|/usr/bin/ls|20|10|bash|systemd|/root/|34816|1000|1'],
  },
  {
    what: 'any of the ancestors',
    write: (writer) => writer.threads([init, shell, { tid: 11, ptid: 10, comm: 'sh' }, { tid: 12, ptid: 11, comm: 'curl' }]).event(7, [1], { tid: 12 }).event(7, [1], { tid: 11 }),
    condition: 'evt.type = read and proc.aname = bash and proc.aname[2] = bash and proc.apid[1] = 11',
    output: '%proc.name %proc.aname[1] %proc.aname[2] %proc.aname[3] %proc.aname[9]',
    outputs: ['curl sh bash systemd <NA>'],
  },
  {
    what: 'the program by an old execution: from what was asked for on entering',
    write: (writer) => writer.threads([init, shell]).event(292, ['./run.sh'], { tid: 10 }).named(293, { ...exec(10), exe: './run.sh', comm: 'run.sh' }, { tid: 10 }),
    condition: 'evt.type = execve',
    output: '%proc.exepath %proc.exe %proc.name',
    outputs: ['/root/run.sh ./run.sh run.sh'],
  },
  ...[13, 155, 173].map((code) => ({
    what: `an execution of version ${code}: it does not tell the kernel's name, so the program's stands for it`,
    write: (writer: CaptureWriter) => {
      writer.threads([init, shell]).named(code, { res: 0, exe: 'ls', args: ['-l'], tid: 10, pid: 10, ptid: 1, cwd: '/', fdlimit: 9, ...(code === 173 ? { env: ['B=2'] } : {}) }, { tid: 10 });
    },
    condition: 'evt.type = execve',
    output: '%proc.name %proc.cmdline',
    outputs: ['ls ls -l'],
  })),
  {
    what: 'a failed execution changes nothing',
    write: (writer) => writer.threads([init, shell]).named(293, exec(10, { res: -2 }), { tid: 10 }),
    condition: 'evt.type = execve',
    output: '%proc.name %evt.res %evt.arg.exe',
    outputs: ['bash ENOENT ls'],
  },
  {
    what: 'execveat of a descriptor, which returns as execve',
    write: (writer) =>
      writer.threads([init, shell]).event(307, [5, -100, '/opt/tool', 1, 0], { tid: 10 }).event(330, [5, '', 0x1000], { tid: 10 }).named(293, { ...exec(10), exe: 'tool', comm: 'tool' }, { tid: 10 }),
    condition: 'evt.type in (execve, execveat)',
    output: '%evt.type %proc.exepath',
    outputs: ['execve /opt/tool'],
  },
  {
    what: 'a thread shares the descriptors of its process, and a child has a copy',
    write: (writer) =>
      writer.threads([init, shell, { tid: 11, pid: 10 }]).event(307, [5, -100, '/shared', 1, 0], { tid: 11 }).named(223, child(20), { tid: 20 }).event(5, [0, 5], { tid: 10 })
        .event(7, [1, null, 5, 1], { tid: 11 }).event(7, [1, null, 5, 1], { tid: 20 }),
    condition: 'evt.type = read',
    output: '%thread.tid %fd.name',
    outputs: ['11 ', '20 /shared'],
  },
  {
    what: 'a child of a process that is not known is still a child of it',
    write: (writer) => writer.threads([init]).named(223, child(20, { exe: 'x', comm: 'x', args: [] }), { tid: 20 }).event(7, [1], { tid: 20 }),
    condition: 'evt.type = read',
    output: '%proc.name %proc.ppid %proc.pname',
    outputs: ['x 10 <NA>'],
  },
  {
    what: 'an end: seen with all that the process was; its children go to who takes them',
    write: (writer) =>
      writer.threads([init, shell, { tid: 11, ptid: 10, comm: 'sleep' }]).named(186, { status: 256, ret: 1, sig: 0, core: 0, reaper_tid: 1 }, { tid: 10 }).event(7, [1], { tid: 11 }).event(7, [1], { tid: 10 }),
    condition: 'evt.type in (procexit, read)',
    output: '%evt.type %evt.dir %proc.name %proc.pname %evt.arg.ret',
    outputs: ['procexit > bash systemd 1', 'read < sleep systemd <NA>', 'read < <NA> <NA> <NA>'],
  },
  {
    what: 'session and group leaders',
    write: (writer) => writer.threads([init, shell, { tid: 11, ptid: 10, comm: 'vi' }]).event(275, [11], { tid: 11 }).event(7, [1], { tid: 11 }),
    condition: 'evt.type = read',
    output: '%proc.sid %proc.sname %proc.is_vpgid_leader',
    outputs: ['11 vi true'],
  },
  {
    what: 'rights of a program that lies in the upper layer',
    write: (writer) => writer.threads([init, shell]).named(293, exec(10, { flags: 3, cap_inheritable: 0, cap_permitted: 1, cap_effective: 1 }), { tid: 10 }),
    condition: 'evt.type = execve and proc.is_exe_upper_layer = true and proc.is_exe_writable = true and thread.cap_effective contains CAP_CHOWN',
    output: '%thread.cap_effective %proc.is_exe_from_memfd',
    outputs: ['CAP_CHOWN false'],
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

for (const version of [1, 2, 3, 4, 5, 6, 7, 8, 9] as const) {
  test(`the process list of version ${version}`, () => {
    const writer = new CaptureWriter().machine('host-1').threads([init, { ...shell, uid: 7, cgroups: [`cpu=/docker/${'cd'.repeat(32)}`] }], version).event(7, [1], { tid: 10 });
    const { outputs, result } = replayed(writer.bytes(), 'evt.type = read', '%proc.name|%proc.cmdline|%proc.pname|%proc.cwd|%user.uid|%proc.exepath|%container.id|%proc.env[HOME]|%proc.tty', 11);
    assert.equal(result.problem, null);
    const [name, line, parent, cwd, uid, path, container, home, tty] = outputs[0]?.split('|') ?? [];
    assert.deepEqual([name, line, parent, cwd, uid], ['bash', 'bash -l', 'systemd', '/root/', '7']);
    assert.equal(home, version >= 3 ? '/root' : '<NA>');
    assert.equal(container, version >= 4 ? 'cdcdcdcdcdcd' : 'host');
    assert.equal(path, version >= 7 ? '/usr/bin/bash' : '');
    assert.equal(tty, version >= 9 ? '34816' : '0');
  });
}

test('a list that contradicts itself ends the reading with its place', () => {
  const writer = new CaptureWriter().threads([shell]);
  const whole = writer.bytes();
  whole.writeUInt32LE(0xfffffff0, 36);
  const { result } = replayed(whole, 'evt.type = read');
  assert.match(result.problem?.message ?? '', /block of type 0x215 is broken/);
  assert.equal(result.problem?.offset, 28);
});

for (const version of [1, 2] as const) {
  test(`the descriptor list of version ${version}, and the user list`, () => {
    const writer = new CaptureWriter().users([{ uid: 7, name: 'ann' }], version).threads([{ ...shell, uid: 7 }]);
    writer.descriptors(10, [fileEntry(3, '/etc/passwd', version), serverEntry(4, '10.0.0.1', 80), connectionEntry(5, '10.0.0.1', 80, '10.0.0.2', 4000), fileEntry(6, '/last', version)], version);
    for (const fd of [3, 4, 5, 6]) writer.event(7, [1, null, fd, 1], { tid: 10 });
    const { outputs, result } = replayed(writer.bytes(), 'evt.type = read', '%fd.name %fd.typechar %user.name', 9);
    assert.equal(result.problem, null);
    assert.deepEqual(outputs, ['/etc/passwd f ann', '10.0.0.1:80 2 ann', '10.0.0.2:4000->10.0.0.1:80 4 ann', '/last f ann']);
  });
}

test('times are printed to the nanosecond', () => {
  const writer = new CaptureWriter().threads([shell]).event(7, [1], { tid: 10, timeNs: 1_700_000_000_000_000_001n }).named(223, child(20), { tid: 20, timeNs: 1_700_000_000_000_000_777n });
  writer.event(7, [1], { tid: 20, timeNs: 1_700_000_000_000_001_234n });
  assert.deepEqual(replayed(writer.bytes(), 'evt.type = read and evt.rawtime > 5', '%evt.rawtime %evt.rawtime.ns %proc.pid.ts %proc.duration').outputs, [
    '1700000000000000001 000000001 0 <NA>', '1700000000000001234 000001234 1700000000000000777 457',
  ]);
});
