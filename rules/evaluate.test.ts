import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { EventClass } from './events.ts';
import { tryCondition, type SyntheticEvent } from './synthetic.ts';

type Row = readonly [condition: string, answer: 'match' | 'pending' | 'no'];

function check(eventClass: EventClass, event: SyntheticEvent, rows: readonly Row[]): void {
  for (const [condition, answer] of rows) {
    const tried = tryCondition(condition, eventClass, event);
    deepEqual(tried, { ok: true, answer }, `${condition}: ${JSON.stringify(tried)}`);
  }
}

const exec: SyntheticEvent = {
  processes: [
    { name: 'bash', exe: '-bash', exepath: '/usr/bin/bash', cmdline: 'bash -c id', pid: 30 },
    { name: 'nginx', exe: 'nginx: worker', exepath: '/usr/sbin/nginx', cmdline: 'nginx worker', pid: 20 },
    { name: 'containerd-shim', exepath: '/usr/bin/containerd-shim', pid: 10 },
  ],
  arguments: ['-c', 'id'],
  fields: { 'evt.num': 7, 'proc.tty': 34816, 'user.uid': 0, 'user.loginuid': -1, 'proc.duration': 1_500_000, 'proc.is_exe_upper_layer': true, 'container.id': 'abc', 'proc.cwd': '/home/me/' },
};

test('text operators', () => {
  check('exec', exec, [
    ['proc.name = bash', 'match'],
    ['proc.name == "bash"', 'match'],
    ['proc.name = BASH', 'no'],
    ['proc.name != zsh', 'match'],
    ['proc.name != bash', 'no'],
    ['proc.exepath contains bin', 'match'],
    ['proc.exepath contains BIN', 'no'],
    ['proc.exepath icontains BIN', 'match'],
    ['proc.exepath startswith /usr', 'match'],
    ['proc.exepath endswith bash', 'match'],
    ['proc.exepath glob /usr*', 'match'],
    ['proc.exepath glob "*/b?sh"', 'match'],
    ['proc.exepath glob "/usr/[a-c]in/bash"', 'match'],
    ['proc.exepath glob "/usr/[!a-c]in/bash"', 'no'],
    ['proc.exepath iglob "/USR/*"', 'match'],
    ['proc.exepath regex "/usr/(s)?bin/.*"', 'match'],
    ['proc.exepath regex "usr"', 'no'],
    ['proc.name in (zsh, bash)', 'match'],
    ['proc.name in ()', 'no'],
    ['not proc.name in ()', 'match'],
    ['proc.name intersects (zsh, bash)', 'match'],
    ['proc.exepath pmatch (/usr)', 'match'],
    ['proc.exepath pmatch (/usr/bin/bash)', 'match'],
    ['proc.exepath pmatch (/us)', 'no'],
    ['proc.exepath pmatch (/usr/bin/bash/x)', 'no'],
    ['proc.exepath pmatch (/u*/bin)', 'match'],
    ['proc.name exists', 'match'],
    ['proc.args = "-c id"', 'match'],
    ['proc.args[1] = id', 'match'],
    ['proc.args[2] exists', 'no'],
  ]);
});

test('several values after one operator', () => {
  check('exec', exec, [
    ['proc.name startswith anyof (z, b)', 'match'],
    ['proc.name startswith allof (b, ba)', 'match'],
    ['proc.name startswith oneof (b, ba)', 'no'],
    ['proc.name startswith oneof (b, zz)', 'match'],
    ['proc.name != allof (a, b)', 'match'],
    ['proc.name != allof (a, bash)', 'no'],
    ['proc.name contains anyof ()', 'no'],
    ['proc.name contains allof ()', 'no'],
    ['proc.name glob anyof (z*, ba*)', 'match'],
    ['proc.name regex anyof ("z.*", "ba.*")', 'match'],
    ['user.uid = anyof (0, 5)', 'match'],
    ['user.uid != allof (1, 5)', 'match'],
  ]);
});

