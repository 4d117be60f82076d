import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { problemLine } from '@vedette/rules/problems';
import { loadRules } from '@vedette/rules/ruleset';
import { syntheticSuppliers, type SyntheticEvent, type SyntheticProcess } from '@vedette/rules/synthetic';

const file = { name: 'shell-in-container.yaml', text: readFileSync(join(import.meta.dirname, 'shell-in-container.yaml'), 'utf8') };
const rules = loadRules([file]);
const bound = rules.bind(syntheticSuppliers);

const runc: SyntheticProcess = { name: 'runc', exe: 'runc', exepath: '/usr/bin/runc', cmdline: 'runc exec' };
const node: SyntheticProcess = { name: 'node', exe: 'node', exepath: '/usr/local/bin/node', cmdline: 'node server.js' };
const dash: SyntheticProcess = { name: 'sh', exe: 'sh', exepath: '/usr/bin/dash', cmdline: 'sh -c ls' };

interface Scene {
  readonly shell?: SyntheticProcess;
  readonly parent?: SyntheticProcess;
  readonly arguments?: readonly string[];
  readonly fields?: SyntheticEvent['fields'];
}

/** A dash that node starts in a container, changed by what a row says. */
function scene({ shell = dash, parent = node, arguments: given = ['-c', 'ls'], fields = {} }: Scene): SyntheticEvent {
  return {
    processes: [shell, parent],
    arguments: given,
    fields: { 'evt.type': 'execve', 'container.id': 'c0ffee', 'container.name': 'web', 'container.image': 'shop:1', 'proc.vpid': 31, 'proc.pvpid': 1, 'proc.is_container_init': false, 'proc.tty': 0, 'user.uid': 0, ...fields },
  };
}

const firing: readonly (readonly [what: string, scene: Scene])[] = [
  ['an application that is the first process starts a shell', {}],
  ['an application behind it starts a shell', { fields: { 'proc.pvpid': 17 } }],
  ['an exec session with a terminal', { parent: runc, fields: { 'proc.pvpid': 0, 'proc.tty': 34816 } }],
  ['an exec session without a terminal', { parent: runc, fields: { 'proc.pvpid': 0 } }],
  ['an exec session whose parent is not known', { parent: {}, fields: { 'proc.tty': 34816 } }],
  ['a session that a shell outside opened', { parent: { ...dash, exepath: '/usr/bin/bash' }, fields: { 'proc.pvpid': 0 } }],
  ['initdb asks for another program', { parent: { name: 'initdb', exe: 'initdb', exepath: '/usr/lib/postgresql/17/bin/initdb' } }],
  ['the server is asked for by something else', { shell: { ...dash, cmdline: 'sh -c "/opt/postgres" -V' }, arguments: ['-c', '"/opt/postgres" -V'] }],
  ['every shell', { shell: { name: 'fish', exe: 'fish', exepath: '/usr/bin/fish' } }],
  ['a script of an application', { shell: { name: 'backup.sh', exe: '/bin/bash', exepath: '/usr/bin/bash', cmdline: 'backup.sh /opt/backup.sh' } }],
];

const equivalent: readonly (readonly [what: string, scene: Scene])[] = [
  ['by a symbolic link with another name', { shell: { name: 'harmless', exe: '/tmp/harmless', exepath: '/usr/bin/bash' } }],
  ['with another first argument', { shell: { name: 'bash', exe: '[kworker/0:1]', exepath: '/usr/bin/bash' } }],
  ['as a login shell', { shell: { name: 'bash', exe: '-bash', exepath: '/usr/bin/bash' } }],
  ['a copy of a shell that kept its name', { shell: { name: 'sh', exe: './sh', exepath: '/tmp/sh' } }],
  ['busybox under the name sh', { shell: { name: 'sh', exe: 'sh', exepath: '/bin/busybox' } }],
  ['busybox with sh as its word', { shell: { name: 'busybox', exe: 'busybox', exepath: '/bin/busybox' }, arguments: ['sh', '-c', 'id'] }],
  ['busybox by a link with another name', { shell: { name: 'x', exe: '/bin/ash', exepath: '/bin/busybox' } }],
  ['from a web server that is busybox too', { shell: { name: 'sh', exe: 'sh', exepath: '/bin/busybox' }, parent: { name: 'httpd', exe: 'httpd', exepath: '/bin/busybox', cmdline: 'httpd -f' } }],
  ['from a program that calls itself bash', { parent: { name: 'bash', exe: 'bash', exepath: '/opt/app/server' } }],
  ['with id 1 in a pid namespace of its own', { fields: { 'proc.vpid': 1 } }],
  ['by execveat', { fields: { 'evt.type': 'execveat' } }],
];

