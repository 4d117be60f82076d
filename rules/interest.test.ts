import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { addressText } from './address.ts';
import { whole, type Conjunction, type Interest } from './interest.ts';
import type { SocketAtoms } from './interest-socket.ts';
import { loadRules } from './ruleset.ts';

function interests(condition: string): readonly Interest[] {
  const text = `- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`;
  return loadRules([{ name: 'f', text }]).interests();
}

/** `first: /etc, second: pass…, inside: …x, last: /shadow, 2 components, read`, or `everything`. */
function told(one: Conjunction): string {
  const start = (name: string, part: Conjunction['first']) => (part === null ? [] : [`${name} ${part.text}${part.whole ? '' : '…'}`]);
  const end = (name: string, part: Conjunction['last']) => (part === null ? [] : [`${name} ${part.whole ? '' : '…'}${part.text}`]);
  const words = [...start('first', one.first), ...start('second', one.second), ...end('inside', one.inside), ...end('last', one.last), ...(one.holds === null ? [] : [`holds ${one.holds}`]), ...(one.components === null ? [] : [String(one.components)]), ...one.needs, ...(one.socket === null ? [] : ofSocket(one.socket)), ...(one.names === null ? [] : [`called ${one.names.join(' or ')}`]), ...(one.path === 1 ? ['of the other path'] : [])];
  return words.length === 0 ? 'everything' : words.join(', ');
}

function ofSocket({ family, protocol, localPort, remotePort, remote, result }: SocketAtoms): readonly string[] {
  const named = (name: string, value: string | number | null) => (value === null ? [] : [`${name} ${value}`]);
  const port = (one: SocketAtoms['localPort']) => (one === null ? null : one.bits === 16 ? one.value : `${one.value}/${one.bits}`);
  return [
    ...named('family', family), ...named('protocol', protocol), ...named('local', port(localPort)), ...named('remote', port(remotePort)),
    ...named('to', remote === null ? null : `${addressText(Buffer.from(remote.value, 'hex'))}/${remote.bits}`), ...named('result', result),
  ];
}

const opened = 'evt.type = open and fd.num >= 0 and ';
const failed = 'evt.type = open and fd.num = -1 and ';

test('what a condition implies is asked for, and no less', () => {
  const rows: readonly (readonly [condition: string, any: readonly string[]])[] = [
    [`${opened}fd.name = /etc/shadow`, ['first etc, second shadow, last shadow, 2']],
    [`${opened}fd.name in (/a, /b) and evt.is_open_read=true`, ['first a, last a, 1, read', 'first b, last b, 1, read']],
    [`${opened}(fd.name startswith /etc/ or fd.directory = /root)`, ['first etc', 'first root, 2']],
    [`${opened}fd.name startswith /etc/cron`, ['first etc, second cron…']],
    [`${opened}fd.name startswith /et`, ['first et…']],
    [`${opened}fd.name startswith /`, ['everything']],
    [`${opened}(fd.name = /etc/x or proc.name = y)`, ['first etc, second x, last x, 2', 'called y']],
    [`${opened}(fd.name = /etc/x or proc.pname = y)`, ['everything']],
    [`${opened}not fd.name = /etc/x`, ['everything']],
    [`${opened}fd.name != /etc/x`, ['everything']],
    [`${opened}fd.name endswith .so and fd.name startswith /lib`, ['first lib…, last ….so']],
    [`${opened}fd.name endswith /.ssh/authorized_keys`, ['inside .ssh, last authorized_keys']],
    [`${opened}fd.name endswith /home/.ssh/authorized_keys`, ['inside .ssh, last authorized_keys']],
    [`${opened}fd.filename = id_rsa`, ['last id_rsa']],
    [`${opened}fd.filename startswith id_`, ['everything']],
    [`${opened}fd.name pmatch (/etc/ssl, /home/*/.ssh)`, ['first etc, second ssl', 'first home']],
    [`${opened}fd.name glob "/home/*/.ssh/*"`, ['first home, inside .ssh']],
    [`${opened}fd.name glob "*.pem"`, ['last ….pem']],
    [`${opened}fd.name glob "/etc/[ab]*"`, ['first etc']],
    [`${opened}fd.name contains secret`, ['holds secret']],
    [`${opened}fd.name in (/, /etc/, /etc/x)`, ['0', 'first etc, second x, last x, 2']],
    ['evt.type = chmod and (evt.arg.mode contains S_ISUID or evt.arg.mode contains S_ISGID)', ['set-id']],
    ['evt.type = symlink and evt.arg.target in (/etc/shadow)', ['first etc, second shadow, last shadow, 2']],
    [`${opened}fd.name contains /.ssh/`, ['inside .ssh']],
    [`${opened}fd.name contains ../`, ['inside …..']],
    [`${opened}tolower(fd.name) = /etc/shadow`, ['everything']],
    [`${opened}fd.name startswith etc`, ['everything']],
    [`${opened}evt.is_open_write = true and container.id != host`, ['container, write']],
    [`${opened}container.id = host`, ['everything']],
    [`${opened}not container.id = host`, ['container']],
    [`${opened}evt.arg.flags contains O_TRUNC and evt.is_open_create = true`, ['create, truncate']],
    [`${failed}evt.arg.name endswith passwd`, ['last …passwd']],
    [`${failed}container.id != host`, ['everything']],
    ['evt.type = rename and evt.arg.newpath startswith /etc/', ['first etc, of the other path']],
    ['evt.type = rename and evt.arg.newpath startswith /etc/ and evt.arg.oldpath endswith x', ['first etc, of the other path']],
    ['evt.type = execve and proc.exepath = /bin/su', ['everything']],
    ['evt.type = ptrace', ['everything']],
  ];
  for (const [condition, expected] of rows) deepEqual(interests(condition).flatMap((one) => one.any.map(told)), expected, condition);
  deepEqual(interests('evt.type = getpid'), []);
});