test('numbers and booleans', () => {
  check('exec', exec, [
    ['user.uid = 0', 'match'],
    ['user.uid = 0x0', 'match'],
    ['user.loginuid = -1', 'match'],
    ['user.loginuid >= 0', 'no'],
    ['proc.duration < 5000000000', 'match'],
    ['proc.duration <= 1500000', 'match'],
    ['proc.duration > 1.5e+6', 'no'],
    ['proc.tty in (0, 34816)', 'match'],
    ['proc.tty intersects (0)', 'no'],
    ['proc.is_exe_upper_layer = true', 'match'],
    ['proc.is_exe_upper_layer != true', 'no'],
    ['proc.is_exe_upper_layer in (true, false)', 'match'],
    ['evt.num = 0', 'no'],
    ['evt.num >= 0', 'match'],
    ['evt.num = 7', 'match'],
  ]);
});

test('a missing value makes every check false, and not of it true', () => {
  check('exec', exec, [
    ['user.name = root', 'no'],
    ['user.name != root', 'no'],
    ['not user.name = root', 'match'],
    ['not user.name != root', 'match'],
    ['user.name exists', 'no'],
    ['not user.name exists', 'match'],
    ['user.name in (root)', 'no'],
    ['user.name = "<NA>"', 'no'],
    ['group.gid < 5', 'no'],
    ['fd.name exists', 'no'],
    ['fd.name != x', 'no'],
    ['not fd.name = x', 'match'],
    ['proc.aname[9] != x', 'no'],
    ['proc.name = val(user.name)', 'no'],
    ['proc.name != val(user.name)', 'no'],
  ]);
  check('exec', { fields: { 'user.name': '<NA>' } }, [['user.name = "<NA>"', 'match'], ['user.name in ("<NA>", "N/A", "")', 'match']]);
});

test('ancestors', () => {
  check('exec', exec, [
    ['proc.aname[0] = bash', 'match'],
    ['proc.aname[1] = nginx', 'match'],
    ['proc.pname = nginx', 'match'],
    ['proc.aname[2] = containerd-shim', 'match'],
    ['proc.aname = containerd-shim', 'match'],
    ['proc.aname = bash', 'no'],
    ['proc.aname != nginx', 'match'],
    ['proc.aname in (nginx, httpd)', 'match'],
    ['not proc.aname in (nginx)', 'no'],
    ['proc.aname exists', 'match'],
    ['proc.aexepath endswith shim', 'match'],
    ['proc.acmdline contains worker', 'match'],
    ['proc.apid = 10', 'match'],
    ['proc.apid[1] = 20', 'match'],
    ['proc.ppid = 20', 'match'],
    ['proc.pexepath = /usr/sbin/nginx', 'match'],
  ]);
});

test('transformers and comparison with another field', () => {
  check('exec', exec, [
    ['toupper(proc.name) = BASH', 'match'],
    ['tolower(toupper(proc.name)) = bash', 'match'],
    ['basename(proc.exepath) = bash', 'match'],
    ['basename(proc.cwd) = ""', 'match'],
    ['basename(proc.name) = bash', 'match'],
    ['len(proc.name) = 4', 'match'],
    ['len(basename(proc.exepath)) > 3', 'match'],
    ['proc.name = val(proc.name)', 'match'],
    ['proc.name = basename(proc.exepath)', 'match'],
    ['proc.name < val(proc.cwd)', 'no'],
    ['proc.exepath endswith val(proc.name)', 'match'],
    ['proc.pid > val(user.uid)', 'match'],
    ['b64(proc.name) exists', 'match'],
    ['b64(proc.args) = x', 'no'],
    ['b64(proc.args) != x', 'no'],
  ]);
  check('exec', { arguments: ['aGVsbG8'], fields: { 'user.name': 'aGVsbG8=' } }, [['b64(proc.args) = hello', 'match'], ['b64(user.name) = hello', 'match'], ['len(b64(user.name)) = 5', 'match']]);
});