const silent: readonly (readonly [what: string, scene: Scene])[] = [
  ['the entrypoint is a shell', { parent: runc, fields: { 'proc.vpid': 1, 'proc.pvpid': 0, 'proc.is_container_init': true } }],
  ['the entrypoint is a script', { shell: { name: 'docker-entrypoi', exe: '/bin/sh', exepath: '/usr/bin/dash' }, parent: runc, fields: { 'proc.vpid': 1, 'proc.is_container_init': true } }],
  ['the entrypoint in a shared pid namespace', { parent: runc, fields: { 'proc.vpid': 2214, 'proc.is_container_init': true } }],
  ['the entrypoint starts a script', { parent: { name: 'docker-entrypoi', exe: '/bin/sh', exepath: '/usr/bin/dash' } }],
  ['the entrypoint of a busybox image starts a script', { shell: { name: 'sh', exe: 'sh', exepath: '/bin/busybox' }, parent: { name: 'entry.sh', exe: '/bin/sh', exepath: '/bin/busybox' } }],
  ['a command typed into a session starts a shell', { parent: { name: 'bash', exe: 'bash', exepath: '/usr/bin/bash' }, fields: { 'proc.pvpid': 40 } }],
  ['a new database tries its server', { shell: { ...dash, cmdline: 'sh -c "/usr/lib/postgresql/17/bin/postgres" --check -F' }, parent: { name: 'initdb', exe: 'initdb', exepath: '/usr/lib/postgresql/17/bin/initdb' }, arguments: ['-c', '"/usr/lib/postgresql/17/bin/postgres" --check -F'] }],
  ['on the host', { fields: { 'container.id': 'host' } }],
  ['no shell', { shell: { name: 'ls', exe: 'ls', exepath: '/usr/bin/ls' } }],
  ['busybox as another program', { shell: { name: 'ls', exe: 'ls', exepath: '/bin/busybox' }, arguments: ['/sh'] }],
  ['a program whose name only begins like a shell', { shell: { name: 'shasum', exe: 'shasum', exepath: '/usr/bin/shasum' } }],
];

test('the rule loads without a word and watches executions only', () => {
  deepEqual(rules.problems.map(problemLine), []);
  deepEqual(rules.rules.map((rule) => [rule.name, rule.reach.kind === 'fires' && rule.reach.on]), [['Shell in a container', ['exec']]]);
  deepEqual(rules.interests().map((one) => one.eventClass), ['exec']);
});

test('it fires', () => {
  for (const [what, one] of [...firing, ...equivalent]) deepEqual(bound.evaluate('exec', scene(one)).map((match) => match.answer), ['match'], what);
});

test('it is silent', () => {
  for (const [what, one] of silent) deepEqual(bound.evaluate('exec', scene(one)), [], what);
});

test('where the sensor does not tell the first process, the id 1 must do', () => {
  const event = scene({ parent: runc, fields: { 'proc.vpid': 1, 'proc.pvpid': 0 } });
  const { 'proc.is_container_init': _, ...fields } = event.fields ?? {};
  deepEqual(bound.evaluate('exec', { ...event, fields }), []);
  equal(bound.evaluate('exec', { ...event, fields: { ...fields, 'proc.vpid': 9 } }).length, 1);
});

test('the output is one line that says who, what and where', () => {
  const [match] = bound.evaluate('exec', scene({}));
  ok(match !== undefined);
  equal(match.output().text, 'Shell in container web (shop:1): sh -c ls, executable /usr/bin/dash, started by node (/usr/local/bin/node), user 0, terminal 0');
});

test('an exception names an image and a parent, and waits for the image', () => {
  const exception = { name: 'local.yaml', text: '- rule: Shell in a container\n  exceptions: [{ name: image_and_parent, values: [[shop, /usr/local/bin/node]] }]\n  override: { exceptions: append }\n' };
  const excepted = loadRules([file, exception]).bind(syntheticSuppliers);
  deepEqual(excepted.evaluate('exec', scene({})), []);
  equal(excepted.evaluate('exec', scene({ parent: runc })).length, 1);
  const { 'container.image': _, ...fields } = scene({}).fields ?? {};
  deepEqual(excepted.evaluate('exec', { ...scene({}), fields, identityPending: true }).map((match) => match.answer), ['pending']);
});
