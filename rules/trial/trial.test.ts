import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { fieldTable } from '../fields.ts';
import { readDocuments } from '../load/document.ts';
import { problemLine } from '../problems.ts';
import { loadRules } from '../ruleset.ts';
import { tryCondition } from '../synthetic.ts';
import { readEventFile } from './event.ts';
import { readRuleTests, runRuleTest } from './tests.ts';

function event(text: string) {
  return readEventFile(readDocuments('e', text).roots, fieldTable);
}

const events: readonly (readonly [text: string, condition: string])[] = [
  ['{ event: execve }', 'evt.type = execve and evt.num = 1 and container.id = host'],
  ['{ event: execveat, processes: [{ name: sh, pid: 7 }, { exepath: /bin/init }] }', 'evt.type = execveat and proc.name = sh and proc.pid = 7 and proc.pexepath = /bin/init'],
  ['{ event: execve, fields: { proc.name: sh, proc.pname: nginx, "proc.aname[2]": init, proc.ppid: 3 } }', 'proc.name = sh and proc.pname = nginx and proc.aname = init and proc.apid[1] = 3'],
  ['{ event: execve, arguments: [-c, "id -u"] }', 'proc.args = "-c id -u" and proc.args[1] = "id -u"'],
  ['{ event: execve, fields: { container.id: a, container.image.repository: reg:5000/x, container.image.tag: "1" } }', 'container.image = reg:5000/x:1 and container.image.tag = 1'],
  ['{ event: execve, fields: { container.image.tag: "1", container.image.repository: y } }', 'container.image = y:1'],
  ['{ event: execve, fields: { proc.is_exe_upper_layer: true, user.uid: 0x10, "container.mount.dest[/host]": /mnt } }', 'proc.is_exe_upper_layer = true and user.uid = 16 and container.mount.dest[/host] = /mnt'],
  ['{ event: openat, fields: { fd.name: /etc/shadow, evt.arg.flags: O_TRUNC, evt.res: SUCCESS } }', 'fd.directory = /etc and evt.arg.flags = O_TRUNC'],
  ['{ event: connect, fields: { fd.sip: 10.0.0.1, fd.sport: 22, fd.cip: "::1" } }', 'fd.rip = 10.0.0.1 and fd.rport = 22 and fd.lip = ::1'],
  ['{ event: accept, fields: { fd.sport: 80 } }', 'fd.lport = 80'],
  ['{ event: openat, fields: { fd.name: /x, evt.res: ENOENT } }', 'evt.type = openat and evt.res = ENOENT and evt.failed = true'],
  ['{ event: unlinkat, fields: { fs.path.name: /x } }', 'evt.type = unlinkat and fs.path.name = /x'],
  ['{"event":"execve","processes":[{"name":"sh"}],"fields":{"proc.tty":0}}', 'proc.name = sh and proc.tty = 0'],
];

test('an event is written with the fields of the language', () => {
  for (const [text, condition] of events) {
    const { trial, problems } = event(text);
    deepEqual(problems.map(problemLine), [], text);
    ok(trial !== null);
    deepEqual(tryCondition(condition, trial.eventClass, trial.event), { ok: true, answer: 'match' }, `${text}: ${condition}`);
  }
  deepEqual(event('{ event: execve, identity: pending }').trial?.event.identityPending, true);
});