test('addresses and ports', () => {
  const connect: SyntheticEvent = {
    fields: { 'fd.type': 'ipv4', 'fd.lip': '10.1.2.3', 'fd.rip': '93.184.216.34', 'fd.lport': 40000, 'fd.rport': 443, 'fd.l4proto': 'tcp', 'fd.name': '10.1.2.3:40000->93.184.216.34:443', 'evt.rawres': -115, 'evt.res': 'EINPROGRESS' },
  };
  check('connect', connect, [
    ['evt.type = connect', 'match'],
    ['fd.sip = 93.184.216.34', 'match'],
    ['fd.cip = 93.184.216.34', 'no'],
    ['fd.cip = 10.1.2.3', 'match'],
    ['fd.ip = 10.1.2.3', 'match'],
    ['fd.ip = 93.184.216.34', 'match'],
    ['fd.ip = 1.1.1.1', 'no'],
    ['fd.ip != 10.1.2.3', 'no'],
    ['fd.ip != 1.1.1.1', 'match'],
    ['fd.ip in (1.1.1.1, 10.1.2.3)', 'match'],
    ['fd.net = 10.0.0.0/8', 'match'],
    ['fd.net != 10.0.0.0/8', 'no'],
    ['fd.net != 127.0.0.0/8', 'match'],
    ['fd.net in (127.0.0.0/8, 10.0.0.0/8)', 'match'],
    ['fd.snet in ("10.0.0.0/8", "192.168.0.0/16")', 'no'],
    ['fd.cnet = 10.0.0.0/8', 'match'],
    ['fd.sip = ::1', 'no'],
    ['fd.sip != ::1', 'match'],
    ['fd.port = 443', 'match'],
    ['fd.port != 443', 'no'],
    ['fd.port != 80', 'match'],
    ['fd.sport in (443, 80)', 'match'],
    ['fd.cport = 443', 'no'],
    ['fd.typechar = 4', 'match'],
    ['fd.sockfamily = ip', 'match'],
    ['fd.l4proto = tcp', 'match'],
    ['fd.is_server = false', 'match'],
    ['evt.failed = true', 'match'],
    ['evt.rawres >= 0 or evt.res = EINPROGRESS', 'match'],
    ['fd.num >= 0', 'match'],
    ['fd.num = 3', 'no'],
    ['fd.directory exists', 'no'],
  ]);
  check('accept', { fields: { 'fd.lip': '::1', 'fd.rip': '2001:db8::7', 'fd.lport': 22, 'fd.rport': 9 } }, [
    ['fd.sip = ::1', 'match'],
    ['fd.cip = 2001:db8:0::7', 'match'],
    ['fd.snet = 2001:db8::/32', 'no'],
    ['fd.cnet = 2001:db8::/32', 'match'],
    ['fd.sport = 22', 'match'],
    ['fd.net = 10.0.0.0/8', 'no'],
    ['evt.res = SUCCESS', 'match'],
  ]);
  check('listen', { fields: { 'fd.lip': '0.0.0.0', 'fd.lport': 8080 } }, [
    ['fd.ip = 0.0.0.0', 'match'],
    ['fd.ip != 0.0.0.0', 'no'],
    ['fd.ip != 1.1.1.1', 'match'],
    ['fd.sport = 8080', 'match'],
    ['fd.cport exists', 'no'],
    ['fd.rip != 1.1.1.1', 'no'],
  ]);
});

test('files', () => {
  const open: SyntheticEvent = { fields: { 'fd.name': '/etc/pam.d/login', 'fd.type': 'file', 'evt.is_open_write': true, 'evt.is_open_read': false, 'evt.arg.flags': 'O_WRONLY|O_TRUNC' } };
  check('open', open, [
    ['evt.type in (open, openat, openat2)', 'match'],
    ['evt.type = creat', 'match'],
    ['evt.type != openat', 'no'],
    ['evt.type startswith open', 'match'],
    ['evt.type = execve', 'no'],
    ['evt.dir = <', 'match'],
    ['evt.dir = ">"', 'no'],
    ['fd.directory = /etc/pam.d', 'match'],
    ['fd.filename = login', 'match'],
    ['fd.typechar = f', 'match'],
    ['evt.is_open_write = true and fd.num >= 0', 'match'],
    ['fd.num = -1', 'no'],
    ['evt.arg.flags contains O_TRUNC', 'match'],
    ['evt.arg[flags] contains O_TRUNC', 'match'],
    ['evt.res = SUCCESS', 'match'],
    ['evt.rawres >= 0', 'match'],
    ['evt.rawres < 0', 'no'],
  ]);
});