test('who wants what, and whether the first is enough', () => {
  const [read] = interests(`${opened}evt.is_open_read = true and proc.name = x`);
  deepEqual(read, { by: 'r', eventClass: 'open', any: [{ ...whole, needs: ['read'], names: ['x'] }], repeat: 'first' });
  deepEqual(interests(`${opened}fd.name = /a`).map((one) => one.repeat), ['each']);
});

test('of sockets the ports, the family and the remote address are asked for', () => {
  const rows: readonly (readonly [condition: string, any: readonly string[]])[] = [
    ['evt.type = connect and fd.sport = 22', ['remote 22']],
    ['evt.type = accept and fd.sport in (22, 80)', ['local 22', 'local 80']],
    ['evt.type = connect and fd.cport = 22', ['local 22']],
    ['evt.type = connect and fd.port in (ssh, 53)', ['local 22', 'local 53', 'remote 22', 'remote 53']],
    ['evt.type = listen and fd.port = 53', ['local 53']],
    ['evt.type = connect and not fd.sport = 22', ['everything']],
    ['evt.type = connect and fd.sport != 22', ['everything']],
    ['evt.type = connect and fd.sport >= 1024', ['remote 1024/6', 'remote 2048/5', 'remote 4096/4', 'remote 8192/3', 'remote 16384/2', 'remote 32768/1']],
    ['evt.type = connect and fd.sport > 0 and fd.sport < 4', ['remote 1', 'remote 2/15']],
    ['evt.type = connect and fd.sport >= 0', ['everything']],
    ['evt.type = connect and fd.sport > 70000', []],
    ['evt.type = connect and fd.sport = 22 and fd.sport >= 1024', []],
    ['evt.type = connect and (fd.sport = 22 or proc.pname = x)', ['everything']],
    ['evt.type = connect and fd.sip in (169.254.169.254, "fd00:ec2::254") and fd.sport = 80', ['remote 80, to 169.254.169.254/128', 'remote 80, to fd00:ec2::254/128']],
    ['evt.type = connect and fd.snet in ("10.0.0.0/8")', ['to 10.0.0.0/104']],
    ['evt.type = connect and fd.snet in ("10.0.0.0/8") and fd.sip = 10.1.2.3', ['to 10.1.2.3/128']],
    ['evt.type = connect and fd.snet in ("10.0.0.0/8") and fd.sip = 11.1.2.3', []],
    ['evt.type = connect and not fd.snet in ("10.0.0.0/8")', ['everything']],
    ['evt.type = connect and fd.net in ("10.0.0.0/8")', ['everything']],
    ['evt.type = accept and fd.cip = 10.0.0.1', ['to 10.0.0.1/128']],
    ['evt.type = accept and fd.sip = 10.0.0.1', ['everything']],
    ['evt.type = connect and fd.type in (ipv4, ipv6)', ['family 2', 'family 10']],
    ['evt.type = connect and fd.typechar = 4 and fd.sip exists', ['family 2']],
    ['evt.type = connect and fd.sockfamily = ip and not fd.sip exists', ['family 2', 'family 10']],
    ['evt.type = connect and fd.type != unix', ['everything']],
    ['evt.type = bind and fd.l4proto = tcp', ['protocol 6', 'protocol 262']],
    ['evt.type = bind and fd.lport = 53 and evt.failed = false', ['local 53']],
    ['evt.type = connect and (evt.rawres >= 0 or evt.res = EINPROGRESS)', ['succeeded', 'failed, result -115']],
    ['evt.type = execve and fd.sport = 22', []],
  ];
  for (const [condition, expected] of rows) {
    const any = interests(condition).flatMap((one) => one.any.map(told));
    deepEqual(any, condition.includes('evt.failed') ? expected.map((one) => `succeeded, ${one}`) : expected, condition);
  }
});