const faults: readonly (readonly [text: string, fault: RegExp])[] = [
  ['[]', /an event is a mapping/],
  ['{ fields: {} }', /the key event is missing/],
  ['{ event: exevce }', /^e:1:\d+ error: there is no event exevce\. Did you mean execve/],
  ['{ event: reboot }', /no event of this engine is a reboot/],
  ['{ event: execve, fields: { proc.nmae: x } }', /^e:1:28 error: there is no field proc\.nmae\. Did you mean proc\.name/],
  ['{ event: execve, fields: { proc.tty: many } }', /proc\.tty is a number/],
  ['{ event: execve, fields: { proc.is_exe_upper_layer: yes } }', /is true or false/],
  ['{ event: connect, fields: { fd.rip: here } }', /fd\.rip is an IP address/],
  ['{ event: execve, fields: { fd.name: /x } }', /fd\.name is not supplied on execve, so no rule can depend on it/],
  ['{ event: execve, fields: { proc.aenv: x } }', /proc\.aenv is not supplied on execve/],
  ['{ event: listen, fields: { fd.num: 3 } }', /fd\.num is not known on listen/],
  ['{ event: openat, fields: { fd.directory: /etc } }', /comes from fd\.name: give that/],
  ['{ event: connect, fields: { fd.ip: 1.1.1.1 } }', /comes from fd\.lip or fd\.rip: give that/],
  ['{ event: execve, fields: { evt.res: ENOENT } }', /evt\.res is always "SUCCESS" on execve/],
  ['{ event: execve, fields: { proc.aname: x } }', /say which ancestor/],
  ['{ event: execve, processes: { name: x } }', /processes is a list/],
  ['{ event: execve, processes: [{ nmae: x }] }', /"nmae" is not known/],
  ['{ event: execve, identity: maybe }', /pending or known/],
];

test('an event that says nothing about the real thing is refused with its place', () => {
  for (const [text, fault] of faults) {
    const lines = event(text).problems.map(problemLine);
    ok(lines.some((one) => fault.test(one)), `${text}: ${lines.join('\n')}`);
  }
});

const rules = loadRules([{
  name: 'r.yaml',
  text: `
- rule: Shell
  desc: d
  condition: evt.type = execve and proc.name = sh and not container.image.repository = ok
  output: shell %proc.name in %container.id
  priority: NOTICE
- rule: Any
  desc: d
  condition: evt.type = execve and proc.tty != 0
  output: any
  priority: NOTICE
- rule: Off
  desc: d
  condition: evt.type = execve
  output: off
  priority: NOTICE
  enabled: false
`,
}]);

const outcomes: readonly (readonly [test: string, failures: readonly RegExp[]])[] = [
  ['event: execve, fields: { proc.name: sh }, fires: [Shell]', []],
  ['event: execve, fields: { proc.name: sh }, fires: [Shell], output: shell sh in host', []],
  ['event: execve, fields: { proc.name: ls }, fires: []', []],
  ['event: execve, fields: { proc.name: ls }, silent: [Shell]', []],
  ['event: execve, fields: { proc.name: sh, proc.tty: 4 }, fires: [Shell, Any]', []],
  ['event: execve, fields: { proc.name: sh, container.id: c }, identity: pending, pending: [Shell]', []],
  ['event: execve, fields: { proc.name: sh, container.id: c, container.image.repository: ok }, silent: [Shell]', []],
  ['event: execve, fields: { proc.name: ls }, fires: [Shell]', [/"Shell" must fire, but is silent/]],
  ['event: execve, fields: { proc.name: sh, container.id: c }, identity: pending, fires: [Shell]', [/must fire, but it waits for the identity/]],
  ['event: execve, fields: { proc.name: sh, proc.tty: 4 }, fires: [Shell]', [/"Any" must be silent, but fires/]],
  ['event: execve, fields: { proc.name: sh }, silent: [Shell]', [/"Shell" must be silent, but fires/]],
  ['event: execve, fires: [Shelll]', [/no rule "Shelll"\. Did you mean Shell/]],
  ['event: execve, fires: [Off]', [/"Off" is switched off/]],
  ['event: execve, fields: { proc.name: sh }, fires: [Shell], output: other', [/the output must be "other", not "shell sh in host"/]],
  ['event: execve, fires: [], output: other', [/not nothing, for nothing fires/]],
  ['event: execve, pending: [Shell]', [/must wait for the identity of the container, but is silent/]],
];