test('identity that is not known yet leaves open exactly what depends on it', () => {
  const pending: SyntheticEvent = { ...exec, identityPending: true };
  const rows: readonly Row[] = [
    ['container.image.repository = nginx', 'pending'],
    ['container.image.repository != nginx', 'pending'],
    ['not container.image.repository in (nginx)', 'pending'],
    ['container.name exists', 'pending'],
    ['container.privileged = true', 'pending'],
    ['k8s.ns.name = kube-system', 'pending'],
    ['container.mount.dest[/etc] exists', 'pending'],
    ['proc.name = bash and not container.image.repository in (nginx)', 'pending'],
    ['proc.name = zsh and not container.image.repository in (nginx)', 'no'],
    ['proc.name = bash or container.image.repository = nginx', 'match'],
    ['proc.name = zsh or container.image.repository = nginx', 'pending'],
    ['container.id != host', 'match'],
    ['user.name = root', 'no'],
    ['container.name = val(k8s.pod.name)', 'pending'],
    ['concat(proc.name, container.name) = x', 'pending'],
    ['proc.name = concat(container.name, "x")', 'pending'],
    ['join(",", (proc.name, k8s.ns.name)) exists', 'pending'],
  ];
  check('exec', pending, rows);
  check('exec', exec, rows.map(([condition]) => [condition, condition.startsWith('not') || condition === 'container.id != host' || condition.startsWith('proc.name = bash') ? 'match' : 'no'] as const));
  check('exec', { ...pending, fields: { ...exec.fields, 'container.image': 'docker.io/library/nginx:1.27@sha256:00' } }, [
    ['container.image.repository = docker.io/library/nginx', 'match'],
    ['container.image.tag = 1.27', 'match'],
    ['container.image.digest exists', 'pending'],
    ['not container.image.repository endswith nginx', 'no'],
  ]);
});

test('faults in a condition are told with what would be right', () => {
  const rows: readonly (readonly [condition: string, error: RegExp])[] = [
    ['proc.nmae = x', /no field proc\.nmae\. Did you mean proc\.name/],
    ['evt.type = exevce', /no event "exevce"\. Did you mean execve/],
    ['proc.tty contains 3', /contains cannot be used on proc\.tty, which is a number/],
    ['fd.sip startswith 10', /startswith cannot be used on fd\.sip, which is an IP address/],
    ['proc.is_exe_upper_layer < 3', /< cannot be used on .*true or false/],
    ['fd.types = file', /= cannot be used on fd\.types, which is a list/],
    ['proc.name bcontains 00', /bcontains cannot be used/],
    ['evt.buffer bcontains xyz', /pairs of hexadecimal/],
    ['proc.tty = many', /"many" is not a number/],
    ['proc.is_exe_upper_layer = yes', /"yes" is not true or false/],
    ['fd.sip = 10.0.0', /not an IP address/],
    ['fd.snet = 10.0.0.0/40', /not an IP address/],
    ['proc.name regex "("', /not a pattern/],
    ['proc.name regex "(?=a)"', /not a pattern/],
    ['proc.name = val(proc.tty)', /only fields of one type/],
    ['proc.name = val(proc.aname[2])', /cannot stand on the right side/],
    ['basename(proc.aname) = x', /cannot be transformed/],
    ['basename(proc.tty) = x', /basename\( \) cannot be used on proc\.tty/],
    ['len(len(proc.name)) = 3', /len\( \) cannot be used/],
    ['proc.exepath regex val(proc.name)', /cannot be compared with another field/],
    ['proc.aname[x] = y', /takes a number in brackets/],
    ['proc.name[2] = y', /takes no argument/],
    ['container.mount.dest = y', /needs an argument/],
    ['unknown_macro', /no macro or list unknown_macro/],
  ];
  for (const [condition, error] of rows) {
    const tried = tryCondition(condition, 'exec', {});
    equal(tried.ok, false, condition);
    equal(!tried.ok && error.test(tried.errors.join('\n')), true, `${condition}: ${JSON.stringify(tried)}`);
  }
});