test('of calls it is asked whether they failed', () => {
  const rows: readonly (readonly [condition: string, any: readonly string[]])[] = [
    ['evt.type = ptrace and evt.failed = true', ['failed']],
    ['evt.type = ptrace and evt.failed != true', ['succeeded']],
    ['evt.type = ptrace and not evt.failed = true', ['succeeded']],
    ['evt.type = ptrace and evt.res = SUCCESS', ['succeeded']],
    ['evt.type = ptrace and evt.res != SUCCESS', ['failed']],
    ['evt.type = ptrace and evt.res in (EPERM, EACCES)', ['failed']],
    ['evt.type = ptrace and not evt.res in (EPERM, EACCES)', ['everything']],
    ['evt.type = ptrace and evt.res in (EPERM, SUCCESS)', ['failed', 'succeeded']],
    ['evt.type = ptrace and evt.rawres = -1', ['failed']],
    ['evt.type = ptrace and evt.rawres < 0', ['failed']],
    ['evt.type = ptrace and evt.rawres > 5', ['succeeded']],
    ['evt.type = ptrace and evt.rawres < 5', ['everything']],
    ['evt.type = ptrace and evt.failed = true and evt.rawres >= 0', []],
    ['evt.type = unlink and evt.failed = false and fs.path.name = /etc/x', ['first etc, second x, last x, 2, succeeded']],
    [`${failed}evt.res = EACCES`, ['everything']],
    [`${opened}evt.failed = false`, ['everything']],
  ];
  for (const [condition, expected] of rows) deepEqual(interests(condition).flatMap((one) => one.any.map(told)), expected, condition);
});

test('of the process its name is asked for, and no other one', () => {
  const rows: readonly (readonly [condition: string, any: readonly string[]])[] = [
    ['evt.type = ptrace and proc.name in (b, a, b)', ['called a or b']],
    ['evt.type = ptrace and proc.name in (a, b) and proc.name in (b, c)', ['called b']],
    ['evt.type = ptrace and proc.name = a and proc.name = b', []],
    ['evt.type = ptrace and proc.name = a and evt.failed = true', ['failed, called a']],
    ['evt.type = ptrace and not proc.name = a', ['everything']],
    ['evt.type = ptrace and proc.name != a', ['everything']],
    ['evt.type = ptrace and proc.name startswith a', ['everything']],
    ['evt.type = ptrace and tolower(proc.name) = a', ['everything']],
    ['evt.type = ptrace and proc.aname[1] = a', ['everything']],
    ['evt.type = ptrace and proc.exepath = a', ['everything']],
    ['evt.type = unlink and proc.name = rm and fs.path.name = /x', ['first x, last x, 1, called rm']],
  ];
  for (const [condition, expected] of rows) deepEqual(interests(condition).flatMap((one) => one.any.map(told)), expected, condition);
});