test('what a test wants and what it gets', () => {
  for (const [written, failures] of outcomes) {
    const file = readRuleTests('t.yaml', `tests:\n  - { name: one, ${written} }\n`);
    deepEqual(file.problems.map(problemLine), [], written);
    const [one] = file.tests;
    ok(one !== undefined);
    const result = runRuleTest(one, rules).failures.map((failure) => failure.message);
    equal(result.length, failures.length, `${written}: ${result.join('\n')}`);
    failures.forEach((failure, index) => ok(failure.test(result[index] ?? ''), `${written}: ${result.join('\n')}`));
  }
});

const windowRules = loadRules([{
  name: 'w.yaml',
  text: `
- rule: Twice
  desc: d
  condition: evt.type = execve
  output: twice %proc.name
  priority: NOTICE
  vedette: { count: 2, within: 1s, by: [proc.pid] }
`,
}]);

const sequences: readonly (readonly [test: string, failures: readonly RegExp[]])[] = [
  ['events: [{ event: execve, fields: { proc.pid: 1, proc.name: a } }, { at: 1s, event: execve, fields: { proc.pid: 1, proc.name: b } }], fires: [Twice], output: twice b', []],
  ['events: [{ event: execve, fields: { proc.pid: 1 } }, { at: 1001ms, event: execve, fields: { proc.pid: 1 } }], fires: []', []],
  ['events: [{ event: execve, fields: { proc.pid: 1 }, fires: [] }, { event: execve, fields: { proc.pid: 1 }, fires: [Twice] }]', []],
  ['events: [{ event: execve, fields: { proc.pid: 1 }, fires: [Twice] }, { event: execve, fields: { proc.pid: 1 }, fires: [] }]', [/"Twice" must fire on event 1, but is silent/, /"Twice" must be silent on event 2, but fires/]],
  ['events: [{ event: execve, fires: [Thrice] }]', [/no rule "Thrice"/]],
  ['event: execve, fields: { proc.pid: 1 }, silent: [Twice]', []],
];

test('a test of several events, each at its time', () => {
  for (const [written, failures] of sequences) {
    const file = readRuleTests('t.yaml', `tests:\n  - { name: one, ${written} }\n`);
    deepEqual(file.problems.map(problemLine), [], written);
    const [one] = file.tests;
    ok(one !== undefined);
    const result = runRuleTest(one, windowRules).failures.map((failure) => failure.message);
    equal(result.length, failures.length, `${written}: ${result.join('\n')}`);
    failures.forEach((failure, index) => ok(failure.test(result[index] ?? ''), `${written}: ${result.join('\n')}`));
  }
});

test('a test file that is not well formed', () => {
  const rows: readonly (readonly [text: string, fault: RegExp])[] = [
    ['[]', /a test file is a mapping with rules and tests/],
    ['rules: [', /not YAML/],
    ['rules: [x.yaml]', /tests is a list/],
    ['tests: [x]', /^t:1:9 error: a test is a mapping/],
    ['tests: [{ event: execve, fires: [] }]', /the key name is missing/],
    ['tests: [{ name: a, event: execve }]', /say what must come of it/],
    ['tests: [{ name: a, event: execve, fire: [] }]', /"fire" is not known/],
    ['tests: [{ name: a, events: [], fires: [] }]', /events is a list of 1 to 2000 events/],
    ['tests: [{ name: a, event: execve, events: [{ event: execve }], fires: [] }]', /^t:1:20 error: a test has event or events, not both/],
    ['tests: [{ name: a, events: [{ at: soon, event: execve }], fires: [] }]', /at is a time such as 0s/],
    ['tests: [{ name: a, events: [{ att: 1s, event: execve }], fires: [] }]', /"att" is not known/],
    ['tests: [{ name: a, events: [x], fires: [] }]', /each of the events is a mapping/],
    ['tests: [{ name: a, events: [{ event: exevce }], fires: [] }]', /there is no event exevce/],
  ];
  for (const [text, fault] of rows) {
    const file = readRuleTests('t', text);
    ok(file.problems.map(problemLine).some((one) => fault.test(one)), `${text}: ${file.problems.map(problemLine).join()}`);
    equal(file.tests.length, 0);
  }
});
