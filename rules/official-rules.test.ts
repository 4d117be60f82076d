/**
 * The Falco project's own rule files, where they lie beside the repository (VEDETTE_SHARED, or ../shared): each must
 * load without an error, and every rule must either be able to match or say why it cannot. Without the files the same
 * is asked of a small fixture in their style.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EventClass } from './events.ts';
import { problemLine } from './problems.ts';
import { loadRules, type RuleSet } from './ruleset.ts';
import { syntheticSuppliers, type SyntheticEvent } from './synthetic.ts';

const folder = join(process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '..', '..', 'shared'), 'data', 'falco-rules');
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort().reverse() : [];
/** Counted as skipped, with this reason. */
const absentFiles = (there: boolean): string | false => (there ? false : `the Falco project's rule files are not in ${folder}`);
const files = names.map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

const fixture = [{
  name: 'fixture.yaml',
  text: `
- required_engine_version: 0.50.0
- list: shell_binaries
  items: [sh, bash]
- macro: spawned_process
  condition: (evt.type in (execve, execveat))
- macro: container
  condition: (container.id != host)
- macro: open_read
  condition: (evt.type in (open,openat,openat2) and evt.is_open_read=true and fd.typechar='f' and fd.num>=0)
- macro: never_true
  condition: (evt.num=0)
- rule: Terminal shell in container
  desc: d
  condition: spawned_process and container and proc.name in (shell_binaries) and proc.tty != 0 and not never_true
  output: shell %proc.name %evt.arg.flags
  priority: NOTICE
- rule: Read sensitive file untrusted
  desc: d
  condition: open_read and fd.name in (/etc/shadow) and not proc.name in (sshd)
  output: read %fd.name
  priority: WARNING
- rule: Namespace change
  desc: d
  condition: evt.type = getpid
  output: o
  priority: NOTICE
`,
}];

function assertAccounted(rules: RuleSet): void {
  deepEqual(rules.problems.filter((one) => one.severity === 'error').map(problemLine), []);
  for (const rule of rules.rules) {
    if (rule.reach.kind === 'fires') ok(rule.reach.on.length > 0 && rule.conditions.size > 0, rule.name);
    else ok(rule.reach.reasons.length > 0 && (!rule.enabled || rules.problems.some((one) => one.code === 'cannot-fire' && one.rule === rule.name)), rule.name);
  }
}

test('every rule loads, and can match or says why not', () => {
  const sets = [fixture, ...files.map((file) => [file]), files];
  for (const set of sets) assertAccounted(loadRules(set));
  const reaches = loadRules(fixture).rules.map((rule) => rule.reach.kind);
  deepEqual(reaches, ['fires', 'fires', 'cannot-fire']);
});

test('most of the official rules can match', { skip: absentFiles(files.length > 0) }, () => {
  const { rules } = loadRules(files);
  const firing = rules.filter((rule) => rule.reach.kind === 'fires');
  ok(rules.length >= 56, String(rules.length));
  ok(firing.length >= 40, String(firing.length));
});

const shell: SyntheticEvent = {
  processes: [
    { name: 'sh', exe: 'sh', exepath: '/bin/busybox', cmdline: 'sh' },
    { name: 'runc', exepath: '/usr/bin/runc' },
  ],
  fields: { 'evt.num': 1, 'container.id': 'abc', 'proc.tty': 34816, 'proc.is_exe_upper_layer': true, 'user.uid': 0 },
};
const shadow: SyntheticEvent = {
  processes: [{ name: 'cat', exepath: '/bin/cat', cmdline: 'cat /etc/shadow' }, { name: 'bash' }],
  fields: { 'evt.num': 2, 'container.id': 'host', 'fd.name': '/etc/shadow', 'fd.type': 'file', 'evt.is_open_read': true, 'evt.is_open_write': false },
};
const official: readonly (readonly [eventClass: EventClass, event: SyntheticEvent, rules: readonly string[]])[] = [
  ['exec', shell, ['Terminal shell in container', 'Drop and execute new binary in container']],
  ['exec', { ...shell, fields: { ...shell.fields, 'container.id': 'host', 'proc.is_exe_upper_layer': false } }, []],
  ['open', shadow, ['Read sensitive file untrusted']],
  ['open', { ...shadow, processes: [{ name: 'sshd' }] }, []],
  ['exec', { processes: [{ name: 'nc', cmdline: 'nc -e /bin/sh' }], fields: { 'container.id': 'a' } }, ['Netcat Remote Code Execution in Container']],
  ['exec', { processes: [{ name: 'x', exepath: 'memfd:x' }], fields: { 'container.id': 'host', 'proc.is_exe_from_memfd': true } }, ['Fileless execution via memfd_create']],
  [
    'connect',
    { processes: [{ name: 'ssh', exe: '/usr/bin/ssh' }], fields: { 'container.id': 'host', 'fd.type': 'ipv4', 'fd.lip': '10.0.0.1', 'fd.rip': '203.0.113.9', 'fd.lport': 5, 'fd.rport': 443, 'fd.l4proto': 'tcp', 'evt.rawres': 0 } },
    ['Disallowed SSH Connection Non Standard Port'],
  ],
];

test('official rules match what they are written for', { skip: absentFiles(names.includes('falco_rules.yaml')) }, () => {
  const bound = loadRules(files.filter((file) => file.name === 'falco_rules.yaml')).bind(syntheticSuppliers);
  for (const [eventClass, event, expected] of official) {
    const matches = bound.evaluate(eventClass, event);
    deepEqual(matches.map((match) => match.rule.name), expected);
    for (const match of matches) equal(match.output().text.includes('%'), false);
  }
});

test('an exception on the image is not decided while the image is not known', { skip: absentFiles(names.includes('falco_rules.yaml')) }, () => {
  const bound = loadRules(files.filter((file) => file.name === 'falco_rules.yaml')).bind(syntheticSuppliers);
  const event: SyntheticEvent = { ...shadow, fields: { ...shadow.fields, 'container.id': 'abc' }, identityPending: true };
  const answers = bound.evaluate('open', event).map((match) => [match.rule.name, match.answer]);
  const names = new Set(answers.map(([name]) => String(name)));
  deepEqual(bound.evaluate('open', { ...event, identityPending: false }, { only: names }).map((match) => match.answer), answers.map(() => 'match'));
});
