/** `vedette rules` as a person or a pipeline meets it: what it prints, and what it ends with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const place = mkdtempSync(join(tmpdir(), 'vedette-rules-'));
after(() => rmSync(place, { recursive: true, force: true }));

function rules(...args: string[]): { code: number | null; out: string; complaint: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '..', 'main.ts'), 'rules', ...args], { encoding: 'utf8', cwd: place, env: { ...process.env, VEDETTE_STATE: join(place, 'state') } });
  return { code: status, out: stdout, complaint: stderr };
}

const shell = `- macro: spawned
  condition: evt.type = execve
- rule: Shell
  desc: d
  condition: spawned and proc.name = sh and proc.tty != 0
  output: shell %proc.name
  priority: NOTICE
`;
mkdirSync(join(place, 'set', 'z'), { recursive: true });
writeFileSync(join(place, 'shell.yaml'), shell);
writeFileSync(join(place, 'set', 'shell.yaml'), shell);
writeFileSync(join(place, 'set', 'z', 'off.yml'), '- rule: Shell\n  enabled: false\n');
writeFileSync(join(place, 'faulty.yaml'), `${shell}- rule: Faulty\n  desc: d\n  condition: evt.type = execve and\t proc.nmae = x\n  output: o\n  priority: NOTICE\n`);
writeFileSync(join(place, 'set', 'shell.test.yaml'), 'tests:\n  - { name: a shell, event: execve, fields: { proc.name: sh, proc.tty: 1 }, fires: [Shell] }\n  - { name: no terminal, event: execve, fields: { proc.name: sh, proc.tty: 0 }, fires: [] }\n');
writeFileSync(join(place, 'wrong.test.yaml'), 'rules: [shell.yaml]\ntests:\n  - name: not a shell\n    event: execve\n    fields: { proc.name: ls, proc.tty: 1 }\n    fires: [Shell]\n');
writeFileSync(join(place, 'broken.test.yaml'), 'rules: [shell.yaml]\ntests:\n  - { name: a, event: execve, fields: { proc.nmae: x }, fires: [] }\n');
writeFileSync(join(place, 'event.json'), '{"event":"execve","fields":{"proc.name":"sh","proc.tty":0}}');

test('check: all is well', () => {
  const { code, out } = rules('check', 'shell.yaml');
  assert.deepEqual([code, out], [0, '✓ 1 rule in 1 file, 0 errors, 0 warnings\n']);
});

test('check: an error has file, line, column, its line and a caret', () => {
  const { code, out } = rules('check', 'faulty.yaml');
  assert.equal(code, 1);
  assert.match(out, /^faulty\.yaml:10:\d+: error: rule "Faulty": there is no field proc\.nmae\. Did you mean proc\.name, .*\? \[field-unknown\]\n +10 \| +condition: evt\.type = execve and  proc\.nmae = x\n {6}\| +\^\n\n✗ 1 rule in 1 file, 1 error, 0 warnings\n$/);
  const [, line = '', caret = ''] = out.split('\n');
  assert.equal(caret.indexOf('^'), line.indexOf('proc.nmae'));
});

test('check: a directory by names, deprecated forms warn, --strict makes that a failure, --json is data', () => {
  const warned = rules('check', 'set/shell.yaml', 'set/z');
  assert.match(warned.out, /warning: rule "Shell": a rule with only enabled is deprecated/);
  assert.equal(warned.code, 0);
  assert.equal(rules('check', '--strict', 'set/shell.yaml', 'set/z').code, 1);
  const data = JSON.parse(rules('check', '--json', 'faulty.yaml').out) as { ok: boolean; counts: unknown; problems: { place: unknown }[] };
  assert.deepEqual([data.ok, data.counts, data.problems.length], [false, { errors: 1, warnings: 0, notes: 0 }, 1]);
});

test('interests: what the kernel is asked for, and what keeps a class whole', () => {
  writeFileSync(join(place, 'interests.yaml'), ['evt.type = openat and fd.num >= 0 and evt.is_open_read = true and fd.name = /etc/shadow', 'evt.type = ptrace'].map((one, index) => `- rule: r${index}\n  desc: d\n  condition: ${one}\n  output: o\n  priority: NOTICE\n`).join(''));
  const { code, out } = rules('interests', 'interests.yaml', '--verbose');
  assert.equal(code, 0);
  assert.match(out, /^EVENT +THE KERNEL REPORTS +BECAUSE OF\nexecve +all +the table of processes; 0 rules\n/);
  assert.match(out, /\nopenat +what is named +1 rule, 1 interest\n  path below \/etc\/shadow, named shadow, of 2 components; opened for reading\n/);
  assert.match(out, /\nsetuid +all +the table of processes; 0 rules\n[^]*\nptrace +all +whole for r1\n[^]*\nconnect +all +the map of connections; 0 rules\n[^]*\nNot reported, since no rule looks at them: setns, /);
  writeFileSync(join(place, 'calls.yaml'), ['evt.type = sendto and fd.snet = "10.0.0.0/8" and fd.sport in (53, 5353)', 'evt.type = bind and fd.lport < 1024 and evt.failed = false', 'evt.type = bind and fd.type = ipv6', 'evt.type = mount and evt.failed = true'].map((one, index) => `- rule: r${index}\n  desc: d\n  condition: ${JSON.stringify(one)}\n  output: o\n  priority: NOTICE\n`).join(''));
  const calls = rules('interests', 'calls.yaml', '--verbose').out;
  assert.match(calls, /\nmount +all +further names of files; 1 rule\n/);
  assert.match(calls, /\nbind +what is named +2 rules, 2 interests\n  local port 0-1023; succeeded\n  family ipv6\n/);
  assert.match(calls, /\nsendto +what is named +1 rule, 2 interests\n  remote port 53; remote address 10.0.0.0\/8\n  remote port 5353; remote address 10.0.0.0\/8\n/);
  const lines = JSON.parse(rules('interests', 'interests.yaml', '--json').out) as { eventClass: string; reports: string; wholeFor: string[] }[];
  assert.deepEqual(lines.filter((one) => one.wholeFor.length > 0).map((one) => [one.eventClass, one.reports, one.wholeFor]), [['ptrace', 'all', ['r1']]]);
});

test('fields: by part of the name, by glob, and none', () => {
  assert.match(rules('fields', 'proc.tty').out, /^FIELD +TYPE +ARGUMENT +EVENTS +DESCRIPTION\nproc\.tty +number +all +Controlling terminal; 0: none\n\n1 fields, 0 of which no event supplies here\n$/);
  const globbed = JSON.parse(rules('fields', 'fd.?net', '--json').out) as { field: string; notOnRight: boolean }[];
  assert.deepEqual(globbed.map((one) => [one.field, one.notOnRight]), ['fd.cnet', 'fd.lnet', 'fd.rnet', 'fd.snet'].map((one) => [one, true]));
  assert.deepEqual([rules('fields', 'nonsense').code, rules('fields', 'proc.aenv').out.includes('none here')], [1, true]);
});

test('test: passes, fails with its place, and is not usable', () => {
  const passed = rules('test', 'set', '--verbose', '--rules', 'shell.yaml');
  assert.deepEqual([passed.code, passed.out], [0, `✓ set/shell.test.yaml: a shell\n✓ set/shell.test.yaml: no terminal\n✓ 2 passed, 0 failed\n`]);
  assert.equal(rules('test', 'set').code, 0);
  const failed = rules('test', 'wrong.test.yaml');
  assert.deepEqual([failed.code, failed.out], [1, '✗ wrong.test.yaml:6:13: not a shell: "Shell" must fire, but is silent\n✗ 0 passed, 1 failed\n']);
  const broken = rules('test', 'broken.test.yaml');
  assert.equal(broken.code, 1);
  assert.match(broken.out, /broken\.test\.yaml:3:41: error: there is no field proc\.nmae[\s\S]*\^\n✗ 0 passed, 0 failed, 1 files not usable/);
  writeFileSync(join(place, 'lonely.test.yaml'), 'tests: [{ name: a, event: execve, fires: [] }]\n');
  const lonely = rules('test', 'set/shell.test.yaml', 'lonely.test.yaml');
  assert.deepEqual([lonely.code, lonely.complaint, lonely.out], [1, 'lonely.test.yaml: There is no file lonely.yaml.\n', '✗ 2 passed, 0 failed, 1 files not usable\n']);
  assert.equal(rules('test', 'lonely.test.yaml').code, 2);
  assert.deepEqual((JSON.parse(rules('test', 'wrong.test.yaml', '--json').out) as { ok: boolean; failed: number }).failed, 1);
});

test('explain: the tree, and how an event was decided', () => {
  const tree = rules('explain', 'Shell', 'shell.yaml');
  assert.equal(tree.code, 0);
  assert.match(tree.out, /^Shell\n {2}notice, shell\.yaml:3\n {2}asked on execve\n {2}never on clone, .* and \d+ other events: evt\.type = execve\n\n {2}and\n {2}├─ spawned\n {2}│ {2}└─ evt\.type = execve {2}always\n {2}├─ proc\.name = sh\n {2}└─ proc\.tty != 0\n$/);
  const decided = rules('explain', 'sh*', 'shell.yaml', '--event', 'event.json');
  assert.match(decided.out, /on this execve the rule is silent[\s\S]*✗ proc\.tty != 0 {2}proc\.tty = 0 {2}← decided\n$/);
  const shipped = rules('explain', 'Shell in a container', '--json');
  assert.equal((JSON.parse(shipped.out) as { rule: string }[])[0]?.rule, 'Shell in a container');
});

const unusable: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
  [[], /say what to do: check, fields, test, explain, interests/],
  [['dance'], /there is no "vedette rules dance"/],
  [['check'], /name the rule files/],
  [['check', 'nowhere.yaml'], /^There is no file nowhere\.yaml\.\n$/],
  [['check', 'state'], /There is no/],
  [['test', 'shell.yaml'], /a test file|rules must|mapping|There is no/],
  [['test', '/nowhere'], /There is no file \/nowhere/],
  [['explain', 'No such rule', 'shell.yaml'], /There is no rule "No such rule" in shell\.yaml, and no file of that name/],
  [['explain', 'No such rule'], /among those of the product; name its file too/],
  [['explain', 'shell.yaml', '--event', 'broken.test.yaml'], /broken\.test\.yaml:1:1: error/],
];

for (const [args, sentence] of unusable) {
  test(`vedette rules ${args.join(' ')}: not usable, said in a sentence`, () => {
    const { code, complaint, out } = rules(...args);
    assert.equal(args[0] === 'test' && args[1] === 'shell.yaml' ? code !== 0 : code === 2, true, `${code} ${complaint}${out}`);
    assert.match(complaint + out, sentence);
    assert.ok(!complaint.includes('\n    at '));
  });
}

test('noise: without a hub or a token it says what is missing, and a hub that is away is a sentence', () => {
  const none = rules('noise');
  assert.deepEqual([none.code, none.complaint.split('\n')[0]], [2, 'vedette rules: name the hub: --hub https://vedette.example.com']);
  assert.match(rules('noise', '--hub', 'http://127.0.0.1:9').complaint, /The hub wants a token: --token-file FILE, or VEDETTE_TOKEN/);
  writeFileSync(join(place, 'token'), 'secret-token\n');
  const away = rules('propose', 'Shell', '--hub', 'http://127.0.0.1:9', '--token-file', join(place, 'token'));
  assert.deepEqual([away.code, away.complaint.startsWith('The hub at http://127.0.0.1:9 does not answer')], [2, true]);
  assert.equal(rules('apply', '--hub', 'http://127.0.0.1:9').code, 2);
});

const ordered = `- rule: In order
  desc: d
  condition: evt.type = execve and proc.name = sh
  output: o
  priority: NOTICE
  vedette:
    sequence: [{ condition: evt.type = chmod and fs.path.name exists, by: [fs.path.name] }]
    within: 90s
    by: [proc.exepath]
- rule: Often
  desc: d
  condition: evt.type = connect
  output: o
  priority: NOTICE
  vedette: { count: 3, distinct: fd.sport, within: 2h, by: [] }
`;

test('a sequence: its steps are explained one by one, are part of what the rule needs, and faults have their place', () => {
  writeFileSync(join(place, 'ordered.yaml'), ordered);
  const { code, out } = rules('explain', 'ordered.yaml');
  assert.equal(code, 0);
  assert.match(out, /asked on chmod, execve\n {2}fires on the last of 2 steps in this order within 90 s, with the same proc\.exepath; once for each\n\n {2}step 1 {2}by fs\.path\.name\n {2}and\n/);
  assert.match(out, /step 2, the rule's own condition {2}by proc\.exepath\n/);
  assert.match(out, /fires at 3 different values of fd\.sport within 2 h, of all events together; then it is silent for that time\n\n {2}counted\n {2}evt\.type = connect/);
  const data = JSON.parse(rules('explain', '--json', 'ordered.yaml').out) as { window: { kind: string; steps: { by: string[] }[] } }[];
  assert.deepEqual(data.map((one) => [one.window.kind, one.window.steps.map((step) => step.by)]), [['sequence', [['fs.path.name'], ['proc.exepath']]], ['count', [[]]]]);
  const checked = JSON.parse(rules('check', '--json', 'ordered.yaml').out) as { rules: { needs: unknown }[] };
  assert.deepEqual(checked.rules[0]?.needs, { events: ['chmod', 'execve'], fields: ['fs.path.name', 'proc.name'] });
  writeFileSync(join(place, 'disordered.yaml'), ordered.replace('within: 90s', 'within: soon'));
  assert.match(rules('check', 'disordered.yaml').out, /^disordered\.yaml:8:5: error: rule "In order": in vedette: within is a time from 1ms to 24h, such as 500ms, 10s, 5m or 1h, not "soon" \[window-invalid\]\n +8 \| +within: soon\n {6}\| {5}\^/);
});
