import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { whole, type Conjunction, type Interest } from './interest.ts';
import { loadRules } from './ruleset.ts';

function interests(condition: string): readonly Interest[] {
  const text = `- rule: r\n  desc: d\n  output: o\n  priority: INFO\n  condition: ${JSON.stringify(condition)}\n`;
  return loadRules([{ name: 'f', text }]).interests();
}

/** `first: /etc, second: pass…, inside: …x, last: /shadow, 2 components, read`, or `everything`. */
function told(one: Conjunction): string {
  const start = (name: string, part: Conjunction['first']) => (part === null ? [] : [`${name} ${part.text}${part.whole ? '' : '…'}`]);
  const end = (name: string, part: Conjunction['last']) => (part === null ? [] : [`${name} ${part.whole ? '' : '…'}${part.text}`]);
  const words = [...start('first', one.first), ...start('second', one.second), ...end('inside', one.inside), ...end('last', one.last), ...(one.holds === null ? [] : [`holds ${one.holds}`]), ...(one.components === null ? [] : [String(one.components)]), ...one.needs, ...(one.path === 1 ? ['of the other path'] : [])];
  return words.length === 0 ? 'everything' : words.join(', ');
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
    [`${opened}(fd.name = /etc/x or proc.name = y)`, ['everything']],
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
    ['evt.type = connect and fd.sport = 22', ['everything']],
    ['evt.type = ptrace', ['everything']],
  ];
  for (const [condition, expected] of rows) deepEqual(interests(condition).flatMap((one) => one.any.map(told)), expected, condition);
  deepEqual(interests('evt.type = getpid'), []);
});

test('who wants what, and whether the first is enough', () => {
  const [read] = interests(`${opened}evt.is_open_read = true and proc.name = x`);
  deepEqual(read, { by: 'r', eventClass: 'open', any: [{ ...whole, needs: ['read'] }], repeat: 'first' });
  deepEqual(interests(`${opened}fd.name = /a`).map((one) => one.repeat), ['each']);
});
